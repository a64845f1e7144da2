/*
 * The state of one run: what its tracers share. There are no globals.
 */
#ifndef COFFER_SUPERVISOR_SUPERVISOR_H
#define COFFER_SUPERVISOR_SUPERVISOR_H

#include "supervisor/stop_counts.h"
#include "supervisor/task.h"
#include "supervisor/tracer.h"
#include "supervisor/violation.h"

#include <pthread.h>
#include <signal.h>

struct supervisor {
    /*
     * Guards all that follows but what is set before the first tracee runs, and the view. Held for one event at a time:
     * what takes long (large copies) is done by workers.
     */
    pthread_mutex_t lock;

    struct view *view;      /* borrowed */
    struct task *tasks;     /* every thread by its tid */
    struct task *parked;    /* those that wait for a worker of the view */
    struct tracer *tracers; /* one a CPU, or a single one; the first is that which starts the command */
    int tracer_count;
    cpu_set_t cpus;                /* those that coffer was started with */
    struct violations *violations; /* borrowed */
    int hidden_fd;                 /* the number under which every process keeps the layer's directory, or -1 */
    uint64_t system_call_offset;   /* of a `syscall` instruction in the vdso, 0: none */

    uint64_t ia32_system_call_offset; /* of an `int $0x80` in the vdso of 32-bit programs, 0: not known yet, or none */
    uint64_t ia32_parking_offset;     /* of room for a parking place there */
    uint64_t parking_offset;          /* of room for a parking place in the vdso, 0: none */

    pid_t main; /* the command's first process */
    int main_pidfd;
    uint64_t programs;  /* that have been executed */
    bool main_executed; /* the command itself began to run */
    bool main_ended;
    int main_status; /* its wait status */
    bool quiet;

    int stop_signal;     /* what stopped the command last */
    int stop_wanted;     /* the command is stopped and coffer has to be: at once, in so many ticks, or (-1) with all */
    int continue_wanted; /* coffer was continued: in so many ticks the command is, too, if it has not been */
    int ticks_to_wait_line; /* until the user is told what coffer still waits for */
    bool end_wanted;        /* the user does not want to wait for what the command left running */
    bool over;              /* every tracee has ended */

    bool watch_wanted;              /* some task is to be interrupted: see watch.h */
    unsigned move_every, moves_due; /* see move_for_test() in placement.c */

    struct control *control; /* see control.c */
    struct notes *notes;     /* of what is recorded, or NULL; see notes.h */
    bool observes;           /* calls go through as they were made, and are recorded */
    int listener;            /* of the filter, or -1; see grant.h */
    bool granting;           /* granter runs */
    pthread_t granter;
    struct stop_counts count;
};

#endif
