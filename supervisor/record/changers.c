#include "supervisor/record/changers.h"

#include "emul/cleanup.h"
#include "supervisor/record/ancestry.h"
#include "supervisor/record/load.h"
#include "supervisor/record/query.h"
#include "supervisor/record/sql.h"

#include <stdlib.h>
#include <string.h>

struct changers {
    size_t count;
    struct record_loaded loaded[CHANGERS_RECORDS_MAX];
};

/* Who an event was of, and what that was by then. */
static const char whose_event[] =
    "SELECT p.pid, " QUERY_PROGRAM_AT("e.time") " FROM event e JOIN process p ON p.id = e.process WHERE e.id = ?";

struct changers *changers_open(const char *const records[], size_t count)
{
    struct changers *changers = calloc(1, sizeof *changers);
    for (size_t i = count > CHANGERS_RECORDS_MAX ? count - CHANGERS_RECORDS_MAX : 0; changers != NULL && i < count;
         i++) {
        struct record_loaded *loaded = &changers->loaded[changers->count];
        if (record_load(loaded, records[i], NULL, NULL) == 0)
            changers->count++;
        else
            record_loaded_close(loaded);
    }
    if (changers == NULL || changers->count > 0)
        return changers;
    free(changers);
    return NULL;
}

void changers_close(struct changers *changers)
{
    if (changers == NULL)
        return;
    for (size_t i = 0; i < changers->count; i++)
        record_loaded_close(&changers->loaded[i]);
    free(changers);
}

static const char *last_name(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Adds one who is not there yet; the first of too many goes. */
static size_t add(struct changer found[CHANGERS_MAX], size_t count, int pid, const char *program)
{
    for (size_t i = 0; i < count; i++)
        if (found[i].pid == pid && strcmp(found[i].program, program) == 0)
            return count;
    char *copy = strdup(program);
    if (copy == NULL)
        return count;
    if (count == CHANGERS_MAX) {
        free(found[0].program);
        memmove(found, found + 1, (CHANGERS_MAX - 1) * sizeof *found);
        count--;
    }
    found[count] = (struct changer){.pid = pid, .program = copy};
    return count + 1;
}

static size_t ask(sqlite3 *database, const char *path, struct changer found[CHANGERS_MAX], size_t count)
{
    struct ancestry ancestry;
    cleanup_statement sqlite3_stmt *row = NULL;
    int status = ancestry_of(&ancestry, database, path);
    if (status == 0)
        status = sql_prepare(database, whose_event, &row);
    for (size_t i = 0; status == 0 && i < ancestry.count; i++) {
        (void)sqlite3_bind_int64(row, 1, ancestry.events[i]);
        if (sql_row(row) == 1) {
            const char *program = last_name(sql_name(row, 1));
            count = add(found, count, sqlite3_column_int(row, 0), program == NULL ? "?" : program);
        }
        (void)sqlite3_reset(row);
    }
    ancestry_free(&ancestry);
    return count;
}

size_t changers_of(struct changers *changers, const char *path, struct changer found[CHANGERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < changers->count; i++)
        count = ask(changers->loaded[i].database, path, found, count);
    return count;
}

void changers_release(struct changer found[CHANGERS_MAX], size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(found[i].program);
}
