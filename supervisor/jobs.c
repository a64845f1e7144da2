#include "supervisor/jobs.h"

#include "supervisor/signals.h"

#include <sys/syscall.h>
#include <unistd.h>

/* How many ticks others in the job get to settle (an editor resets the terminal before it stops). */
enum { SETTLE_TICKS = 2 };

/* How many ticks the command gets to go on by itself once coffer does. */
enum { CONTINUE_TICKS = 2 };

static bool all_stopped(const struct supervisor *supervisor)
{
    for (const struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->state != TASK_LISTENING)
            return false;
    return true;
}

/*
 * `fg` continues the whole process group, and the command with it; kill(coffer, SIGCONT) continues coffer alone,
 * which passes it on if nothing is heard of the command: its event may have been taken by a tracer that waits for the
 * lock.
 */
static void stop_self(struct supervisor *supervisor)
{
    supervisor->stop_wanted = 0;
    signals_stop_self(supervisor->stop_signal);
    supervisor->continue_wanted = CONTINUE_TICKS;
}

/*
 * A SIGSTOP may come from a program in the view that will continue the command later: coffer must go on serving
 * that one, and stops only when everything has.
 */
void jobs_stopped(struct supervisor *supervisor, const struct task *task, int signal)
{
    if (task->tid == supervisor->main) {
        supervisor->stop_wanted = signal == SIGSTOP ? -1 : SETTLE_TICKS;
        supervisor->stop_signal = signal;
        supervisor->continue_wanted = 0;
    }
    if (supervisor->stop_wanted != 0 && all_stopped(supervisor))
        stop_self(supervisor);
}

void jobs_continued(struct supervisor *supervisor, const struct task *task)
{
    if (task->tid != supervisor->main)
        return;
    supervisor->stop_wanted = 0;
    supervisor->continue_wanted = 0;
}

void jobs_tick(struct supervisor *supervisor)
{
    if (supervisor->continue_wanted > 0 && --supervisor->continue_wanted == 0)
        (void)syscall(SYS_pidfd_send_signal, supervisor->main_pidfd, SIGCONT, NULL, 0);
    if (supervisor->stop_wanted > 0 && --supervisor->stop_wanted == 0)
        stop_self(supervisor);
}
