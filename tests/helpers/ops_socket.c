/* AF_UNIX addresses that are paths: where they go in, and where they come back. */
#include "ops.h"

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return address;
}

static void print_address(const char *title, const struct sockaddr_un *address, socklen_t length)
{
    char cwd[PATH_MAX];
    size_t prefix = getcwd(cwd, sizeof cwd) ? strlen(cwd) : 0;
    const char *path = address->sun_path;

    if (length <= sizeof address->sun_family) {
        printf("%s: no name\n", title);
        return;
    }
    if (prefix > 0 && strncmp(path, cwd, prefix) == 0)
        printf("%s: CWD%s, %u more than the path\n", title, path + prefix,
               (unsigned)(length - offsetof(struct sockaddr_un, sun_path) - strlen(path)));
    else
        printf("%s: %s, length %u\n", title, path[0] ? path : path + 1, (unsigned)length);
}

static long bind_to(int fd, const char *path)
{
    struct sockaddr_un address = address_of(path);

    return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static long connect_to(int fd, const char *path)
{
    struct sockaddr_un address = address_of(path);

    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static void names_of(int fd)
{
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        print_address(" own name", &address, length);
    memset(&address, 0, sizeof address);
    length = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &length) == 0)
        print_address(" peer's name", &address, length);
    memset(&address, 0, sizeof address);
    length = 10;
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        printf(" cut to 10: length %u\n", (unsigned)length);
}

static void streams(void)
{
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;
    char text[8] = "";
    int accepted;

    puts("-- stream");
    SAY(bind_to(server, old("socket")));
    look(old("socket"));
    names_of(server);
    SAY(connect_to(client, old("socket")));
    SAY(listen(server, 5));
    SAY(bind_to(client, old("client")));
    SAY(connect_to(client, old("socket")));
    names_of(client);
    accepted = accept4(server, (struct sockaddr *)&address, &length, SOCK_CLOEXEC);
    if (SAY(accepted < 0 ? -1 : 0) == 0)
        print_address(" accepted", &address, length);
    names_of(accepted);
    SAY(write(client, "hello", 5));
    SAY(read(accepted, text, 5));
    puts(text);
    SAY(bind_to(other, old("socket")));
    SAY(bind_to(other, old("missing/socket")));
    SAY(bind_to(other, old("file/socket")));
    SAY(connect_to(other, old("missing")));
    SAY(connect_to(other, old("file")));
    SAY(connect_to(other, old("dir")));
    SAY(connect_to(other, old("socketlink")));
    SAY(rename(old("socket"), old("dir/moved")));
    close(other);
    other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SAY(connect_to(other, old("dir/moved")));
    SAY(unlink(old("dir/moved")));
    close(other);
    other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SAY(connect_to(other, old("dir/moved")));
    SAY(open(old("client"), O_RDWR));
    close(other);
    close(accepted);
    close(server);
    close(client);
}

static void datagrams(void)
{
    int one = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int two = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = address_of(old("datagram-two")), from = {0};
    socklen_t length = sizeof from;
    char text[16] = "";
    struct iovec part = {.iov_base = text, .iov_len = 5};
    struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1};

    puts("-- datagram");
    SAY(bind_to(one, old("datagram-one")));
    SAY(bind_to(two, old("datagram-two")));
    SAY(sendto(one, "first", 5, 0, (struct sockaddr *)&address, sizeof address));
    SAY(recvfrom(two, text, sizeof text, MSG_DONTWAIT, (struct sockaddr *)&from, &length));
    print_address(" from", &from, length);
    memcpy(text, "again", 5);
    SAY(sendmsg(one, &message, 0));
    memset(&from, 0, sizeof from);
    message.msg_name = &from;
    SAY(recvmsg(two, &message, MSG_DONTWAIT));
    print_address(" from", &from, message.msg_namelen);
    address = address_of(old("nobody"));
    SAY(sendto(one, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    close(one);
    close(two);
}

static void odd(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    puts("-- odd");
    SAY(bind(fd, (struct sockaddr *)&address, 1));
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address + 1));
    SAY(bind(fd, (struct sockaddr *)8, sizeof address));
    /* The whole of sun_path, without a final zero. */
    memset(address.sun_path, 'n', sizeof address.sun_path);
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
    look(form == RELATIVE ? "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                            "nnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                          : "none");
    close(fd);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SAY(connect_to(fd, ""));
    close(fd);
}

static void body(void)
{
    streams();
    datagrams();
    odd();
}

int main(void)
{
    begin();
    for (const char *const *name = (const char *const[]){"relative", "absolute", "dirfd", "procfd", NULL}; *name;
         name++)
        mkdir(*name, 0755);
    each_form(body);
    return 0;
}
