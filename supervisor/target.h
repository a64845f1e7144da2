/*
 * Calls that act on another process: they reach processes of the view alone. Landlock sees to that for most of them;
 * this holds without Landlock, and for limits and scheduling, which Landlock does not govern.
 */
#ifndef COFFER_SUPERVISOR_TARGET_H
#define COFFER_SUPERVISOR_TARGET_H

#include "supervisor/task.h"

/* Answers a call whose row has HANDLER_TARGET. */
void target_answer(struct task *task);

/* 0 when the process or thread is one of the view, or 0 for the caller itself; else what the call is to fail with. */
int target_check(const struct task *task, uint64_t pid);

/* The process behind a pidfd of the supervisor's; -EBADF: it is none, -ESRCH: its process was waited for. */
int target_of_pidfd(int pidfd);

#endif
