/* Sockets outside, where there is no network. */
#include "attempt.h"

#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static struct sockaddr_in loopback4(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int to4(int type, const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, type, 0);
    return fd < 0 ? errno : outcome(connect(fd, (const void *)address, sizeof *address));
}

static int by_connect(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    return to4(SOCK_STREAM, &address);
}

static int by_nonblocking(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    int result = to4(SOCK_STREAM | SOCK_NONBLOCK, &address);
    return result == EINPROGRESS ? 0 : result;
}

static int by_any(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    address.sin_addr.s_addr = INADDR_ANY;
    return to4(SOCK_STREAM, &address);
}

static int by_other_loopback(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    address.sin_family = AF_UNSPEC; /* dissolves: then it is connected */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)connect(fd, (void *)&address, sizeof address);
    address.sin_family = AF_INET;
    return fd < 0 ? errno : outcome(connect(fd, (void *)&address, sizeof address));
}

static int by_mapped(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)scene.port4)};
    address.sin6_addr.s6_addr[10] = address.sin6_addr.s6_addr[11] = 0xff;
    address.sin6_addr.s6_addr[12] = 127;
    address.sin6_addr.s6_addr[15] = 1;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(connect(fd, (void *)&address, sizeof address));
}

static int by_six(void)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)scene.port6), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(connect(fd, (void *)&address, sizeof address));
}

static int by_sendto(void)
{
    struct sockaddr_in address = loopback4(scene.port_udp);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? errno : outcome(sendto(fd, "x", 1, 0, (void *)&address, sizeof address));
}

static int by_sendmsg(void)
{
    struct sockaddr_in address = loopback4(scene.port_udp);
    struct iovec data = {"x", 1};
    struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &data, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? errno : outcome(sendmsg(fd, &message, 0));
}

static int by_sendmmsg(void)
{
    struct sockaddr_in address = loopback4(scene.port_udp);
    struct iovec data = {"x", 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &data, .msg_iovlen = 1}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? errno : outcome(sendmmsg(fd, &message, 1, 0));
}

static int by_datagram(void)
{
    struct sockaddr_in address = loopback4(scene.port_udp);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, (void *)&address, sizeof address) < 0)
        return errno;
    return outcome(write(fd, "x", 1));
}

static int by_fast_open(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(sendto(fd, "x", 1, MSG_FASTOPEN, (void *)&address, sizeof address));
}

static int by_fast_connect(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one) < 0 ||
        connect(fd, (void *)&address, sizeof address) < 0)
        return errno;
    return outcome(write(fd, "x", 1));
}

static int by_multipath(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    int fd = socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
    return fd < 0 ? errno : outcome(connect(fd, (void *)&address, sizeof address));
}

static int by_thread_call(void)
{
    struct sockaddr_in address = loopback4(scene.port4);
    long fd = syscall(SYS_socket, AF_INET | 0x100000000L, SOCK_STREAM | 0x100000000L, 0);
    return fd < 0 ? errno : outcome(connect((int)fd, (void *)&address, sizeof address));
}

static int by_raw(void)
{
    return outcome(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}
static int by_ping(void)
{
    return outcome(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}
static int by_packet(void)
{
    return outcome(socket(AF_PACKET, SOCK_RAW, htons(3)));
}
static int by_netlink(void)
{
    return outcome(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
}
static int by_vsock(void)
{
    return outcome(socket(AF_VSOCK, SOCK_STREAM, 0));
}
static int by_alg(void)
{
    return outcome(socket(AF_ALG, SOCK_SEQPACKET, 0));
}
static int by_key(void)
{
    return outcome(socket(15 /* AF_KEY */, SOCK_RAW, 2));
}
static int by_bluetooth(void)
{
    return outcome(socket(31, SOCK_RAW, 0));
}

static int by_listener(void)
{
    struct sockaddr_in address = loopback4(0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (void *)&address, sizeof address) < 0)
        return errno;
    return outcome(listen(fd, 1));
}

static int by_implicit_listener(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno : outcome(listen(fd, 1));
}

const struct attempt network_attempts[] = {
    {"connect", "connect over IPv4", LISTENER, 0, by_connect, NULL},
    {"nonblocking", "connect that does not wait", LISTENER, 0, by_nonblocking, NULL},
    {"any", "connect to 0.0.0.0", LISTENER, 0, by_any, NULL},
    {"unspec", "connect after AF_UNSPEC", LISTENER, 0, by_other_loopback, NULL},
    {"mapped", "connect over IPv6 to an IPv4 address", LISTENER, NEEDS_KERNEL, by_mapped, NULL},
    {"six", "connect over IPv6", LISTENER, NEEDS_KERNEL, by_six, NULL},
    {"sendto", "sendto", LISTENER, 0, by_sendto, NULL},
    {"sendmsg", "sendmsg", LISTENER, 0, by_sendmsg, NULL},
    {"sendmmsg", "sendmmsg", LISTENER, 0, by_sendmmsg, NULL},
    {"datagram", "a datagram socket that is connected", LISTENER, 0, by_datagram, NULL},
    {"fast-open", "MSG_FASTOPEN", LISTENER, NEEDS_KERNEL, by_fast_open, NULL},
    {"fast-connect", "TCP_FASTOPEN_CONNECT", LISTENER, NEEDS_KERNEL, by_fast_connect, NULL},
    {"multipath", "MPTCP", LISTENER, NEEDS_KERNEL, by_multipath, NULL},
    {"high-bits", "socket with bits that the kernel does not look at", LISTENER, 0, by_thread_call, NULL},
    {"raw", "a raw socket", CLAIM, NEEDS_ROOT, by_raw, NULL},
    {"ping", "an ICMP socket", CLAIM, NEEDS_KERNEL, by_ping, NULL},
    {"packet", "a packet socket", CLAIM, NEEDS_ROOT, by_packet, NULL},
    {"netlink", "netlink, but of what only tells", CLAIM, 0, by_netlink, NULL},
    {"vsock", "a socket to the machine below", CLAIM, NEEDS_KERNEL, by_vsock, NULL},
    {"alg", "the kernel's ciphers", CLAIM, NEEDS_KERNEL, by_alg, NULL},
    {"key", "AF_KEY", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_key, NULL},
    {"bluetooth", "Bluetooth", CLAIM, NEEDS_KERNEL, by_bluetooth, NULL},
    {"listener", "a socket that listens", CLAIM, 0, by_listener, NULL},
    {"implicit-listener", "a socket that listens without bind", CLAIM, 0, by_implicit_listener, NULL},
    {0},
};
