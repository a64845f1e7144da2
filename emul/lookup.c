/*
 * What a name is in the view: one look into each tree, topmost first.
 */
#include "emul/rules.h"
#include "emul/withheld.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define AT_PATH_MAX (NAME_MAX + 64)

bool stat_is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* "/proc/self/fd/N/NAME", for the xattr calls, which have no *at form before Linux 6.13. */
static bool at_path(int dirfd, const char *name, char path[AT_PATH_MAX])
{
    return snprintf(path, AT_PATH_MAX, "/proc/self/fd/%d/%s", dirfd, name) < AT_PATH_MAX;
}

int name_is_opaque(int dirfd, const char *name)
{
    char value[2];
    ssize_t length = sys_getxattrat(dirfd, name, XATTR_OPAQUE, value, sizeof value);
    if (length < 0 && !object_xattr_is_absent(length))
        return (int)length;
    return length == 1 && value[0] == 'y';
}

/* Where mknod fails a whiteout is an empty file with an xattr (overlayfs documentation, "whiteouts and opaque"). */
static int is_xattr_whiteout(int dirfd, const char *name, const struct stat *st)
{
    if (!S_ISREG(st->st_mode) || st->st_size != 0)
        return 0;
    ssize_t length = sys_getxattrat(dirfd, name, XATTR_WHITEOUT, NULL, 0);
    return length >= 0 ? 1 : object_xattr_is_absent(length) ? 0 : (int)length;
}

static bool is_store(const struct view *view, const struct directory *dir, const char *name)
{
    char path[PATH_MAX];
    if (!dir->watched || directory_name_path(dir, name, path) < 0)
        return false;
    for (int i = 0; i < view->hidden_count; i++)
        if (strcmp(view->hidden[i], path) == 0)
            return true;
    return false;
}

bool lookup_is_hidden(struct view *view, struct directory *dir, const char *name)
{
    return is_store(view, dir, name) || rules_hide(view, dir, name);
}

/* One tree's answer: 1 there, 0 not there and the trees below count, 2 whiteout, or -errno. */
static int look_in(struct view *view, struct directory *dir, int tree, const char *name, struct stat *st)
{
    int fd = directory_fd(view, dir, tree);
    if (fd < 0)
        return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
    int error = sys_fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW);
    if (error == -ENOENT)
        return 0;
    if (error < 0)
        return error;
    if (tree == UPPER)
        upper_open_closed(view, fd, name, st);
    int hides = tree == view->host ? 0 : stat_is_whiteout(st) ? 1 : is_xattr_whiteout(fd, name, st);
    return hides < 0 ? hides : hides + 1;
}

/* Looks in the trees from `first` on, and fills in entry's tree, trees and st. */
static int look_from(struct view *view, struct directory *dir, int first, const char *name, struct entry *entry)
{
    entry->tree = -1;
    entry->trees = 0;
    entry->whiteout = entry->masked = false;
    for (int tree = first; tree < view->tree_count; tree++) {
        struct stat st;
        if ((dir->trees & (1u << tree)) == 0 || (tree != UPPER && lookup_is_hidden(view, dir, name)))
            continue;
        int found = look_in(view, dir, tree, name, &st);
        if (found < 0)
            return found;
        if (found == 0 || (tree == UPPER && found == 1 && withheld(view, dir, name, st.st_dev, st.st_ino)))
            continue;
        if (found == 2) {
            entry->whiteout = tree == UPPER;
            entry->masked = true;
            break;
        }
        if (entry->tree < 0) {
            entry->tree = tree;
            entry->st = st;
        }
        if (!S_ISDIR(st.st_mode))
            break;
        entry->trees |= 1u << tree;
        int opaque = tree == view->host ? 0 : name_is_opaque(directory_fd(view, dir, tree), name);
        if (opaque < 0)
            return opaque;
        if (opaque == 1)
            break;
    }
    return 0;
}

int lookup(struct view *view, struct directory *dir, const char *name, struct entry *entry)
{
    size_t length = strlen(name);
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    if (dir->dead)
        return -ENOENT;
    memcpy(entry->name, name, length + 1);
    int error = look_from(view, dir, UPPER, name, entry);
    if (error == 0 && view->linked != NULL && entry->tree > UPPER && !S_ISDIR(entry->st.st_mode) &&
        origins_follow_link(view, dir, name, &entry->st))
        error = look_from(view, dir, UPPER, name, entry);
    if (error < 0)
        return error;
    entry->dir = directory_hold(dir);
    return 0;
}

void entry_release(struct view *view, struct entry *entry)
{
    if (entry->dir != NULL)
        directory_release(view, entry->dir);
    entry->dir = NULL;
}

int lookup_lower_has(struct view *view, struct directory *dir, const char *name)
{
    struct entry entry;
    if ((dir->trees & ~(1u << UPPER)) == 0)
        return 0;
    int error = look_from(view, dir, UPPER + 1, name, &entry);
    return error < 0 ? error : entry.tree >= 0;
}

int entry_of_directory(struct view *view, struct directory *dir, struct entry *entry)
{
    int tree = __builtin_ctz(dir->trees);
    int fd = directory_fd(view, dir, tree);
    int error = fd < 0 ? fd : sys_fstatat(fd, "", &entry->st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    entry->tree = tree;
    entry->trees = dir->trees;
    entry->whiteout = entry->masked = false;
    if (dir->parent == NULL) {
        entry->dir = directory_hold(dir);
        entry->name[0] = '\0';
        return 0;
    }
    entry->dir = directory_hold(dir->parent);
    memcpy(entry->name, dir->key->name, strlen(dir->key->name) + 1);
    return 0;
}

struct directory *entry_directory(struct view *view, const struct entry *entry, int *error)
{
    if (entry->name[0] == '\0')
        return directory_hold(entry->dir);
    if (entry->tree < 0 || !S_ISDIR(entry->st.st_mode)) {
        *error = entry->tree < 0 ? -ENOENT : -ENOTDIR;
        return NULL;
    }
    struct directory *dir = directory_find(view, entry->dir, entry->name, strlen(entry->name));
    if (dir == NULL)
        dir = directory_add(view, entry->dir, entry->name, strlen(entry->name), entry->trees);
    if (dir == NULL)
        *error = -ENOMEM;
    return dir;
}

/*
 * A merged directory keeps the device and inode number of the lowest tree, which it had before it was merged; its link
 * count is 1, "unknown", since the merged count would cost a listing.
 */
static void merged_identity(struct view *view, const struct entry *entry, struct stat *st)
{
    struct stat lowest;
    int tree = 31 - __builtin_clz(entry->trees);
    int fd = directory_fd(view, entry->dir, tree);
    int error = entry->name[0] == '\0' ? sys_fstatat(fd, "", &lowest, AT_EMPTY_PATH)
                                       : sys_fstatat(fd, entry->name, &lowest, AT_SYMLINK_NOFOLLOW);
    if (fd < 0 || error < 0)
        return;
    origins_show(view, fd, entry->name, &lowest);
    st->st_dev = lowest.st_dev;
    st->st_ino = lowest.st_ino;
    st->st_nlink = 1;
}

int entry_stat(struct view *view, const struct entry *entry, struct stat *st)
{
    *st = entry->st;
    /* "Unknown", as that of merged directories is. */
    if (S_ISDIR(st->st_mode) && rules_watch_name(view, entry->dir, entry->name))
        st->st_nlink = 1;
    if (entry->tree != UPPER && !S_ISDIR(st->st_mode))
        remains_show(view, st);
    if (entry->tree == view->host)
        return 0;
    if (!view->own_root && (S_ISDIR(st->st_mode) || S_ISREG(st->st_mode))) {
        int dirfd = directory_fd(view, entry->dir, entry->tree);
        char path[AT_PATH_MAX];
        if (dirfd >= 0 && at_path(dirfd, entry->name, path)) {
            cleanup_fd int fd = sys_openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);
            int error = fd < 0 ? fd : object_override(fd, st);
            if (error < 0)
                return error;
        }
    }
    if (S_ISDIR(st->st_mode) && (entry->trees & (entry->trees - 1)) != 0)
        merged_identity(view, entry, st);
    else if (view->origins != NULL)
        origins_show(view, directory_fd(view, entry->dir, entry->tree), entry->name, st);
    return 0;
}
