/* AF_UNIX addresses of every length, both ways; abstract, unnamed and bound by the kernel; several in one call. */
#include "ops.h"

#define OFFSET offsetof(struct sockaddr_un, sun_path)

static char name[] =
    "dir/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjjjjkkkk";

static socklen_t address_of(struct sockaddr_un *address, size_t length, bool zero)
{
    memset(address, 'z', sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, length < sizeof address->sun_path ? length : sizeof address->sun_path);
    if (zero && length < sizeof address->sun_path)
        address->sun_path[length] = '\0';
    return (socklen_t)(OFFSET + length + zero);
}

static void print_address(const char *what, const struct sockaddr_un *address, socklen_t room, socklen_t length)
{
    size_t shown = length < room ? length : room;

    printf(" %s %u", what, (unsigned)length);
    if (length > OFFSET && shown > OFFSET)
        printf(" '%.*s'%s", (int)(shown - OFFSET), address->sun_path[0] == '\0' ? "@" : address->sun_path,
               shown < length ? "..." : "");
}

static void own_and_peer(int fd, socklen_t room)
{
    struct sockaddr_un address;
    socklen_t length = room;

    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        print_address("own", &address, room, length);
    length = room;
    memset(&address, 0, sizeof address);
    if (getpeername(fd, (struct sockaddr *)&address, &length) == 0)
        print_address("peer", &address, room, length);
}

static void each_length(int type)
{
    struct sockaddr_un address;
    char byte;

    for (size_t length = 5; length <= 108; length++)
        for (int zero = 0; zero < 2; zero++) {
            int server = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), client = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
            socklen_t size = address_of(&address, length, zero), room = sizeof address;
            int error = bind(server, (struct sockaddr *)&address, size) < 0 ? errno : 0;

            printf("%zu%s: bind %s", length, zero ? "+0" : "", error ? strerrorname_np(error) : "0");
            own_and_peer(server, length % 3 == 0 ? 20 : room);
            if (type != SOCK_DGRAM)
                listen(server, 1);
            error = connect(client, (struct sockaddr *)&address, size) < 0 ? errno : 0;
            printf(" connect %s", error ? strerrorname_np(error) : "0");
            own_and_peer(client, room);
            if (type == SOCK_DGRAM) {
                error = sendto(client, "x", 1, 0, (struct sockaddr *)&address, size) < 0 ? errno : 0;
                printf(" send %s", error ? strerrorname_np(error) : "0");
                if (!error && read(server, &byte, 1) == 1)
                    printf(" got");
            }
            printf("\n");
            close(server);
            close(client);
            memset((char *)&address + size, 0, sizeof address > size ? sizeof address - size : 0);
            if (length < sizeof address.sun_path)
                unlink(strndupa(address.sun_path, length));
            else
                unlink(strndupa(address.sun_path, sizeof address.sun_path));
        }
}

/* Received addresses: of senders with names of several lengths. */
static void received(void)
{
    struct sockaddr_un address;
    union {
        struct sockaddr_un name;
        char room[sizeof(struct sockaddr_un) + 18];
    } from;

    puts("-- received");
    for (size_t length = 5; length <= 108; length += 7)
        for (socklen_t room = sizeof from.name; room <= sizeof from; room += 18) {
            int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                client = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            socklen_t size = address_of(&address, length, length < 108), got = room;
            char byte;
            struct iovec iov = {&byte, 1};
            struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = room};
            struct sockaddr_un server_name = {.sun_family = AF_UNIX, .sun_path = "server"};

            if (bind(server, (struct sockaddr *)&server_name, sizeof server_name) != 0 ||
                bind(client, (struct sockaddr *)&address, size) != 0 ||
                connect(client, (struct sockaddr *)&server_name, sizeof server_name) != 0)
                printf("not connected: %s\n", strerrorname_np(errno));
            write(client, "x", 1);
            write(client, "y", 1);
            memset(&from, 0, sizeof from);
            printf("%zu in %u:", length, (unsigned)room);
            if (recvfrom(server, &byte, 1, 0, (struct sockaddr *)&from, &got) == 1)
                print_address("recvfrom", &from.name, room, got);
            memset(&from, 0, sizeof from);
            if (recvmsg(server, &message, 0) == 1)
                print_address("recvmsg", &from.name, room, message.msg_namelen);
            printf("\n");
            close(server);
            close(client);
            unlink("server");
            unlink(strndupa(address.sun_path, length < 108 ? length : 108));
        }
}

static void odd(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, pair[2];

    puts("-- odd");
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    SAY(bind(fd, (struct sockaddr *)&address, OFFSET)); /* the kernel chooses */
    socklen_t length = sizeof address;
    SAY(getsockname(fd, (struct sockaddr *)&address, &length));
    printf("length %u, abstract %d\n", (unsigned)length, address.sun_path[0] == '\0');
    SAY(bind(fd, (struct sockaddr *)&address, OFFSET));
    close(fd);
    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
    own_and_peer(pair[0], sizeof address);
    printf("\n");
    for (size_t size = 1; size <= 108; size += 20) {
        int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
            client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memset(address.sun_path, 'c', sizeof address.sun_path);
        snprintf(address.sun_path, sizeof address.sun_path, "%c%d", 0, 0);
        address.sun_path[0] = '\0';
        snprintf(address.sun_path + 1, 20, "coffer%d", (int)getppid());
        SAY(bind(server, (struct sockaddr *)&address, (socklen_t)(OFFSET + size)));
        SAY(listen(server, 1));
        SAY(connect(client, (struct sockaddr *)&address, (socklen_t)(OFFSET + size)));
        length = sizeof address;
        SAY(getpeername(client, (struct sockaddr *)&address, &length));
        printf("length %u\n", (unsigned)length);
        close(server);
        close(client);
    }
}

static struct mmsghdr messages[6];
static struct sockaddr_un to[6];
static struct iovec parts[6];

static void several(void)
{
    static char texts[6][2] = {"a", "b", "c", "d", "e", "f"};
    int one = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int two = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char text[8];
    struct sockaddr_un kept[6];
    ssize_t got;

    puts("-- several");
    for (int i = 0; i < 6; i++) {
        to[i] = (struct sockaddr_un){.sun_family = AF_UNIX};
        strcpy(to[i].sun_path, (const char *[]){"one", "dir/two", "one", "dir/../dir/two", "absent", "one"}[i]);
        parts[i] = (struct iovec){texts[i], 1};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    memcpy(kept, to, sizeof kept);
    SAY(bind(one, (struct sockaddr *)&to[0], sizeof to[0]));
    SAY(bind(two, (struct sockaddr *)&to[1], sizeof to[1]));
    SAY(sendmmsg(sender, messages, 4, 0));
    SAY(sendmmsg(sender, messages, 6, 0));
    SAY(sendmmsg(sender, messages + 4, 2, 0));
    SAY(sendmmsg(sender, messages + 5, 1, 0));
    SAY(sendmmsg(sender, messages, 0, 0));
    SAY(sendmmsg(99, messages, 1, 0));
    for (int i = 0; i < 6; i++)
        printf("sent %u by a name of %u, pointer kept %d\n", messages[i].msg_len,
               (unsigned)messages[i].msg_hdr.msg_namelen, messages[i].msg_hdr.msg_name == &to[i]);
    printf("names kept %d\n", memcmp(kept, to, sizeof kept) == 0);
    messages[1].msg_hdr.msg_name = NULL;
    messages[1].msg_hdr.msg_namelen = 0;
    SAY(sendmmsg(sender, messages, 2, 0));
    SAY(connect(sender, (struct sockaddr *)&to[1], sizeof to[1]));
    SAY(sendmmsg(sender, messages, 3, 0));
    for (int fd = one;; fd = two) {
        while ((got = read(fd, text, sizeof text)) > 0)
            printf("%.*s", (int)got, text);
        printf("\n");
        if (fd == two)
            break;
    }
    close(one);
    close(two);
    close(sender);
}

int main(void)
{
    begin();
    each_length(SOCK_STREAM);
    each_length(SOCK_DGRAM);
    each_length(SOCK_SEQPACKET);
    received();
    odd();
    several();
    return 0;
}
