/*
 * Very many of something: names in one directory, processes, threads, nested directories.
 *
 *   many make DIR FIRST COUNT          empty files n0000000, n0000001...
 *   many write DIR FIRST STEP COUNT    a byte more in every STEPth of them
 *   many remove DIR FIRST STEP COUNT   every STEPth of them removed
 *   many list DIR                      how many names, and a sum over them that does not depend on the order
 *   many stat DIR                      the same, and each is looked at
 *   many processes COUNT               so many at once; each looks at a file
 *   many threads COUNT
 *   many hammer DIR THREADS COUNT      each thread makes, looks at, renames and removes COUNT files of its own and of
 *                                      one that all have
 *   many deep DIR LEVELS               directories in each other, with a file in each
 *
 * The last line is what was seen: it must be the same natively and in a view. With MANY_TIMES set, seconds go to
 * standard error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        die(path);
    return fd;
}

static void name_of(char name[16], long number)
{
    snprintf(name, 16, "n%07ld", number);
}

static void make(const char *path, long first, long count)
{
    int dir = open_directory(path);
    char name[16];
    for (long i = first; i < first + count; i++) {
        name_of(name, i);
        int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
            die(name);
        close(fd);
    }
    printf("made %ld\n", count);
}

static void change(const char *path, long first, long step, long count, int removing)
{
    int dir = open_directory(path);
    char name[16];
    for (long i = 0; i < count; i++) {
        name_of(name, first + i * step);
        if (removing) {
            if (unlinkat(dir, name, 0) < 0)
                die(name);
            continue;
        }
        int fd = openat(dir, name, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0 || write(fd, "x", 1) != 1)
            die(name);
        close(fd);
    }
    printf("%s %ld\n", removing ? "removed" : "wrote", count);
}

struct raw_entry {
    uint64_t ino;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash * hash;
}

static void list(const char *path, int look)
{
    static char buffer[32768]; /* what readdir(3) uses */
    int dir = open_directory(path);
    unsigned long count = 0, bytes = 0;
    uint64_t sum = 0;
    long got;
    while ((got = syscall(SYS_getdents64, dir, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < got;) {
            const struct raw_entry *entry = (const void *)(buffer + at);
            struct stat st;
            at += entry->length;
            count++;
            sum += hash_of(entry->name);
            if (!look || entry->name[0] == '.')
                continue;
            if (fstatat(dir, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                die(entry->name);
            bytes += (unsigned long)st.st_size;
        }
    }
    if (got < 0)
        die(path);
    printf("%lu names, sum %016lx, %lu bytes\n", count, (unsigned long)sum, bytes);
}

static void processes(long count)
{
    int ready[2], go[2];
    if (pipe(ready) < 0 || pipe(go) < 0)
        die("pipe");
    for (long i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid > 0)
            continue;
        struct stat st;
        char byte = stat("/etc/passwd", &st) == 0 ? 'y' : 'n';
        close(go[1]);
        if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 0)
            _exit(1);
        _exit(stat("/etc/passwd", &st) == 0 ? 0 : 1);
    }
    long seen = 0, ended = 0;
    char byte;
    while (seen < count && read(ready[0], &byte, 1) == 1 && byte == 'y')
        seen++;
    close(go[1]);
    int status;
    while (wait(&status) > 0)
        ended += status == 0;
    printf("%ld processes at once, %ld ended well\n", seen, ended);
}

static pthread_barrier_t barrier;

static void *wait_with_others(void *context)
{
    struct stat st;
    long *seen = context;
    int first = stat("/etc/passwd", &st);
    pthread_barrier_wait(&barrier);
    if (first == 0 && stat("/etc/passwd", &st) == 0)
        __atomic_add_fetch(seen, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void start_threads(pthread_t *threads, long count, void *(*start)(void *), void *contexts, size_t size)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    for (long i = 0; i < count; i++) {
        errno = pthread_create(&threads[i], &attributes, start, (char *)contexts + size * (size_t)i);
        if (errno != 0)
            die("thread");
    }
}

static void threads_at_once(long count)
{
    long seen = 0;
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    start_threads(threads, count, wait_with_others, &seen, 0);
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("%ld threads at once\n", seen);
}

struct hammer {
    int dir;
    int number;
    long count, failed;
    double seconds;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Its own names must do what they do alone; of the common one every answer is right but a strange errno. */
static void *hammer(void *context)
{
    struct hammer *own = context;
    char name[32], other[32];
    struct stat st;
    double start = now();
    for (long i = 0; i < own->count; i++) {
        snprintf(name, sizeof name, "t%d-%ld", own->number, i);
        snprintf(other, sizeof other, "u%d-%ld", own->number, i);
        int fd = openat(own->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        own->failed += fd < 0 || write(fd, "x", 1) != 1;
        close(fd);
        own->failed += fstatat(own->dir, name, &st, 0) < 0 || st.st_size != 1;
        own->failed += renameat(own->dir, name, own->dir, other) < 0;
        own->failed += fstatat(own->dir, name, &st, 0) == 0;
        own->failed += i % 2 == 0 && unlinkat(own->dir, other, 0) < 0;
        fd = openat(own->dir, "common", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        own->failed += fd < 0;
        close(fd);
        own->failed += unlinkat(own->dir, "common", 0) < 0 && errno != ENOENT;
    }
    own->seconds = now() - start;
    return NULL;
}

static void hammer_directory(const char *path, long count, long each)
{
    int dir = open_directory(path);
    struct hammer *own = calloc((size_t)count, sizeof *own);
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    for (long i = 0; i < count; i++)
        own[i] = (struct hammer){.dir = dir, .number = (int)i, .count = each};
    start_threads(threads, count, hammer, own, sizeof *own);
    long failed = 0;
    double fastest = 1e9, slowest = 0;
    for (long i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        failed += own[i].failed;
        fastest = own[i].seconds < fastest ? own[i].seconds : fastest;
        slowest = own[i].seconds > slowest ? own[i].seconds : slowest;
    }
    if (getenv("MANY_TIMES") != NULL)
        fprintf(stderr, "fastest %.3f slowest %.3f\n", fastest, slowest);
    (void)unlinkat(dir, "common", 0);
    printf("%ld threads, %ld unexpected\n", count, failed);
}

static void deep(const char *path, long levels)
{
    if (chdir(path) < 0)
        die(path);
    for (long i = 0; i < levels; i++) {
        if ((mkdir("d", 0755) < 0 && errno != EEXIST) || chdir("d") < 0)
            die("d");
        int fd = open("f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0)
            die("f");
        close(fd);
    }
    printf("%ld levels\n", levels);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const char *path = argc > 2 ? argv[2] : "";
    long numbers[3] = {0};
    for (int i = 3; i < argc && i < 6; i++)
        numbers[i - 3] = atol(argv[i]);
    double start = now();
    if (strcmp(what, "make") == 0 && argc == 5)
        make(path, numbers[0], numbers[1]);
    else if (strcmp(what, "write") == 0 && argc == 6)
        change(path, numbers[0], numbers[1], numbers[2], 0);
    else if (strcmp(what, "remove") == 0 && argc == 6)
        change(path, numbers[0], numbers[1], numbers[2], 1);
    else if ((strcmp(what, "list") == 0 || strcmp(what, "stat") == 0) && argc == 3)
        list(path, what[0] == 's');
    else if (strcmp(what, "processes") == 0 && argc == 3)
        processes(atol(path));
    else if (strcmp(what, "threads") == 0 && argc == 3)
        threads_at_once(atol(path));
    else if (strcmp(what, "hammer") == 0 && argc == 5)
        hammer_directory(path, numbers[0], numbers[1]);
    else if (strcmp(what, "deep") == 0 && argc == 4)
        deep(path, numbers[0]);
    else
        return fprintf(stderr, "many: see the head of many.c\n"), 2;
    if (getenv("MANY_TIMES") != NULL)
        fprintf(stderr, "seconds %.3f\n", now() - start);
    return 0;
}
