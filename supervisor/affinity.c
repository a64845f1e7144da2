#include "supervisor/affinity.h"

#include "supervisor/memory.h"
#include "supervisor/placement.h"
#include "supervisor/target.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* capabilities(7) */
enum { CAPABILITY_SYS_NICE = 23 };

/* The system calls themselves, which say how large the kernel's own sets are. */
static int64_t kernel_get(pid_t tid, size_t size, cpu_set_t *set)
{
    CPU_ZERO(set);
    long got = syscall(SYS_sched_getaffinity, tid, size, set);
    return got < 0 ? -errno : got;
}

static int64_t kernel_set(pid_t tid, size_t size, const cpu_set_t *set)
{
    return syscall(SYS_sched_setaffinity, tid, size, set) < 0 ? -errno : 0;
}

static size_t set_size(uint64_t argument)
{
    uint32_t size = (uint32_t)argument;
    return size < sizeof(cpu_set_t) ? size : sizeof(cpu_set_t);
}

/* The task of the view that the call is about, or NULL. */
static struct task *find_target(struct task *task)
{
    pid_t pid = (pid_t)task->call.args[0];
    return pid == 0 ? task : task_find(task->supervisor, pid);
}

/*
 * How much the kernel would write. Whether the size is one that it takes is asked of the kernel, about the calling
 * thread; a 32-bit program may have sets of 4 bytes, where there are no more CPUs than that.
 */
static int64_t written_size(const struct task *task)
{
    cpu_set_t own;
    size_t size = set_size(task->call.args[1]);
    size_t odd = task->call.shape == SHAPE_64 ? 0 : size % sizeof(uint64_t);
    if (odd == 0)
        return kernel_get(0, size, &own);
    if (odd != sizeof(uint32_t) || (long)size * CHAR_BIT < sysconf(_SC_NPROCESSORS_CONF))
        return -EINVAL;
    int64_t all = kernel_get(0, size + odd, &own);
    return all > (int64_t)size ? (int64_t)size : all;
}

static int64_t get(struct task *task, const struct task *target)
{
    int64_t size = written_size(task);
    if (size < 0)
        return size;
    int status = memory_write(task->tid, task->call.args[2], &target->allowed, (size_t)size);
    return status < 0 ? status : size;
}

/* The check of sched_setaffinity(2). */
static bool may_set(struct task *task, struct task *target)
{
    const struct credentials *cred = task_credentials(task);
    uid_t euid = cred->euid;
    if ((cred->capabilities >> CAPABILITY_SYS_NICE & 1) != 0)
        return true;
    const struct credentials *other = task_credentials(target);
    return euid == other->euid || euid == other->ruid;
}

/* The checks are made in the kernel's order; then it sets, and says what came of it: a cpuset may leave less. */
static int64_t set(struct task *task, struct task *target)
{
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    int status = memory_read_all(task->tid, task->call.args[2], &wanted, set_size(task->call.args[1]));
    if (status == 0)
        status = target_check(task, task->call.args[0]);
    if (status < 0)
        return status;
    if (target == NULL || !may_set(task, target))
        return -EPERM;
    int64_t result = kernel_set(target->tid, sizeof wanted, &wanted);
    if (result < 0 || kernel_get(target->tid, sizeof wanted, &wanted) < 0)
        return result;
    target->allowed = wanted;
    target->loose = false;
    placement_pin(target);
    return 0;
}

void affinity_answer(struct task *task)
{
    struct task *target = find_target(task);
    bool sets = task->call.number == SYS_sched_setaffinity;
    bool placed = task->supervisor->tracer_count > 1;
    if (!sets && (!placed || target == NULL)) {
        /* Nothing is kept on a CPU, or it is about a process outside: the kernel's own answer is right. */
        task->answer.kind = ANSWER_CONTINUE;
        return;
    }
    task->answer.kind = ANSWER_RESULT;
    task->answer.result = sets ? set(task, target) : get(task, target);
}
