/*
 * The credentials of a thread, from /proc/TID/status.
 */
#ifndef COFFER_SUPERVISOR_CREDENTIALS_H
#define COFFER_SUPERVISOR_CREDENTIALS_H

#include "emul/call.h"

/* Fills in a zeroed struct, whose groups the caller frees. 0 or -errno, and then it owns nothing. */
int credentials_read(pid_t tid, struct credentials *credentials);

/* The thread's process and that one's parent. 0 or -errno. */
int credentials_read_parent(pid_t tid, pid_t *tgid, pid_t *parent);

/* Which process traces a thread (0: none does), and the letter of its state. 0 or -errno. */
int credentials_read_tracer(pid_t tid, pid_t *tracer, char *state);

#endif
