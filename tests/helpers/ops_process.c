/*
 * Processes and threads: each part changes files from where a supervisor may lose sight of the caller, and says
 * whether all came out right.
 *
 * ops_process wait N: N threads, says "up" and waits for ever.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "ops.h"

extern char **environ;

static bool holds(const char *path, const char *text)
{
    char buffer[128] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);

    if (fd >= 0)
        close(fd);
    return length >= 0 && strcmp(buffer, text) == 0;
}

/* Makes, renames, appends to, reads and removes files of its own; 0 when all was as it should be. */
static int work(const char *directory, int id, int rounds)
{
    char name[64], other[64];

    for (int round = 0; round < rounds; round++) {
        int fd;

        snprintf(name, sizeof name, "%s/w%d-%d", directory, id, round);
        snprintf(other, sizeof other, "%s/o%d-%d", directory, id, round);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, "one", 3) != 3)
            return 1;
        close(fd);
        if (rename(name, other) != 0 || access(name, F_OK) == 0)
            return 2;
        fd = open(other, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0 || write(fd, "two", 3) != 3)
            return 3;
        close(fd);
        if (!holds(other, "onetwo"))
            return 4;
        if (round % 2 && unlink(other) != 0)
            return 5;
    }
    return 0;
}

struct job {
    pthread_t thread;
    int id;
    int result;
};

static void *thread_work(void *data)
{
    struct job *job = data;

    job->result = work("threads", job->id, 20);
    return NULL;
}

static void threads(void)
{
    struct job jobs[8];
    int failed = 0;

    for (int i = 0; i < 8; i++) {
        jobs[i].id = i;
        pthread_create(&jobs[i].thread, NULL, thread_work, &jobs[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(jobs[i].thread, NULL);
        failed += jobs[i].result != 0;
    }
    printf("threads: %d failed\n", failed);
}

/* A thread with a working directory and umask of its own. */
static void *own_directory(void *data)
{
    (void)data;
    if (unshare(CLONE_FS) != 0 || chdir("own") != 0)
        return NULL;
    umask(077);
    put("by-thread", "thread");
    return NULL;
}

static void thread_directory(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, own_directory, NULL);
    pthread_join(thread, NULL);
    put("by-main", "main");
    look("own/by-thread");
    look("by-main");
}

static int status_of(pid_t child)
{
    int status = -1;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* What new objects get, in a directory that both have and in place of what the host had. */
static void made_with_umask(const char *who, const char *in_place)
{
    char name[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(name, sizeof name, "%s-file", who);
    SAY_FD(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0777));
    look(name);
    snprintf(name, sizeof name, "%s-dir", who);
    SAY(mkdir(name, 0777));
    look(name);
    snprintf(name, sizeof name, "%s-fifo", who);
    SAY(mkfifo(name, 0777));
    look(name);
    snprintf(address.sun_path, sizeof address.sun_path, "%s-socket", who);
    SAY(bind(sock, (struct sockaddr *)&address, sizeof address));
    look(address.sun_path);
    close(sock);
    put(in_place, "host's");
    SAY(unlink(in_place));
    SAY_FD(open(in_place, O_WRONLY | O_CREAT | O_CLOEXEC, 0777));
    look(in_place);
    printf("umask %03o\n", umask(022));
}

static int child_sets_umask(void *mask)
{
    umask(*(mode_t *)mask);
    return chdir("own");
}

static void *thread_sets_umask(void *mask)
{
    return (void *)(intptr_t)child_sets_umask(mask);
}

/* The umask belongs to what CLONE_FS shares: threads, and processes that were made so; and goes with the directory. */
static void shared_umask(void)
{
    static char stack[64 << 10] __attribute__((aligned(64)));
    int top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mode_t mask = 0137;
    pthread_t thread;
    int status;
    static const struct {
        const char *name;
        int flags;
    } ways[] = {{"copied", 0}, {"shared", CLONE_FS}, {"vm", CLONE_VM}, {"both", CLONE_FS | CLONE_VM}};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        pid_t child = clone(child_sets_umask, stack + sizeof stack, ways[i].flags | SIGCHLD, &mask);

        status = -1;
        if (child > 0)
            waitpid(child, &status, 0);
        printf("-- umask %s: %d\n", ways[i].name, status);
        made_with_umask(ways[i].name, ways[i].name);
        if (fchdir(top) != 0)
            exit(1);
    }
    puts("-- umask of a thread");
    mask = 0117;
    pthread_create(&thread, NULL, thread_sets_umask, &mask);
    pthread_join(thread, NULL);
    made_with_umask("thread", "thread");
    if (fchdir(top) != 0)
        exit(1);
    /* A child that shares sees what its parent sets meanwhile. */
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        exit(1);
    fflush(stdout);
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        char byte;
        close(pipes[1]);
        if (read(pipes[0], &byte, 1) == 1)
            made_with_umask("late", "late");
        fflush(stdout);
        _exit(0);
    }
    umask(0027);
    if (chdir("own") != 0 || write(pipes[1], "x", 1) != 1)
        exit(1);
    waitpid(child, &status, 0);
    if (fchdir(top) != 0)
        exit(1);
    umask(022);
    look("own/late-file");
    close(pipes[0]);
    close(pipes[1]);
    close(top);
}

static void forks(void)
{
    pid_t children[100];
    int failed = 0;

    for (int i = 0; i < 100; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(work("forks", i, 4));
    }
    for (int i = 0; i < 100; i++)
        failed += status_of(children[i]) != 0;
    printf("forks: %d failed\n", failed);
    /* A chain, each the child of the one before. */
    for (int depth = 0; depth < 40; depth++) {
        pid_t child = fork();

        if (child != 0) {
            int status = status_of(child);

            if (depth == 0) {
                printf("chain: %d\n", WEXITSTATUS(status));
                return;
            }
            _exit(WEXITSTATUS(status));
        }
    }
    _exit(work("forks", 1000, 2));
}

static void vforks(void)
{
    char *argv[] = {"sh", "-c", "echo by sh >vforked; exit 9", NULL};
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    pid_t child = vfork();

    if (child == 0) {
        execv("/bin/sh", argv);
        _exit(1);
    }
    printf("vfork: %d\n", WEXITSTATUS(status_of(child)));
    content("vforked");
    child = vfork();
    if (child == 0)
        _exit(11);
    printf("vfork without exec: %d\n", WEXITSTATUS(status_of(child)));
    argv[2] = "echo by spawn >>vforked; exit 8";
    if (posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ) == 0)
        printf("posix_spawn: %d\n", WEXITSTATUS(status_of(child)));
    content("vforked");
    printf("posix_spawn of nothing: %s\n", strerrorname_np(posix_spawn(&child, "missing", NULL, NULL, argv, environ)));
    child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(work("forks", 2000, 2));
    printf("clone3: %d\n", WEXITSTATUS(status_of(child)));
    arguments.flags = CLONE_UNTRACED;
    child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(work("forks", 3000, 2) != 0 || unlink("forks/o3000-0") != 0);
    /* A view may refuse it; it must not let the child out. */
    printf("clone3 untraced: %d\n", child < 0 && errno == EPERM ? 0 : WEXITSTATUS(status_of(child)));
}

static void *exec_here(void *data)
{
    char *argv[] = {"sh", "-c", "echo by a thread >execed; cat execed; exit 12", NULL};

    (void)data;
    execv("/bin/sh", argv);
    return NULL;
}

static void *spin(void *data)
{
    struct stat st;

    (void)data;
    for (;;)
        stat("forks", &st);
    return NULL;
}

/* exec takes all other threads away, whatever they are at, and the caller becomes the leader. */
static void exec_from_thread(void)
{
    pid_t child;

    fflush(stdout);
    for (int i = 0; i < 5; i++) {
        child = fork();
        if (child == 0) {
            pthread_t thread;

            pthread_create(&thread, NULL, spin, NULL);
            pthread_create(&thread, NULL, spin, NULL);
            pthread_create(&thread, NULL, exec_here, NULL);
            for (;;)
                pause();
        }
        printf("exec from a thread: %d\n", WEXITSTATUS(status_of(child)));
    }
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    struct stat st;

    (void)number;
    signals = signals + 1;
    stat("missing-in-handler", &st);
}

/* Signals all the time: no call is lost, done twice or interrupted that natively would not be. */
static void under_signals(bool restart)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0};
    struct itimerval every = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    int result;

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    result = work("signals", restart, 300);
    setitimer(ITIMER_REAL, &never, NULL);
    printf("under signals: %d, %s\n", result, signals > 0 ? "some came" : "none came");
}

static void stopped_and_continued(void)
{
    char *argv[] = {"rm", "-rf", "", NULL};
    pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(work("signals", 10, 200));
    for (int i = 0; i < 20; i++) {
        if (kill(child, SIGSTOP) != 0)
            break;
        if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) {
            child = 0;
            break;
        }
        kill(child, SIGCONT);
    }
    if (child != 0)
        status = status_of(child);
    printf("stopped and continued: exited %d, %d\n", WIFEXITED(status), WEXITSTATUS(status));
    child = fork();
    if (child == 0)
        for (;;)
            work("signals", 20, 1000000);
    waitpid(child, NULL, WNOHANG);
    kill(child, SIGKILL);
    status = status_of(child);
    printf("killed: signal %d\n", WTERMSIG(status));
    argv[2] = "signals"; /* how far the killed one came differs each time */
    if (posix_spawnp(&child, "rm", NULL, NULL, argv, environ) == 0)
        status_of(child);
}

/* A daemon outlives its parent; the file that it makes is waited for through a pipe. */
static void daemon_process(void)
{
    int pipes[2];
    char byte;
    pid_t child;

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return;
    child = fork();
    if (child == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        put("by-daemon", "daemon");
        _exit(write(pipes[1], "x", 1) != 1);
    }
    status_of(child);
    close(pipes[1]);
    SAY(read(pipes[0], &byte, 1));
    SAY(read(pipes[0], &byte, 1));
    close(pipes[0]);
    content("by-daemon");
}

static void undumpable(void)
{
    pid_t child = fork();

    if (child == 0) {
        if (prctl(PR_SET_DUMPABLE, 0) != 0)
            _exit(99);
        put("undumpable", "written");
        _exit(holds("undumpable", "written") ? prctl(PR_GET_DUMPABLE) : 98);
    }
    printf("undumpable: %d\n", WEXITSTATUS(status_of(child)));
}

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* A program that dies at a call that it did not expect: what the view does must not become calls of its own. */
/* Into an undumpable process only they look who may trace any. Root becomes somebody else for it. */
static void into_undumpable(void)
{
    static char secret[] = "secret";
    char got[sizeof secret] = "";
    struct iovec here = {got, sizeof got}, there = {secret, sizeof secret};
    int up[2], pidfd;
    pid_t child;

    SAY(syscall(SYS_pidfd_getfd, 0, 0, 1));
    SAY(syscall(SYS_pidfd_getfd, 0, 0, 0));
    if (pipe2(up, O_CLOEXEC) != 0 || (geteuid() == 0 && setegid(65534) != 0) || (geteuid() == 0 && seteuid(65534) != 0))
        return;
    for (int dumpable = 1; dumpable >= 0; dumpable--) {
        child = fork();
        if (child == 0) {
            prctl(PR_SET_DUMPABLE, dumpable);
            if (write(up[1], "u", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        if (read(up[0], got, 1) != 1)
            return;
        pidfd = (int)syscall(SYS_pidfd_open, child, 0);
        printf("dumpable %d\n", dumpable);
        SAY_FD(syscall(SYS_pidfd_getfd, pidfd, 1, 0));
        SAY(process_vm_readv(child, &here, 1, &there, 1, 0));
        SAY(process_vm_writev(child, &here, 1, &there, 1, 0));
        close(pidfd);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    close(up[0]);
    close(up[1]);
    if (getuid() == 0 && (seteuid(0) != 0 || setegid(0) != 0))
        exit(1);
}

static void own_filter(void)
{
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 ALLOW(SYS_openat),
                                 ALLOW(SYS_write),
                                 ALLOW(SYS_close),
                                 ALLOW(SYS_renameat2),
                                 ALLOW(SYS_unlinkat),
                                 ALLOW(SYS_exit_group),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    struct rlimit none = {0, 0};
    pid_t child = fork();

    if (child == 0) {
        long fd;

        setrlimit(RLIMIT_CORE, &none);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
            _exit(99);
        fd = syscall(SYS_openat, AT_FDCWD, "filtered", O_WRONLY | O_APPEND, 0);
        if (fd < 0 || syscall(SYS_write, fd, "+", 1) != 1 || syscall(SYS_close, fd) != 0)
            syscall(SYS_exit_group, 1);
        if (syscall(SYS_renameat2, AT_FDCWD, "filtered", AT_FDCWD, "filtered2", 0) != 0)
            syscall(SYS_exit_group, 2);
        if (syscall(SYS_unlinkat, AT_FDCWD, "todelete", 0) != 0)
            syscall(SYS_exit_group, 3);
        syscall(SYS_exit_group, 0);
    }
    printf("own filter: %d\n", status_of(child));
    content("filtered2");
    look("todelete");
}

static void *wait_for_ever(void *data)
{
    (void)data;
    for (;;)
        pause();
    return NULL;
}

static int wait_with_threads(int count)
{
    pthread_t thread;

    while (count-- > 0)
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    puts("up");
    fclose(stdout);
    wait_for_ever(NULL);
    return 1;
}

int main(int argc, char **argv)
{
    begin();
    if (argc == 3 && strcmp(argv[1], "wait") == 0)
        return wait_with_threads(atoi(argv[2]));
    mkdir("threads", 0755);
    mkdir("forks", 0755);
    mkdir("signals", 0755);
    mkdir("own", 0755);
    threads();
    thread_directory();
    shared_umask();
    forks();
    vforks();
    exec_from_thread();
    under_signals(true);
    under_signals(false);
    stopped_and_continued();
    daemon_process();
    undumpable();
    into_undumpable();
    own_filter();
    return 0;
}
