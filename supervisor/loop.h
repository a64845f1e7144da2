/*
 * The loop: what becomes of one event after the other. Everything here is called under the supervisor's lock.
 */
#ifndef COFFER_SUPERVISOR_LOOP_H
#define COFFER_SUPERVISOR_LOOP_H

#include "supervisor/event.h"
#include "supervisor/supervisor.h"

/* An event of a tracee, or of a worker, of the calling tracer. */
void loop_dispatch(struct tracer *tracer, const struct event *event);

/* What the calling tracer's bell was rung for: workers that ended elsewhere, children whose parents never told of them.
 */
void loop_left_over(struct tracer *tracer);

/* The kernel says that the calling tracer has no tracee: whoever stands in the table as its own is no more. */
void loop_alone(struct tracer *tracer);

/* Whether every tracee has ended; every tracer is told when it becomes so. */
bool loop_over(struct supervisor *supervisor);

/* The command's first process has ended with this wait status. */
void loop_main_ended(struct supervisor *supervisor, int status);

/* The user does not want to wait: kills everything that runs and will run. */
void loop_end_all(struct supervisor *supervisor);

/* What cannot wait for an event, every 100 ms while it is needed. */
bool loop_tick_needed(const struct supervisor *supervisor);
void loop_tick(struct supervisor *supervisor);

#endif
