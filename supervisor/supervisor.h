/*
 * The state of one tracer: one thread with the tracees that it attached. There are no globals, so that
 * there can be one of these for each CPU.
 */
#ifndef COFFER_SUPERVISOR_SUPERVISOR_H
#define COFFER_SUPERVISOR_SUPERVISOR_H

#include "supervisor/notice.h"
#include "supervisor/stop_counts.h"
#include "supervisor/task.h"

#include <signal.h>

struct supervisor {
    pid_t pid;                   /* of coffer itself */
    struct view *view;           /* borrowed */
    struct task *tasks;          /* every thread by its tid */
    struct task *parked;         /* those that wait for a worker of the view */
    struct notices *notices;     /* borrowed */
    uint64_t system_call_offset; /* of a `syscall` instruction in the vdso, 0: none */

    pid_t main; /* the command's first process */
    int main_pidfd;
    bool main_executed;               /* the command itself began to run */
    volatile sig_atomic_t main_ended; /* read by the signal handler */
    int main_status;                  /* its wait status */
    bool quiet;

    int held;        /* tasks in state HELD */
    int stop_signal; /* what stopped the command last */
    int stop_wanted; /* the command is stopped and coffer has to be: at once, in so many ticks, or (-1) with all */
    int ticks_to_wait_line; /* until the user is told what coffer still waits for */
    bool ticking;           /* the timer is on */
    /* Set by the signal handler: the user does not want to wait for what the command left running. */
    volatile sig_atomic_t end_wanted;

    struct stop_counts count;
};

#endif
