/*
 * What the ops_*.c programs share: each makes system calls in the current directory and prints one line a call, so
 * that a run natively and a run in a view can be compared. Nothing that differs between two such runs is printed: no
 * inode numbers, times, process numbers, sizes of directories.
 */
#ifndef COFFER_TESTS_OPS_H
#define COFFER_TESTS_OPS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* Of 32-bit programs, whose struct stat (with _FILE_OFFSET_BITS=64) is that of these calls. */
#ifdef __i386__
#undef SYS_stat
#undef SYS_lstat
#define SYS_stat       SYS_stat64
#define SYS_lstat      SYS_lstat64
#define SYS_newfstatat SYS_fstatat64
#endif

/* Prints "text -> result" and the name of the error; returns the result and leaves errno as it was. */
static inline long say(const char *text, long result)
{
    int error = errno;

    if (result < 0)
        printf("%s -> %ld %s\n", text, result, strerrorname_np(error));
    else
        printf("%s -> %ld\n", text, result);
    errno = error;
    return result;
}

#define SAY(call) say(#call, (long)(call))

/* For calls that return a descriptor: its number is no business of the comparison, and it is closed. */
static inline long say_fd(const char *text, long fd)
{
    int error = errno;

    say(text, fd < 0 ? fd : 0);
    if (fd >= 0)
        close((int)fd);
    errno = error;
    return fd;
}

#define SAY_FD(call) say_fd(#call, (long)(call))

static inline char type_of(mode_t mode)
{
    static const char letters[] = "?pc?d?b?-?l?s???";

    return letters[(mode & S_IFMT) >> 12];
}

static inline void print_stat(const char *text, const struct stat *st)
{
    printf("%s: %c %04o %u:%u", text, type_of(st->st_mode), st->st_mode & 07777, st->st_uid, st->st_gid);
    if (!S_ISDIR(st->st_mode))
        printf(" size %lld links %lu", (long long)st->st_size, (unsigned long)st->st_nlink);
    printf("\n");
}

/* The entry itself, not what a link points to. */
static inline void look(const char *path)
{
    struct stat st;

    if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        print_stat(path, &st);
    else
        printf("%s: %s\n", path, strerrorname_np(errno));
}

/* The first bytes of a file. */
static inline void content(const char *path)
{
    char text[64];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (length < 0) {
        printf("%s: %s\n", path, strerrorname_np(errno));
    } else {
        text[length] = '\0';
        for (char *end = text; *end; end++)
            if (*end == '\n')
                *end = '|';
        printf("%s holds '%s'\n", path, text);
    }
    if (fd >= 0)
        close(fd);
}

static inline void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        printf("cannot write %s: %s\n", path, strerrorname_np(errno));
        exit(1);
    }
    close(fd);
}

/*
 * The forms that a path is given in. Each form works in a directory of its own, a copy of the same tree; at(name) is
 * what the *at calls get beside `at_fd`, old(name) what the calls without a descriptor get.
 */
enum form { RELATIVE, ABSOLUTE, DIRFD, PROC_FD, FORMS };

static enum form form;
static int at_fd = AT_FDCWD;

static inline const char *form_name(void)
{
    static const char *const names[FORMS] = {"relative", "absolute", "dirfd", "procfd"};

    return names[form];
}

static inline const char *form_path(const char *name, bool with_dirfd)
{
    static char buffers[8][2 * PATH_MAX + 64];
    static unsigned next;
    char *path = buffers[next++ % 8];
    char cwd[PATH_MAX];

    if (form == ABSOLUTE && getcwd(cwd, sizeof cwd))
        snprintf(path, sizeof buffers[0], "%s/%s", cwd, name);
    else if (form == DIRFD && !with_dirfd)
        snprintf(path, sizeof buffers[0], "%s/%s", form_name(), name);
    else if (form == PROC_FD)
        snprintf(path, sizeof buffers[0], "/proc/self/fd/%d/%s", at_fd, name);
    else
        snprintf(path, sizeof buffers[0], "%s", name);
    return path;
}

static inline const char *at(const char *name)
{
    return form_path(name, true);
}

static inline const char *old(const char *name)
{
    return form_path(name, false);
}

/* Runs body once in each form; the current directory holds relative/, absolute/, dirfd/ and procfd/. */
static inline void each_form(void (*body)(void))
{
    int top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (form = RELATIVE; form < FORMS; form++) {
        printf("== %s\n", form_name());
        at_fd = AT_FDCWD;
        if (form == DIRFD || form == PROC_FD)
            at_fd = open(form_name(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        else if (chdir(form_name()) != 0)
            exit(1);
        body();
        if (at_fd >= 0)
            close(at_fd);
        if (fchdir(top) != 0)
            exit(1);
    }
    close(top);
}

static inline void begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(022);
}

#endif
