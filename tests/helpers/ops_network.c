/*
 * Calls with addresses, for tests of what a policy says of them. Each attempt prints what came of it.
 *
 *   listen             waits for connections and datagrams on a port of 127.0.0.1, which it prints, until its input
 * ends; then prints how many came forms PORT         every form of call that takes an address, to that port families
 * sockets of many kinds, and options inside             listens, in several ways, and connects to that mixed PORT PORT
 * sendmmsg() to the first port, to the second and to the first unix PATH          every form of call to a socket that
 * is a file squat NAME         has an abstract name and gives it up; when a line comes connects to it race FORM ROUNDS
 * PORT PORT   while another thread exchanges the ports scratch            tries to write to memory that only coffer
 * writes to seal               whether the kernel has mseal()
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { SYS_MSEAL = 462 };

static void say(const char *what, long result)
{
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "works");
}

static struct sockaddr_in ipv4(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static struct sockaddr_in6 mapped(const char *port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr);
    return address;
}

static int nothing_to_wait_for(int fd)
{
    struct timeval time = {.tv_usec = 1};
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static int do_listen(void)
{
    long tcp_count = 0, udp_count = 0;
    struct sockaddr_in address = ipv4("0");
    socklen_t length = sizeof address;
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(tcp, (struct sockaddr *)&address, sizeof address) < 0 || listen(tcp, 1000) < 0 ||
        getsockname(tcp, (struct sockaddr *)&address, &length) < 0 ||
        bind(udp, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("listen");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct pollfd wait[] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}, {0, POLLIN, 0}};
    while (poll(wait, 3, -1) > 0 && wait[2].revents == 0) {
        char byte;
        int fd = wait[0].revents ? accept(tcp, NULL, NULL) : -1;
        if (fd >= 0) {
            tcp_count++;
            close(fd);
        }
        if (wait[1].revents)
            udp_count += recv(udp, &byte, 1, MSG_DONTWAIT) >= 0;
    }
    for (char byte; recv(udp, &byte, 1, MSG_DONTWAIT) >= 0;)
        udp_count++;
    for (wait[0].events = POLLIN; poll(wait, 1, 0) > 0 && close(accept(tcp, NULL, NULL)) == 0;)
        tcp_count++;
    printf("tcp %s, udp %s\n", tcp_count ? "came" : "none", udp_count ? "came" : "none");
    return 0;
}

static struct iovec part = {"x", 1};

static struct msghdr message_to(void *address, socklen_t length)
{
    return (struct msghdr){.msg_name = address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
}

static void say_once(const char *family, const char *form, int fd, long result)
{
    char text[80];
    snprintf(text, sizeof text, "%s %s", family, form);
    say(text, result);
    close(fd);
}

static void forms_of(const char *family, int domain, void *address, socklen_t length)
{
    struct msghdr message = message_to(address, length);
    struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
    int fd = socket(domain, SOCK_STREAM, 0);
    say_once(family, "connect", fd, connect(fd, address, length));
    fd = socket(domain, SOCK_DGRAM, 0);
    say_once(family, "datagram connect", fd, connect(fd, address, length));
    fd = socket(domain, SOCK_DGRAM, 0);
    say_once(family, "sendto", fd, sendto(fd, "x", 1, 0, address, length));
    fd = socket(domain, SOCK_DGRAM, 0);
    say_once(family, "sendmsg", fd, sendmsg(fd, &message, 0));
    fd = socket(domain, SOCK_DGRAM, 0);
    say_once(family, "sendmmsg", fd, sendmmsg(fd, messages, 2, 0));
    fd = socket(domain, SOCK_STREAM, 0);
    nothing_to_wait_for(fd);
    if (sendto(fd, "x", 1, MSG_FASTOPEN, address, length) < 0 && errno == EINPROGRESS)
        errno = 0;
    say_once(family, "sendto, fast open", fd, errno == EACCES ? -1 : 0);
    fd = socket(domain, SOCK_STREAM, 0);
    errno = 0;
    sendmsg(fd, &message, MSG_FASTOPEN);
    say_once(family, "sendmsg, fast open", fd, errno == EACCES ? -1 : 0);
    fd = socket(domain, SOCK_STREAM, 0);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one);
    say_once(family, "connect, fast open", fd, connect(fd, address, length));
}

static int do_forms(const char *port)
{
    struct sockaddr_in four = ipv4(port), unspecific = four, any = four;
    struct sockaddr_in6 six = mapped(port);
    forms_of("IPv4", AF_INET, &four, sizeof four);
    forms_of("IPv4 in IPv6", AF_INET6, &six, sizeof six);
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    forms_of("any", AF_INET, &any, sizeof any);
    unspecific.sin_family = AF_UNSPEC;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    say_once("no family", "sendto", fd, sendto(fd, "x", 1, 0, (struct sockaddr *)&unspecific, sizeof unspecific));
    fd = socket(AF_INET6, SOCK_DGRAM, 0);
    say_once("IPv4 by a socket of IPv6", "sendto", fd, sendto(fd, "x", 1, 0, (struct sockaddr *)&four, sizeof four));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    say_once("no family", "connect", fd, connect(fd, (struct sockaddr *)&unspecific, sizeof unspecific));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    say_once("bad memory", "sendto", fd, sendto(fd, "x", 1, 0, (struct sockaddr *)8, sizeof four));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    say_once("too long", "sendto", fd, sendto(fd, "x", 1, 0, (struct sockaddr *)&four, 1000));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    say_once("too short", "connect", fd, connect(fd, (struct sockaddr *)&four, 1));
    return 0;
}

static void a_socket(const char *what, int domain, int type, int protocol)
{
    int fd = socket(domain, type, protocol);
    say_once("socket", what, fd, fd);
}

static void an_option(const char *what, int domain, int level, int option, const void *value, socklen_t length)
{
    int fd = socket(domain, SOCK_DGRAM, 0);
    say_once("option", what, fd, setsockopt(fd, level, option, value, length));
}

/* Sends a datagram that is to leave by an interface of the caller's choice. */
static void by_interface(const char *port, int index)
{
    struct sockaddr_in address = ipv4(port);
    struct msghdr message = message_to(&address, sizeof address);
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control;
    memset(&control, 0, sizeof control);
    const struct in_pktinfo info = {.ipi_ifindex = index};
    control.header =
        (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(&control.header), &info, sizeof info);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    say_once("sendmsg by",
             index == 0   ? "any interface"
             : index == 1 ? "the loopback interface"
                          : "another",
             fd, sendmsg(fd, &message, 0));
}

static int do_families(const char *port)
{
    static const unsigned char source_route[12] = {131, 11, 4, 192, 0, 2, 1, 127, 0, 0, 1, 0};
    static const char none[16];
    struct ip_mreqn group = {.imr_ifindex = 1};
    int index = 2;
    inet_pton(AF_INET, "224.0.0.251", &group.imr_multiaddr);
    a_socket("AF_UNIX", AF_UNIX, SOCK_STREAM, 0);
    a_socket("TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP);
    a_socket("UDP", AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    a_socket("AF_NETLINK, routes", AF_NETLINK, SOCK_RAW, 0);
    a_socket("AF_NETLINK, audit", AF_NETLINK, SOCK_RAW, 9);
    a_socket("AF_NETLINK, generic", AF_NETLINK, SOCK_RAW, 16);
    a_socket("raw", AF_INET, SOCK_RAW, IPPROTO_ICMP);
    a_socket("raw, IPv6", AF_INET6, SOCK_RAW, IPPROTO_UDP);
    a_socket("SOCK_PACKET", AF_INET, 10, 0x300);
    a_socket("SCTP", AF_INET, SOCK_STREAM, 132);
    a_socket("DCCP", AF_INET, 6, 33);
    a_socket("L2TP", AF_INET, SOCK_DGRAM, 115);
    a_socket("AF_PACKET", AF_PACKET, SOCK_RAW, 0);
    a_socket("AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0);
    a_socket("AF_ALG", AF_ALG, SOCK_SEQPACKET, 0);
    a_socket("AF_TIPC", AF_TIPC, SOCK_RDM, 0);
    a_socket("AF_BLUETOOTH", AF_BLUETOOTH, SOCK_RAW, 1);
    a_socket("44", 44, SOCK_DGRAM, 0);
    a_socket("45", 45, SOCK_DGRAM, 0);
    int pair[2];
    say("socketpair AF_UNIX", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    say("socketpair AF_TIPC", socketpair(AF_TIPC, SOCK_STREAM, 0, pair));
    an_option("IP_TTL", AF_INET, IPPROTO_IP, IP_TTL, &index, sizeof index);
    an_option("a route of its own", AF_INET, IPPROTO_IP, IP_OPTIONS, source_route, sizeof source_route);
    an_option("a route of its own, IPv6", AF_INET6, IPPROTO_IPV6, IPV6_RTHDR, none, 0);
    an_option("a device", AF_INET, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
    an_option("an interface", AF_INET, IPPROTO_IP, 50, &index, sizeof index);
    an_option("a group", AF_INET, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
    by_interface(port, 0);
    by_interface(port, 1);
    by_interface(port, 2);
    return 0;
}

static int server_at(int domain, const void *address, socklen_t length)
{
    int fd = socket(domain, SOCK_STREAM, 0);
    return bind(fd, address, length) < 0 || listen(fd, 5) < 0 ? -1 : fd;
}

static void connect_to(const char *what, int server, int domain)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int client = socket(domain, SOCK_STREAM, 0);
    int status = server < 0 ? -1 : getsockname(server, (struct sockaddr *)&address, &length);
    say(what, status < 0 ? -1 : connect(client, (struct sockaddr *)&address, length));
    close(client);
}

static int do_inside(void)
{
    struct sockaddr_in four = ipv4("0"), any = four;
    struct sockaddr_un name = {.sun_family = AF_UNIX}, path = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, 50, "coffer-test-%d", getpid());
    snprintf(path.sun_path, sizeof path.sun_path, "socket.%d", getpid());
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    connect_to("loopback", server_at(AF_INET, &four, sizeof four), AF_INET);
    connect_to("any address", server_at(AF_INET, &any, sizeof any), AF_INET);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    connect_to("no address", listen(server, 5) < 0 ? -1 : server, AF_INET);
    connect_to("abstract name",
               server_at(AF_UNIX, &name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)),
               AF_UNIX);
    connect_to("name that the kernel chose", server_at(AF_UNIX, &name, sizeof name.sun_family), AF_UNIX);
    connect_to("path", server_at(AF_UNIX, &path, sizeof path), AF_UNIX);
    unlink(path.sun_path);
    return 0;
}

static int do_mixed(const char *first, const char *second)
{
    struct sockaddr_in one = ipv4(first), other = ipv4(second);
    struct mmsghdr messages[3] = {{.msg_hdr = message_to(&one, sizeof one)},
                                  {.msg_hdr = message_to(&other, sizeof other)},
                                  {.msg_hdr = message_to(&one, sizeof one)}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    for (unsigned at = 0; at < 3;) {
        int sent = sendmmsg(fd, messages + at, 3 - at, 0);
        if (sent < 0)
            say("message", -1);
        for (int i = 0; i < sent; i++)
            printf("message: %u\n", messages[at + (unsigned)i].msg_len);
        at += sent < 0 ? 1 : (unsigned)sent;
    }
    return 0;
}

static int do_unix(const char *text)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    snprintf(path.sun_path, sizeof path.sun_path, "%s", text);
    struct msghdr message = message_to(&path, sizeof path);
    struct mmsghdr messages = {.msg_hdr = message};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    say("unix connect", connect(fd, (struct sockaddr *)&path, sizeof path));
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    say("unix sendto", sendto(fd, "x", 1, 0, (struct sockaddr *)&path, sizeof path));
    say("unix sendmsg", sendmsg(fd, &message, 0));
    say("unix sendmmsg", sendmmsg(fd, &messages, 1, 0));
    fd = open(text, O_PATH);
    snprintf(path.sun_path, sizeof path.sun_path, "/proc/self/fd/%d", fd);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    say("unix connect by a descriptor", connect(fd, (struct sockaddr *)&path, sizeof path));
    return 0;
}

static int do_squat(const char *text)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int size = snprintf(name.sun_path + 1, 90, "%s", text);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
    int server = server_at(AF_UNIX, &name, length), client = socket(AF_UNIX, SOCK_STREAM, 0);
    say("while it is its own", connect(client, (struct sockaddr *)&name, length));
    close(server);
    puts("closed");
    fflush(stdout);
    char line[8];
    if (fgets(line, sizeof line, stdin) == NULL)
        return 1;
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    say("when it is another's", connect(client, (struct sockaddr *)&name, length));
    return 0;
}

/* What another thread changes all the time. */
static struct {
    struct sockaddr_in address;
    struct mmsghdr message;
    uint16_t ports[2];
    int sockets[3]; /* one of AF_UNIX, one of IPv4, and the number that is either */
    atomic_bool end;
} shared;

static void *exchange(void *unused)
{
    (void)unused;
    for (unsigned i = 0; !shared.end; i++) {
        *(volatile uint16_t *)&shared.address.sin_port = shared.ports[i & 1];
        if (shared.sockets[2] > 0 && i % 8 == 0)
            syscall(SYS_dup2, shared.sockets[i / 8 & 1], shared.sockets[2]);
    }
    return NULL;
}

static long attempt(const char *form, int datagrams)
{
    const struct sockaddr *address = (const struct sockaddr *)&shared.address;
    long result;
    if (strcmp(form, "sendto") == 0)
        return sendto(datagrams, "x", 1, MSG_DONTWAIT, address, sizeof shared.address);
    if (strcmp(form, "sendmsg") == 0)
        return sendmsg(datagrams, &shared.message.msg_hdr, MSG_DONTWAIT);
    if (strcmp(form, "sendmmsg") == 0)
        return sendmmsg(datagrams, &shared.message, 1, MSG_DONTWAIT);
    if (strcmp(form, "listen") == 0)
        return listen(shared.sockets[2], 5);
    if (strcmp(form, "datagram") == 0) {
        result = connect(datagrams, address, sizeof shared.address);
        return result < 0 ? result : send(datagrams, "x", 1, MSG_DONTWAIT);
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    result = connect(fd, address, sizeof shared.address);
    close(fd);
    return result;
}

static int do_race(const char *form, long rounds, const char *first, const char *second)
{
    pthread_t thread;
    long went = 0;
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    shared.address = ipv4(first);
    shared.ports[0] = ipv4(first).sin_port;
    shared.ports[1] = ipv4(second).sin_port;
    shared.message.msg_hdr = message_to(&shared.address, sizeof shared.address);
    if (strcmp(form, "listen") == 0) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        shared.sockets[0] = socket(AF_UNIX, SOCK_STREAM, 0);
        shared.sockets[1] = socket(AF_INET, SOCK_STREAM, 0);
        bind(shared.sockets[0], (struct sockaddr *)&name, sizeof name.sun_family);
        shared.sockets[2] = dup(shared.sockets[0]);
    }
    if (pthread_create(&thread, NULL, exchange, NULL) != 0)
        return 1;
    for (long i = 0; i < rounds; i++)
        went += attempt(form, datagrams) >= 0;
    shared.end = true;
    pthread_join(thread, NULL);
    printf("%s: %s went\n", form, went == 0 ? "none" : went == rounds ? "all" : "some");
    int listens = 0;
    socklen_t length = sizeof listens;
    if (shared.sockets[1] > 0)
        getsockopt(shared.sockets[1], SOL_SOCKET, SO_ACCEPTCONN, &listens, &length);
    printf("IPv4 listens: %d\n", listens);
    return 0;
}

/* The mapping that only coffer writes to: of its size, private and readable alone. */
static int do_scratch(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long begin, end;
        char rights[5], rest[256] = "";
        int fields = sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &begin, &end, rights, rest);
        if (fields != 3 || strcmp(rights, "r--p") != 0 || end - begin != 0x100000)
            continue;
        void *memory = (void *)begin;
        say("mprotect", mprotect(memory, 0x1000, PROT_READ | PROT_WRITE));
        say("munmap", munmap(memory, 0x1000));
        say("mmap",
            mmap(memory, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
                ? -1
                : 0);
        say("mremap",
            mremap(memory, 0x1000, 0x1000, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x10000000) == MAP_FAILED ? -1 : 0);
        say("madvise", madvise(memory, 0x1000, MADV_DONTNEED));
        return 0;
    }
    puts("not found");
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(mode, "listen") == 0)
        return do_listen();
    if (strcmp(mode, "families") == 0 && argc == 3)
        return do_families(argv[2]);
    if (strcmp(mode, "inside") == 0)
        return do_inside();
    if (strcmp(mode, "scratch") == 0)
        return do_scratch();
    if (strcmp(mode, "seal") == 0)
        return say("mseal", syscall(SYS_MSEAL, 0, 0, 0)), 0;
    if (strcmp(mode, "forms") == 0 && argc == 3)
        return do_forms(argv[2]);
    if (strcmp(mode, "unix") == 0 && argc == 3)
        return do_unix(argv[2]);
    if (strcmp(mode, "squat") == 0 && argc == 3)
        return do_squat(argv[2]);
    if (strcmp(mode, "mixed") == 0 && argc == 4)
        return do_mixed(argv[2], argv[3]);
    if (strcmp(mode, "race") == 0 && argc == 6)
        return do_race(argv[2], atol(argv[3]), argv[4], argv[5]);
    fputs("usage: see the first comment\n", stderr);
    return 2;
}
