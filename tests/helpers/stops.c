/*
 * stops CALLS ROUNDS [ARGUMENT]: makes one kind of call ROUNDS times and nothing else, for tests that count how often
 * the supervisor is woken and what it does then. Exit status 1 where a call gives something else than it should.
 *
 * With the environment variable STOPS_WAIT=FIFO it waits, before the rounds, until that FIFO can be opened for reading
 * and ended; so that a test can attach to the supervisor between the start and the rounds.
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
    {"read", call_read},
    {"write", call_write},
    {"mmap", call_mmap},
    {"close", call_close_dup},
    {"fstat", call_fstat},
    {"fstat-by-path", call_fstat_by_path},
    {"futex", call_futex},
    {"getpid", call_getpid},
    {"lseek", call_lseek},
    {"poll", call_poll},
    {"ioctl", call_ioctl},
    {"send", call_send},
    {"clock", call_clock},
    {"signal-mask", call_signal_mask},
    {"fcntl", call_fcntl},
    {"open", call_open},
    {"stat", call_stat},
    {"lstat", call_lstat},
    {"access", call_access},
    {"readlink", call_readlink},
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

/* Until whoever waits at the other end lets it go on. */
static void wait_for_go(call_once *call)
{
    const char *fifo = getenv("STOPS_WAIT");
    if (fifo == NULL)
        return;
    (void)call(); /* the first call finds out what the later ones need not */
    int fd = open(fifo, O_RDONLY);
    char byte;
    if (fd < 0 || read(fd, &byte, 1) < 0) {
        perror(fifo);
        exit(2);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: stops CALL ROUNDS [PATH [DIRECTORY]]\n");
        return 2;
    }
    call_once *call = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, argv[1]) == 0)
            call = calls[i].call;
    if (call == NULL) {
        fprintf(stderr, "stops: no such call: %s\n", argv[1]);
        return 2;
    }
    set_up(argv + 3);
    wait_for_go(call);
    for (int round = atoi(argv[2]); round > 0; round--) {
        if (call() != 0) {
            perror(argv[1]);
            return 1;
        }
    }
    return 0;
}
