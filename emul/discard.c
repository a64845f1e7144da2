#include "emul/discard.h"

#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/dir_names.h"
#include "emul/layer_base.h"
#include "emul/layer_origins.h"
#include "emul/object.h"
#include "emul/overlay.h"
#include "emul/sys.h"
#include "emul/tree.h"

#include <errno.h>
#include <string.h>

static int fail(struct layer_error *error, int status, const char *path)
{
    (void)snprintf(error->text, sizeof error->text, "%s: %s", path,
                   status == -ENOENT ? "the layer changes nothing there" : strerror(-status));
    return status;
}

/* Hides a name of the host in a directory of the layer; *marked: that directory must become opaque=x. */
static int put_whiteout(int dir, const char *name, bool *marked)
{
    int status = sys_mknodat(dir, name, S_IFCHR, 0);
    if (status != -EPERM)
        return status;
    /* Where user namespaces or old kernels forbid device 0/0: the format's second form. */
    cleanup_fd int fd = sys_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fd;
    *marked = true;
    return sys_fsetxattr(fd, XATTR_WHITEOUT, "y", 1, 0);
}

/* One name of the host below a directory that is opaque now and shall not be: what hid it, hides it alone. */
static int keep_hidden(int upper, int host, const char *name, bool *marked)
{
    struct stat st;
    struct stat theirs;
    int status = sys_fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW);
    if (status == -ENOENT)
        return put_whiteout(upper, name, marked);
    if (status < 0 || !S_ISDIR(st.st_mode))
        return status;
    status = sys_fstatat(host, name, &theirs, AT_SYMLINK_NOFOLLOW);
    if (status < 0 || !S_ISDIR(theirs.st_mode))
        return status == -ENOENT ? 0 : status;
    cleanup_fd int child = sys_openat(upper, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    return child < 0 ? child : sys_fsetxattr(child, XATTR_OPAQUE, "y", 1, 0);
}

/* Taking away the opacity of directories on the way to a path. */
struct unveiling {
    struct layer *layer;
    const struct layer_bases *bases;
    int host_root;
    char *dir; /* the view path of the directory at hand */
};

/*
 * What the opaque directory hid was on record with that; what now hides each name alone needs a record of its own.
 * Not for what came to the host later: without a record it is a conflict, as it was.
 */
static int note_hidden(const struct unveiling *unveiling, int host, const char *name)
{
    struct stat st;
    struct timespec when;
    cleanup_free char *path = path_join(unveiling->dir, name);
    if (path == NULL)
        return -ENOMEM;
    if (unveiling->layer->base_fd < 0 || layer_bases_find(unveiling->bases, path) != NULL ||
        sys_fstatat(host, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !layer_bases_seen(unveiling->bases, unveiling->host_root, unveiling->dir, &when) ||
        layer_base_changed_after(&st, &when))
        return 0;
    const struct layer_base base = layer_base_of(&st, &when);
    return layer_base_append(unveiling->layer, path, &base);
}

static int hide_alone(const struct unveiling *unveiling, int upper, int host, const char *name, bool *marked)
{
    int status = note_hidden(unveiling, host, name);
    return status < 0 ? status : keep_hidden(upper, host, name, marked);
}

/*
 * Makes a directory of the layer that hides the host's show it again, with the same content in the
 * view but for `except`. The directory stops being opaque only when all else is in place.
 */
static int unveil(const struct unveiling *unveiling, int upper, int host, const char *except)
{
    struct dir_names names = {0};
    bool marked = false;
    cleanup_fd int listing = sys_openat(host, ".", O_RDONLY | O_DIRECTORY, 0);
    int status = listing < 0 ? listing : dir_names_read(&names, listing, false);
    for (size_t i = 0; status == 0 && i < names.count; i++)
        if (strcmp(names.items[i].name, except) != 0)
            status = hide_alone(unveiling, upper, host, names.items[i].name, &marked);
    dir_names_free(&names);
    if (status < 0)
        return status;
    return marked ? sys_fsetxattr(upper, XATTR_OPAQUE, "x", 1, 0) : sys_fremovexattr(upper, XATTR_OPAQUE);
}

/* The directory `next` stays opaque, if it is one on the way to the path, until its own turn. */
static int unveil_on_the_way(const struct unveiling *unveiling, int upper, int host, const char *next)
{
    bool marked = false;
    int status = hide_alone(unveiling, upper, host, next, &marked);
    return status < 0 ? status : unveil(unveiling, upper, host, next);
}

static int enter(struct unveiling *unveiling, const char *name)
{
    char *below = path_join(unveiling->dir, name);
    if (below == NULL)
        return -ENOMEM;
    free(unveiling->dir);
    unveiling->dir = below;
    return 0;
}

/* Opens the next directory on the way; -ENOENT for what is no directory. */
static int descend(int *fd, const char *name)
{
    int next = sys_openat(*fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (next < 0)
        return next == -ENOTDIR || next == -ELOOP ? -ENOENT : next;
    (void)close(*fd);
    *fd = next;
    return 0;
}

/*
 * Walks from the roots to the directory that holds the path's last name, taking away
 * the opacity of each directory on the way that hides it. *upper is that directory in the layer
 * then; *unveiled: it was opaque.
 */
static int reach(struct unveiling *unveiling, int *upper, int *host, const char *path, bool *unveiled)
{
    cleanup_free char *copy = strdup(path + 1);
    char *rest = copy;
    if (copy == NULL)
        return -ENOMEM;
    while (rest != NULL) {
        char *slash = strchr(rest, '/');
        if (slash != NULL)
            *slash = '\0';
        struct stat st;
        /* Where the host has nothing to show, there is nothing to unveil. */
        bool shows = *host >= 0 && sys_fstatat(*host, rest, &st, AT_SYMLINK_NOFOLLOW) == 0;
        int opaque = shows ? object_opaque(*upper) : 0;
        int status = opaque < 0 ? opaque : 0;
        *unveiled = opaque == 'y';
        if (*unveiled)
            status = slash == NULL ? unveil(unveiling, *upper, *host, rest)
                                   : unveil_on_the_way(unveiling, *upper, *host, rest);
        if (status < 0 || slash == NULL)
            return status;
        status = descend(upper, rest);
        if (status == 0)
            status = enter(unveiling, rest);
        if (status < 0)
            return status;
        if (*host >= 0 && descend(host, rest) < 0) {
            (void)close(*host);
            *host = -1;
        }
        rest = slash + 1;
    }
    return 0;
}

static int unveil_way(struct layer *layer, int host_root, int *upper, int *host, const char *path, bool *unveiled)
{
    struct layer_bases *bases = NULL;
    int status = layer_bases_load(layer, &bases);
    if (status < 0)
        return status;
    struct unveiling unveiling = {.layer = layer, .bases = bases, .host_root = host_root, .dir = strdup("/")};
    status = unveiling.dir == NULL ? -ENOMEM : reach(&unveiling, upper, host, path, unveiled);
    free(unveiling.dir);
    layer_bases_free(bases);
    return status;
}

static int remove_name(struct layer *layer, int dir, const char *name)
{
    char aside[32];
    layer_temp_name(layer, aside);
    /* In one step, so that a directory is never seen half empty; whatever stays in work/ is garbage. */
    int status = sys_renameat2(dir, name, layer->work_fd, aside, RENAME_NOREPLACE);
    if (status == 0)
        return tree_remove(layer->work_fd, aside);
    return status == -EACCES ? tree_remove(dir, name) : status;
}

static int discard(struct layer *layer, int host_root, const char *path, struct layer_error *error)
{
    cleanup_fd int upper = sys_openat(layer->fs_fd, ".", O_PATH | O_DIRECTORY, 0);
    cleanup_fd int host = sys_openat(host_root, ".", O_PATH | O_DIRECTORY, 0);
    int status = upper < 0 ? upper : host < 0 ? host : 0;
    if (status < 0)
        return fail(error, status, path);
    if (strcmp(path, "/") == 0) {
        status = tree_empty(upper);
        if (status == 0)
            status = object_opaque(upper);
        if (status > 0)
            status = sys_fremovexattr(upper, XATTR_OPAQUE);
        return status < 0 ? fail(error, status, path) : 0;
    }
    bool unveiled = false;
    status = unveil_way(layer, host_root, &upper, &host, path, &unveiled);
    if (status == 0) {
        status = remove_name(layer, upper, path_last(path));
        /* What an opaque directory hid is not in the layer by name: unveiling was all there was to do. */
        if (status == -ENOENT && unveiled)
            status = 0;
    }
    return status < 0 ? fail(error, status, path) : 0;
}

int layer_discard(struct layer *layer, int host_root, const char *path, struct layer_error *error)
{
    struct layer_links *links = NULL;
    int status = layer_links_look(layer, &links);
    if (status < 0)
        return fail(error, status, path);
    status = discard(layer, host_root, path, error);
    layer_links_settle(layer, links);
    return status;
}

struct discarded {
    char *const *paths;
    size_t count;
};

static bool is_discarded(const char *path, void *data)
{
    const struct discarded *discarded = data;
    for (size_t i = 0; i < discarded->count; i++)
        if (path_is_below(path, discarded->paths[i]))
            return true;
    return false;
}

int layer_discard_records(struct layer *layer, char *const *paths, size_t count)
{
    struct discarded discarded = {.paths = paths, .count = count};
    return layer_base_forget(layer, is_discarded, &discarded);
}
