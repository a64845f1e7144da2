/*
 * reach outside PID: makes the calls that act on another process on one outside of the view, and prints what each gave.
 * None of them harms it: limits and priorities are set to what they are, the signals are SIGWINCH.
 * reach inside: the same calls on processes of its own; natively and in a view, the outputs must be equal.
 * reach owner PID: has the kernel send SIGUSR1 for a descriptor to a process (or, if less than 0, to a group).
 * reach witness FILE: counts the SIGWINCH that come, until SIGTERM, and writes how many. It begins with a line.
 * reach everybody: SIGWINCH to everything that it may send one to, of which a child of its own is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static void say(const char *what, long result)
{
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
    (void)fflush(stdout);
}

static siginfo_t information(int number)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    return info;
}

static void send_signals(pid_t pid)
{
    siginfo_t info = information(SIGWINCH);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    say("kill", kill(pid, SIGWINCH));
    say("kill 0", kill(pid, 0));
    say("tkill", syscall(SYS_tkill, pid, SIGWINCH));
    say("tgkill", syscall(SYS_tgkill, pid, pid, SIGWINCH));
    say("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, pid, SIGWINCH, &info));
    say("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGWINCH, &info));
    say("pidfd_send_signal", syscall(SYS_pidfd_send_signal, pidfd, SIGWINCH, NULL, 0));
    say("pidfd_send_signal, information", syscall(SYS_pidfd_send_signal, pidfd, SIGWINCH, &info, 0));
    say("pidfd_send_signal, no signal", syscall(SYS_pidfd_send_signal, pidfd, 1000, NULL, 0));
    (void)close(pidfd);
}

static void set_limits(pid_t pid)
{
    struct rlimit limit;
    struct sched_param parameters = {0};
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    if (prlimit(pid, RLIMIT_CORE, NULL, &limit) < 0)
        limit = (struct rlimit){0, 0};
    say("prlimit", prlimit(pid, RLIMIT_NOFILE, NULL, NULL) < 0 ? -1 : 0);
    say("prlimit, to set", prlimit(pid, RLIMIT_CORE, &limit, NULL));
    say("setpriority", setpriority(PRIO_PROCESS, (id_t)pid, 0));
    say("ioprio_set", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, 0));
    say("sched_setparam", sched_setparam(pid, &parameters));
    say("sched_setscheduler", sched_setscheduler(pid, SCHED_OTHER, &parameters));
    say("sched_setaffinity", sched_setaffinity(pid, sizeof cpus, &cpus));
}

static void look_into(pid_t pid)
{
    unsigned long nodes = 1;
    void *head;
    size_t length;
    say("kcmp", syscall(SYS_kcmp, pid, getpid(), 0, 0, 0));
    say("get_robust_list", syscall(SYS_get_robust_list, pid, &head, &length));
    say("move_pages", syscall(SYS_move_pages, pid, 0UL, NULL, NULL, NULL, 0));
    say("migrate_pages", syscall(SYS_migrate_pages, pid, 2UL, &nodes, &nodes));
}

/* Of a group and of a user, each of which the process outside is one. */
static void set_many(pid_t pid)
{
    int now = getpriority(PRIO_PGRP, 0);
    say("setpriority of a group", setpriority(PRIO_PGRP, (id_t)getpgid(pid), now));
    say("ioprio_set of a group", syscall(SYS_ioprio_set, IOPRIO_WHO_PGRP, getpgid(pid), 0));
}

static int outside(pid_t pid)
{
    send_signals(pid);
    set_limits(pid);
    look_into(pid);
    set_many(pid);
    return 0;
}

static volatile sig_atomic_t came;

static void take(int number)
{
    came += number == SIGWINCH;
}

static void listen_for(int number)
{
    struct sigaction action = {.sa_handler = take, .sa_flags = SA_RESTART};
    (void)sigaction(number, &action, NULL);
}

static int witness(const char *file)
{
    sigset_t end;
    int number;
    (void)sigemptyset(&end);
    (void)sigaddset(&end, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &end, NULL);
    listen_for(SIGWINCH);
    printf("listening\n");
    (void)fflush(stdout);
    while (sigwait(&end, &number) != 0)
        continue;
    FILE *stream = fopen(file, "we");
    if (stream == NULL)
        return 1;
    (void)fprintf(stream, "%d\n", (int)came);
    return fclose(stream);
}

/* A child that waits for SIGUSR1, and then says what it was told. */
static pid_t child_that_waits(bool own_group)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready) < 0)
        exit(1);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        sigset_t wanted;
        siginfo_t info;
        (void)sigemptyset(&wanted);
        (void)sigaddset(&wanted, SIGUSR1);
        (void)sigprocmask(SIG_BLOCK, &wanted, NULL);
        if (own_group)
            (void)setpgid(0, 0);
        (void)write(ready[1], "", 1);
        while (sigwaitinfo(&wanted, &info) < 0)
            continue;
        printf("  it came, from its parent: %d\n", info.si_pid == getppid());
        (void)fflush(stdout);
        _exit(0);
    }
    (void)read(ready[0], &byte, 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

/* To the child, which must say that it came. */
static void deliver(const char *how, bool own_group, long (*send)(pid_t child))
{
    pid_t child = child_that_waits(own_group);
    long result = send(child);
    if (result < 0)
        (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    say(how, result);
}

static long by_kill(pid_t child)
{
    return kill(child, SIGUSR1);
}

static long by_group(pid_t child)
{
    return kill(-child, SIGUSR1);
}

static long by_own_group(pid_t child)
{
    (void)child;
    (void)signal(SIGUSR1, SIG_IGN);
    return kill(0, SIGUSR1);
}

static long by_pidfd(pid_t child)
{
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    long result = syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0);
    (void)close(pidfd);
    return result;
}

static long by_queue(pid_t child)
{
    return sigqueue(child, SIGUSR1, (union sigval){.sival_int = 7});
}

/* A signal for a descriptor: a byte comes, and SIGUSR1 goes to the owner. */
static int signal_owner(int owner, bool extended)
{
    int pair[2];
    struct f_owner_ex whom = {owner < 0 ? F_OWNER_PGRP : F_OWNER_PID, owner < 0 ? -owner : owner};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return -1;
    int result = extended ? fcntl(pair[0], F_SETOWN_EX, &whom) : fcntl(pair[0], F_SETOWN, owner);
    if (result == 0)
        result = fcntl(pair[0], F_SETSIG, SIGUSR1);
    if (result == 0)
        result = fcntl(pair[0], F_SETFL, O_ASYNC | O_NONBLOCK);
    if (result == 0)
        result = write(pair[1], "x", 1) == 1 ? 0 : -1;
    (void)close(pair[0]);
    (void)close(pair[1]);
    return result;
}

static long by_owner(pid_t child)
{
    return signal_owner(child, false);
}

static long by_owner_ex(pid_t child)
{
    return signal_owner(child, true);
}

static long by_owner_group(pid_t child)
{
    return signal_owner(-child, false);
}

static int inside(void)
{
    (void)setpgid(0, 0);
    deliver("kill", false, by_kill);
    deliver("kill of a group", true, by_group);
    deliver("kill of the own group", false, by_own_group);
    deliver("pidfd_send_signal", false, by_pidfd);
    deliver("sigqueue", false, by_queue);
    deliver("owner of a descriptor", false, by_owner);
    deliver("owner of a descriptor, in memory", false, by_owner_ex);
    deliver("owner of a descriptor, a group", true, by_owner_group);

    pid_t child = child_that_waits(false);
    send_signals(child);
    set_limits(child);
    look_into(child);
    (void)kill(child, SIGKILL);
    siginfo_t info;
    (void)waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    say("kill of one that has ended", kill(child, SIGTERM));
    (void)waitpid(child, NULL, 0);
    say("kill of one that is gone", kill(child, SIGTERM));
    say("kill, no signal", kill(getpid(), 1000));
    say("kill of a group that is not there", kill(-child, 0));
    say("kill of the least number", kill(INT_MIN, 0));
    say("kill of the least number, no signal", kill(INT_MIN, 1000));
    say("an owner of the least number", fcntl(1, F_SETOWN, INT_MIN));
    say("an owner of no descriptor", fcntl(-1, F_SETOWN, INT_MIN));
    say("tkill of nobody", syscall(SYS_tkill, 0, SIGTERM));
    return 0;
}

static int everybody(void)
{
    int ready[2];
    char byte;
    if (pipe(ready) < 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        sigset_t wanted;
        int number;
        (void)sigemptyset(&wanted);
        (void)sigaddset(&wanted, SIGWINCH);
        (void)sigprocmask(SIG_BLOCK, &wanted, NULL);
        listen_for(SIGWINCH); /* or it would be ignored */
        (void)write(ready[1], "", 1);
        _exit(sigwait(&wanted, &number));
    }
    (void)read(ready[0], &byte, 1);
    say("kill -1", kill(-1, SIGWINCH));
    int status;
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "outside") == 0)
        return outside(atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "inside") == 0)
        return inside();
    if (argc == 3 && strcmp(argv[1], "owner") == 0) {
        say("F_SETOWN", signal_owner(atoi(argv[2]), false));
        say("F_SETOWN_EX", signal_owner(atoi(argv[2]), true));
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "witness") == 0)
        return witness(argv[2]);
    if (argc == 2 && strcmp(argv[1], "everybody") == 0)
        return everybody();
    (void)fprintf(stderr, "usage: reach outside PID | inside | owner PID | witness FILE | everybody\n");
    return 2;
}
