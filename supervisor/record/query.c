#include "supervisor/record/query.h"

#include "supervisor/record/ancestry.h"
#include "supervisor/record/sql.h"
#include "supervisor/record/words.h"
#include "supervisor/text.h"

#include <inttypes.h>
#include <string.h>

/* The columns of a fact. */
enum { TIME, PID, PROGRAM, WHAT, RESULT, COUNT, NAME, OTHER };

#define EVENTS                                                                                                         \
    "SELECT e.time, p.pid, " QUERY_PROGRAM_AT(                                                                         \
        "e.time") ", e.kind, e.error, e.count, a.name, b.name, e.id FROM event e"                                      \
                  " LEFT JOIN process p ON p.id = e.process LEFT JOIN path a ON a.id "                                 \
                  "= e.path LEFT JOIN path b ON b.id = e.path2"

#define EXECUTED                                                                                                       \
    "SELECT e.time, p.pid, a.name, 'executed', 0, 1, a.name, e.command, e.id FROM exec e"                              \
    " LEFT JOIN process p ON p.id = e.process LEFT JOIN path a ON a.id = e.program"

#define CONNECTIONS                                                                                                    \
    "SELECT e.time, p.pid, " QUERY_PROGRAM_AT("e.time") ", e.kind, e.error, e.count, e.address, NULL, e.id"            \
                                                        " FROM connection e LEFT JOIN process p ON p.id = e.process"

static const char *const files_with[] = {
    [QUERY_INPUTS] = "SELECT name, directory FROM file JOIN path ON path.id = file.path WHERE input ORDER BY name",
    [QUERY_OUTPUTS] = "SELECT name, directory FROM file JOIN path ON path.id = file.path WHERE output ORDER BY name",
    [QUERY_ABSENT] = "SELECT name, directory FROM file JOIN path ON path.id = file.path WHERE absent ORDER BY name",
};

static const char who_read[] = EVENTS " WHERE e.path = (SELECT id FROM path WHERE name = ?) AND e.error = 0"
                                      " AND (e.kind IN ('read', 'list', 'exec', 'map') OR (e.kind IN"
                                      " ('write', 'create') AND e.flags & 16)) ORDER BY e.id";

static const char one_event[] = EVENTS " WHERE e.id = ?";

static const char executions[] =
    "SELECT * FROM (" EXECUTED " UNION ALL " EVENTS " WHERE e.kind = 'exec' AND e.error != 0"
    ") ORDER BY 1";

static const char connections[] = CONNECTIONS " ORDER BY e.id";

/* The beginning comes first and the end last, whatever their times. */
static const char of_process[] =
    "SELECT * FROM (SELECT p.start, p.pid, NULL, 'start', 0, 1, NULL, parent.pid, 0, 0 FROM process p"
    " LEFT JOIN process parent ON parent.id = p.parent WHERE p.id = ?1"
    " UNION ALL SELECT *, 1 FROM (" EXECUTED " WHERE e.process = ?1)"
    " UNION ALL SELECT *, 1 FROM (" EVENTS " WHERE e.process = ?1)"
    " UNION ALL SELECT *, 1 FROM (" CONNECTIONS " WHERE e.process = ?1)"
    " UNION ALL SELECT *, 1 FROM (SELECT v.time, p.pid, " QUERY_PROGRAM_AT(
        "v.time") ", 'violation', 0, 1, v.path, v.rule, v.id"
                  " FROM violation v LEFT JOIN process p ON p.id = v.process WHERE v.process = ?1)"
                  " UNION ALL SELECT p.end, p.pid, NULL, 'exit', 0, 1, NULL, coalesce('status=' || p.exit_code, "
                  "'signal=' || p.signal),"
                  " 0, 2 FROM process p WHERE p.id = ?1 AND p.end IS NOT NULL) ORDER BY 10, 1, 9";

static void put_text(FILE *out, sqlite3_stmt *row, int column)
{
    const char *text = sql_name(row, column);
    text_escaped(out, text == NULL || *text == '\0' ? "-" : text);
}

static void put_result(FILE *out, int error)
{
    const char *name = error == 0 ? "ok" : strerrorname_np(error);
    if (name != NULL)
        (void)fputs(name, out);
    else
        (void)fprintf(out, "%d", error);
}

static void put_fact(FILE *out, sqlite3_stmt *row)
{
    sqlite3_int64 time = sqlite3_column_int64(row, TIME) / 1000;
    const char *what = sql_name(row, WHAT);
    (void)fprintf(out, "%lld.%06lld\t", (long long)(time / 1000000), (long long)(time % 1000000));
    put_text(out, row, PID);
    (void)fputc('\t', out);
    put_text(out, row, PROGRAM);
    (void)fputc('\t', out);
    put_text(out, row, WHAT);
    (void)fputc('\t', out);
    put_result(out, sqlite3_column_int(row, RESULT));
    (void)fprintf(out, "\t%lld\t", (long long)sqlite3_column_int64(row, COUNT));
    put_text(out, row, NAME);
    if (sqlite3_column_type(row, OTHER) != SQLITE_NULL) {
        (void)fputc('\t', out);
        if (what != NULL && strcmp(what, "executed") == 0)
            words_put(out, sql_name(row, OTHER), ' ');
        else
            put_text(out, row, OTHER);
    }
    (void)fputc('\n', out);
}

/* Every row of a query that has been prepared. Stops when nothing can be written any more. */
static long put_facts(sqlite3_stmt *rows, FILE *out)
{
    long lines = 0;
    int status;
    while ((status = sql_row(rows)) == 1 && ferror(out) == 0) {
        put_fact(out, rows);
        lines++;
    }
    return status < 0 ? status : lines;
}

static long all_facts(sqlite3 *database, const char *text, const char *name, FILE *out)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status = sql_prepare(database, text, &rows);
    if (status < 0)
        return status;
    if (name != NULL)
        sql_bind_name(rows, 1, name);
    return put_facts(rows, out);
}

static long put_files(sqlite3 *database, enum query_kind kind, FILE *out)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    long lines = 0;
    int status = sql_prepare(database, files_with[kind], &rows);
    while (status == 0 && (status = sql_row(rows)) == 1 && ferror(out) == 0) {
        const char *name = sql_name(rows, 0);
        text_escaped(out, name);
        bool slash = sqlite3_column_int(rows, 1) != 0 && strcmp(name, "/") != 0;
        (void)fputs(slash ? "/\n" : "\n", out);
        lines++;
        status = 0;
    }
    return status < 0 ? status : lines;
}

static long who_wrote(sqlite3 *database, const char *name, FILE *out)
{
    cleanup_statement sqlite3_stmt *row = NULL;
    struct ancestry ancestry;
    long lines = 0;
    int status = ancestry_of(&ancestry, database, name);
    if (status == 0)
        status = sql_prepare(database, one_event, &row);
    for (size_t i = 0; i < ancestry.count && status == 0; i++) {
        (void)sqlite3_bind_int64(row, 1, ancestry.events[i]);
        long put = put_facts(row, out);
        (void)sqlite3_reset(row);
        status = put < 0 ? (int)put : 0;
        lines += put;
    }
    ancestry_free(&ancestry);
    return status < 0 ? status : lines;
}

/* Pids are used again: each process that had this one. */
static long of_pid(sqlite3 *database, int pid, FILE *out)
{
    cleanup_statement sqlite3_stmt *processes = NULL;
    cleanup_statement sqlite3_stmt *rows = NULL;
    long lines = 0;
    int status = sql_prepare(database, "SELECT id FROM process WHERE pid = ? ORDER BY id", &processes);
    if (status == 0)
        status = sql_prepare(database, of_process, &rows);
    if (status == 0)
        (void)sqlite3_bind_int(processes, 1, pid);
    while (status == 0 && (status = sql_row(processes)) == 1) {
        (void)sqlite3_bind_int64(rows, 1, sqlite3_column_int64(processes, 0));
        long put = put_facts(rows, out);
        (void)sqlite3_reset(rows);
        status = put < 0 ? (int)put : 0;
        lines += put;
    }
    return status < 0 ? status : lines;
}

bool query_knows(sqlite3 *database, const char *path)
{
    return sql_number(database, "SELECT id FROM path WHERE name = ?", path) != 0;
}

long query_answer(sqlite3 *database, enum query_kind kind, const char *operand, int pid, FILE *out)
{
    switch (kind) {
    case QUERY_WROTE:
        return who_wrote(database, operand, out);
    case QUERY_READ:
        return all_facts(database, who_read, operand, out);
    case QUERY_INPUTS:
    case QUERY_OUTPUTS:
    case QUERY_ABSENT:
        return put_files(database, kind, out);
    case QUERY_EXEC:
        return all_facts(database, executions, NULL, out);
    case QUERY_NET:
        return all_facts(database, connections, NULL, out);
    case QUERY_PROCESS:
        return of_pid(database, pid, out);
    case QUERY_NONE:
        break;
    }
    return 0;
}
