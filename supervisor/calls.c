#include "supervisor/calls.h"

#include "supervisor/affinity.h"
#include "supervisor/caller.h"
#include "supervisor/memory.h"
#include "supervisor/signal.h"
#include "supervisor/supervisor.h"
#include "supervisor/target.h"

#include <dirent.h>
#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* A child that is not traced could make no path call, one beside its parent would escape the table; no namespaces. */
static const uint64_t refused_clone_flags = CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                            CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;

/* The sizes of struct clone_args that the kernel takes. */
enum { CLONE_ARGS_MIN = CLONE_ARGS_SIZE_VER0, CLONE_ARGS_MAX = 4096 };

static void set_result(struct task *task, int64_t result)
{
    task->answer.kind = ANSWER_RESULT;
    task->answer.result = result;
}

/* Whatever it does, and whether it succeeds: the credentials are read again before they are next used. */
static void answer_identity(struct task *task)
{
    task->identity_stale = true;
    task->identity_changed = true;
    task->answer.kind = ANSWER_CONTINUE;
}

/* While only one thread uses the memory, nobody can change the flags before the kernel has read them. */
static void answer_clone3(struct task *task)
{
    uint64_t size = task->call.args[1];
    task->answer.kind = ANSWER_CONTINUE;
    task->clone_flags = 0;
    if (size < CLONE_ARGS_MIN || size > CLONE_ARGS_MAX)
        return; /* the kernel refuses it: EINVAL or E2BIG */

    union {
        uint64_t flags; /* the first member of struct clone_args */
        char bytes[CLONE_ARGS_MAX];
    } arguments;
    int status = memory_read_all(task->tid, task->call.args[0], arguments.bytes, (size_t)size);
    if (status < 0) {
        /* Not the program's fault where its memory is closed to coffer: callers fall back on clone(). */
        set_result(task, status == -EFAULT ? status : -ENOSYS);
        return;
    }
    task->clone_flags = arguments.flags;
    if (arguments.flags & refused_clone_flags) {
        /* As clone() says it: the flags that both have mean the same. */
        const uint64_t same[6] = {arguments.flags & ~(uint64_t)CLONE_NEWTIME};
        char text[256];
        (void)snprintf(text, sizeof text, "clone3: %s", table_told(table_row(SYS_clone), same));
        if ((arguments.flags & refused_clone_flags) != CLONE_PARENT)
            violation_notice(task->supervisor->violations, task->process->tgid, text);
        set_result(task, -EPERM);
        return;
    }
    /* A child that nobody traces could make no path call; without the flag it is like any other. */
    bool untraced = (arguments.flags & CLONE_UNTRACED) != 0;
    if (task->supervisor->observes) {
        /* Nobody is kept from changing the flags meanwhile: who does has a child that can name no file. */
        if (untraced)
            set_result(task, -ENOSYS);
        return;
    }
    arguments.flags &= ~(uint64_t)CLONE_UNTRACED;
    if (task->space->count == 1 && !untraced)
        return;

    uint64_t copy;
    if (caller_place(task, arguments.bytes, (size_t)size, &copy) < 0) {
        /* Callers fall back on clone(), whose flags are in a register. */
        set_result(task, -ENOSYS);
        return;
    }
    task->answer.kind = ANSWER_REWRITE;
    for (int i = 0; i < 6; i++)
        task->answer.args[i] = task->call.args[i];
    task->answer.args[0] = copy;
}

static void answer_unshare_fs(struct task *task)
{
    task->answer.kind = ANSWER_CONTINUE;
    task->answer.want_exit = true;
}

/* From now on a call that coffer makes for the program after an exec may be one that its filter kills it for. */
static void answer_own_filter(struct task *task)
{
    task->process->has_filter = true;
    task->answer.kind = ANSWER_CONTINUE;
}

/* Never carried out: the supervisor, and a debugger in the view, could not read the memory any more. */
static void answer_dumpable(struct task *task)
{
    if ((int)task->call.args[0] == PR_SET_SECCOMP) {
        answer_own_filter(task);
    } else if ((int)task->call.args[0] == PRCTL_IN_VIEW) {
        set_result(task, 1);
    } else if ((int)task->call.args[0] == PR_GET_DUMPABLE) {
        set_result(task, task->space->dumpable);
    } else if (task->call.args[1] > 1) {
        set_result(task, -EINVAL);
    } else {
        task->space->dumpable = (int)task->call.args[1];
        set_result(task, 0);
    }
}

/* Whether the task has a descriptor above a number; the view does not list the hidden one. */
static bool has_descriptor_above(const struct task *task, unsigned number)
{
    char path[sizeof "/proc//fd" + 3 * sizeof task->tid];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)task->tid);
    DIR *stream = opendir(path);
    const struct dirent *entry;
    bool found = false;
    while (stream != NULL && !found && (entry = readdir(stream)) != NULL)
        found = strtoul(entry->d_name, NULL, 10) > number;
    if (stream != NULL)
        (void)closedir(stream);
    return found;
}

/*
 * Daemons close all that they may have inherited, and then become another user, who reaches the layer by one of these
 * descriptors alone. A range with it is cut short; where others lie beyond it, the kernel gets the range as it is.
 */
static void answer_close_range(struct task *task)
{
    const uint64_t *args = task->call.args;
    unsigned first = (unsigned)args[0], last = (unsigned)args[1], hidden = (unsigned)task->supervisor->hidden_fd;
    task->answer.kind = ANSWER_CONTINUE;
    if (task->supervisor->hidden_fd < 0 || first > hidden || last < hidden)
        return;
    bool beyond = last > hidden && has_descriptor_above(task, hidden);
    if (beyond && first < hidden)
        return;
    task->answer.kind = ANSWER_REWRITE;
    memcpy(task->answer.args, args, sizeof task->answer.args);
    if (first == hidden)
        task->answer.args[0] = hidden + 1;
    else
        task->answer.args[1] = hidden - 1;
    if (first == last)
        set_result(task, 0);
}

typedef void call_handler(struct task *task);

static call_handler *const handlers[HANDLER_COUNT] = {
    [HANDLER_IDENTITY] = answer_identity,     [HANDLER_CLONE3] = answer_clone3,
    [HANDLER_UNSHARE_FS] = answer_unshare_fs, [HANDLER_DUMPABLE] = answer_dumpable,
    [HANDLER_TARGET] = target_answer,         [HANDLER_AFFINITY] = affinity_answer,
    [HANDLER_OWN_FILTER] = answer_own_filter, [HANDLER_CLOSE_RANGE] = answer_close_range,
    [HANDLER_SIGNAL] = signal_answer,
};

bool calls_answer(struct task *task)
{
    call_handler *handler = handlers[task->call.row->handler];
    if (handler != NULL)
        handler(task);
    return handler != NULL;
}

void calls_exit(struct task *task, int64_t result)
{
    if (task->call.row->handler != HANDLER_UNSHARE_FS || result != 0)
        return;
    struct fs_context *own = fs_context_copy(task->fs);
    if (own == NULL)
        return; /* out of memory: it goes on sharing, which no program can rely on not to be so for long */
    fs_context_release(task->fs);
    task->fs = own;
}
