/*
 * After an exec: the new program gets its scratch memory, and AT_EXECFN shows its name in the view.
 *
 * The scratch is mapped by the tracee itself, with an mmap() made for it at the vdso's `syscall`
 * instruction before its first own instruction runs. This is the only call that coffer ever adds.
 */
#ifndef COFFER_SUPERVISOR_EXEC_H
#define COFFER_SUPERVISOR_EXEC_H

#include "supervisor/task.h"

/* Where the vdso of this kernel has a `syscall` instruction, as an offset; 0 when it has none. */
uint64_t exec_find_system_call(void);

/*
 * Where the vdso has room for the code of a parking place (move.h), as an offset; 0 when it has none: the end of its
 * last page, behind all that a program reads of it. The kernel maps the vdso privately and lets a debugger write there.
 */
uint64_t exec_find_parking(void);

/*
 * At EVENT_EXEC, once the task has its new address space; the task's answer is that of its exec. When an
 * injection begins, task->injection is set and the task is to be resumed to its next call stop; else
 * everything is done.
 */
void exec_begin(struct task *task);

/* At each call stop while task->injection is set; clears it at the last one. */
void exec_step(struct task *task);

/* A signal is to be delivered while task->injection is set: true when it is kept back until the end. */
bool exec_hold_signal(struct task *task, int signal);

/* Forgets an injection; harmless without one. */
void exec_abandon(struct task *task);

#endif
