/* The calls that only look: stat and its kin, access, open for reading, readlink, xattrs, statfs, chdir. */
#include "ops.h"

static const char *const names[] = {"file",
                                    "script",
                                    "empty",
                                    "dir",
                                    "dir/",
                                    "dir/.",
                                    "dir/..",
                                    "dir/sub/deep",
                                    "dir//sub/./../a",
                                    "file/",
                                    "file/x",
                                    "file/..",
                                    "missing",
                                    "missing/x",
                                    "missing/..",
                                    "link",
                                    "link/",
                                    "dangling",
                                    "dangling/",
                                    "loop",
                                    "loop/x",
                                    "dirlink",
                                    "dirlink/",
                                    "dirlink/a",
                                    "dirlink/..",
                                    "chain",
                                    "abslink",
                                    "readonly",
                                    "secret",
                                    "secretdir/x",
                                    "hard1",
                                    "fifo",
                                    "",
                                    ".",
                                    "./",
                                    "..",
                                    "dir/../dir/../file"};

#define NAMES (sizeof names / sizeof *names)

static const char *now;

static void look_stats(void)
{
    struct stat st;
    struct statx stx;

    if (SAY(syscall(SYS_stat, old(now), &st)) == 0)
        print_stat(" stat", &st);
    if (SAY(syscall(SYS_lstat, old(now), &st)) == 0)
        print_stat(" lstat", &st);
    if (SAY(syscall(SYS_newfstatat, at_fd, at(now), &st, 0)) == 0)
        print_stat(" fstatat", &st);
    if (SAY(syscall(SYS_newfstatat, at_fd, at(now), &st, AT_SYMLINK_NOFOLLOW)) == 0)
        print_stat(" fstatat nofollow", &st);
    if (SAY(syscall(SYS_newfstatat, at_fd, at(now), &st, AT_EMPTY_PATH)) == 0)
        print_stat(" fstatat empty", &st);
    if (SAY(syscall(SYS_statx, at_fd, at(now), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx)) == 0)
        printf(" statx %c %04o %u:%u\n", type_of(stx.stx_mode), stx.stx_mode & 07777U, stx.stx_uid, stx.stx_gid);
    SAY(syscall(SYS_statx, at_fd, at(now), 0x40000000, STATX_BASIC_STATS, &stx));
    SAY(syscall(SYS_newfstatat, at_fd, at(now), &st, 0x40000000));
}

static void look_access(void)
{
    for (int mode = 0; mode < 8; mode++) {
        printf(" mode %d: ", mode);
        SAY(syscall(SYS_access, old(now), mode));
        SAY(syscall(SYS_faccessat, at_fd, at(now), mode));
        SAY(syscall(SYS_faccessat2, at_fd, at(now), mode, AT_EACCESS | AT_SYMLINK_NOFOLLOW));
    }
    SAY(syscall(SYS_access, old(now), 8));
    SAY(syscall(SYS_faccessat2, at_fd, at(now), R_OK, 0x40000000));
    SAY(syscall(SYS_faccessat2, at_fd, at(now), R_OK, AT_EMPTY_PATH));
}

/* A rename anywhere on the machine makes the kernel say EAGAIN to "..": try again, as its manual says. */
static long open_resolved(struct open_how *how, uint64_t resolve)
{
    long fd;

    how->resolve = resolve;
    for (int tries = 0; tries < 100000; tries++) {
        fd = syscall(SYS_openat2, at_fd, at(now), how, sizeof *how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd;
}

static void look_open(void)
{
    static const struct {
        const char *name;
        int flags;
    } flags[] = {{"RDONLY", O_RDONLY},
                 {"NOFOLLOW", O_NOFOLLOW},
                 {"DIRECTORY", O_DIRECTORY},
                 {"PATH", O_PATH},
                 {"PATH|NOFOLLOW", O_PATH | O_NOFOLLOW},
                 {"PATH|DIRECTORY", O_PATH | O_DIRECTORY},
                 {"NOATIME", O_NOATIME}};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct open_how how = {.flags = (uint64_t)(flags[i].flags | O_NONBLOCK | O_CLOEXEC)};

        if (how.flags & O_PATH)
            how.flags &= ~(uint64_t)O_NONBLOCK;
        printf(" %s: ", flags[i].name);
        SAY_FD(syscall(SYS_open, old(now), flags[i].flags | O_NONBLOCK | O_CLOEXEC, 0));
        SAY_FD(syscall(SYS_openat, at_fd, at(now), flags[i].flags | O_NONBLOCK | O_CLOEXEC, 0));
        SAY_FD(syscall(SYS_openat2, at_fd, at(now), &how, sizeof how));
        if (form != PROC_FD)
            SAY_FD(open_resolved(&how, RESOLVE_NO_SYMLINKS));
        SAY_FD(open_resolved(&how, RESOLVE_BENEATH));
        SAY_FD(open_resolved(&how, RESOLVE_NO_MAGICLINKS));
    }
}

static void look_rest(void)
{
    char buffer[PATH_MAX];
    struct statfs fs;
    long length;

    memset(buffer, 0, sizeof buffer);
    length = SAY(syscall(SYS_readlink, old(now), buffer, sizeof buffer - 1));
    if (length > 0 && now[0] != '/')
        printf(" '%s'\n", buffer);
    memset(buffer, 0, sizeof buffer);
    if (SAY(syscall(SYS_readlinkat, at_fd, at(now), buffer, 3)) > 0)
        printf(" '%s'\n", buffer);
    SAY(syscall(SYS_readlinkat, at_fd, at(now), buffer, 0));
    SAY(syscall(SYS_statfs, old(now), &fs));
    SAY(syscall(SYS_getxattr, old(now), "user.one", buffer, sizeof buffer));
    SAY(syscall(SYS_lgetxattr, old(now), "user.one", buffer, sizeof buffer));
    SAY(syscall(SYS_getxattr, old(now), "user.one", buffer, 1));
    SAY(syscall(SYS_getxattr, old(now), "user.none", NULL, 0));
    SAY(syscall(SYS_getxattr, old(now), "user.overlay.opaque", NULL, 0));
    SAY(syscall(SYS_listxattr, old(now), buffer, sizeof buffer));
    SAY(syscall(SYS_llistxattr, old(now), NULL, 0));
}

static void look_chdir(void)
{
    char cwd[PATH_MAX], start[PATH_MAX];
    int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd;

    if (!getcwd(start, sizeof start))
        return;
    if (SAY(syscall(SYS_chdir, old(now))) == 0 && getcwd(cwd, sizeof cwd))
        printf(" in %s\n", strncmp(cwd, start, strlen(start)) == 0 ? cwd + strlen(start) : "above");
    if (fchdir(back) != 0)
        exit(1);
    fd = openat(at_fd, at(now), O_PATH | O_CLOEXEC);
    if (fd >= 0) {
        if (SAY(fchdir(fd)) == 0 && getcwd(cwd, sizeof cwd))
            printf(" in %s\n", strncmp(cwd, start, strlen(start)) == 0 ? cwd + strlen(start) : "above");
        close(fd);
    }
    if (fchdir(back) != 0)
        exit(1);
    close(back);
}

static void same_inode(const char *one, const char *other)
{
    struct stat a, b;

    if (stat(old(one), &a) != 0 || stat(old(other), &b) != 0)
        printf("%s, %s: cannot be looked at\n", one, other);
    else
        printf("%s and %s: %s file\n", one, other,
               a.st_ino == b.st_ino && a.st_dev == b.st_dev ? "the same" : "not the same");
}

static void look_long(void)
{
    char name[NAME_MAX + 2], path[PATH_MAX + 2];
    struct stat st;

    memset(name, 'n', sizeof name);
    name[NAME_MAX] = '\0';
    now = name;
    SAY(stat(old(now), &st));
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    SAY(stat(old(now), &st));
    SAY(open(old(now), O_RDONLY));
    memset(path, '/', sizeof path);
    path[0] = '.';
    path[PATH_MAX - 1] = '\0';
    SAY(stat(path, &st));
    path[PATH_MAX - 1] = '/';
    path[PATH_MAX] = '\0';
    SAY(stat(path, &st));
    SAY(open(path, O_RDONLY));
    SAY(syscall(SYS_stat, NULL, &st));
    SAY(stat((const char *)8, &st));
    SAY(syscall(SYS_open, NULL, O_RDONLY, 0));
    SAY(syscall(SYS_newfstatat, AT_FDCWD, "file", (struct stat *)8, 0));
    SAY(syscall(SYS_openat, 999, "file", O_RDONLY));
    SAY(syscall(SYS_openat, 0, "file", O_RDONLY));
    SAY(syscall(SYS_openat, 999, old("file"), O_PATH | O_CREAT | O_DIRECTORY));
    SAY(syscall(SYS_newfstatat, 999, "", &st, AT_EMPTY_PATH));
    SAY(syscall(SYS_fstat, 999, &st));
}

static void body(void)
{
    for (size_t i = 0; i < NAMES; i++) {
        now = names[i];
        printf("-- '%s'\n", now);
        look_stats();
        look_access();
        look_open();
        look_rest();
        look_chdir();
    }
    same_inode("hard1", "hard2");
    same_inode("file", "link");
    same_inode("file", "dir/../file");
    same_inode("file", "readonly");
    same_inode("dir", "dirlink/.");
    same_inode("dir", "dir/sub/..");
    look_long();
}

int main(void)
{
    begin();
    each_form(body);
    return 0;
}
