#include "emul/tree.h"

#include "emul/cleanup.h"
#include "emul/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * So many directories are held open at once. A tree that is deeper has its deep parts
 * moved up to the top first: a program can make a tree of any depth by chdir() and
 * mkdir(), and one descriptor a level would run out.
 */
enum { DEPTH_MAX = 24 };

struct removal {
    int top;            /* the directory that deep parts are moved to */
    unsigned long next; /* number of the next deep part */
    int error;          /* the first failure */
};

static void remember(struct removal *removal, int error)
{
    if (error < 0 && removal->error == 0)
        removal->error = error;
}

/* Opens a directory for reading and removing in it, giving its owner the right to do so if need be. */
static int open_for_removal(int dir, const char *name)
{
    cleanup_fd int handle = sys_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (handle < 0)
        return handle;
    struct stat st;
    int status = sys_fstatat(handle, "", &st, AT_EMPTY_PATH);
    if (status < 0)
        return status;
    if ((st.st_mode & S_IRWXU) != S_IRWXU) {
        status = sys_fchmod(handle, 0700);
        if (status < 0)
            return status;
    }
    return sys_openat(handle, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static int is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void remove_children(struct removal *removal, int fd, int depth);

static void move_to_top(struct removal *removal, int dir, const char *name)
{
    char fresh[64];
    int status;
    do {
        (void)snprintf(fresh, sizeof fresh, ".deep-%lu", removal->next++);
        /* A directory can change its parent only when it is writable itself. */
        cleanup_fd int handle = open_for_removal(dir, name);
        status = handle < 0 ? handle : sys_renameat2(dir, name, removal->top, fresh, RENAME_NOREPLACE);
    } while (status == -EEXIST);
    remember(removal, status);
}

static void remove_entry(struct removal *removal, int dir, const char *name, int depth)
{
    int status = sys_unlinkat(dir, name, 0);
    if (status == 0 || status == -ENOENT)
        return;
    if (status != -EISDIR && status != -EPERM) {
        remember(removal, status);
        return;
    }
    status = sys_unlinkat(dir, name, AT_REMOVEDIR);
    if (status == 0 || status == -ENOENT)
        return;
    if (status != -ENOTEMPTY && status != -EEXIST) {
        remember(removal, status);
        return;
    }
    if (depth >= DEPTH_MAX) {
        move_to_top(removal, dir, name);
        return;
    }
    int child = open_for_removal(dir, name);
    if (child < 0) {
        remember(removal, child);
        return;
    }
    remove_children(removal, child, depth + 1);
    remember(removal, sys_unlinkat(dir, name, AT_REMOVEDIR));
}

/* Takes fd. */
static void remove_children(struct removal *removal, int fd, int depth)
{
    cleanup_dir DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        remember(removal, -errno);
        (void)close(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        if (!is_dot(entry->d_name))
            remove_entry(removal, fd, entry->d_name, depth);
}

static int is_empty(int dir)
{
    int fd = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    cleanup_dir DIR *list = fdopendir(fd);
    if (list == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL)
        if (!is_dot(entry->d_name))
            return 0;
    return 1;
}

int tree_empty(int dir)
{
    struct removal removal = {.top = dir};
    int empty;
    /* Parts that were moved up are found by the next round. */
    do {
        unsigned long moved = removal.next;
        int fd = open_for_removal(dir, ".");
        if (fd < 0)
            return fd;
        remove_children(&removal, fd, 0);
        empty = is_empty(dir);
        if (empty == 0 && removal.next == moved && removal.error != 0)
            return removal.error;
    } while (empty == 0);
    return empty < 0 ? empty : 0;
}

int tree_remove(int dir, const char *name)
{
    int status = sys_unlinkat(dir, name, 0);
    if (status == 0 || status == -ENOENT)
        return 0;
    if (status != -EISDIR && status != -EPERM)
        return status;
    cleanup_fd int handle = sys_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (handle < 0)
        return status;
    int emptied = tree_empty(handle);
    if (emptied < 0)
        return emptied;
    status = sys_unlinkat(dir, name, AT_REMOVEDIR);
    return status == -ENOENT ? 0 : status;
}
