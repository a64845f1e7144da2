/*
 * calls CALL ROUNDS [PATH [THREADS]]: makes one kind of call ROUNDS times in all, spread over THREADS, and prints how
 * many nanoseconds passed for each. Exit status 1 where a call gives something else than it should.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, SPAN = 64 << 20, THREADS_MAX = 64 };

static const char *path = "/";
static int file = -1;
static int open_flags = -1; /* of the file that read and write use, -1: none is opened */

/* Each returns 0 where the call did what it should; round is its number. */
typedef int call_once(long round);

static int call_getpid(long round)
{
    (void)round;
    return syscall(SYS_getpid) > 0 ? 0 : -1;
}

static int call_stat(long round)
{
    struct stat st;
    (void)round;
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0);
}

/* As glibc makes it on x86-64. */
static int call_fstat(long round)
{
    struct stat st;
    (void)round;
    return (int)syscall(SYS_newfstatat, file, "", &st, AT_EMPTY_PATH);
}

static int call_absent(long round)
{
    return call_stat(round) < 0 && errno == ENOENT ? 0 : -1;
}

static int call_open(long round)
{
    (void)round;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : close(fd);
}

static int call_access(long round)
{
    (void)round;
    return (int)syscall(SYS_faccessat, AT_FDCWD, path, R_OK);
}

/* Of a file that is no link, as most are of which programs ask it. */
static int call_readlink(long round)
{
    char text[64];
    (void)round;
    return syscall(SYS_readlinkat, AT_FDCWD, path, text, sizeof text) < 0 && errno == EINVAL ? 0 : -1;
}

static int call_read(long round)
{
    char block[BLOCK];
    return pread(file, block, sizeof block, round * BLOCK % SPAN) == BLOCK ? 0 : -1;
}

static int call_write(long round)
{
    static const char block[BLOCK];
    return pwrite(file, block, sizeof block, round * BLOCK % SPAN) == BLOCK ? 0 : -1;
}

static const struct kind {
    const char *name;
    call_once *call;
    int open_flags;
} kinds[] = {
    {"getpid", call_getpid, -1},     {"stat", call_stat, -1},       {"absent", call_absent, -1},
    {"open", call_open, -1},         {"access", call_access, -1},   {"readlink", call_readlink, -1},
    {"fstat", call_fstat, O_RDONLY}, {"read", call_read, O_RDONLY}, {"write", call_write, O_WRONLY | O_CREAT},
};

static call_once *call;
static long rounds_of_thread;

/* Returns NULL where all went well. */
static void *work(void *unused)
{
    (void)unused;
    for (long round = 0; round < rounds_of_thread; round++)
        if (call(round) != 0)
            return (void *)path;
    return NULL;
}

/* Returns whether every thread could do its part. */
static int work_in_threads(int count)
{
    pthread_t threads[THREADS_MAX];
    int failed = 0;
    for (int i = 1; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            exit(1);
    failed |= work(NULL) != NULL;
    for (int i = 1; i < count; i++) {
        void *result;
        failed |= pthread_join(threads[i], &result) != 0 || result != NULL;
    }
    return !failed;
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int usage(void)
{
    fprintf(stderr, "usage: calls CALL ROUNDS [PATH [THREADS]]\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return usage();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, argv[1]) == 0) {
            call = kinds[i].call;
            open_flags = kinds[i].open_flags;
        }
    }
    long rounds = strtol(argv[2], NULL, 10);
    int threads = argc > 4 ? atoi(argv[4]) : 1;
    if (call == NULL || rounds < 0 || threads < 1 || threads > THREADS_MAX)
        return usage();
    if (argc > 3)
        path = argv[3];
    if (open_flags >= 0)
        file = open(path, open_flags | O_CLOEXEC, 0600);
    rounds_of_thread = rounds / threads;

    double start = now();
    if ((open_flags >= 0 && file < 0) || !work_in_threads(threads)) {
        perror(path);
        return 1;
    }
    if (rounds_of_thread > 0)
        printf("%.1f ns a call\n", (now() - start) / (double)(rounds_of_thread * threads));
    return 0;
}
