/*
 * What waitpid() said, as one of a few kinds. Classifies and does nothing else.
 */
#ifndef COFFER_SUPERVISOR_EVENT_H
#define COFFER_SUPERVISOR_EVENT_H

#include <sys/types.h>

enum event_kind {
    EVENT_ENDED,     /* the thread (or another child of the supervisor) ended; status says how */
    EVENT_CALL,      /* a seccomp stop: the filter hands a call to the supervisor */
    EVENT_CALL_STOP, /* entry or exit of a system call that was asked for */
    EVENT_CHILD,     /* it made a child or a thread */
    EVENT_EXEC,      /* an exec succeeded */
    EVENT_HALT,   /* its own first stop, a stop of its whole process (signal is that of the stop), or the end of one */
    EVENT_SIGNAL, /* a signal is about to be delivered to it */
    EVENT_OTHER,  /* a stop that nobody asked for: go on */
};

struct event {
    pid_t tid;
    enum event_kind kind;
    int status; /* the wait status, of EVENT_ENDED */
    int signal; /* of EVENT_HALT (SIGTRAP: not stopped by a signal) and EVENT_SIGNAL */
};

/* status is what waitpid() stored for tid. */
struct event event_decode(pid_t tid, int status);

#endif
