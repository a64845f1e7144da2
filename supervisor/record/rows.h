/*
 * Questions to the record as a database, a row at a time, so that no format holds all of it.
 */
#ifndef COFFER_SUPERVISOR_RECORD_ROWS_H
#define COFFER_SUPERVISOR_RECORD_ROWS_H

#include "supervisor/record/format.h"

#include <inttypes.h>

/* Begin with {0}, or a statement is closed that never was. */
struct rows {
    struct format_context *context;
    sqlite3_stmt *statement;
    int status; /* -errno once something went wrong; context->why has SQLite's words then */
};

/* Asks. False when it failed, with status set. Each is to be closed. */
bool rows_ask(struct rows *rows, struct format_context *context, const char *sql);
/* Gives the number to the Nth question mark, from 1, before the first row. */
void rows_bind(struct rows *rows, int mark, int64_t number);
/* The next row; false at the end and when something went wrong. */
bool rows_next(struct rows *rows);
/* Ends it; returns status. Harmless twice. */
int rows_close(struct rows *rows);

/* Of the row, by column from 0. A text is valid until the next row; NULL where the database has NULL. */
const char *rows_text(struct rows *rows, int column);
int64_t rows_number(struct rows *rows, int column);
bool rows_null(struct rows *rows, int column);

/* One number, the first column of the first row; `otherwise` when there is none. 0 or -errno. */
int rows_one(struct format_context *context, const char *sql, int64_t otherwise, int64_t *number);

#define cleanup_rows __attribute__((cleanup(rows_cleanup))) struct rows
void rows_cleanup(struct rows *rows);

#endif
