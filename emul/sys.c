#include "emul/sys.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifdef COFFER_TEST_HOOKS
/*
 * The only state of this module, and only in a build for tests: how many calls are left before the one that is to
 * fail, and how.
 */
static struct {
    enum { FAULT_UNKNOWN, FAULT_NONE, FAULT_CHANGES, FAULT_ALL } counts;
    enum { FAULT_ERRNO, FAULT_KILL, FAULT_WORKER, FAULT_TRACEE } what;
    long left;
    int error;
    pid_t supervisor;
    int mark; /* a descriptor, or -1 */
} fault;

static void fault_load(void)
{
    const char *changes = getenv("COFFER_FAULT");
    const char *spec = changes != NULL ? changes : getenv("COFFER_FAULT_ALL");
    char *end = NULL;
    fault.counts = spec == NULL ? FAULT_NONE : changes != NULL ? FAULT_CHANGES : FAULT_ALL;
    fault.supervisor = getpid();
    fault.mark = -1;
    if (spec == NULL)
        return;
    /* Now: when the fault comes, the supervisor may be confined to the layer. */
    const char *mark = getenv("COFFER_FAULT_MARK");
    if (mark != NULL)
        fault.mark = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    fault.left = strtol(spec, &end, 10);
    if (strcmp(end, ":KILL") == 0)
        fault.what = FAULT_KILL;
    else if (strcmp(end, ":WORKER") == 0)
        fault.what = FAULT_WORKER;
    else if (strcmp(end, ":TRACEE") == 0)
        fault.what = FAULT_TRACEE;
    else if (*end == ':')
        fault.error = (int)strtol(end + 1, NULL, 10);
}

/* The programs that the supervisor started, but no worker of its. */
static void fault_kill_tracees(void)
{
    char path[PATH_MAX];
    int child;
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)fault.supervisor);
    DIR *threads = opendir(path);
    const struct dirent *thread;
    while (threads != NULL && (thread = readdir(threads)) != NULL) {
        (void)snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)fault.supervisor, thread->d_name);
        FILE *children = fopen(path, "re");
        while (children != NULL && fscanf(children, "%d", &child) == 1)
            if (child != getpid())
                (void)kill(child, SIGKILL);
        if (children != NULL)
            (void)fclose(children);
    }
    if (threads != NULL)
        (void)closedir(threads);
}

static void fault_tell(void)
{
    if (fault.mark >= 0)
        (void)!write(fault.mark, "x", 1);
}

/* Returns 0, or the negative errno that this call is to fail with. */
static int fault_step(bool changes)
{
    if (fault.counts == FAULT_UNKNOWN)
        fault_load();
    if (fault.counts == FAULT_NONE || (fault.counts == FAULT_CHANGES && !changes) || fault.left-- > 0)
        return 0;
    fault.counts = FAULT_NONE;
    fault_tell();
    if (fault.what == FAULT_KILL)
        (void)kill(fault.supervisor, SIGKILL);
    if (fault.what == FAULT_KILL || (fault.what == FAULT_WORKER && getpid() != fault.supervisor))
        (void)raise(SIGKILL);
    if (fault.what == FAULT_TRACEE)
        fault_kill_tracees();
    return -fault.error;
}
#else
static int fault_step(bool changes)
{
    (void)changes;
    return 0;
}
#endif

/*
 * Makes a call, and again when a signal interrupted it: the tracers' bell is one, and on FUSE and network file systems
 * any call can end so. `result` is what it returns, or -errno.
 */
#define CALL(changes, result, expression)                                                                              \
    do {                                                                                                               \
        (result) = fault_step(changes);                                                                                \
        if ((result) == 0) {                                                                                           \
            (result) = (expression);                                                                                   \
            if ((result) < 0)                                                                                          \
                (result) = -errno;                                                                                     \
        }                                                                                                              \
    } while ((result) == -EINTR)

#define CHANGING_CALL(expression)                                                                                      \
    do {                                                                                                               \
        long result;                                                                                                   \
        CALL(true, result, expression);                                                                                \
        return result < 0 ? (int)result : 0;                                                                           \
    } while (0)

#define LOOKING_CALL(type, expression)                                                                                 \
    do {                                                                                                               \
        long result;                                                                                                   \
        CALL(false, result, expression);                                                                               \
        return (type)result;                                                                                           \
    } while (0)

/* "/proc/self/fd/N", by which calls that refuse O_PATH descriptors reach the object. */
struct fd_path {
    char text[32];
};

static struct fd_path fd_path(int fd)
{
    struct fd_path path;
    (void)snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
    return path;
}

int sys_openat2(int dir, const char *path, int flags, mode_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = (uint64_t)(unsigned)flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
    long fd;
    /* EAGAIN: a rename or mount raced with RESOLVE_BENEATH's check of ".." (openat2(2)). */
    do
        CALL((flags & O_CREAT) != 0, fd, syscall(SYS_openat2, dir, path, &how, sizeof how));
    while (fd == -EAGAIN);
    return (int)fd;
}

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    int fd;
    CALL((flags & O_CREAT) != 0, fd, openat(dir, path, flags | O_CLOEXEC, mode));
    return fd;
}

int sys_open_name(int dir, const char *name, int flags, mode_t mode)
{
    struct open_how how = {.flags = (uint64_t)(unsigned)flags | O_CLOEXEC, .mode = mode, .resolve = SYS_BENEATH};
    long fd;
    CALL((flags & (O_CREAT | O_TRUNC)) != 0, fd, syscall(SYS_openat2, dir, name, &how, sizeof how));
    return (int)fd;
}

int sys_open_again(int fd, int flags, mode_t mode)
{
    LOOKING_CALL(int, open(fd_path(fd).text, flags | O_CLOEXEC, mode));
}

int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    LOOKING_CALL(int, fstatat(dir, path, st, flags));
}

ssize_t sys_readlinkat(int dir, const char *path, char *buffer, size_t size)
{
    LOOKING_CALL(ssize_t, readlinkat(dir, path, buffer, size));
}

int sys_faccessat(int dir, const char *path, int mode, int flags)
{
    LOOKING_CALL(int, syscall(SYS_faccessat2, dir, path, mode, flags));
}

int sys_mkdirat(int dir, const char *path, mode_t mode)
{
    CHANGING_CALL(mkdirat(dir, path, mode));
}

int sys_mknodat(int dir, const char *path, mode_t mode, dev_t device)
{
    CHANGING_CALL(mknodat(dir, path, mode, device));
}

int sys_symlinkat(const char *target, int dir, const char *path)
{
    CHANGING_CALL(symlinkat(target, dir, path));
}

int sys_linkat(int old_dir, const char *old_path, int new_dir, const char *new_path, int flags)
{
    CHANGING_CALL(linkat(old_dir, old_path, new_dir, new_path, flags));
}

int sys_unlinkat(int dir, const char *path, int flags)
{
    CHANGING_CALL(unlinkat(dir, path, flags));
}

int sys_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags)
{
    CHANGING_CALL(renameat2(old_dir, old_path, new_dir, new_path, flags));
}

int sys_fchmod(int fd, mode_t mode)
{
    CHANGING_CALL(chmod(fd_path(fd).text, mode));
}

int sys_fchown(int fd, uid_t uid, gid_t gid)
{
    CHANGING_CALL(fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
}

int sys_futimens(int fd, const struct timespec times[2])
{
    /* AT_EMPTY_PATH works on O_PATH descriptors, of symbolic links too, since Linux 5.8. */
    CHANGING_CALL(syscall(SYS_utimensat, fd, "", times, AT_EMPTY_PATH));
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    CHANGING_CALL(setxattr(fd_path(fd).text, name, value, size, flags));
}

int sys_fremovexattr(int fd, const char *name)
{
    CHANGING_CALL(removexattr(fd_path(fd).text, name));
}

ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size)
{
    LOOKING_CALL(ssize_t, getxattr(fd_path(fd).text, name, value, size));
}

ssize_t sys_getxattrat(int dir, const char *path, const char *name, void *value, size_t size)
{
    /* The xattr calls have no *at form before Linux 6.13. */
    char whole[sizeof(struct fd_path) + NAME_MAX + 1];
    int length = snprintf(whole, sizeof whole, "%s/%s", fd_path(dir).text, path);
    if (length >= (int)sizeof whole)
        return -ENAMETOOLONG;
    LOOKING_CALL(ssize_t, lgetxattr(whole, name, value, size));
}

ssize_t sys_flistxattr(int fd, char *list, size_t size)
{
    LOOKING_CALL(ssize_t, listxattr(fd_path(fd).text, list, size));
}

int sys_ftruncate(int fd, off_t length)
{
    CHANGING_CALL(ftruncate(fd, length));
}

ssize_t sys_read(int fd, void *data, size_t size)
{
    LOOKING_CALL(ssize_t, read(fd, data, size));
}

ssize_t sys_read_full(int fd, void *data, size_t size)
{
    size_t used = 0;
    ssize_t got = 1;
    while (used < size && (got = sys_read(fd, (char *)data + used, size - used)) > 0)
        used += (size_t)got;
    return got < 0 ? got : (ssize_t)used;
}

int sys_truncate(const char *path, off_t length)
{
    CHANGING_CALL(truncate(path, length));
}

ssize_t sys_write(int fd, const void *data, size_t size)
{
    ssize_t written;
    CALL(true, written, write(fd, data, size));
    return written;
}

int sys_fsync(int fd)
{
    CHANGING_CALL(fsync(fd));
}

int sys_syncfs(int fd)
{
    CHANGING_CALL(syncfs(fd));
}

ssize_t sys_copy_range(int from, int to, size_t size)
{
    ssize_t copied;
    CALL(true, copied, copy_file_range(from, NULL, to, NULL, size, 0));
    return copied;
}

int sys_write_all(int fd, const void *data, size_t size)
{
    const char *next = data;
    while (size > 0) {
        ssize_t written = sys_write(fd, next, size);
        if (written < 0)
            return (int)written;
        next += written;
        size -= (size_t)written;
    }
    return 0;
}
