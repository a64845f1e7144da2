/*
 * Where one process is named, the kernel makes the call once it is known to be one of the view. Groups, and what a
 * descriptor stands for, may reach beyond it, or be something else a moment later: for these the supervisor sends the
 * signal itself, with the sender's name on it. What it cannot say is that kill() sent it: si_code is SI_QUEUE.
 */
#include "supervisor/signal.h"

#include "emul/cleanup.h"
#include "supervisor/caller.h"
#include "supervisor/memory.h"
#include "supervisor/supervisor.h"
#include "supervisor/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/pidfd.h; older headers lack it. */
enum { OF_THREAD = 1, OF_GROUP = 4, OF_ANY = 7 };

/* capabilities(7) */
enum { CAPABILITY_KILL = 5 };

enum { EVERYBODY = -1 };

static bool is_signal(int signal)
{
    return signal >= 0 && signal < NSIG;
}

/* kill_ok_by_cred() and check_kill_permission() in kernel/signal.c. */
static bool may_signal(struct task *task, struct task *target, int signal)
{
    const struct credentials *cred = task_credentials(task);
    const uid_t euid = cred->euid, ruid = cred->ruid;
    if (task->process == target->process || (cred->capabilities >> CAPABILITY_KILL & 1) != 0)
        return true;
    const struct credentials *other = task_credentials(target);
    return euid == other->suid || euid == other->ruid || ruid == other->suid || ruid == other->ruid ||
           (signal == SIGCONT && getsid(task->tid) == getsid(target->tid));
}

static siginfo_t information(struct task *task, int signal)
{
    siginfo_t info = {.si_signo = signal, .si_code = SI_QUEUE};
    info.si_pid = task->process == NULL ? task->tid : task->process->tgid;
    info.si_uid = task_credentials(task)->ruid;
    return info;
}

/* To a process of the view. 0 or -errno. */
static int send_to(struct task *task, struct task *target, int signal)
{
    siginfo_t info = information(task, signal);
    if (!may_signal(task, target, signal))
        return -EPERM;
    return syscall(SYS_rt_sigqueueinfo, target->tid, signal, &info) < 0 ? -errno : 0;
}

/* To the processes of the view that are in a group, or (EVERYBODY) to all but the caller. As kill(2): 0 or -errno. */
static int send_to_group(struct task *task, pid_t group, int signal)
{
    int result = -ESRCH;
    const pid_t own = task->process->tgid;
    for (struct task *other = task->supervisor->tasks; other != NULL; other = other->hh.next) {
        if (other->process == NULL || other->identity == NULL || other->tid != other->process->tgid)
            continue;
        if (group == EVERYBODY ? other->tid == own : getpgid(other->tid) != group)
            continue;
        int status = send_to(task, other, signal);
        if (status == 0 || result == -ESRCH)
            result = status;
    }
    return result;
}

static void set_result(struct task *task, int result)
{
    task->answer.kind = ANSWER_RESULT;
    task->answer.result = result;
}

/* The kernel makes the call on a process of the view. */
static void answer_one(struct task *task, uint64_t pid)
{
    int status = (pid_t)pid <= 0 ? 0 : target_check(task, pid); /* 0 and less: the kernel finds nobody */
    task->answer.kind = ANSWER_CONTINUE;
    if (status < 0)
        set_result(task, status);
}

static void answer_kill(struct task *task)
{
    pid_t pid = (pid_t)task->call.args[0];
    int signal = (int)task->call.args[1];
    if (pid > 0)
        answer_one(task, (uint64_t)pid);
    else if (pid == INT_MIN) /* no group has this number; the kernel says so before it looks at the signal */
        set_result(task, -ESRCH);
    else if (!is_signal(signal))
        set_result(task, -EINVAL);
    else if (pid < EVERYBODY)
        set_result(task, send_to_group(task, -pid, signal));
    else
        set_result(task, send_to_group(task, pid == 0 ? getpgid(task->tid) : EVERYBODY, signal));
}

/* The caller's own siginfo, once it is known that he may send one like it; else what the kernel would fill in. */
static int read_information(struct task *task, pid_t pid, int signal, siginfo_t *info)
{
    uint64_t address = task->call.args[2];
    *info = information(task, signal);
    if (address == 0 || task->call.shape != SHAPE_64) /* of 32-bit programs it has another form */
        return 0;
    int status = memory_read_all(task->tid, address, info, sizeof *info);
    if (status == 0 && info->si_signo != signal)
        status = -EINVAL;
    if (status == 0 && (info->si_code >= 0 || info->si_code == SI_TKILL) && pid != task->process->tgid)
        status = -EPERM;
    return status;
}

/* What the number of a pidfd stands for may change: the supervisor sends by its own duplicate of it. */
static int send_by_pidfd(struct task *task)
{
    int signal = (int)task->call.args[1];
    unsigned flags = (unsigned)task->call.args[3];
    if ((flags & ~(unsigned)OF_ANY) != 0 || (flags & (flags - 1)) != 0)
        return -EINVAL;
    struct caller caller = caller_of(task);
    cleanup_fd int pidfd = caller.ops->dup_fd(caller.context, (int)task->call.args[0]);
    int pid = pidfd < 0 ? pidfd : target_of_pidfd(pidfd);
    siginfo_t info;
    int status = pid < 0 ? pid : read_information(task, pid, signal, &info);
    if (status == 0 && flags == OF_GROUP)
        return is_signal(signal) ? send_to_group(task, pid, signal) : -EINVAL;
    if (status == 0)
        status = target_check(task, (uint64_t)pid);
    struct task *target = status < 0 ? NULL : task_find(task->supervisor, pid);
    if (status < 0 || target == NULL)
        return status;
    if (!may_signal(task, target, signal))
        return -EPERM;
    /* In the supervisor's hands a code of the kernel's own would be refused. */
    if (info.si_code >= 0)
        info.si_code = SI_QUEUE;
    return syscall(SYS_pidfd_send_signal, pidfd, signal, &info, flags) < 0 ? -errno : 0;
}

static void answer_pidfd(struct task *task)
{
    task->answer.kind = ANSWER_CONTINUE;
    if ((int)task->call.args[0] >= 0) /* less: the caller itself, or nothing */
        set_result(task, send_by_pidfd(task));
}

/*
 * The group of a process of the view, and not that which coffer itself is in: a group of the view's own. 0 or -errno.
 */
static int check_group(const struct task *task, pid_t group)
{
    const struct task *leader = task_find(task->supervisor, group);
    return leader != NULL && getpgid(group) == group && group != getpgrp() ? 0 : -EPERM;
}

static void answer_owner(struct task *task)
{
    pid_t owner = (pid_t)task->call.args[2];
    int status = 0;
    if (owner > 0)
        status = target_check(task, (uint64_t)owner);
    else if (owner < 0 && owner != INT_MIN) /* which the kernel refuses */
        status = check_group(task, -owner);
    task->answer.kind = ANSWER_CONTINUE;
    if (status < 0)
        set_result(task, status);
}

/* The owner lies in memory: the kernel reads what was judged. */
static void answer_owner_in_memory(struct task *task)
{
    struct f_owner_ex owner;
    int status = memory_read_all(task->tid, task->call.args[2], &owner, sizeof owner);
    if (status == 0 && owner.pid != 0)
        status = owner.type == F_OWNER_PGRP ? check_group(task, owner.pid) : target_check(task, (uint64_t)owner.pid);
    memcpy(task->answer.args, task->call.args, sizeof task->answer.args);
    if (status == 0)
        status = caller_place(task, &owner, sizeof owner, &task->answer.args[2]);
    task->answer.kind = ANSWER_REWRITE;
    if (status < 0)
        set_result(task, status);
}

void signal_answer(struct task *task)
{
    const uint64_t *args = task->call.args;
    switch (task->call.number) {
    case SYS_kill:
        answer_kill(task);
        break;
    case SYS_pidfd_send_signal:
        answer_pidfd(task);
        break;
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
        answer_one(task, args[1]); /* a thread; the kernel looks whether it is of the process in argument 0 */
        break;
    case SYS_fcntl:
        if ((int)args[1] == F_SETOWN)
            answer_owner(task);
        else if ((int)args[1] == F_SETOWN_EX)
            answer_owner_in_memory(task);
        else
            task->answer.kind = ANSWER_CONTINUE;
        break;
    default: /* tkill, rt_sigqueueinfo */
        answer_one(task, args[0]);
        break;
    }
}
