#include "supervisor/control.h"

#include "supervisor/ask.h"
#include "supervisor/loop.h"
#include "supervisor/placement.h"
#include "supervisor/wait.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A tick of the loop is five of the placement's. */
enum { TICK_MS = 100, PLACEMENT_TICK_MS = 20 };

struct control {
    struct supervisor *supervisor;
    const struct signals *signals;
    control_child *child;
    void *context;
    pthread_t thread;
    sem_t forked, begin;
    int status;     /* of the fork */
    int tick;       /* ms until the next one as others know it, 0: it waits for signals alone; under the lock */
    int since_loop; /* ms since the last tick of the loop */
    bool cancelled; /* nothing was started */
};

/*
 * Signals from the kernel came from the terminal, and the command has got them too. pidfd_send_signal(): the
 * command's pid may be somebody else's by now.
 */
static void take_signal(struct supervisor *supervisor, const siginfo_t *info)
{
    int signal = info->si_signo;
    if (signal == SIGINT || signal == SIGQUIT || signal == SIGTERM || signal == SIGHUP)
        ask_interrupt(supervisor->violations->ask);
    if (supervisor->main_ended) {
        if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
            loop_end_all(supervisor);
    } else if (info->si_code != SI_KERNEL) {
        (void)syscall(SYS_pidfd_send_signal, supervisor->main_pidfd, signal, NULL, 0);
    }
}

static int tick_wanted(const struct supervisor *supervisor)
{
    if (placement_tick_needed(supervisor))
        return PLACEMENT_TICK_MS;
    return loop_tick_needed(supervisor) ? TICK_MS : 0;
}

static void tick(struct control *control, int passed)
{
    control->since_loop += passed;
    placement_tick(control->supervisor);
    if (control->since_loop < TICK_MS)
        return;
    control->since_loop = 0;
    loop_tick(control->supervisor);
}

static void serve(struct control *control)
{
    struct supervisor *supervisor = control->supervisor;
    (void)pthread_mutex_lock(&supervisor->lock);
    while (!supervisor->over) {
        siginfo_t info;
        const int wanted = tick_wanted(supervisor);
        const struct timespec time = {.tv_nsec = wanted * 1000000L};
        control->tick = wanted;
        (void)pthread_mutex_unlock(&supervisor->lock);
        int signal = wanted == 0 ? sigwaitinfo(&control->signals->taken, &info)
                                 : sigtimedwait(&control->signals->taken, &info, &time);
        int error = errno;
        (void)pthread_mutex_lock(&supervisor->lock);
        if (signal < 0 && error == EAGAIN)
            tick(control, wanted);
        else if (signal > 0 && signal != BELL_SIGNAL)
            take_signal(supervisor, &info);
    }
    (void)pthread_mutex_unlock(&supervisor->lock);
}

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) < 0 && errno == EINTR)
        continue;
}

static void *run_thread(void *context)
{
    struct control *control = context;
    pid_t pid = fork();
    if (pid == 0)
        control->child(control->context);
    control->status = pid < 0 ? -errno : 0;
    control->supervisor->main = pid;
    (void)sem_post(&control->forked);
    wait_for(&control->begin);
    if (!control->cancelled)
        serve(control);
    return NULL;
}

static void release(struct supervisor *supervisor)
{
    struct control *control = supervisor->control;
    (void)sem_destroy(&control->forked);
    (void)sem_destroy(&control->begin);
    free(control);
    supervisor->control = NULL;
}

int control_start(struct supervisor *supervisor, const struct signals *signals, control_child *child, void *context)
{
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return -ENOMEM;
    *control = (struct control){.supervisor = supervisor, .signals = signals, .child = child, .context = context};
    (void)sem_init(&control->forked, 0, 0);
    (void)sem_init(&control->begin, 0, 0);
    supervisor->control = control;
    int error = pthread_create(&control->thread, NULL, run_thread, control);
    if (error != 0) {
        release(supervisor);
        return -error;
    }
    wait_for(&control->forked);
    if (control->status < 0) {
        int status = control->status;
        control_end(supervisor);
        return status;
    }
    return 0;
}

void control_begin(struct supervisor *supervisor)
{
    (void)sem_post(&supervisor->control->begin);
}

void control_look(struct supervisor *supervisor)
{
    struct control *control = supervisor->control;
    int wanted = supervisor->over ? 1 : tick_wanted(supervisor);
    if (wanted == 0 || (control->tick != 0 && control->tick <= wanted))
        return;
    control->tick = wanted; /* it is told once */
    (void)pthread_kill(control->thread, BELL_SIGNAL);
}

void control_end(struct supervisor *supervisor)
{
    struct control *control = supervisor->control;
    if (control == NULL)
        return;
    if (!supervisor->over) {
        control->cancelled = true;
        (void)sem_post(&control->begin);
    }
    (void)pthread_join(control->thread, NULL);
    release(supervisor);
}
