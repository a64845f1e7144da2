/* AF_UNIX sockets with names in the file system. */
#include "row.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t address_of(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path == NULL || path == (const char *)8 || strlen(path) >= sizeof address->sun_path)
        return 0;
    memcpy(address->sun_path, path, strlen(path) + 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

static int new_socket(int type)
{
    return socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A socket under a name, listening if it can. */
static long bind_path(const char *path, int type)
{
    struct sockaddr_un address;
    socklen_t length = address_of(path, &address);
    int fd = new_socket(type);

    if (bind(fd, (struct sockaddr *)&address, length) == 0) {
        if (type == SOCK_STREAM)
            (void)listen(fd, 5);
        return fd;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static long connect_path(const char *path, int type)
{
    struct sockaddr_un address;
    socklen_t length = address_of(path, &address);
    int fd = new_socket(type);

    if (connect(fd, (struct sockaddr *)&address, length) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static long send_path(const char *path)
{
    struct sockaddr_un address;
    socklen_t length = address_of(path, &address);
    int fd = new_socket(SOCK_DGRAM);
    long result = sendto(fd, "hello", 5, 0, (struct sockaddr *)&address, length);
    int error = errno;

    close(fd);
    errno = error;
    return result;
}

static void say_address(const struct sockaddr_un *address, socklen_t length)
{
    char path[sizeof address->sun_path + 1] = "";

    if (length > offsetof(struct sockaddr_un, sun_path))
        memcpy(path, address->sun_path, sizeof address->sun_path);
    say(" %s", path_shown(path));
}

static long ask_name(int fd, long number)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    long result = syscall(number, fd, &address, &length);
    int error = errno;

    if (result == 0)
        say_address(&address, length);
    errno = error;
    return result;
}

OP(bind, slot_fill(op, 0, bind_path(P(1), FL(2))))
OP(connect, slot_fill(op, 0, connect_path(P(1), FL(2))))
OP(sendto, send_path(P(0)))
OP(accept, slot_fill(op, 0, accept4(F(1), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)))
OP(getsockname, ask_name(F(0), SYS_getsockname))
OP(getpeername, ask_name(F(0), SYS_getpeername))

#define KINDS ";SOCK_STREAM SOCK_STREAM SOCK_DGRAM"
/* clang-format off */
const struct row rows_socket[] = {
    ROW(bind, "SNE", 4, KINDS),      ROW(connect, "SPE", 4, KINDS),   ROW(sendto, "P", 2, NULL),
    ROW(accept, "SF", 1, NULL),      ROW(getsockname, "F", 1, NULL), ROW(getpeername, "F", 1, NULL),
    ROW_END,
};
/* clang-format on */
