/*
 * What loading, formats and queries use of SQLite.
 */
#ifndef COFFER_SUPERVISOR_RECORD_SQL_H
#define COFFER_SUPERVISOR_RECORD_SQL_H

#include <sqlite3.h>

static inline void cleanup_statement_helper(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
}

#define cleanup_statement __attribute__((cleanup(cleanup_statement_helper)))

/* The -errno that comes nearest to a result code of SQLite; 0 for those that are no error. */
int sql_errno(int code);

/* Adds the function directory_of(NAME): what comes before the last component, with the slash. 0 or -errno. */
int sql_add_functions(sqlite3 *database);

/* Prepares one statement. 0 or -errno. */
int sql_prepare(sqlite3 *database, const char *text, sqlite3_stmt **statement);

/* Runs statements that give no rows. 0 or -errno. */
int sql_execute(sqlite3 *database, const char *text);

/* Runs one that gives no rows, and makes it ready for the next time, its values forgotten. 0 or -errno. */
int sql_run(sqlite3_stmt *statement);

/* The next row: 1; no more: 0; or -errno. */
int sql_row(sqlite3_stmt *statement);

/*
 * Binds a name: TEXT when it is UTF-8, else a BLOB of its bytes; NULL for NULL. Borrowed until the statement runs
 * again or its values are forgotten.
 */
void sql_bind_name(sqlite3_stmt *statement, int parameter, const char *name);

/* Binds a number, or NULL instead of 0. */
void sql_bind_id(sqlite3_stmt *statement, int parameter, sqlite3_int64 id);

/* A name's bytes, of TEXT or BLOB, until the next row; NULL for NULL. */
const char *sql_name(sqlite3_stmt *statement, int column);

/* The number that a query of one row and one column gives; 0 without such. `name` is for its parameter, or NULL. */
sqlite3_int64 sql_number(sqlite3 *database, const char *text, const char *name);

/* A value of the table meta in fresh memory; NULL when it is not there. */
char *sql_meta(sqlite3 *database, const char *key);

/* The same of one that is a number; 0 when it is not there. */
sqlite3_int64 sql_meta_number(sqlite3 *database, const char *key);

#endif
