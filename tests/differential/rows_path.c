/* Opening, and what is asked of a path. */
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* A FIFO without its other end must not hold up the script. */
enum { ALWAYS = O_NONBLOCK | O_CLOEXEC };

static long open_how(const struct operation *op)
{
    struct open_how how = {.flags = (uint64_t)N(3), .mode = (uint64_t)N(4), .resolve = (uint64_t)N(5)};

    if ((how.flags & O_PATH) == 0)
        how.flags |= ALWAYS;
    return syscall(SYS_openat2, D(1), P(2), &how, sizeof how);
}

OP(open, slot_fill(op, 0, syscall(SYS_open, P(1), FL(2) | ALWAYS, N(3))))
/* Of a FIFO it would wait for the other end. */
static long create(const char *path, long mode)
{
    struct stat st;

    if (syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0) == 0 && S_ISFIFO(st.st_mode)) {
        errno = EAGAIN;
        return -1;
    }
    return syscall(SYS_creat, path, mode);
}

OP(creat, slot_fill(op, 0, create(P(1), N(2))))
OP(openat, slot_fill(op, 0, syscall(SYS_openat, D(1), P(2), FL(3) | ALWAYS, N(4))))
OP(openat2, slot_fill(op, 0, open_how(op)))

static long say_looked(long result, const struct stat *st, int dirfd, const char *path, int flags)
{
    int error = errno;

    if (result == 0)
        say_stat(st, dirfd, path, flags);
    errno = error;
    return result;
}

static long look(int dirfd, const char *path, int flags, long number)
{
    struct stat st;
    long result;

    if (number == SYS_newfstatat)
        result = syscall(number, dirfd, path, &st, flags);
    else if (number == SYS_fstat)
        result = syscall(number, dirfd, &st);
    else
        result = syscall(number, path, &st);
    return say_looked(result, &st, dirfd, path, flags);
}

static struct timespec time_of(const struct statx_timestamp *time)
{
    return (struct timespec){.tv_sec = time->tv_sec, .tv_nsec = (long)time->tv_nsec};
}

static long look_statx(const struct operation *op)
{
    struct statx sx;
    long result = syscall(SYS_statx, D(0), P(1), FL(2), STATX_BASIC_STATS, &sx);
    struct stat st = {.st_mode = 0};

    if (result != 0)
        return result;
    st.st_mode = sx.stx_mode;
    st.st_uid = sx.stx_uid;
    st.st_gid = sx.stx_gid;
    st.st_nlink = sx.stx_nlink;
    st.st_size = (off_t)sx.stx_size;
    st.st_ino = sx.stx_ino;
    st.st_dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
    st.st_mtim = time_of(&sx.stx_mtime);
    st.st_atim = time_of(&sx.stx_atime);
    st.st_ctim = time_of(&sx.stx_ctime);
    return say_looked(result, &st, D(0), P(1), FL(2) & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

OP(stat, look(AT_FDCWD, P(0), 0, SYS_stat))
OP(lstat, look(AT_FDCWD, P(0), AT_SYMLINK_NOFOLLOW, SYS_lstat))
OP(fstat, look(F(0), "", AT_EMPTY_PATH, SYS_fstat))
OP(newfstatat, look(D(0), P(1), FL(2), SYS_newfstatat))
OP(statx, look_statx(op))
OP(access, syscall(SYS_access, P(0), N(1)))
OP(faccessat, syscall(SYS_faccessat, D(0), P(1), N(2)))
OP(faccessat2, syscall(SYS_faccessat2, D(0), P(1), N(2), FL(3)))

static long say_link(long length, const char *text)
{
    int error = errno;

    /* The numbers in "socket:[N]" and "/tmp/#N (deleted)" are the kernel's. */
    if (length >= 0)
        say(" %s", strncmp(text, "socket:", 7) == 0 || strchr(text, '#') != NULL ? "nameless" : path_shown(text));
    errno = error;
    return length > 0 ? 0 : length;
}

static long look_link(long number, int dirfd, const char *path, long size)
{
    char text[PATH_MAX + 1] = "";
    long length;

    if (size >= PATH_MAX)
        size = PATH_MAX;
    length = number == SYS_readlink ? syscall(number, path, text, size) : syscall(number, dirfd, path, text, size);
    return say_link(length, text);
}

OP(readlink, look_link(SYS_readlink, AT_FDCWD, P(0), 4096))
OP(readlinkat, look_link(SYS_readlinkat, D(0), P(1), 4096))
OP(readlink_short, look_link(SYS_readlink, AT_FDCWD, P(0), 3))

static long look_statfs(const struct operation *op)
{
    struct statfs fs;
    long result = syscall(SYS_statfs, P(0), &fs);

    if (result == 0)
        say(" %lx %ld", (unsigned long)fs.f_type, (long)fs.f_namelen);
    return result;
}

static long look_cwd(void)
{
    char text[2 * PATH_MAX] = "";
    long result = syscall(SYS_getcwd, text, sizeof text);

    return say_link(result, text);
}

static long descriptor_name(int fd)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return look_link(SYS_readlink, AT_FDCWD, path, 4096);
}

OP(statfs, look_statfs(op))
OP(chdir, syscall(SYS_chdir, P(0)))
OP(fchdir, syscall(SYS_fchdir, F(0)))
OP(getcwd, ((void)op, look_cwd()))
OP(fdname, descriptor_name(F(0)))
OP(umask, syscall(SYS_umask, N(0)))

/* Its exit status, or the error of execve. */
static long execute(const char *path)
{
    char *arguments[] = {(char *)"script", NULL}, *environment[] = {NULL};
    int status;
    pid_t child = fork();

    if (child == 0) {
        (void)syscall(SYS_execve, path, arguments, environment);
        _exit(errno == 0 ? 0 : 100 + errno % 100);
    }
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

OP(exec, execute(P(0)))

#define MODES "F_OK R_OK W_OK X_OK"
/* clang-format off */
const struct row rows_path[] = {
    ROW(open, "SPOM", 30, NULL),
    ROW(creat, "SNM", 6, NULL),
    ROW(openat, "SDPOM", 30, NULL),
    ROW(openat2, "SDPOMR", 15, NULL),
    ROW(stat, "P", 20, NULL),
    ROW(lstat, "P", 20, NULL),
    ROW(fstat, "F", 12, NULL),
    ROW(newfstatat, "DPA", 25, "AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH AT_NO_AUTOMOUNT"),
    ROW(statx, "DPA", 10, "AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH AT_STATX_FORCE_SYNC"),
    ROW(access, "PA", 6, MODES),
    ROW(faccessat, "DPA", 4, MODES),
    ROW(faccessat2, "DPAW", 6, MODES),
    ROW(readlink, "P", 6, NULL),
    ROW(readlinkat, "DP", 5, NULL),
    ROW(readlink_short, "P", 1, NULL),
    ROW(statfs, "P", 1, NULL),
    ROW(chdir, "P", 15, NULL),
    ROW(fchdir, "F", 6, NULL),
    ROW(getcwd, "", 8, NULL),
    ROW(fdname, "F", 6, NULL),
    ROW(umask, "M", 3, NULL),
    ROW(exec, "P", 2, NULL),
    ROW_END,
};
/* clang-format on */
