#include "emul/changes.h"

#include "emul/beneath.h"
#include "emul/changes_compare.h"
#include "emul/cleanup.h"
#include "emul/dir_names.h"
#include "emul/object.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

/* Deeper trees are made by programs that want to break something; each level costs two descriptors. */
enum { DEPTH_MAX = 4096 };

struct walk {
    const struct changes_options *options;
    change_callback *each;
    void *context;
    struct layer_error *error;
    char *path; /* of what is looked at, without a trailing slash; "" for the root */
    size_t path_length;
    size_t path_room;
    unsigned depth;
};

/* One directory of the walk, in the layer and on the host. */
struct level {
    int upper;   /* -1: the layer has no such directory */
    int host;    /* -1: nothing of the host shows */
    bool opaque; /* the host's names that the layer does not have are deleted */
    bool marked; /* whiteouts may be files */
};

static int stop(struct walk *walk, int status)
{
    (void)snprintf(walk->error->text, sizeof walk->error->text, "%s: %s", walk->path_length == 0 ? "/" : walk->path,
                   strerror(-status));
    return status;
}

static int push_name(struct walk *walk, const char *name)
{
    size_t needed = walk->path_length + strlen(name) + 2;
    if (needed > walk->path_room) {
        char *grown = realloc(walk->path, 2 * needed);
        if (grown == NULL)
            return -ENOMEM;
        walk->path = grown;
        walk->path_room = 2 * needed;
    }
    walk->path[walk->path_length] = '/';
    memcpy(walk->path + walk->path_length + 1, name, strlen(name) + 1);
    walk->path_length = needed - 1;
    return 0;
}

static void pop_name(struct walk *walk, size_t length)
{
    walk->path_length = length;
    walk->path[length] = '\0';
}

static bool in_scope(const struct walk *walk)
{
    const char *path = walk->path_length == 0 ? "/" : walk->path;
    for (size_t i = 0; i < walk->options->path_count; i++)
        if (path_is_below(path, walk->options->paths[i]))
            return true;
    return walk->options->path_count == 0;
}

/* Whether something in scope may lie at or below the path. */
static bool leads_to_scope(const struct walk *walk)
{
    const char *path = walk->path_length == 0 ? "/" : walk->path;
    for (size_t i = 0; i < walk->options->path_count; i++)
        if (path_is_below(walk->options->paths[i], path))
            return true;
    return in_scope(walk);
}

static int report(struct walk *walk, enum change_kind kind, const struct level *level, const char *name,
                  const struct stat *upper, const struct stat *host)
{
    if ((kind == CHANGE_NONE && !walk->options->with_same) || !in_scope(walk))
        return 0;
    const struct change change = {
        .kind = kind,
        .path = walk->path_length == 0 ? "/" : walk->path,
        .name = name,
        .upper = upper,
        .host = host,
        .upper_dir = level->upper,
        .host_dir = level->host,
        .hidden = level->opaque && walk->path_length != 0,
    };
    return walk->each(walk->context, &change);
}

/* What the host has at a name; what may not be looked at counts as not there. 1, 0 or -errno. */
static int look_at_host(const struct level *level, const char *name, struct stat *st)
{
    if (level->host < 0)
        return 0;
    int status = sys_fstatat(level->host, name, st, AT_SYMLINK_NOFOLLOW);
    if (status == -ENOENT || status == -ENOTDIR || status == -EACCES)
        return 0;
    return status < 0 ? status : 1;
}

/* The name itself; what is in it, if it is a directory, comes later in the order. */
static int visit_name(struct walk *walk, const struct level *level, const char *name)
{
    struct stat upper;
    struct stat host;
    cleanup_fd int fd = level->upper < 0 ? -ENOENT : sys_openat(level->upper, name, O_PATH | O_NOFOLLOW, 0);
    int status = fd < 0 ? fd : object_stat(fd, &upper);
    if (status < 0 && status != -ENOENT)
        return stop(walk, status);
    int hides = status < 0 ? 0 : object_is_whiteout(level->upper, name, &upper, level->marked);
    if (hides < 0)
        return stop(walk, hides);
    bool whiteout = hides == 1;
    bool present = status >= 0 && !whiteout;
    int on_host = look_at_host(level, name, &host);
    if (on_host < 0)
        return stop(walk, on_host);
    if (!present) {
        if (on_host == 1)
            return whiteout || level->opaque ? report(walk, CHANGE_DELETED, level, name, NULL, &host) : 0;
        return whiteout && walk->options->with_same ? report(walk, CHANGE_DELETED, level, name, NULL, NULL) : 0;
    }
    if (!in_scope(walk))
        return 0;
    enum change_kind kind = CHANGE_ADDED;
    if (on_host == 1) {
        status = changes_compare(level->upper, level->host, name, fd, &upper, &host, &kind);
        if (status < 0)
            return stop(walk, status);
    }
    return report(walk, kind, level, name, &upper, on_host == 1 ? &host : NULL);
}

static int walk_level(struct walk *walk, const struct level *level);

/* Opens a directory of the layer, and the host's if that shows through, and walks it. */
static int visit_contents(struct walk *walk, const struct level *above, const char *name)
{
    struct stat st;
    if (!leads_to_scope(walk))
        return 0;
    if (walk->depth >= DEPTH_MAX)
        return stop(walk, -ELOOP);
    cleanup_fd int upper = object_open_readable(above->upper, name, O_DIRECTORY);
    /* A name of the host's that the opaque directory hides was reported as one deletion. */
    if (upper == -ENOENT || upper == -ENOTDIR)
        return 0;
    if (upper < 0)
        return stop(walk, upper);
    cleanup_fd int host = -1;
    if (look_at_host(above, name, &st) == 1 && S_ISDIR(st.st_mode)) {
        host = sys_openat(above->host, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
        if (host < 0 && host != -ENOENT && host != -EACCES && host != -ENOTDIR && host != -ELOOP)
            return stop(walk, host);
    }
    int opaque = object_opaque(upper);
    if (opaque < 0)
        return stop(walk, opaque);
    /* Nothing of the host shows anywhere below an opaque directory. */
    bool hides = opaque == 'y' || above->opaque;
    const struct level level = {.upper = upper, .host = host < 0 ? -1 : host, .opaque = hides, .marked = opaque == 'x'};
    walk->depth++;
    int status = walk_level(walk, &level);
    walk->depth--;
    return status;
}

static int read_level(const struct level *level, struct dir_names *names)
{
    int status = dir_names_read(names, level->upper, true);
    if (status == 0 && level->opaque && level->host >= 0) {
        cleanup_fd int host = sys_openat(level->host, ".", O_RDONLY | O_DIRECTORY, 0);
        /* A directory that may be searched but not listed: what it hides cannot be told. */
        status = host == -EACCES ? 0 : host < 0 ? host : dir_names_read(names, host, false);
    }
    if (status == 0)
        dir_names_sort(names);
    return status;
}

static int walk_level(struct walk *walk, const struct level *level)
{
    struct dir_names names = {0};
    size_t length = walk->path_length;
    int status = read_level(level, &names);
    if (status < 0)
        status = stop(walk, status);
    for (size_t i = 0; status == 0 && i < names.count; i++) {
        const struct dir_name *item = &names.items[i];
        /* The same name from the layer and from the host. */
        if (i > 0 && dir_names_same(item, &names.items[i - 1]))
            continue;
        status = push_name(walk, item->name);
        if (status < 0)
            break;
        status = item->contents ? visit_contents(walk, level, item->name) : visit_name(walk, level, item->name);
        pop_name(walk, length);
    }
    dir_names_free(&names);
    return status;
}

static int walk_root(struct walk *walk, const struct level *level)
{
    struct stat upper;
    struct stat host;
    int status = object_stat(level->upper, &upper);
    if (status == 0)
        status = sys_fstatat(level->host, "", &host, AT_EMPTY_PATH);
    if (status < 0)
        return stop(walk, status);
    enum change_kind kind = CHANGE_NONE;
    status = changes_compare(level->upper, level->host, ".", level->upper, &upper, &host, &kind);
    if (status < 0)
        return stop(walk, status);
    status = report(walk, kind, level, ".", &upper, &host);
    return status != 0 ? status : walk_level(walk, level);
}

int changes_walk(const struct layer *layer, const struct changes_options *options, change_callback *each, void *context,
                 struct layer_error *error)
{
    struct walk walk = {.options = options, .each = each, .context = context, .error = error};
    walk.path = strdup("");
    if (walk.path == NULL)
        return -ENOMEM;
    walk.path_room = 1;
    cleanup_fd int upper = object_open_readable(layer->fs_fd, ".", O_DIRECTORY);
    int opaque = upper < 0 ? upper : object_opaque(upper);
    int status;
    if (opaque < 0) {
        status = stop(&walk, opaque);
    } else {
        const struct level level = {
            .upper = upper, .host = options->host.root_fd, .opaque = opaque == 'y', .marked = opaque == 'x'};
        status = walk_root(&walk, &level);
    }
    free(walk.path);
    return status;
}
