/*
 * The process table: who is traced, and which state belongs to a thread, to a process or to an
 * address space. Makes no ptrace request.
 */
#ifndef COFFER_SUPERVISOR_TASK_H
#define COFFER_SUPERVISOR_TASK_H

#include "emul/call.h"
#include "supervisor/scratch.h"

#include <sched.h>
#include <stdbool.h>
#include <uthash.h>

struct supervisor;
struct tracer;
struct injection;
struct noted;
struct parked_state;

enum task_state {
    TASK_EXPECTED, /* its parent told of it; its own first stop is still to come */
    TASK_HELD,     /* at its first stop, before its parent told of it: it must wait */
    TASK_GONE,     /* ended before its parent told of it */
    TASK_RUNNING,
    TASK_MOVING,    /* detached, and at its parking place until another tracer attaches it */
    TASK_ARRIVING,  /* attached again; its stop is still to come */
    TASK_PARKED,    /* at a seccomp stop, until a worker of the view has ended */
    TASK_LISTENING, /* stopped by job control */
};

/* State of a process, shared by its threads. Counted. */
struct process {
    int count;
    pid_t tgid;
    uint64_t program;          /* the number of the exec that it stems from */
    bool told_of_architecture; /* the user knows that it made x32 calls */
    bool told_of_int80;        /* and that it was refused one by `int $0x80` */
    bool told_of_unknown;      /* and that it made one that has no row */
    bool has_filter;           /* a seccomp filter of its own, or one that it has inherited */
    bool shares_descriptors;   /* with another process, or did once */
    int moving;                /* tasks in state MOVING; see move.h */
    bool watched;              /* it may hold a stale descriptor: all its calls are seen; see watch.h */
    unsigned watched_calls;    /* since that was last looked at */
    int in_exec;               /* tasks that are in an exec, where there are several */
};

/* Credentials as last read; shared by parent and children until one changes its own. Counted. */
struct identity {
    int count;
    struct credentials credentials;
};

/* A thread. */
struct task {
    pid_t tid;
    enum task_state state;
    struct supervisor *supervisor;
    struct tracer *tracer; /* who attached it, or is to do so */

    struct process *process;
    struct address_space *space;
    struct fs_context *fs;
    struct identity *identity;
    bool identity_stale;   /* read it again before it is used */
    bool identity_changed; /* it made a call that may have changed it, at any time */
    int pidfd;             /* of this thread, opened when it is first needed; -1 */

    struct call call;   /* the call it is in, while state is PARKED or exit_expected is true */
    uint64_t made[6];   /* the argument registers as the call was made with them */
    uint64_t wanted[6]; /* and, of a rewritten one, as the kernel is to find them */
    struct answer answer;
    struct noted *noted;    /* what is to be recorded of the call at its exit stop, or NULL */
    bool exit_expected;     /* to be resumed to the exit stop of its call */
    bool ask_view;          /* the view wants to hear of the exit */
    bool unplaced;          /* what should have been placed for the call lies where it cannot point to */
    bool watch_wanted;      /* to be interrupted by its tracer, so that its calls are seen; see watch.h */
    bool watch_interrupted; /* by its tracer for that; the stop is still to come */
    bool watch_waits;       /* parked until the tracers have done so; its answer is settled */
    bool in_exec;           /* counted in process->in_exec */
    unsigned again_count;   /* how often the call has been made again, one after the other */
    struct scratch_pieces pieces;
    uint64_t clone_flags;        /* of the clone3 it is in */
    struct injection *injection; /* the calls made for it after an exec, or NULL */

    bool restore_argument; /* a child made by a rewritten clone3: its first argument register is to be put back */
    bool first_is_ia32;    /* the clone3 was one of a 32-bit program */
    uint64_t first_argument;
    int first_stop; /* of TASK_HELD: the signal of its EVENT_HALT */
    int held_ticks;

    bool worker_done;                  /* of TASK_PARKED: the worker has ended */
    struct parked_state *parked_state; /* while it is moved: see move.c */

    cpu_set_t allowed;            /* the CPUs that the program may use, as it knows them */
    bool loose;                   /* it may run on all of them; else on its tracer's CPU alone */
    unsigned loose_stops;         /* since it was let loose, or for a while */
    uint64_t last_stop, moved_at; /* in ns; see placement.c */

    struct task *previous_parked, *next_parked; /* with state PARKED, or MOVING */
    UT_hash_handle hh;
};

/* A new entry without any of the shared state; NULL when out of memory. */
struct task *task_add(struct tracer *tracer, pid_t tid, enum task_state state);
struct task *task_find(struct supervisor *supervisor, pid_t tid);
/* Removes the entry and releases all it has. */
void task_remove(struct task *task);

/* Gives an entry another tid; there must be none of that tid. */
void task_rename(struct task *task, pid_t tid);

/* The first process: what nobody can hand down to it. fs becomes the task's. 0 or -ENOMEM. */
int task_found(struct task *task, struct fs_context *fs, uint64_t scratch, uint64_t parking);

/* A child gets from its parent what clone flags say. 0 or -ENOMEM. */
int task_inherit(struct task *child, const struct task *parent, uint64_t clone_flags);

/* After an exec: a fresh address space. 0 or -ENOMEM, and then nothing has changed. */
int task_renew_space(struct task *task);

/* The answer as it is before anybody has filled it in; what it owned must be released already. */
void task_clear_answer(struct task *task);

/* The call is over: releases the answer and what was placed for it. */
void task_end_call(struct task *task);

/* From the stop of an exec to its end, in a process of several threads. */
void task_enter_exec(struct task *task);
void task_leave_exec(struct task *task); /* harmless otherwise */

void task_park(struct task *task);
void task_unpark(struct task *task);

/* The thread's credentials, read again when they may have changed. Valid until the next call of this function. */
const struct credentials *task_credentials(struct task *task);

#endif
