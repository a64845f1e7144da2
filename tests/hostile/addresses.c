/*
 * Addresses that rules refuse, where the rest of the network is allowed: every call that takes one, every form that an
 * address has, and what is the view's own beside it. `connect deny` speaks of 127.0.0.0/8, ::1, the abstract name and
 * the sockets in hidden/; `bind deny` of 127.7.0.0/16, of an abstract name and of denied/.
 */
#include "../helpers/ia32.h"
#include "attempt.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stddef.h>

#define TEXT(...) (void)snprintf(text, sizeof text, __VA_ARGS__)

enum { NR_32_SOCKETCALL = 102, NR_32_CONNECT = 362, NR_32_SENDTO = 369, NR_32_SENDMSG = 370 };

union name {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
};

static union name four(in_addr_t address, int port)
{
    return (union name){
        .v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(address)}};
}

static union name here(int port)
{
    return four(INADDR_LOOPBACK, port);
}

/* ::ffff:a.b.c.d */
static union name mapped(in_addr_t address, int port)
{
    union name name = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)}};
    const in_addr_t raw = htonl(address);
    memset(&name.v6.sin6_addr.s6_addr[10], 0xff, 2);
    memcpy(&name.v6.sin6_addr.s6_addr[12], &raw, 4);
    return name;
}

static union name six(int port)
{
    return (union name){
        .v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
}

static socklen_t length_of(const union name *name)
{
    return name->any.sa_family == AF_INET ? sizeof name->v4 : sizeof name->v6;
}

static int reach(int family, int type, union name name)
{
    int fd = socket(family, type, 0);
    return fd < 0 ? errno : outcome(connect(fd, &name.any, length_of(&name)));
}

static int send_to(int family, const union name *name, socklen_t length)
{
    int fd = socket(family, SOCK_DGRAM, 0);
    return fd < 0 ? errno : outcome(sendto(fd, "x", 1, 0, &name->any, length));
}

/* ---- forms of an address ---- */

static int by_connect(void)
{
    return reach(AF_INET, SOCK_STREAM, here(scene.port4));
}
static int by_any(void)
{
    return reach(AF_INET, SOCK_STREAM, four(INADDR_ANY, scene.port4));
}
static int by_six(void)
{
    return reach(AF_INET6, SOCK_STREAM, six(scene.port6));
}
static int by_mapped(void)
{
    return reach(AF_INET6, SOCK_STREAM, mapped(INADDR_LOOPBACK, scene.port4));
}
static int by_mapped_any(void)
{
    return reach(AF_INET6, SOCK_STREAM, mapped(INADDR_ANY, scene.port4));
}

static int by_six_any(void)
{
    union name name = six(scene.port6);
    name.v6.sin6_addr = in6addr_any;
    return reach(AF_INET6, SOCK_STREAM, name);
}

static int by_six_scope(void)
{
    union name name = six(scene.port6);
    name.v6.sin6_scope_id = 1;
    name.v6.sin6_flowinfo = htonl(7);
    return reach(AF_INET6, SOCK_STREAM, name);
}

/* A longer length than the address has, and one that ends where its port and address do. */
static int by_long(void)
{
    char room[128] = {0};
    union name name = here(scene.port4);
    memcpy(room, &name, sizeof name.v4);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(connect(fd, (void *)room, sizeof room));
}

static int by_short_six(void)
{
    union name name = six(scene.port6);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(connect(fd, &name.any, 24)); /* without the scope */
}

/* The kernel takes AF_UNSPEC in sendto() for AF_INET (udp_sendmsg()). */
static int by_unspec_sendto(void)
{
    union name name = here(scene.port_udp);
    name.any.sa_family = AF_UNSPEC;
    return send_to(AF_INET, &name, sizeof name.v4);
}

/* A socket of IPv6 takes an address of IPv4. */
static int by_four_on_six(void)
{
    union name name = here(scene.port_udp);
    return send_to(AF_INET6, &name, sizeof name.v4);
}

static int by_connected_four_on_six(void)
{
    union name name = here(scene.port_udp);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, &name.any, sizeof name.v4) < 0)
        return errno;
    return outcome(write(fd, "x", 1));
}

static int by_mapped_sendto(void)
{
    union name name = mapped(INADDR_LOOPBACK, scene.port_udp);
    return send_to(AF_INET6, &name, sizeof name.v6);
}

static int by_any_sendto(void)
{
    union name name = four(INADDR_ANY, scene.port_udp);
    return send_to(AF_INET, &name, sizeof name.v4);
}

/* After a connection to what is allowed, and one that is dissolved. */
static int by_second_address(void)
{
    union name first = four(0xc0000201, 9), name = here(scene.port_udp); /* 192.0.2.1 */
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return errno;
    (void)connect(fd, &first.any, sizeof first.v4);
    return outcome(sendto(fd, "x", 1, 0, &name.any, sizeof name.v4));
}

static int by_unspec(void)
{
    union name name = here(scene.port4);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    name.any.sa_family = AF_UNSPEC;
    (void)connect(fd, &name.any, sizeof name.v4);
    name.any.sa_family = AF_INET;
    return fd < 0 ? errno : outcome(connect(fd, &name.any, sizeof name.v4));
}

/* ---- calls ---- */

static int message_to(int type, int flags, union name name)
{
    struct iovec data = {"x", 1};
    struct msghdr message = {.msg_name = &name, .msg_namelen = length_of(&name), .msg_iov = &data, .msg_iovlen = 1};
    int fd = socket(name.any.sa_family, type, 0);
    return fd < 0 ? errno : outcome(sendmsg(fd, &message, flags));
}

static int by_sendmsg(void)
{
    return message_to(SOCK_DGRAM, 0, here(scene.port_udp));
}
static int by_fast_sendmsg(void)
{
    return message_to(SOCK_STREAM, MSG_FASTOPEN, here(scene.port4));
}
static int by_fast_mapped(void)
{
    return message_to(SOCK_STREAM, MSG_FASTOPEN, mapped(INADDR_LOOPBACK, scene.port4));
}
static int by_zerocopy(void)
{
    return message_to(SOCK_DGRAM, MSG_ZEROCOPY | MSG_DONTWAIT, here(scene.port_udp));
}

/* The second message of several: the first may go. */
static int by_second_message(void)
{
    union name names[2] = {four(0xc0000201, 9), here(scene.port_udp)};
    struct iovec data = {"x", 1};
    struct mmsghdr messages[2] = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), sent;
    for (int i = 0; i < 2; i++)
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &names[i], .msg_namelen = sizeof names[i].v4, .msg_iov = &data, .msg_iovlen = 1};
    if (fd < 0 || (sent = sendmmsg(fd, messages, 2, 0)) < 0)
        return errno;
    for (; sent < 2; sent++)
        if (sendmmsg(fd, messages + sent, 1, 0) < 0)
            return errno;
    return 0;
}

static int by_fast_sendmmsg(void)
{
    union name name = here(scene.port4);
    struct iovec data = {"x", 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &name, .msg_namelen = sizeof name.v4, .msg_iov = &data, .msg_iovlen = 1}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(sendmmsg(fd, &message, 1, MSG_FASTOPEN));
}

static int by_fast_connect(void)
{
    union name name = here(scene.port4);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one) < 0 ||
        connect(fd, &name.any, sizeof name.v4) < 0)
        return errno;
    return outcome(write(fd, "x", 1));
}

/* To what is allowed, and the packet goes another way: a source route, and the address in control data. */
static int by_source_route(void)
{
    union name name = here(scene.port_udp);
    const in_addr_t last = htonl(INADDR_LOOPBACK);
    unsigned char route[11] = {IPOPT_LSRR, 7, 4};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    memcpy(route + 3, &last, 4);
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, 8) < 0)
        return errno;
    return outcome(sendto(fd, "x", 1, 0, &name.any, sizeof name.v4));
}

static int by_multipath(void)
{
    union name name = here(scene.port4);
    int fd = socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
    return fd < 0 ? errno : outcome(connect(fd, &name.any, sizeof name.v4));
}

static int in_thread_result;

static void *connect_there(void *name)
{
    in_thread_result = reach(AF_INET, SOCK_STREAM, *(union name *)name);
    return NULL;
}

static int by_thread(void)
{
    pthread_t thread;
    union name name = here(scene.port4);
    if (pthread_create(&thread, NULL, connect_there, &name) != 0 || pthread_join(thread, NULL) != 0)
        return EAGAIN;
    return in_thread_result;
}

/* The socket is made by another process, and comes over a Unix socket. */
static int by_passed_socket(void)
{
    int pair[2];
    char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    union name name = here(scene.port4);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return errno;
    if (fork() == 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        struct cmsghdr *control = CMSG_FIRSTHDR(&message);
        *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(control), &fd, sizeof fd);
        _exit(sendmsg(pair[1], &message, 0) < 0);
    }
    int fd = -1;
    if (recvmsg(pair[0], &message, 0) < 0 || CMSG_FIRSTHDR(&message) == NULL)
        return errno;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return outcome(connect(fd, &name.any, sizeof name.v4));
}

/* ---- 32-bit calls ---- */

struct low {
    uint32_t words[8];
    union name name;
    uint32_t data[2], message[7];
    char byte[4];
};

static struct low *low(union name name)
{
    struct low *low = (void *)ia32_begin(sizeof *low);
    low->name = name;
    return low;
}

static int by_socketcall(void)
{
    struct low *here_low = low(here(scene.port4));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    here_low->words[0] = (uint32_t)fd;
    here_low->words[1] = (uint32_t)(uintptr_t)&here_low->name;
    here_low->words[2] = sizeof here_low->name.v4;
    return outcome(IA32(NR_32_SOCKETCALL, 3 /* SYS_CONNECT */, here_low->words));
}

static int by_ia32_connect(void)
{
    struct low *here_low = low(here(scene.port4));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return outcome(IA32(NR_32_CONNECT, fd, &here_low->name, sizeof here_low->name.v4));
}

static int by_ia32_sendto(void)
{
    struct low *here_low = low(here(scene.port_udp));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return outcome(IA32(NR_32_SENDTO, fd, here_low->byte, 1, 0, &here_low->name, sizeof here_low->name.v4));
}

static int by_ia32_sendmsg(void)
{
    struct low *here_low = low(here(scene.port_udp));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    here_low->data[0] = (uint32_t)(uintptr_t)here_low->byte;
    here_low->data[1] = 1;
    here_low->message[0] = (uint32_t)(uintptr_t)&here_low->name;
    here_low->message[1] = sizeof here_low->name.v4;
    here_low->message[2] = (uint32_t)(uintptr_t)here_low->data;
    here_low->message[3] = 1;
    return outcome(IA32(NR_32_SENDMSG, fd, here_low->message, 0));
}

/* ---- beside a socket of one's own ---- */

static int bind_own(int family, int type, union name name, bool only_six)
{
    int one = 1, fd = socket(family, type, 0);
    if (fd >= 0 && only_six)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return fd < 0 || bind(fd, &name.any, length_of(&name)) < 0 ? -1 : fd;
}

/* At the same port: of the other protocol, of IPv6 alone, at another address. */
static int by_own_protocol(void)
{
    (void)bind_own(AF_INET, SOCK_DGRAM, here(scene.port4), false);
    return by_connect();
}

static int by_own_stream(void)
{
    union name name = here(scene.port_udp);
    (void)bind_own(AF_INET, SOCK_STREAM, name, false);
    return send_to(AF_INET, &name, sizeof name.v4);
}

static int by_own_six(void)
{
    union name name = six(scene.port4);
    name.v6.sin6_addr = in6addr_any;
    int fd = bind_own(AF_INET6, SOCK_STREAM, name, true);
    if (fd >= 0)
        (void)listen(fd, 1);
    return by_connect();
}

static int by_own_elsewhere(void)
{
    (void)bind_own(AF_INET, SOCK_STREAM, four(0x7f000002, scene.port4), false);
    return by_connect();
}

static int by_own_shared(void)
{
    union name name = four(INADDR_ANY, scene.port_udp);
    int one = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    (void)bind(fd, &name.any, sizeof name.v4);
    name = here(scene.port_udp);
    return send_to(AF_INET, &name, sizeof name.v4);
}

/* ---- Unix ---- */

static socklen_t abstract_name(union name *name)
{
    *name = (union name){.un = {.sun_family = AF_UNIX}};
    memcpy(name->un.sun_path + 1, scene.abstract, strlen(scene.abstract));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(scene.abstract));
}

static int by_abstract(void)
{
    union name name;
    socklen_t length = abstract_name(&name);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(connect(fd, &name.any, length));
}

/* A socket of another type may have the same name. */
static int by_own_abstract(int type)
{
    union name name;
    socklen_t length = abstract_name(&name);
    int own = socket(AF_UNIX, type, 0);
    if (own < 0 || bind(own, &name.any, length) < 0)
        return errno;
    (void)listen(own, 1);
    return by_abstract();
}

static int by_own_datagrams(void)
{
    return by_own_abstract(SOCK_DGRAM);
}
static int by_own_packets(void)
{
    return by_own_abstract(SOCK_SEQPACKET);
}

static int to_path(int type, const char *path)
{
    union name name = {.un = {.sun_family = AF_UNIX}};
    (void)snprintf(name.un.sun_path, sizeof name.un.sun_path, "%s", path);
    int fd = socket(AF_UNIX, type, 0);
    if (fd < 0)
        return errno;
    if (type == SOCK_STREAM)
        return outcome(connect(fd, &name.any, sizeof name.un));
    return outcome(sendto(fd, "x", 1, 0, &name.any, sizeof name.un));
}

static int by_path(void)
{
    return to_path(SOCK_STREAM, "hidden/socket");
}
static int by_dots(void)
{
    return to_path(SOCK_STREAM, "empty/../hidden/./socket");
}
static int by_datagram_path(void)
{
    return to_path(SOCK_DGRAM, "hidden/datagrams");
}
static int by_own_cwd(void)
{
    return to_path(SOCK_STREAM, "/proc/self/cwd/hidden/socket");
}

static int by_symlink(void)
{
    return symlink("hidden/socket", "way") < 0 ? errno : to_path(SOCK_STREAM, "way");
}

static int by_hard_link(void)
{
    return link("hidden/socket", "way") < 0 ? errno : to_path(SOCK_STREAM, "way");
}

static int by_rename(void)
{
    return rename("hidden/socket", "way") < 0 ? errno : to_path(SOCK_STREAM, "way");
}

static int by_descriptor(void)
{
    char text[64];
    int fd = open("hidden/socket", O_PATH);
    TEXT("/proc/self/fd/%d", fd);
    return fd < 0 ? errno : to_path(SOCK_STREAM, text);
}

static int by_directory(void)
{
    char text[64];
    int fd = open("hidden", O_PATH | O_DIRECTORY);
    TEXT("/proc/self/fd/%d/socket", fd);
    return fd < 0 ? errno : to_path(SOCK_STREAM, text);
}

static int by_chdir(void)
{
    return chdir("hidden") < 0 ? errno : to_path(SOCK_STREAM, "socket");
}

/* ---- bind ---- */

static int bound(int family, int type, union name name)
{
    int fd = socket(family, type, 0);
    return fd < 0 ? errno : outcome(bind(fd, &name.any, length_of(&name)));
}

static int by_bind(void)
{
    return bound(AF_INET, SOCK_STREAM, four(0x7f070001, 0));
}
static int by_bind_datagram(void)
{
    return bound(AF_INET, SOCK_DGRAM, four(0x7f070001, 0));
}
static int by_bind_mapped(void)
{
    return bound(AF_INET6, SOCK_STREAM, mapped(0x7f070001, 0));
}

static int by_bind_free(void)
{
    union name name = four(0x7f070001, 0);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) < 0)
        return errno;
    return outcome(bind(fd, &name.any, sizeof name.v4));
}

static int by_bind_again(void)
{
    union name name = four(0x7f070001, 0), none = {.any.sa_family = AF_UNSPEC};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)connect(fd, &none.any, sizeof none.v4);
    return fd < 0 ? errno : outcome(bind(fd, &name.any, sizeof name.v4));
}

static int by_bind_ia32(void)
{
    struct low *here_low = low(four(0x7f070001, 0));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return outcome(IA32(361, fd, &here_low->name, sizeof here_low->name.v4));
}

static int by_bind_abstract(void)
{
    union name name = {.un = {.sun_family = AF_UNIX}};
    int length = snprintf(name.un.sun_path + 1, sizeof name.un.sun_path - 1, "denied-hostile-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0
               ? errno
               : outcome(bind(fd, &name.any, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)));
}

static int by_bind_path(void)
{
    union name name = {.un = {.sun_family = AF_UNIX, .sun_path = "many/../empty/new"}};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(bind(fd, &name.any, sizeof name.un));
}

static int by_bind_link(void)
{
    union name name = {.un = {.sun_family = AF_UNIX, .sun_path = "way/new"}};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || symlink("empty", "way") < 0)
        return errno;
    return outcome(bind(fd, &name.any, sizeof name.un));
}

const struct attempt addresses_attempts[] = {
    {"connect", "connect over IPv4", LISTENER, 0, by_connect, NULL},
    {"any", "connect to 0.0.0.0", LISTENER, 0, by_any, NULL},
    {"six", "connect to ::1", LISTENER, NEEDS_KERNEL, by_six, NULL},
    {"mapped", "::ffff:127.0.0.1", LISTENER, NEEDS_KERNEL, by_mapped, NULL},
    {"mapped-any", "::ffff:0.0.0.0", LISTENER, NEEDS_KERNEL, by_mapped_any, NULL},
    {"six-any", "::", LISTENER, NEEDS_KERNEL, by_six_any, NULL},
    {"six-scope", "::1 with a scope and a flow", LISTENER, NEEDS_KERNEL, by_six_scope, NULL},
    {"long", "an address that is longer than one", LISTENER, 0, by_long, NULL},
    {"short-six", "an address of IPv6 without its scope", LISTENER, NEEDS_KERNEL, by_short_six, NULL},
    {"unspec-sendto", "sendto with AF_UNSPEC", LISTENER, 0, by_unspec_sendto, NULL},
    {"four-on-six", "an address of IPv4 on a socket of IPv6", LISTENER, NEEDS_KERNEL, by_four_on_six, NULL},
    {"four-on-six-connected", "the same, connected", LISTENER, NEEDS_KERNEL, by_connected_four_on_six, NULL},
    {"mapped-sendto", "sendto over IPv6 to an IPv4 address", LISTENER, NEEDS_KERNEL, by_mapped_sendto, NULL},
    {"any-sendto", "sendto to 0.0.0.0", LISTENER, 0, by_any_sendto, NULL},
    {"second-address", "sendto on a socket that is connected elsewhere", LISTENER, 0, by_second_address, NULL},
    {"unspec", "connect after AF_UNSPEC", LISTENER, 0, by_unspec, NULL},
    {"sendmsg", "sendmsg", LISTENER, 0, by_sendmsg, NULL},
    {"second-message", "the second message of sendmmsg", LISTENER, NEEDS_KERNEL, by_second_message, NULL},
    {"zerocopy", "sendmsg with MSG_ZEROCOPY", LISTENER, NEEDS_KERNEL, by_zerocopy, NULL},
    {"fast-sendmsg", "MSG_FASTOPEN by sendmsg", LISTENER, NEEDS_KERNEL, by_fast_sendmsg, NULL},
    {"fast-mapped", "the same over IPv6", LISTENER, NEEDS_KERNEL, by_fast_mapped, NULL},
    {"fast-sendmmsg", "the same by sendmmsg", LISTENER, NEEDS_KERNEL, by_fast_sendmmsg, NULL},
    {"fast-connect", "TCP_FASTOPEN_CONNECT", LISTENER, NEEDS_KERNEL, by_fast_connect, NULL},
    {"source-route", "IP_OPTIONS", LISTENER, NEEDS_KERNEL, by_source_route, NULL},
    {"multipath", "MPTCP", LISTENER, NEEDS_KERNEL, by_multipath, NULL},
    {"thread", "connect by another thread", LISTENER, 0, by_thread, NULL},
    {"passed-socket", "a socket that another process made", LISTENER, 0, by_passed_socket, NULL},
    {"socketcall", "connect by the 32-bit socketcall", LISTENER, NEEDS_KERNEL, by_socketcall, NULL},
    {"ia32-connect", "the 32-bit connect", LISTENER, NEEDS_KERNEL, by_ia32_connect, NULL},
    {"ia32-sendto", "the 32-bit sendto", LISTENER, NEEDS_KERNEL, by_ia32_sendto, NULL},
    {"ia32-sendmsg", "the 32-bit sendmsg", LISTENER, NEEDS_KERNEL, by_ia32_sendmsg, NULL},
    {"own-protocol", "connect, having bound the port for datagrams", LISTENER, 0, by_own_protocol, NULL},
    {"own-stream", "sendto, having bound the port for streams", LISTENER, 0, by_own_stream, NULL},
    {"own-six", "connect, having bound the port for IPv6 alone", LISTENER, 0, by_own_six, NULL},
    {"own-elsewhere", "connect, having bound the port of another address", LISTENER, 0, by_own_elsewhere, NULL},
    {"own-shared", "sendto, having shared the port", LISTENER, 0, by_own_shared, NULL},
    {"abstract", "an abstract name", LISTENER, 0, by_abstract, NULL},
    {"own-datagrams", "an abstract name that is one's own for datagrams", LISTENER, 0, by_own_datagrams, NULL},
    {"own-packets", "an abstract name that is one's own for packets", LISTENER, 0, by_own_packets, NULL},
    {"path", "a socket that is a file", LISTENER, 0, by_path, NULL},
    {"dots", "the same by a path with dots", LISTENER, 0, by_dots, NULL},
    {"datagram-path", "sendto to a file", LISTENER, 0, by_datagram_path, NULL},
    {"own-cwd", "by /proc/self/cwd", LISTENER, 0, by_own_cwd, NULL},
    {"symlink", "by a symbolic link", LISTENER, 0, by_symlink, NULL},
    {"hard-link", "by a hard link", LISTENER, 0, by_hard_link, NULL},
    {"rename", "by another name", LISTENER, 0, by_rename, NULL},
    {"descriptor", "by a descriptor in /proc", LISTENER, 0, by_descriptor, NULL},
    {"directory", "by a directory's descriptor in /proc", LISTENER, 0, by_directory, NULL},
    {"chdir", "from its directory", LISTENER, 0, by_chdir, NULL},
    {"bind", "bind over IPv4", CLAIM, 0, by_bind, NULL},
    {"bind-datagram", "bind for datagrams", CLAIM, 0, by_bind_datagram, NULL},
    {"bind-mapped", "bind over IPv6 to an IPv4 address", CLAIM, NEEDS_KERNEL, by_bind_mapped, NULL},
    {"bind-free", "bind without a port", CLAIM, 0, by_bind_free, NULL},
    {"bind-again", "bind after AF_UNSPEC", CLAIM, 0, by_bind_again, NULL},
    {"bind-ia32", "the 32-bit bind", CLAIM, NEEDS_KERNEL, by_bind_ia32, NULL},
    {"bind-abstract", "bind to an abstract name", CLAIM, 0, by_bind_abstract, NULL},
    {"bind-path", "bind to a path with dots", CLAIM, 0, by_bind_path, NULL},
    {"bind-link", "bind behind a symbolic link", CLAIM, 0, by_bind_link, NULL},
    {0},
};
