/*
 * The CPUs that a program may use, as it sees them: what it has set, or coffer was started with, and not the one that
 * coffer keeps it on.
 */
#ifndef COFFER_SUPERVISOR_AFFINITY_H
#define COFFER_SUPERVISOR_AFFINITY_H

#include "supervisor/task.h"

/* Answers sched_setaffinity() and sched_getaffinity(). */
void affinity_answer(struct task *task);

#endif
