/*
 * Changes of the upper tree: directories on the way, whiteouts, removals.
 *
 * Every change is one rename or one mknod of something finished in LAYER/work, so
 * that a crash leaves the old or the new state.
 */
#include "emul/dir_names.h"
#include "emul/listener.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <unistd.h>

int copy_metadata(struct view *view, int from, int tree, int to, const struct stat *st)
{
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    struct stat shown = *st;
    bool link = S_ISLNK(st->st_mode);
    size_t lost = 0; /* attributes that a user may not set: left out, as cp -a does */
    int error = view->own_root || tree == view->host ? 0 : object_override(from, &shown);
    if (error < 0)
        return error;
    error = 0;
    if (shown.st_uid != view->own.fsuid || shown.st_gid != view->own.fsgid)
        error = sys_fchown(to, shown.st_uid, shown.st_gid);
    if (error < 0 && error != -EPERM && error != -EINVAL)
        return error;
    mode_t mode = shown.st_mode & (error < 0 ? 0777 : 07777);
    bool closed = !view->own_root && closed_is(shown.st_mode);
    if ((error < 0 && !link) || closed) {
        error = object_override_set(to, &shown);
        if (error < 0)
            return error;
    }
    if (closed)
        mode |= S_IRWXU;
    if (!link) {
        /* Before the mode: only who may write a file sets its user attributes (xattr(7)). */
        error = object_xattrs_copy(from, tree != view->host, to, &lost);
        if (error == 0)
            error = sys_fchmod(to, mode);
    }
    return error < 0 && !link ? error : sys_futimens(to, times);
}

void upper_open_closed(struct view *view, int dirfd, const char *name, struct stat *st)
{
    if (view->own_root || !closed_is(st->st_mode) || st->st_uid != view->own.fsuid)
        return;
    cleanup_fd int fd = sys_openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd >= 0)
        closed_open(view->layer, fd, st);
}

int upper_hide_lower(int fd)
{
    return sys_fsetxattr(fd, XATTR_OPAQUE, "y", 1, 0);
}

int upper_place(struct view *view, const char *temp, struct directory *dir, const char *name)
{
    struct stat st;
    int fd = directory_fd(view, dir, UPPER);
    int error = fd < 0 ? fd : sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    /* In the view nothing is added to this directory. */
    listener_mute(view, dir, IN_MOVED_TO | IN_ATTRIB);
    error = sys_renameat2(view->layer->work_fd, temp, fd, name, RENAME_NOREPLACE);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (error == 0)
        (void)sys_futimens(fd, times);
    listener_unmute(view, dir);
    return error;
}

static void drop_whiteouts_in(int fd, const char *name, bool *dropped)
{
    struct stat st;
    if (sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR(st.st_mode))
        upper_drop_whiteouts(fd, name);
    else if (object_is_whiteout(fd, name, &st, true) == 1 && sys_unlinkat(fd, name, 0) == 0)
        *dropped = true;
}

void upper_drop_whiteouts(int parent, const char *name)
{
    struct stat st;
    struct dir_names names = {0};
    bool dropped = false;
    cleanup_fd int fd = object_open_readable(parent, name, O_DIRECTORY);
    if (fd < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return;
    (void)dir_names_read(&names, fd, false);
    for (size_t i = 0; i < names.count; i++)
        drop_whiteouts_in(fd, names.items[i].name, &dropped);
    dir_names_free(&names);
    /* In the view nothing was removed. */
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (dropped)
        (void)sys_futimens(fd, times);
}

/* File systems that the kernel makes up have nothing that could be copied. */
static bool is_pseudo(int fd)
{
    static const long magics[] = {PROC_SUPER_MAGIC,   SYSFS_MAGIC,    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                  DEBUGFS_MAGIC,      TRACEFS_MAGIC,  SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                                  DEVPTS_SUPER_MAGIC, BINFMTFS_MAGIC, SELINUX_MAGIC,      PSTOREFS_MAGIC,
                                  EFIVARFS_MAGIC,     0x62656570 /*configfs*/};
    struct statfs fs;
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (fs.f_type == magics[i])
            return true;
    return false;
}

static int make_upper_directory(struct view *view, struct directory *dir, int tree, int source)
{
    char temp[32];
    struct stat st;
    int work = view->layer->work_fd;
    int error = sys_fstatat(source, "", &st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    layer_temp_name(view->layer, temp);
    error = sys_mkdirat(work, temp, 0700);
    if (error < 0)
        return error;
    cleanup_fd int fd = sys_openat2(work, temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, SYS_BENEATH);
    error = fd < 0 ? fd : copy_metadata(view, source, tree, fd, &st);
    if (error == 0)
        error = upper_note_base(view, dir->parent, dir->key->name);
    if (error == 0)
        error = upper_place(view, temp, dir->parent, dir->key->name);
    if (error < 0)
        (void)tree_remove(work, temp);
    /* A worker was there first. */
    return error == -EEXIST ? 0 : error;
}

int upper_directory(struct view *view, struct directory *dir)
{
    if (dir->dead)
        return -ENOENT;
    view->upper_empty = false;
    if ((dir->trees & (1u << UPPER)) == 0) {
        int tree = __builtin_ctz(dir->trees);
        int source = directory_fd(view, dir, tree);
        if (source < 0)
            return source;
        if (dir->proc || is_pseudo(source))
            return -EACCES;
        int parent = upper_directory(view, dir->parent);
        if (parent < 0)
            return parent;
        source = directory_fd(view, dir, tree);
        int error = source < 0 ? source : make_upper_directory(view, dir, tree, source);
        if (error < 0)
            return error;
        dir->trees |= 1u << UPPER;
        dir->meta_known = false;
        view->structure++;
    }
    return directory_fd(view, dir, UPPER);
}

int upper_note_base(struct view *view, struct directory *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    int fd = (dir->trees & (1u << view->host)) != 0 ? directory_fd(view, dir, view->host) : -ENOENT;
    if (fd < 0 || sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || lookup_is_hidden(view, dir, name))
        return 0;
    int error = directory_name_path(dir, name, path);
    return error < 0 ? error : layer_base_note(view->layer, path, &st);
}

int upper_open_path(struct view *view, const struct entry *entry)
{
    if (entry->name[0] == '\0')
        return sys_openat(view->trees[UPPER].fd, ".", O_PATH, 0);
    int fd = directory_fd(view, entry->dir, UPPER);
    return fd < 0 ? fd : sys_openat(fd, entry->name, O_PATH | O_NOFOLLOW, 0);
}

/*
 * Makes a whiteout: one more name of the layer's one whiteout inode, as the kernel's overlayfs does it. A new inode for
 * each would make ext4 search its bitmaps for a place again and again. Its links are limited (ext4: 65,000), so a full
 * one is replaced.
 */
static int make_whiteout(struct view *view, int dirfd, const char *name)
{
    int work = view->layer->work_fd;
    int error = view->whiteout[0] == '\0' ? -ENOENT : sys_linkat(work, view->whiteout, dirfd, name, 0);
    if (error != -EMLINK && error != -ENOENT)
        return error;
    layer_temp_name(view->layer, view->whiteout);
    error = sys_mknodat(work, view->whiteout, S_IFCHR, 0);
    if (error < 0) {
        view->whiteout[0] = '\0';
        return error;
    }
    return sys_linkat(work, view->whiteout, dirfd, name, 0);
}

static int make_whiteout_unheard(struct view *view, struct directory *dir, int fd, const char *name)
{
    listener_mute(view, dir, IN_CREATE);
    int error = make_whiteout(view, fd, name);
    listener_unmute(view, dir);
    return error;
}

/*
 * Who watches the directory hears that a name goes which the upper tree does not have: something is made there unheard,
 * and removed. A crash before the second whiteout leaves the name as it was: nobody was told yet that it is gone.
 */
static int whiteout_heard(struct view *view, struct directory *dir, int fd, const char *name)
{
    struct entry entry;
    int error = lookup(view, dir, name, &entry);
    if (error < 0)
        return error;
    bool directory = entry.tree >= 0 && S_ISDIR(entry.st.st_mode);
    entry_release(view, &entry);
    listener_mute(view, dir, IN_CREATE);
    error = directory ? sys_mkdirat(fd, name, 0700) : make_whiteout(view, fd, name);
    listener_unmute(view, dir);
    if (error == 0)
        error = sys_unlinkat(fd, name, directory ? AT_REMOVEDIR : 0);
    return error < 0 ? error : make_whiteout_unheard(view, dir, fd, name);
}

/* The same where there is a whiteout already: it is moved away, and the kernel puts another in its place. */
static void tell_of_whiteout(struct view *view, int fd, const char *name)
{
    char temp[32];
    layer_temp_name(view->layer, temp);
    if (sys_renameat2(fd, name, view->layer->work_fd, temp, RENAME_WHITEOUT) == 0)
        (void)unlinkat(view->layer->work_fd, temp, 0);
}

/* What the upper tree has at the name, whose stat is st, gives way to a whiteout. */
static int whiteout_over(struct view *view, struct directory *dir, int fd, const char *name, const struct stat *st)
{
    char temp[32];
    int work = view->layer->work_fd;
    layer_temp_name(view->layer, temp);
    int error = make_whiteout(view, work, temp);
    if (error < 0)
        return error;
    listener_mute(view, dir, IN_MOVE);
    if (S_ISDIR(st->st_mode))
        listener_last(view, dir, name);
    error = sys_renameat2(work, temp, fd, name, S_ISDIR(st->st_mode) ? RENAME_EXCHANGE : 0);
    listener_unmute(view, dir);
    if (error == 0 && dir->heard > 0)
        tell_of_whiteout(view, fd, name);
    if (error < 0 || S_ISDIR(st->st_mode))
        (void)tree_remove(work, temp);
    return error;
}

int upper_whiteout(struct view *view, struct directory *dir, const char *name)
{
    struct stat st;
    int fd = upper_directory(view, dir);
    int error = fd < 0 ? fd : sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW);
    if (error == -ENOENT) {
        error = upper_note_base(view, dir, name);
        if (error < 0)
            return error;
        return dir->heard > 0 ? whiteout_heard(view, dir, fd, name) : make_whiteout(view, fd, name);
    }
    return error < 0 ? error : whiteout_over(view, dir, fd, name, &st);
}

int upper_remove(struct view *view, struct directory *dir, const char *name)
{
    char temp[32];
    struct stat st;
    int fd = directory_fd(view, dir, UPPER);
    int error = fd < 0 ? fd : sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW);
    if (error < 0)
        return error;
    if (!S_ISDIR(st.st_mode))
        return sys_unlinkat(fd, name, 0);
    error = sys_unlinkat(fd, name, AT_REMOVEDIR);
    if (error != -ENOTEMPTY && error != -EEXIST)
        return error;
    /* Empty in the view, but whiteouts are left in it. */
    listener_last(view, dir, name);
    layer_temp_name(view->layer, temp);
    error = sys_renameat2(fd, name, view->layer->work_fd, temp, RENAME_NOREPLACE);
    if (error == 0)
        (void)tree_remove(view->layer->work_fd, temp);
    return error;
}
