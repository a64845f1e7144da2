/*
 * Waiting for tracees, with a bell.
 */
#ifndef COFFER_SUPERVISOR_WAIT_H
#define COFFER_SUPERVISOR_WAIT_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/types.h>

/* The signal that interrupts wait_event() and wait_bell(). */
enum { BELL_SIGNAL = SIGURG };

/* Installs the bell's handler for the whole process. */
void wait_prepare(void);

/*
 * The next event of the calling thread's tracees and children. Returns its tid with *status as of waitpid(2)
 * and *usage of who has ended, or
 * -EINTR when *rung is not 0 (a bell that was rung before or at any moment of the wait is never missed), or -ECHILD.
 */
pid_t wait_event(const atomic_int *rung, int *status, struct rusage *usage);

/* For a thread that has no tracees: returns when *rung is not 0, and sometimes earlier. */
void wait_bell(atomic_int *rung);

/* Sets *rung, and interrupts the thread if it waits. */
void wait_ring(pthread_t thread, atomic_int *rung);

#endif
