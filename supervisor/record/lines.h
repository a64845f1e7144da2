/*
 * JSON as the formats write it: values one after the other, so that a document of any size is never in memory; names
 * of any bytes; errors, results and times in words.
 */
#ifndef COFFER_SUPERVISOR_RECORD_LINES_H
#define COFFER_SUPERVISOR_RECORD_LINES_H

#include "supervisor/record/format.h"
#include "supervisor/record/rows.h"

#include <jansson.h>
#include <stdint.h>

/* Writes a value, compact, and gives it up. 0 or -ENOMEM, also for NULL; failures to write are the caller's business.
 */
int lines_put(struct format_context *context, json_t *value);

/* An array of values, each on a line: [ , , ]. Begin with {context}; the next value is written by lines_add(). */
struct lines_array {
    struct format_context *context;
    bool begun;
    int status; /* of the first value that could not be written, or 0 */
};
void lines_begin(struct lines_array *array, struct format_context *context);
void lines_add(struct lines_array *array, json_t *value);
int lines_end(struct lines_array *array);

/*
 * Sets a member to an array of `size` bytes of words, each with its NUL, that of the last may be missing. When one is
 * no UTF-8, "KEY_hex" has all of them.
 */
void lines_words(json_t *object, const char *key, const char *words, size_t size);

/* The same as json_text_set(), but nothing for NULL. */
void lines_text(json_t *object, const char *key, const char *text);

/* Sets a member to a number of a row, but nothing for NULL. */
void lines_integer(json_t *object, const char *key, struct rows *rows, int column);

/*
 * What people call a process: the last component of its first word, which says gcc where the path says
 * x86_64-linux-gnu-gcc-12; without words, of its program. `command` is a JSON array; either may be NULL. In fresh
 * memory; NULL without any.
 */
char *lines_called(const char *command, const char *program);

/* "ENOENT", or the number in digits; `room` is used for that. */
const char *lines_error(int error, char room[16]);

/* Sets "exit_code", or "signal" ("KILL", or a number), from what wait(2) gives. */
void lines_status(json_t *object, int status);

/* 2026-11-22T19:05:10.123456789Z of ns since 1970. */
struct lines_moment {
    char text[40];
};
struct lines_moment lines_moment(uint64_t epoch);

#endif
