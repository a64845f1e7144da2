/*
 * stops CALL ROUNDS [PATH [DIRECTORY]]: makes one kind of call ROUNDS times and nothing else, for tests that count how
 * often the supervisor is woken and what it does then. Exit status 1 where a call gives something else than it should.
 *
 * stops sleepers COUNT: so many processes that wait; stops files COUNT DIRECTORY: so many new files.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int zero, null, pair[2], directory = AT_FDCWD;
static const char *path = "";

/* Each returns what the call did, as the kernel has it: the raw result of syscall(). */
typedef long call_once(void);

static long call_read(void)
{
    char byte;
    return syscall(SYS_read, zero, &byte, 1) == 1 ? 0 : -1;
}

static long call_write(void)
{
    return syscall(SYS_write, null, "x", 1) == 1 ? 0 : -1;
}

static long call_mmap(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : munmap(memory, 4096);
}

static long call_close_dup(void)
{
    return close((int)syscall(SYS_dup, zero));
}

static long call_fstat(void)
{
    struct stat st;
    return syscall(SYS_fstat, zero, &st);
}

static long call_fstat_by_path(void)
{
    struct stat st;
    return syscall(SYS_newfstatat, zero, "", &st, AT_EMPTY_PATH);
}

static long call_futex(void)
{
    static uint32_t word;
    return syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static long call_getpid(void)
{
    return syscall(SYS_getpid) > 0 ? 0 : -1;
}

static long call_lseek(void)
{
    return lseek(zero, 0, SEEK_SET);
}

static long call_poll(void)
{
    struct pollfd one = {.fd = zero, .events = POLLIN};
    return syscall(SYS_poll, &one, 1, 0) == 1 ? 0 : -1;
}

static long call_ioctl(void)
{
    int count;
    return ioctl(pair[0], FIONREAD, &count);
}

static long call_send(void)
{
    char byte = 'x';
    return syscall(SYS_sendto, pair[0], &byte, 1, 0, NULL, 0) == 1 &&
                   syscall(SYS_recvfrom, pair[1], &byte, 1, 0, NULL, NULL) == 1
               ? 0
               : -1;
}

static long call_clock(void)
{
    struct timespec now;
    return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}

static long call_signal_mask(void)
{
    uint64_t mask;
    return syscall(SYS_rt_sigprocmask, 0, NULL, &mask, sizeof mask);
}

static long call_fcntl(void)
{
    return fcntl(zero, F_GETFL) >= 0 ? 0 : -1;
}

static long call_open(void)
{
    int fd = (int)syscall(SYS_openat, directory, path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : close(fd);
}

static long call_stat(void)
{
    struct stat st;
    return syscall(SYS_newfstatat, directory, path, &st, 0);
}

static long call_lstat(void)
{
    struct stat st;
    return syscall(SYS_newfstatat, directory, path, &st, AT_SYMLINK_NOFOLLOW);
}

static long call_access(void)
{
    return syscall(SYS_faccessat, directory, path, R_OK);
}

/* Of a file that is no link: most programs that ask so do it component by component, for realpath(). */
static long call_readlink(void)
{
    char text[64];
    return syscall(SYS_readlinkat, directory, path, text, sizeof text) < 0 && errno == EINVAL ? 0 : -1;
}

static long call_absent(void)
{
    struct stat st;
    return syscall(SYS_newfstatat, directory, path, &st, 0) < 0 && errno == ENOENT ? 0 : -1;
}

static const struct {
    const char *name;
    call_once *call;
} calls[] = {
    {"read", call_read},     {"write", call_write},
    {"mmap", call_mmap},     {"close", call_close_dup},
    {"fstat", call_fstat},   {"fstat-by-path", call_fstat_by_path},
    {"futex", call_futex},   {"getpid", call_getpid},
    {"lseek", call_lseek},   {"poll", call_poll},
    {"ioctl", call_ioctl},   {"send", call_send},
    {"clock", call_clock},   {"signal-mask", call_signal_mask},
    {"fcntl", call_fcntl},   {"open", call_open},
    {"stat", call_stat},     {"lstat", call_lstat},
    {"access", call_access}, {"readlink", call_readlink},
    {"absent", call_absent},
};

static void set_up(char **arguments)
{
    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (zero < 0 || null < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        perror("stops");
        exit(2);
    }
    if (arguments[0] != NULL)
        path = arguments[0];
    if (arguments[0] != NULL && arguments[1] != NULL) {
        directory = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
            perror(arguments[1]);
            exit(2);
        }
    }
}

/* One of many processes: a program of its own, with a file opened by a path, that waits until the pipe at 0 ends. */
static int sleeper(void)
{
    char byte;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || write(STDOUT_FILENO, "x", 1) != 1)
        return 1;
    return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}

/* So many processes; says "ready" when all of them wait, and ends them when its own standard input ends. */
static int sleepers(int count)
{
    int hold[2], ready[2];
    char byte;
    if (pipe2(hold, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0)
        return 1;
    for (int i = 0; i < count; i++) {
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (child == 0) {
            dup2(hold[0], STDIN_FILENO);
            dup2(ready[1], STDOUT_FILENO);
            execl("/proc/self/exe", "stops", "sleeper", "1", (char *)NULL);
            _exit(1);
        }
        if (read(ready[0], &byte, 1) != 1)
            return 1;
    }
    if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, &byte, 1) != 0)
        return 1;
    close(hold[1]);
    int status, failed = 0;
    while (wait(&status) > 0)
        failed |= status;
    return failed ? 1 : 0;
}

/* So many new files in a directory. */
static int make_files(int count, const char *where)
{
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/n%d", where, i);
        int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 || close(fd) < 0) {
            perror(name);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: stops CALL ROUNDS [PATH [DIRECTORY]]\n");
        return 2;
    }
    if (strcmp(argv[1], "sleeper") == 0)
        return sleeper();
    if (strcmp(argv[1], "sleepers") == 0)
        return sleepers(atoi(argv[2]));
    if (strcmp(argv[1], "files") == 0 && argc > 3)
        return make_files(atoi(argv[2]), argv[3]);
    call_once *call = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, argv[1]) == 0)
            call = calls[i].call;
    if (call == NULL) {
        fprintf(stderr, "stops: no such call: %s\n", argv[1]);
        return 2;
    }
    set_up(argv + 3);
    for (int round = atoi(argv[2]); round > 0; round--) {
        if (call() != 0) {
            perror(argv[1]);
            return 1;
        }
    }
    return 0;
}
