#include "supervisor/record/ancestry.h"

#include "emul/cleanup.h"
#include "supervisor/record/sql.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A chain of renames is short; a hostile record's has no end. */
enum { NAMES_MAX = 10000 };

/* A name, and until which event it was the thing's. */
struct former {
    UT_hash_handle hh;
    sqlite3_int64 until;
    bool done;
    char name[];
};

static const char changes[] =
    "SELECT id FROM event WHERE path = (SELECT id FROM path WHERE name = ?1) AND id < ?2 AND error = 0 AND"
    " kind IN ('write', 'create', 'delete', 'rename', 'metadata')"
    " UNION SELECT id FROM event WHERE path2 = (SELECT id FROM path WHERE name = ?1) AND id < ?2 AND error = 0 AND"
    " kind IN ('rename', 'link')";

/* From what this name came, last first. An exchange goes both ways. */
static const char renames[] =
    "SELECT e.id, a.name, e.kind = 'link' FROM event e JOIN path a ON a.id = e.path WHERE e.path2 = (SELECT "
    "id FROM path WHERE name = ?1)"
    " AND e.id < ?2 AND e.error = 0 AND e.kind IN ('rename', 'link') UNION ALL"
    " SELECT e.id, b.name, 0 FROM event e JOIN path b ON b.id = e.path2 WHERE e.path = (SELECT "
    "id FROM path WHERE name = ?1)"
    " AND e.id < ?2 AND e.error = 0 AND e.kind = 'rename' AND e.flags & 4 ORDER BY 1 DESC";

/* From when on a name, after an event, is no longer the file's, or no file's. */
static const char ends[] =
    "SELECT min(id) FROM (SELECT id FROM event WHERE path = (SELECT id FROM path WHERE name = ?1) AND id > ?2 AND"
    " error = 0 AND kind IN ('delete', 'rename') UNION ALL"
    " SELECT id FROM event WHERE path2 = (SELECT id FROM path WHERE name = ?1) AND id > ?2 AND error = 0 AND"
    " kind = 'rename')";

struct queries {
    sqlite3_stmt *changes, *renames, *ends;
};

void ancestry_free(struct ancestry *ancestry)
{
    struct former *former;
    struct former *next;
    HASH_ITER(hh, ancestry->formers, former, next)
    {
        HASH_DEL(ancestry->formers, former);
        free(former);
    }
    free(ancestry->events);
    ancestry->events = NULL;
    ancestry->count = 0;
}

/* Notes a name to be looked at, up to an event; again when that is a later one. 0 or -ENOMEM. */
static int note_name(struct ancestry *ancestry, const char *name, const char *rest, sqlite3_int64 until)
{
    cleanup_free char *whole = NULL;
    struct former *former;
    if (asprintf(&whole, "%s%s", name, rest) < 0)
        return -ENOMEM;
    HASH_FIND_STR(ancestry->formers, whole, former);
    if (former != NULL) {
        former->done = former->done && until <= former->until;
        former->until = until > former->until ? until : former->until;
        return 0;
    }
    if (HASH_COUNT(ancestry->formers) >= NAMES_MAX)
        return 0;
    size_t size = strlen(whole) + 1;
    former = malloc(sizeof *former + size);
    if (former == NULL)
        return -ENOMEM;
    former->until = until;
    former->done = false;
    memcpy(former->name, whole, size);
    HASH_ADD_STR(ancestry->formers, name, former);
    return 0;
}

static int note_event(struct ancestry *ancestry, sqlite3_int64 event)
{
    if (ancestry->count == ancestry->room) {
        size_t room = ancestry->room * 2 + 64;
        sqlite3_int64 *events = realloc(ancestry->events, room * sizeof *events);
        if (events == NULL)
            return -ENOMEM;
        ancestry->events = events;
        ancestry->room = room;
    }
    ancestry->events[ancestry->count++] = event;
    return 0;
}

/*
 * Until when a name of which a link was made goes on being the same file, but no longer than `until`: until it, or a
 * directory above it, is deleted or renamed. Or -errno.
 */
static sqlite3_int64 end_of_name(sqlite3_stmt *query, const char *name, sqlite3_int64 link, sqlite3_int64 until)
{
    cleanup_free char *above = strdup(name);
    int status = above == NULL ? -ENOMEM : 0;
    while (status >= 0 && *above != '\0') {
        sql_bind_name(query, 1, above);
        (void)sqlite3_bind_int64(query, 2, link);
        status = sql_row(query);
        if (status == 1 && sqlite3_column_type(query, 0) != SQLITE_NULL && sqlite3_column_int64(query, 0) < until)
            until = sqlite3_column_int64(query, 0);
        (void)sqlite3_reset(query);
        char *slash = strrchr(above, '/');
        *(slash == NULL ? above : slash) = '\0';
    }
    return status < 0 ? status : until;
}

/* The names that `name`, which is the path or a directory above it, had before; `rest` is what follows it. */
static int look_before(struct ancestry *ancestry, const struct queries *queries, const char *name, const char *rest,
                       sqlite3_int64 until)
{
    sqlite3_stmt *query = queries->renames;
    int status;
    sql_bind_name(query, 1, name);
    (void)sqlite3_bind_int64(query, 2, until);
    while ((status = sql_row(query)) == 1) {
        sqlite3_int64 event = sqlite3_column_int64(query, 0);
        const char *former = sql_name(query, 1);
        sqlite3_int64 end =
            sqlite3_column_int(query, 2) == 0 ? event : end_of_name(queries->ends, former, event, until);
        status = end < 0 ? (int)end : note_name(ancestry, former, rest, end);
        /* A directory's renaming is part of what happened to the path. */
        if (status == 0 && *rest != '\0')
            status = note_event(ancestry, event);
        if (status < 0)
            break;
    }
    (void)sqlite3_reset(query);
    return status;
}

static int look_above(struct ancestry *ancestry, const struct queries *queries, const struct former *former)
{
    cleanup_free char *name = strdup(former->name);
    int status = name == NULL ? -ENOMEM : 0;
    size_t length = strlen(former->name);
    while (status == 0 && length > 1) {
        name[length] = '\0';
        status = look_before(ancestry, queries, name, former->name + length, former->until);
        while (length > 1 && former->name[length - 1] != '/')
            length--;
        length--;
    }
    return status;
}

static int look_at(struct ancestry *ancestry, sqlite3_stmt *query, const struct former *former)
{
    int status;
    sql_bind_name(query, 1, former->name);
    (void)sqlite3_bind_int64(query, 2, former->until);
    while ((status = sql_row(query)) == 1) {
        status = note_event(ancestry, sqlite3_column_int64(query, 0));
        if (status < 0)
            break;
    }
    (void)sqlite3_reset(query);
    return status;
}

static int compare(const void *a, const void *b)
{
    sqlite3_int64 first = *(const sqlite3_int64 *)a;
    sqlite3_int64 second = *(const sqlite3_int64 *)b;
    return first < second ? -1 : first > second;
}

static void sort(struct ancestry *ancestry)
{
    size_t kept = 0;
    if (ancestry->count > 0)
        qsort(ancestry->events, ancestry->count, sizeof *ancestry->events, compare);
    for (size_t i = 0; i < ancestry->count; i++)
        if (i == 0 || ancestry->events[i] != ancestry->events[kept - 1])
            ancestry->events[kept++] = ancestry->events[i];
    ancestry->count = kept;
}

/* One that is to be looked at, the first time or up to a later event; NULL: none. */
static struct former *next_name(const struct ancestry *ancestry)
{
    struct former *former;
    struct former *next;
    HASH_ITER(hh, ancestry->formers, former, next)
    if (!former->done)
        return former;
    return NULL;
}

int ancestry_of(struct ancestry *ancestry, sqlite3 *database, const char *path)
{
    struct queries queries = {.changes = NULL};
    struct former *former;
    *ancestry = (struct ancestry){.count = 0};
    int status = sql_prepare(database, changes, &queries.changes);
    if (status == 0)
        status = sql_prepare(database, renames, &queries.renames);
    if (status == 0)
        status = sql_prepare(database, ends, &queries.ends);
    if (status == 0)
        status = note_name(ancestry, path, "", INT64_MAX);
    while (status == 0 && (former = next_name(ancestry)) != NULL) {
        former->done = true;
        status = look_at(ancestry, queries.changes, former);
        if (status == 0)
            status = look_above(ancestry, &queries, former);
    }
    (void)sqlite3_finalize(queries.changes);
    (void)sqlite3_finalize(queries.renames);
    (void)sqlite3_finalize(queries.ends);
    sort(ancestry);
    return status;
}
