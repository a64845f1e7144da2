/* Open in its corners: O_PATH descriptors, O_TMPFILE, odd flags, and every RESOLVE flag of openat2. */
#include "ops.h"

#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>

static const char *where(int fd)
{
    static char text[PATH_MAX];
    char link[64], start[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, text, sizeof text - 1);
    if (length < 0 || !getcwd(start, sizeof start))
        return "nowhere";
    text[length] = '\0';
    if (strncmp(text, start, strlen(start)) == 0)
        return text + strlen(start);
    return strncmp(text, "/proc", 5) == 0 ? "proc" : text;
}

/* All that can be done with a descriptor that only names. */
static void name_only(const char *path, int flags)
{
    struct stat st;
    struct statx stx;
    char buffer[64], link[64];
    mode_t mode;
    int fd = open(path, O_PATH | O_CLOEXEC | flags);

    printf("-- O_PATH %s\n", path);
    if (SAY(fd < 0 ? -1 : 0) < 0)
        return;
    printf("at %s\n", where(fd));
    SAY(read(fd, buffer, 1));
    SAY(write(fd, "x", 1));
    SAY(fchmod(fd, 0600));
    SAY(fchown(fd, getuid(), getgid()));
    SAY(ftruncate(fd, 0));
    SAY(futimens(fd, NULL));
    SAY(syscall(SYS_utimensat, fd, NULL, NULL, 0));
    SAY(fsetxattr(fd, "user.one", "1", 1, 0));
    SAY(fgetxattr(fd, "user.one", buffer, sizeof buffer));
    SAY(flistxattr(fd, buffer, 0));
    SAY(fremovexattr(fd, "user.one"));
    SAY(ioctl(fd, FS_IOC_GETFLAGS, buffer));
    SAY(fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE));
    SAY(fcntl(fd, F_SETFL, O_APPEND));
    SAY(flock(fd, LOCK_SH));
    SAY(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
    SAY(fstat(fd, &st) == 0 ? (int)(st.st_mode & S_IFMT) : -1);
    mode = S_ISDIR(st.st_mode) ? 0750 : 0640;
    SAY(fchmodat(fd, "", mode, AT_EMPTY_PATH));
    SAY(syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH));
    SAY(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH));
    SAY(syscall(SYS_utimensat, fd, "", NULL, AT_EMPTY_PATH));
    SAY(faccessat(fd, "", R_OK, AT_EMPTY_PATH));
    SAY(readlinkat(fd, "", buffer, sizeof buffer));
    SAY(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    SAY_FD(open(link, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!S_ISFIFO(st.st_mode)) /* who reads from one of the host is outside of the view */
        SAY_FD(open(link, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    SAY_FD(open(link, O_PATH | O_CLOEXEC));
    SAY(chmod(link, mode | 04));
    SAY(truncate(link, 3));
    SAY(linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH));
    SAY(unlink("linked"));
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    look("linked");
    SAY(unlink("linked"));
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "linked", 0));
    SAY_FD(openat(fd, "x", O_RDONLY));
    SAY(mkdirat(fd, "made", 0755));
    SAY(unlinkat(fd, "made", AT_REMOVEDIR));
    if (SAY(fchdir(fd)) == 0)
        SAY(chdir(".."));
    look(path);
    close(fd);
}

static void temporary(void)
{
    char link[64];
    struct stat st;
    int fd = open("dir", O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);

    puts("-- O_TMPFILE");
    SAY(fd < 0 ? -1 : 0);
    SAY(write(fd, "nameless", 8));
    SAY(fchmod(fd, 0600));
    SAY(fsetxattr(fd, "user.one", "1", 1, 0));
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    SAY(chmod(link, 0604));
    SAY(setxattr(link, "user.two", "2", 1, 0));
    SAY(truncate(link, 5));
    SAY(utimensat(AT_FDCWD, link, NULL, 0));
    fstat(fd, &st);
    print_stat("nameless", &st);
    SAY(linkat(fd, "", AT_FDCWD, "dir/named", AT_EMPTY_PATH));
    look("dir/named");
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "dir/named2", AT_SYMLINK_FOLLOW));
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "dir/named2", AT_SYMLINK_FOLLOW));
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "dir/named3", 0));
    look("dir/named2");
    content("dir/named2");
    SAY(unlink("dir/named"));
    SAY(unlink("dir/named2"));
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "dir/again", AT_SYMLINK_FOLLOW));
    look("dir/again");
    close(fd);
    fd = open("dir", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0640);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    SAY(fd < 0 ? -1 : 0);
    SAY(linkat(AT_FDCWD, link, AT_FDCWD, "dir/exclusive", AT_SYMLINK_FOLLOW));
    SAY_FD(open(link, O_RDONLY | O_CLOEXEC));
    SAY_FD(open(link, O_RDWR | O_CLOEXEC));
    close(fd);
    SAY_FD(open("dir", O_TMPFILE | O_RDONLY, 0640));
    SAY_FD(open("dir", O_TMPFILE | O_RDWR | O_CREAT, 0640));
    SAY_FD(open("dir/a", O_TMPFILE | O_RDWR, 0640));
    SAY_FD(open("dir/absent", O_TMPFILE | O_RDWR, 0640));
    SAY_FD(open("dirlink", O_TMPFILE | O_WRONLY, 0640));
    SAY_FD(open("dirlink", O_TMPFILE | O_WRONLY | O_NOFOLLOW, 0640));
}

static void flags(void)
{
    static const char *const names[] = {"file",    "dir",   "link", "dangling", "absent",
                                        "dirlink", "file/", "dir/", "fifo",     "made"};
    static const struct {
        const char *name;
        int flags;
    } odd[] = {{"DIRECTORY|CREAT", O_DIRECTORY | O_CREAT},
               {"NOFOLLOW|PATH", O_NOFOLLOW | O_PATH},
               {"PATH|CREAT", O_PATH | O_CREAT},
               {"PATH|TRUNC|RDWR", O_PATH | O_TRUNC | O_RDWR},
               {"EXCL", O_EXCL},
               {"EXCL|RDWR", O_EXCL | O_RDWR},
               {"TRUNC", O_TRUNC},
               {"DIRECT", O_DIRECT},
               {"DIRECT|RDWR", O_DIRECT | O_RDWR},
               {"SYNC|RDWR", O_SYNC | O_RDWR},
               {"DSYNC|WRONLY", O_DSYNC | O_WRONLY},
               {"NOATIME|RDWR", O_NOATIME | O_RDWR},
               {"ACCMODE 3", 3},
               {"ACCMODE 3|CREAT", 3 | O_CREAT},
               {"DIRECTORY|RDWR", O_DIRECTORY | O_RDWR},
               {"DIRECTORY|NOFOLLOW", O_DIRECTORY | O_NOFOLLOW},
               {"APPEND|WRONLY", O_APPEND | O_WRONLY},
               {"NOCTTY|ASYNC", O_NOCTTY | O_ASYNC},
               {"unknown", 0x40000000},
               {"CREAT|NOFOLLOW", O_CREAT | O_NOFOLLOW | O_RDWR},
               {"CREAT|EXCL|NOFOLLOW", O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR},
               {"CREAT|TRUNC", O_CREAT | O_TRUNC}};

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        printf("-- %s\n", odd[i].name);
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            int fd = open(names[j], odd[i].flags | O_NONBLOCK | O_CLOEXEC, 0644);

            printf("%s: ", names[j]);
            if (fd < 0)
                printf("%s\n", strerrorname_np(errno));
            else
                printf("%s flags %o\n", where(fd), fcntl(fd, F_GETFL));
            if (fd >= 0)
                close(fd);
            look(names[j]);
            unlink("nothing");
            unlink("absent");
            put("file", "content of file\n");
        }
    }
}

static long how(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    long fd;

    /* A rename anywhere on the machine makes the kernel say EAGAIN to "..". */
    for (int tries = 0; tries < 10000; tries++) {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN || (resolve & RESOLVE_CACHED) != 0)
            break;
    }
    return fd;
}

static void resolve_each(int dir)
{
    static const char *const names[] = {"a",
                                        "sub/deep",
                                        "../file",
                                        "sub/../a",
                                        "sub/../../file",
                                        "uplink",
                                        "abslink",
                                        "inlink",
                                        "dirlink/a",
                                        "..",
                                        ".",
                                        "",
                                        "/",
                                        "/a",
                                        "/sub/deep",
                                        "/../a",
                                        "/sub/../../a",
                                        "rootlink",
                                        "/etc/passwd",
                                        "absent",
                                        "absent/../a",
                                        "/proc/self/comm",
                                        "/proc/self/cwd",
                                        "/proc/self/cwd/a",
                                        "proclink",
                                        "sub/",
                                        "a/",
                                        "loop",
                                        "/dev/null"};
    static const uint64_t resolves[] = {0,
                                        RESOLVE_NO_XDEV,
                                        RESOLVE_NO_MAGICLINKS,
                                        RESOLVE_NO_SYMLINKS,
                                        RESOLVE_BENEATH,
                                        RESOLVE_IN_ROOT,
                                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
                                        RESOLVE_IN_ROOT | RESOLVE_NO_XDEV,
                                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
                                        RESOLVE_BENEATH | RESOLVE_IN_ROOT,
                                        RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};

    for (size_t i = 0; i < sizeof resolves / sizeof *resolves; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            long fd = how(dir, names[j], O_RDONLY | O_CLOEXEC, 0, resolves[i]);

            printf("resolve %x '%s': %s", (unsigned)resolves[i], names[j], fd < 0 ? strerrorname_np(errno) : "");
            printf("%s\n", fd >= 0 ? where((int)fd) : "");
            if (fd >= 0)
                close((int)fd);
        }
}

static void resolve_create(int dir)
{
    static const uint64_t resolves[] = {0, RESOLVE_NO_XDEV, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT};
    static const char *const names[] = {"new", "/new", "../new", "sub/new", "newlink", "sub/../../new", "/etc/../new"};

    for (size_t i = 0; i < sizeof resolves / sizeof *resolves; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            long fd;

            if (names[j][0] == '/' && (resolves[i] & RESOLVE_IN_ROOT) == 0 && (resolves[i] & RESOLVE_BENEATH) == 0)
                continue;
            fd = how(dir, names[j], O_RDWR | O_CREAT | O_CLOEXEC, 0644, resolves[i]);
            printf("create, resolve %x '%s': %s", (unsigned)resolves[i], names[j],
                   fd < 0 ? strerrorname_np(errno) : "");
            printf("%s\n", fd >= 0 ? where((int)fd) : "");
            if (fd >= 0)
                close((int)fd);
            unlinkat(dir, "new", 0);
            unlinkat(dir, "../new", 0);
            unlinkat(dir, "sub/new", 0);
        }
}

static void resolve_struct(int dir)
{
    struct {
        struct open_how how;
        char tail[4096];
    } large = {.how = {.flags = O_RDONLY | O_CLOEXEC}};
    struct open_how *h = &large.how;

    puts("-- struct open_how");
    for (size_t size = 0; size <= 32; size += 8)
        printf("%zu ", size), SAY_FD(syscall(SYS_openat2, dir, "a", h, size));
    SAY_FD(syscall(SYS_openat2, dir, "a", h, 25));
    SAY_FD(syscall(SYS_openat2, dir, "a", h, 4096));
    SAY_FD(syscall(SYS_openat2, dir, "a", h, 4097));
    large.tail[7] = 1;
    SAY_FD(syscall(SYS_openat2, dir, "a", h, 32));
    SAY_FD(syscall(SYS_openat2, dir, "a", h, 31));
    SAY_FD(syscall(SYS_openat2, dir, "a", NULL, sizeof *h));
    SAY_FD(syscall(SYS_openat2, dir, NULL, h, sizeof *h));
    SAY_FD(syscall(SYS_openat2, 99, "a", h, sizeof *h));
    SAY_FD(how(dir, "a", 0x800000000ull, 0, 0));
    SAY_FD(how(dir, "a", O_RDONLY, 0644, 0));
    SAY_FD(how(dir, "a", O_RDONLY, 0, 0x40));
    SAY_FD(how(dir, "a", O_PATH | O_RDWR, 0, 0));
    SAY_FD(how(dir, "a", O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0));
    SAY_FD(how(dir, "new", O_RDWR | O_CREAT, 010644, 0));
    SAY_FD(how(dir, "new", O_RDWR | O_CREAT, 0100644, 0));
    SAY_FD(how(dir, "new", O_RDWR | O_CREAT, 0644ull << 32, 0));
    SAY_FD(how(dir, "a", O_CREAT | O_DIRECTORY, 0644, 0));
    SAY_FD(how(dir, ".", O_TMPFILE | O_RDWR, 0600, 0));
    SAY_FD(how(dir, ".", O_TMPFILE | O_RDWR, 0600, RESOLVE_BENEATH));
    SAY_FD(how(dir, ".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600, 0));
    SAY_FD(how(99, "/etc/passwd", O_RDONLY, 0, RESOLVE_BENEATH));
    SAY_FD(how(99, "/etc/passwd", O_RDONLY, 0, RESOLVE_IN_ROOT));
    SAY_FD(how(99, "/etc/passwd", O_RDONLY, 0, 0));
    content("dir/a");
    SAY_FD(how(dir, "a", O_RDONLY, 0, RESOLVE_CACHED));
    SAY_FD(how(dir, "a", O_RDONLY, 0, RESOLVE_CACHED | RESOLVE_BENEATH));
    SAY_FD(how(dir, "a", O_RDWR | O_CREAT, 0644, RESOLVE_CACHED));
    SAY_FD(how(dir, "a", O_RDWR | O_TRUNC, 0, RESOLVE_CACHED));
    SAY_FD(how(dir, ".", O_RDWR | O_TMPFILE, 0600, RESOLVE_CACHED));
    SAY_FD(how(dir, "a", O_RDWR, 0, RESOLVE_CACHED));
    SAY_FD(how(dir, "a", O_RDONLY, 0, RESOLVE_CACHED));
}

/* Descriptors of files in place of directories, and the order of checks of link and openat2. */
static void order(void)
{
    struct stat st;
    int nameless = open("dir", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    int gone = open("gone", O_RDONLY | O_CLOEXEC);
    int file = open("file", O_RDONLY | O_CLOEXEC);

    puts("-- order");
    unlink("gone");
    for (int i = 0; i < 3; i++) {
        int fd = (int[]){nameless, gone, file}[i];

        SAY(fstatat(fd, "x", &st, 0));
        SAY(fstatat(fd, "..", &st, 0));
        SAY(fstatat(fd, ".", &st, 0));
        SAY_FD(openat(fd, "x", O_RDONLY));
        SAY(mkdirat(fd, "x", 0755));
        SAY(unlinkat(fd, "x", 0));
        SAY(renameat(fd, "x", AT_FDCWD, "y"));
        SAY(fchdir(fd));
        SAY_FD(how(fd, "/x", O_RDONLY, 0, RESOLVE_IN_ROOT));
    }
    close(nameless);
    close(gone);
    SAY(linkat(file, "", AT_FDCWD, "file", AT_EMPTY_PATH));
    close(file);
    SAY(link("file/", "link"));
    SAY(link("file/", "absent/x"));
    SAY(link("file/", "x"));
    SAY(link("file/", (const char *)8));
    SAY(link("absent", (const char *)8));
    SAY(link((const char *)8, "x"));
    SAY(linkat(AT_FDCWD, "file/", 99, "x", 0));
    SAY(linkat(-1, "", AT_FDCWD, "file", AT_EMPTY_PATH));
    SAY(linkat(-1, "", AT_FDCWD, "file", 0));
    SAY(linkat(AT_FDCWD, "", AT_FDCWD, "x", AT_EMPTY_PATH));
    SAY(linkat(AT_FDCWD, "link", AT_FDCWD, "linked", 0));
    look("linked");
    SAY(unlink("linked"));
    SAY(linkat(AT_FDCWD, "link", AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    look("linked");
    SAY(unlink("linked"));
    SAY(linkat(AT_FDCWD, "dangling", AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    SAY(linkat(AT_FDCWD, "dangling", AT_FDCWD, "linked", 0));
    SAY(linkat(AT_FDCWD, "dir", AT_FDCWD, "linked2", 0));
    SAY(linkat(AT_FDCWD, "file", AT_FDCWD, "linked2", 0x800));
    SAY(truncate("file/", 0));
    SAY(truncate("dir", 0));
    SAY(truncate("fifo", 0));
    SAY(truncate("file", -1));
    SAY(truncate("link", 3));
    content("file");
}

int main(void)
{
    int dir;

    begin();
    name_only("file", 0);
    name_only("dir", 0);
    name_only("link", O_NOFOLLOW);
    name_only("fifo", 0);
    name_only("made", 0);
    temporary();
    flags();
    dir = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    resolve_each(dir);
    resolve_create(dir);
    put("dir/mine", "the layer has this directory now\n");
    resolve_each(dir);
    resolve_create(dir);
    resolve_struct(dir);
    close(dir);
    order();
    return 0;
}
