#include "supervisor/record/load.h"

#include "emul/cleanup.h"
#include "supervisor/record/load_rows.h"
#include "supervisor/record/sql.h"
#include "supervisor/record/texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Nothing survives a crash in a temporary database, so none of its care is needed. It may keep 64 MiB of it in memory;
 * what it has to sort goes to the disk.
 */
static const char settings[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
                               "PRAGMA temp_store = FILE; PRAGMA foreign_keys = OFF; PRAGMA locking_mode = EXCLUSIVE;";

static int open_database(struct record_loaded *loaded)
{
    size_t length;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int status = sql_errno(sqlite3_open_v2("", &loaded->database, flags, NULL));
    if (status == 0)
        status = sql_add_functions(loaded->database);
    if (status == 0)
        status = sql_execute(loaded->database, settings);
    if (status == 0)
        status = sql_execute(loaded->database, "BEGIN");
    if (status == 0)
        status = sql_execute(loaded->database, record_text_find("schema.sql", &length));
    return status;
}

/* An index that the loading itself does not use is made at its end, by sorting: a third of the time. */
static int defer_index(sqlite3 *database, char **later)
{
    cleanup_statement sqlite3_stmt *row = NULL;
    int status = sql_prepare(database, "SELECT sql FROM sqlite_master WHERE name = 'event_path'", &row);
    if (status == 0 && sql_row(row) == 1)
        *later = strdup(sql_name(row, 0));
    (void)sqlite3_reset(row);
    return *later == NULL ? 0 : sql_execute(database, "DROP INDEX event_path");
}

/* Every event that can be read. What cannot is told of, and is no error. */
static int load_events(struct record_loaded *loaded, struct load_rows *rows, struct record_reader *reader,
                       record_damage_function *tell, void *context)
{
    struct record_event event;
    struct record_damage damage;
    int status;
    while ((status = record_reader_next(reader, &event, &damage)) == 1 || status == -EUCLEAN) {
        if (status == 1) {
            loaded->events++;
            status = load_rows_add(rows, &event);
            if (status < 0)
                return status;
            continue;
        }
        loaded->damaged++;
        if (tell != NULL)
            tell(context, &damage);
    }
    return status;
}

static int load_all(struct record_loaded *loaded, struct record_reader *reader, record_damage_function *tell,
                    void *context)
{
    cleanup_free char *index = NULL;
    int status = open_database(loaded);
    if (status == 0)
        status = defer_index(loaded->database, &index);
    struct load_rows *rows = status < 0 ? NULL : load_rows_new(loaded->database);
    if (status == 0 && rows == NULL)
        status = -ENOMEM;
    if (status == 0)
        status = load_events(loaded, rows, reader, tell, context);
    if (status == 0)
        status = load_rows_end(rows, loaded->damaged);
    if (status == 0 && index != NULL)
        status = sql_execute(loaded->database, index);
    if (status == 0)
        status = sql_execute(loaded->database, "COMMIT");
    if (status < 0 && loaded->database != NULL && sqlite3_errcode(loaded->database) != SQLITE_OK)
        (void)snprintf(loaded->why, sizeof loaded->why, "the temporary database: %s", sqlite3_errmsg(loaded->database));
    load_rows_free(rows);
    return status;
}

int record_load(struct record_loaded *loaded, const char *record, record_damage_function *damage, void *context)
{
    struct record_reader *reader = NULL;
    *loaded = (struct record_loaded){.database = NULL};
    int status = record_reader_open(&reader, record);
    if (status == -EBADMSG)
        (void)snprintf(loaded->why, sizeof loaded->why, "not a record");
    if (status < 0)
        return status;
    status = load_all(loaded, reader, damage, context);
    record_reader_close(reader);
    return status;
}

void record_loaded_close(struct record_loaded *loaded)
{
    (void)sqlite3_close(loaded->database);
    loaded->database = NULL;
}
