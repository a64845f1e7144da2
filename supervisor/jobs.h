/*
 * Job control: when the command is stopped from the terminal, the shell must see coffer stopped.
 */
#ifndef COFFER_SUPERVISOR_JOBS_H
#define COFFER_SUPERVISOR_JOBS_H

#include "supervisor/supervisor.h"

/* A task has come to rest in a stop by this signal. May stop coffer itself, until it is continued. */
void jobs_stopped(struct supervisor *supervisor, const struct task *task, int signal);

/* A task goes on after a stop. */
void jobs_continued(struct supervisor *supervisor, const struct task *task);

/* At each tick. */
void jobs_tick(struct supervisor *supervisor);

#endif
