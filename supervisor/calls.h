/*
 * The calls that are about processes and not about files.
 */
#ifndef COFFER_SUPERVISOR_CALLS_H
#define COFFER_SUPERVISOR_CALLS_H

#include "supervisor/task.h"

/* Answers task->call in task->answer when it is one of these; else returns false. */
bool calls_answer(struct task *task);

/* At the exit stop of a call that calls_answer() answered. */
void calls_exit(struct task *task, int64_t result);

#endif
