/*
 * A file of the user's that is written anew: it has its old content, or none, until the new one is whole.
 */
#ifndef COFFER_SUPERVISOR_REPLACEMENT_H
#define COFFER_SUPERVISOR_REPLACEMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct replacement {
    char path[PATH_MAX];
    /*
     * The new file. Empty: written to itself is what is no regular file, a terminal or a pipe, and a file that may be
     * written where its directory may not; of that, what fails midway is not undone.
     */
    char beside[PATH_MAX];
    bool is_there; /* a regular file */
    mode_t mode;
};

/* Whether it could be, as far as that can be known before: 0 or -errno. Nothing is left behind. */
int replacement_check(const char *file);

/* Opens what to write to. 0 or -errno. */
int replacement_begin(struct replacement *replacement, const char *file, FILE **out);

/* Whether all that has been written so far is written: 0 or -errno. */
int replacement_flush(FILE *out);

/* Closes it and puts it in place; when that fails, or `status` is a -errno, nothing has happened (but see `beside`).
 * Returns what failed. */
int replacement_end(const struct replacement *replacement, FILE *out, int status);

#endif
