#include "supervisor/target.h"

#include "emul/cleanup.h"
#include "emul/sys.h"
#include "supervisor/caller.h"
#include "supervisor/credentials.h"
#include "supervisor/memory.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One of the view that has ended, and that its parent has not waited for: nothing can be done to it any more. */
static bool has_ended(const struct task *task, pid_t pid)
{
    struct relations relations;
    return credentials_read_relations(pid, &relations) == 0 && relations.state == 'Z' &&
           task_find(task->supervisor, relations.parent) != NULL;
}

/* 0 when the process or thread is one of the view, else what the call is to fail with. */
static int check(const struct task *task, pid_t pid)
{
    if (task_find(task->supervisor, pid) != NULL)
        return 0;
    if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
        return -ESRCH;
    return has_ended(task, pid) ? 0 : -EPERM;
}

/* Zero is the caller itself. */
int target_check(const struct task *task, uint64_t pid)
{
    return (pid_t)pid == 0 ? 0 : check(task, (pid_t)pid);
}

/*
 * Whether the caller may look into a process: coffer does not let processes become undumpable in earnest, so that the
 * kernel would allow it (__ptrace_may_access() in kernel/ptrace.c).
 */
static int check_look(struct task *task, pid_t pid)
{
    const uint64_t trace_any = UINT64_C(1) << 19; /* CAP_SYS_PTRACE */
    const struct task *other = task_find(task->supervisor, pid);
    int status = check(task, pid);
    if (status < 0 || other == NULL || other->process == task->process)
        return status;
    if (other->space == NULL)
        return -EPERM; /* one of which its parent has not told yet */
    if (other->space->dumpable == 1)
        return 0;
    struct caller caller = caller_of(task);
    return (caller.cred->capabilities & trace_any) != 0 ? 0 : -EPERM;
}

/* Groups, and all processes of a user, reach beyond the view. */
static int check_one(const struct task *task, int one_process)
{
    if ((int)task->call.args[0] != one_process)
        return -EPERM;
    return target_check(task, task->call.args[1]);
}

int target_of_pidfd(int pidfd)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    cleanup_fd int info = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    ssize_t length = info < 0 ? info : read(info, text, sizeof text - 1);
    if (length < 0)
        return info < 0 ? info : -errno;
    text[length] = '\0';
    const char *line = strstr(text, "\nPid:");
    int pid = line == NULL ? -EBADF : atoi(line + strlen("\nPid:"));
    return pid == -1 ? -ESRCH : pid;
}

/*
 * A thread could put another pidfd into the number's place before the kernel looks at it: only a process of one thread
 * may take descriptors from others.
 */
static int check_pidfd(struct task *task)
{
    if (task->space->count > 1)
        return -EPERM;
    struct caller caller = caller_of(task);
    cleanup_fd int pidfd = caller.ops->dup_fd(caller.context, (int)task->call.args[0]);
    if (pidfd < 0)
        return pidfd;
    int pid = target_of_pidfd(pidfd);
    return pid < 0 ? pid : check_look(task, pid);
}

/*
 * The kernel gives a process one tracer, and the processes of a view have theirs: without a word it would be EPERM. And
 * one that is just handed from tracer to tracer has none for a moment, in which nobody else may take it.
 */
static int check_ptrace(struct task *task)
{
    uint64_t request = task->call.args[0];
    bool attach = request == PTRACE_ATTACH || request == PTRACE_SEIZE;
    int status = request == PTRACE_TRACEME ? 0 : check(task, (pid_t)task->call.args[1]);
    if (status != 0 || (!attach && request != PTRACE_TRACEME))
        return status;
    violation_notice(task->supervisor->violations, task->process->tgid,
                     "ptrace: a process of a view is traced by coffer, and can have one tracer only; run the debugger "
                     "outside of the view");
    return -EPERM;
}

static int check_both(struct task *task)
{
    int status = check_look(task, (pid_t)task->call.args[0]);
    return status < 0 ? status : check_look(task, (pid_t)task->call.args[1]);
}

/* Who could write to the memory of the program that gives commands to the control file would give them as well. */
static int check_write(struct task *task)
{
    const struct task *other = task_find(task->supervisor, (pid_t)task->call.args[0]);
    if (other != NULL && view_guards_program(task->supervisor->view, task->process->program, other->process->program))
        return -EPERM;
    return check_look(task, (pid_t)task->call.args[0]);
}

static int check_limits(const struct task *task)
{
    /* Asking is harmless: then the new limits are null. */
    if (task->call.number == SYS_setrlimit || task->call.args[2] == 0)
        return 0;
    return target_check(task, task->call.args[0]);
}

/* The limits of a process whose core files are forbidden: both are 0, and stay so. 0 or -errno. */
static int keep_core_limit(const struct task *task, const struct rlimit *now, uint64_t wanted_at, uint64_t old_at)
{
    struct rlimit wanted;
    int status = memory_read_all(task->tid, wanted_at, &wanted, sizeof wanted);
    if (status == 0 && wanted.rlim_cur > wanted.rlim_max)
        status = -EINVAL;
    if (status == 0 && wanted.rlim_max > 0)
        status = -EPERM;
    if (status == 0 && old_at != 0)
        status = memory_write(task->tid, old_at, now, sizeof *now);
    return status;
}

/*
 * Core files are forbidden where the lock does not keep them off the host (launch.c). Root could raise even the hard
 * limit again: such a call is answered here, since what the kernel would read may be other limits by then.
 */
static bool answer_core_limit(struct task *task)
{
    const uint64_t *args = task->call.args;
    bool other = task->call.number == SYS_prlimit64;
    uint64_t wanted_at = other ? args[2] : args[1];
    struct rlimit now;
    pid_t pid = other && (pid_t)args[0] != 0 ? (pid_t)args[0] : task->tid;
    if ((!other && task->call.number != SYS_setrlimit) || (unsigned)args[other ? 1 : 0] != RLIMIT_CORE ||
        wanted_at == 0 || prlimit(pid, RLIMIT_CORE, NULL, &now) < 0 || now.rlim_max != 0)
        return false;
    task->answer.kind = ANSWER_RESULT;
    task->answer.result = keep_core_limit(task, &now, wanted_at, other ? args[3] : 0);
    return true;
}

static int check_call(struct task *task)
{
    switch (task->call.number) {
    case SYS_ptrace:
        return check_ptrace(task);
    case SYS_process_vm_readv:
        return check_look(task, (pid_t)task->call.args[0]);
    case SYS_process_vm_writev:
        return check_write(task);
    case SYS_kcmp:
        return check_both(task);
    case SYS_pidfd_getfd:
        return (unsigned)task->call.args[2] != 0 ? -EINVAL : check_pidfd(task);
    case SYS_process_madvise:
        return check_pidfd(task);
    case SYS_setpriority:
        return check_one(task, PRIO_PROCESS);
    case SYS_ioprio_set:
        return check_one(task, IOPRIO_WHO_PROCESS);
    case SYS_setrlimit:
    case SYS_prlimit64:
        return check_limits(task);
    default: /* sched_set..., move_pages...: the process is argument 0 */
        return target_check(task, task->call.args[0]);
    }
}

void target_answer(struct task *task)
{
    int status = check_call(task);
    if (status == 0 && answer_core_limit(task))
        return;
    task->answer.kind = status < 0 ? ANSWER_RESULT : ANSWER_CONTINUE;
    task->answer.result = status;
}
