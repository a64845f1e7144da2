/*
 * What a record can be turned into: one row a format, for `coffer record --format` and `coffer report --format`.
 */
#ifndef COFFER_SUPERVISOR_RECORD_FORMAT_H
#define COFFER_SUPERVISOR_RECORD_FORMAT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

struct format_context {
    const char *record; /* path of the record: formats that follow the order of events read it once more */
    sqlite3 *database;  /* the record loaded, as schema.sql says; borrowed, not to be changed */
    FILE *out;          /* errors of writing are looked at by the caller, once, at the end */
    const char *name;   /* of what is written, or NULL: standard output; depfile, in-toto and HTML may want to say it */
    const char *target; /* depfile: the one target of its one rule, or NULL: a rule for each output */
    bool terminal;      /* out is one: colours and widths may follow it */
    char why[256];      /* set by a format that fails: what, and what to do about it */
};

struct format {
    const char *name;   /* "jsonl"; a list of formats ends with one whose name is NULL */
    const char *suffix; /* of file names that mean it when no format is given: ".jsonl", or NULL */
    const char *help;   /* a few words */
    bool no_database;   /* it reads the record alone: database may be NULL */
    /* 0 or -errno; with `why` set, or "" when errno says it all. */
    int (*write)(struct format_context *context);
};

extern const struct format formats[];

/* The format of that name, or NULL. */
const struct format *format_find(const char *name);
/* The one that a file's name asks for, or NULL. */
const struct format *format_of_file(const char *path);

#endif
