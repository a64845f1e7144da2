/*
 * A traced thread as emul/ sees it.
 */
#ifndef COFFER_SUPERVISOR_CALLER_H
#define COFFER_SUPERVISOR_CALLER_H

#include "supervisor/task.h"

/* Valid until the task is resumed. */
struct caller caller_of(struct task *task);

#endif
