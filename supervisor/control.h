/*
 * The thread that is no tracer: it forks the command, takes the signals that are sent to coffer, and keeps time for
 * what cannot wait for an event of a tracee.
 *
 * A thread's wait4() also sees the stops of its own children, whoever traces them; so the thread that forks the
 * command must be one that waits for nobody.
 */
#ifndef COFFER_SUPERVISOR_CONTROL_H
#define COFFER_SUPERVISOR_CONTROL_H

#include "supervisor/signals.h"
#include "supervisor/supervisor.h"

/* What the command's process does after the fork; does not return. */
typedef void control_child(void *context);

/* Starts the thread, which forks. The child's pid is in supervisor->main. 0 or -errno. */
int control_start(struct supervisor *supervisor, const struct signals *signals, control_child *child, void *context);

/* From now on signals are passed on to the command, and time is kept; supervisor->main_pidfd must be set. */
void control_begin(struct supervisor *supervisor);

/* After each event, under the lock: time has to be kept if it was not before, or all is over. */
void control_look(struct supervisor *supervisor);

/* Ends the thread and frees what it had; harmless when there is none. */
void control_end(struct supervisor *supervisor);

#endif
