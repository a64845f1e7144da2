#include "supervisor/task.h"

#include "supervisor/credentials.h"
#include "supervisor/exec.h"
#include "supervisor/move.h"
#include "supervisor/notes.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

struct task *task_add(struct tracer *tracer, pid_t tid, enum task_state state)
{
    struct task *task = calloc(1, sizeof *task);
    if (task == NULL)
        return NULL;
    task->tid = tid;
    task->state = state;
    task->supervisor = tracer->supervisor;
    task->tracer = tracer;
    task->pidfd = -1;
    task_clear_answer(task);
    HASH_ADD_INT(tracer->supervisor->tasks, tid, task);
    return task;
}

struct task *task_find(struct supervisor *supervisor, pid_t tid)
{
    struct task *task;
    HASH_FIND_INT(supervisor->tasks, &tid, task);
    return task;
}

static void process_release(struct process *process)
{
    if (process != NULL && --process->count == 0)
        free(process);
}

static void identity_release(struct identity *identity)
{
    if (identity == NULL || --identity->count > 0)
        return;
    free(identity->credentials.groups);
    free(identity);
}

void task_remove(struct task *task)
{
    task_unpark(task);
    move_abandon(task);
    task_leave_exec(task);
    task_end_call(task);
    exec_abandon(task);
    HASH_DEL(task->supervisor->tasks, task);
    if (task->pidfd >= 0)
        (void)close(task->pidfd);
    if (task->fs != NULL)
        fs_context_release(task->fs);
    process_release(task->process);
    address_space_release(task->space);
    identity_release(task->identity);
    free(task);
}

void task_rename(struct task *task, pid_t tid)
{
    HASH_DEL(task->supervisor->tasks, task);
    task->tid = tid;
    HASH_ADD_INT(task->supervisor->tasks, tid, task);
}

static struct process *process_new(pid_t tgid)
{
    struct process *process = calloc(1, sizeof *process);
    if (process != NULL) {
        process->count = 1;
        process->tgid = tgid;
    }
    return process;
}

int task_found(struct task *task, struct fs_context *fs, uint64_t scratch, uint64_t parking)
{
    task->fs = fs;
    task->process = process_new(task->tid);
    task->space = address_space_new(scratch, parking);
    task->identity_stale = true;
    return task->process == NULL || task->space == NULL ? -ENOMEM : 0;
}

int task_inherit(struct task *child, const struct task *parent, uint64_t clone_flags)
{
    if (clone_flags & CLONE_THREAD) {
        child->process = parent->process;
        child->process->count++;
    } else {
        child->process = process_new(child->tid);
        if (child->process != NULL) {
            child->process->watched = parent->process->watched;
            child->process->has_filter = parent->process->has_filter;
            child->process->program = parent->process->program;
        }
    }
    if (clone_flags & CLONE_FILES && child->process != NULL)
        child->process->shares_descriptors = parent->process->shares_descriptors = true;
    child->space = clone_flags & CLONE_VM ? address_space_share(parent->space) : address_space_copy(parent->space);
    child->fs = clone_flags & CLONE_FS ? fs_context_share(parent->fs) : fs_context_copy(parent->fs);

    child->identity = parent->identity;
    if (child->identity != NULL)
        child->identity->count++;
    child->allowed = parent->allowed;
    child->loose = parent->loose;
    child->identity_stale = parent->identity_stale || child->identity == NULL;
    child->identity_changed = parent->identity_changed;
    return child->process == NULL || child->space == NULL || child->fs == NULL ? -ENOMEM : 0;
}

int task_renew_space(struct task *task)
{
    struct address_space *space = address_space_new(0, 0);
    if (space == NULL)
        return -ENOMEM;
    scratch_release(task->space, &task->pieces);
    address_space_release(task->space);
    task->space = space;
    return 0;
}

void task_clear_answer(struct task *task)
{
    memset(&task->answer, 0, sizeof task->answer);
    task->answer.finish.fd = -1;
}

void task_end_call(struct task *task)
{
    answer_release(&task->answer);
    noted_free(task->noted);
    task->noted = NULL;
    task_clear_answer(task);
    if (task->space != NULL)
        scratch_release(task->space, &task->pieces);
    task->exit_expected = false;
    task->ask_view = false;
    task->unplaced = false;
}

void task_enter_exec(struct task *task)
{
    if (!task->in_exec)
        task->process->in_exec++;
    task->in_exec = true;
}

void task_leave_exec(struct task *task)
{
    if (task->in_exec)
        task->process->in_exec--;
    task->in_exec = false;
}

void task_park(struct task *task)
{
    if (task->state == TASK_PARKED)
        return;
    task->state = TASK_PARKED;
    task->worker_done = false;
    DL_APPEND2(task->supervisor->parked, task, previous_parked, next_parked);
}

void task_unpark(struct task *task)
{
    if (task->state != TASK_PARKED)
        return;
    task->state = TASK_RUNNING;
    DL_DELETE2(task->supervisor->parked, task, previous_parked, next_parked);
}

static const struct credentials nobody = {
    .ruid = 65534,
    .euid = 65534,
    .suid = 65534,
    .fsuid = 65534,
    .rgid = 65534,
    .egid = 65534,
    .sgid = 65534,
    .fsgid = 65534,
};

const struct credentials *task_credentials(struct task *task)
{
    if (task->identity_stale) {
        struct identity *fresh = calloc(1, sizeof *fresh);
        if (fresh != NULL && credentials_read(task->tid, &fresh->credentials) == 0) {
            fresh->count = 1;
            identity_release(task->identity);
            task->identity = fresh;
            task->identity_stale = false;
        } else {
            /* The thread is gone or memory is short: rights that it may have given up must not be used. */
            free(fresh);
            return &nobody;
        }
    }
    return &task->identity->credentials;
}
