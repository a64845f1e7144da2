#include "emul/names.h"
#include "emul/listener.h"
#include "emul/rules.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/inotify.h>

bool take_name(struct view *view, struct caller *caller, const struct call *call, int index, struct taken *taken,
               struct answer *answer)
{
    return take_path(view, caller, call, index, WALK_PARENT | WALK_LOOK | TAKE_CHANGE, taken, answer);
}

static int link_object(int from, int dirfd, const char *name)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", from);
    return sys_linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW);
}

static int make_at(int dirfd, const char *name, const struct creation *creation)
{
    if (creation->link_from >= 0)
        return link_object(creation->link_from, dirfd, name);
    if (S_ISDIR(creation->mode))
        return sys_mkdirat(dirfd, name, creation->mode & 07777);
    if (S_ISLNK(creation->mode))
        return sys_symlinkat(creation->target, dirfd, name);
    return sys_mknodat(dirfd, name, creation->mode, creation->device);
}

/* What the kernel takes from a new file's mode: inode_init_owner() and mode_strip_sgid() in fs/inode.c. */
static mode_t stripped(const struct view *view, const struct caller *caller, mode_t mode, gid_t gid)
{
    const mode_t runs_as_group = S_ISGID | S_IXGRP;
    bool keeps = (mode & runs_as_group) != runs_as_group || in_groups(caller->cred, gid) ||
                 is_capable(view, caller->cred, CAPABILITY(CAP_FSETID));
    return keeps ? mode : mode & ~(mode_t)S_ISGID;
}

/* Notes what it shows: the group of a set-group-ID directory that the user is not in, a mode that would close it. */
static int note_shown(const struct view *view, int fd, gid_t gid, mode_t mode)
{
    const struct stat shown = {.st_uid = view->own.fsuid, .st_gid = gid, .st_mode = mode};
    return S_ISREG(mode) || S_ISDIR(mode) ? object_override_set(fd, &shown) : 0;
}

/* Whether an object of this mode is a directory that the supervisor could not work in: see closed.h. */
static bool closes(const struct view *view, mode_t mode)
{
    return !view->own_root && closed_is(mode);
}

bool inherits_noted_group(const struct directory_meta *parent)
{
    return parent->foreign && (parent->mode & S_ISGID) != 0;
}

/* Owner and mode as the kernel would have given them, had the caller made the object in this directory. */
static int dress(struct view *view, struct caller *caller, int fd, const struct directory_meta *parent,
                 const struct creation *creation)
{
    int error = 0;
    bool inherit = (parent->mode & S_ISGID) != 0, note = inherits_noted_group(parent);
    gid_t gid = inherit ? parent->gid : caller->cred->fsgid;
    mode_t mode = creation->mode & (S_IFMT | 07777) & ~caller->fs->umask;
    if (!note && (caller->cred->fsuid != view->own.fsuid || gid != view->own.fsgid))
        error = sys_fchown(fd, caller->cred->fsuid, gid);
    if (error < 0 || S_ISLNK(creation->mode))
        return error;
    if (inherit)
        mode = S_ISDIR(mode) ? mode | S_ISGID : stripped(view, caller, mode, gid);
    if (note || closes(view, mode))
        error = note_shown(view, fd, gid, mode);
    return error < 0 ? error : sys_fchmod(fd, (mode & (note ? 0777 : 07777)) | (closes(view, mode) ? S_IRWXU : 0));
}

/* In LAYER/work, with nobody's rights yet: dress() gives it the caller's. */
static int make_plain(struct view *view, struct caller *caller, const struct directory_meta *parent,
                      const struct creation *creation, const char *temp)
{
    int work = view->layer->work_fd;
    struct creation raw = *creation;
    raw.mode = (creation->mode & S_IFMT) | (S_ISDIR(creation->mode) ? 0700 : 0600);
    int error = make_at(work, temp, &raw);
    if (error < 0 || creation->link_from >= 0)
        return error;
    cleanup_fd int fd = sys_openat(work, temp, O_PATH | O_NOFOLLOW, 0);
    return fd < 0 ? fd : dress(view, caller, fd, parent, creation);
}

/* An empty directory that a new object inherits the same from as from the parent, and that the caller may write to. */
static int make_nest(struct view *view, struct caller *caller, int parent_fd, const struct directory_meta *parent,
                     const char *nest)
{
    char acl[XATTR_SIZE_MAX];
    int work = view->layer->work_fd;
    ssize_t size = sys_fgetxattr(parent_fd, XATTR_DEFAULT_ACL, acl, sizeof acl);
    int error = size < 0 ? (int)size : sys_mkdirat(work, nest, 0700);
    if (error < 0)
        return error;
    cleanup_fd int fd = sys_openat(work, nest, O_PATH | O_NOFOLLOW, 0);
    error = fd;
    if (error >= 0 && !inherits_noted_group(parent))
        error = sys_fchown(fd, caller->cred->fsuid, parent->gid);
    if (error >= 0)
        error = sys_fsetxattr(fd, XATTR_DEFAULT_ACL, acl, (size_t)size, 0);
    return error < 0 ? error : sys_fchmod(fd, 0700 | (parent->mode & S_ISGID));
}

/* A directory that the kernel made, with a mode that would close it. */
static void open_made(struct view *view, int dirfd, const char *name)
{
    struct stat st;
    if (sys_fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        upper_open_closed(view, dirfd, name, &st);
}

static int note_made(const struct view *view, const struct caller *caller, int dirfd, const char *name,
                     const struct directory_meta *parent)
{
    struct stat st;
    cleanup_fd int fd = sys_openat(dirfd, name, O_PATH | O_NOFOLLOW, 0);
    int error = fd < 0 ? fd : sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (error < 0 || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
        return error;
    mode_t mode = S_ISDIR(st.st_mode) ? st.st_mode | S_ISGID : stripped(view, caller, st.st_mode, parent->gid);
    /* Only who may write to it sets its attributes. */
    error = sys_fchmod(fd, (mode & 0777) | 0600);
    if (error == 0)
        error = note_shown(view, fd, parent->gid, mode);
    return error < 0 ? error : sys_fchmod(fd, (mode & 0777) | (closes(view, mode) ? S_IRWXU : 0));
}

/* In such a directory, by the caller's rights: the kernel makes of its default ACL what it makes of the parent's. */
static int make_in_nest(struct view *view, struct caller *caller, int parent_fd, const struct directory_meta *parent,
                        const struct creation *creation, const char *temp)
{
    char nest[32];
    int work = view->layer->work_fd;
    layer_temp_name(view->layer, nest);
    int error = make_nest(view, caller, parent_fd, parent, nest);
    cleanup_fd int fd = error < 0 ? error : sys_openat(work, nest, O_PATH | O_NOFOLLOW, 0);
    if (fd >= 0) {
        umask_enter(view, caller);
        identity_enter(view, caller->cred);
        error = make_at(fd, temp, creation);
        identity_leave(view);
        umask_leave(view);
    }
    if (fd >= 0 && error == 0 && inherits_noted_group(parent))
        error = note_made(view, caller, fd, temp, parent);
    else if (fd >= 0 && error == 0)
        open_made(view, fd, temp);
    if (fd >= 0 && error == 0)
        error = sys_renameat2(fd, temp, work, temp, RENAME_NOREPLACE);
    (void)tree_remove(work, nest);
    return error;
}

int name_make_apart(struct view *view, struct caller *caller, struct directory *dir, const struct creation *creation,
                    char temp[32])
{
    struct directory_meta parent;
    int parent_fd = directory_fd(view, dir, UPPER);
    int error = parent_fd < 0 ? parent_fd : directory_meta_get(view, dir, &parent);
    if (error < 0)
        return error;
    layer_temp_name(view->layer, temp);
    if (parent.default_acl && creation->link_from < 0 && !S_ISLNK(creation->mode))
        return make_in_nest(view, caller, parent_fd, &parent, creation, temp);
    return make_plain(view, caller, &parent, creation, temp);
}

/* In place of a whiteout, say: finished in work/, then one rename. A new directory hides the old one's contents. */
static int make_apart(struct view *view, struct caller *caller, const struct entry *entry, int dirfd,
                      const struct creation *creation)
{
    char temp[32];
    int work = view->layer->work_fd;
    bool directory = creation->link_from < 0 && S_ISDIR(creation->mode);
    int error = name_make_apart(view, caller, entry->dir, creation, temp);
    cleanup_fd int fd =
        error == 0 && directory && entry->whiteout ? sys_openat(work, temp, O_PATH | O_NOFOLLOW, 0) : -1;
    if (error == 0 && directory && entry->whiteout)
        error = fd < 0 ? fd : upper_hide_lower(fd);
    /* The whiteout that goes is no name that goes. */
    listener_mute(view, entry->dir, directory ? IN_MOVED_FROM : 0);
    if (error == 0)
        error = sys_renameat2(work, temp, dirfd, entry->name, directory && entry->whiteout ? RENAME_EXCHANGE : 0);
    listener_unmute(view, entry->dir);
    if (error < 0 || directory)
        (void)tree_remove(work, temp);
    return error;
}

static bool raw_exists(const char *host_path)
{
    struct stat st;
    return host_path[0] == '\0' || sys_fstatat(AT_FDCWD, host_path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Where the policy says "write direct": as the caller, in a directory that is held. */
static int make_on_host(struct view *view, struct caller *caller, const struct entry *entry,
                        const struct creation *creation)
{
    int dirfd = directory_fd(view, entry->dir, view->host);
    if (dirfd < 0)
        return dirfd;
    view->changes++;
    if (S_ISLNK(creation->mode))
        view->structure++;
    umask_enter(view, caller);
    identity_enter(view, caller->cred);
    int error = make_at(dirfd, entry->name, creation);
    identity_leave(view);
    umask_leave(view);
    return error;
}

static int remove_on_host(struct view *view, const struct caller *caller, const struct entry *entry)
{
    int dirfd = directory_fd(view, entry->dir, view->host);
    bool is_directory = S_ISDIR(entry->st.st_mode);
    if (dirfd < 0)
        return dirfd;
    view->changes++;
    if (is_directory || S_ISLNK(entry->st.st_mode))
        view->structure++;
    identity_enter(view, caller->cred);
    int error = sys_unlinkat(dirfd, entry->name, is_directory ? AT_REMOVEDIR : 0);
    identity_leave(view);
    if (error == 0 && is_directory)
        directory_forget(view, entry->dir, entry->name);
    return error;
}

int name_create(struct view *view, struct caller *caller, const struct taken *taken, const struct creation *creation)
{
    const struct walked *walked = &taken->walked;
    const struct entry *entry = &walked->entry;
    bool directory = creation->link_from < 0 && S_ISDIR(creation->mode);
    if (walked->kind == WALK_RAW)
        return raw_exists(walked->host_path) ? -EEXIST : -EACCES;
    if (walked->last != LAST_NAME || entry->tree >= 0)
        return -EEXIST;
    if (walked->slash && !directory)
        return -ENOENT;
    int error = may_create(view, caller, entry->dir);
    if (error == 0)
        error = creation->error;
    if (error < 0)
        return error;
    int go = rules_ask(view, caller, POLICY_WRITE, entry->dir, entry->name, taken->path);
    if (go != RULES_GO)
        return go == RULES_IGNORE ? 0 : go;
    if (rules_home(view, entry) != UPPER)
        return make_on_host(view, caller, entry, creation);
    int dirfd = upper_directory(view, entry->dir);
    if (dirfd < 0)
        return dirfd;
    view->changes++;
    struct directory_meta parent;
    error = directory_meta_get(view, entry->dir, &parent);
    if (error < 0)
        return error;
    if (entry->whiteout || (inherits_noted_group(&parent) && creation->link_from < 0))
        return make_apart(view, caller, entry, dirfd, creation);
    umask_enter(view, caller);
    /* A hard link is of an object that may belong to another: the permission for it was judged already. */
    if (creation->link_from < 0)
        identity_enter(view, caller->cred);
    error = make_at(dirfd, entry->name, creation);
    identity_leave(view);
    umask_leave(view);
    if (error == 0 && directory && (parent.default_acl || closes(view, creation->mode & ~caller->fs->umask))) {
        listener_mute(view, entry->dir, IN_ATTRIB);
        open_made(view, dirfd, entry->name);
        listener_unmute(view, entry->dir);
    }
    return error;
}

int name_remove(struct view *view, const struct caller *caller, const struct entry *entry, const char *said)
{
    int error = 0;
    bool is_directory = S_ISDIR(entry->st.st_mode);
    int go = rules_ask(view, caller, POLICY_WRITE, entry->dir, entry->name, said);
    if (go != RULES_GO)
        return go == RULES_IGNORE ? 0 : go;
    if (rules_home(view, entry) != UPPER)
        return remove_on_host(view, caller, entry);
    if (is_directory) {
        struct directory *dir = entry_directory(view, entry, &error);
        if (dir == NULL)
            return error;
        int empty = listing_is_empty(view, dir);
        error = empty == 1 ? rules_note_hidden(view, dir) : 0;
        directory_release(view, dir);
        if (empty <= 0 || error < 0)
            return empty < 0 ? empty : error < 0 ? error : -ENOTEMPTY;
    }
    int hidden = entry->tree != UPPER ? 1 : lookup_lower_has(view, entry->dir, entry->name);
    if (hidden < 0)
        return hidden;
    view->changes++;
    if (is_directory || S_ISLNK(entry->st.st_mode) || entry->tree != UPPER)
        view->structure++;
    if (hidden == 1)
        error = upper_whiteout(view, entry->dir, entry->name);
    else
        error = upper_remove(view, entry->dir, entry->name);
    if (error == 0 && is_directory)
        directory_forget(view, entry->dir, entry->name);
    if (error == 0) {
        copies_gone(view, entry);
        origins_gone(view, entry);
    }
    return error;
}
