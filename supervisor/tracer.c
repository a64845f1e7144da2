#include "supervisor/tracer.h"

#include "supervisor/loop.h"
#include "supervisor/move.h"
#include "supervisor/placement.h"
#include "supervisor/supervisor.h"
#include "supervisor/wait.h"
#include "supervisor/watch.h"

#include <errno.h>

/* A worker that copies a tree is a fork, on the same stack: 600 bytes for each level of directories. Only what is used
 * is memory. */
enum { STACK_SIZE = 16 << 20, PATIENCE = 20 };

void tracer_ring(struct tracer *tracer)
{
    if (tracer->started)
        wait_ring(tracer->thread, &tracer->rung);
}

static void flush(struct tracer *tracer)
{
    struct resumption next = tracer->resumption;
    if (next.tid == 0)
        return;
    tracer->resumption.tid = 0;
    if (next.to_call)
        (void)trace_continue_to_call(next.tid, next.signal);
    else
        (void)trace_continue(next.tid, next.signal);
}

void tracer_resume(struct tracer *tracer, pid_t tid, int signal, bool to_call)
{
    flush(tracer);
    tracer->resumption = (struct resumption){.tid = tid, .signal = signal, .to_call = to_call};
}

/* What others have left for this tracer. */
static void look_around(struct tracer *tracer)
{
    atomic_store(&tracer->rung, 0);
    move_arrivals(tracer);
    watch_interrupt(tracer);
    loop_left_over(tracer);
}

/*
 * An event is served in a few microseconds, and a sleeping thread takes ten times as long to wake: so a little patience
 * first.
 */
static void lock(struct supervisor *supervisor)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (pthread_mutex_trylock(&supervisor->lock) == 0)
            return;
        for (int j = 0; j < 32; j++)
            __builtin_ia32_pause();
    }
    (void)pthread_mutex_lock(&supervisor->lock);
}

/* A call is read before the lock is taken, and its caller goes on after the lock is free. */
static bool serve(struct tracer *tracer, pid_t tid, int status)
{
    struct supervisor *supervisor = tracer->supervisor;
    struct event event = event_decode(tid, status);
    if (event.kind == EVENT_CALL)
        tracer->call_status = trace_get_call(tid, &tracer->call);
    lock(supervisor);
    loop_dispatch(tracer, &event);
    bool over = loop_over(supervisor);
    (void)pthread_mutex_unlock(&supervisor->lock);
    flush(tracer);
    return over;
}

static bool answer_bell(struct tracer *tracer)
{
    struct supervisor *supervisor = tracer->supervisor;
    lock(supervisor);
    look_around(tracer);
    bool over = loop_over(supervisor);
    (void)pthread_mutex_unlock(&supervisor->lock);
    flush(tracer);
    return over;
}

/* Without tracees, until another tracer leaves something or all is over. */
static void wait_alone(struct tracer *tracer)
{
    struct supervisor *supervisor = tracer->supervisor;
    lock(supervisor);
    loop_alone(tracer);
    bool over = loop_over(supervisor);
    (void)pthread_mutex_unlock(&supervisor->lock);
    if (!over)
        wait_bell(&tracer->rung);
}

static void run(struct tracer *tracer)
{
    placement_enter(tracer);
    bool over = answer_bell(tracer);
    while (!over) {
        int status;
        pid_t tid = wait_event(&tracer->rung, &status, &tracer->usage);
        if (tid > 0) {
            over = serve(tracer, tid, status);
        } else {
            if (tid == -ECHILD)
                wait_alone(tracer);
            over = answer_bell(tracer);
        }
    }
    placement_leave(tracer);
}

static void *run_thread(void *context)
{
    run(context);
    return NULL;
}

int tracer_start(struct tracer *tracer)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return -error;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    error = pthread_create(&tracer->thread, &attributes, run_thread, tracer);
    (void)pthread_attr_destroy(&attributes);
    tracer->started = error == 0;
    return -error;
}

void tracers_run(struct supervisor *supervisor)
{
    struct tracer *first = &supervisor->tracers[0];
    first->thread = pthread_self();
    first->started = true;
    run(first);
    for (int i = 1; i < supervisor->tracer_count; i++)
        if (supervisor->tracers[i].started)
            (void)pthread_join(supervisor->tracers[i].thread, NULL);
    while (supervisor->tasks != NULL)
        task_remove(supervisor->tasks);
}
