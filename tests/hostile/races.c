/*
 * Two threads: one makes calls, the other one changes what they are about in between. Each goes on for scene.rounds
 * calls, or scene.seconds.
 */
#include "attempt.h"
#include "numbers.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static atomic_bool ending;
static char name[4096];
static int shared_fd;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int race(void *(*other)(void *), void *context, void (*round)(void))
{
    pthread_t thread;
    double end = now() + scene.seconds;
    int done = 0;
    if (pthread_create(&thread, NULL, other, context) != 0)
        return UNTRIED;
    for (; done < scene.rounds && (done % 64 != 0 || now() < end); done++)
        round();
    ending = true;
    pthread_join(thread, NULL);
    fprintf(stderr, "%d rounds\n", done);
    return 0;
}

/* ---- the bytes of a path ---- */

static const char *harmless = "absent", *wanted = "victim";

static void *flip_name(void *unused)
{
    (void)unused;
    while (!ending) {
        memcpy(name, harmless, strlen(harmless) + 1);
        memcpy(name, wanted, strlen(wanted) + 1);
    }
    return NULL;
}

static int race_name(const char *one, const char *two, void (*round)(void))
{
    harmless = one;
    wanted = two;
    strcpy(name, one);
    return race(flip_name, NULL, round);
}

static void open_write(void)
{
    int fd = open(name, O_WRONLY);
    if (fd < 0)
        return;
    (void)!write(fd, "won\n", 4);
    close(fd);
}

static void open_read(void)
{
    char text[100];
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        return;
    ssize_t length = read(fd, text, sizeof text);
    if (length > 0 && strncmp(text, "KEY-", 4) == 0)
        fwrite(text, 1, (size_t)length, stdout);
    close(fd);
}

static void open_create(void)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    if (fd >= 0)
        close(fd);
}

static void do_truncate(void)
{
    (void)!truncate(name, 1);
}
static void do_chmod(void)
{
    (void)chmod(name, 0604);
}
static void do_chown(void)
{
    (void)!chown(name, getuid(), getgid());
}
static void do_utime(void)
{
    (void)utimensat(AT_FDCWD, name, NULL, 0);
}
static void do_setxattr(void)
{
    (void)setxattr(name, "user.hostile", "y", 1, 0);
}
static void do_unlink(void)
{
    (void)unlink(name);
}
static void do_rename(void)
{
    (void)rename(name, "renamed");
}
static void do_link(void)
{
    (void)!link(name, "linked");
}
static void do_mkdir(void)
{
    (void)mkdir(name, 0755);
}
static void do_symlink(void)
{
    (void)!symlink("nowhere", name);
}
static void do_exec(void)
{
    if (vfork() == 0) {
        execl(name, name, "write", "victim", (char *)NULL);
        _exit(0);
    }
    (void)waitpid(-1, NULL, 0);
}

static int by_open(void)
{
    return race_name("/dev/null", "victim", open_write);
}
static int by_read(void)
{
    return race_name("/dev/null", "hidden/key", open_read);
}
static int by_open_absent(void)
{
    return race_name("absent/x", "victim", open_write);
}
static int by_create(void)
{
    return race_name("absent/x", "new", open_create);
}
static int by_truncate(void)
{
    return race_name("absent/x", "victim", do_truncate);
}
static int by_chmod(void)
{
    return race_name("absent/x", "victim", do_chmod);
}
static int by_chown(void)
{
    return race_name("absent/x", "victim", do_chown);
}
static int by_utime(void)
{
    return race_name("absent/x", "victim", do_utime);
}
static int by_setxattr(void)
{
    return race_name("absent/x", "victim", do_setxattr);
}
static int by_unlink(void)
{
    return race_name("absent/x", "victim", do_unlink);
}
static int by_rename(void)
{
    return race_name("absent/x", "victim", do_rename);
}
static int by_link(void)
{
    return race_name("absent/x", "victim", do_link);
}
static int by_mkdir(void)
{
    return race_name("absent/x", "new", do_mkdir);
}
static int by_symlink(void)
{
    return race_name("absent/x", "new", do_symlink);
}
static int by_exec(void)
{
    return race_name("absent/x", "/proc/self/exe", do_exec);
}
static int by_dev_null(void)
{
    return race_name("/dev/null", "./victim", do_truncate);
}

/* ---- the struct of openat2 ---- */

static struct open_how how;

static void *flip_how(void *unused)
{
    (void)unused;
    while (!ending) {
        ((volatile struct open_how *)&how)->flags = O_RDONLY;
        ((volatile struct open_how *)&how)->flags = O_WRONLY | O_TRUNC;
    }
    return NULL;
}

static void open_how_round(void)
{
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "victim", &how, sizeof how);
    if (fd < 0)
        return;
    (void)!write(fd, "won\n", 4);
    close(fd);
}

static int by_openat2(void)
{
    return race(flip_how, NULL, open_how_round);
}

/* ---- descriptors that change ---- */

static int mine, theirs;

static void *flip_descriptor(void *unused)
{
    (void)unused;
    while (!ending) {
        dup2(mine, shared_fd);
        dup2(theirs, shared_fd);
    }
    return NULL;
}

static void change_descriptor(void)
{
    (void)fchmod(shared_fd, 0604);
    (void)futimens(shared_fd, NULL);
    (void)fsetxattr(shared_fd, "user.hostile", "y", 1, 0);
    (void)!fchown(shared_fd, getuid(), getgid());
}

static void flags_of_descriptor(void)
{
    long flags = FS_NODUMP_FL;
    (void)ioctl(shared_fd, FS_IOC_SETFLAGS, &flags);
}

static void directory_descriptor(void)
{
    int fd = openat(shared_fd, "file", O_WRONLY);
    if (fd < 0)
        return;
    (void)!write(fd, "won\n", 4);
    close(fd);
}

static void directory_unlink(void)
{
    (void)unlinkat(shared_fd, "file", 0);
    (void)mkdirat(shared_fd, "made", 0755);
}

static int race_descriptor(void (*round)(void))
{
    mine = open("own", O_RDWR | O_CREAT, 0644);
    theirs = open("victim", O_RDONLY);
    shared_fd = dup(mine);
    return mine < 0 || theirs < 0 ? errno : race(flip_descriptor, NULL, round);
}

static int race_directory(void (*round)(void))
{
    (void)mkdir("own-directory", 0755);
    mine = open("own-directory", O_RDONLY | O_DIRECTORY);
    theirs = open("many", O_RDONLY | O_DIRECTORY);
    shared_fd = dup(mine);
    return mine < 0 || theirs < 0 ? errno : race(flip_descriptor, NULL, round);
}

static int by_descriptor(void)
{
    return race_descriptor(change_descriptor);
}
static int by_descriptor_flags(void)
{
    return race_descriptor(flags_of_descriptor);
}
static int by_directory(void)
{
    return race_directory(directory_descriptor);
}
static int by_directory_unlink(void)
{
    return race_directory(directory_unlink);
}

/* ---- links and directories that change ---- */

static void *flip_link(void *unused)
{
    for (int i = 0; !ending; i++) {
        (void)unlink("next");
        (void)!symlink(i % 2 ? "own" : "victim", "next");
        (void)rename("next", "changing");
    }
    return unused;
}

static int race_link(void (*round)(void))
{
    (void)close(open("own", O_WRONLY | O_CREAT, 0644));
    (void)!symlink("own", "changing");
    strcpy(name, "changing");
    return race(flip_link, NULL, round);
}

static int by_link_open(void)
{
    return race_link(open_write);
}
static int by_link_truncate(void)
{
    return race_link(do_truncate);
}
static int by_link_chmod(void)
{
    return race_link(do_chmod);
}

/* A directory of its own and one of the host change places. */
static void *flip_directory(void *unused)
{
    while (!ending)
        (void)syscall(SYS_renameat2, AT_FDCWD, "own-directory", AT_FDCWD, "many", RENAME_EXCHANGE);
    return unused;
}

static int race_exchange(void (*round)(void))
{
    (void)mkdir("own-directory", 0755);
    (void)close(open("own-directory/file", O_WRONLY | O_CREAT, 0644));
    strcpy(name, "own-directory/file");
    return race(flip_directory, NULL, round);
}

static int by_exchange_open(void)
{
    return race_exchange(open_write);
}
static int by_exchange_chmod(void)
{
    return race_exchange(do_chmod);
}
static int by_exchange_unlink(void)
{
    return race_exchange(do_unlink);
}

/* The working directory, which the threads share. */
static void *flip_cwd(void *unused)
{
    while (!ending) {
        (void)!chdir("/");
        (void)!chdir(scene.directory);
    }
    return unused;
}

static int by_cwd(void)
{
    strcpy(name, "victim");
    return race(flip_cwd, NULL, open_write);
}

/* A directory in which something is made, while its parent becomes a link to the host's. */
static void *flip_parent(void *unused)
{
    while (!ending) {
        (void)mkdir("parent", 0755);
        (void)unlink("parent/new");
        (void)rmdir("parent");
        (void)!symlink("many", "parent");
        (void)unlink("parent");
    }
    return unused;
}

static void make_in_parent(void)
{
    (void)close(open("parent/new", O_WRONLY | O_CREAT | O_NONBLOCK, 0644));
    (void)mknod("parent/new", S_IFIFO | 0644, 0);
}

static int by_parent(void)
{
    return race(flip_parent, NULL, make_in_parent);
}

/* A process outside of the thread group that shares memory. */
static char stack[65536] __attribute__((aligned(16)));

static int flip_in_process(void *unused)
{
    (void)flip_name(unused);
    _exit(0);
}

static int by_other_process(void)
{
    double end = now() + scene.seconds;
    strcpy(name, "/dev/null");
    harmless = "/dev/null";
    pid_t child = clone(flip_in_process, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    if (child < 0)
        return errno;
    for (int done = 0; done < scene.rounds && (done % 64 != 0 || now() < end); done++)
        open_write();
    ending = true;
    (void)child_outcome(child);
    return 0;
}

/* An address that changes. */
static struct sockaddr_un address;

static void *flip_address(void *unused)
{
    while (!ending) {
        memcpy(address.sun_path, "absent/x", 9);
        memcpy(address.sun_path, "new-sock", 9);
    }
    return unused;
}

static void bind_address(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)bind(fd, (void *)&address, sizeof address);
    close(fd);
    (void)unlink("new-sock");
}

static int by_address(void)
{
    address.sun_family = AF_UNIX;
    (void)bind_address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un left = {.sun_family = AF_UNIX, .sun_path = "left"};
    (void)bind(fd, (void *)&left, sizeof left);
    return race(flip_address, NULL, bind_address);
}

/* Program and name: what is run. Calls that are interrupted while somebody changes what they are about. */
static void interrupted(int signal)
{
    (void)signal;
    strcpy(name, "victim");
}

static void *send_signals(void *thread)
{
    while (!ending)
        (void)pthread_kill(*(pthread_t *)thread, SIGUSR1);
    return NULL;
}

static void open_interrupted(void)
{
    strcpy(name, "/dev/null");
    open_write();
}

static int by_signals(void)
{
    static pthread_t self;
    self = pthread_self();
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = interrupted, .sa_flags = SA_RESTART}, NULL);
    return race(send_signals, &self, open_interrupted);
}

const struct attempt races_attempts[] = {
    {"open", "the bytes of a path: open", TREE, 0, by_open, NULL},
    {"read", "the bytes of a path: a hidden file is opened to read", SECRET, LOCK_ALONE, by_read, NULL},
    {"open-absent", "the bytes of a path that is not there: open", TREE, 0, by_open_absent, NULL},
    {"create", "the bytes of a path: O_CREAT", TREE, 0, by_create, NULL},
    {"truncate", "the bytes of a path: truncate", TREE, 0, by_truncate, NULL},
    {"truncate-device", "the bytes of a path of a device: truncate", TREE, 0, by_dev_null, NULL},
    {"chmod", "the bytes of a path: chmod", TREE, 0, by_chmod, NULL},
    {"chown", "the bytes of a path: chown", TREE, 0, by_chown, NULL},
    {"utimensat", "the bytes of a path: utimensat", TREE, 0, by_utime, NULL},
    {"setxattr", "the bytes of a path: setxattr", TREE, 0, by_setxattr, NULL},
    {"unlink", "the bytes of a path: unlink", TREE, 0, by_unlink, NULL},
    {"rename", "the bytes of a path: rename", TREE, 0, by_rename, NULL},
    {"link", "the bytes of a path: link", TREE, 0, by_link, NULL},
    {"mkdir", "the bytes of a path: mkdir", TREE, 0, by_mkdir, NULL},
    {"symlink", "the bytes of a path: symlink", TREE, 0, by_symlink, NULL},
    {"exec", "the bytes of a path: execve", TREE, 0, by_exec, NULL},
    {"openat2", "the flags of openat2", TREE, 0, by_openat2, NULL},
    {"descriptor", "the number of a descriptor: fchmod, futimens, fsetxattr, fchown", TREE, 0, by_descriptor, NULL},
    {"descriptor-flags", "the number of a descriptor: FS_IOC_SETFLAGS", TREE, NEEDS_LUCK, by_descriptor_flags, NULL},
    {"directory", "the number of a directory: openat", TREE, 0, by_directory, NULL},
    {"directory-unlink", "the number of a directory: unlinkat, mkdirat", TREE, 0, by_directory_unlink, NULL},
    {"link-open", "where a symbolic link leads: open", TREE, 0, by_link_open, NULL},
    {"link-truncate", "where a symbolic link leads: truncate", TREE, 0, by_link_truncate, NULL},
    {"link-chmod", "where a symbolic link leads: chmod", TREE, 0, by_link_chmod, NULL},
    {"exchange-open", "two directories change places: open", TREE, 0, by_exchange_open, NULL},
    {"exchange-chmod", "two directories change places: chmod", TREE, 0, by_exchange_chmod, NULL},
    {"exchange-unlink", "two directories change places: unlink", TREE, 0, by_exchange_unlink, NULL},
    {"working", "the working directory", TREE, 0, by_cwd, NULL},
    {"parent", "a directory becomes a link", TREE, 0, by_parent, NULL},
    {"process", "by another process with the same memory", TREE, 0, by_other_process, NULL},
    {"address", "the path of a Unix socket", TREE, 0, by_address, NULL},
    {"signals", "a signal's handler changes the path of the call that it interrupts", TREE, NEEDS_LUCK, by_signals,
     NULL},
    {0},
};
