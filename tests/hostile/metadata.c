/* A file of the host through a descriptor that may only be read, or not even that. */
#include "attempt.h"
#include "numbers.h"

#include <linux/fs.h>
#include <sys/time.h>

static const struct timespec once[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

static int readable(void)
{
    return open("victim", O_RDONLY);
}

static int pathless(void)
{
    return open("victim", O_PATH);
}

static int folder(void)
{
    return open("many", O_RDONLY | O_DIRECTORY);
}

static const char *named(const char *folder, int fd)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%d", folder, fd);
    return path;
}

static const char *proc(int fd)
{
    return named("/proc/self/fd", fd);
}

static int by_fchmod(void)
{
    return outcome(fchmod(readable(), 0600));
}
static int by_fchown(void)
{
    return outcome(fchown(readable(), getuid(), getgid()));
}
static int by_futimens(void)
{
    return outcome(futimens(readable(), once));
}
static int by_utimensat(void)
{
    return outcome(syscall(SYS_utimensat, readable(), NULL, once, 0));
}
static int by_utimensat_empty(void)
{
    return outcome(utimensat(readable(), "", once, AT_EMPTY_PATH));
}

static int by_futimesat(void)
{
    static const struct timeval times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    return outcome(syscall(SYS_futimesat, readable(), NULL, times));
}

static int by_fsetxattr(void)
{
    return outcome(fsetxattr(readable(), "user.hostile", "y", 1, 0));
}
static int by_fremovexattr(void)
{
    return outcome(fremovexattr(readable(), "user.canary"));
}

static int by_acl(void)
{
    /* rwx, r--, ---, r--, --- */
    static const unsigned char list[] = {2, 0, 0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,  4,
                                         0, 1, 0,   0,   0,   4,   0,  0, 0,   255, 255, 255, 255, 16, 0,
                                         4, 0, 255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
    return outcome(fsetxattr(readable(), "system.posix_acl_access", list, sizeof list, 0));
}

static int by_flags(void)
{
    int fd = readable();
    long flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        return errno;
    flags |= FS_NOATIME_FL | FS_NODUMP_FL;
    return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static int by_flags_high(void)
{
    int fd = readable();
    long flags = FS_NODUMP_FL;
    return outcome(syscall(SYS_ioctl, fd, FS_IOC_SETFLAGS | 0x700000000UL, &flags));
}

static int by_fsxattr(void)
{
    int fd = readable();
    struct fsxattr attributes = {0};
    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
        return errno;
    attributes.fsx_xflags |= FS_XFLAG_NODUMP;
    return outcome(ioctl(fd, FS_IOC_FSSETXATTR, &attributes));
}

static int by_version(void)
{
    long version = 4711;
    return outcome(ioctl(readable(), _IOW('v', 2, long), &version));
}

static int by_file_setattr(void)
{
    struct file_attributes attributes = {.xflags = FS_XFLAG_NODUMP};
    return outcome(syscall(NR_file_setattr, readable(), "", &attributes, sizeof attributes, AT_EMPTY_PATH));
}

static int by_fchmodat2(void)
{
    return outcome(syscall(NR_fchmodat2, readable(), "", 0600, AT_EMPTY_PATH));
}
static int by_fchownat(void)
{
    return outcome(fchownat(readable(), "", getuid(), getgid(), AT_EMPTY_PATH));
}

static int by_setxattrat(void)
{
    struct xattr_how how = {.value = (uintptr_t) "y", .size = 1};
    return outcome(syscall(NR_setxattrat, readable(), "", AT_EMPTY_PATH, "user.hostile", &how, sizeof how));
}

static int by_removexattrat(void)
{
    return outcome(syscall(NR_removexattrat, readable(), "", AT_EMPTY_PATH, "user.canary"));
}

static int by_path_fchmodat2(void)
{
    return outcome(syscall(NR_fchmodat2, pathless(), "", 0600, AT_EMPTY_PATH));
}
static int by_path_fchownat(void)
{
    return outcome(fchownat(pathless(), "", getuid(), getgid(), AT_EMPTY_PATH));
}
static int by_path_utimensat(void)
{
    return outcome(utimensat(pathless(), "", once, AT_EMPTY_PATH));
}
static int by_path_chmod(void)
{
    return outcome(chmod(proc(pathless()), 0600));
}
static int by_path_open(void)
{
    return overwrite(proc(pathless()));
}

static int by_proc_chmod(void)
{
    return outcome(chmod(proc(readable()), 0600));
}
static int by_proc_chown(void)
{
    return outcome(chown(proc(readable()), getuid(), getgid()));
}
static int by_proc_fchmodat(void)
{
    return outcome(fchmodat(AT_FDCWD, proc(readable()), 0600, 0));
}
static int by_proc_utimensat(void)
{
    return outcome(utimensat(AT_FDCWD, proc(readable()), once, 0));
}
static int by_proc_setxattr(void)
{
    return outcome(setxattr(proc(readable()), "user.hostile", "y", 1, 0));
}
static int by_proc_removexattr(void)
{
    return outcome(removexattr(proc(readable()), "user.canary"));
}
static int by_proc_truncate(void)
{
    return outcome(truncate(proc(readable()), 1));
}
static int by_proc_open(void)
{
    return overwrite(proc(readable()));
}
static int by_proc_link(void)
{
    return outcome(linkat(AT_FDCWD, proc(readable()), AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
}
static int by_dev_fd(void)
{
    return overwrite(named("/dev/fd", readable()));
}
static int by_thread_fd(void)
{
    return overwrite(named("/proc/thread-self/fd", readable()));
}

static int by_own_pid(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)getpid());
    return overwrite(named(path, readable()));
}

static int by_fd_directory(void)
{
    int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    char number[16];
    snprintf(number, sizeof number, "%d", readable());
    return write_fd(openat(directory, number, O_WRONLY | O_TRUNC));
}

static int by_link_empty(void)
{
    return outcome(linkat(readable(), "", AT_FDCWD, "linked", AT_EMPTY_PATH));
}

static int by_stdin(void)
{
    dup2(readable(), STDIN_FILENO);
    return overwrite("/dev/stdin");
}

static int by_folder_fchmod(void)
{
    return outcome(fchmod(folder(), 0700));
}
static int by_folder_futimens(void)
{
    return outcome(futimens(folder(), once));
}
static int by_folder_fsetxattr(void)
{
    return outcome(fsetxattr(folder(), "user.hostile", "y", 1, 0));
}
static int by_folder_openat(void)
{
    return write_fd(openat(folder(), "file", O_WRONLY | O_TRUNC));
}
static int by_folder_parent(void)
{
    return write_fd(openat(folder(), "../victim", O_WRONLY | O_TRUNC));
}
static int by_folder_unlink(void)
{
    return outcome(unlinkat(folder(), "file", 0));
}

static int by_copied_later(void)
{
    /* The descriptor is older than the layer's copy. */
    int fd = readable();
    (void)overwrite("victim");
    return outcome(fchmod(fd, 0600)) | outcome(futimens(fd, once));
}

static int by_moved(void)
{
    int fd = readable();
    if (rename("victim", "moved") < 0)
        return errno;
    return outcome(fchmod(fd, 0600));
}

static int by_removed(void)
{
    int fd = readable();
    if (unlink("victim") < 0)
        return errno;
    return outcome(fchmod(fd, 0600));
}

static int by_dup(void)
{
    return outcome(fchmod(fcntl(readable(), F_DUPFD, 200), 0600));
}

static int by_passed(void)
{
    int pair[2], fd = readable();
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    char byte = 'x';
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || sendmsg(pair[0], &message, 0) < 0 ||
        recvmsg(pair[1], &message, 0) < 0)
        return errno;
    memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
    return outcome(fchmod(fd, 0600));
}

const struct attempt metadata_attempts[] = {
    {"fchmod", "fchmod through a descriptor to read", TREE, 0, by_fchmod, NULL},
    {"fchown", "fchown through a descriptor to read", TREE, 0, by_fchown, NULL},
    {"futimens", "futimens through a descriptor to read", TREE, 0, by_futimens, NULL},
    {"utimensat-null", "utimensat of a descriptor, without a path", TREE, 0, by_utimensat, NULL},
    {"utimensat-empty", "utimensat with AT_EMPTY_PATH", TREE, 0, by_utimensat_empty, NULL},
    {"futimesat-null", "futimesat of a descriptor, without a path", TREE, 0, by_futimesat, NULL},
    {"fsetxattr", "fsetxattr through a descriptor to read", TREE, 0, by_fsetxattr, NULL},
    {"fremovexattr", "fremovexattr through a descriptor to read", TREE, 0, by_fremovexattr, NULL},
    {"acl", "an access control list through a descriptor to read", TREE, NEEDS_KERNEL, by_acl, NULL},
    {"setflags", "FS_IOC_SETFLAGS", TREE, NEEDS_KERNEL, by_flags, NULL},
    {"setflags-high", "FS_IOC_SETFLAGS with bits that the kernel does not look at", TREE, NEEDS_KERNEL, by_flags_high,
     NULL},
    {"fssetxattr", "FS_IOC_FSSETXATTR", TREE, NEEDS_KERNEL, by_fsxattr, NULL},
    {"setversion", "FS_IOC_SETVERSION", TREE, NEEDS_KERNEL, by_version, NULL},
    {"file_setattr", "file_setattr with AT_EMPTY_PATH", TREE, NEEDS_KERNEL, by_file_setattr, NULL},
    {"fchmodat2-empty", "fchmodat2 with AT_EMPTY_PATH", TREE, NEEDS_KERNEL, by_fchmodat2, NULL},
    {"fchownat-empty", "fchownat with AT_EMPTY_PATH", TREE, 0, by_fchownat, NULL},
    {"setxattrat-empty", "setxattrat with AT_EMPTY_PATH", TREE, NEEDS_KERNEL, by_setxattrat, NULL},
    {"removexattrat-empty", "removexattrat with AT_EMPTY_PATH", TREE, NEEDS_KERNEL, by_removexattrat, NULL},
    {"path-fchmodat2", "fchmodat2 of an O_PATH descriptor", TREE, NEEDS_KERNEL, by_path_fchmodat2, NULL},
    {"path-fchownat", "fchownat of an O_PATH descriptor", TREE, 0, by_path_fchownat, NULL},
    {"path-utimensat", "utimensat of an O_PATH descriptor", TREE, 0, by_path_utimensat, NULL},
    {"path-chmod", "chmod of an O_PATH descriptor by its name in /proc", TREE, 0, by_path_chmod, NULL},
    {"path-open", "an O_PATH descriptor is opened by its name in /proc", TREE, 0, by_path_open, NULL},
    {"proc-chmod", "chmod of /proc/self/fd/N", TREE, 0, by_proc_chmod, NULL},
    {"proc-chown", "chown of /proc/self/fd/N", TREE, 0, by_proc_chown, NULL},
    {"proc-fchmodat", "fchmodat of /proc/self/fd/N", TREE, 0, by_proc_fchmodat, NULL},
    {"proc-utimensat", "utimensat of /proc/self/fd/N", TREE, 0, by_proc_utimensat, NULL},
    {"proc-setxattr", "setxattr of /proc/self/fd/N", TREE, 0, by_proc_setxattr, NULL},
    {"proc-removexattr", "removexattr of /proc/self/fd/N", TREE, 0, by_proc_removexattr, NULL},
    {"proc-truncate", "truncate of /proc/self/fd/N", TREE, 0, by_proc_truncate, NULL},
    {"proc-open", "/proc/self/fd/N opened again for writing", TREE, 0, by_proc_open, NULL},
    {"proc-link", "a hard link of /proc/self/fd/N", TREE, 0, by_proc_link, NULL},
    {"dev-fd", "/dev/fd/N opened again for writing", TREE, 0, by_dev_fd, NULL},
    {"thread-fd", "/proc/thread-self/fd/N opened again for writing", TREE, 0, by_thread_fd, NULL},
    {"pid-fd", "/proc/PID/fd/N opened again for writing", TREE, 0, by_own_pid, NULL},
    {"fd-directory", "N below a descriptor of /proc/self/fd", TREE, 0, by_fd_directory, NULL},
    {"link-empty", "linkat with AT_EMPTY_PATH", TREE, 0, by_link_empty, NULL},
    {"stdin", "/dev/stdin opened for writing", TREE, 0, by_stdin, NULL},
    {"folder-fchmod", "fchmod of a directory", TREE, 0, by_folder_fchmod, NULL},
    {"folder-futimens", "futimens of a directory", TREE, 0, by_folder_futimens, NULL},
    {"folder-fsetxattr", "fsetxattr of a directory", TREE, 0, by_folder_fsetxattr, NULL},
    {"folder-openat", "a name below the descriptor of a directory", TREE, 0, by_folder_openat, NULL},
    {"folder-parent", "`..` below the descriptor of a directory", TREE, 0, by_folder_parent, NULL},
    {"folder-unlinkat", "unlinkat below the descriptor of a directory", TREE, 0, by_folder_unlink, NULL},
    {"copied-later", "a descriptor that is older than the layer's copy", TREE, 0, by_copied_later, NULL},
    {"moved", "a descriptor of what was renamed", TREE, 0, by_moved, NULL},
    {"removed", "a descriptor of what was removed", TREE, 0, by_removed, NULL},
    {"duplicate", "a duplicate with another number", TREE, 0, by_dup, NULL},
    {"passed", "a descriptor that came through a socket", TREE, 0, by_passed, NULL},
    {0},
};
