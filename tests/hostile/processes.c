/* Processes outside of the view: one of the same user, and the supervisor. */
#include "attempt.h"

#include <linux/futex.h>
#include <linux/kcmp.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

/* Each is tried on both. */
#define ON_BOTH(name)                                                                                                  \
    static int name##_outsider(void)                                                                                   \
    {                                                                                                                  \
        return name(scene.outsider);                                                                                   \
    }                                                                                                                  \
    static int name##_supervisor(void)                                                                                 \
    {                                                                                                                  \
        return name(scene.supervisor);                                                                                 \
    }

/* Signals: one that no supervisor would mind, so that an answer of 0 is a finding and no more. */
static int by_kill(pid_t pid)
{
    return outcome(kill(pid, SIGURG));
}
static int by_stop(pid_t pid)
{
    return outcome(kill(pid, SIGSTOP));
}
static int by_sigkill(pid_t pid)
{
    return outcome(kill(pid, SIGKILL));
}
static int by_tkill(pid_t pid)
{
    return outcome(syscall(SYS_tkill, pid, SIGURG));
}
static int by_tgkill(pid_t pid)
{
    return outcome(syscall(SYS_tgkill, pid, pid, SIGURG));
}
static int by_group(pid_t pid)
{
    return outcome(kill(-getpgid(pid), SIGURG));
}

static int by_queue(pid_t pid)
{
    siginfo_t info = {.si_signo = SIGURG, .si_code = SI_QUEUE};
    return outcome(syscall(SYS_rt_sigqueueinfo, pid, SIGURG, &info));
}

static int by_tgqueue(pid_t pid)
{
    siginfo_t info = {.si_signo = SIGURG, .si_code = SI_QUEUE};
    return outcome(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGURG, &info));
}

static int by_pidfd_signal(pid_t pid)
{
    return outcome(syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, pid, 0), SIGURG, NULL, 0));
}

static int by_proc_pidfd_signal(pid_t pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return outcome(syscall(SYS_pidfd_send_signal, open(path, O_RDONLY | O_DIRECTORY), SIGURG, NULL, 0));
}

/* The signal of a descriptor goes to its owner. */
static int announce(int fd, int other)
{
    if (fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
        return errno;
    return outcome(write(other, "x", 1));
}

static int by_owner(pid_t pid)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || fcntl(pair[0], F_SETOWN, pid) < 0)
        return errno;
    return announce(pair[0], pair[1]);
}

static int by_owner_ex(pid_t pid)
{
    int pair[2];
    struct f_owner_ex owner = {F_OWNER_PID, pid};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || fcntl(pair[0], F_SETOWN_EX, &owner) < 0)
        return errno;
    return announce(pair[0], pair[1]);
}

static int by_owner_group(pid_t pid)
{
    int pair[2];
    struct f_owner_ex owner = {F_OWNER_PGRP, getpgid(pid)};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || fcntl(pair[0], F_SETOWN_EX, &owner) < 0)
        return errno;
    return announce(pair[0], pair[1]);
}

static int by_owner_ioctl(pid_t pid)
{
    int pair[2], owner = pid;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || ioctl(pair[0], 0x8901 /* FIOSETOWN */, &owner) < 0)
        return errno;
    return announce(pair[0], pair[1]);
}

static int by_owner_ioctl_old(pid_t pid)
{
    int pair[2], owner = pid;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || ioctl(pair[0], 0x8902 /* SIOCSPGRP */, &owner) < 0)
        return errno;
    return announce(pair[0], pair[1]);
}

ON_BOTH(by_kill)
ON_BOTH(by_tkill)
ON_BOTH(by_tgkill)
ON_BOTH(by_queue)
ON_BOTH(by_tgqueue)
ON_BOTH(by_pidfd_signal)
ON_BOTH(by_proc_pidfd_signal)
ON_BOTH(by_owner)
ON_BOTH(by_owner_ex)
ON_BOTH(by_owner_ioctl)
static int by_stop_outsider(void)
{
    return by_stop(scene.outsider);
}
static int by_stop_supervisor(void)
{
    return by_stop(scene.supervisor);
}
static int by_sigkill_outsider(void)
{
    return by_sigkill(scene.outsider);
}
static int by_sigkill_supervisor(void)
{
    return by_sigkill(scene.supervisor);
}
static int by_group_outsider(void)
{
    return by_group(scene.outsider);
}
static int by_owner_group_outsider(void)
{
    return by_owner_group(scene.outsider);
}
static int by_owner_ioctl_old_outsider(void)
{
    return by_owner_ioctl_old(scene.outsider);
}

/* ---- limits, scheduling ---- */

static int by_prlimit(pid_t pid)
{
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_CORE, NULL, &limit) < 0)
        return errno;
    limit.rlim_cur = limit.rlim_cur == 0 ? limit.rlim_max : 0;
    return outcome(prlimit(pid, RLIMIT_CORE, &limit, NULL));
}

static int by_files(pid_t pid)
{
    struct rlimit limit = {64, 64};
    return outcome(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

static int by_affinity(pid_t pid)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return outcome(sched_setaffinity(pid, sizeof set, &set));
}

static int by_scheduler(pid_t pid)
{
    struct sched_param parameter = {0};
    return outcome(sched_setscheduler(pid, SCHED_BATCH, &parameter));
}

static int by_parameters(pid_t pid)
{
    struct sched_param parameter = {0};
    return outcome(sched_setparam(pid, &parameter));
}

static int by_attributes(pid_t pid)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t times[3];
    } attributes = {.size = 48, .policy = SCHED_IDLE};
    return outcome(syscall(SYS_sched_setattr, pid, &attributes, 0));
}

static int by_nice(pid_t pid)
{
    return outcome(setpriority(PRIO_PROCESS, (id_t)pid, 19));
}
static int by_nice_group(pid_t pid)
{
    return outcome(setpriority(PRIO_PGRP, (id_t)getpgid(pid), 19));
}
static int by_io(pid_t pid)
{
    return outcome(syscall(SYS_ioprio_set, 1, pid, 3 << 13));
}
static int by_io_group(pid_t pid)
{
    return outcome(syscall(SYS_ioprio_set, 2, getpgid(pid), 3 << 13));
}

ON_BOTH(by_prlimit)
ON_BOTH(by_files)
ON_BOTH(by_affinity)
ON_BOTH(by_scheduler)
ON_BOTH(by_attributes)
ON_BOTH(by_nice)
ON_BOTH(by_io)
static int by_parameters_outsider(void)
{
    return by_parameters(scene.outsider);
}
static int by_nice_group_outsider(void)
{
    return by_nice_group(scene.outsider);
}
static int by_io_group_outsider(void)
{
    return by_io_group(scene.outsider);
}

/* ---- memory, descriptors ---- */

static int by_seize(pid_t pid)
{
    return outcome(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
}

static int by_attach(pid_t pid)
{
    int status;
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
        return errno;
    (void)waitpid(pid, &status, __WALL);
    (void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return 0;
}

static int by_readv(pid_t pid)
{
    char text[72];
    struct iovec here = {text, sizeof text}, there = {(void *)scene.word, sizeof text};
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
        return errno == EFAULT ? 0 : errno; /* let in, though nothing is mapped there */
    fwrite(text, 1, sizeof text, stdout);
    return 0;
}

static int by_writev(pid_t pid)
{
    int word = 4711;
    struct iovec here = {&word, sizeof word}, there = {(void *)scene.word, sizeof word};
    if (process_vm_writev(pid, &here, 1, &there, 1, 0) < 0)
        return errno == EFAULT ? 0 : errno;
    return 0;
}

static const char *proc(pid_t pid, const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return path;
}

static int by_mem(pid_t pid)
{
    int word = 4711, fd = open(proc(pid, "mem"), O_RDWR);
    if (fd < 0 || pwrite(fd, &word, sizeof word, (off_t)scene.word) == sizeof word)
        return fd < 0 ? errno : 0;
    return 0;
}

static int by_mem_read(pid_t pid)
{
    char text[72];
    int fd = open(proc(pid, "mem"), O_RDONLY);
    if (fd < 0)
        return errno;
    ssize_t length = pread(fd, text, sizeof text, (off_t)scene.word);
    if (length > 0)
        fwrite(text, 1, (size_t)length, stdout);
    return 0;
}

static int by_task_mem(pid_t pid)
{
    char name[48];
    snprintf(name, sizeof name, "task/%d/mem", (int)pid);
    return outcome(open(proc(pid, name), O_RDWR));
}

static int by_getfd(pid_t pid)
{
    for (int fd = 3; fd < 40; fd++) {
        int got = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), fd, 0);
        if (got < 0 && errno != EBADF)
            return errno;
        if (got >= 0)
            (void)write_fd(got);
    }
    return 0;
}

static int by_kcmp(pid_t pid)
{
    return outcome(syscall(SYS_kcmp, getpid(), pid, KCMP_VM, 0, 0));
}

static int by_madvise(pid_t pid)
{
    struct iovec there = {(void *)(scene.word & ~4095UL), 4096};
    return outcome(syscall(SYS_process_madvise, syscall(SYS_pidfd_open, pid, 0), &there, 1, MADV_COLD, 0));
}

static int by_move_pages(pid_t pid)
{
    void *page = (void *)(scene.word & ~4095UL);
    int status;
    return outcome(syscall(SYS_move_pages, pid, 1, &page, NULL, &status, 0));
}

static int by_robust(pid_t pid)
{
    void *head;
    size_t length;
    return outcome(syscall(SYS_get_robust_list, pid, &head, &length));
}

ON_BOTH(by_seize)
ON_BOTH(by_attach)
ON_BOTH(by_readv)
ON_BOTH(by_writev)
ON_BOTH(by_mem)
ON_BOTH(by_mem_read)
ON_BOTH(by_task_mem)
ON_BOTH(by_getfd)
ON_BOTH(by_kcmp)
ON_BOTH(by_madvise)
static int by_move_pages_outsider(void)
{
    return by_move_pages(scene.outsider);
}
static int by_robust_outsider(void)
{
    return by_robust(scene.outsider);
}

/* ---- their files in /proc ---- */

static int put(pid_t pid, const char *name, const char *value)
{
    int fd = open(proc(pid, name), O_WRONLY);
    return fd < 0 ? errno : outcome(write(fd, value, strlen(value)));
}

static int by_oom(pid_t pid)
{
    return put(pid, "oom_score_adj", "1000");
}
static int by_timer_slack(pid_t pid)
{
    return put(pid, "timerslack_ns", "4711");
}
static int by_core_filter(pid_t pid)
{
    return put(pid, "coredump_filter", "0x7f");
}
static int by_clear(pid_t pid)
{
    return put(pid, "clear_refs", "1");
}
static int by_group_nice(pid_t pid)
{
    return put(pid, "autogroup", "19");
}
static int by_environment(pid_t pid)
{
    return show(proc(pid, "environ"));
}
static int by_maps(pid_t pid)
{
    return show(proc(pid, "maps"));
}

ON_BOTH(by_oom)
ON_BOTH(by_core_filter)
ON_BOTH(by_clear)
static int by_timer_slack_outsider(void)
{
    return by_timer_slack(scene.outsider);
}
static int by_group_nice_outsider(void)
{
    return by_group_nice(scene.outsider);
}
static int by_environment_supervisor(void)
{
    return by_environment(scene.supervisor);
}
static int by_maps_supervisor(void)
{
    return by_maps(scene.supervisor);
}

#define BOTH(name, what, effect, needs, function)                                                                      \
    {name, what " of a process outside", effect, needs, function##_outsider, NULL},                                    \
    {                                                                                                                  \
        name "-supervisor", what " of the supervisor", effect, needs, function##_supervisor, NULL                      \
    }

const struct attempt processes_attempts[] = {
    BOTH("kill", "kill", OUTSIDER, 0, by_kill),
    BOTH("tkill", "tkill", OUTSIDER, 0, by_tkill),
    BOTH("tgkill", "tgkill", OUTSIDER, 0, by_tgkill),
    BOTH("sigqueue", "rt_sigqueueinfo", OUTSIDER, 0, by_queue),
    BOTH("tgsigqueue", "rt_tgsigqueueinfo", OUTSIDER, 0, by_tgqueue),
    BOTH("pidfd-signal", "pidfd_send_signal", OUTSIDER, 0, by_pidfd_signal),
    BOTH("proc-signal", "pidfd_send_signal by /proc/PID", OUTSIDER, 0, by_proc_pidfd_signal),
    BOTH("owner", "F_SETOWN: a signal of a descriptor", SIGNALLED, 0, by_owner),
    BOTH("owner-ex", "F_SETOWN_EX: a signal of a descriptor", SIGNALLED, 0, by_owner_ex),
    BOTH("owner-ioctl", "FIOSETOWN: a signal of a descriptor", SIGNALLED, 0, by_owner_ioctl),
    {"owner-pgrp", "SIOCSPGRP: a signal of a descriptor", SIGNALLED, 0, by_owner_ioctl_old_outsider, NULL},
    {"owner-group", "F_SETOWN_EX of a process group", SIGNALLED, 0, by_owner_group_outsider, NULL},
    {"kill-group", "kill of a process group", OUTSIDER, 0, by_group_outsider, NULL},
    BOTH("stop", "SIGSTOP", OUTSIDER, 0, by_stop),
    BOTH("sigkill", "SIGKILL", OUTSIDER, 0, by_sigkill),
    BOTH("prlimit", "prlimit", OUTSIDER, 0, by_prlimit),
    BOTH("prlimit-files", "prlimit: the number of files", OUTSIDER, 0, by_files),
    BOTH("affinity", "sched_setaffinity", OUTSIDER, 0, by_affinity),
    BOTH("scheduler", "sched_setscheduler", OUTSIDER, 0, by_scheduler),
    BOTH("attributes", "sched_setattr", OUTSIDER, 0, by_attributes),
    {"parameters", "sched_setparam of a process outside", OUTSIDER, 0, by_parameters_outsider, NULL},
    BOTH("nice", "setpriority", OUTSIDER, 0, by_nice),
    {"nice-group", "setpriority of a process group", OUTSIDER, 0, by_nice_group_outsider, NULL},
    BOTH("io-priority", "ioprio_set", OUTSIDER, 0, by_io),
    {"io-priority-group", "ioprio_set of a process group", OUTSIDER, 0, by_io_group_outsider, NULL},
    BOTH("seize", "PTRACE_SEIZE", OUTSIDER, 0, by_seize),
    BOTH("attach", "PTRACE_ATTACH", OUTSIDER, 0, by_attach),
    BOTH("readv", "process_vm_readv", OUTSIDER, 0, by_readv),
    BOTH("writev", "process_vm_writev", OUTSIDER, 0, by_writev),
    BOTH("mem", "/proc/PID/mem, written,", OUTSIDER, 0, by_mem),
    BOTH("mem-read", "/proc/PID/mem, read,", OUTSIDER, 0, by_mem_read),
    BOTH("task-mem", "/proc/PID/task/TID/mem", OUTSIDER, 0, by_task_mem),
    BOTH("getfd", "pidfd_getfd", OUTSIDER, 0, by_getfd),
    BOTH("kcmp", "kcmp", OUTSIDER, NEEDS_KERNEL, by_kcmp),
    BOTH("madvise", "process_madvise", OUTSIDER, NEEDS_KERNEL, by_madvise),
    {"move_pages", "move_pages of a process outside", OUTSIDER, NEEDS_KERNEL, by_move_pages_outsider, NULL},
    {"robust-list", "get_robust_list of a process outside", OUTSIDER, 0, by_robust_outsider, NULL},
    BOTH("oom", "oom_score_adj", OUTSIDER, 0, by_oom),
    BOTH("core-filter", "coredump_filter", OUTSIDER, 0, by_core_filter),
    BOTH("clear-refs", "clear_refs", OUTSIDER, NEEDS_KERNEL, by_clear),
    {"timer-slack", "timerslack_ns of a process outside", OUTSIDER, NEEDS_KERNEL, by_timer_slack_outsider, NULL},
    {"autogroup", "autogroup of a process outside", OUTSIDER, NEEDS_KERNEL, by_group_nice_outsider, NULL},
    {"environ-supervisor", "environment of the supervisor", OUTSIDER, 0, by_environment_supervisor, NULL},
    {"maps-supervisor", "map of the supervisor", OUTSIDER, 0, by_maps_supervisor, NULL},
    {0},
};
