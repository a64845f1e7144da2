/* Files and directories of the host that are immutable or append-only (chattr(1)). `release` makes them ordinary. */
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "rights.h"

static const struct {
    const char *path;
    int flags;
} fixed[] = {{"file", FS_IMMUTABLE_FL},    {"log", FS_APPEND_FL},        {"dir", FS_IMMUTABLE_FL},
             {"spool", FS_APPEND_FL},      {"alices", FS_IMMUTABLE_FL},  {"aliceslog", FS_APPEND_FL},
             {"dir/sub", FS_IMMUTABLE_FL}, {"plain/in", FS_IMMUTABLE_FL}};

/* The last ones first: nothing is made in a directory that is immutable. */
static void set_flags(bool on)
{
    for (size_t i = sizeof fixed / sizeof *fixed; i-- > 0;) {
        size_t at = on ? i : sizeof fixed / sizeof *fixed - 1 - i;
        int flags = 0, fd = open(fixed[at].path, O_RDONLY | O_CLOEXEC);
        int status = fd < 0 ? -1 : ioctl(fd, FS_IOC_GETFLAGS, &flags);

        flags = on ? flags | fixed[at].flags : flags & ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        if (status < 0 || ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0) {
            printf("no such attributes here: %s: %s\n", fixed[at].path, strerrorname_np(errno));
            exit(77);
        }
        close(fd);
    }
}

static void setup(void)
{
    make_file("file", 0666, 0, 0);
    make_file("log", 0666, 0, 0);
    make_dir("dir", 0777, 0, 0);
    make_dir("dir/sub", 0777, 0, 0);
    make_file("dir/in", 0666, 0, 0);
    make_file("dir/sub/deep", 0666, 0, 0);
    make_dir("spool", 0777, 0, 0);
    make_file("spool/in", 0666, 0, 0);
    make_dir("plain", 0777, 0, 0);
    make_file("plain/in", 0666, 0, 0);
    make_file("plain/free", 0666, 0, 0);
    make_file("alices", 0600, ALICE, ALICE);
    make_file("aliceslog", 0600, ALICE, ALICE);
    set_flags(true);
}

static void change(const char *path)
{
    const struct timespec then[2] = {{1, 0}, {1, 0}};

    printf("-- %s\n", path);
    SAY(access(path, R_OK));
    SAY(access(path, W_OK));
    SAY_FD(open(path, O_RDONLY));
    SAY_FD(open(path, O_WRONLY));
    SAY_FD(open(path, O_RDWR | O_TRUNC));
    SAY(truncate(path, 2));
    SAY(chmod(path, 0640));
    SAY(chown(path, 0, 0));
    SAY(utimensat(AT_FDCWD, path, then, 0));
    SAY(setxattr(path, "user.one", "x", 1, 0));
    SAY(removexattr(path, "user.one"));
    SAY(link(path, "plain/linked"));
    SAY(rename(path, "plain/renamed"));
    SAY(rename("plain/free", path));
    SAY(unlink(path));
    look(path);
}

/* Last, since a copy has no such attribute any more. */
static void append(void)
{
    static const char *const paths[] = {"file", "log", "alices", "aliceslog"};
    const struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        printf("-- %s\n", paths[i]);
        SAY_FD(open(paths[i], O_WRONLY | O_APPEND));
        SAY(utimensat(AT_FDCWD, paths[i], now, 0));
    }
    SAY_FD(open("spool/made", O_WRONLY | O_CREAT, 0644));
    SAY(unlink("spool/made"));
}

static void change_in(const char *dir, const char *in, const char *new)
{
    printf("-- %s\n", dir);
    SAY(access(dir, W_OK));
    SAY_FD(open(new, O_WRONLY | O_CREAT, 0644));
    SAY(symlink("x", new));
    SAY(link("plain/free", new));
    SAY(rename("plain/free", new));
    SAY(rename(in, "plain/moved"));
    SAY(unlink(in));
    SAY_FD(open(in, O_RDWR));
    SAY(chmod(dir, 0755));
    SAY(rename(dir, "plain/moved"));
    SAY(rmdir(dir));
    look(dir);
    look(in);
}

static void all(void)
{
    change("file");
    change("log");
    change("alices");
    change("aliceslog");
    change("plain/in");
    change_in("dir", "dir/in", "dir/new");
    change_in("dir/sub", "dir/sub/deep", "dir/sub/new");
    change_in("spool", "spool/in", "spool/new");
}

static void probe(void)
{
    as("alice", ALICE, false, 0, all);
    as("root", 0, false, ~UINT64_C(0), all);
    as("alice appends", ALICE, false, 0, append);
    as("root appends", 0, false, ~UINT64_C(0), append);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "release") == 0) {
        set_flags(false);
        return 0;
    }
    return rights_main(argc, argv, setup, probe);
}
