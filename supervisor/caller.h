/*
 * A traced thread as emul/ sees it.
 */
#ifndef COFFER_SUPERVISOR_CALLER_H
#define COFFER_SUPERVISOR_CALLER_H

#include "supervisor/task.h"

/* Valid until the task is resumed. */
struct caller caller_of(struct task *task);

/* As caller_ops.place, of a struct task. */
int caller_place(void *context, const void *data, size_t size, uint64_t *address);

/* Tells the user, once a process, that a call could not be made because nothing could be placed for it. */
void caller_tell_unplaced(struct task *task);

#endif
