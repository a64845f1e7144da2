#include "emul/sys.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifdef COFFER_TEST_HOOKS
/*
 * The only state of this module, and only in a build for tests: how many
 * changing calls are left before the one that is to fail.
 */
static long fault_left = -2;
static int fault_errno;

static void fault_load(void)
{
    const char *spec = getenv("COFFER_FAULT");
    char *end = NULL;
    fault_left = -1;
    if (spec == NULL)
        return;
    fault_left = strtol(spec, &end, 10);
    if (*end == ':')
        fault_errno = strcmp(end + 1, "KILL") == 0 ? 0 : (int)strtol(end + 1, NULL, 10);
}

/* Returns 0, or the negative errno that this call is to fail with. */
static int fault_step(void)
{
    if (fault_left == -2)
        fault_load();
    if (fault_left < 0 || fault_left-- > 0)
        return 0;
    fault_left = -1;
    if (fault_errno == 0)
        (void)raise(SIGKILL);
    return -fault_errno;
}
#else
static int fault_step(void)
{
    return 0;
}
#endif

#define CHANGING_CALL(expression)                                                                                      \
    do {                                                                                                               \
        int fault = fault_step();                                                                                      \
        if (fault < 0)                                                                                                 \
            return fault;                                                                                              \
        return (expression) < 0 ? -errno : 0;                                                                          \
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
        fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
    while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return fd < 0 ? -errno : (int)fd;
}

int sys_openat(int dir, const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = openat(dir, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int sys_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    return fstatat(dir, path, st, flags) < 0 ? -errno : 0;
}

ssize_t sys_readlinkat(int dir, const char *path, char *buffer, size_t size)
{
    ssize_t length = readlinkat(dir, path, buffer, size);
    return length < 0 ? -errno : length;
}

int sys_faccessat(int dir, const char *path, int mode, int flags)
{
    return syscall(SYS_faccessat2, dir, path, mode, flags) < 0 ? -errno : 0;
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
    ssize_t length = getxattr(fd_path(fd).text, name, value, size);
    return length < 0 ? -errno : length;
}

ssize_t sys_flistxattr(int fd, char *list, size_t size)
{
    ssize_t length = listxattr(fd_path(fd).text, list, size);
    return length < 0 ? -errno : length;
}

int sys_ftruncate(int fd, off_t length)
{
    CHANGING_CALL(ftruncate(fd, length));
}

ssize_t sys_write(int fd, const void *data, size_t size)
{
    int fault = fault_step();
    if (fault < 0)
        return fault;
    ssize_t written;
    do
        written = write(fd, data, size);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
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
    int fault = fault_step();
    if (fault < 0)
        return fault;
    ssize_t copied = copy_file_range(from, NULL, to, NULL, size, 0);
    return copied < 0 ? -errno : copied;
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
