/*
 * Calls that change an object: modes, owners, times, length, inode flags; by path and through descriptors, since
 * fchmod() and its like change a host inode even through a read-only descriptor.
 */
#include "emul/change.h"
#include "emul/shapes.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether only an attribute tells who the object belongs to, as in an ordinary user's layer; then *st is that. */
static bool has_override(int fd, struct stat *st)
{
    return geteuid() != 0 && sys_fstatat(fd, "", st, AT_EMPTY_PATH) == 0 && object_override(fd, st) == 1;
}

static int act_chmod(int fd, const void *request)
{
    const mode_t *mode = request;
    return closed_chmod(fd, *mode);
}

/* The host has no notes: what is closed there is closed. */
static int act_chmod_direct(int fd, const void *request)
{
    const mode_t *mode = request;
    return sys_fchmod(fd, *mode);
}

/* A link has no mode of its own that could be changed, whoever asks (notify_change() in fs/attr.c). */
static int judge_chmod(struct view *view, const struct caller *caller, const struct entry *entry, const void *request)
{
    return S_ISLNK(entry->st.st_mode) ? -EOPNOTSUPP : judge_owner(view, caller, entry, request);
}

void call_chmod(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    mode_t mode = (mode_t)call->args[call->row->path[0].path + 1] & 07777;
    struct change change = {.judge = judge_chmod, .act = act_chmod, .act_direct = act_chmod_direct, .request = &mode};
    change_path(view, caller, call, TAKE_DEFAULT, &change, answer);
}

void call_fchmod(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    mode_t mode = (mode_t)call->args[1] & 07777;
    struct change change = {.judge = judge_owner, .act = act_chmod, .act_direct = act_chmod_direct, .request = &mode};
    change_descriptor(view, caller, (int)call->args[0], false, &change, answer);
}

struct owner {
    uid_t uid;
    gid_t gid;
};

static int act_chown(int fd, const void *request)
{
    const struct owner *owner = request;
    struct stat st;
    int error = sys_fchown(fd, owner->uid, owner->gid);
    if (error < 0 || owner->gid == (gid_t)-1 || !has_override(fd, &st))
        return error;
    st.st_gid = owner->gid;
    return object_override_set(fd, &st);
}

/* chown(2): the owner may give the file to a group of his; CAP_CHOWN anything. */
static int judge_chown(struct view *view, const struct caller *caller, const struct entry *entry, const void *request)
{
    const struct owner *owner = request;
    struct stat st;
    bool group_ok = owner->gid == (gid_t)-1 || owner->gid == caller->cred->fsgid;
    if (is_capable(view, caller->cred, CAPABILITY(CAP_CHOWN)))
        return 0;
    (void)entry_stat(view, entry, &st);
    group_ok = group_ok || owner->gid == st.st_gid; /* the one that it has */
    for (int i = 0; i < caller->cred->group_count; i++)
        group_ok = group_ok || caller->cred->groups[i] == owner->gid;
    if (owner->uid == (uid_t)-1 && owner->gid == (gid_t)-1)
        return 0;
    bool user_ok = owner->uid == (uid_t)-1 || owner->uid == st.st_uid;
    return st.st_uid == caller->cred->fsuid && user_ok && group_ok ? 0 : -EPERM;
}

void call_chown(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int path = call->row->path[0].path;
    struct owner owner = {(uid_t)call->args[path + 1], (gid_t)call->args[path + 2]};
    struct change change = {.judge = judge_chown,
                            .act = act_chown,
                            .request = &owner,
                            .appends = owner.uid == (uid_t)-1 && owner.gid == (gid_t)-1};
    change_path(view, caller, call, TAKE_DEFAULT, &change, answer);
}

void call_fchown(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct owner owner = {(uid_t)call->args[1], (gid_t)call->args[2]};
    struct change change = {.judge = judge_chown,
                            .act = act_chown,
                            .request = &owner,
                            .appends = owner.uid == (uid_t)-1 && owner.gid == (gid_t)-1};
    change_descriptor(view, caller, (int)call->args[0], false, &change, answer);
}

static int act_times(int fd, const void *request)
{
    return sys_futimens(fd, request);
}

static bool valid_times(const struct timespec times[2])
{
    for (int i = 0; i < 2; i++)
        if (times[i].tv_nsec != UTIME_NOW && times[i].tv_nsec != UTIME_OMIT &&
            (times[i].tv_nsec < 0 || times[i].tv_nsec >= 1000000000))
            return false;
    return true;
}

/* utimensat(2): "now" may be set by whoever may write, other times by the owner alone. */
static int judge_times(struct view *view, const struct caller *caller, const struct entry *entry, const void *request)
{
    const struct timespec *times = request;
    if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
        return 0;
    if (!valid_times(times))
        return -EINVAL;
    if (may_own(view, caller, entry) == 0)
        return 0;
    if (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)
        return may_access(view, caller, entry, 2);
    return -EPERM;
}

/* The times argument in each call's own form. 0 or -errno. */
static int read_times(struct caller *caller, const struct call *call, uint64_t address, struct timespec times[2])
{
    times[0].tv_nsec = times[1].tv_nsec = UTIME_NOW;
    times[0].tv_sec = times[1].tv_sec = 0;
    return address == 0 ? 0 : shape_read_times(caller, call, address, times);
}

void call_utimens(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct timespec times[2];
    int path = call->row->path[0].path;
    struct change change = {.judge = judge_times, .act = act_times, .request = times};
    int error = read_times(caller, call, call->args[path + 1], times);
    change.appends = times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW;
    if (error < 0)
        answer_result(answer, error);
    else if (call->number == SYS_utimensat && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
        answer_result(answer, 0); /* the kernel does not even look for the file */
    else if (call->number == SYS_utimensat && call->args[path] == 0 && (int)call->args[0] != AT_FDCWD &&
             (int)call->args[3] != 0)
        answer_result(answer, -EINVAL); /* before it looks for the descriptor: do_utimes_fd() */
    else if (call->args[path] == 0 && path == 1 && (int)call->args[0] != AT_FDCWD)
        /* futimens(): a null path means the descriptor. */
        change_descriptor(view, caller, (int)call->args[0], false, &change, answer);
    else
        change_path(view, caller, call, TAKE_DEFAULT, &change, answer);
}

static int act_truncate(int fd, const void *request)
{
    char path[32];
    const off_t *length = request;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return sys_truncate(path, *length);
}

void call_truncate(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    off_t length = (off_t)call->args[1];
    struct change change = {
        .judge = judge_writer, .act = act_truncate, .request = &length, .opens_data = true, .by_caller = true};
    if (length < 0)
        answer_result(answer, -EINVAL);
    else
        change_path(view, caller, call, WALK_FOLLOW, &change, answer);
}

/*
 * FS_IOC_SETFLAGS and its like change an inode through any descriptor. In the layer the caller's own may act; the
 * host's inodes stay as they are.
 */
void call_ioctl_flags(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct object object;
    int error = descriptor_object(view, caller, (int)call->args[0], &object);
    if (error < 0)
        answer_result(answer, error);
    else if (!object.named)
        answer_continue(answer);
    else
        /* Another thread may swap the descriptor before the kernel looks: so never by the caller itself. */
        answer_result(answer, -EOPNOTSUPP);
    object_release(view, &object);
}

/* file_getattr, file_setattr (Linux 6.17): as on a file system that has no such attributes. */
void call_file_attr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    (void)view, (void)caller, (void)call;
    answer_result(answer, -EOPNOTSUPP);
}
