/*
 * Watching the calls of processes that hold a file open which the view shows a copy of by now (emul/stale.h).
 *
 * read() and its like cause no stop. Only where a process holds such a descriptor, all its calls are seen, by
 * PTRACE_SYSCALL, and what those few gave is put right when they return. That is slow, and rare: most files that are
 * changed are open nowhere else, which the kernel is asked first.
 */
#ifndef COFFER_SUPERVISOR_WATCH_H
#define COFFER_SUPERVISOR_WATCH_H

#include "supervisor/task.h"

/*
 * After the view has answered a call: when a file was copied that somebody has open, looks who, and has them watched
 * from now on. True when the call must wait, parked, with the answer that it has, until other tracers have interrupted
 * theirs (task->watch_waits).
 */
bool watch_look(struct task *task);

/* At a stop of a system call that nobody else wanted. */
void watch_call_stop(struct task *task);

/*
 * At the stop that such an interruption leads to. The kernel makes most calls again that it cuts off; some end with
 * EINTR though no signal came (signal(7), "Interruption of system calls and library functions by stop signals").
 */
void watch_halted(struct task *task);

/* Interrupts the tasks of this tracer that are to be watched. */
void watch_interrupt(struct tracer *tracer);

#endif
