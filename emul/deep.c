/*
 * Directories whose path is longer than the kernel says or takes: programs go there by descriptors.
 *
 * From such a directory the way up leads to one that /proc can name; its names on the way down are looked for in the
 * listings. The last results are remembered, so that a program that goes down and down causes one step a time.
 */
#include "emul/dir_names.h"
#include "emul/view_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct way {
    struct stat *steps; /* from where it began, upwards */
    size_t count, room;
};

static bool add_step(struct way *way, const struct stat *st)
{
    if (way->count == way->room) {
        size_t room = way->room == 0 ? 64 : 2 * way->room;
        struct stat *steps = realloc(way->steps, room * sizeof *steps);
        if (steps == NULL)
            return false;
        way->steps = steps;
        way->room = room;
    }
    way->steps[way->count++] = *st;
    return true;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the directory is, in some tree, the object that st is of. */
static bool is_directory_of(struct view *view, struct directory *dir, const struct stat *st)
{
    for (int tree = UPPER; tree < view->tree_count; tree++) {
        struct stat now;
        int fd = (dir->trees & (1u << tree)) == 0 ? -1 : directory_fd(view, dir, tree);
        if (fd >= 0 && sys_fstatat(fd, "", &now, AT_EMPTY_PATH) == 0 && is_same(&now, st))
            return true;
    }
    return false;
}

static struct directory *find_known(struct view *view, const struct stat *st)
{
    for (size_t i = 0; i < DEEP_KNOWN; i++) {
        const struct deep_known *known = &view->deep[i];
        if (known->dir != NULL && known->dev == st->st_dev && known->ino == st->st_ino && !known->dir->dead &&
            is_directory_of(view, known->dir, st))
            return directory_hold(known->dir);
    }
    return NULL;
}

static void remember(struct view *view, const struct stat *st, struct directory *dir)
{
    struct deep_known *known = &view->deep[view->deep_next++ % DEEP_KNOWN];
    directory_release(view, known->dir);
    *known = (struct deep_known){st->st_dev, st->st_ino, directory_hold(dir)};
}

void deep_free(struct view *view)
{
    for (size_t i = 0; i < DEEP_KNOWN; i++) {
        directory_release(view, view->deep[i].dir);
        view->deep[i].dir = NULL;
    }
}

/* The directory that /proc can name, or NULL: its path is too long as well. */
static struct directory *named_directory(struct view *view, struct caller *caller, int fd, int *error)
{
    char link[32], text[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, text, sizeof text - 1);
    *error = length < 0 ? (int)length : -ENOENT;
    if (length <= 0 || text[0] != '/')
        return NULL;
    text[length] = '\0';
    enum host_path_kind kind = view_path_of_host(view, text);
    return described_directory(view, caller, text, kind, error);
}

/* Goes up from fd to what is known. The directory, held, with *at open on it; or NULL. */
static struct directory *climb(struct view *view, struct caller *caller, int fd, struct way *way, int *at, int *error)
{
    struct stat st, up;
    *error = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (*error == 0 && !S_ISDIR(st.st_mode))
        *error = -ENOTDIR;
    while (*error == 0) {
        struct directory *dir = find_known(view, &st);
        if (dir == NULL && way->count > 0)
            dir = named_directory(view, caller, *at, error);
        if (dir != NULL)
            return dir;
        if ((*error != 0 && *error != -ENAMETOOLONG) || !add_step(way, &st))
            return NULL;
        int next = sys_openat(*at < 0 ? fd : *at, "..", O_PATH | O_DIRECTORY, 0);
        *error = next < 0 ? next : sys_fstatat(next, "", &up, AT_EMPTY_PATH);
        if (*at >= 0)
            (void)close(*at);
        *at = next;
        if (*error == 0 && is_same(&up, &st))
            *error = -ENOENT;
        st = up;
    }
    return NULL;
}

/* The name of a directory in another. */
static bool find_name(int parent, const struct stat *st, char name[NAME_MAX + 1])
{
    struct dir_names names = {0};
    bool found = false;
    cleanup_fd int fd = object_open_readable(parent, ".", O_DIRECTORY);
    if (fd >= 0)
        (void)dir_names_read(&names, fd, false);
    for (size_t i = 0; i < names.count && !found; i++) {
        struct stat now;
        found = sys_fstatat(parent, names.items[i].name, &now, AT_SYMLINK_NOFOLLOW) == 0 && is_same(&now, st);
        if (found)
            memcpy(name, names.items[i].name, strlen(names.items[i].name) + 1);
    }
    dir_names_free(&names);
    return found;
}

/* One step down again; the directory of the view, held. One that is not there any more is a removed one. */
static struct directory *descend(struct view *view, struct directory *dir, int *at, const struct stat *st, int *error)
{
    struct entry entry;
    char name[NAME_MAX + 1];
    if (!find_name(*at, st, name))
        return directory_make_dead(view, dir);
    int next = sys_openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    (void)close(*at);
    *at = next;
    *error = next < 0 ? next : lookup(view, dir, name, &entry);
    if (*error < 0)
        return NULL;
    struct directory *child = entry.tree >= 0 && entry_is_object(view, &entry, HOST_PATH_HOST, st)
                                  ? entry_directory(view, &entry, error)
                                  : directory_make_dead(view, dir);
    entry_release(view, &entry);
    return child;
}

struct directory *deep_directory(struct view *view, struct caller *caller, int fd, int *error)
{
    struct way way = {0};
    int at = -1;
    struct directory *dir = climb(view, caller, fd, &way, &at, error);
    if (dir != NULL && at < 0 && way.count == 0) {
        free(way.steps);
        *error = 0;
        return dir;
    }
    *error = dir == NULL && *error == 0 ? -ENOMEM : dir == NULL ? *error : 0;
    for (size_t i = way.count; i-- > 0 && dir != NULL;) {
        struct directory *child = descend(view, dir, &at, &way.steps[i], error);
        directory_release(view, dir);
        dir = child;
        if (dir != NULL && dir->dead && i > 0) {
            directory_release(view, dir);
            dir = NULL;
            *error = -ENOENT;
        }
    }
    if (dir != NULL && !dir->dead)
        remember(view, &way.steps[0], dir);
    if (at >= 0)
        (void)close(at);
    free(way.steps);
    return dir;
}
