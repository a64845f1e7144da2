/*
 * coffer's own system calls, in one thin module.
 *
 * Every call returns a value >= 0, or -errno: nothing above this file reads
 * errno, and none is interrupted by a signal. Descriptors that come back are O_CLOEXEC.
 *
 * A build with COFFER_TEST_HOOKS counts the calls that change the file system, and lets the one after N of them fail
 * with an errno (COFFER_FAULT=N:ERRNO), or just before it kills the supervisor and, in a worker, that as well (N:KILL),
 * the worker alone (N:WORKER) or the command (N:TRACEE), so that tests can cut any operation off at any step.
 * COFFER_FAULT_ALL counts the calls that only look as well. The file COFFER_FAULT_MARK has a byte when it has
 * happened.
 */
#ifndef COFFER_EMUL_SYS_H
#define COFFER_EMUL_SYS_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Resolution flags for paths inside a tree that somebody else may write. */
#define SYS_BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

int sys_openat2(int dir, const char *path, int flags, mode_t mode, uint64_t resolve);
int sys_openat(int dir, const char *path, int flags, mode_t mode);
/*
 * Opens for a caller: a name of a directory that is no symbolic link, or once more what a descriptor (which may be
 * O_PATH) is open on. With O_NONBLOCK in flags, EAGAIN is what they return while a lease is broken.
 */
int sys_open_name(int dir, const char *name, int flags, mode_t mode);
int sys_open_again(int fd, int flags, mode_t mode);
int sys_fstatat(int dir, const char *path, struct stat *st, int flags);
ssize_t sys_readlinkat(int dir, const char *path, char *buffer, size_t size);
ssize_t sys_read(int fd, void *data, size_t size);
/* Fills the buffer unless the file ends first. Bytes read, or -errno. */
ssize_t sys_read_full(int fd, void *data, size_t size);
int sys_faccessat(int dir, const char *path, int mode, int flags);

/* Calls that change the file system: each is a step that a test can cut off. */
int sys_mkdirat(int dir, const char *path, mode_t mode);
int sys_mknodat(int dir, const char *path, mode_t mode, dev_t device);
int sys_symlinkat(const char *target, int dir, const char *path);
int sys_linkat(int old_dir, const char *old_path, int new_dir, const char *new_path, int flags);
int sys_unlinkat(int dir, const char *path, int flags);
int sys_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags);
/* fd may be an O_PATH descriptor in the four calls that follow: they go through /proc/self/fd. */
int sys_fchmod(int fd, mode_t mode);
int sys_fchown(int fd, uid_t uid, gid_t gid);
int sys_futimens(int fd, const struct timespec times[2]);
int sys_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int sys_fremovexattr(int fd, const char *name);
ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t size);
/* Of a name in a directory, which is not followed. */
ssize_t sys_getxattrat(int dir, const char *path, const char *name, void *value, size_t size);
ssize_t sys_flistxattr(int fd, char *list, size_t size);
int sys_ftruncate(int fd, off_t length);
int sys_truncate(const char *path, off_t length);
ssize_t sys_write(int fd, const void *data, size_t size);
int sys_fsync(int fd);
int sys_syncfs(int fd);
ssize_t sys_copy_range(int from, int to, size_t size);

/* Writes all of data or fails; -ENOSPC and the like come back as they are. */
int sys_write_all(int fd, const void *data, size_t size);

#endif
