#include "supervisor/loop.h"

#include "supervisor/control.h"
#include "supervisor/credentials.h"
#include "supervisor/exec.h"
#include "supervisor/ia32.h"
#include "supervisor/jobs.h"
#include "supervisor/move.h"
#include "supervisor/notes.h"
#include "supervisor/placement.h"
#include "supervisor/stop.h"
#include "supervisor/trace.h"
#include "supervisor/watch.h"

#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HELD_TICKS_MAX = 10, WAIT_LINE_TICKS = 5 };

static void kill_task(const struct task *task)
{
    (void)kill(task->process != NULL ? task->process->tgid : task->tid, SIGKILL);
}

/* Lets a task go on from an EVENT_HALT: a stop of its process holds on, anything else is over. */
static void leave_halt(struct task *task, int signal)
{
    if (signal == SIGTRAP) {
        watch_halted(task);
        bool was_stopped = task->state == TASK_LISTENING;
        task->state = TASK_RUNNING;
        if (was_stopped)
            jobs_continued(task->supervisor, task);
        stop_resume(task, 0);
    } else {
        task->state = TASK_LISTENING;
        (void)trace_listen(task->tid);
        jobs_stopped(task->supervisor, task, signal);
    }
}

/* A child's first own step, once everything it shares is known. */
static void begin(struct task *child, int signal)
{
    if (child->restore_argument)
        (void)trace_set_argument(child->tid, child->first_is_ia32, 0, child->first_argument);
    if (child->supervisor->end_wanted)
        kill_task(child);
    if (signal != SIGTRAP || !placement_move(child, MOVE_FROM_HALT))
        leave_halt(child, signal);
}

/*
 * With which flags the call was made at whose EVENT_CHILD the task is. No number of one interface is that of a call
 * that makes a child by the other, but clone3's, which is the same.
 */
static uint64_t clone_flags(const struct task *task)
{
    struct user_regs_struct registers;
    if (trace_get_registers(task->tid, &registers) < 0)
        return 0;
    switch (registers.orig_rax) {
    case SYS_clone:
        return registers.rdi;
    case SYS_clone3:
        return task->clone_flags;
    case IA32_CLONE:
        return (uint32_t)registers.rbx;
    case SYS_vfork:
    case IA32_VFORK:
        return CLONE_VM | CLONE_VFORK;
    default:
        return 0;
    }
}

static void adopt(struct task *child, const struct task *parent, uint64_t flags)
{
    bool held = child->state == TASK_HELD;
    if (held)
        child->tracer->held--;
    child->state = held ? TASK_RUNNING : TASK_EXPECTED;
    if (task_inherit(child, parent, flags) < 0)
        kill_task(child);
    if ((flags & CLONE_THREAD) == 0)
        notes_started(child->supervisor, child->tid, parent->process->tgid, (flags & CLONE_VM) != 0);
    if (held)
        begin(child, child->first_stop);
}

/* The event of the parent and the first stop of the child come in either order. */
static void on_child(struct task *parent)
{
    struct supervisor *supervisor = parent->supervisor;
    pid_t tid;
    if (trace_message(parent->tid, &tid) < 0)
        return;
    struct task *child = task_find(supervisor, tid);
    if (child != NULL && child->state == TASK_GONE) {
        task_remove(child);
        stop_resume(parent, 0);
        return;
    }
    if (child == NULL)
        child = task_add(parent->tracer, tid, TASK_EXPECTED);
    if (child == NULL) {
        (void)kill(tid, SIGKILL);
    } else {
        uint64_t flags = clone_flags(parent);
        if ((flags & CLONE_THREAD) == 0)
            placement_at_fork(parent, tid);
        if (parent->exit_expected && parent->answer.kind == ANSWER_REWRITE) {
            child->restore_argument = true;
            child->first_is_ia32 = parent->call.shape != SHAPE_64;
            child->first_argument = parent->made[0];
        }
        adopt(child, parent, flags);
    }
    stop_resume(parent, 0);
}

/*
 * A child stays held for ever when its parent was killed between making it and telling of it. After a second it is
 * given to the process that the kernel says it belongs to, and if that one is not ours any more, it shares its
 * parent's fate.
 */
static void settle_held(struct tracer *tracer)
{
    struct supervisor *supervisor = tracer->supervisor;
    struct task *task, *next;
    HASH_ITER(hh, supervisor->tasks, task, next)
    {
        if (task->state != TASK_HELD || task->tracer != tracer || task->held_ticks < HELD_TICKS_MAX)
            continue;
        struct relations relations;
        if (credentials_read_relations(task->tid, &relations) < 0)
            continue; /* ending: its last event is on its way */
        bool is_thread = relations.process != task->tid;
        struct task *parent = task_find(supervisor, is_thread ? relations.process : relations.parent);
        if (parent != NULL && parent->process != NULL)
            adopt(task, parent, is_thread ? CLONE_THREAD | CLONE_VM | CLONE_FS : 0);
        else
            kill_task(task);
    }
}

/* Other threads of the process have ended without a word, or soon will: none of them runs any more. */
static void drop_siblings(struct task *survivor)
{
    struct task *task, *next;
    if (survivor->process->count == 1)
        return;
    HASH_ITER(hh, survivor->supervisor->tasks, task, next)
    {
        if (task != survivor && task->process == survivor->process)
            task_remove(task);
    }
}

static void on_exec(struct tracer *tracer, pid_t tgid)
{
    struct supervisor *supervisor = tracer->supervisor;
    pid_t former;
    if (trace_message(tgid, &former) < 0)
        return;
    struct task *task = task_find(supervisor, former);
    if (task == NULL || task->process == NULL) {
        (void)kill(tgid, SIGKILL);
        return;
    }
    drop_siblings(task);
    if (former != tgid) {
        task_rename(task, tgid);
        if (task->pidfd >= 0)
            (void)close(task->pidfd);
        task->pidfd = -1;
    }
    if (tgid == supervisor->main)
        supervisor->main_executed = true;

    if (task_renew_space(task) < 0) {
        kill_task(task);
        return;
    }
    task->process->program = ++supervisor->programs;
    task->process->told_of_architecture = false;
    task->process->told_of_unknown = false;
    task->process->told_of_int80 = false;
    task->identity_stale = task->identity_stale || task->identity_changed;
    task->exit_expected = false;
    task_leave_exec(task);
    notes_executed(task);
    exec_begin(task);
    if (task->injection == NULL)
        task_end_call(task);
    stop_resume(task, 0);
}

static void on_call_stop(struct task *task)
{
    if (task->injection != NULL) {
        exec_step(task);
        if (task->injection == NULL)
            task_end_call(task);
        stop_resume(task, 0);
    } else if (task->exit_expected) {
        stop_finish(task);
    } else {
        watch_call_stop(task);
        stop_resume(task, 0);
    }
}

/*
 * The end of a process is told when its last thread has gone: the others are no more, though they may stand in the
 * table under numbers that they had before an exec that was cut short.
 */
static void drop_process(struct supervisor *supervisor, pid_t tgid)
{
    struct task *task, *next;
    HASH_ITER(hh, supervisor->tasks, task, next)
    {
        if (task->process != NULL && task->process->tgid == tgid)
            task_remove(task);
    }
}

void loop_main_ended(struct supervisor *supervisor, int status)
{
    supervisor->main_status = status;
    supervisor->main_ended = true;
    supervisor->stop_wanted = 0;
    supervisor->continue_wanted = 0;
    supervisor->ticks_to_wait_line = WAIT_LINE_TICKS;
}

/* An event of somebody who is not in the table: a child before its parent told of it, or a worker of the view. */
static void on_stranger(struct tracer *tracer, const struct event *event)
{
    struct supervisor *supervisor = tracer->supervisor;
    if (event->kind == EVENT_ENDED) {
        if (view_worker_done(supervisor->view, event->tid, event->status))
            stop_worker_ended(tracer, event->tid);
        else
            (void)task_add(tracer, event->tid, TASK_GONE);
        if (event->tid == supervisor->main)
            loop_main_ended(supervisor, event->status);
        drop_process(supervisor, event->tid);
        return;
    }
    struct task *task = task_add(tracer, event->tid, TASK_HELD);
    if (task == NULL) {
        (void)kill(event->tid, SIGKILL);
        return;
    }
    task->first_stop = event->signal;
    tracer->held++;
}

static void on_end(struct task *task, int status)
{
    struct supervisor *supervisor = task->supervisor;
    if (task->tid == supervisor->main)
        loop_main_ended(supervisor, status);
    if (task->process != NULL && task->process->tgid == task->tid && task->process->count > 1) {
        drop_process(supervisor, task->tid);
        return;
    }
    if (task->state == TASK_HELD) {
        task->tracer->held--;
        task->state = TASK_GONE; /* its parent may still tell of it */
        return;
    }
    task_remove(task);
}

static void on_halt(struct task *task, int signal)
{
    if (task->state == TASK_EXPECTED) {
        begin(task, signal);
        return;
    }
    if (task->state == TASK_ARRIVING)
        move_end(task);
    leave_halt(task, signal);
}

void loop_dispatch(struct tracer *tracer, const struct event *event)
{
    struct supervisor *supervisor = tracer->supervisor;
    struct task *task = task_find(supervisor, event->tid);
    if (event->kind == EVENT_ENDED)
        notes_ended(supervisor, event->tid, event->status, &tracer->usage);
    if (task != NULL && task->state == TASK_GONE) {
        task_remove(task); /* another one of that number */
        task = NULL;
    }
    if (event->kind == EVENT_EXEC) {
        on_exec(tracer, event->tid);
        return;
    }
    if (task == NULL) {
        on_stranger(tracer, event);
        return;
    }
    if (task->tracer != tracer && event->kind != EVENT_ENDED)
        return; /* of a first thread whose number another one has taken by exec */
    switch (event->kind) {
    case EVENT_ENDED:
        on_end(task, event->status);
        return;
    case EVENT_CALL:
        if (task->injection != NULL)
            stop_resume(task, 0); /* the program's own filter hands the injected mmap to us: it goes on */
        else
            stop_serve(task);
        return;
    case EVENT_CALL_STOP:
        on_call_stop(task);
        return;
    case EVENT_CHILD:
        on_child(task);
        return;
    case EVENT_HALT:
        on_halt(task, event->signal);
        return;
    case EVENT_SIGNAL:
        stop_resume(task, exec_hold_signal(task, event->signal) ? 0 : event->signal);
        return;
    case EVENT_EXEC:
    case EVENT_OTHER:
        stop_resume(task, 0);
        return;
    }
}

/* How many processes run; those that only a lost event of a parent could speak for do not count. */
static unsigned process_count(const struct supervisor *supervisor)
{
    unsigned count = 0;
    for (const struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->process != NULL && task->process->tgid == task->tid)
            count++;
    return count;
}

static void tell_what_is_left(const struct supervisor *supervisor)
{
    if (supervisor->quiet || !isatty(STDERR_FILENO))
        return;
    unsigned count = process_count(supervisor);
    (void)fprintf(stderr, "coffer: waiting for %u process%s that the command left running; Ctrl-C ends %s\n", count,
                  count == 1 ? "" : "es", count == 1 ? "it" : "them");
}

void loop_end_all(struct supervisor *supervisor)
{
    supervisor->end_wanted = true;
    for (struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->state != TASK_GONE)
            kill_task(task);
}

static bool held_anywhere(const struct supervisor *supervisor)
{
    for (int i = 0; i < supervisor->tracer_count; i++)
        if (supervisor->tracers[i].held > 0)
            return true;
    return false;
}

bool loop_tick_needed(const struct supervisor *supervisor)
{
    return held_anywhere(supervisor) || supervisor->stop_wanted > 0 || supervisor->continue_wanted > 0 ||
           supervisor->ticks_to_wait_line > 0 || supervisor->end_wanted;
}

/* Only its own tracer can let a held task go. */
static void tick_held(struct supervisor *supervisor)
{
    for (struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->state == TASK_HELD && ++task->held_ticks >= HELD_TICKS_MAX)
            tracer_ring(task->tracer);
}

void loop_tick(struct supervisor *supervisor)
{
    if (supervisor->end_wanted)
        loop_end_all(supervisor);
    if (held_anywhere(supervisor))
        tick_held(supervisor);
    jobs_tick(supervisor);
    if (supervisor->ticks_to_wait_line > 0 && --supervisor->ticks_to_wait_line == 0)
        tell_what_is_left(supervisor);
}

void loop_alone(struct tracer *tracer)
{
    struct supervisor *supervisor = tracer->supervisor;
    struct task *task, *next;
    HASH_ITER(hh, supervisor->tasks, task, next)
    {
        if (task->tracer != tracer || task->state == TASK_MOVING || task->state == TASK_GONE)
            continue;
        if (task->tid == supervisor->main && !supervisor->main_ended)
            loop_main_ended(supervisor, SIGKILL);
        if (task->state == TASK_HELD)
            tracer->held--;
        task_remove(task);
    }
}

void loop_left_over(struct tracer *tracer)
{
    stop_serve_parked(tracer);
    if (tracer->held > 0)
        settle_held(tracer);
}

static bool anybody_left(const struct supervisor *supervisor)
{
    for (const struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->state != TASK_GONE)
            return true;
    return false;
}

bool loop_over(struct supervisor *supervisor)
{
    if (!supervisor->end_wanted && notes_give_up(supervisor))
        loop_end_all(supervisor);
    if (!supervisor->over && !anybody_left(supervisor)) {
        supervisor->over = true;
        for (int i = 0; i < supervisor->tracer_count; i++)
            tracer_ring(&supervisor->tracers[i]);
    }
    control_look(supervisor);
    return supervisor->over;
}
