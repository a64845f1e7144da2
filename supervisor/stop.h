/*
 * One call of a tracee, from its seccomp stop to its end.
 */
#ifndef COFFER_SUPERVISOR_STOP_H
#define COFFER_SUPERVISOR_STOP_H

#include "supervisor/task.h"

/* Lets a stopped task go on: to the exit stop of its call when there is one to come. */
void stop_resume(struct task *task, int signal);

/* At a seccomp stop: decides the call and lets the task go on, or parks it. */
void stop_serve(struct task *task);

/* At the exit stop of a call that was decided. */
void stop_finish(struct task *task);

/* A worker of the view has ended: the calls that waited for it are decided again, each by its own tracer. */
void stop_worker_ended(struct tracer *tracer, pid_t worker);

/* Decides the calls of this tracer whose worker has ended. */
void stop_serve_parked(struct tracer *tracer);

#endif
