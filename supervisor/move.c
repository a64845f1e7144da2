#include "supervisor/move.h"

#include "supervisor/credentials.h"
#include "supervisor/loop.h"
#include "supervisor/placement.h"
#include "supervisor/supervisor.h"
#include "supervisor/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <utlist.h>

struct parked_state {
    struct user_regs_struct registers; /* with which it goes on */
    uint64_t mask;
};

/*
 * Some fifteen seconds of CPU time, where a hand-over takes 0.1 ms, and more while others want the CPU; then an invalid
 * instruction, whose SIGILL no mask blocks.
 */
const unsigned char move_parking_code[] = {
    0xb9, 0x00, 0x00, 0x00, 0x20, /*     mov $0x20000000, %ecx */
    0xf3, 0x90,                   /* 1:  pause */
    0xff, 0xc9,                   /*     dec %ecx */
    0x75, 0xfa,                   /*     jne 1b */
    0x0f, 0x0b,                   /*     ud2 */
};
const size_t move_parking_size = sizeof move_parking_code;

static int park(struct task *task, enum move_from from, struct parked_state *state)
{
    int status = trace_get_registers(task->tid, &state->registers);
    if (status == 0)
        status = trace_get_mask(task->tid, &state->mask);
    if (status < 0)
        return status;
    struct user_regs_struct parked = state->registers;
    parked.rip = task->space->parking;
    parked.orig_rax = (uint64_t)-1; /* no call is made, and none restarted */
    parked.rax = 0;
    if (from == MOVE_FROM_CALL)
        trace_rewind_call(&state->registers);
    status = trace_set_mask(task->tid, ~UINT64_C(0));
    return status < 0 ? status : trace_set_registers(task->tid, &parked);
}

bool move_begin(struct task *task, struct tracer *to, enum move_from from)
{
    if (task->space->parking == 0 || task->process->in_exec > 0 || (!to->started && tracer_start(to) < 0))
        return false;
    struct parked_state *state = calloc(1, sizeof *state);
    if (state == NULL || scratch_write_parking(task->space, task->tid) < 0 || park(task, from, state) < 0) {
        free(state);
        return false;
    }
    task->parked_state = state;
    task->state = TASK_MOVING;
    task->process->moving++;
    task->tracer = to;
    DL_APPEND2(to->arrivals, task, previous_parked, next_parked);
    (void)trace_detach(task->tid);
    tracer_ring(to);
    return true;
}

/*
 * The task could not be attached. It was killed meanwhile, alone or by another thread's exec; that thread may even have
 * its number now (it is traced, and its own tracer hears of it). Should anything else ever be the reason, it must not
 * go on.
 */
static void give_up(struct task *task, int error)
{
    struct supervisor *supervisor = task->supervisor;
    struct relations relations = {.state = 'X'};
    int status = 0;
    if (error != -ESRCH && credentials_read_relations(task->tid, &relations) == 0 && relations.tracer == 0 &&
        relations.state != 'Z' && relations.state != 'X')
        (void)kill(task->process->tgid, SIGKILL);
    if (task->tid == supervisor->main && relations.tracer == 0 && waitpid(task->tid, &status, __WALL) == task->tid)
        loop_main_ended(supervisor, status);
    task_remove(task);
}

bool move_holds_exec(const struct task *task)
{
    return task->process->moving > 0;
}

/* The last one of a process lets its execs go on. */
static void end_moving(struct task *task)
{
    task->state = TASK_ARRIVING;
    if (--task->process->moving > 0)
        return;
    struct task *other;
    DL_FOREACH2(task->supervisor->parked, other, next_parked)
    {
        if (other->process != task->process || other->answer.worker != MOVE_WORKER)
            continue;
        other->worker_done = true;
        tracer_ring(other->tracer);
    }
}

static void attach(struct task *task)
{
    int error = trace_seize(task->tid);
    end_moving(task);
    if (error == 0)
        (void)trace_interrupt(task->tid);
    else
        give_up(task, error);
}

void move_arrivals(struct tracer *tracer)
{
    struct task *task, *next;
    DL_FOREACH_SAFE2(tracer->arrivals, task, next, next_parked)
    {
        DL_DELETE2(tracer->arrivals, task, previous_parked, next_parked);
        attach(task);
    }
}

/* Not earlier: on its way it must not take the time of the CPU on which it is to be attached. */
void move_end(struct task *task)
{
    placement_pin(task);
    (void)trace_set_registers(task->tid, &task->parked_state->registers);
    (void)trace_set_mask(task->tid, task->parked_state->mask);
    free(task->parked_state);
    task->parked_state = NULL;
    task->state = TASK_RUNNING;
}

void move_abandon(struct task *task)
{
    if (task->state == TASK_MOVING) {
        DL_DELETE2(task->tracer->arrivals, task, previous_parked, next_parked);
        end_moving(task);
    }
    free(task->parked_state);
    task->parked_state = NULL;
}
