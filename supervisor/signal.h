/*
 * Signals that the programs of a view send: they reach processes of the view alone. From Landlock ABI 6 on the kernel
 * sees to that, and none of these calls stops; this is for older kernels and for runs without the lock.
 */
#ifndef COFFER_SUPERVISOR_SIGNAL_H
#define COFFER_SUPERVISOR_SIGNAL_H

#include "supervisor/task.h"

/* Answers a call whose row has HANDLER_SIGNAL: kill and its like, and fcntl() that says who gets a file's signals. */
void signal_answer(struct task *task);

#endif
