#include "emul/change.h"
#include "emul/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int judge_owner(struct view *view, const struct caller *caller, const struct entry *entry, const void *request)
{
    (void)request;
    return may_own(view, caller, entry);
}

int judge_writer(struct view *view, const struct caller *caller, const struct entry *entry, const void *request)
{
    (void)request;
    return may_access(view, caller, entry, 2);
}

static void settle(struct answer *answer, int error)
{
    if (error > 0) {
        answer->kind = ANSWER_WAIT;
        answer->worker = error;
    } else {
        answer_result(answer, error);
    }
}

/* Whether the object's owner is one that only an xattr tells: then the kernel's own check would be of the wrong one. */
static bool owner_differs(struct view *view, const struct entry *entry)
{
    struct stat st;
    (void)entry_stat(view, entry, &st);
    return st.st_uid != entry->st.st_uid || st.st_gid != entry->st.st_gid;
}

/* On a copy whose owner only an xattr tells, the kernel would take us for the owner. */
static int may_act_on(struct view *view, const struct caller *caller, int fd)
{
    int error = 0;
    struct stat st;
    if (view->own_root || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0 || (error = object_override(fd, &st)) == 0)
        return 0;
    if (error < 0)
        return error;
    return st.st_uid == caller->cred->fsuid ? 0 : -EPERM;
}

static int act_on(struct view *view, struct caller *caller, int fd, const struct change *change)
{
    identity_enter(view, caller->cred);
    int error = change->act(fd, change->request);
    identity_leave(view);
    return error;
}

/* On the terminal itself: nothing is copied. */
static int change_terminal(struct view *view, struct caller *caller, const struct entry *entry,
                           const struct change *change)
{
    struct stat st;
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    cleanup_fd int fd = dirfd < 0 ? dirfd : sys_openat(dirfd, entry->name, O_PATH | O_NOFOLLOW, 0);
    int error = fd < 0 ? fd : sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (error == 0 && (!S_ISCHR(st.st_mode) || st.st_rdev != entry->st.st_rdev))
        error = -EPERM;
    return error < 0 ? error : act_on(view, caller, fd, change);
}

/* Or its owner, or its ACL: who may search it is looked up anew. */
static void mode_changed(struct view *view, struct directory *dir)
{
    dir->meta_known = false;
    view->structure++;
}

/* What nobody may change, root included: an append-only file takes "now" as its times (setattr_prepare()). */
static bool is_fixed(struct view *view, const struct entry *entry, const struct change *change)
{
    uint64_t attributes = fixed_attributes(view, entry);
    return (attributes & STATX_ATTR_IMMUTABLE) != 0 || (attributes != 0 && !change->appends);
}

/*
 * Whether the caller may change the entry; then it is where changes of it go. 0, -errno, or a worker's pid. *ignored:
 * nothing is to be changed, and the caller is told that it was.
 */
static int prepare_entry(struct view *view, struct caller *caller, struct entry *entry, const struct change *change,
                         const char *said, bool *ignored)
{
    *ignored = false;
    int error = 0;
    if (change->opens_data && !S_ISREG(entry->st.st_mode))
        return S_ISDIR(entry->st.st_mode) ? -EISDIR : -EINVAL;
    if (is_fixed(view, entry, change))
        return -EPERM;
    if (entry->tree != UPPER || owner_differs(view, entry))
        error = change->judge(view, caller, entry, change->request);
    if (error == 0 && change->opens_data)
        error = text_busy(view, entry);
    if (error == 0) {
        error = rules_ask(view, caller, POLICY_WRITE, entry->dir, entry->name, said);
        *ignored = error == RULES_IGNORE;
    }
    if (error != 0 || rules_home(view, entry) != UPPER)
        return error < 0 ? error : 0;
    return copy_up(view, entry, false);
}

static int change_entry(struct view *view, struct caller *caller, struct entry *entry, const struct change *change,
                        const char *said)
{
    bool ignored;
    if (!change->opens_data && entry->tree == view->host && pty_is_own(caller, &entry->st))
        return change_terminal(view, caller, entry, change);
    int error = prepare_entry(view, caller, entry, change, said, &ignored);
    if (error != 0 || ignored)
        return error;
    cleanup_fd int fd = rules_open_home(view, entry);
    struct change here = *change;
    if (here.act_direct != NULL && rules_home(view, entry) != UPPER)
        here.act = here.act_direct;
    error = fd < 0 ? fd : act_on(view, caller, fd, &here);
    if (error == 0 && S_ISDIR(entry->st.st_mode)) {
        struct directory *dir = entry_directory(view, entry, &error);
        if (dir != NULL) {
            mode_changed(view, dir);
            directory_release(view, dir);
        }
    }
    return error;
}

/*
 * Whether the object, which has no name in the view, is a file of a place that is written to directly, and not one that
 * was inherited from outside: it has no name on the host either, and had it there.
 */
static bool is_direct(struct view *view, const struct object *object)
{
    char link[32], text[PATH_MAX];
    static const char gone[] = " (deleted)";
    int flags = fcntl(object->fd, F_GETFL);
    if (view->policy == NULL || object->in_layer || object->st.st_nlink > 0 || flags < 0 || (flags & O_PATH) != 0 ||
        (flags & O_ACCMODE) == O_RDONLY)
        return false;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", object->fd);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, text, sizeof text - 1);
    if (length < (ssize_t)sizeof gone)
        return false;
    text[length] = '\0';
    char *end = text + length - (sizeof gone - 1);
    if (strcmp(end, gone) != 0)
        return false;
    *end = '\0';
    return rules_direct_path(view, text);
}

/* The object that a descriptor or a magic link leads to; what has no name may be changed by us alone. */
static void change_object(struct view *view, struct caller *caller, struct object *object, const struct change *change,
                          struct answer *answer)
{
    int error;
    if (change->opens_data && S_ISDIR(object->st.st_mode)) {
        answer_result(answer, -EISDIR);
    } else if (object->in_upper) {
        /* Ours already, perhaps removed since: our own copy of the descriptor cannot be swapped. */
        error = may_act_on(view, caller, object->fd);
        if (error == 0 && (error = rules_ask_descriptor(view, caller, POLICY_WRITE, object->fd)) != RULES_GO) {
            settle(answer, error == RULES_IGNORE ? 0 : error);
            return;
        }
        error = error < 0 ? error : act_on(view, caller, object->fd, change);
        if (error == 0 && object->dir != NULL)
            mode_changed(view, object->dir);
        settle(answer, error);
    } else if (object->raw) {
        answer_result(answer, -EPERM);
    } else if (object->found) {
        settle(answer, change_entry(view, caller, &object->entry, change, NULL));
    } else if (is_direct(view, object)) {
        settle(answer, act_on(view, caller, object->fd, change));
    } else {
        /* An object of the host or a lower layer that is no longer in the view: in the view nobody can tell that it did
         * not change. */
        answer_result(answer, 0);
    }
}

/* "/proc/self/fd/N" where that has no name any more, or never had: the object itself is meant. */
static void change_magic(struct view *view, struct caller *caller, const struct taken *taken,
                         const struct change *change, struct answer *answer)
{
    struct object object;
    const char *host_path = taken->walked.host_path;
    int error = host_path[0] != '\0' ? magic_object(view, caller, host_path, &object)
                                     : removed_object(view, caller, taken->dirfd, taken->path, &object);
    if (error < 0 || object.raw)
        answer_raw_change(view, caller, taken, answer);
    else if (!object.named)
        settle(answer, act_on(view, caller, object.fd, change));
    else
        change_object(view, caller, &object, change, answer);
    object_release(view, &object);
}

/*
 * The caller makes the call itself, on the copy; unless there is no path that it could name it by: too long, where
 * `int $0x80` cannot point to, through directories that are closed to him.
 */
static void let_caller_change(struct view *view, struct caller *caller, const struct call *call, struct taken *taken,
                              const struct change *change, struct answer *answer)
{
    bool closed = path_is_closed(view, caller, taken->walked.entry.dir);
    if (!closed)
        answer_at(view, caller, call, taken, rules_home(view, &taken->walked.entry), answer);
    if (answer->kind == ANSWER_CONTINUE)
        answer_path(caller, call, answer, taken->argument, taken->path); /* where nobody changes it meanwhile */
    if (closed || (answer->kind == ANSWER_RESULT && (answer->result == -ENOMEM || answer->result == -ENAMETOOLONG)))
        settle(answer, change_entry(view, caller, &taken->walked.entry, change, taken->path));
}

void change_path(struct view *view, struct caller *caller, const struct call *call, unsigned flags,
                 const struct change *change, struct answer *answer)
{
    struct taken taken;
    bool ignored = false;
    int error;
    if (!take_path(view, caller, call, 0, flags | WALK_LOOK | TAKE_CHANGE, &taken, answer))
        return;
    struct walked *walked = &taken.walked;
    bool cwd = taken.by_descriptor && taken.dirfd == AT_FDCWD;
    if (cwd)
        walk(view, caller, AT_FDCWD, "", WALK_LOOK | WALK_EMPTY, walked);
    if (taken.by_descriptor && !cwd)
        change_descriptor(view, caller, taken.dirfd, true, change, answer);
    else if (walked->kind == WALK_ERROR)
        answer_result(answer, walked->error);
    else if (walked->kind == WALK_RAW)
        change_magic(view, caller, &taken, change, answer);
    else if (walked->entry.tree < 0)
        answer_result(answer, -ENOENT);
    else if (walked->slash && !S_ISDIR(walked->entry.st.st_mode))
        answer_result(answer, -ENOTDIR);
    else if (!change->by_caller)
        settle(answer, change_entry(view, caller, &walked->entry, change, taken.path));
    else if ((error = prepare_entry(view, caller, &walked->entry, change, taken.path, &ignored)) != 0 || ignored)
        settle(answer, error);
    else
        let_caller_change(view, caller, call, &taken, change, answer);
    taken_release(view, &taken);
}

void change_descriptor(struct view *view, struct caller *caller, int fd, bool path_allowed, const struct change *change,
                       struct answer *answer)
{
    struct object object;
    int error = descriptor_object(view, caller, fd, &object);
    if (error == 0 && !path_allowed && (fcntl(object.fd, F_GETFL) & O_PATH) != 0)
        error = -EBADF;
    if (error < 0)
        answer_result(answer, error);
    else if (!object.named)
        answer_continue(answer);
    else
        change_object(view, caller, &object, change, answer);
    object_release(view, &object);
}
