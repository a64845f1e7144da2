/*
 * One operation of a file system, and nothing else: what tests/crash cuts off at each step.
 *
 *   one OPERATION ARGUMENT...     exit status 0, or 1 with the errno on standard output
 *   one tree DIR                  all that is in DIR, a line each, in order: what must be in the old or the new state
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* For what the operations do to a descriptor that was opened before; -1 sets errno. */
static int with_descriptor(const char *path, int (*act)(int fd))
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -1 : act(fd);
}

static const struct timespec past[2] = {{1000000000, 5}, {1000000001, 6}};

static int act_fchmod(int fd)
{
    return fchmod(fd, 0751);
}

static int act_futimens(int fd)
{
    return futimens(fd, past);
}

static int act_fsetxattr(int fd)
{
    return fsetxattr(fd, "user.new", "value", 5, 0);
}

static int act_fchown(int fd)
{
    return fchown(fd, getuid(), getgid());
}

static int write_at_end(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0640);
    /* One write: what it does is the kernel's business. */
    return fd < 0 ? -1 : write(fd, "new\n", 4) == 4 ? 0 : -1;
}

static int open_only(const char *path, int flags)
{
    return open(path, O_WRONLY | O_CLOEXEC | flags, 0640) < 0 ? -1 : 0;
}

static int bind_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

static int count_names(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int count = 0;
    if (dir == NULL)
        return -1;
    while ((errno = 0, entry = readdir(dir)) != NULL)
        count++;
    printf("%d names\n", count);
    return errno == 0 ? 0 : -1;
}

static int temporary_named(const char *directory, const char *name)
{
    char path[64];
    int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
    if (fd < 0 || write(fd, "new\n", 4) != 4)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static int perform(const char *what, const char *a, const char *b)
{
#define OP(name, call)                                                                                                 \
    if (strcmp(what, name) == 0)                                                                                       \
    return (call)
    OP("open-write", write_at_end(a, 0));
    OP("append", write_at_end(a, O_APPEND));
    OP("empty", open_only(a, O_TRUNC));
    OP("create", open_only(a, O_CREAT | O_EXCL));
    OP("truncate", truncate(a, 3));
    OP("chmod", chmod(a, 0751));
    OP("fchmod", with_descriptor(a, act_fchmod));
    OP("chown", lchown(a, getuid(), getgid()));
    OP("fchown", with_descriptor(a, act_fchown));
    OP("utimens", utimensat(AT_FDCWD, a, past, AT_SYMLINK_NOFOLLOW));
    OP("futimens", with_descriptor(a, act_futimens));
    OP("setxattr", lsetxattr(a, "user.new", "value", 5, 0));
    OP("fsetxattr", with_descriptor(a, act_fsetxattr));
    OP("removexattr", lremovexattr(a, "user.kept"));
    OP("mkdir", mkdir(a, 0750));
    OP("unlink", unlink(a));
    OP("rmdir", rmdir(a));
    OP("rename", rename(a, b));
    OP("exchange", renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
    OP("noreplace", renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE));
    OP("link", link(a, b));
    OP("symlink", symlink(a, b));
    OP("mkfifo", mkfifo(a, 0640));
    OP("mknod", mknod(a, S_IFREG | 0640, 0));
    OP("bind", bind_socket(a));
    OP("list", count_names(a));
    OP("tmpfile", temporary_named(a, b));
    errno = ENOSYS;
    return -1;
}

static uint64_t add_bytes(uint64_t hash, const void *data, size_t size)
{
    for (const unsigned char *byte = data; size > 0; size--, byte++)
        hash = (hash ^ *byte) * 1099511628211u;
    return hash;
}

static uint64_t content(const char *path)
{
    static char buffer[1 << 16];
    uint64_t hash = 14695981039346656037u;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = -1;
    while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0)
        hash = add_bytes(hash, buffer, (size_t)got);
    if (got < 0)
        printf(" unread:%s", strerror(errno));
    close(fd);
    return hash;
}

static uint64_t attributes(const char *path)
{
    static char names[4096], value[4096];
    uint64_t hash = 0;
    ssize_t length = llistxattr(path, names, sizeof names);
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        ssize_t size = lgetxattr(path, names + at, value, sizeof value);
        uint64_t one = add_bytes(14695981039346656037u, names + at, strlen(names + at) + 1);
        /* The layer's own marks are no part of the view; a mount of it hides them as well. */
        if (strncmp(names + at, "user.overlay.", 13) != 0 && strcmp(names + at, "user.containers.override_stat") != 0)
            hash += add_bytes(one, value, size < 0 ? 0 : (size_t)size);
    }
    return hash;
}

/* A time of the last days is that of the test: "now". */
static void print_time(const struct timespec *time_of)
{
    if (time_of->tv_sec > time(NULL) - 86400)
        printf(" now");
    else
        printf(" %ld.%ld", (long)time_of->tv_sec, time_of->tv_nsec);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void tree(const char *path);

static void tree_below(const char *path)
{
    char *names[1024], below[PATH_MAX];
    size_t count = 0;
    DIR *dir = opendir(path);
    const struct dirent *entry;
    if (dir == NULL) {
        printf("%s unlisted:%s\n", path, strerror(errno));
        return;
    }
    while (count < 1024 && (errno = 0, entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names[count++] = strdup(entry->d_name);
    if (errno != 0)
        printf("%s listed in part:%s\n", path, strerror(errno));
    closedir(dir);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) {
        snprintf(below, sizeof below, "%s/%s", path, names[i]);
        tree(below);
        free(names[i]);
    }
}

static void tree(const char *path)
{
    struct stat st;
    char target[PATH_MAX];
    if (lstat(path, &st) < 0) {
        printf("%s unseen:%s\n", path, strerror(errno));
        return;
    }
    printf("%s %06o %u:%u", path, st.st_mode, st.st_uid, st.st_gid);
    print_time(&st.st_mtim);
    if (S_ISREG(st.st_mode))
        printf(" %lu bytes %016lx", (unsigned long)st.st_size, (unsigned long)content(path));
    ssize_t length = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof target) : 0;
    printf(" %.*s attributes %016lx\n", (int)(length < 0 ? 0 : length), target, (unsigned long)attributes(path));
    if (S_ISDIR(st.st_mode))
        tree_below(path);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return fprintf(stderr, "one: see the head of one.c\n"), 2;
    umask(022);
    if (strcmp(argv[1], "tree") == 0) {
        tree(argv[2]);
        return 0;
    }
    if (perform(argv[1], argv[2], argc > 3 ? argv[3] : "") == 0)
        return 0;
    printf("%s\n", strerrorname_np(errno));
    return 1;
}
