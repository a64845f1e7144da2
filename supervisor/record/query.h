/*
 * Questions to a record, for `coffer report`: a line a fact, its columns apart by a tab.
 */
#ifndef COFFER_SUPERVISOR_RECORD_QUERY_H
#define COFFER_SUPERVISOR_RECORD_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * An expression of SQL, for a query with `p`, a row of the table process: the program that it was at some time, which
 * is what it had executed by then, else what its parent had when it made it.
 */
#define QUERY_PROGRAM_AT(time)                                                                                         \
    "coalesce((SELECT path.name FROM exec x JOIN path ON path.id = x.program"                                          \
    " WHERE x.process = p.id AND x.time <= " time " ORDER BY x.time DESC, x.id DESC LIMIT 1),"                         \
    " (SELECT path.name FROM exec x JOIN path ON path.id = x.program"                                                  \
    " WHERE x.process = p.parent AND x.time <= p.start ORDER BY x.time DESC, x.id DESC LIMIT 1), p.program)"

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
