#include "supervisor/record/rows.h"

#include <errno.h>

static bool fail(struct rows *rows)
{
    rows->status = sqlite3_errcode(rows->context->database) == SQLITE_NOMEM ? -ENOMEM : -EIO;
    (void)snprintf(rows->context->why, sizeof rows->context->why, "the database: %s",
                   sqlite3_errmsg(rows->context->database));
    return false;
}

bool rows_ask(struct rows *rows, struct format_context *context, const char *sql)
{
    *rows = (struct rows){.context = context};
    return sqlite3_prepare_v2(context->database, sql, -1, &rows->statement, NULL) == SQLITE_OK || fail(rows);
}

void rows_bind(struct rows *rows, int mark, int64_t number)
{
    if (rows->status == 0 && sqlite3_bind_int64(rows->statement, mark, number) != SQLITE_OK)
        (void)fail(rows);
}

bool rows_next(struct rows *rows)
{
    if (rows->status != 0)
        return false;
    int step = sqlite3_step(rows->statement);
    if (step == SQLITE_ROW)
        return true;
    return step == SQLITE_DONE ? false : fail(rows);
}

int rows_close(struct rows *rows)
{
    (void)sqlite3_finalize(rows->statement);
    rows->statement = NULL;
    return rows->status;
}

void rows_cleanup(struct rows *rows)
{
    (void)rows_close(rows);
}

/* A name that is no UTF-8 is a BLOB there, and its bytes are what is wanted here: SQLite hands them out as they are. */
const char *rows_text(struct rows *rows, int column)
{
    return (const char *)sqlite3_column_text(rows->statement, column);
}

int64_t rows_number(struct rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

bool rows_null(struct rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

int rows_one(struct format_context *context, const char *sql, int64_t otherwise, int64_t *number)
{
    cleanup_rows rows = {0};
    *number = otherwise;
    if (rows_ask(&rows, context, sql) && rows_next(&rows) && !rows_null(&rows, 0))
        *number = rows_number(&rows, 0);
    return rows_close(&rows);
}
