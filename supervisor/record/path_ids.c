#include "supervisor/record/path_ids.h"

#include "supervisor/record/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Names of 100 bytes: about 12 MiB. A name that is not there costs a look into the database. */
enum { CACHED_MAX = 1 << 16, CACHED_LENGTH_MAX = 4096 };

struct cached {
    UT_hash_handle hh;
    sqlite3_int64 id;
    char name[];
};

struct path_ids {
    struct cached *cache; /* uthash, in the order in which they came */
    sqlite3_stmt *find, *insert;
    sqlite3 *database;
};

struct path_ids *path_ids_new(sqlite3 *database)
{
    struct path_ids *ids = calloc(1, sizeof *ids);
    if (ids == NULL)
        return NULL;
    ids->database = database;
    if (sql_prepare(database, "SELECT id FROM path WHERE name = ?", &ids->find) == 0 &&
        sql_prepare(database, "INSERT INTO path (name) VALUES (?)", &ids->insert) == 0)
        return ids;
    path_ids_free(ids);
    return NULL;
}

static void forget(struct path_ids *ids, struct cached *cached)
{
    HASH_DEL(ids->cache, cached);
    free(cached);
}

void path_ids_free(struct path_ids *ids)
{
    if (ids == NULL)
        return;
    while (ids->cache != NULL)
        forget(ids, ids->cache);
    (void)sqlite3_finalize(ids->find);
    (void)sqlite3_finalize(ids->insert);
    free(ids);
}

/* The oldest goes: a name that is still used comes back at its next use. */
static void remember(struct path_ids *ids, const char *name, size_t length, sqlite3_int64 id)
{
    if (length > CACHED_LENGTH_MAX)
        return;
    struct cached *cached = malloc(sizeof *cached + length + 1);
    if (cached == NULL)
        return;
    memcpy(cached->name, name, length + 1);
    cached->id = id;
    if (HASH_COUNT(ids->cache) >= CACHED_MAX)
        forget(ids, ids->cache);
    HASH_ADD(hh, ids->cache, name[0], length, cached);
}

sqlite3_int64 path_ids_find(struct path_ids *ids, const char *name)
{
    struct cached *cached;
    size_t length = strlen(name);
    HASH_FIND(hh, ids->cache, name, length, cached);
    if (cached != NULL)
        return cached->id;
    sql_bind_name(ids->find, 1, name);
    sqlite3_int64 id = sql_row(ids->find) == 1 ? sqlite3_column_int64(ids->find, 0) : 0;
    (void)sqlite3_reset(ids->find);
    if (id != 0)
        remember(ids, name, length, id);
    return id;
}

sqlite3_int64 path_ids_get(struct path_ids *ids, const char *name)
{
    if (name == NULL)
        return 0;
    sqlite3_int64 id = path_ids_find(ids, name);
    if (id != 0)
        return id;
    sql_bind_name(ids->insert, 1, name);
    int status = sql_run(ids->insert);
    if (status < 0)
        return status;
    id = sqlite3_last_insert_rowid(ids->database);
    remember(ids, name, strlen(name), id);
    return id;
}
