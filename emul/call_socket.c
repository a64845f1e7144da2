/*
 * AF_UNIX addresses that are paths: bind, connect, sendto, sendmsg; and those that come back.
 */
#include "emul/judged.h"
#include "emul/names.h"
#include "emul/rules.h"
#include "emul/shapes.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define NAME_OFFSET  offsetof(struct sockaddr_un, sun_path)
#define MESSAGES_MAX 1024 /* UIO_MAXIOV: what sendmmsg takes at a time */

/* Reads an address; true when it is an AF_UNIX path, which is then in path. */
static bool read_unix_path(struct caller *caller, uint64_t address, uint64_t length, struct sockaddr_un *name,
                           char path[PATH_MAX])
{
    if (length <= NAME_OFFSET || length > sizeof *name)
        return false;
    memset(name, 0, sizeof *name);
    if (caller->ops->read(caller->context, address, name, length) != (ssize_t)length)
        return false;
    if (name->sun_family != AF_UNIX || name->sun_path[0] == '\0')
        return false;
    size_t size = strnlen(name->sun_path, length - NAME_OFFSET);
    memcpy(path, name->sun_path, size);
    path[size] = '\0';
    return true;
}

/* The kernel's length of a path address: it counts the terminating zero, where there is room for one. */
static unsigned shown_length(const char *path)
{
    size_t length = NAME_OFFSET + strlen(path) + 1;
    return (unsigned)(length > sizeof(struct sockaddr_un) ? sizeof(struct sockaddr_un) + 1 : length);
}

/*
 * A name that does not fit even behind an alias: the socket is bound under a short name beside it, and gets its own
 * by a rename when the call has succeeded.
 */
static int bind_beside(struct view *view, const struct entry *entry, const char *dir_path, struct sockaddr_un *address,
                       struct answer *answer)
{
    char temp[40] = ".";
    layer_temp_name(view->layer, temp + 1);
    int length = socket_name_make(view, dir_path, temp, address);
    if (length < 0)
        return length;
    answer->finish.text = malloc(strlen(temp) + strlen(entry->name) + 2);
    if (answer->finish.text == NULL)
        return -ENOMEM;
    memcpy(answer->finish.text, temp, strlen(temp) + 1);
    memcpy(answer->finish.text + strlen(temp) + 1, entry->name, strlen(entry->name) + 1);
    answer->finish.kind = FINISH_BIND;
    answer->finish.directory = directory_hold(entry->dir);
    answer->want_exit = true;
    return length;
}

int finish_bind(struct view *view, const struct answer *answer)
{
    const char *temp = answer->finish.text;
    const char *name = temp + strlen(temp) + 1;
    struct stat st;
    struct entry entry = {.dir = answer->finish.directory, .tree = -1};
    (void)snprintf(entry.name, sizeof entry.name, "%s", name);
    int home = rules_home(view, &entry);
    int fd = directory_fd(view, entry.dir, home);
    bool whiteout =
        home == UPPER && fd >= 0 && sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && stat_is_whiteout(&st);
    int error = fd < 0 ? fd : sys_renameat2(fd, temp, fd, name, whiteout ? 0 : RENAME_NOREPLACE);
    if (error < 0 && fd >= 0)
        (void)sys_unlinkat(fd, temp, 0);
    return error;
}

/* Whether the policy lets the caller make the name and be reached by it. 0 or -errno. */
static int may_bind(struct view *view, struct caller *caller, const struct entry *entry, const char *said)
{
    int go = rules_ask(view, caller, POLICY_WRITE, entry->dir, entry->name, said);
    if (go == RULES_GO)
        go = rules_ask(view, caller, POLICY_BIND, entry->dir, entry->name, said);
    /* Nobody can act as if there were a socket. */
    return go == RULES_IGNORE ? -EACCES : go;
}

/*
 * Where a name is bound: a new name in the layer, or on the host where the policy says so. Fills in the address to use;
 * its length or -errno.
 */
static int bind_name(struct view *view, struct caller *caller, struct walked *walked, const char *said,
                     struct sockaddr_un *address, struct answer *answer)
{
    char dir_path[PATH_MAX];
    const struct entry *entry = &walked->entry;
    if (walked->kind == WALK_ERROR)
        return walked->error;
    if (walked->kind == WALK_RAW)
        return -EACCES;
    if (walked->last != LAST_NAME || entry->tree >= 0)
        return -EADDRINUSE;
    if (walked->slash)
        return -ENOENT;
    int error = may_create(view, caller, entry->dir);
    if (error == 0)
        error = may_bind(view, caller, entry, said);
    if (error < 0)
        return error;
    view->changes++;
    if (rules_home(view, entry) != UPPER) {
        error = real_path(view, caller, entry->dir, view->host, "", dir_path);
        if (error == 0)
            error = socket_name_make(view, dir_path, entry->name, address);
        return error == -ENAMETOOLONG ? bind_beside(view, entry, dir_path, address, answer) : error;
    }
    int fd = upper_directory(view, entry->dir);
    if (fd < 0)
        return fd;
    error = real_path(view, caller, entry->dir, UPPER, "", dir_path);
    /* The kernel makes the socket itself, and would take a whiteout for a name in use. */
    if (error == 0 && entry->whiteout)
        return bind_beside(view, entry, dir_path, address, answer);
    if (error == 0)
        error = socket_name_make(view, dir_path, entry->name, address);
    return error == -ENAMETOOLONG ? bind_beside(view, entry, dir_path, address, answer) : error;
}

/* The address of a socket that is there: its length or -errno. */
static int name_of(struct view *view, struct caller *caller, const struct entry *entry, struct sockaddr_un *address)
{
    char path[PATH_MAX];
    int error = real_path(view, caller, entry->dir, entry->tree, "", path);
    if (error == 0)
        error = socket_name_make(view, path, entry->name, address);
    if (error != -ENAMETOOLONG)
        return error;
    /* An alias of the socket itself: connect() follows links. */
    error = real_path(view, caller, entry->dir, entry->tree, entry->name, path);
    return error < 0 ? error : socket_name_alias(view, path, address);
}

/* Where a socket is that shall be reached. 0: where the kernel looks by itself; the address's length; or -errno. */
static int reach_name(struct view *view, struct caller *caller, struct walked *walked, struct sockaddr_un *address)
{
    const struct entry *entry = &walked->entry;
    if (walked->kind == WALK_ERROR)
        return walked->pure ? 0 : walked->error;
    /* A directory that the layer has too is no socket either way, but its mode decides which error that is. */
    if (walked->kind == WALK_RAW || (walked->pure && (entry->tree < 0 || entry->tree == view->host)))
        return 0;
    if (entry->tree < 0)
        return -ENOENT;
    if (walked->slash && !S_ISDIR(entry->st.st_mode))
        return -ENOTDIR;
    int error = S_ISDIR(entry->st.st_mode) && !view->own_root ? may_access(view, caller, entry, W_OK) : 0;
    return error < 0 ? error : name_of(view, caller, entry, address);
}

/*
 * The same where the policy has its say. What is not there, or is no socket, never reaches the kernel: it might be
 * another one by then. What lies in a layer was bound in a view.
 */
static int reach_judged(struct view *view, struct caller *caller, struct walked *walked, const char *said,
                        struct sockaddr_un *address)
{
    const struct entry *entry = &walked->entry;
    if (walked->kind == WALK_ERROR)
        return walked->error;
    if (walked->kind == WALK_RAW)
        return -ECONNREFUSED;
    if (entry->tree < 0)
        return -ENOENT;
    if (walked->slash && !S_ISDIR(entry->st.st_mode))
        return -ENOTDIR;
    int error = may_access(view, caller, entry, W_OK);
    if (error == 0 && !S_ISSOCK(entry->st.st_mode))
        error = -ECONNREFUSED;
    if (error == 0 && entry->tree == view->host)
        error = rules_ask(view, caller, POLICY_CONNECT, entry->dir, entry->name, said);
    return error < 0 ? error : name_of(view, caller, entry, address);
}

int socket_path_judge(struct view *view, struct caller *caller, bool bind, struct address *address,
                      struct answer *answer)
{
    char path[PATH_MAX];
    struct walked walked;
    struct sockaddr_un translated;
    size_t size = strnlen(address->un.sun_path, address->length - NAME_OFFSET);
    memcpy(path, address->un.sun_path, size);
    path[size] = '\0';
    walk(view, caller, AT_FDCWD, path, WALK_LOOK | (bind ? WALK_PARENT : WALK_FOLLOW), &walked);
    int length = bind ? bind_name(view, caller, &walked, path, &translated, answer)
                      : reach_judged(view, caller, &walked, path, &translated);
    if (bind && length > 0)
        socket_name_remember(view, &translated, &address->un, shown_length(path));
    walked_release(view, &walked);
    if (length < 0)
        return length;
    memset(address, 0, sizeof *address);
    address->un = translated;
    address->length = (socklen_t)length;
    return 0;
}

/* The address to use instead of the caller's: its length, 0 when the caller's will do, or -errno. */
static int translate(struct view *view, struct caller *caller, uint64_t address, uint64_t length, struct answer *bind,
                     struct sockaddr_un *translated)
{
    char path[PATH_MAX];
    struct walked walked;
    struct sockaddr_un said;
    if (!read_unix_path(caller, address, length, &said, path))
        return 0;
    walk(view, caller, AT_FDCWD, path, WALK_LOOK | (bind != NULL ? WALK_PARENT : WALK_FOLLOW), &walked);
    int result = bind != NULL ? bind_name(view, caller, &walked, path, translated, bind)
                              : reach_name(view, caller, &walked, translated);
    if (bind != NULL && result > 0)
        socket_name_remember(view, translated, &said, shown_length(path));
    walked_release(view, &walked);
    return result;
}

void call_send_addr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct sockaddr_un address;
    int argument = call->number == SYS_sendto ? 4 : 1;
    uint64_t place;
    if (rules_judge_addresses(view)) {
        judged_send_addr(view, caller, call, answer);
        return;
    }
    int length = translate(view, caller, call->args[argument], (uint32_t)call->args[argument + 1],
                           call->number == SYS_bind ? answer : NULL, &address);
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

/* What stood in one message of a sendmmsg before its address was replaced. */
struct kept_name {
    uint64_t at; /* of the msghdr */
    uint64_t name;
    socklen_t length;
};

struct kept_names {
    size_t count;
    struct kept_name names[];
};

/* The two fields of a message header that hold its address; the first is the name's. */
static int write_name(struct caller *caller, const struct call *call, uint64_t at, uint64_t name, socklen_t length)
{
    int error = caller->ops->write(caller->context, at, &name, shape_is_32(call) ? sizeof(uint32_t) : sizeof name);
    return error < 0
               ? error
               : caller->ops->write(caller->context, at + shape_message_length_offset(call), &length, sizeof length);
}

void finish_sendmmsg(struct caller *caller, const struct call *call, const struct answer *answer)
{
    const struct kept_names *kept = (const void *)answer->finish.text;
    for (size_t i = 0; i < kept->count; i++)
        (void)write_name(caller, call, kept->names[i].at, kept->names[i].name, kept->names[i].length);
}

/* One message: its address, where the view has that elsewhere, is put into its header for this call. 0 or -errno. */
static int replace_name(struct view *view, struct caller *caller, const struct call *call, uint64_t at,
                        struct kept_names *kept)
{
    struct msghdr message;
    struct sockaddr_un address;
    uint64_t place, name;
    if (!shape_read_message(caller, call, at, &message))
        return -EFAULT;
    name = (uint64_t)(uintptr_t)message.msg_name;
    int length = name == 0 ? 0 : translate(view, caller, name, message.msg_namelen, NULL, &address);
    if (length <= 0)
        return length;
    int error = caller->ops->place(caller->context, &address, (size_t)length, &place);
    if (error == 0)
        error = write_name(caller, call, at, place, (socklen_t)length);
    if (error == 0)
        kept->names[kept->count++] = (struct kept_name){at, name, message.msg_namelen};
    return error;
}

/*
 * The kernel writes lengths into the array, so that a copy where nobody can change it cannot stand for it: addresses
 * are exchanged in the array itself until the call has ended. One that cannot be used ends the call before it, as in
 * the kernel.
 */
static void call_sendmmsg(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    uint64_t count = (uint32_t)call->args[2] < MESSAGES_MAX ? (uint32_t)call->args[2] : MESSAGES_MAX, i;
    struct kept_names *kept = calloc(1, sizeof *kept + count * sizeof *kept->names);
    int error = kept == NULL ? -ENOMEM : 0;
    answer_continue(answer);
    for (i = 0; i < count && error == 0; i++)
        error = replace_name(view, caller, call, call->args[1] + i * shape_message_distance(call), kept);
    if (error < 0 && error != -EFAULT && i <= 1) {
        answer_result(answer, error);
    } else if (error < 0 || (kept != NULL && kept->count > 0)) {
        memcpy(answer->args, call->args, sizeof answer->args);
        answer->kind = ANSWER_REWRITE;
        /* What could not be read is for the kernel to find. */
        answer->args[2] = error < 0 && error != -EFAULT ? i - 1 : call->args[2];
    }
    if (kept == NULL || kept->count == 0) {
        free(kept);
        return;
    }
    answer->want_exit = true;
    answer->finish.kind = FINISH_SENDMMSG;
    answer->finish.text = (char *)kept;
}

void call_sendmsg(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct msghdr message;
    struct sockaddr_un address;
    uint64_t place;
    if (rules_judge_addresses(view)) {
        call_handler *judged = call->number == SYS_sendmmsg ? judged_sendmmsg : judged_sendmsg;
        judged(view, caller, call, answer);
        return;
    }
    if (call->number == SYS_sendmmsg) {
        call_sendmmsg(view, caller, call, answer);
        return;
    }
    answer_continue(answer);
    if (!shape_read_message(caller, call, call->args[1], &message) || message.msg_name == NULL)
        return;
    int length = translate(view, caller, (uint64_t)(uintptr_t)message.msg_name, message.msg_namelen, NULL, &address);
    if (length == 0)
        return;
    int error = length < 0 ? length : caller->ops->place(caller->context, &address, (size_t)length, &place);
    if (error == 0) {
        message.msg_name = (void *)(uintptr_t)place;
        message.msg_namelen = (socklen_t)length;
        error = shape_place_message(caller, call, &message, &place);
    }
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    memcpy(answer->args, call->args, sizeof answer->args);
    answer->kind = ANSWER_REWRITE;
    answer->args[1] = place;
}

/* Writes an address and its length as the kernel does: cut to the room there is, the length in full. */
static int give_address(struct caller *caller, uint64_t address, uint64_t length_at, uint32_t room,
                        const struct sockaddr_un *name, uint32_t length)
{
    uint32_t size = length < room ? length : room;
    if (size > sizeof *name)
        size = sizeof *name;
    int error = size == 0 ? 0 : caller->ops->write(caller->context, address, name, size);
    return error < 0 ? error : caller->ops->write(caller->context, length_at, &length, sizeof length);
}

/* The supervisor asks in the caller's stead: only so does it see a name that the caller's buffer is too short for. */
static void answer_own_name(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    union {
        struct sockaddr any;
        struct sockaddr_un name;
        struct sockaddr_storage room;
    } address;
    socklen_t length = sizeof address;
    uint32_t room;
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, (int)call->args[0]);
    memset(&address, 0, sizeof address);
    answer_continue(answer);
    if (fd < 0 || caller->ops->read(caller->context, call->args[2], &room, sizeof room) != (ssize_t)sizeof room)
        return;
    int error = call->number == SYS_getsockname ? getsockname(fd, &address.any, &length)
                                                : getpeername(fd, &address.any, &length);
    if (error < 0 || address.any.sa_family != AF_UNIX || (int32_t)room < 0)
        return;
    uint32_t shown = socket_name_show(view, &address.name, length);
    answer_result(answer, give_address(caller, call->args[1], call->args[2], room, &address.name, shown));
}

/* recvmsg: the header says where the sender's name goes. */
static bool read_header(struct caller *caller, const struct call *call, struct msghdr *header)
{
    return shape_read_message(caller, call, call->args[1], header) && header->msg_name != NULL;
}

void call_recv_addr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int argument = call->number == SYS_recvfrom ? 4 : 1;
    uint32_t room = 0;
    struct msghdr header;
    if (call->number == SYS_getsockname || call->number == SYS_getpeername) {
        answer_own_name(view, caller, call, answer);
        return;
    }
    answer_continue(answer);
    if (call->number == SYS_recvmsg || call->number == SYS_recvmmsg) {
        if (!read_header(caller, call, &header))
            return;
        room = header.msg_namelen;
    } else if (call->args[argument] == 0 || caller->ops->read(caller->context, call->args[argument + 1], &room,
                                                              sizeof room) != (ssize_t)sizeof room) {
        return;
    }
    answer->want_exit = true;
    answer->finish.kind = FINISH_RECV_ADDR;
    answer->finish.mode = room;
}

/* Turns a name that the kernel has just written into the view's. */
static void show_written(struct view *view, struct caller *caller, uint64_t address, uint64_t length_at, uint32_t room)
{
    struct sockaddr_un name;
    uint32_t length;
    if (caller->ops->read(caller->context, length_at, &length, sizeof length) != (ssize_t)sizeof length ||
        length <= NAME_OFFSET || length > sizeof name || length > room)
        return;
    memset(&name, 0, sizeof name);
    if (caller->ops->read(caller->context, address, &name, length) != (ssize_t)length || name.sun_family != AF_UNIX)
        return;
    char before[sizeof name.sun_path];
    memcpy(before, name.sun_path, sizeof before);
    uint32_t shown = socket_name_show(view, &name, length);
    if (shown != length || memcmp(before, name.sun_path, sizeof before) != 0)
        (void)give_address(caller, address, length_at, room, &name, shown);
}

/* The name of the peer of a socket that accept() has just made; the caller's buffer may be too short for the host's. */
static void show_accepted(struct view *view, struct caller *caller, const struct call *call, uint32_t room,
                          int fd_number)
{
    struct sockaddr_un name;
    socklen_t length = sizeof name;
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, fd_number);
    memset(&name, 0, sizeof name);
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&name, &length) < 0 || name.sun_family != AF_UNIX ||
        length <= NAME_OFFSET)
        return;
    uint32_t shown = socket_name_show(view, &name, length);
    (void)give_address(caller, call->args[1], call->args[2], room, &name, shown);
}

void finish_recv_addr(struct view *view, struct caller *caller, const struct call *call, uint32_t room, int64_t result)
{
    struct msghdr header;
    const uint64_t length_offset = shape_message_length_offset(call);
    if (result < 0)
        return;
    switch (call->number) {
    case SYS_recvfrom:
        show_written(view, caller, call->args[4], call->args[5], room);
        break;
    case SYS_recvmsg:
        if (read_header(caller, call, &header))
            show_written(view, caller, (uint64_t)(uintptr_t)header.msg_name, call->args[1] + length_offset, room);
        break;
    case SYS_recvmmsg:
        for (int64_t i = 0; i < result && i < MESSAGES_MAX; i++) {
            struct call one = *call;
            one.args[1] += (uint64_t)i * shape_message_distance(call);
            /* Each has had the room that the first had, in all programs that were seen; at least what was written. */
            if (read_header(caller, &one, &header))
                show_written(view, caller, (uint64_t)(uintptr_t)header.msg_name, one.args[1] + length_offset,
                             header.msg_namelen > room ? header.msg_namelen : room);
        }
        break;
    default:
        show_accepted(view, caller, call, room, (int)result);
    }
}
