#include "supervisor/record/files.h"

#include "emul/sys.h"
#include "supervisor/record/names.h"
#include "supervisor/record/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is known of a path. */
enum {
    SEEN = 1 << 0,   /* something was there at some time */
    BEFORE = 1 << 1, /* it was there before the run */
    INPUT = 1 << 2,  /* what was there before was opened for reading and the like, under this name or another */
    LOOKED = 1 << 3,
    METADATA = 1 << 4, /* of what was there before */
    ABSENT = 1 << 5,
    MADE = 1 << 6, /* the run gave something this name */
    DIRECTORY = 1 << 7,
    IN_LAYER = 1 << 8,
    IN_NEW = 1 << 9, /* found in a directory that the run had made, where nobody had put it: see names.h */
};

struct files {
    struct path_ids *ids;
    struct names *names;
    uint16_t *known; /* by the path's number */
    size_t room;
    sqlite3_stmt *insert; /* of files_write() */
};

struct files *files_new(struct path_ids *ids)
{
    struct files *files = calloc(1, sizeof *files);
    if (files == NULL)
        return NULL;
    files->ids = ids;
    files->names = names_new();
    if (files->names != NULL)
        return files;
    free(files);
    return NULL;
}

void files_free(struct files *files)
{
    if (files == NULL)
        return;
    names_free(files->names);
    (void)sqlite3_finalize(files->insert);
    free(files->known);
    free(files);
}

static unsigned known_of(const struct files *files, sqlite3_int64 path)
{
    return path > 0 && (uint64_t)path < files->room ? files->known[path] : 0;
}

/* Adds bits. 0 or -errno, also when `path` is one. */
static int mark(struct files *files, sqlite3_int64 path, unsigned bits)
{
    if (path <= 0)
        return (int)path;
    if ((uint64_t)path >= files->room) {
        size_t room = (size_t)path * 2 + 1024;
        uint16_t *known = realloc(files->known, room * sizeof *known);
        if (known == NULL)
            return -ENOMEM;
        memset(known + files->room, 0, (room - files->room) * sizeof *known);
        files->known = known;
        files->room = room;
    }
    files->known[path] = (uint16_t)(files->known[path] | bits);
    return 0;
}

static unsigned bits_of(const struct record_event *event)
{
    unsigned directory = (event->flags & RECORD_DIRECTORY) != 0 || event->kind == RECORD_LIST ? DIRECTORY : 0;
    return directory | ((event->flags & RECORD_IN_LAYER) != 0 ? IN_LAYER : 0);
}

/*
 * Something was found under the name. What was there before the run is marked where it was then: a file that was moved
 * and is read is an input under its old name.
 */
static int found(struct files *files, const char *name, sqlite3_int64 path, unsigned bits)
{
    struct names_place place;
    int status = names_find(files->names, name, &place);
    if (status < 0)
        return status;
    unsigned known = known_of(files, path);
    bool original = place.state == NAMES_ORIGINAL;
    /* Two processes at once: it was opened just before another took it away. */
    if (place.state == NAMES_GONE && (known & MADE) == 0)
        original = true;
    if (!original)
        return mark(files, path, SEEN | MADE | (bits & (LOOKED | DIRECTORY | IN_LAYER)));
    if (place.origin == NULL)
        return mark(files, path, SEEN | BEFORE | bits | (place.in_new ? IN_NEW : 0));
    status = mark(files, path, SEEN | (bits & (LOOKED | DIRECTORY | IN_LAYER)));
    if (status < 0)
        return status;
    return mark(files, path_ids_get(files->ids, place.origin), SEEN | BEFORE | (bits & ~(unsigned)IN_LAYER));
}

static int written(struct files *files, const struct record_event *event, sqlite3_int64 path)
{
    unsigned read = (event->flags & RECORD_FOR_BOTH) != 0 ? INPUT : 0;
    int status = found(files, event->path, path, read | bits_of(event));
    return status < 0 ? status : names_change(files->names, event->path);
}

static int created(struct files *files, const struct record_event *event, sqlite3_int64 path)
{
    bool directory = (event->flags & RECORD_DIRECTORY) != 0;
    int status = mark(files, path, SEEN | MADE | bits_of(event));
    return status < 0 ? status : names_create(files->names, event->path, directory);
}

static int deleted(struct files *files, const struct record_event *event, sqlite3_int64 path)
{
    int status = found(files, event->path, path, bits_of(event));
    return status < 0 ? status : names_delete(files->names, event->path);
}

/* rename and link: what the old name means goes to the new one. */
static int renamed(struct files *files, const struct record_event *event, sqlite3_int64 path, sqlite3_int64 path2)
{
    bool exchanged = (event->flags & RECORD_EXCHANGED) != 0;
    if (!names_path(event->path2))
        return 0;
    int status = found(files, event->path, path, bits_of(event));
    if (status == 0 && exchanged)
        status = found(files, event->path2, path2, 0);
    unsigned bits = bits_of(event) | (known_of(files, path) & DIRECTORY);
    if (status == 0)
        status = mark(files, path2, SEEN | MADE | bits);
    if (status == 0 && exchanged)
        status = mark(files, path, MADE);
    if (status < 0)
        return status;
    if (event->kind == RECORD_LINK)
        return names_link(files->names, event->path, event->path2);
    return exchanged ? names_exchange(files->names, event->path, event->path2)
                     : names_rename(files->names, event->path, event->path2, (bits & DIRECTORY) != 0);
}

static int changed(struct files *files, const struct record_event *event, sqlite3_int64 path, sqlite3_int64 path2)
{
    switch ((int)event->kind) {
    case RECORD_WRITE:
        return written(files, event, path);
    case RECORD_CREATE:
        return created(files, event, path);
    case RECORD_DELETE:
        return deleted(files, event, path);
    case RECORD_RENAME:
    case RECORD_LINK:
        return renamed(files, event, path, path2);
    default:
        return 0;
    }
}

int files_add(struct files *files, const struct record_event *event, sqlite3_int64 path, sqlite3_int64 path2)
{
    /* A text that is no path cannot be followed: what /proc shows for a pipe, a name that could not be resolved. */
    if (!names_path(event->path))
        return 0;
    if (event->kind == RECORD_ABSENT)
        return mark(files, path, ABSENT);
    /* It failed: whether something is there is not known, unless the error says it. */
    if (event->error != 0)
        return event->error == EEXIST ? found(files, event->path, path, LOOKED | bits_of(event))
                                      : mark(files, path, LOOKED | bits_of(event));
    switch ((int)event->kind) {
    case RECORD_READ:
    case RECORD_LIST:
    case RECORD_EXEC:
    case RECORD_MAP:
        return found(files, event->path, path, INPUT | bits_of(event));
    case RECORD_LOOK:
        return found(files, event->path, path, LOOKED | bits_of(event));
    case RECORD_METADATA:
        return found(files, event->path, path, METADATA | bits_of(event));
    default:
        return changed(files, event, path, path2);
    }
}

struct classes {
    bool input, output, temporary, deleted, absent, looked, metadata, directory;
};

static struct classes classes_of(unsigned known, const struct names_place *place)
{
    bool moved_here = place->state == NAMES_ORIGINAL && place->origin != NULL && (known & SEEN) != 0;
    bool gone = place->state == NAMES_GONE || (place->in_new && (known & IN_NEW) == 0);
    struct classes classes = {
        .input = (known & INPUT) != 0,
        .output = place->state == NAMES_MADE || moved_here,
        .temporary = gone && (known & MADE) != 0 && (known & BEFORE) == 0,
        .deleted = gone && (known & BEFORE) != 0,
        .metadata = (known & METADATA) != 0 && !gone,
        .directory = (known & DIRECTORY) != 0 || place->directory,
    };
    bool any = classes.input || classes.output || classes.temporary || classes.deleted || classes.metadata;
    classes.absent = !any && (known & (ABSENT | SEEN)) == ABSENT;
    classes.looked = !any && !classes.absent && (known & LOOKED) != 0;
    return classes;
}

/* Of a regular file on the host, or -1. */
static sqlite3_int64 size_on_host(const char *name)
{
    struct stat st;
    int status = sys_fstatat(AT_FDCWD, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
    return status < 0 || !S_ISREG(st.st_mode) ? -1 : st.st_size;
}

static int write_row(struct files *files, sqlite3_int64 path, const char *name)
{
    struct names_place place;
    unsigned known = known_of(files, path);
    if (known == 0 || !names_path(name))
        return 0;
    int status = names_find(files->names, name, &place);
    if (status < 0)
        return status;
    struct classes classes = classes_of(known, &place);
    sqlite3_int64 size = -1;
    bool there = (classes.input || classes.output) && place.state != NAMES_GONE;
    if (there && !classes.directory && (known & IN_LAYER) == 0)
        size = size_on_host(name);
    const bool values[] = {classes.input,  classes.output, classes.temporary, classes.deleted,
                           classes.absent, classes.looked, classes.metadata,  classes.directory};
    (void)sqlite3_bind_int64(files->insert, 1, path);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        (void)sqlite3_bind_int(files->insert, (int)i + 2, values[i]);
    if (size >= 0)
        (void)sqlite3_bind_int64(files->insert, 10, size);
    return sql_run(files->insert);
}

/* A name that came with a directory that was renamed may have no event of its own. */
static int name_made(void *context, const char *path, bool directory)
{
    struct files *files = context;
    sqlite3_int64 id = path_ids_get(files->ids, path);
    return mark(files, id, SEEN | MADE | (directory ? DIRECTORY : 0));
}

static const char sizes_of_hashed[] =
    "UPDATE file SET size = coalesce("
    "(SELECT size FROM hash WHERE hash.path = file.path AND state = 'after' LIMIT 1),"
    "(SELECT size FROM hash WHERE hash.path = file.path AND state = 'before' LIMIT 1))"
    " WHERE path IN (SELECT path FROM hash)";

int files_write(struct files *files, sqlite3 *database)
{
    cleanup_statement sqlite3_stmt *paths = NULL;
    int status = names_each(files->names, name_made, files);
    if (status == 0)
        status = sql_prepare(database, "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &files->insert);
    if (status == 0)
        status = sql_prepare(database, "SELECT id, name FROM path", &paths);
    while (status == 0 && (status = sql_row(paths)) == 1)
        status = write_row(files, sqlite3_column_int64(paths, 0), sql_name(paths, 1));
    return status < 0 ? status : sql_execute(database, sizes_of_hashed);
}
