/*
 * Handing a tracee from one tracer to another.
 *
 * The kernel knows no such request: the tracee has to be detached, and runs until the other thread has attached it. A
 * call that it made meanwhile would fail with ENOSYS, and a stop signal would be seen by its parent; so it is sent into
 * a loop of its own (the parking place, exec.h) with all signals blocked, where it makes no call and gets no signal,
 * and comes back to where it was when it has been attached again. The loop is bounded: should coffer be killed at this
 * very moment, the tracee dies.
 *
 * To attach, the kernel takes a lock of the tracee's process, which an exec holds until every other thread of the
 * process has been waited for: so no task is handed over while another thread is in an exec, and an exec waits for
 * hand-overs under way.
 */
#ifndef COFFER_SUPERVISOR_MOVE_H
#define COFFER_SUPERVISOR_MOVE_H

#include "supervisor/task.h"

/* Where a task was when it was sent to its parking place. */
enum move_from {
    MOVE_FROM_HALT, /* at its first stop: it goes on there */
    MOVE_FROM_CALL, /* at a seccomp stop: it makes the call once more */
};

/*
 * Hands a stopped task over. True when it is on its way: it is no longer this tracer's. False when it cannot be moved
 * (its program has no parking place): nothing has changed.
 */
bool move_begin(struct task *task, struct tracer *to, enum move_from from);

/* An exec has to wait before it is let go on, parked: see TASK_PARKED, with MOVE_WORKER as the worker it waits for. */
enum { MOVE_WORKER = -1 };
bool move_holds_exec(const struct task *task);

/* Attaches the tasks that were handed to this tracer. */
void move_arrivals(struct tracer *tracer);

/* At the first stop of a task in state ARRIVING: puts it back to where it was, in state RUNNING. */
void move_end(struct task *task);

/* Forgets the move of a task that has ended; harmless without one. */
void move_abandon(struct task *task);

/* The code of a parking place, and its size. */
extern const unsigned char move_parking_code[];
extern const size_t move_parking_size;

#endif
