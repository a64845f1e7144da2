#include "supervisor/stop.h"

#include "supervisor/ask.h"
#include "supervisor/caller.h"
#include "supervisor/calls.h"
#include "supervisor/grant.h"
#include "supervisor/hashes.h"
#include "supervisor/ia32.h"
#include "supervisor/move.h"
#include "supervisor/notes.h"
#include "supervisor/placement.h"
#include "supervisor/supervisor.h"
#include "supervisor/trace.h"
#include "supervisor/watch.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <utlist.h>

/* In the number of a call by the x32 interface. */
static const uint64_t X32_BIT = 0x40000000;

/* With these the kernel makes the call again, or lets it fail with EINTR, once it has dealt with a signal. */
enum {
    RESTART_SYS = -512,
    RESTART_NO_INTERRUPT = -513,
    RESTART_NO_HANDLER = -514,
    RESTART_BLOCK = -516,
};

static bool is_restart(int64_t result)
{
    return result == RESTART_SYS || result == RESTART_NO_INTERRUPT || result == RESTART_NO_HANDLER ||
           result == RESTART_BLOCK;
}

void stop_resume(struct task *task, int signal)
{
    bool watched = task->process != NULL && task->process->watched;
    tracer_resume(task->tracer, task->tid, signal, task->exit_expected || task->injection != NULL || watched);
}

static void refuse(struct task *task, int error)
{
    task->supervisor->count.answered++;
    (void)trace_answer(task->tid, -error);
    stop_resume(task, 0);
}

/* A call that is none of the table's. */
static void refuse_unknown(struct task *task)
{
    task->supervisor->count.stops++;
    task->supervisor->count.unknown++;
    refuse(task, ENOSYS);
}

static void tell_of_architecture(struct task *task)
{
    if (task->process->told_of_architecture)
        return;
    task->process->told_of_architecture = true;
    violation_notice(task->supervisor->violations, task->process->tgid, "x32 system calls are not supported");
}

/* Once a process: one that tries number after number must not fill the screen. */
static void tell_of_unknown(struct task *task, uint64_t number)
{
    if (task->process->told_of_unknown)
        return;
    task->process->told_of_unknown = true;
    char text[64];
    (void)snprintf(text, sizeof text, "system call %lld is not known to this version", (long long)(int64_t)number);
    violation_notice(task->supervisor->violations, task->process->tgid, text);
}

/*
 * libseccomp asks which flags the kernel knows by giving it no filter at all: that is no sandbox yet, and every
 * program that uses the library does so.
 */
static bool is_a_question(const struct call *call)
{
    return call->number == SYS_seccomp && call->args[2] == 0;
}

static void tell_of_refusal(struct task *task)
{
    char text[256];
    const struct call *call = &task->call;
    if (is_a_question(call))
        return;
    (void)snprintf(text, sizeof text, "%s: %s", call->row->name, table_told(call->row, call->args));
    violation_notice(task->supervisor->violations, task->process->tgid, text);
}

/* What the argument registers are to hold while the kernel makes the call. 0, or why it cannot be made. */
static int find_wanted(struct task *task)
{
    const struct answer *answer = &task->answer;
    const struct call *call = &task->call;
    memcpy(task->wanted, task->made, sizeof task->wanted);
    if (answer->kind == ANSWER_GRANT)
        return grant_expect(task->supervisor, task->wanted);
    if (call->shape == SHAPE_32_SOCKET)
        return ia32_place_block(task, answer->args, &task->wanted[1]);
    for (int i = 0; i < 6; i++)
        if (answer->args[i] != call->args[i])
            task->wanted[i] = answer->args[i];
    return 0;
}

/* The registers hold the caller's arguments until here. */
static void carry_out_rewritten(struct task *task)
{
    task->supervisor->count.rewritten++;
    for (int i = 0; i < 6; i++)
        if (task->wanted[i] != task->made[i])
            (void)trace_set_argument(task->tid, task->call.shape != SHAPE_64, i, task->wanted[i]);
    task->exit_expected = true;
}

static void carry_out_answer(struct task *task)
{
    const struct answer *answer = &task->answer;
    /* The name for AT_EXECFN is needed once more when the exec has succeeded. */
    bool keep = answer->want_exit || answer->finish.kind == FINISH_EXEC || task->noted != NULL;

    switch (answer->kind) {
    case ANSWER_CONTINUE:
        if (!keep)
            task_end_call(task);
        task->exit_expected = keep || task->in_exec;
        break;
    case ANSWER_RESULT:
        task->supervisor->count.answered++;
        (void)trace_answer(task->tid, answer->result);
        task_end_call(task);
        break;
    case ANSWER_REWRITE:
    case ANSWER_GRANT:
        carry_out_rewritten(task);
        break;
    case ANSWER_WAIT:
        task_park(task);
        return;
    }
    stop_resume(task, 0);
}

static bool is_rewritten(const struct task *task)
{
    return task->answer.kind == ANSWER_REWRITE || task->answer.kind == ANSWER_GRANT;
}

/* A call that was prepared and is not made, or not yet: nothing is left of it. */
static void undo_unmade(struct task *task)
{
    int64_t result = -EINTR;
    struct caller caller = caller_of(task);
    if (task->answer.want_exit)
        view_call_exit(task->supervisor->view, &caller, &task->call, &task->answer, &result);
}

/* What the kernel is to read of a call that was judged in memory is put where it stays what it was. */
static void prepare_rewritten(struct task *task)
{
    struct answer *answer = &task->answer;
    bool judged = ia32_is_judged_block(&task->call) && !task->supervisor->observes;
    if (answer->kind == ANSWER_CONTINUE && judged) {
        memcpy(answer->args, task->call.args, sizeof answer->args);
        answer->kind = ANSWER_REWRITE;
    }
    int status = is_rewritten(task) ? find_wanted(task) : 0;
    if (status < 0) {
        caller_tell_unplaced(task);
        if (answer->kind == ANSWER_GRANT)
            undo_unmade(task);
        task_end_call(task);
        answer->kind = ANSWER_RESULT;
        answer->result = status;
    }
}

/* The call is answered. */
static void settle(struct task *task)
{
    prepare_rewritten(task);
    if (task->answer.kind == ANSWER_RESULT)
        caller_tell_unplaced(task);
    bool made = task->answer.kind == ANSWER_CONTINUE || is_rewritten(task);
    (void)notes_settled(task);
    if (task->call.row->handler == HANDLER_EXEC && made && task->process->count > 1)
        task_enter_exec(task);
    carry_out_answer(task);
}

/* The call will be decided again: what was decided about it goes. */
static void park_for(struct task *task, pid_t worker)
{
    task_end_call(task);
    task->answer.kind = ANSWER_WAIT;
    task->answer.worker = worker;
    task_park(task);
}

/* Asks whoever knows the call of the task, which stays stopped meanwhile. */
static void decide(struct task *task)
{
    task_end_call(task);
    if (task->call.row->handler == HANDLER_EXEC && !task->supervisor->observes)
        grant_take_listener(task);
    if (task->call.row->handler == HANDLER_EXEC && move_holds_exec(task)) {
        park_for(task, MOVE_WORKER);
        return;
    }
    if (task->call.row->handler == HANDLER_NONE) {
        task->answer.kind = ANSWER_CONTINUE;
    } else if (!calls_answer(task)) {
        struct caller caller = caller_of(task);
        if (!notes_call(task, &caller)) {
            park_for(task, HASHES_WORKER);
            return;
        }
        /* Where calls are only recorded, all that emul/ would decide goes on as it was made. */
        if (task->supervisor->observes) {
            task->answer.kind = ANSWER_CONTINUE;
            settle(task);
            return;
        }
        violations_begin(task->supervisor->violations, task->tid);
        view_call(task->supervisor->view, &caller, &task->call, &task->answer);
        if (violations_end(task->supervisor->violations)) {
            park_for(task, ASK_WORKER);
            return;
        }
        task->ask_view = task->answer.want_exit;
        if (watch_look(task)) {
            (void)notes_settled(task); /* other calls are looked at meanwhile */
            task_park(task);
            return;
        }
    }
    settle(task);
}

/* The number decides and not what the filter said: a filter of the tracee's own may say the same. */
static enum verdict judge(struct task *task, const struct trace_call *made, int *error)
{
    struct call *call = &task->call;
    if (made->arch == AUDIT_ARCH_I386)
        return ia32_judge(task, made, call, error);
    const struct call_row *row =
        made->arch != AUDIT_ARCH_X86_64 || made->number > INT32_MAX ? NULL : table_row((long)made->number);
    if (row == NULL)
        return VERDICT_UNKNOWN;
    call->number = (long)made->number;
    call->row = row;
    call->shape = SHAPE_64;
    memcpy(call->args, made->args, sizeof call->args);
    return table_verdict(row, made->args, error);
}

void stop_serve(struct task *task)
{
    const struct trace_call made = task->tracer->call;
    if (task->tracer->call_status == -ESRCH)
        return;
    if (task->tracer->call_status < 0) {
        refuse_unknown(task);
        return;
    }
    if (placement_at_call(task))
        return;
    if (made.arch == AUDIT_ARCH_X86_64 && made.number & X32_BIT && made.number >> 31 == 0) {
        tell_of_architecture(task);
        refuse_unknown(task);
        return;
    }
    int error = ENOSYS;
    enum verdict verdict = judge(task, &made, &error);
    if (verdict != VERDICT_UNKNOWN && task->call.number >= 0)
        stop_counts_add(&task->supervisor->count, (uint64_t)task->call.number);
    switch (verdict) {
    case VERDICT_UNKNOWN:
        tell_of_unknown(task, made.number);
        refuse_unknown(task);
        return;
    case VERDICT_TELL:
        tell_of_refusal(task);
        refuse(task, error);
        return;
    case VERDICT_FAIL:
        refuse(task, error);
        return;
    case VERDICT_PASS:
        if (task->supervisor->notes != NULL && task->call.row->handler == HANDLER_ACCEPT)
            break;
        stop_resume(task, 0);
        return;
    case VERDICT_STOP:
        break;
    }
    memcpy(task->made, made.args, sizeof task->made);
    decide(task);
}

/*
 * Compilers rely on a system call's leaving its argument registers alone, and a call that is to be made again after
 * a signal must be seen as the tracee made it.
 */
static void restore_arguments(struct task *task)
{
    if (!is_rewritten(task))
        return;
    for (int i = 0; i < 6; i++)
        if (task->wanted[i] != task->made[i])
            (void)trace_set_argument(task->tid, task->call.shape != SHAPE_64, i, task->made[i]);
}

/* A call that was decided on what other threads have changed since; not for ever, should something else be wrong. */
static void make_again(struct task *task)
{
    enum { AGAIN_MAX = 64 };
    struct user_regs_struct registers;
    if (task->again_count++ >= AGAIN_MAX || trace_get_registers(task->tid, &registers) < 0)
        return;
    trace_rewind_call(&registers);
    (void)trace_set_registers(task->tid, &registers);
}

void stop_finish(struct task *task)
{
    int64_t result;
    if (trace_get_result(task->tid, &result) < 0)
        return;
    task->supervisor->count.exits++;
    restore_arguments(task);
    if (is_restart(result) && task->answer.kind == ANSWER_GRANT) {
        /* A signal came before anybody had opened anything: no handler makes an open of a file fail with EINTR. */
        undo_unmade(task);
        (void)trace_set_result(task->tid, RESTART_NO_INTERRUPT);
    } else if (!is_restart(result)) {
        int64_t told = result;
        if (task->ask_view) {
            struct caller caller = caller_of(task);
            view_call_exit(task->supervisor->view, &caller, &task->call, &task->answer, &told);
        } else {
            calls_exit(task, result);
        }
        if (!task->answer.again)
            notes_exit(task, told);
        if (told != result)
            (void)trace_set_result(task->tid, told);
        if (task->answer.again)
            make_again(task);
        else
            task->again_count = 0;
    } else {
        notes_exit(task, -EINTR); /* if the kernel makes it again, that is another call */
    }
    task_leave_exec(task);
    task_end_call(task);
    stop_resume(task, 0);
}

void stop_serve_parked(struct tracer *tracer)
{
    struct task *task, *next;
    DL_FOREACH_SAFE2(tracer->supervisor->parked, task, next, next_parked)
    {
        if (task->tracer != tracer || !task->worker_done)
            continue;
        task_unpark(task);
        if (task->watch_waits) {
            task->watch_waits = false;
            settle(task);
        } else {
            decide(task);
        }
    }
}

void stop_worker_ended(struct tracer *tracer, pid_t worker)
{
    struct task *task;
    DL_FOREACH2(tracer->supervisor->parked, task, next_parked)
    {
        if (task->answer.worker != worker)
            continue;
        task->worker_done = true;
        if (task->tracer != tracer)
            tracer_ring(task->tracer);
    }
    stop_serve_parked(tracer);
}
