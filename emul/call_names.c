/*
 * mkdir, mknod, symlink, link, unlink and rmdir.
 */
#include "emul/names.h"
#include "emul/rules.h"
#include "policy/devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

void call_mkdir(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    struct creation creation = {.link_from = -1};
    if (!take_name(view, caller, call, 0, &taken, answer))
        return;
    /* mkdir(2): only the permission bits and the sticky bit count. */
    creation.mode = S_IFDIR | ((mode_t)call->args[taken.argument + 1] & 01777);
    answer_result(answer, name_create(view, caller, &taken, &creation));
    taken_release(view, &taken);
}

void call_mknod(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    struct creation creation = {.link_from = -1};
    mode_t mode = (mode_t)call->args[call->row->path[0].path + 1];
    mode_t type = mode & S_IFMT;
    if (type == S_IFDIR ||
        (type != 0 && type != S_IFREG && type != S_IFIFO && type != S_IFSOCK && type != S_IFCHR && type != S_IFBLK)) {
        /* may_mknod() in fs/namei.c: before the path is looked at. */
        answer_result(answer, type == S_IFDIR ? -EPERM : -EINVAL);
        return;
    }
    if (!take_name(view, caller, call, 0, &taken, answer))
        return;
    creation.mode = (type == 0 ? S_IFREG : type) | (mode & 07777);
    bool allowed = true;
    if (type == S_IFCHR || type == S_IFBLK) {
        const uint64_t may_mknod = 1u << 27; /* CAP_MKNOD */
        /* The kernel's own form, of 12 and 20 bits; glibc's macros look at more. */
        creation.device = (dev_t)(uint32_t)call->args[call->row->path[0].path + 2];
        /* Any other device leads out of the view, and 0/0 is the layer's whiteout. */
        allowed = type == S_IFCHR && device_may_make(creation.device);
        creation.error = allowed && (caller->cred->capabilities & may_mknod) != 0 ? 0 : -EPERM;
    }
    int error = name_create(view, caller, &taken, &creation);
    if (!allowed && error == -EPERM)
        refuse_notice(view, caller, "%s: making nodes of this device is not allowed", taken.path);
    answer_result(answer, error);
    taken_release(view, &taken);
}

void call_symlink(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    char target[PATH_MAX];
    struct creation creation = {.mode = S_IFLNK | 0777, .target = target, .link_from = -1};
    ssize_t length = read_path(caller, call->args[0], target);
    if (length <= 0) {
        answer_result(answer, length == 0 ? -ENOENT : length);
        return;
    }
    if (!take_name(view, caller, call, 0, &taken, answer))
        return;
    answer_result(answer, name_create(view, caller, &taken, &creation));
    taken_release(view, &taken);
}

void call_unlink(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    if (call->number == SYS_unlinkat && ((int)call->args[2] & ~AT_REMOVEDIR) != 0) {
        answer_result(answer, -EINVAL);
        return;
    }
    if (!take_name(view, caller, call, 0, &taken, answer))
        return;
    const struct walked *walked = &taken.walked;
    const struct entry *entry = &walked->entry;
    bool rmdir =
        call->number == SYS_rmdir || (call->number == SYS_unlinkat && ((int)call->args[2] & AT_REMOVEDIR) != 0);
    bool directory = walked->kind == WALK_ENTRY && entry->tree >= 0 && S_ISDIR(entry->st.st_mode);
    int error = 0;
    if (walked->kind == WALK_RAW)
        error = walked->host_path[0] == '\0' ? -EINVAL : walked->slash ? -ENOTDIR : -EPERM;
    else if (walked->last == LAST_DOT || walked->last == LAST_DOTDOT)
        error = !rmdir ? -EISDIR : walked->last == LAST_DOT ? -EINVAL : -ENOTEMPTY;
    else if (walked->last == LAST_ROOT)
        error = rmdir ? -EBUSY : -EISDIR;
    else if (entry->tree < 0)
        error = -ENOENT;
    else if (!rmdir && walked->slash)
        error = directory ? -EISDIR : -ENOTDIR;
    else if ((error = may_remove(view, caller, entry)) < 0)
        ;
    else if (rmdir != directory)
        error = rmdir ? -ENOTDIR : -EISDIR;
    else if (is_mount_point(view, entry))
        error = -EBUSY;
    else
        error = name_remove(view, caller, entry, taken.path);
    answer_result(answer, error);
    taken_release(view, &taken);
}

/* What can be said of the first path before the second is looked at (do_linkat() in fs/namei.c). 0 or -errno. */
static int check_source(struct caller *caller, const struct taken *from)
{
    if (from->by_descriptor && from->dirfd != AT_FDCWD) {
        cleanup_fd int fd = caller->ops->dup_fd(caller->context, from->dirfd);
        return fd < 0 ? fd : 0;
    }
    if (from->by_descriptor || from->walked.kind != WALK_ENTRY)
        return 0;
    if (from->walked.entry.tree < 0)
        return -ENOENT;
    return from->walked.slash && !S_ISDIR(from->walked.entry.st.st_mode) ? -ENOTDIR : 0;
}

/*
 * To be linked on the host itself: what the policy lets be written there, or a file that was made without a name. Such
 * a file is shown without one when it has got one, too; that it is open for reading and writing says that it may be.
 */
static int link_host_object(struct view *view, struct object *object)
{
    int flags = fcntl(object->fd, F_GETFL);
    bool open = flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) == O_RDWR;
    bool fresh =
        object->named && !object->in_layer && !object->raw && !object->found && (object->st.st_nlink == 0 || open);
    bool direct = object->found && !object->in_layer && rules_home(view, &object->entry) != UPPER;
    return fresh || direct ? steal_fd(&object->fd) : -EXDEV;
}

/* Of an object that is open: a descriptor in the upper tree. Owned, or -errno; *wait as below. */
static int link_object_source(struct view *view, struct object *object, pid_t *wait)
{
    if (object->in_upper)
        return steal_fd(&object->fd);
    if (!object->found)
        return object->named && !object->raw && !object->in_layer ? -ENOENT : -EXDEV;
    if (S_ISDIR(object->entry.st.st_mode))
        return -EPERM;
    int error = copy_up(view, &object->entry, false);
    *wait = error > 0 ? error : 0;
    return error > 0 ? -EAGAIN : error < 0 ? error : upper_open_path(view, &object->entry);
}

/* By another name it could be read, or written to. 0 or -errno. */
static int ask_linked(struct view *view, const struct caller *caller, int fd)
{
    int go = rules_ask_descriptor(view, caller, POLICY_READ, fd);
    if (go == RULES_GO)
        go = rules_ask_descriptor(view, caller, POLICY_WRITE, fd);
    return go < 0 ? go : 0;
}

/* A descriptor of what the first path of link names, in the upper tree. A worker's pid + 1 is never mistaken: *wait. */
static int link_source(struct view *view, struct caller *caller, struct taken *taken, bool follow, int home,
                       pid_t *wait)
{
    struct entry *entry = &taken->walked.entry;
    *wait = 0;
    if (taken->by_descriptor || taken->walked.kind == WALK_RAW) {
        /* O_TMPFILE and the like: /proc/self/fd/N, or AT_EMPTY_PATH. */
        struct object object;
        if (taken->by_descriptor && taken->dirfd == AT_FDCWD)
            return -EPERM; /* a directory */
        if (!follow && !taken->by_descriptor)
            return -EXDEV;
        int error = taken->by_descriptor ? descriptor_object(view, caller, taken->dirfd, &object)
                                         : magic_object(view, caller, taken->walked.host_path, &object);
        if (error == 0)
            error = ask_linked(view, caller, object.fd);
        int fd = error < 0       ? error
                 : home != UPPER ? link_host_object(view, &object)
                                 : link_object_source(view, &object, wait);
        object_release(view, &object);
        return fd;
    }
    if (S_ISDIR(entry->st.st_mode))
        return -EPERM;
    if (home != UPPER)
        return rules_open_home(view, entry);
    int error = copy_up(view, entry, false);
    if (error > 0)
        *wait = error;
    return error != 0 ? (error > 0 ? -EAGAIN : error) : upper_open_path(view, entry);
}

/* What rules say of the file that is to get another name, by which it could be read or written to. 0 or -errno. */
static int ask_source(struct view *view, const struct caller *caller, const struct taken *from, int home)
{
    const struct entry *entry = &from->walked.entry;
    if (view->policy == NULL || from->by_descriptor || from->walked.kind != WALK_ENTRY)
        return 0;
    int go = rules_ask(view, caller, POLICY_READ, entry->dir, entry->name, from->path);
    if (go == RULES_GO)
        go = rules_ask(view, caller, POLICY_WRITE, entry->dir, entry->name, from->path);
    if (go < 0)
        return go;
    return rules_home(view, entry) == home ? 0 : -EXDEV;
}

void call_link(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken from, to;
    unsigned follow = call->number == SYS_linkat ? TAKE_DEFAULT : 0;
    pid_t wait = 0;
    if (!take_path(view, caller, call, 0, follow | WALK_LOOK | TAKE_CHANGE, &from, answer))
        return;
    int error = check_source(caller, &from);
    if (error < 0) {
        answer_result(answer, error);
        taken_release(view, &from);
        return;
    }
    if (!take_name(view, caller, call, 1, &to, answer)) {
        taken_release(view, &from);
        return;
    }
    struct creation creation = {.mode = S_IFREG, .link_from = -1};
    /* The kernel's order (do_linkat() in fs/namei.c): the new name, the right to make it, then what is linked. */
    if (to.walked.kind == WALK_ENTRY && (to.walked.last != LAST_NAME || to.walked.entry.tree >= 0))
        error = -EEXIST;
    else if (to.walked.kind == WALK_ENTRY && to.walked.slash)
        error = -ENOENT;
    else if (to.walked.kind == WALK_ENTRY) {
        bool named = !from.by_descriptor && from.walked.kind == WALK_ENTRY;
        if (named && is_other_mount(view, from.walked.entry.dir, to.walked.entry.dir))
            error = -EXDEV;
        else if (named)
            error = may_link(view, caller, &from.walked.entry);
        if (error == 0)
            error = may_create(view, caller, to.walked.entry.dir);
        if (error == 0 && !from.by_descriptor && from.walked.kind == WALK_ENTRY &&
            fixed_attributes(view, &from.walked.entry) != 0)
            error = -EPERM;
    }
    int home = to.walked.kind == WALK_ENTRY ? rules_home(view, &to.walked.entry) : UPPER;
    if (error == 0)
        error = ask_source(view, caller, &from, home);
    if (error == 0) {
        creation.link_from =
            link_source(view, caller, &from, (from.flags & AT_SYMLINK_FOLLOW) != 0 && follow != 0, home, &wait);
        error = creation.link_from;
    }
    if (error >= 0) {
        struct stat st;
        error = name_create(view, caller, &to, &creation);
        if (error == 0 && sys_fstatat(creation.link_from, "", &st, AT_EMPTY_PATH) == 0)
            copies_named(view, &st, to.walked.entry.dir, to.walked.entry.name);
        (void)close(creation.link_from);
    }
    answer_result(answer, error);
    if (wait > 0) {
        answer->kind = ANSWER_WAIT;
        answer->worker = wait;
    }
    taken_release(view, &to);
    taken_release(view, &from);
}
