/*
 * Questions to a record, for `coffer report`: a line a fact, its columns apart by a tab.
 */
#ifndef COFFER_SUPERVISOR_RECORD_QUERY_H
#define COFFER_SUPERVISOR_RECORD_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

enum query_kind {
    QUERY_NONE,
    QUERY_WROTE, /* who changed a path, or what then got its name */
    QUERY_READ,
    QUERY_INPUTS,
    QUERY_OUTPUTS,
    QUERY_ABSENT,
    QUERY_EXEC,
    QUERY_NET,
    QUERY_PROCESS,
};

/*
 * Answers. `operand`: the absolute path of QUERY_WROTE and QUERY_READ. `pid`: of QUERY_PROCESS. Returns the number of
 * lines, or -errno.
 */
long query_answer(sqlite3 *database, enum query_kind kind, const char *operand, int pid, FILE *out);

/* Whether the record has this path. */
bool query_knows(sqlite3 *database, const char *path);

#endif
