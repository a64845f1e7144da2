/*
 * What goes round addresses, in a run whose policy judges them: sockets of families that have others, a port that a
 * socket gets by itself, and options that send elsewhere than the address says.
 */
#include "emul/bound.h"
#include "emul/rules.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* In the argument `type` beside the flags, as SOCK_TYPE_MASK in include/linux/net.h. */
enum { TYPE_MASK = 0xf };

/* The oldest way to AF_PACKET. */
#ifndef SOCK_PACKET
#define SOCK_PACKET 10
#endif

/*
 * What answers questions about interfaces, routes, sockets and devices, as getaddrinfo() asks; only who may configure
 * the network changes something by it.
 */
static bool only_answers(int protocol)
{
    return protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG || protocol == NETLINK_KOBJECT_UEVENT;
}

static bool is_judged_protocol(int type, int protocol)
{
    static const int streams[] = {0, IPPROTO_TCP, IPPROTO_MPTCP};
    static const int datagrams[] = {0, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_ICMP, IPPROTO_ICMPV6};
    for (size_t i = 0; type == SOCK_STREAM && i < sizeof streams / sizeof streams[0]; i++)
        if (protocol == streams[i])
            return true;
    for (size_t i = 0; type == SOCK_DGRAM && i < sizeof datagrams / sizeof datagrams[0]; i++)
        if (protocol == datagrams[i])
            return true;
    return false;
}

/* What such a socket is refused with: what a kernel says that has no such family, so that programs do without. */
struct unjudged {
    int error; /* 0: all that it can reach has an address that is judged */
    char what[64];
};

static struct unjudged find_unjudged(int family, int type, int protocol)
{
    struct unjudged found = {0};
    if (family == AF_UNIX)
        return found;
    if (family == AF_INET || family == AF_INET6) {
        if (is_judged_protocol(type, protocol))
            return found;
        bool raw = type == SOCK_RAW || type == SOCK_PACKET;
        found.error = raw ? -EPERM : -EPROTONOSUPPORT;
        (void)snprintf(found.what, sizeof found.what, raw ? "a raw socket" : "a socket of protocol %d", protocol);
        return found;
    }
    if (family == AF_NETLINK) {
        found.error = only_answers(protocol) ? 0 : -EPROTONOSUPPORT;
        (void)snprintf(found.what, sizeof found.what, "a socket of AF_NETLINK, protocol %d", protocol);
        return found;
    }
    found.error = -EAFNOSUPPORT;
    (void)snprintf(found.what, sizeof found.what, "a socket of %s (%d)", address_family_name(family), family);
    return found;
}

static void judge_made(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int family = (int)call->args[0], protocol = (int)call->args[2];
    const struct unjudged found = find_unjudged(family, (int)call->args[1] & TYPE_MASK, protocol);
    /* Nobody goes anywhere by the log of audits, but many programs try whether there is one. */
    bool is_probe = family == AF_NETLINK && protocol == NETLINK_AUDIT;
    if (found.error == 0 || (is_probe && rules_network_open(view, POLICY_CONNECT)))
        return;
    if (is_probe || rules_ask_network(view, caller, POLICY_CONNECT, found.what) < 0)
        answer_result(answer, found.error);
}

/*
 * A socket that listens without an address gets a port. The supervisor makes the call on its duplicate, so that it is
 * the socket that was looked at; but a socket of AF_UNIX tells its peers who called listen(), so the caller does that
 * himself where nobody can exchange the descriptor meanwhile.
 */
static void judge_listen(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct thread_facts facts = {0};
    struct address own = {.length = sizeof own.room};
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, (int)call->args[0]);
    if (fd < 0 || getsockname(fd, &own.any, &own.length) < 0) {
        answer_result(answer, fd < 0 ? fd : -errno);
        return;
    }
    bool alone =
        caller->ops->thread != NULL && caller->ops->thread(caller->context, caller->tid, &facts) && facts.alone;
    bool internet = own.any.sa_family == AF_INET || own.any.sa_family == AF_INET6;
    if (!internet && alone)
        return;
    int error = internet && address_port(&own) == 0 ? rules_ask_address(view, caller, POLICY_BIND, &own) : 0;
    if (error == 0 && listen(fd, (int)call->args[1]) < 0)
        error = -errno;
    if (error == 0)
        bound_remember(view, fd);
    answer_result(answer, error);
}

static void judge_option(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    char what[64];
    int error;
    /* By socketcall() every option comes here. */
    if (table_verdict(call->row, call->args, &error) != VERDICT_STOP)
        return;
    (void)snprintf(what, sizeof what, "level %d, option %d: another way than the address says", (int)call->args[1],
                   (int)call->args[2]);
    if (rules_ask_network(view, caller, POLICY_CONNECT, what) < 0)
        answer_result(answer, -EPERM);
}

void call_socket(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    answer_continue(answer);
    if (!rules_judge_addresses(view))
        return;
    switch (call->number) {
    case SYS_socket:
    case SYS_socketpair:
        judge_made(view, caller, call, answer);
        break;
    case SYS_listen:
        judge_listen(view, caller, call, answer);
        break;
    case SYS_setsockopt:
        judge_option(view, caller, call, answer);
        break;
    default:
        break;
    }
}
