#include "emul/names.h"

#include <errno.h>
#include <stdio.h>

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

/* Owner and mode as the kernel would have given them, had the caller made the object in this directory. */
static int dress(struct view *view, struct caller *caller, int fd, int parent_fd, const struct creation *creation)
{
    struct stat parent;
    int error = sys_fstatat(parent_fd, "", &parent, AT_EMPTY_PATH);
    if (error < 0 || creation->link_from >= 0)
        return error;
    bool inherit = (parent.st_mode & S_ISGID) != 0;
    gid_t gid = inherit ? parent.st_gid : caller->cred->fsgid;
    mode_t mode = creation->mode & 07777 & ~caller->fs->umask;
    if (caller->cred->fsuid != view->own.fsuid || gid != view->own.fsgid)
        error = sys_fchown(fd, caller->cred->fsuid, gid);
    if (error < 0 || S_ISLNK(creation->mode))
        return error;
    if (S_ISDIR(creation->mode)) {
        if (inherit)
            mode |= S_ISGID;
        error = sys_fsetxattr(fd, XATTR_OPAQUE, "y", 1, 0);
    }
    return error < 0 ? error : sys_fchmod(fd, mode);
}

/* In place of a whiteout: finished in work/, then one rename. A new directory hides the old one's contents. */
static int make_over_whiteout(struct view *view, struct caller *caller, const struct entry *entry, int dirfd,
                              const struct creation *creation)
{
    char temp[32];
    int work = view->layer->work_fd;
    struct creation raw = *creation;
    bool directory = creation->link_from < 0 && S_ISDIR(creation->mode);
    raw.mode = (creation->mode & S_IFMT) | (directory ? 0700 : 0600);
    layer_temp_name(view->layer, temp);
    int error = make_at(work, temp, &raw);
    if (error < 0)
        return error;
    cleanup_fd int fd = sys_openat(work, temp, O_PATH | O_NOFOLLOW, 0);
    error = fd < 0 ? fd : dress(view, caller, fd, dirfd, creation);
    if (error == 0)
        error = sys_renameat2(work, temp, dirfd, entry->name, directory ? RENAME_EXCHANGE : 0);
    if (error < 0 || directory)
        (void)tree_remove(work, temp);
    return error;
}

static bool raw_exists(const char *host_path)
{
    struct stat st;
    return host_path[0] == '\0' || sys_fstatat(AT_FDCWD, host_path, &st, AT_SYMLINK_NOFOLLOW) == 0;
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
    int dirfd = upper_directory(view, entry->dir);
    if (dirfd < 0)
        return dirfd;
    view->changes++;
    if (entry->whiteout)
        return make_over_whiteout(view, caller, entry, dirfd, creation);
    umask_enter(view, caller);
    /* A hard link is of an object that may belong to another: the permission for it was judged already. */
    if (creation->link_from < 0)
        identity_enter(view, caller->cred);
    error = make_at(dirfd, entry->name, creation);
    identity_leave(view);
    umask_leave(view);
    return error;
}

int name_remove(struct view *view, const struct entry *entry)
{
    int error = 0;
    bool is_directory = S_ISDIR(entry->st.st_mode);
    if (is_directory) {
        struct directory *dir = entry_directory(view, entry, &error);
        if (dir == NULL)
            return error;
        int empty = listing_is_empty(view, dir);
        directory_release(view, dir);
        if (empty <= 0)
            return empty < 0 ? empty : -ENOTEMPTY;
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
    if (error == 0)
        copies_gone(view, entry);
    return error;
}
