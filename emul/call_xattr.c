/*
 * Extended attributes. Those of the layer's own format do not exist in the view.
 */
#include "emul/change.h"
#include "emul/rules.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define SYS_SETXATTRAT  463
#define SYS_GETXATTRAT  464
#define SYS_LISTXATTRAT 465

struct request {
    struct view *view; /* of the caller, for this name: for changes alone */
    const struct caller *caller;
    bool lacks_privilege;
    char name[XATTR_NAME_MAX + 1];
    uint64_t address; /* of the value or list in the caller */
    size_t size;
    int flags;
    char *value; /* owned by the handler */
};

struct at_arguments { /* struct xattr_args of setxattrat(2), Linux 6.13 */
    uint64_t value;
    uint32_t size, flags;
};

/* Names whose handler judges; of any other the right to write is asked first (xattr_permission() in fs/xattr.c). */
static bool has_own_rules(const char *name)
{
    return strncmp(name, "system.", 7) == 0 || strncmp(name, "trusted.", 8) == 0 || strncmp(name, "security.", 9) == 0;
}

static int read_name(struct caller *caller, uint64_t address, char name[XATTR_NAME_MAX + 1])
{
    char text[PATH_MAX];
    ssize_t length = read_path(caller, address, text);
    if (length < 0)
        return length == -ENAMETOOLONG ? -ERANGE : (int)length;
    if (length == 0 || length > XATTR_NAME_MAX)
        return -ERANGE;
    memcpy(name, text, (size_t)length + 1);
    return 0;
}

/* The arguments after the object: (name, value, size, flags), or for the *at calls (at_flags, name, args, size). */
static int read_request(struct caller *caller, const struct call *call, int object, struct request *request)
{
    struct at_arguments at;
    bool is_at = call->number >= SYS_SETXATTRAT && call->number <= SYS_LISTXATTRAT + 1;
    int next = object + (is_at ? 2 : 1);
    int error = 0;
    *request = (struct request){.name = ""};
    if (call->row->handler == HANDLER_LISTXATTR || call->row->handler == HANDLER_FLISTXATTR) {
        request->address = call->args[next];
        request->size = call->args[next + 1];
        return 0;
    }
    error = read_name(caller, call->args[next], request->name);
    if (error < 0 || call->row->handler == HANDLER_REMOVEXATTR || call->row->handler == HANDLER_FREMOVEXATTR)
        return error;
    if (!is_at) {
        request->address = call->args[next + 1];
        request->size = call->args[next + 2];
        request->flags = next + 3 < 6 ? (int)call->args[next + 3] : 0;
        return 0;
    }
    if (call->args[next + 2] < sizeof at)
        return -EINVAL;
    if (call->args[next + 2] > sizeof at)
        return -E2BIG;
    if (caller->ops->read(caller->context, call->args[next + 1], &at, sizeof at) != (ssize_t)sizeof at)
        return -EFAULT;
    request->address = at.value;
    request->size = at.size;
    request->flags = (int)at.flags;
    return 0;
}

/* An attribute of the layer's format is asked for by a name that nothing has: so the errno is the kernel's own. */
static void hide_own_name(struct request *request)
{
    if (object_xattr_is_format(request->name))
        memcpy(request->name, "user.\1", sizeof "user.\1");
}

static void reply(struct caller *caller, struct answer *answer, const struct request *request, const char *data,
                  ssize_t length)
{
    if (length < 0 || request->size == 0)
        answer_result(answer, length);
    else if ((size_t)length > request->size)
        answer_result(answer, -ERANGE);
    else
        answer_bytes(caller, answer, request->address, data, (size_t)length, length);
}

static bool is_trusted(const char *name)
{
    return strncmp(name, "trusted.", 8) == 0;
}

/* Names of the layer's format exist for nobody, trusted ones for a caller that may see them. */
static ssize_t list_shown(int fd, bool trusts, char *list, size_t size)
{
    ssize_t length = sys_flistxattr(fd, list, size);
    ssize_t kept = 0;
    for (ssize_t at = 0; at < length;) {
        size_t one = strlen(list + at) + 1;
        if (!object_xattr_is_format(list + at) && (trusts || !is_trusted(list + at))) {
            memmove(list + kept, list + at, one);
            kept += (ssize_t)one;
        }
        at += (ssize_t)one;
    }
    return length < 0 ? length : kept;
}

/*
 * Reads from an object that we hold open, as the caller; but root's programs lack CAP_SYS_ADMIN, which the supervisor
 * keeps where he acts for them.
 */
static void answer_from(struct view *view, struct caller *caller, const struct call *call, int fd, bool in_layer,
                        const struct request *request, struct answer *answer)
{
    bool list = call->row->handler == HANDLER_LISTXATTR || call->row->handler == HANDLER_FLISTXATTR;
    cleanup_free char *buffer = malloc(XATTR_SIZE_MAX);
    if (buffer == NULL) {
        answer_result(answer, -ENOMEM);
        return;
    }
    int error = list || !in_layer || has_own_rules(request->name) ? 0 : may_access_object(view, caller, fd, R_OK);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    const bool trusts = (caller->cred->capabilities & CAPABILITY(CAP_SYS_ADMIN)) != 0;
    ssize_t length = -ENODATA;
    identity_enter(view, caller->cred);
    if (list)
        length = list_shown(fd, trusts, buffer, XATTR_SIZE_MAX);
    else if (trusts || !is_trusted(request->name))
        length = sys_fgetxattr(fd, request->name, buffer, XATTR_SIZE_MAX);
    if (length > 0 && !list && in_layer && strcmp(request->name, XATTR_ACCESS_ACL) == 0)
        closed_show_acl(fd, buffer, (size_t)length);
    identity_leave(view);
    reply(caller, answer, request, buffer, length);
}

/*
 * A descriptor that was opened on the host's file before it was copied up means the copy now. Other descriptors of
 * plain objects are the kernel's business, but a list of names must not show those of the layer's format.
 */
static void answer_from_descriptor(struct view *view, struct caller *caller, const struct call *call, int number,
                                   bool path_allowed, const struct request *request, struct answer *answer)
{
    struct object object;
    int error = descriptor_object(view, caller, number, &object);
    if (error == 0 && !path_allowed && (fcntl(object.fd, F_GETFL) & O_PATH) != 0)
        error = -EBADF;
    if (error == 0 && strncmp(request->name, "user.", 5) == 0)
        error = rules_ask_descriptor(view, caller, POLICY_READ, object.fd);
    if (error < 0) {
        answer_result(answer, error);
    } else if (!object.in_upper && object.found && object.entry.tree == UPPER) {
        cleanup_fd int fd = upper_open_path(view, &object.entry);
        if (fd < 0)
            answer_result(answer, fd);
        else
            answer_from(view, caller, call, fd, true, request, answer);
    } else {
        answer_from(view, caller, call, object.fd, object.in_layer, request, answer);
    }
    object_release(view, &object);
}

void call_getxattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    struct request request;
    int error = read_request(caller, call, call->row->path[0].path, &request);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    hide_own_name(&request);
    /* What users note in an attribute is as much of the file as its content. */
    bool judged = strncmp(request.name, "user.", 5) == 0 && rules_deny_somewhere(view);
    if (!take_path(view, caller, call, 0, TAKE_DEFAULT | (judged ? WALK_LOOK : 0), &taken, answer))
        return;
    struct walked *walked = &taken.walked;
    if (taken.by_descriptor && taken.dirfd != AT_FDCWD) {
        answer_from_descriptor(view, caller, call, taken.dirfd, true, &request, answer);
        return;
    }
    if (taken.by_descriptor)
        walk(view, caller, AT_FDCWD, "", WALK_LOOK | WALK_EMPTY, walked);
    bool merged =
        walked->kind == WALK_ENTRY && walked->looked && walked->entry.tree >= 0 && walked->entry.tree != view->host;
    const struct entry *entry = &walked->entry;
    if (judged && walked->kind == WALK_ENTRY && entry->tree >= 0 &&
        (error = rules_ask(view, caller, POLICY_READ, entry->dir, entry->name, taken.path)) < 0)
        answer_result(answer, error);
    else if (walked->kind == WALK_ERROR || (walked->pure && !merged))
        answer_continue(answer);
    else if (walked->kind == WALK_RAW)
        answer_real(view, caller, call, &taken, answer);
    else if (walked->entry.tree < 0)
        answer_result(answer, -ENOENT);
    else if (walked->slash && !S_ISDIR(walked->entry.st.st_mode))
        answer_result(answer, -ENOTDIR);
    else {
        int dirfd = directory_fd(view, walked->entry.dir, walked->entry.tree);
        const char *name = walked->entry.name[0] == '\0' ? "." : walked->entry.name;
        cleanup_fd int fd = dirfd < 0 ? dirfd : sys_openat(dirfd, name, O_PATH | O_NOFOLLOW, 0);
        if (fd < 0)
            answer_result(answer, fd);
        else
            answer_from(view, caller, call, fd, walked->entry.tree != view->host, &request, answer);
    }
    taken_release(view, &taken);
}

void call_listxattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    call_getxattr(view, caller, call, answer);
}

void call_fgetxattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct request request;
    int error = read_request(caller, call, 0, &request);
    hide_own_name(&request);
    if (error < 0)
        answer_result(answer, error);
    else
        answer_from_descriptor(view, caller, call, (int)call->args[0], false, &request, answer);
}

void call_flistxattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct request request;
    (void)read_request(caller, call, 0, &request);
    answer_from_descriptor(view, caller, call, (int)call->args[0], false, &request, answer);
}

static int judge_object(int fd, const struct request *request)
{
    if (request->lacks_privilege)
        return -EPERM;
    return has_own_rules(request->name) ? 0 : may_access_object(request->view, request->caller, fd, W_OK);
}

static int act_set_direct(int fd, const void *context)
{
    const struct request *request = context;
    int error = judge_object(fd, request);
    return error < 0 ? error : sys_fsetxattr(fd, request->name, request->value, request->size, request->flags);
}

static int act_set(int fd, const void *context)
{
    const struct request *request = context;
    if (strcmp(request->name, XATTR_ACCESS_ACL) != 0)
        return act_set_direct(fd, context);
    int error = judge_object(fd, request);
    return error < 0 ? error : closed_set_acl(fd, request->value, request->size, request->flags);
}

static int act_remove(int fd, const void *context)
{
    const struct request *request = context;
    int error = judge_object(fd, request);
    return error < 0 ? error : sys_fremovexattr(fd, request->name);
}

/* posix_acl_from_xattr() in fs/posix_acl.c: what is no access control list is refused whoever asks. 0 or -errno. */
static int check_acl(const struct request *request)
{
    struct posix_acl_xattr_header header;
    struct posix_acl_xattr_entry entry;
    if (strncmp(request->name, "system.posix_acl_", strlen("system.posix_acl_")) != 0 || request->size == 0)
        return 0;
    if (request->size < sizeof header)
        return -EINVAL;
    memcpy(&header, request->value, sizeof header);
    if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
        return -EOPNOTSUPP;
    if ((request->size - sizeof header) % sizeof entry != 0)
        return -EINVAL;
    for (size_t at = sizeof header; at < request->size; at += sizeof entry) {
        memcpy(&entry, request->value + at, sizeof entry);
        unsigned tag = le16toh(entry.e_tag);
        /* ACL_USER_OBJ to ACL_OTHER: one bit each. */
        if (tag == 0 || (tag & (tag - 1)) != 0 || tag > 0x20)
            return -EINVAL;
    }
    return 0;
}

/* xattr(7): user attributes need write permission, the others ownership or more, which the kernel judges on the copy.
 */
static int judge_xattr(struct view *view, const struct caller *caller, const struct entry *entry, const void *context)
{
    const struct request *request = context;
    int error = check_acl(request);
    if (error < 0)
        return error;
    if (request->lacks_privilege)
        return -EPERM;
    if (has_own_rules(request->name))
        return may_own(view, caller, entry);
    if (strncmp(request->name, "user.", 5) == 0 && !S_ISREG(entry->st.st_mode) && !S_ISDIR(entry->st.st_mode))
        return -EPERM;
    return may_access(view, caller, entry, 2);
}

/*
 * What a privilege is needed for besides the file (xattr(7), capabilities(7)). setfsuid(2) does not take it from a
 * supervisor that runs as root, so the kernel would judge by the supervisor's.
 */
static bool lacks_privilege(const struct caller *caller, const char *name)
{
    bool file_capabilities = strcmp(name, "security.capability") == 0;
    if (!is_trusted(name) && strncmp(name, "security.", 9) != 0)
        return false;
    return (caller->cred->capabilities & CAPABILITY(file_capabilities ? CAP_SETFCAP : CAP_SYS_ADMIN)) == 0;
}

static void change_xattr(struct view *view, struct caller *caller, const struct call *call, bool by_path, bool remove,
                         struct answer *answer)
{
    struct request request;
    struct change change = {.judge = judge_xattr,
                            .act = remove ? act_remove : act_set,
                            .act_direct = remove ? NULL : act_set_direct,
                            .request = &request};
    int error = read_request(caller, call, by_path ? call->row->path[0].path : 0, &request);
    if (error == 0 && request.size > XATTR_SIZE_MAX)
        error = -E2BIG;
    if (error == 0 && object_xattr_is_format(request.name))
        error = remove ? -ENODATA : -EPERM;
    cleanup_free char *value = error < 0 ? NULL : malloc(request.size + 1);
    if (error == 0 && value == NULL)
        error = -ENOMEM;
    if (error == 0 && request.size > 0 &&
        caller->ops->read(caller->context, request.address, value, request.size) != (ssize_t)request.size)
        error = -EFAULT;
    request.value = value;
    request.view = view;
    request.caller = caller;
    request.lacks_privilege = error == 0 && lacks_privilege(caller, request.name);
    if (error < 0)
        answer_result(answer, error);
    else if (by_path)
        change_path(view, caller, call, TAKE_DEFAULT, &change, answer);
    else
        change_descriptor(view, caller, (int)call->args[0], false, &change, answer);
}

void call_setxattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    change_xattr(view, caller, call, true, false, answer);
}

void call_fsetxattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    change_xattr(view, caller, call, false, false, answer);
}

void call_removexattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    change_xattr(view, caller, call, true, true, answer);
}

void call_fremovexattr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    change_xattr(view, caller, call, false, true, answer);
}
