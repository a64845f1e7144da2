#include "supervisor/jobs.h"

#include "supervisor/signals.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How many ticks others in the job get to settle (an editor resets the terminal before it stops). */
enum { SETTLE_TICKS = 2 };

static bool all_stopped(const struct supervisor *supervisor)
{
    for (const struct task *task = supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->state != TASK_LISTENING)
            return false;
    return true;
}

/* Nothing new has happened to the command since it stopped. */
static bool still_stopped(const struct supervisor *supervisor)
{
    siginfo_t info = {0};
    (void)waitid(P_PID, (id_t)supervisor->main, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL);
    return info.si_pid == 0;
}

/*
 * `fg` continues the whole process group, and the command with it; kill(coffer, SIGCONT) continues coffer alone,
 * which passes it on.
 */
static void stop_self(struct supervisor *supervisor)
{
    static const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    supervisor->stop_wanted = 0;
    signals_stop_self(supervisor->stop_signal);
    (void)nanosleep(&moment, NULL);
    if (still_stopped(supervisor))
        (void)syscall(SYS_pidfd_send_signal, supervisor->main_pidfd, SIGCONT, NULL, 0);
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
    }
    if (supervisor->stop_wanted != 0 && all_stopped(supervisor))
        stop_self(supervisor);
}

void jobs_continued(struct supervisor *supervisor, const struct task *task)
{
    if (task->tid == supervisor->main)
        supervisor->stop_wanted = 0;
}

void jobs_tick(struct supervisor *supervisor)
{
    if (supervisor->stop_wanted > 0 && --supervisor->stop_wanted == 0)
        stop_self(supervisor);
}
