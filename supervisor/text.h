/*
 * Text for people: one-line errors and file names with odd bytes.
 */
#ifndef COFFER_SUPERVISOR_TEXT_H
#define COFFER_SUPERVISOR_TEXT_H

#include <stdio.h>

/*
 * Prints a file name as `ls --escape` does in a UTF-8 locale: a backslash before
 * a space or a backslash, \n, \t and the like for control characters, \ooo for other
 * bytes that are not printable or not UTF-8.
 */
void text_escaped(FILE *out, const char *name);

/* The same in fresh memory, which the caller frees; NULL without memory. */
char *text_escape(const char *name);

/* The same with spaces as they are, for a sentence. */
void text_plain(FILE *out, const char *text);

/*
 * The same for text of a policy, where a backslash is an escape already, and means the same as those that are added. It
 * does not have to end with a NUL.
 */
void text_rule(FILE *out, const char *text, size_t length);

/* Prints "coffer: what: why" and a newline on standard error. `what` is escaped, but for spaces. */
void error_line(const char *what, const char *why);

/* The same for -errno: "coffer: what: No such file or directory". */
void error_errno(const char *what, int status);

/* Prints "coffer: " and the text, which is a whole "what: why" already, as in struct layer_error. */
void error_text(const char *text);

#endif
