/*
 * What the bench's two tracers share: starting a command that is traced from its first step, and letting a stopped
 * thread go on.
 */
#ifndef COFFER_BENCH_TRACEE_H
#define COFFER_BENCH_TRACEE_H

#include <linux/filter.h>
#include <sys/types.h>

/*
 * Starts the command, traced with these PTRACE_O_ options, and with the filter installed unless it is NULL. It ends
 * with the tracer. Returns its process id; prints why and returns -1 where that fails.
 */
pid_t tracee_start(char **argv, const struct sock_fprog *filter, unsigned long options);

/* Goes on after a stop with this wait status by PTRACE_CONT or PTRACE_SYSCALL: with its signal, or stopped still. */
void tracee_resume(pid_t tid, int status, int request);

/* What a shell would say of a command that ended with this wait status. */
int tracee_exit_status(int status);

#endif
