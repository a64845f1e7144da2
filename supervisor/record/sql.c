#include "supervisor/record/sql.h"

#include "emul/json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sql_errno(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_TOOBIG:
        return -EFBIG;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return -EACCES;
    default:
        return -EIO;
    }
}

static void directory_of(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *name = count != 1 ? NULL : (const char *)sqlite3_value_text(values[0]);
    const char *slash = name == NULL ? NULL : strrchr(name, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash + 1 - name);
    if (sqlite3_value_type(values[0]) == SQLITE_BLOB)
        sqlite3_result_blob64(context, length == 0 ? "" : name, length, SQLITE_TRANSIENT);
    else
        sqlite3_result_text64(context, length == 0 ? "" : name, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int sql_add_functions(sqlite3 *database)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    return sql_errno(
        sqlite3_create_function_v2(database, "directory_of", 1, flags, NULL, directory_of, NULL, NULL, NULL));
}

int sql_prepare(sqlite3 *database, const char *text, sqlite3_stmt **statement)
{
    return sql_errno(sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
}

int sql_execute(sqlite3 *database, const char *text)
{
    return sql_errno(sqlite3_exec(database, text, NULL, NULL, NULL));
}

int sql_run(sqlite3_stmt *statement)
{
    (void)sqlite3_step(statement);
    int code = sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return sql_errno(code);
}

int sql_row(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    return code == SQLITE_ROW ? 1 : sql_errno(code);
}

void sql_bind_name(sqlite3_stmt *statement, int parameter, const char *name)
{
    if (name == NULL)
        (void)sqlite3_bind_null(statement, parameter);
    else if (json_text_is_utf8(name))
        (void)sqlite3_bind_text(statement, parameter, name, -1, SQLITE_STATIC);
    else
        (void)sqlite3_bind_blob64(statement, parameter, name, strlen(name), SQLITE_STATIC);
}

void sql_bind_id(sqlite3_stmt *statement, int parameter, sqlite3_int64 id)
{
    if (id == 0)
        (void)sqlite3_bind_null(statement, parameter);
    else
        (void)sqlite3_bind_int64(statement, parameter, id);
}

const char *sql_name(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

sqlite3_int64 sql_number(sqlite3 *database, const char *text, const char *name)
{
    cleanup_statement sqlite3_stmt *statement = NULL;
    if (sql_prepare(database, text, &statement) < 0)
        return 0;
    if (name != NULL)
        sql_bind_name(statement, 1, name);
    return sql_row(statement) == 1 ? sqlite3_column_int64(statement, 0) : 0;
}

char *sql_meta(sqlite3 *database, const char *key)
{
    cleanup_statement sqlite3_stmt *statement = NULL;
    if (sql_prepare(database, "SELECT value FROM meta WHERE key = ?", &statement) < 0)
        return NULL;
    sql_bind_name(statement, 1, key);
    const char *value = sql_row(statement) == 1 ? sql_name(statement, 0) : NULL;
    return value == NULL ? NULL : strdup(value);
}

sqlite3_int64 sql_meta_number(sqlite3 *database, const char *key)
{
    return sql_number(database, "SELECT value FROM meta WHERE key = ?", key);
}
