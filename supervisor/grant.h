/*
 * Descriptors that the supervisor gives to a caller, as what his open returns: see emul/open_grant.c for whom.
 *
 * At the stop of such a call two argument registers that no open uses are marked, and the call goes on: the filter,
 * which the kernel asks again after a stop, says SECCOMP_RET_USER_NOTIF now, and the caller waits. A thread that reads
 * the filter's listener opens the file and has the kernel put it into the caller's table (SECCOMP_IOCTL_NOTIF_ADDFD).
 * So the caller has made the one call that it made, and gets its result; at its exit stop the registers are put back.
 * A program that marks its registers itself waits until the thread runs, and is told ENOSYS.
 */
#ifndef COFFER_SUPERVISOR_GRANT_H
#define COFFER_SUPERVISOR_GRANT_H

#include "supervisor/task.h"

/* The number that the command's process keeps the listener under until it is executed. */
#define GRANT_LISTENER_FD 3

/* In the command's process, once it has the listener of its filter. */
void grant_keep_listener(int listener);

/* At the command's first exec: takes its listener, if it has one. Harmless later. */
void grant_take_listener(struct task *task);

/* Marks the registers of a call whose answer is ANSWER_GRANT. 0, or why nobody could give anything. */
int grant_expect(struct supervisor *supervisor, uint64_t arguments[6]);

/* Every tracee has ended. */
void grant_end(struct supervisor *supervisor);

#endif
