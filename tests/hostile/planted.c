/* What somebody put into the layer by other ways than coffer, for a program of the view to go through. */
#include "attempt.h"

#include <sys/sysmacros.h>

static char planted[8300];

static const char *in(const char *directory, const char *name)
{
    snprintf(planted, sizeof planted, "%s/%s", directory, name);
    return planted;
}

/* A symbolic link in the layer leads to a place of the view, never to one of the host. */
static void plant_link(const char *directory)
{
    (void)!symlink("victim", in(directory, "planted"));
}
static int by_link(void)
{
    return overwrite("planted");
}

static void plant_absolute(const char *directory)
{
    /* The host's own name of it: natively the directory is the host's. */
    char target[4200], where[4096];
    if (getcwd(where, sizeof where) == NULL)
        return;
    snprintf(target, sizeof target, "%s/victim", where);
    (void)!symlink(target, in(directory, "planted"));
}

static void plant_root(const char *directory)
{
    char target[4200], where[4096];
    if (getcwd(where, sizeof where) == NULL)
        return;
    snprintf(target, sizeof target, "/proc/self/root%s/victim", where);
    (void)!symlink(target, in(directory, "planted"));
}

/* In place of a directory. */
static void plant_directory_link(const char *directory)
{
    (void)!symlink("many", in(directory, "planted"));
}
static int by_directory_link(void)
{
    return overwrite("planted/file");
}
static int by_directory_create(void)
{
    return write_fd(open("planted/new", O_WRONLY | O_CREAT, 0644));
}
static int by_directory_unlink(void)
{
    return outcome(unlink("planted/file"));
}
static int by_directory_chmod(void)
{
    return outcome(chmod("planted/file", 0600));
}
static int by_directory_rename(void)
{
    return outcome(rename("planted/file", "planted/other"));
}
static int by_directory_rmdir(void)
{
    return unlink("planted/file") < 0 ? errno : outcome(rmdir("many"));
}

/* `..` as far as it goes from the layer's place. */
static void plant_climb(const char *directory)
{
    char target[4300] = "", where[4096];
    for (int i = 0; i < 40; i++)
        strcat(target, "../");
    if (getcwd(where, sizeof where) == NULL || strlen(target) + strlen(where) + 10 > sizeof target)
        return;
    strcat(target, where + 1);
    strcat(target, "/victim");
    (void)!symlink(target, in(directory, "planted"));
}

/* Marks of the format. */
static void plant_redirect(const char *directory)
{
    (void)mkdir(in(directory, "planted"), 0755);
    (void)setxattr(planted, "user.overlay.redirect", "many", 4, 0);
    (void)setxattr(planted, "trusted.overlay.redirect", "many", 4, 0);
}

static int by_redirect(void)
{
    if (access("planted/file", F_OK) < 0)
        (void)!symlink("../many/file", "planted/file");
    return overwrite("planted/file");
}

static void plant_metacopy(const char *directory)
{
    int fd = open(in(directory, "victim"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    (void)fsetxattr(fd, "user.overlay.metacopy", "", 0, 0);
    (void)fsetxattr(fd, "user.overlay.redirect", "/etc/shadow", 11, 0);
    close(fd);
}

static int by_metacopy(void)
{
    return overwrite("victim");
}

static void plant_override(const char *directory)
{
    int fd = open(in(directory, "victim"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    static const char claim[] = "0:0:104755";
    if (fd < 0)
        return;
    (void)fsetxattr(fd, "user.containers.override_stat", claim, sizeof claim - 1, 0);
    close(fd);
}

static int by_override(void)
{
    return outcome(chmod("victim", 06755));
}

/* What stands where a file was. */
static void plant_fifo(const char *directory)
{
    (void)mkfifo(in(directory, "planted"), 0644);
}

static int by_fifo(void)
{
    /* It must not hold up the supervisor, which all wait for. */
    int fd = open("planted", O_RDWR | O_NONBLOCK);
    if (fd >= 0)
        close(fd);
    (void)rename("planted", "elsewhere");
    return overwrite("victim");
}

static void plant_socket(const char *directory)
{
    (void)mknod(in(directory, "planted"), S_IFSOCK | 0644, 0);
}

static int by_socket(void)
{
    (void)open("planted", O_RDWR);
    return unlink("planted") < 0 ? errno : overwrite("victim");
}

static void plant_device(const char *directory)
{
    (void)mknod(in(directory, "planted"), S_IFCHR | 0666, makedev(1, 11));
}
static int by_device(void)
{
    return outcome(open("planted", O_WRONLY));
}
static void plant_disk(const char *directory)
{
    (void)mknod(in(directory, "planted"), S_IFBLK | 0666, makedev(7, 0));
}
static int by_disk(void)
{
    return outcome(open("planted", O_RDWR | O_NONBLOCK));
}

/* Names that only a hostile hand gives. */
static void plant_odd(const char *directory)
{
    (void)mkdir(in(directory, "\033[2J\n"), 0755);
    (void)mkdir(in(directory, ".wh.victim"), 0755);
    (void)mkdir(in(directory, "#0"), 0755);
}

static int by_odd(void)
{
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    char entries[8192];
    while (syscall(SYS_getdents64, fd, entries, sizeof entries) > 0)
        continue;
    return overwrite("victim") | outcome(rename(".wh.victim", "victims"));
}

/* A directory that a file of the host is under, and the other way round. */
static void plant_file_for_directory(const char *directory)
{
    int fd = open(in(directory, "planted"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
}

static int by_exchanged(void)
{
    return outcome(syscall(SYS_renameat2, AT_FDCWD, "planted", AT_FDCWD, "many", RENAME_EXCHANGE)) |
           overwrite("planted/file");
}

const struct attempt planted_attempts[] = {
    {"link", "a symbolic link to a file", TREE, 0, by_link, plant_link},
    {"absolute", "a symbolic link to the file's place on the host", TREE, 0, by_link, plant_absolute},
    {"proc-root", "a symbolic link through /proc/self/root", TREE, 0, by_link, plant_root},
    {"climb", "a symbolic link of many ..", TREE, 0, by_link, plant_climb},
    {"directory-write", "a link to a directory: a file in it is written", TREE, 0, by_directory_link,
     plant_directory_link},
    {"directory-create", "a link to a directory: a file is made in it", TREE, 0, by_directory_create,
     plant_directory_link},
    {"directory-unlink", "a link to a directory: a file in it is removed", TREE, 0, by_directory_unlink,
     plant_directory_link},
    {"directory-chmod", "a link to a directory: the mode of a file in it", TREE, 0, by_directory_chmod,
     plant_directory_link},
    {"directory-rename", "a link to a directory: a file in it is renamed", TREE, 0, by_directory_rename,
     plant_directory_link},
    {"directory-rmdir", "a link to a directory, which is emptied and removed", TREE, 0, by_directory_rmdir,
     plant_directory_link},
    {"redirect", "a directory that says it stands for another one", TREE, 0, by_redirect, plant_redirect},
    {"metacopy", "a file that says its content is another one's", TREE, 0, by_metacopy, plant_metacopy},
    {"override", "a file that says it is root's and set-id", TREE, 0, by_override, plant_override},
    {"fifo", "a FIFO", TREE, 0, by_fifo, plant_fifo},
    {"socket", "a socket", TREE, 0, by_socket, plant_socket},
    {"device", "a device", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_device, plant_device},
    {"disk", "a disk", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_disk, plant_disk},
    {"odd-names", "names that are somebody's marks", TREE, 0, by_odd, plant_odd},
    {"exchange", "a file, exchanged for a directory of the host", TREE, 0, by_exchanged, plant_file_for_directory},
    {0},
};
