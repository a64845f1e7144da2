#include "emul/judged.h"

#include "emul/bound.h"
#include "emul/rules.h"
#include "emul/shapes.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define NAME_OFFSET offsetof(struct sockaddr_un, sun_path)

enum {
    IN6_SHORT = 24,           /* what the kernel takes as an address of IPv6 at least */
    CONTROL_MAX = 128 * 1024, /* net.core.optmem_max, which nobody needs to raise for this */
};

/* What the caller has at an address, as far as the kernel would look: it fails where that cannot be read. */
static int read_address(struct caller *caller, uint64_t at, socklen_t length, struct address *address)
{
    memset(address, 0, sizeof *address);
    address->length = length;
    return caller->ops->read(caller->context, at, &address->room, length) == (ssize_t)length ? 0 : -EFAULT;
}

/* A port of the host that two may share is not shared with somebody outside. */
static int judge_sharing(struct view *view, struct caller *caller, int fd_number, const struct address *address)
{
    int ports = 0, addresses = 0, type = 0;
    socklen_t length = sizeof ports;
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, fd_number);
    if (fd < 0)
        return 0;
    (void)getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &ports, &length);
    length = sizeof addresses;
    (void)getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &addresses, &length);
    length = sizeof type;
    (void)getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
    bool shares = ports != 0 || (addresses != 0 && type == SOCK_DGRAM);
    return shares && bound_outside(view, address) ? -EADDRINUSE : 0;
}

static int judge_unix(struct view *view, struct caller *caller, enum policy_action action, struct address *address,
                      struct answer *answer)
{
    if (address->length > sizeof address->un || (address->length <= NAME_OFFSET && action == POLICY_CONNECT))
        return 0; /* EINVAL */
    if (address->length > NAME_OFFSET && address->un.sun_path[0] != '\0')
        return socket_path_judge(view, caller, action == POLICY_BIND, address, answer);
    return rules_ask_address(view, caller, action, address);
}

/*
 * Whether the policy lets the kernel see the address, whatever socket it comes to: each family takes its own addresses
 * alone. That of a path becomes the one in the view. 0 or -errno.
 */
static int judge_address(struct view *view, struct caller *caller, const struct call *call, enum policy_action action,
                         struct address *address, struct answer *answer)
{
    char words[ADDRESS_WORDS];
    if (address->length < sizeof address->any.sa_family)
        return 0; /* EINVAL */
    switch (address->any.sa_family) {
    case AF_UNIX:
        return judge_unix(view, caller, action, address, answer);
    case AF_UNSPEC:
        /* To connect to it is to be connected no more; elsewhere it may be one of IPv4. */
        if (call->number == SYS_connect || address->length < sizeof address->in)
            return 0;
        return rules_ask_address(view, caller, action, address);
    case AF_INET:
        return address->length < sizeof address->in ? 0 : rules_ask_address(view, caller, action, address);
    case AF_INET6:
        return address->length < IN6_SHORT ? 0 : rules_ask_address(view, caller, action, address);
    case AF_NETLINK:
        return 0; /* what can be reached was decided when the socket was made */
    default:
        address_words(address, words);
        return rules_ask_network(view, caller, action, words);
    }
}

static bool is_of_internet(const struct address *address)
{
    return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

/* What is bound is remembered where the name does not say whose it is. */
static void prepare_bound(struct caller *caller, const struct call *call, struct answer *answer)
{
    if (answer->finish.kind != FINISH_NONE)
        return;
    answer->finish.fd = caller->ops->dup_fd(caller->context, (int)call->args[0]);
    answer->finish.kind = FINISH_BOUND;
    answer->want_exit = answer->finish.fd >= 0;
}

void judged_send_addr(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int argument = call->number == SYS_sendto ? 4 : 1;
    enum policy_action action = call->number == SYS_bind ? POLICY_BIND : POLICY_CONNECT;
    int length = (int)call->args[argument + 1];
    struct address address;
    uint64_t place;
    answer_continue(answer);
    /* No address, or a length that the kernel refuses before it reads one. */
    if ((call->number == SYS_sendto && call->args[argument] == 0) || length <= 0 || length > (int)sizeof address.room)
        return;
    int error = read_address(caller, call->args[argument], (socklen_t)length, &address);
    if (error == 0 && action == POLICY_BIND && is_of_internet(&address))
        error = judge_sharing(view, caller, (int)call->args[0], &address);
    if (error == 0)
        error = judge_address(view, caller, call, action, &address, answer);
    if (error == 0)
        error = caller->ops->place(caller->context, &address.room, address.length, &place);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    if (action == POLICY_BIND)
        prepare_bound(caller, call, answer);
    memcpy(answer->args, call->args, sizeof answer->args);
    answer->kind = ANSWER_REWRITE;
    answer->args[argument] = place;
    answer->args[argument + 1] = address.length;
}

/* An interface that is not the loopback one leads elsewhere, also for the address 127.0.0.1. */
static bool chooses_interface(const void *data, size_t length, size_t offset)
{
    int index;
    if (length < offset + sizeof index)
        return false;
    memcpy(&index, (const char *)data + offset, sizeof index);
    return index != 0 && (unsigned)index != if_nametoindex("lo");
}

/* What of a control message sends elsewhere than the address says; NULL: nothing. */
static const char *detour(int level, int type, const void *data, size_t length)
{
    if (level == IPPROTO_IP && type == IP_RETOPTS)
        return "IP_RETOPTS: a route of its own";
    if (level == IPPROTO_IPV6 && (type == IPV6_RTHDR || type == IPV6_2292RTHDR))
        return "IPV6_RTHDR: a route of its own";
    if (level == IPPROTO_IP && type == IP_PKTINFO &&
        chooses_interface(data, length, offsetof(struct in_pktinfo, ipi_ifindex)))
        return "IP_PKTINFO: an interface of its own";
    if (level == IPPROTO_IPV6 && (type == IPV6_PKTINFO || type == IPV6_2292PKTINFO) &&
        chooses_interface(data, length, offsetof(struct in6_pktinfo, ipi6_ifindex)))
        return "IPV6_PKTINFO: an interface of its own";
    return NULL;
}

/* A control message begins with its length, which is a size_t, a level and a type; the next is aligned to a size_t. */
static int judge_control(struct view *view, struct caller *caller, const struct call *call, const char *control,
                         size_t size)
{
    const size_t word = shape_is_32(call) ? sizeof(uint32_t) : sizeof(uint64_t);
    const size_t head = word + 2 * sizeof(int);
    for (size_t at = 0; size - at >= head;) {
        uint64_t length = 0;
        int level, type;
        memcpy(&length, control + at, word);
        memcpy(&level, control + at + word, sizeof level);
        memcpy(&type, control + at + word + sizeof level, sizeof type);
        if (length < head || length > size - at)
            break; /* EINVAL */
        const char *what = detour(level, type, control + at + head, (size_t)length - head);
        int error = what == NULL ? 0 : rules_ask_network(view, caller, POLICY_CONNECT, what);
        if (error < 0)
            return error;
        length = (length + word - 1) / word * word;
        if (length >= size - at)
            break;
        at += (size_t)length;
    }
    return 0;
}

/* The control messages of a message are placed as well, when they have been judged. 0 or -errno. */
static int place_control(struct view *view, struct caller *caller, const struct call *call, struct msghdr *message)
{
    uint64_t place;
    size_t size = message->msg_controllen;
    if (size == 0)
        return 0;
    if (size > CONTROL_MAX)
        return -ENOBUFS;
    cleanup_free char *control = malloc(size);
    if (control == NULL)
        return -ENOMEM;
    if (caller->ops->read(caller->context, (uint64_t)(uintptr_t)message->msg_control, control, size) != (ssize_t)size)
        return -EFAULT;
    int error = judge_control(view, caller, call, control, size);
    if (error == 0)
        error = caller->ops->place(caller->context, control, size, &place);
    if (error == 0)
        message->msg_control = (void *)(uintptr_t)place;
    return error;
}

/* The name of a message is placed when it has been judged. 0 or -errno. */
static int place_name(struct view *view, struct caller *caller, const struct call *call, struct msghdr *message,
                      struct answer *answer)
{
    struct address address;
    uint64_t place;
    int length = (int)message->msg_namelen;
    if (message->msg_name == NULL || length <= 0)
        return 0;
    if (length > (int)sizeof address.room) /* as copy_msghdr_from_user() in net/socket.c */
        length = (int)sizeof address.room;
    int error = read_address(caller, (uint64_t)(uintptr_t)message->msg_name, (socklen_t)length, &address);
    if (error == 0)
        error = judge_address(view, caller, call, POLICY_CONNECT, &address, answer);
    if (error == 0)
        error = caller->ops->place(caller->context, &address.room, address.length, &place);
    if (error < 0)
        return error;
    message->msg_name = (void *)(uintptr_t)place;
    message->msg_namelen = address.length;
    return 0;
}

/* Reads the header of a message at an address, and places it with all that is judged in it. 0 or -errno. */
static int place_message(struct view *view, struct caller *caller, const struct call *call, uint64_t at,
                         struct msghdr *message, struct answer *answer, uint64_t *place)
{
    if (!shape_read_message(caller, call, at, message))
        return -EFAULT;
    int error = place_name(view, caller, call, message, answer);
    if (error == 0)
        error = place_control(view, caller, call, message);
    return error < 0 ? error : shape_place_message(caller, call, message, place);
}

void judged_sendmsg(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct msghdr message;
    uint64_t place;
    answer_continue(answer);
    int error = place_message(view, caller, call, call->args[1], &message, answer, &place);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    memcpy(answer->args, call->args, sizeof answer->args);
    answer->kind = ANSWER_REWRITE;
    answer->args[1] = place;
}

/* How much a message has, as far as its beginning and its end can be read. -EFAULT: it cannot. */
static int64_t length_of(struct caller *caller, const struct call *call, const struct msghdr *message)
{
    uint64_t total = 0;
    if (message->msg_iovlen > UIO_MAXIOV)
        return 0; /* EMSGSIZE */
    for (uint64_t i = 0; i < message->msg_iovlen; i++) {
        struct iovec part;
        char byte;
        if (shape_read_part(caller, call, (uint64_t)(uintptr_t)message->msg_iov, i, &part) < 0)
            return -EFAULT;
        uint64_t base = (uint64_t)(uintptr_t)part.iov_base;
        if (part.iov_len > INT32_MAX - total)
            return -EFAULT;
        if (part.iov_len > 0 && (caller->ops->read(caller->context, base, &byte, 1) != 1 ||
                                 caller->ops->read(caller->context, base + part.iov_len - 1, &byte, 1) != 1))
            return -EFAULT;
        total += part.iov_len;
    }
    return (int64_t)total;
}

/* Of a stream, a call that does not wait may send a part. */
static bool may_send_a_part(struct caller *caller, const struct call *call)
{
    int type = 0;
    socklen_t size = sizeof type;
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, (int)call->args[0]);
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM)
        return false;
    return (call->args[3] & MSG_DONTWAIT) != 0 || (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/*
 * The kernel writes the length of each message behind its header, and a header that nobody can change cannot be written
 * to: so it sends the first message and fails with EFAULT. That is made what it is, a call that sent one message of
 * several. Only of a part of a stream nobody would know how long it was: such calls, which no program was seen to make,
 * are told that the socket does not do this.
 */
void judged_sendmmsg(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct msghdr message;
    uint64_t place;
    answer_continue(answer);
    if ((uint32_t)call->args[2] == 0)
        return;
    int error = may_send_a_part(caller, call) ? -EOPNOTSUPP : 0;
    if (error == 0)
        error = place_message(view, caller, call, call->args[1], &message, answer, &place);
    int64_t length = error < 0 ? error : length_of(caller, call, &message);
    if (length < 0) {
        answer_result(answer, length);
        return;
    }
    memcpy(answer->args, call->args, sizeof answer->args);
    answer->kind = ANSWER_REWRITE;
    answer->want_exit = true;
    answer->args[1] = place;
    answer->args[2] = 1;
    answer->finish.kind = FINISH_SENDMMSG_ONE;
    answer->finish.mode = (uint32_t)length;
}

int64_t finish_sendmmsg_one(struct caller *caller, const struct call *call, const struct answer *answer, int64_t result)
{
    const uint32_t length = answer->finish.mode;
    if (result != -EFAULT && result != 1)
        return result;
    /* Behind the header. */
    uint64_t at = call->args[1] + (shape_is_32(call) ? SHAPE_MESSAGE32_SIZE : sizeof(struct msghdr));
    int error = caller->ops->write(caller->context, at, &length, sizeof length);
    return error < 0 ? error : 1;
}
