#include "supervisor/event.h"

#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* PTRACE_O_TRACESYSGOOD marks the stops of system calls with this bit. */
enum { SYSTEM_CALL_SIGNAL = SIGTRAP | 0x80 };

static enum event_kind stop_kind(int event)
{
    switch (event) {
    case PTRACE_EVENT_SECCOMP:
        return EVENT_CALL;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        return EVENT_CHILD;
    case PTRACE_EVENT_EXEC:
        return EVENT_EXEC;
    case PTRACE_EVENT_STOP:
        return EVENT_HALT;
    case 0:
        return EVENT_SIGNAL;
    default:
        return EVENT_OTHER;
    }
}

struct event event_decode(pid_t tid, int status)
{
    struct event event = {.tid = tid, .kind = EVENT_OTHER, .status = status};
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        event.kind = EVENT_ENDED;
    } else if (WIFSTOPPED(status)) {
        event.signal = WSTOPSIG(status);
        event.kind = event.signal == SYSTEM_CALL_SIGNAL ? EVENT_CALL_STOP : stop_kind((int)((unsigned)status >> 16));
    }
    return event;
}
