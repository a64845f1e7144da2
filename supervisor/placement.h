/*
 * Which tracee runs where.
 *
 * A stop is some ten times dearer when tracer and tracee are on different CPUs, so a tracee is kept on the CPU of its
 * tracer, by its affinity. What a program sees of its affinity is kept apart from that (affinity.h). A tracee that
 * shares its CPU with others while another tracer has nothing to do is handed over to that one; one that computes
 * without stops is let loose, and the kernel's own balancing finds it a CPU.
 */
#ifndef COFFER_SUPERVISOR_PLACEMENT_H
#define COFFER_SUPERVISOR_PLACEMENT_H

#include "supervisor/move.h"
#include "supervisor/supervisor.h"

/*
 * Makes the tracers: one for each CPU that coffer may use, beginning with the one it runs on; or one that is bound to
 * none when `free`, or when affinities cannot be set here. 0 or -ENOMEM. placement_free() releases them.
 */
int placement_new(struct supervisor *supervisor, bool free);
void placement_free(struct supervisor *supervisor);

/* The calling thread becomes, and is no longer, the tracer's. */
void placement_enter(struct tracer *tracer);
void placement_leave(struct tracer *tracer);

/* Sets the CPUs on which the task really runs. A call that fails changes nothing but the speed. */
void placement_pin(const struct task *task);

/* At a stop: hands the task to another tracer where that is better. True when it is on its way. */
bool placement_at_call(struct task *task);
bool placement_move(struct task *task, enum move_from from);

/* A task that was let loose, and starts a process, no longer only computes: both are kept on the tracer's CPU. */
void placement_at_fork(struct task *parent, pid_t child);

/* Looks for tracees that compute, every 20 ms while there are several. */
bool placement_tick_needed(const struct supervisor *supervisor);
void placement_tick(struct supervisor *supervisor);

#endif
