/*
 * Who may: what the kernel's own checks are about where only coffer knows the answer, and who asks the kernel for the
 * rest (identity.c).
 */
#include "emul/known.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

bool is_capable(const struct view *view, const struct credentials *cred, uint64_t capabilities)
{
    return view->own_root && (cred->capabilities & capabilities) != 0;
}

bool searches_everywhere(const struct view *view, const struct credentials *cred)
{
    return is_capable(view, cred, CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH));
}

bool in_groups(const struct credentials *cred, gid_t gid)
{
    if (cred->fsgid == gid)
        return true;
    for (int i = 0; i < cred->group_count; i++)
        if (cred->groups[i] == gid)
            return true;
    return false;
}

/* The kernel's generic_permission() without ACLs, for objects whose real owner only coffer knows. */
static int judge(const struct credentials *cred, uid_t uid, gid_t gid, mode_t mode, int mask)
{
    mode_t bits = mode & 7;
    if (cred->fsuid == uid)
        bits = (mode >> 6) & 7;
    else if (in_groups(cred, gid))
        bits = (mode >> 3) & 7;
    return ((mode_t)mask & ~bits) == 0 ? 0 : -EACCES;
}

/* A read-only file system is no obstacle: the write goes to the layer. */
static int forgive_read_only(int error)
{
    return error == -EROFS ? 0 : error;
}

/* STATX_ATTR_IMMUTABLE and STATX_ATTR_APPEND of what the host has at a name of a directory, or of the directory. */
static uint64_t host_attributes(struct view *view, struct directory *dir, const char *name)
{
    struct statx sx;
    int fd = directory_fd(view, dir, view->host);
    if (fd < 0 || syscall(SYS_statx, fd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &sx) < 0)
        return 0;
    return sx.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND);
}

uint64_t fixed_attributes(struct view *view, const struct entry *entry)
{
    bool on_host = entry->tree == view->host || (entry->trees & (1u << view->host)) != 0;
    return on_host ? host_attributes(view, entry->dir, entry->name) : 0;
}

static uint64_t fixed_directory(struct view *view, struct directory *dir)
{
    if ((dir->trees & (1u << view->host)) == 0 || dir->proc || known_plain(view, dir, "/", 1))
        return 0;
    uint64_t attributes = host_attributes(view, dir, "");
    if (attributes == 0)
        known_plain_add(view, dir, "/", 1); /* what is known under this name: that it may be changed */
    return attributes;
}

/* Every directory and every content is open to him (capabilities(7)). */
static bool overrides_modes(const struct view *view, const struct caller *caller)
{
    return is_capable(view, caller->cred, CAPABILITY(CAP_DAC_OVERRIDE));
}

int may_access_dir(struct view *view, const struct caller *caller, struct directory *dir, int mask)
{
    struct directory_meta meta;
    int tree = __builtin_ctz(dir->trees);
    if (overrides_modes(view, caller))
        return 0;
    if (tree != view->host) {
        int error = directory_meta_get(view, dir, &meta);
        if (error < 0)
            return error;
        if (meta.override)
            return judge(caller->cred, meta.uid, meta.gid, meta.mode, mask);
    }
    int fd = directory_fd(view, dir, tree);
    if (fd < 0)
        return fd;
    identity_enter(view, caller->cred);
    int error = sys_faccessat(fd, "", mask, AT_EACCESS | AT_EMPTY_PATH);
    identity_leave(view);
    return forgive_read_only(error);
}

int may_search(struct view *view, const struct caller *caller, struct directory *dir)
{
    struct directory_meta meta;
    if (dir->dead && (!dir->meta_known || searches_everywhere(view, caller->cred)))
        return 0;
    int error = directory_meta_get(view, dir, &meta);
    if (error < 0)
        return error;
    if (meta.override || dir->dead)
        return judge(caller->cred, meta.uid, meta.gid, meta.mode, X_OK);
    if ((meta.mode & 0111) == 0111 || (meta.uid == caller->cred->fsuid && (meta.mode & 0100) != 0))
        return 0;
    return may_access_dir(view, caller, dir, X_OK);
}

int may_access(struct view *view, const struct caller *caller, const struct entry *entry, int mask)
{
    struct stat st;
    if (entry->name[0] == '\0')
        return may_access_dir(view, caller, entry->dir, mask);
    if ((mask & W_OK) != 0 && (fixed_attributes(view, entry) & STATX_ATTR_IMMUTABLE) != 0)
        return -EPERM;
    if ((mask & X_OK) == 0 && overrides_modes(view, caller))
        return 0;
    if (entry->tree != view->host && !view->own_root) {
        (void)entry_stat(view, entry, &st);
        if (st.st_uid != entry->st.st_uid || st.st_gid != entry->st.st_gid || st.st_mode != entry->st.st_mode)
            return judge(caller->cred, st.st_uid, st.st_gid, st.st_mode, mask);
    }
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    if (dirfd < 0)
        return dirfd;
    if (identity_is_own(view, caller->cred))
        return forgive_read_only(sys_faccessat(dirfd, entry->name, mask, AT_EACCESS | AT_SYMLINK_NOFOLLOW));
    /* Of the object alone: the way to it was judged, and the host's directory may have another mode than the view's. */
    cleanup_fd int fd = sys_openat(dirfd, entry->name, O_PATH | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    identity_enter(view, caller->cred);
    int error = sys_faccessat(fd, "", mask, AT_EACCESS | AT_EMPTY_PATH);
    identity_leave(view);
    return forgive_read_only(error);
}

int may_access_object(struct view *view, const struct caller *caller, int fd, int mask)
{
    struct stat st;
    int noted = view->own_root ? 0 : sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (view->own_root || noted < 0 || !S_ISDIR(st.st_mode))
        return noted;
    noted = object_override(fd, &st);
    return noted <= 0 ? noted : judge(caller->cred, st.st_uid, st.st_gid, st.st_mode, mask);
}

/* Whether the kernel would refuse the caller a directory of the host that is open to him in the view. */
static bool refused_on_host(struct view *view, const struct caller *caller, struct directory *dir, int mask)
{
    struct stat st;
    if ((dir->trees & (1u << view->host)) == 0 || dir->trees == 1u << view->host || known_plain(view, dir, "..", 2))
        return false;
    int fd = directory_fd(view, dir, view->host);
    if (fd < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return false;
    if ((st.st_mode & 0555) == 0555) {
        known_plain_add(view, dir, "..", 2); /* what is known under this name: that it is open to everybody */
        return false;
    }
    identity_enter(view, caller->cred);
    int error = sys_faccessat(fd, "", mask, AT_EACCESS | AT_EMPTY_PATH);
    identity_leave(view);
    return error == -EACCES && may_access_dir(view, caller, dir, mask) == 0;
}

bool way_is_closed(struct view *view, const struct caller *caller, struct directory *dir)
{
    if (!view->own_root || searches_everywhere(view, caller->cred))
        return false;
    for (; dir != NULL; dir = dir->parent)
        if (refused_on_host(view, caller, dir, X_OK))
            return true;
    return false;
}

bool host_is_closed(struct view *view, const struct caller *caller, const struct entry *entry)
{
    int error = 0;
    if (!view->own_root || searches_everywhere(view, caller->cred))
        return false;
    if (way_is_closed(view, caller, entry->dir))
        return true;
    struct directory *dir = S_ISDIR(entry->st.st_mode) ? entry_directory(view, entry, &error) : NULL;
    bool closed = dir != NULL && (refused_on_host(view, caller, dir, X_OK) || refused_on_host(view, caller, dir, R_OK));
    directory_release(view, dir);
    return closed;
}

bool path_is_closed(struct view *view, const struct caller *caller, struct directory *dir)
{
    if (!view->own_root || searches_everywhere(view, caller->cred))
        return false;
    for (; dir != NULL; dir = dir->parent)
        if (may_search(view, caller, dir) < 0)
            return true;
    return false;
}

int may_own(struct view *view, const struct caller *caller, const struct entry *entry)
{
    struct stat st;
    (void)entry_stat(view, entry, &st);
    return caller->cred->fsuid == st.st_uid || is_capable(view, caller->cred, CAPABILITY(CAP_FOWNER)) ? 0 : -EPERM;
}

int may_create(struct view *view, const struct caller *caller, struct directory *dir)
{
    if (dir->dead)
        return -ENOENT;
    if ((fixed_directory(view, dir) & STATX_ATTR_IMMUTABLE) != 0)
        return -EPERM;
    return may_access_dir(view, caller, dir, W_OK | X_OK);
}

/* "/proc/sys/fs/protected_NAME" (proc_sys_fs(5)); read only where it would forbid something. */
static int protection(const char *name)
{
    char path[64], digit = '0';
    (void)snprintf(path, sizeof path, "/proc/sys/fs/protected_%s", name);
    cleanup_fd int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    return fd >= 0 && read(fd, &digit, 1) == 1 ? digit - '0' : 0;
}

int may_follow(struct view *view, const struct caller *caller, struct directory *dir, int tree, const char *name)
{
    struct directory_meta meta;
    struct stat st;
    const mode_t common = S_ISVTX | S_IWOTH;
    /* What is known under the empty name is of the directory itself: its links are anybody's to follow. */
    bool host_only = dir->trees == 1u << view->host;
    if ((host_only && known_plain(view, dir, "", 0)) || directory_meta_get(view, dir, &meta) < 0)
        return 0;
    if ((meta.mode & common) != common) {
        if (host_only)
            known_plain_add(view, dir, "", 0);
        return 0;
    }
    int fd = directory_fd(view, dir, tree);
    if (fd < 0 || sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid == caller->cred->fsuid ||
        st.st_uid == meta.uid)
        return 0;
    return protection("symlinks") != 0 ? -EACCES : 0;
}

int may_open_again(struct view *view, const struct caller *caller, const struct entry *entry)
{
    struct directory_meta meta;
    struct stat st;
    bool file = S_ISREG(entry->st.st_mode);
    if (S_ISDIR(entry->st.st_mode) || directory_meta_get(view, entry->dir, &meta) < 0 || (meta.mode & S_ISVTX) == 0 ||
        (meta.mode & (S_IWOTH | S_IWGRP)) == 0)
        return 0;
    (void)entry_stat(view, entry, &st);
    if (st.st_uid == caller->cred->fsuid || st.st_uid == meta.uid)
        return 0;
    /* Of sockets and devices no setting speaks (may_create_in_sticky() in fs/namei.c). */
    int level = file ? protection("regular") : S_ISFIFO(entry->st.st_mode) ? protection("fifos") : 1;
    return level > ((meta.mode & S_IWOTH) != 0 ? 0 : 1) ? -EACCES : 0;
}

/* What nobody could use to keep a program alive, or to get at a file, that its owner removed (safe_hardlink_source()).
 */
static bool is_safe_to_link(struct view *view, const struct caller *caller, const struct entry *entry)
{
    mode_t mode = entry->st.st_mode;
    return S_ISREG(mode) && (mode & S_ISUID) == 0 && (mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
           may_access(view, caller, entry, R_OK | W_OK) == 0;
}

int may_link(struct view *view, const struct caller *caller, const struct entry *entry)
{
    if (may_own(view, caller, entry) == 0 || is_safe_to_link(view, caller, entry))
        return 0;
    return protection("hardlinks") != 0 ? -EPERM : 0;
}

int may_remove(struct view *view, const struct caller *caller, const struct entry *entry)
{
    struct directory_meta meta;
    uint64_t fixed = fixed_directory(view, entry->dir);
    int error = (fixed & STATX_ATTR_IMMUTABLE) != 0 ? -EPERM : may_access_dir(view, caller, entry->dir, W_OK | X_OK);
    if (error == 0 && (fixed != 0 || fixed_attributes(view, entry) != 0))
        error = -EPERM;
    if (error == 0)
        error = directory_meta_get(view, entry->dir, &meta);
    if (error < 0)
        return error;
    return (meta.mode & S_ISVTX) == 0 || caller->cred->fsuid == meta.uid ? 0 : may_own(view, caller, entry);
}
