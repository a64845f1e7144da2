/*
 * Programs that have a sandbox of their own, that debug others, or that end with a core file.
 *
 * ops_inside sandbox: restricts itself in each way that daemons and viewers do, works on, and says what it saw.
 * ops_inside refused: asks for what a view does not give, and prints each errno.
 * ops_inside numbers: which numbers are descriptors, as a stat of each says; of an ordinary user, as any other call
 * does. ops_inside abort|filtered: ends with a core file as large as may be, in the working directory.
 */
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "ops.h"

enum { NOBODY = 65534, ALLOWED_MAX = 40, NUMBERS = 5000 };

static void filter_or_die(const struct sock_filter *code, size_t count)
{
    struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)(uintptr_t)code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(99);
}

/* Allows the calls that are given, -1 at the end; any other gets `otherwise`. */
static void allow_only(uint32_t otherwise, const int *numbers)
{
    struct sock_filter code[2 * ALLOWED_MAX + 5] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    size_t count = 4;

    for (; *numbers >= 0; numbers++) {
        code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)*numbers, 0, 1);
        code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
    filter_or_die(code, count);
}

static void limit(int resource, rlim_t most)
{
    struct rlimit both = {most, most};

    if (setrlimit((__rlimit_resource_t)resource, &both) != 0)
        _exit(98);
}

static void in_child(const char *what, void (*body)(void))
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        limit(RLIMIT_CORE, 0);
        body();
        fflush(stdout);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    printf("%s: ", what);
    if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else
        printf("%d\n", WEXITSTATUS(status));
}

/* ---- sandboxes ---- */

/* A viewer: may read what it opens, make one file, and nothing else; each call is one that a view rewrites or answers.
 */
static const int viewer_calls[] = {SYS_openat,     SYS_read,       SYS_write,     SYS_close,
                                   SYS_newfstatat, SYS_fstat,      SYS_unlinkat,  SYS_getcwd,
                                   SYS_readlinkat, SYS_exit_group, SYS_renameat2, SYS_getdents64,
                                   SYS_faccessat,  SYS_mkdirat,    SYS_chdir,     -1};

static void viewer(uint32_t otherwise)
{
    struct stat st;
    char text[PATH_MAX] = "";
    long fd;

    allow_only(otherwise, viewer_calls);
    fd = syscall(SYS_openat, AT_FDCWD, "file", O_RDONLY);
    long got = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_write, 1, text, got);
    syscall(SYS_close, fd);
    fd = syscall(SYS_openat, AT_FDCWD, "made-inside", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    syscall(SYS_write, fd, "made\n", 5);
    syscall(SYS_close, fd);
    fd = syscall(SYS_openat, AT_FDCWD, "changed", O_WRONLY | O_APPEND);
    syscall(SYS_write, fd, "more\n", 5);
    syscall(SYS_close, fd);
    if (syscall(SYS_newfstatat, AT_FDCWD, "made-inside", &st, 0) != 0 || st.st_size != 5 ||
        syscall(SYS_renameat2, AT_FDCWD, "made-inside", AT_FDCWD, "renamed-inside", 0) != 0 ||
        syscall(SYS_faccessat, AT_FDCWD, "renamed-inside", R_OK) != 0 ||
        syscall(SYS_mkdirat, AT_FDCWD, "inside-directory", 0700) != 0 ||
        syscall(SYS_unlinkat, AT_FDCWD, "removed", 0) != 0)
        syscall(SYS_exit_group, 1);
}

static void viewer_killed(void)
{
    viewer(SECCOMP_RET_KILL_PROCESS);
    syscall(SYS_unlinkat, AT_FDCWD, "inside-directory", AT_REMOVEDIR);
    syscall(SYS_unlinkat, AT_FDCWD, "renamed-inside", 0);
    syscall(SYS_write, 1, "  and what is not allowed:\n", 27);
    syscall(SYS_getppid);
    syscall(SYS_exit_group, 0);
}

static void path_killed(void)
{
    static const int calls[] = {SYS_write, SYS_exit_group, -1};

    allow_only(SECCOMP_RET_KILL_PROCESS, calls);
    syscall(SYS_mkdirat, AT_FDCWD, "never-made", 0700);
    syscall(SYS_exit_group, 0);
}

static void path_refused(void)
{
    static const int calls[] = {SYS_write, SYS_exit_group, -1};
    static const char *const results[] = {"  made?\n", "  refused\n"};

    allow_only(SECCOMP_RET_ERRNO | ENOTTY, calls);
    bool refused = syscall(SYS_mkdirat, AT_FDCWD, "never-made", 0700) == -1 && errno == ENOTTY;
    syscall(SYS_write, 1, results[refused], strlen(results[refused]));
    syscall(SYS_exit_group, 0);
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    printf("  trapped %d\n", info->si_syscall == SYS_mkdir || info->si_syscall == SYS_mkdirat);
    fflush(stdout);
    _exit(7);
}

/* Chromium's way: the handler would ask a broker for the file. */
static void path_trapped(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    static const int calls[] = {SYS_write, SYS_newfstatat, SYS_fstat, SYS_exit_group, SYS_rt_sigreturn, -1};

    sigaction(SIGSYS, &action, NULL);
    allow_only(SECCOMP_RET_TRAP, calls);
    mkdir("never-made", 0700);
}

static void kernel_says_trace(void)
{
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

    filter_or_die(code, sizeof code / sizeof *code);
    printf("  %ld %s\n", syscall(SYS_getppid), strerrorname_np(errno));
    look("file");
}

/* sshd's and vsftpd's way: an empty root, another user, no descriptors, no memory for others to read. */
static void privilege_separation(void)
{
    static const int calls[] = {SYS_write,  SYS_read,       SYS_openat, SYS_newfstatat,
                                SYS_getcwd, SYS_exit_group, SYS_close,  -1};
    bool root = geteuid() == 0;
    struct stat st;
    char text[64];
    int old = open("file", O_RDONLY | O_CLOEXEC);

    if (root) {
        SAY(chroot("empty-root"));
        SAY(chdir("/"));
        SAY(setgroups(0, NULL));
        SAY(setresgid(NOBODY, NOBODY, NOBODY));
        SAY(setresuid(NOBODY, NOBODY, NOBODY));
    } else {
        SAY(chdir("empty-root"));
    }
    SAY(prctl(PR_SET_DUMPABLE, 0));
    SAY(prctl(PR_GET_DUMPABLE));
    limit(RLIMIT_NOFILE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NPROC, 0);
    allow_only(SECCOMP_RET_KILL_PROCESS, calls);
    printf("  file: %zd\n", read(old, text, sizeof text));
    printf("  open: %ld", syscall(SYS_openat, AT_FDCWD, "none", O_RDONLY));
    printf(" %s\n", strerrorname_np(errno));
    printf("  create: %ld", syscall(SYS_openat, AT_FDCWD, "none", O_RDWR | O_CREAT, 0600));
    printf(" %s\n", strerrorname_np(errno));
    printf("  here: %ld", syscall(SYS_newfstatat, AT_FDCWD, "..", &st, 0));
    if (root)
        printf(" %ld '%s'", syscall(SYS_getcwd, text, sizeof text), text);
    printf("\n");
}

/* As daemons do it: first, whatever they may have inherited is closed. And as soon as the identity changes, the kernel
 * makes the process undumpable by itself. */
static void other_user(void)
{
    if (geteuid() != 0)
        return;
    SAY(syscall(SYS_close_range, 3, ~0U, 4)); /* CLOSE_RANGE_CLOEXEC */
    SAY(syscall(SYS_close_range, 3, ~0U, 0));
    SAY(syscall(SYS_close_range, 5, 3, 0));
    SAY(syscall(SYS_close_range, 3, ~0U, 64));
    for (int fd = (int)sysconf(_SC_OPEN_MAX); fd > 2; fd--)
        close(fd);
    SAY(setgroups(0, NULL));
    SAY(setresgid(NOBODY, NOBODY, NOBODY));
    SAY(setresuid(NOBODY, NOBODY, NOBODY));
    put("open-to-all/by-nobody", "nobody");
    look("open-to-all/by-nobody");
    look("closed-to-others/file");
}

/* The other side of a terminal goes to its user, as sshd and screen do it. */
static void terminal(void)
{
    int master, slave;
    char name[64];
    struct stat st;

    if (openpty(&master, &slave, name, NULL, NULL) != 0) {
        SAY_FD(-1);
        return;
    }
    SAY(chmod(name, 0620));
    SAY(fstat(slave, &st));
    printf("  mode %o\n", st.st_mode & 07777);
    SAY(fchmod(slave, 0600));
    SAY(fstat(slave, &st));
    printf("  mode %o\n", st.st_mode & 07777);
    if (geteuid() == 0) {
        SAY(chown(name, NOBODY, 5));
        SAY(fstat(slave, &st));
        printf("  owner %u:%u\n", st.st_uid, st.st_gid);
    }
}

/* What every root file system has; the numbers are those of the kernel's own list. */
static void device_nodes(void)
{
    char byte;
    int fd;

    SAY(mknod("null", S_IFCHR | 0666, 1 << 8 | 3));
    SAY(mknod("null", S_IFCHR | 0666, 1 << 8 | 3));
    SAY(mknod("none/null", S_IFCHR | 0666, 1 << 8 | 3));
    SAY(mknod("console", S_IFCHR | 0600, 5 << 8 | 1));
    SAY(chmod("null", 0606));
    look("null");
    SAY((fd = open("null", O_RDWR | O_CLOEXEC)) >= 0 ? 0 : -1);
    if (fd >= 0) {
        SAY(write(fd, "x", 1));
        SAY(read(fd, &byte, 1));
    }
    SAY(rename("null", "void"));
    SAY(unlink("void"));
    SAY(unlink("console"));
}

static void sandboxes(void)
{
    in_child("viewer", viewer_killed);
    in_child("a path that kills", path_killed);
    in_child("a path that is refused", path_refused);
    in_child("a path that traps", path_trapped);
    in_child("an answer of its own", kernel_says_trace);
    in_child("privilege separation", privilege_separation);
    in_child("another user", other_user);
    in_child("terminal", terminal);
    in_child("device nodes", device_nodes);
}

/* ---- what a view does not give ---- */

static void refused(void)
{
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 1, .filter = code};
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    SAY(ptrace(PTRACE_ATTACH, child, 0, 0));
    SAY(ptrace(PTRACE_SEIZE, child, 0, 0));
    SAY(ptrace(PTRACE_PEEKDATA, child, &child, 0));
    SAY(ptrace(PTRACE_TRACEME, 0, 0, 0));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    SAY(ptrace(PTRACE_ATTACH, 0x3fffffff, 0, 0));
    SAY(unshare(CLONE_NEWUSER));
    SAY(unshare(CLONE_NEWNS));
    SAY(unshare(CLONE_NEWPID | CLONE_NEWNET));
    SAY(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    SAY(syscall(SYS_clone3, &arguments, sizeof arguments));
    SAY(mount("none", "empty-root", "tmpfs", 0, NULL));
    SAY(mount(".", "empty-root", NULL, MS_BIND, NULL));
    SAY(umount2("empty-root", 0));
    SAY(syscall(SYS_pivot_root, ".", "."));
    SAY(syscall(SYS_setns, 0, 0));
    /* Twice: as libseccomp asks what the kernel knows, and in earnest. */
    SAY(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    SAY(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/* ---- descriptors ---- */

static void open_numbers(const char *when)
{
    struct statx sx;
    struct stat st;

    printf("%s:", when);
    for (int fd = 0; fd < NUMBERS; fd++) {
        bool by_fstat = syscall(SYS_fstat, fd, &st) == 0 || errno != EBADF;
        bool by_path = syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) == 0 || errno != EBADF;
        bool by_statx = syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &sx) == 0 || errno != EBADF;
        bool by_flags = getuid() != 0 && fcntl(fd, F_GETFD) >= 0;
        if (by_fstat || by_path || by_statx || by_flags)
            printf(" %d(%d%d%d%d)", fd, by_fstat, by_path, by_statx, by_flags);
    }
    printf("\n");
}

static void numbers(void)
{
    static const int own[] = {9, 1023, 1031, 1032, 1033, 4095};
    struct rlimit most;

    syscall(SYS_close_range, 3, ~0U, 0); /* what a program natively inherits */
    open_numbers("unchanged");
    SAY(mkdir("something", 0755));
    open_numbers("changed");
    if (getrlimit(RLIMIT_NOFILE, &most) == 0 && (most.rlim_cur = most.rlim_max, setrlimit(RLIMIT_NOFILE, &most)) == 0)
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            dup2(0, own[i]);
    open_numbers("its own");
}

/* ---- core files ---- */

static int end_with_core(bool filtered)
{
    static const int calls[] = {SYS_exit_group, -1};
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};

    /* As large as may be: root may raise it, others up to the hard limit. */
    if (setrlimit(RLIMIT_CORE, &most) != 0 && getrlimit(RLIMIT_CORE, &most) == 0) {
        most.rlim_cur = most.rlim_max;
        setrlimit(RLIMIT_CORE, &most);
    }
    if (filtered) {
        allow_only(SECCOMP_RET_KILL_PROCESS, calls);
        syscall(SYS_getppid);
    }
    abort();
}

int main(int argc, char **argv)
{
    begin();
    if (argc == 2 && strcmp(argv[1], "sandbox") == 0)
        sandboxes();
    else if (argc == 2 && strcmp(argv[1], "refused") == 0)
        refused();
    else if (argc == 2 && strcmp(argv[1], "numbers") == 0)
        numbers();
    else if (argc == 2 && strcmp(argv[1], "abort") == 0)
        return end_with_core(false);
    else if (argc == 2 && strcmp(argv[1], "filtered") == 0)
        return end_with_core(true);
    else
        return 2;
    return 0;
}
