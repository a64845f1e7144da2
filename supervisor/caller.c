#include "supervisor/caller.h"

#include "supervisor/memory.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 6.9; the value is O_EXCL by definition. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

void caller_tell_unplaced(struct task *task)
{
    if (!task->unplaced || task->process->told_of_int80)
        return;
    task->process->told_of_int80 = true;
    violation_notice(task->supervisor->violations, task->process->tgid,
                     "a 64-bit program's int $0x80 that would have to name a file of the layer");
}

static ssize_t caller_read(void *context, uint64_t address, void *buffer, size_t size)
{
    const struct task *task = context;
    return memory_read(task->tid, address, buffer, size);
}

static int caller_write(void *context, uint64_t address, const void *data, size_t size)
{
    const struct task *task = context;
    return memory_write(task->tid, address, data, size);
}

static int open_pidfd(pid_t pid, unsigned flags)
{
    long fd = syscall(SYS_pidfd_open, pid, flags);
    return fd < 0 ? -errno : (int)fd;
}

/*
 * A thread may have a descriptor table of its own, and the first thread may have ended: so the thread
 * itself is asked for. Older kernels only open whole processes.
 */
static int task_pidfd(struct task *task)
{
    if (task->pidfd >= 0)
        return task->pidfd;
    int fd = task->tid == task->process->tgid ? open_pidfd(task->tid, 0) : open_pidfd(task->tid, PIDFD_THREAD);
    if (fd == -EINVAL)
        fd = open_pidfd(task->process->tgid, 0);
    if (fd >= 0)
        task->pidfd = fd;
    return fd;
}

static int caller_dup_fd(void *context, int fd)
{
    int pidfd = task_pidfd(context);
    if (pidfd < 0)
        return pidfd;
    long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    return copy < 0 ? -errno : (int)copy;
}

int caller_place(void *context, const void *data, size_t size, uint64_t *address)
{
    struct task *task = context;
    /* A 64-bit program said `int $0x80`: its scratch lies where such a call cannot point to. */
    if (task->call.shape != SHAPE_64 && task->space->scratch > UINT32_MAX) {
        task->unplaced = true;
        return -ENOMEM;
    }
    return scratch_place(task->space, task->tid, &task->pieces, data, size, address);
}

static bool caller_thread(void *context, pid_t tid, struct thread_facts *facts)
{
    const struct task *task = context;
    const struct task *other = task_find(task->supervisor, tid);
    if (other == NULL)
        return false;
    *facts = (struct thread_facts){
        .fs = other->fs,
        .program = other->process->program,
        .stopped = other->state == TASK_LISTENING,
        .pinned = task->supervisor->tracer_count > 1,
        .cpus = other->allowed,
        .alone = other->process->count == 1 && !other->process->shares_descriptors,
    };
    return true;
}

static const struct caller_ops operations = {
    .read = caller_read,
    .write = caller_write,
    .dup_fd = caller_dup_fd,
    .place = caller_place,
    .thread = caller_thread,
};

struct caller caller_of(struct task *task)
{
    return (struct caller){
        .ops = &operations,
        .context = task,
        .tid = task->tid,
        .tgid = task->process->tgid,
        .fs = task->fs,
        .cred = task_credentials(task),
        .program = task->process->program,
        .takes_grants = task->supervisor->listener >= 0,
        .starting = !task->supervisor->main_executed,
    };
}
