/*
 * What a program reads through a descriptor that it had open when somebody else changed the file. Makes its files in
 * the working directory out of "original", and prints what it saw.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the reader waits while the file is changed. */
enum waiting { WAIT_READ, WAIT_POLL, WAIT_EPOLL, WAIT_BUSY, WAITINGS };

static const char *const waiting_names[] = {"read", "poll", "epoll", "busy"};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void wait_for(int fd, enum waiting how)
{
    char byte;
    struct pollfd one = {.fd = fd, .events = POLLIN};
    struct epoll_event event = {.events = EPOLLIN};
    int epoll;
    switch (how) {
    case WAIT_POLL:
        if (poll(&one, 1, -1) != 1)
            printf("poll: %s\n", strerror(errno));
        break;
    case WAIT_EPOLL:
        epoll = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 || epoll_wait(epoll, &event, 1, -1) != 1)
            printf("epoll: %s\n", strerror(errno));
        close(epoll);
        break;
    case WAIT_BUSY:
        while (poll(&one, 1, 0) == 0)
            ;
        break;
    case WAIT_READ:
    case WAITINGS:
        break;
    }
    if (read(fd, &byte, 1) != 1)
        die("read from the pipe");
}

static void show(const char *what, ssize_t count, const char *text)
{
    printf("  %s: %zd %.*s\n", what, count < 0 ? (ssize_t)-errno : count, count > 0 ? (int)count : 0, text);
}

static void read_all(int fd)
{
    char text[64], more[8];
    struct iovec parts[2] = {{text, 3}, {more, sizeof more}};
    ssize_t count = read(fd, text, 5);
    show("read", count, text);
    printf("  at %ld, end at %ld\n", (long)lseek(fd, 0, SEEK_CUR), (long)lseek(fd, 0, SEEK_END));
    printf("  end less 4 at %ld\n", (long)lseek(fd, -4, SEEK_END));
    count = readv(fd, parts, 2);
    show("readv", count < 3 ? count : 3, text);
    show("    ", count < 3 ? 0 : count - 3, more);
    show("pread", pread(fd, text, sizeof text, 2), text);
    show("pread at the end", pread(fd, text, sizeof text, 1000), text);
    count = preadv(fd, parts, 2, 1);
    show("preadv", count < 3 ? count : 3, text);
    count = preadv2(fd, parts, 1, -1, 0);
    show("preadv2", count, text);
    printf("  at %ld, data at %ld\n", (long)lseek(fd, 0, SEEK_CUR), (long)lseek(fd, 1, SEEK_DATA));
    (void)lseek(fd, 1, SEEK_SET);
    show("read again", read(fd, text, sizeof text), text);
    char *volatile nowhere = (char *)8;
    show("bad buffer", pread(fd, nowhere, 4, 0), text);
}

static void append(const char *name)
{
    int fd = open(name, O_WRONLY | O_APPEND);
    if (fd < 0 || write(fd, " and more", 9) != 9)
        die(name);
    close(fd);
}

static void overwrite(const char *name)
{
    int fd = open(name, O_RDWR);
    if (fd < 0 || pwrite(fd, "XYZ", 3, 1) != 3)
        die(name);
    close(fd);
}

static void shorten(const char *name)
{
    if (truncate(name, 4) < 0)
        die(name);
}

static void empty(const char *name)
{
    int fd = open(name, O_WRONLY | O_TRUNC);
    if (fd < 0 || write(fd, "fresh", 5) != 5)
        die(name);
    close(fd);
}

static void change_and_remove(const char *name)
{
    append(name);
    if (unlink(name) < 0)
        die(name);
}

static void change_and_replace(const char *name)
{
    append(name);
    if (rename("other", name) < 0)
        die(name);
}

static const struct change {
    const char *name;
    void (*make)(const char *name);
} changes[] = {
    {"append", append}, {"overwrite", overwrite},      {"shorten", shorten},
    {"empty", empty},   {"remove", change_and_remove}, {"replace", change_and_replace},
};

/* A child that holds the file reads it when it has been changed. */
static void by_process(const char *name, const struct change *change, enum waiting how)
{
    int pipes[2];
    char byte = 0;
    fflush(stdout);
    if (pipe(pipes) < 0)
        die("pipe");
    int fd = open(name, O_RDONLY);
    pid_t child = fork();
    if (child == 0) {
        printf("%s: %s, %s\n", name, change->name, waiting_names[how]);
        show("before", pread(fd, (char[8]){0}, 0, 0), "");
        wait_for(pipes[0], how);
        read_all(fd);
        exit(0);
    }
    close(fd);
    change->make(name);
    if (child < 0 || write(pipes[1], &byte, 1) != 1 || waitpid(child, NULL, 0) != child)
        die("child");
    close(pipes[0]);
    close(pipes[1]);
}

struct reader {
    int fd, pipe;
};

static void *read_in_thread(void *context)
{
    struct reader *reader = context;
    wait_for(reader->pipe, WAIT_READ);
    read_all(reader->fd);
    return NULL;
}

static void by_thread(const char *name)
{
    int pipes[2];
    pthread_t thread;
    if (pipe(pipes) < 0)
        die("pipe");
    struct reader reader = {open(name, O_RDONLY), pipes[0]};
    if (pthread_create(&thread, NULL, read_in_thread, &reader) != 0)
        die("thread");
    append(name);
    printf("%s: thread\n", name);
    if (write(pipes[1], "", 1) != 1)
        die("pipe");
    pthread_join(thread, NULL);
    /* The descriptor is closed, and its number is that of another file. */
    close(reader.fd);
    int other = open("other2", O_RDONLY);
    char text[16];
    show("another file", read(other, text, sizeof text), text);
    close(other);
}

/* A program that inherits the descriptor. */
static void by_exec(const char *name)
{
    int fd = open(name, O_RDONLY);
    append(name);
    printf("%s: exec\n", name);
    fflush(stdout);
    if (fork() == 0) {
        dup2(fd, 0);
        execlp("dd", "dd", "bs=4", "skip=1", "status=none", (char *)NULL);
        _exit(127);
    }
    wait(NULL);
    printf("\n  at %ld\n", (long)lseek(fd, 0, SEEK_CUR));
    close(fd);
}

/* Whether anything is left to be read from a pipe. */
static int unread(int pipe)
{
    int left = 0;
    if (ioctl(pipe, FIONREAD, &left) < 0)
        die("FIONREAD");
    return left;
}

/* What runs cannot be opened to write. */
static void by_execution(void)
{
    int pipes[2];
    if (pipe(pipes) < 0)
        die("pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[0], 0);
        close(pipes[1]);
        execl("./program", "cat", (char *)NULL);
        _exit(127);
    }
    /* What was written has been read: the program runs. */
    if (write(pipes[1], "runs\n", 5) != 5)
        die("pipe");
    while (unread(pipes[0]) > 0)
        sched_yield();
    int fd = open("program", O_WRONLY);
    printf("open: %s\n", fd < 0 ? strerror(errno) : "is written");
    fd = open("program", O_RDWR | O_TRUNC);
    printf("open with O_TRUNC: %s\n", fd < 0 ? strerror(errno) : "is emptied");
    printf("truncate: %s\n", truncate("program", 5) < 0 ? strerror(errno) : "is cut");
    close(pipes[0]);
    close(pipes[1]);
    waitpid(child, NULL, 0);
    fd = open("program", O_WRONLY);
    printf("open afterwards: %s\n", fd < 0 ? strerror(errno) : "is written");
}

static void show_change(const char *name, int fd)
{
    char text[16];
    struct stat st;
    append(name);
    show(name, pread(fd, text, sizeof text, 1 << 21), text);
    if (fstat(fd, &st) < 0)
        die(name);
    printf("  %lld bytes\n", (long long)st.st_size);
    close(fd);
}

/* A file that takes long to copy, and files of a directory that is renamed. */
static void by_worker(void)
{
    struct stat before, after;
    show_change("large", open("large", O_RDONLY));
    int deep = open("tree/sub/deep", O_RDONLY), top = open("tree/top", O_RDONLY);
    int path = open("tree/path", O_PATH);
    if (fstat(path, &before) < 0 || rename("tree", "moved") < 0)
        die("tree");
    show_change("moved/sub/deep", deep);
    show_change("moved/top", top);
    if (chmod("moved/path", 0604) < 0 || fstat(path, &after) < 0)
        die("moved/path");
    printf("by a path: %o, then %o, %s\n", before.st_mode, after.st_mode,
           before.st_ino == after.st_ino ? "the same file" : "another file");
}

static void make_large(const char *name)
{
    int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (fd >= 0 && pwrite(fd, "end", 3, (1 << 21) - 3) != 3)
        die(name);
    for (off_t at = 0; fd >= 0 && at < 1 << 21; at += 4096)
        if (pwrite(fd, "some", 4, at) != 4)
            die(name);
    close(fd);
}

static void make_tree(void)
{
    if (mkdir("tree", 0755) < 0 || mkdir("tree/sub", 0755) < 0)
        return;
    make_large("tree/top");
    make_large("tree/sub/deep");
    make_large("tree/path");
}

static void make(const char *name)
{
    char command[128];
    if (access(name, F_OK) == 0)
        return;
    (void)snprintf(command, sizeof command, "cp original %s", name);
    if (system(command) != 0)
        die(command);
}

/* held make: the files, as they must be on the host. held: what is seen. */
int main(int count, char **words)
{
    char name[64];
    (void)words;
    for (int how = 0; how < WAITINGS; how++) {
        for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
            (void)snprintf(name, sizeof name, "%s-%s", waiting_names[how], changes[i].name);
            if (count > 1) {
                make(name);
                continue;
            }
            int fd = open("other", O_CREAT | O_WRONLY, 0644);
            close(fd);
            by_process(name, &changes[i], how);
        }
    }
    if (count > 1) {
        make("thread");
        make("exec");
        make("other2");
        make_large("large");
        make_tree();
        return 0;
    }
    by_thread("thread");
    by_exec("exec");
    by_execution();
    by_worker();
    return 0;
}
