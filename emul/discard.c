#include "emul/discard.h"

#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/dir_names.h"
#include "emul/layer_base.h"
#include "emul/object.h"
#include "emul/sys.h"
#include "emul/tree.h"

#include <errno.h>
#include <string.h>

static const char OPAQUE[] = "user.overlay.opaque";
static const char WHITEOUT[] = "user.overlay.whiteout";

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
    return sys_fsetxattr(fd, WHITEOUT, "y", 1, 0);
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
    return child < 0 ? child : sys_fsetxattr(child, OPAQUE, "y", 1, 0);
}

/*
 * Makes a directory of the layer that hides the host's show it again, with the same content in the
 * view but for `except`. The directory stops being opaque only when all else is in place.
 */
static int unveil(int upper, int host, const char *except)
{
    struct dir_names names = {0};
    bool marked = false;
    cleanup_fd int listing = sys_openat(host, ".", O_RDONLY | O_DIRECTORY, 0);
    int status = listing < 0 ? listing : dir_names_read(&names, listing, false);
    for (size_t i = 0; status == 0 && i < names.count; i++)
        if (strcmp(names.items[i].name, except) != 0)
            status = keep_hidden(upper, host, names.items[i].name, &marked);
    dir_names_free(&names);
    if (status < 0)
        return status;
    return marked ? sys_fsetxattr(upper, OPAQUE, "x", 1, 0) : sys_fremovexattr(upper, OPAQUE);
}

/* The directory `except` stays opaque, if it is one on the way to the path, until its own turn. */
static int unveil_on_the_way(int upper, int host, const char *next)
{
    bool marked;
    int status = keep_hidden(upper, host, next, &marked);
    return status < 0 ? status : unveil(upper, host, next);
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
static int reach(int *upper, int *host, const char *path, bool *unveiled)
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
        int status = 0;
        *unveiled = shows && object_opaque(*upper) == 'y';
        if (*unveiled)
            status = slash == NULL ? unveil(*upper, *host, rest) : unveil_on_the_way(*upper, *host, rest);
        if (status < 0 || slash == NULL)
            return status;
        status = descend(upper, rest);
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

int layer_discard(struct layer *layer, int host_root, const char *path, struct layer_error *error)
{
    cleanup_fd int upper = sys_openat(layer->fs_fd, ".", O_PATH | O_DIRECTORY, 0);
    cleanup_fd int host = sys_openat(host_root, ".", O_PATH | O_DIRECTORY, 0);
    int status = upper < 0 ? upper : host < 0 ? host : 0;
    if (status < 0)
        return fail(error, status, path);
    if (strcmp(path, "/") == 0) {
        status = tree_empty(upper);
        if (status == 0 && object_opaque(upper) != '\0')
            status = sys_fremovexattr(upper, OPAQUE);
        return status < 0 ? fail(error, status, path) : 0;
    }
    bool unveiled = false;
    status = reach(&upper, &host, path, &unveiled);
    if (status == 0) {
        status = remove_name(layer, upper, path_last(path));
        /* What an opaque directory hid is not in the layer by name: unveiling was all there was to do. */
        if (status == -ENOENT && unveiled)
            status = 0;
    }
    return status < 0 ? fail(error, status, path) : 0;
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
