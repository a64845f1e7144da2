/*
 * The first line of a script, as binfmt_script.c reads it.
 */
#ifndef COFFER_EMUL_SHEBANG_H
#define COFFER_EMUL_SHEBANG_H

#include <stdbool.h>

enum { SHEBANG_SIZE = 256 }; /* BINPRM_BUF_SIZE: the kernel looks at no more of a file */

struct shebang {
    char interpreter[SHEBANG_SIZE];
    bool has_argument;
    char argument[SHEBANG_SIZE]; /* may be empty */
};

/* The head is padded with zeros where the file is shorter. False when no interpreter is named: ENOEXEC. */
bool shebang_parse(const char head[SHEBANG_SIZE], struct shebang *line);

#endif
