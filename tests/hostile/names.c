/* A file of the host by its name: every call that changes one, old and new. */
#include "attempt.h"
#include "numbers.h"

#include <linux/aio_abi.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>

static const struct timespec once[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

static int by_open(void)
{
    return overwrite("victim");
}
static int by_raw_open(void)
{
    return write_fd((int)syscall(SYS_open, "victim", O_WRONLY | O_APPEND));
}
static int by_creat(void)
{
    return write_fd((int)syscall(SYS_creat, "victim", 0644));
}

static int by_openat2(void)
{
    struct open_how how = {.flags = O_WRONLY | O_TRUNC, .resolve = RESOLVE_BENEATH};
    return write_fd((int)syscall(SYS_openat2, AT_FDCWD, "victim", &how, sizeof how));
}

/* A struct longer than any kernel's so far, with zeros behind. */
static int by_openat2_long(void)
{
    struct {
        struct open_how how;
        uint64_t more[8];
    } how = {.how = {.flags = O_WRONLY | O_TRUNC}};
    return write_fd((int)syscall(SYS_openat2, AT_FDCWD, "victim", &how, sizeof how));
}

static int by_truncating_read(void)
{
    return outcome(open("victim", O_RDONLY | O_TRUNC));
}
static int by_mode_three(void)
{
    return outcome(open("victim", O_ACCMODE | O_TRUNC));
}
static int by_created(void)
{
    return write_fd(open("new", O_WRONLY | O_CREAT | O_EXCL, 0644));
}
static int by_created_read(void)
{
    return outcome(open("new", O_RDONLY | O_CREAT, 0644));
}
static int by_link_leads(void)
{
    return overwrite("leads");
}
static int by_truncate(void)
{
    return outcome(truncate("victim", 1));
}
static int by_rename(void)
{
    return outcome(rename("victim", "renamed"));
}
static int by_renameat(void)
{
    return outcome(renameat(AT_FDCWD, "victim", AT_FDCWD, "renamed"));
}
static int by_rename_over(void)
{
    return outcome(rename("other", "victim"));
}
static int by_exchange(void)
{
    return outcome(syscall(SYS_renameat2, AT_FDCWD, "victim", AT_FDCWD, "other", RENAME_EXCHANGE));
}
static int by_rename_white(void)
{
    return outcome(syscall(SYS_renameat2, AT_FDCWD, "victim", AT_FDCWD, "renamed", RENAME_WHITEOUT));
}
static int by_rename_directory(void)
{
    return outcome(rename("many", "empty"));
}
static int by_unlink(void)
{
    return outcome(unlink("victim"));
}
static int by_unlinkat(void)
{
    return outcome(unlinkat(AT_FDCWD, "victim", 0));
}
static int by_rmdir(void)
{
    return outcome(rmdir("empty"));
}
static int by_rmdir_at(void)
{
    return outcome(unlinkat(AT_FDCWD, "empty", AT_REMOVEDIR));
}
static int by_mkdir(void)
{
    return outcome(mkdir("new", 0755));
}
static int by_mkdirat(void)
{
    return outcome(mkdirat(AT_FDCWD, "new", 0755));
}
static int by_fifo(void)
{
    return outcome(mknod("new", S_IFIFO | 0644, 0));
}
static int by_socket_node(void)
{
    return outcome(mknodat(AT_FDCWD, "new", S_IFSOCK | 0644, 0));
}
static int by_file_node(void)
{
    return outcome(mknod("new", S_IFREG | 0644, 0));
}
static int by_whiteout(void)
{
    return outcome(mknod("new", S_IFCHR | 0600, 0));
}
static int by_symlink(void)
{
    return outcome(symlink("nowhere", "new"));
}
static int by_symlinkat(void)
{
    return outcome(symlinkat("nowhere", AT_FDCWD, "new"));
}
static int by_link(void)
{
    return outcome(link("victim", "new"));
}
static int by_linkat(void)
{
    return outcome(linkat(AT_FDCWD, "leads", AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
}
static int by_linked(void)
{
    return link("victim", "new") < 0 ? errno : overwrite("new");
}
static int by_chmod(void)
{
    return outcome(chmod("victim", 0600));
}
static int by_fchmodat(void)
{
    return outcome(fchmodat(AT_FDCWD, "victim", 0600, 0));
}
static int by_fchmodat2(void)
{
    return outcome(syscall(NR_fchmodat2, AT_FDCWD, "victim", 0600, AT_SYMLINK_NOFOLLOW));
}
static int by_chown(void)
{
    return outcome(chown("victim", getuid(), getgid()));
}
static int by_lchown(void)
{
    return outcome(lchown("leads", getuid(), getgid()));
}
static int by_fchownat(void)
{
    return outcome(fchownat(AT_FDCWD, "victim", getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
}

static int by_utime(void)
{
    static const struct utimbuf times = {1, 1};
    return outcome(utime("victim", &times));
}

static int by_utimes(void)
{
    static const struct timeval times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    return outcome(utimes("victim", times));
}

static int by_futimesat(void)
{
    return outcome(syscall(SYS_futimesat, AT_FDCWD, "victim", NULL));
}
static int by_utimensat(void)
{
    return outcome(utimensat(AT_FDCWD, "leads", once, AT_SYMLINK_NOFOLLOW));
}
static int by_setxattr(void)
{
    return outcome(setxattr("victim", "user.hostile", "y", 1, 0));
}
static int by_lsetxattr(void)
{
    return outcome(lsetxattr("victim", "user.hostile", "y", 1, 0));
}
static int by_removexattr(void)
{
    return outcome(removexattr("victim", "user.canary"));
}
static int by_lremovexattr(void)
{
    return outcome(lremovexattr("victim", "user.canary"));
}

static int by_setxattrat(void)
{
    struct xattr_how how = {.value = (uintptr_t) "y", .size = 1};
    return outcome(syscall(NR_setxattrat, AT_FDCWD, "victim", 0, "user.hostile", &how, sizeof how));
}

static int by_removexattrat(void)
{
    return outcome(syscall(NR_removexattrat, AT_FDCWD, "victim", 0, "user.canary"));
}

static int by_file_setattr(void)
{
    struct file_attributes attributes = {.xflags = FS_XFLAG_NODUMP};
    return outcome(syscall(NR_file_setattr, AT_FDCWD, "victim", &attributes, sizeof attributes, 0));
}

static int by_bind(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "new"};
    return outcome(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof address));
}

static int by_tmpfile(void)
{
    char path[64];
    int fd = open(".", O_TMPFILE | O_RDWR, 0644);
    if (fd < 0)
        return errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return outcome(linkat(AT_FDCWD, path, AT_FDCWD, "new", AT_SYMLINK_FOLLOW));
}

/* ---- names that lead elsewhere ---- */

static int by_absolute(const char *before)
{
    char path[4200];
    snprintf(path, sizeof path, "%s%s/victim", before, scene.directory);
    return overwrite(path);
}

static int by_root(void)
{
    return by_absolute("/proc/self/root");
}
static int by_task_root(void)
{
    return by_absolute("/proc/thread-self/root");
}
static int by_dots(void)
{
    return by_absolute("/../../proc/../..");
}
static int by_slashes(void)
{
    return by_absolute("////.//./");
}
static int by_cwd(void)
{
    return overwrite("/proc/self/cwd/victim");
}
static int by_cwd_parent(void)
{
    return overwrite("/proc/self/cwd/many/../victim");
}
static int by_outsider_cwd(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cwd/victim", (int)scene.outsider);
    return overwrite(path);
}

static int by_outsider_root(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root", (int)scene.outsider);
    return by_absolute(path);
}

static int by_outsider_fd(void)
{
    int worst = ENOENT;
    for (int fd = 3; fd < 40 && worst != 0; fd++) {
        char path[64];
        struct stat st;
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)scene.outsider, fd);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
            worst = overwrite(path);
        else if (errno != ENOENT)
            worst = errno;
    }
    return worst;
}

static int by_supervisor_fd(void)
{
    int worst = ENOENT;
    for (int fd = 3; fd < 64; fd++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)scene.supervisor, fd);
        int directory = open(path, O_RDONLY | O_DIRECTORY);
        if (directory >= 0)
            worst = write_fd(openat(directory, "victim", O_WRONLY | O_TRUNC));
        else if (overwrite(path) == 0)
            worst = 0;
    }
    return worst;
}

static int by_supervisor_root(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root", (int)scene.supervisor);
    return by_absolute(path);
}

/* A name of 4096 bytes and more, by steps. */
static int by_deep(void)
{
    char part[201];
    memset(part, 'd', 200);
    part[200] = '\0';
    int here = open(".", O_PATH);
    for (int i = 0; i < 25; i++) {
        if (mkdirat(here, part, 0755) < 0)
            return errno;
        int next = openat(here, part, O_PATH);
        close(here);
        here = next;
    }
    return write_fd(openat(here, "new", O_WRONLY | O_CREAT, 0644));
}

static int by_removed_cwd(void)
{
    if (chdir("empty") < 0 || rmdir("../empty") < 0)
        return errno;
    return write_fd(open("../victim", O_WRONLY | O_TRUNC));
}

static int by_chroot(void)
{
    int out = open(".", O_RDONLY);
    if (chroot("empty") < 0 || fchdir(out) < 0)
        return errno;
    return overwrite("victim");
}

/* ---- content by other ways than write ---- */

static int by_map(void)
{
    int fd = open("victim", O_RDWR);
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return errno;
    map[0] = '!';
    return outcome(msync(map, 4096, MS_SYNC));
}

static int by_map_protect(void)
{
    int fd = open("victim", O_RDWR);
    char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED || mprotect(map, 4096, PROT_READ | PROT_WRITE) < 0)
        return errno;
    map[0] = '!';
    return 0;
}

/* Older than the descriptor that is written to. */
static int by_old_reader(void)
{
    int reader = open("victim", O_RDONLY), writer = open("victim", O_WRONLY);
    (void)reader;
    return write_fd(writer);
}

static int by_copy_range(void)
{
    return outcome(copy_file_range(open("other", O_RDONLY), NULL, open("victim", O_WRONLY), NULL, 8, 0));
}

static int by_sendfile(void)
{
    return outcome(sendfile(open("victim", O_WRONLY), open("other", O_RDONLY), NULL, 8));
}

static int by_splice(void)
{
    int pipes[2];
    if (pipe(pipes) < 0 || write(pipes[1], "hostile", 7) != 7)
        return errno;
    return outcome(splice(pipes[0], NULL, open("victim", O_WRONLY), NULL, 7, 0));
}

static int by_fallocate(void)
{
    return outcome(fallocate(open("victim", O_WRONLY), 0, 0, 100000));
}
static int by_ftruncate(void)
{
    return outcome(ftruncate(open("victim", O_RDWR), 1));
}

static int by_pwritev2(void)
{
    struct iovec data = {"hostile", 7};
    return outcome(pwritev2(open("victim", O_WRONLY), &data, 1, 0, RWF_DSYNC));
}

static int by_aio(void)
{
    aio_context_t context = 0;
    struct iocb block = {.aio_lio_opcode = IOCB_CMD_PWRITE,
                         .aio_fildes = (unsigned)open("victim", O_WRONLY),
                         .aio_buf = (uintptr_t) "hostile",
                         .aio_nbytes = 7};
    struct iocb *blocks = &block;
    struct io_event event;
    if (syscall(SYS_io_setup, 1, &context) < 0 || syscall(SYS_io_submit, context, 1, &blocks) < 0)
        return errno;
    return outcome(syscall(SYS_io_getevents, context, 1, 1, &event, NULL));
}

const struct attempt names_attempts[] = {
    {"open", "open for writing", TREE, 0, by_open, NULL},
    {"open-append", "the old open, to append", TREE, 0, by_raw_open, NULL},
    {"creat", "creat", TREE, 0, by_creat, NULL},
    {"openat2", "openat2", TREE, 0, by_openat2, NULL},
    {"openat2-long", "openat2 with a struct of a kernel to come", TREE, 0, by_openat2_long, NULL},
    {"read-truncate", "O_RDONLY with O_TRUNC", TREE, 0, by_truncating_read, NULL},
    {"mode-three", "an open for neither reading nor writing, with O_TRUNC", TREE, 0, by_mode_three, NULL},
    {"create", "a new file", TREE, 0, by_created, NULL},
    {"create-read", "a new file, opened to read", TREE, 0, by_created_read, NULL},
    {"symbolic", "through a symbolic link", TREE, 0, by_link_leads, NULL},
    {"truncate", "truncate", TREE, 0, by_truncate, NULL},
    {"rename", "rename", TREE, 0, by_rename, NULL},
    {"renameat", "renameat", TREE, 0, by_renameat, NULL},
    {"rename-over", "rename over another file", TREE, 0, by_rename_over, NULL},
    {"rename-exchange", "RENAME_EXCHANGE", TREE, 0, by_exchange, NULL},
    {"rename-whiteout", "RENAME_WHITEOUT", TREE, NEEDS_ROOT | NEEDS_KERNEL, by_rename_white, NULL},
    {"rename-directory", "rename of a directory", TREE, 0, by_rename_directory, NULL},
    {"unlink", "unlink", TREE, 0, by_unlink, NULL},
    {"unlinkat", "unlinkat", TREE, 0, by_unlinkat, NULL},
    {"rmdir", "rmdir", TREE, 0, by_rmdir, NULL},
    {"unlinkat-rmdir", "unlinkat with AT_REMOVEDIR", TREE, 0, by_rmdir_at, NULL},
    {"mkdir", "mkdir", TREE, 0, by_mkdir, NULL},
    {"mkdirat", "mkdirat", TREE, 0, by_mkdirat, NULL},
    {"mknod-fifo", "mknod of a FIFO", TREE, 0, by_fifo, NULL},
    {"mknodat-socket", "mknodat of a socket", TREE, 0, by_socket_node, NULL},
    {"mknod-file", "mknod of a regular file", TREE, 0, by_file_node, NULL},
    {"mknod-whiteout", "mknod of the layer's mark of what was deleted", TREE, 0, by_whiteout, NULL},
    {"symlink", "symlink", TREE, 0, by_symlink, NULL},
    {"symlinkat", "symlinkat", TREE, 0, by_symlinkat, NULL},
    {"link", "link", TREE, 0, by_link, NULL},
    {"linkat-follow", "linkat through a symbolic link", TREE, 0, by_linkat, NULL},
    {"link-write", "a hard link, written to", TREE, 0, by_linked, NULL},
    {"chmod", "chmod", TREE, 0, by_chmod, NULL},
    {"fchmodat", "fchmodat", TREE, 0, by_fchmodat, NULL},
    {"fchmodat2", "fchmodat2", TREE, NEEDS_KERNEL, by_fchmodat2, NULL},
    {"chown", "chown", TREE, 0, by_chown, NULL},
    {"lchown", "lchown of a symbolic link", TREE, 0, by_lchown, NULL},
    {"fchownat", "fchownat", TREE, 0, by_fchownat, NULL},
    {"utime", "utime", TREE, 0, by_utime, NULL},
    {"utimes", "utimes", TREE, 0, by_utimes, NULL},
    {"futimesat", "futimesat", TREE, 0, by_futimesat, NULL},
    {"utimensat", "utimensat of a symbolic link", TREE, 0, by_utimensat, NULL},
    {"setxattr", "setxattr", TREE, 0, by_setxattr, NULL},
    {"lsetxattr", "lsetxattr", TREE, 0, by_lsetxattr, NULL},
    {"removexattr", "removexattr", TREE, 0, by_removexattr, NULL},
    {"lremovexattr", "lremovexattr", TREE, 0, by_lremovexattr, NULL},
    {"setxattrat", "setxattrat", TREE, NEEDS_KERNEL, by_setxattrat, NULL},
    {"removexattrat", "removexattrat", TREE, NEEDS_KERNEL, by_removexattrat, NULL},
    {"file_setattr", "file_setattr", TREE, NEEDS_KERNEL, by_file_setattr, NULL},
    {"bind", "bind of a Unix socket", TREE, 0, by_bind, NULL},
    {"tmpfile", "O_TMPFILE, and a link of it", TREE, NEEDS_KERNEL, by_tmpfile, NULL},
    {"proc-root", "by /proc/self/root", TREE, 0, by_root, NULL},
    {"task-root", "by /proc/thread-self/root", TREE, 0, by_task_root, NULL},
    {"dots", "by .. at the root, and through /proc", TREE, 0, by_dots, NULL},
    {"slashes", "by many slashes and dots", TREE, 0, by_slashes, NULL},
    {"proc-cwd", "by /proc/self/cwd", TREE, 0, by_cwd, NULL},
    {"proc-cwd-parent", "by .. below /proc/self/cwd", TREE, 0, by_cwd_parent, NULL},
    {"outsider-cwd", "by /proc/PID/cwd of a process outside", TREE, WITH_OUTSIDER, by_outsider_cwd, NULL},
    {"outsider-root", "by /proc/PID/root of a process outside", TREE, WITH_OUTSIDER, by_outsider_root, NULL},
    {"outsider-fd", "by /proc/PID/fd of a process outside", TREE, WITH_OUTSIDER, by_outsider_fd, NULL},
    {"supervisor-fd", "by /proc/PID/fd of the supervisor", TREE, WITH_OUTSIDER, by_supervisor_fd, NULL},
    {"supervisor-root", "by /proc/PID/root of the supervisor", TREE, WITH_OUTSIDER, by_supervisor_root, NULL},
    {"deep", "at a path longer than PATH_MAX", TREE, 0, by_deep, NULL},
    {"removed-cwd", "from a working directory that was removed", TREE, NEEDS_LUCK, by_removed_cwd, NULL},
    {"chroot", "out of a chroot by a descriptor", TREE, NEEDS_ROOT, by_chroot, NULL},
    {"map", "a shared mapping", TREE, 0, by_map, NULL},
    {"map-protect", "a shared mapping made writable later", TREE, 0, by_map_protect, NULL},
    {"old-reader", "opened to read first, then to write", TREE, 0, by_old_reader, NULL},
    {"copy_file_range", "copy_file_range", TREE, 0, by_copy_range, NULL},
    {"sendfile", "sendfile", TREE, 0, by_sendfile, NULL},
    {"splice", "splice", TREE, 0, by_splice, NULL},
    {"fallocate", "fallocate", TREE, 0, by_fallocate, NULL},
    {"ftruncate", "ftruncate", TREE, 0, by_ftruncate, NULL},
    {"pwritev2", "pwritev2", TREE, 0, by_pwritev2, NULL},
    {"io_submit", "a write by the old asynchronous calls", TREE, 0, by_aio, NULL},
    {0},
};
