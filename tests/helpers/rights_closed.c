/*
 * Directories that their owner closed to himself, and what lies in and below them: as an ordinary user, whose
 * supervisor is that owner too.
 */
#include "rights.h"

#include <sys/inotify.h>

#define ACL_DEFAULT "system.posix_acl_default"
#define ACL_ACCESS  "system.posix_acl_access"

static const mode_t modes[] = {0000, 0111, 0300, 0444, 0500, 0555, 0666, 01555, 02500, 0755};
enum { MODES = sizeof modes / sizeof *modes };

static int set_acl(const char *path, const char *name, int owner, int others)
{
    struct {
        uint32_t version;
        struct {
            uint16_t tag, permissions;
            uint32_t id;
        } entries[5];
    } acl = {2, {{1, (uint16_t)owner, ~0U}, {2, 7, BOB}, {4, 5, ~0U}, {16, 7, ~0U}, {32, (uint16_t)others, ~0U}}};

    return setxattr(path, name, &acl, sizeof acl, 0);
}

static void show_acl(const char *path)
{
    uint16_t value[32];
    ssize_t size = getxattr(path, ACL_ACCESS, value, sizeof value);

    printf("%s: ACL of %zd", path, size);
    for (ssize_t at = 2; at + 3 < size / 2; at += 4)
        printf(" %x,%o", value[at], value[at + 1]);
    puts("");
}

static void setup_dir(const char *dir)
{
    char path[64];
    uid_t owner = geteuid() == 0 ? ALICE : geteuid();

    make_dir(dir, 0755, owner, owner);
    static const char *const names[] = {"below", "empty", "away", "below/deep"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%.24s/%.32s", dir, names[i]);
        make_dir(path, 0755, owner, owner);
    }
    static const char *const files[] = {"file", "gone", "moved", "below/file", "below/deep/file", "away/file"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%.24s/%.32s", dir, files[i]);
        make_file(path, 0644, owner, owner);
    }
}

static void setup(void)
{
    char path[64];
    uid_t owner = geteuid() == 0 ? ALICE : geteuid();

    MUST(chmod(".", 0777));
    for (int i = 0; i < MODES; i++) {
        snprintf(path, sizeof path, "d%d", i);
        setup_dir(path);
    }
    make_dir("work", 0755, owner, owner);
}

static void enter(const char *dir)
{
    int home = open(".", O_RDONLY | O_DIRECTORY);

    SAY(chdir(dir));
    SAY(fchdir(home));
    SAY_FD(home);
    int fd = open(dir, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return;
    home = open(".", O_RDONLY | O_DIRECTORY);
    SAY(fchdir(fd));
    SAY(fchdir(home));
    close(home);
    struct stat st;
    if (fstat(fd, &st) == 0)
        print_stat("fstat", &st);
    if (fstatat(fd, "", &st, AT_EMPTY_PATH) == 0)
        print_stat("fstatat", &st);
    struct statx sx;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MODE, &sx) == 0)
        printf("statx %o\n", sx.stx_mode);
    for (int mode = 0; mode < 8; mode++)
        printf("access %d: %d %d\n", mode, (int)syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH),
               access(dir, mode));
    SAY(faccessat(fd, "..", F_OK, 0));
    SAY_FD(openat(fd, ".", O_RDONLY));
    SAY_FD(openat(fd, "file", O_RDONLY));
    close(fd);
}

static void watch(const char *dir)
{
    int fd = inotify_init1(IN_NONBLOCK);

    SAY_FD(dup(fd));
    printf("watch %d %d\n", inotify_add_watch(fd, dir, IN_OPEN) > 0, errno);
    printf("watch %d %d\n", inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE) > 0, errno);
    close(fd);
}

static void attributes(const char *dir)
{
    char value[8];

    SAY(setxattr(dir, "user.one", "1", 1, 0));
    SAY(getxattr(dir, "user.one", value, sizeof value));
    SAY(getxattr(dir, "user.none", value, sizeof value));
    SAY(removexattr(dir, "user.one"));
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
        SAY(fsetxattr(fd, "user.two", "2", 1, 0));
        SAY(fgetxattr(fd, "user.two", value, sizeof value));
        SAY(fremovexattr(fd, "user.two"));
    }
    close(fd);
}

static void names_in(const char *dir)
{
    char path[128], other[128];
#define IN(name) (snprintf(path, sizeof path, "%.24s/%.32s", dir, name), path)
    look(IN("file"));
    look(IN("below/deep/file"));
    content(IN("below/file"));
    SAY_FD(open(dir, O_RDONLY | O_DIRECTORY));
    SAY_FD(open(IN("new"), O_WRONLY | O_CREAT, 0644));
    SAY_FD(open(dir, O_TMPFILE | O_RDWR, 0600));
    SAY(unlink(IN("gone")));
    SAY_FD(open(IN("gone"), O_WRONLY | O_CREAT, 0644));
    SAY(mkdir(IN("made"), 0755));
    SAY(rmdir(IN("empty")));
    SAY(mkdir(IN("empty"), 0500));
    look(IN("empty"));
    SAY(symlink("x", IN("link")));
    SAY(mknod(IN("pipe"), S_IFIFO | 0644, 0));
    SAY(link("work", IN("linked")));
    SAY(chmod(IN("file"), 0600));
    SAY(truncate(IN("below/file"), 3));
    SAY(rename(IN("moved"), "work/moved"));
    snprintf(other, sizeof other, "%s/back", dir);
    SAY(rename("work/moved", other));
    SAY(rename(IN("away"), "work/away"));
    SAY(rename("work/away", IN("away")));
    look(IN("away/file"));
    content(IN("../work/none"));
    SAY(execl(IN("file"), "file", (char *)NULL));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", dir);
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
}

/* By descriptors and a working directory that were there before it was closed. */
static void from_within(const char *dir, mode_t mode)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "%.32s/below", dir);
    int home = open(".", O_RDONLY | O_DIRECTORY), fd = open(path, O_RDONLY | O_DIRECTORY);
    SAY(chdir(path));
    SAY(chmod("..", mode));
    look("..");
    look("deep/file");
    SAY(fchmodat(fd, "file", 0640, 0));
    SAY_FD(openat(fd, "other", O_RDWR | O_CREAT, 0644));
    SAY(mkdirat(fd, "another", 0755));
    SAY(rename("file", "elsewhere"));
    SAY(utimensat(AT_FDCWD, ".", NULL, 0));
    SAY(chmod(".", 0700));
    if (fstat(fd, &st) == 0)
        print_stat("below", &st);
    content("../file");
    look("../../work");
    SAY(unlinkat(fd, "another", AT_REMOVEDIR));
    SAY(fchdir(home));
    close(fd);
    close(home);
}

static void renamed(const char *dir)
{
    const char *path = "work/inside";

    SAY(rename(dir, "moved"));
    look("moved");
    SAY(rename("moved", path));
    SAY(rename("moved", dir));
    SAY(rename(path, dir));
    look(dir);
}

static void removed(const char *name, mode_t mode)
{
    struct stat st;
    int home = open(".", O_RDONLY | O_DIRECTORY);

    SAY(mkdir(name, 0755));
    int fd = open(name, O_RDONLY | O_DIRECTORY);
    SAY(fchmod(fd, mode));
    SAY(rmdir(name));
    if (fstat(fd, &st) == 0)
        print_stat("removed", &st);
    SAY(faccessat(fd, "..", F_OK, 0));
    SAY(faccessat(fd, "x", F_OK, 0));
    SAY(fchdir(fd));
    SAY(fchmod(fd, 0750));
    if (fstat(fd, &st) == 0)
        print_stat("removed", &st);
    SAY(fchdir(fd));
    SAY(chmod(".", 0711));
    look(".");
    SAY(fchdir(home));
    close(fd);
    close(home);
}

static void made_closed(mode_t mode)
{
    SAY(mkdir("made", mode));
    look("made");
    SAY(mkdir("made/in", 0755));
    SAY(rmdir("made/in"));
    SAY(chmod("made", 0755));
    look("made");
    SAY(mkdir("made/in", mode));
    look("made/in");
    SAY(rmdir("made/in"));
    SAY(rmdir("made"));
    umask(0700 & ~mode);
    SAY(mkdir("made", 0777));
    look("made");
    umask(022);
    SAY(rmdir("made"));
}

static void lists(void)
{
    SAY(mkdir("acl", 0755));
    SAY(set_acl("acl", ACL_DEFAULT, 5, 1));
    SAY(mkdir("acl/a", 0777));
    look("acl/a");
    show_acl("acl/a");
    SAY(mkdir("acl/a/b", 0777));
    SAY(chmod("acl/a", 0700));
    show_acl("acl/a");
    SAY(mkdir("acl/a/b", 0777));
    look("acl/a/b");
    SAY(rmdir("acl/a/b"));
    SAY(mkdir("acl/a/b", 0711));
    look("acl/a/b");
    show_acl("acl/a/b");
    SAY(rmdir("acl/a/b"));
    SAY(set_acl("acl/a", ACL_ACCESS, 1, 0));
    look("acl/a");
    show_acl("acl/a");
    SAY_FD(open("acl/a", O_RDONLY));
    SAY(set_acl("acl/a", ACL_ACCESS, 7, 4));
    look("acl/a");
    show_acl("acl/a");
    SAY_FD(open("acl/a", O_RDONLY));
    SAY(removexattr("acl/a", ACL_ACCESS));
    look("acl/a");
    SAY(rmdir("acl/a"));
    SAY(rmdir("acl"));
}

static void body(void)
{
    char path[64];

    for (int i = 0; i < MODES; i++) {
        snprintf(path, sizeof path, "d%d", i);
        printf("-- %s %o\n", path, modes[i]);
        from_within(path, modes[i]);
        look(path);
        enter(path);
        watch(path);
        attributes(path);
        names_in(path);
        renamed(path);
        SAY(chmod(path, 0711));
        look(path);
        SAY(chmod(path, modes[i]));
        look(path);
        removed("removed", modes[i]);
        made_closed(modes[i]);
    }
    lists();
}

static void probe(void)
{
    body();
}

int main(int argc, char **argv)
{
    return rights_main(argc, argv, setup, probe);
}
