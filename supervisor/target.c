#include "supervisor/target.h"

#include "emul/cleanup.h"
#include "emul/sys.h"
#include "supervisor/caller.h"
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

/* 0 when the process or thread is one of the view, else what the call is to fail with. */
static int check(const struct task *task, pid_t pid)
{
    if (task_find(task->supervisor, pid) != NULL)
        return 0;
    return kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : -EPERM;
}

/* Zero is the caller itself. */
int target_check(const struct task *task, uint64_t pid)
{
    return (pid_t)pid == 0 ? 0 : check(task, (pid_t)pid);
}

/* Groups, and all processes of a user, reach beyond the view. */
static int check_one(const struct task *task, int one_process)
{
    if ((int)task->call.args[0] != one_process)
        return -EPERM;
    return target_check(task, task->call.args[1]);
}

/* The process behind a pidfd of ours, or -errno (-EBADF: it is no pidfd). */
static int pid_of(int pidfd)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    cleanup_fd int info = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    ssize_t length = info < 0 ? info : read(info, text, sizeof text - 1);
    if (length < 0)
        return info < 0 ? info : -errno;
    text[length] = '\0';
    const char *line = strstr(text, "\nPid:");
    return line == NULL ? -EBADF : atoi(line + strlen("\nPid:"));
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
    int pid = pid_of(pidfd);
    return pid < 0 ? pid : check(task, pid);
}

static int check_call(struct task *task)
{
    switch (task->call.number) {
    case SYS_ptrace:
        return task->call.args[0] == PTRACE_TRACEME ? 0 : check(task, (pid_t)task->call.args[1]);
    case SYS_process_vm_readv:
    case SYS_process_vm_writev:
        return check(task, (pid_t)task->call.args[0]);
    case SYS_pidfd_getfd:
        return check_pidfd(task);
    case SYS_setpriority:
        return check_one(task, PRIO_PROCESS);
    case SYS_ioprio_set:
        return check_one(task, IOPRIO_WHO_PROCESS);
    case SYS_prlimit64:
        /* Asking is harmless: the new limits are null. */
        return task->call.args[2] == 0 ? 0 : target_check(task, task->call.args[0]);
    default: /* sched_set...: the process is argument 0 */
        return target_check(task, task->call.args[0]);
    }
}

void target_answer(struct task *task)
{
    int status = check_call(task);
    task->answer.kind = status < 0 ? ANSWER_RESULT : ANSWER_CONTINUE;
    task->answer.result = status;
}
