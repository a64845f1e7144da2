/* Descriptors that whoever starts the program left open. */
#include "attempt.h"

enum { FIRST = 3000, WRITABLE = FIRST, DIRECTORY, CONNECTED, PATH, MAPPED, LAST = MAPPED };

static void leave(int fd, int number)
{
    /* As high as it goes where there are fewer. */
    if (fd < 0 || dup2(fd, number) < 0)
        perror("inherited");
    if (fd >= 0)
        close(fd);
}

static void plant_file(const char *directory)
{
    (void)directory;
    leave(open("victim", O_RDWR | O_CLOEXEC), WRITABLE);
}

static void plant_directory(const char *directory)
{
    (void)directory;
    leave(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), DIRECTORY);
}

static void plant_path(const char *directory)
{
    (void)directory;
    leave(open("victim", O_PATH | O_CLOEXEC), PATH);
}

static void plant_socket(const char *directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "hidden/datagrams"};
    (void)directory;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)!connect(fd, (void *)&address, sizeof address);
    leave(fd, CONNECTED);
}

static int by_file(void)
{
    return outcome(pwrite(WRITABLE, "hostile", 7, 0));
}
static int by_directory(void)
{
    return write_fd(openat(DIRECTORY, "victim", O_WRONLY | O_TRUNC));
}
static int by_socket(void)
{
    return outcome(send(CONNECTED, "x", 1, MSG_NOSIGNAL));
}

static int by_path(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", PATH);
    return overwrite(path);
}

static int by_output(void)
{
    /* That is a file of the host, and may be written to; its modes are not the program's. */
    return outcome(fchmod(STDOUT_FILENO, 0600));
}

const struct attempt inherited_attempts[] = {
    {"file", "a file open for writing", TREE, 0, by_file, plant_file},
    {"directory", "a directory", TREE, 0, by_directory, plant_directory},
    {"path", "an O_PATH descriptor", TREE, 0, by_path, plant_path},
    {"socket", "a connected socket", LISTENER, 0, by_socket, plant_socket},
    {"output-mode", "the mode of the file that is its output", TREE, NEEDS_KERNEL, by_output, NULL},
    {0},
};
