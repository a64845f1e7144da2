#include "supervisor/watch.h"

#include "emul/cleanup.h"
#include "emul/stale.h"
#include "filter/ia32.h"
#include "filter/table.h"
#include "supervisor/caller.h"
#include "supervisor/ia32.h"
#include "supervisor/stop.h"
#include "supervisor/supervisor.h"
#include "supervisor/trace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utlist.h>

enum { CALLS_BETWEEN_LOOKS = 256 };

static void close_directory(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

/* Whether a process has such a descriptor. One with a table of descriptors a thread is judged by its first. */
static bool holds_stale(struct view *view, pid_t pid)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", pid);
    __attribute__((cleanup(close_directory))) DIR *directory = opendir(path);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char *end;
        long fd = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && view_stale_descriptor(view, pid, (int)fd))
            return true;
    }
    return false;
}

static bool anybody_wanted(const struct supervisor *supervisor)
{
    for (const struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->watch_wanted)
            return true;
    return false;
}

static void let_waiting_go(struct supervisor *supervisor)
{
    struct task *task;
    DL_FOREACH2(supervisor->parked, task, next_parked)
    {
        if (!task->watch_waits)
            continue;
        task->worker_done = true;
        tracer_ring(task->tracer);
    }
}

void watch_interrupt(struct tracer *tracer)
{
    struct supervisor *supervisor = tracer->supervisor;
    if (!supervisor->watch_wanted)
        return;
    for (struct task *task = supervisor->tasks; task != NULL; task = task->hh.next) {
        if (!task->watch_wanted || task->tracer != tracer)
            continue;
        task->watch_wanted = false;
        task->watch_interrupted = task->state == TASK_RUNNING && trace_interrupt(task->tid) == 0;
    }
    supervisor->watch_wanted = anybody_wanted(supervisor);
    if (!supervisor->watch_wanted)
        let_waiting_go(supervisor);
}

void watch_halted(struct task *task)
{
    if (!task->watch_interrupted)
        return;
    task->watch_interrupted = false;
    (void)trace_make_again(task->tid);
}

static void watch_process(struct task *first, const struct task *asking)
{
    first->process->watched = true;
    for (struct task *task = first->supervisor->tasks; task != NULL; task = task->hh.next) {
        if (task->process != first->process || task == asking || task->state != TASK_RUNNING)
            continue;
        task->watch_wanted = first->supervisor->watch_wanted = true;
        if (task->tracer != asking->tracer)
            tracer_ring(task->tracer);
    }
}

bool watch_look(struct task *asking)
{
    struct supervisor *supervisor = asking->supervisor;
    if (!view_stale_news(supervisor->view))
        return false;
    for (struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->process != NULL && !task->process->watched && holds_stale(supervisor->view, task->process->tgid))
            watch_process(task, asking);
    watch_interrupt(asking->tracer);
    asking->watch_waits = asking->answer.kind != ANSWER_WAIT && supervisor->watch_wanted;
    return asking->watch_waits;
}

/* After a call that closes or replaces descriptors, and now and then. */
static void look_again(struct task *task, long number)
{
    struct process *process = task->process;
    bool closes = number == SYS_close || number == SYS_dup2 || number == SYS_dup3 || number == SYS_close_range;
    if (!closes && ++process->watched_calls < CALLS_BETWEEN_LOOKS)
        return;
    process->watched_calls = 0;
    process->watched = holds_stale(task->supervisor->view, process->tgid);
}

void watch_call_stop(struct task *task)
{
    struct trace_call made;
    int64_t result;
    if (task->process == NULL || !task->process->watched || trace_get_made_call(task->tid, &made, &result) < 0)
        return;
    struct call call = {.number = (long)made.number};
    memcpy(call.args, made.args, sizeof call.args);
    if (made.arch == AUDIT_ARCH_X86_64 || ia32_fill(&made, &call)) {
        struct caller caller = caller_of(task);
        int64_t told = result;
        view_stale_exit(task->supervisor->view, &caller, &call, &told);
        if (told != result)
            (void)trace_set_result(task->tid, told);
    }
    look_again(task, call.number);
}
