/*
 * AF_UNIX addresses that are paths: bind, connect, sendto, sendmsg; and those that come back.
 */
#include "emul/names.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define NAME_OFFSET  offsetof(struct sockaddr_un, sun_path)
#define MESSAGES_MAX 1024 /* UIO_MAXIOV: what sendmmsg takes at a time */

/* Reads an address; true when it is an AF_UNIX path, which is then in path. */
static bool read_unix_path(struct caller *caller, uint64_t address, uint64_t length, char path[PATH_MAX])
{
    struct sockaddr_un name;
    if (length <= NAME_OFFSET || length > sizeof name)
        return false;
    memset(&name, 0, sizeof name);
    if (caller->ops->read(caller->context, address, &name, length) != (ssize_t)length)
        return false;
    if (name.sun_family != AF_UNIX || name.sun_path[0] == '\0')
        return false;
    size_t size = strnlen(name.sun_path, length - NAME_OFFSET);
    memcpy(path, name.sun_path, size);
    path[size] = '\0';
    return true;
}

/* Where a name is bound: a new name in the layer. Fills in the address to use; its length or -errno. */
static int bind_name(struct view *view, struct caller *caller, struct walked *walked, struct sockaddr_un *address)
{
    char dir_path[PATH_MAX];
    const struct entry *entry = &walked->entry;
    if (walked->kind == WALK_ERROR)
        return walked->error;
    if (walked->kind == WALK_RAW)
        return -EACCES;
    if (walked->last != LAST_NAME || entry->tree >= 0)
        return -EADDRINUSE;
    int error = may_create(view, caller, entry->dir);
    int fd = error < 0 ? error : upper_directory(view, entry->dir);
    if (fd < 0)
        return fd;
    error = real_path(view, caller, entry->dir, UPPER, "", dir_path);
    if (error == 0 && entry->whiteout)
        /* The kernel makes the socket itself, and takes a whiteout for a name in use. */
        error = sys_unlinkat(fd, entry->name, 0);
    return error < 0 ? error : socket_name_make(view, dir_path, entry->name, address);
}

/* Where a socket is that shall be reached. 0: where the kernel looks by itself; the address's length; or -errno. */
static int reach_name(struct view *view, struct caller *caller, struct walked *walked, struct sockaddr_un *address)
{
    char dir_path[PATH_MAX];
    const struct entry *entry = &walked->entry;
    if (walked->kind == WALK_ERROR)
        return walked->pure ? 0 : walked->error;
    if (walked->kind == WALK_RAW || walked->pure)
        return 0;
    if (entry->tree < 0)
        return -ENOENT;
    int error = real_path(view, caller, entry->dir, entry->tree, "", dir_path);
    return error < 0 ? error : socket_name_make(view, dir_path, entry->name, address);
}

/* The address to use instead of the caller's: its length, 0 when the caller's will do, or -errno. */
static int translate(struct view *view, struct caller *caller, uint64_t address, uint64_t length, bool bind,
                     struct sockaddr_un *translated)
{
    char path[PATH_MAX];
    struct walked walked;
    if (!read_unix_path(caller, address, length, path))
        return 0;
    walk(view, caller, AT_FDCWD, path, WALK_LOOK | (bind ? WALK_PARENT : WALK_FOLLOW), &walked);
    int result = bind ? bind_name(view, caller, &walked, translated) : reach_name(view, caller, &walked, translated);
    walked_release(view, &walked);
    return result;
}

void call_send_addr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct sockaddr_un address;
    int argument = call->number == SYS_sendto ? 4 : 1;
    uint64_t place;
    int length = translate(view, caller, call->args[argument], (uint32_t)call->args[argument + 1],
                           call->number == SYS_bind, &address);
    answer_continue(answer);
    if (length > 0) {
        int error = caller->ops->place(caller->context, &address, (size_t)length, &place);
        if (error == 0) {
            memcpy(answer->args, call->args, sizeof answer->args);
            answer->kind = ANSWER_REWRITE;
            answer->args[argument] = place;
            answer->args[argument + 1] = (uint64_t)length;
            return;
        }
        length = error;
    }
    if (length < 0)
        answer_result(answer, length);
}

static void call_sendmmsg(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct mmsghdr message;
    struct sockaddr_un address;
    uint64_t count = (uint32_t)call->args[2] < MESSAGES_MAX ? (uint32_t)call->args[2] : MESSAGES_MAX;
    answer_continue(answer);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = call->args[1] + i * sizeof message;
        if (caller->ops->read(caller->context, at, &message, sizeof message) != (ssize_t)sizeof message)
            return;
        int length = message.msg_hdr.msg_name == NULL
                         ? 0
                         : translate(view, caller, (uint64_t)(uintptr_t)message.msg_hdr.msg_name,
                                     message.msg_hdr.msg_namelen, false, &address);
        if (length != 0) {
            /* The kernel writes lengths into the array, so that a copy cannot stand for it: one at a time, please. */
            answer_result(answer, length < 0 ? length : -EOPNOTSUPP);
            return;
        }
    }
}

void call_sendmsg(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct msghdr message;
    struct sockaddr_un address;
    uint64_t place;
    if (call->number == SYS_sendmmsg) {
        call_sendmmsg(view, caller, call, answer);
        return;
    }
    answer_continue(answer);
    if (caller->ops->read(caller->context, call->args[1], &message, sizeof message) != (ssize_t)sizeof message ||
        message.msg_name == NULL)
        return;
    int length = translate(view, caller, (uint64_t)(uintptr_t)message.msg_name, message.msg_namelen, false, &address);
    if (length == 0)
        return;
    int error = length < 0 ? length : caller->ops->place(caller->context, &address, (size_t)length, &place);
    if (error == 0) {
        message.msg_name = (void *)(uintptr_t)place;
        message.msg_namelen = (socklen_t)length;
        error = caller->ops->place(caller->context, &message, sizeof message, &place);
    }
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    memcpy(answer->args, call->args, sizeof answer->args);
    answer->kind = ANSWER_REWRITE;
    answer->args[1] = place;
}

void call_recv_addr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int argument = call->number == SYS_recvfrom ? 4 : 1;
    uint32_t room = 0;
    (void)view;
    answer_continue(answer);
    if (call->args[argument] == 0 ||
        caller->ops->read(caller->context, call->args[argument + 1], &room, sizeof room) != (ssize_t)sizeof room)
        return;
    answer->want_exit = true;
    answer->finish.kind = FINISH_RECV_ADDR;
    answer->finish.mode = room;
}

void finish_recv_addr(struct view *view, struct caller *caller, const struct call *call, uint32_t room, int64_t result)
{
    int argument = call->number == SYS_recvfrom ? 4 : 1;
    struct sockaddr_un address;
    uint32_t length;
    if (result < 0 ||
        caller->ops->read(caller->context, call->args[argument + 1], &length, sizeof length) != (ssize_t)sizeof length)
        return;
    if (length <= NAME_OFFSET || length > sizeof address || length > room)
        return;
    memset(&address, 0, sizeof address);
    if (caller->ops->read(caller->context, call->args[argument], &address, length) != (ssize_t)length ||
        address.sun_family != AF_UNIX)
        return;
    uint32_t shown = socket_name_show(view, &address, length);
    if (shown == length)
        return;
    (void)caller->ops->write(caller->context, call->args[argument], &address, shown < room ? shown : room);
    (void)caller->ops->write(caller->context, call->args[argument + 1], &shown, sizeof shown);
}
