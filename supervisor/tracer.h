/*
 * A tracer: one thread with the tracees that it attached, on one CPU.
 *
 * A tracee answers only to the thread that attached it (ptrace(2)), and a stop is cheap only where both are on one
 * CPU: so there is one tracer a CPU, started when it is first needed. What tracers share is guarded by one lock, which
 * a tracer holds while it serves an event and never while it waits for one.
 */
#ifndef COFFER_SUPERVISOR_TRACER_H
#define COFFER_SUPERVISOR_TRACER_H

#include "supervisor/trace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct supervisor;
struct task;

/* How a tracee is to go on once the lock is free. */
struct resumption {
    pid_t tid; /* 0: none */
    int signal;
    bool to_call; /* to the next entry or exit of a system call */
};

struct tracer {
    struct supervisor *supervisor;
    int cpu; /* -1: none of its own */
    bool started;
    pthread_t thread;

    /* Rung: there is something to look at besides the events of tracees. */
    atomic_int rung;
    int held;              /* tasks in state HELD */
    struct task *arrivals; /* tasks that another tracer has detached for this one to attach */

    /* Of the event that is served. */
    int call_status; /* of reading the call at a seccomp stop */
    struct trace_call call;
    struct rusage usage; /* of who has ended */
    struct resumption resumption;

    /* See placement.c. */
    int delay_fd; /* /proc/thread-self/schedstat */
    uint64_t sampled_at, delay, last_event;
    unsigned crowded_samples;
    bool computing;
};

/* Waits and serves until the last tracee of all tracers has ended. The caller becomes the first tracer. */
void tracers_run(struct supervisor *supervisor);

/* Starts the thread of a tracer that is not the first one. Under the lock. 0 or -errno. */
int tracer_start(struct tracer *tracer);

/* Makes the tracer look at what was left for it. From any thread, under the lock or not. */
void tracer_ring(struct tracer *tracer);

/* The tracee goes on as soon as the event under way has been served. By its own tracer. */
void tracer_resume(struct tracer *tracer, pid_t tid, int signal, bool to_call);

#endif
