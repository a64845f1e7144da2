#include "supervisor/signals.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum { TICK_MICROSECONDS = 100000 };

/* Passed on to the command when they were sent to coffer alone. */
static const int forwarded[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP};

/* The one static variable: a signal handler is given nothing that could lead it to the supervisor. */
static struct supervisor *volatile served;

static void set_timer(bool on)
{
    struct itimerval timer = {0};
    if (on)
        timer.it_interval.tv_usec = timer.it_value.tv_usec = TICK_MICROSECONDS;
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * Signals from the kernel came from the terminal, and the command has got them too. pidfd_send_signal(): the
 * command's pid may be somebody else's by now.
 *
 * After the command's end, a signal between a look at end_wanted and waitpid() would not interrupt the latter;
 * the timer does.
 */
static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)context;
    struct supervisor *supervisor = served;
    int saved = errno;
    if (supervisor == NULL || getpid() != supervisor->pid)
        return; /* a worker of the view, which has inherited the handler */
    if (supervisor->main_ended) {
        if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) {
            supervisor->end_wanted = 1;
            set_timer(true);
        }
    } else if (info->si_code != SI_KERNEL) {
        (void)syscall(SYS_pidfd_send_signal, supervisor->main_pidfd, signal, NULL, 0);
    }
    errno = saved;
}

static void on_tick(int signal)
{
    (void)signal;
}

static void set_action(struct signals_saved *saved, int signal, const struct sigaction *action)
{
    (void)sigaction(signal, action, &saved->actions[signal]);
}

void signals_install(struct supervisor *supervisor, struct signals_saved *saved)
{
    for (int signal = 1; signal < NSIG; signal++)
        (void)sigaction(signal, NULL, &saved->actions[signal]);

    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigset_t open;
    (void)sigemptyset(&open);
    (void)sigfillset(&action.sa_mask);
    served = supervisor;
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++) {
        /* What was ignored at the start (nohup, a job of a shell in the background) stays ignored. */
        if (saved->actions[forwarded[i]].sa_handler == SIG_IGN)
            continue;
        set_action(saved, forwarded[i], &action);
        (void)sigaddset(&open, forwarded[i]);
    }

    action = (struct sigaction){.sa_handler = on_tick};
    set_action(saved, SIGALRM, &action);
    (void)sigaddset(&open, SIGALRM);
    /* With SIGCHLD ignored the kernel would not keep the ends of the tracees for waitpid(). */
    action.sa_handler = SIG_DFL;
    set_action(saved, SIGCHLD, &action);
    /* Notices of a coffer in the background must not stop it, nor a closed standard error end it. */
    action.sa_handler = SIG_IGN;
    set_action(saved, SIGTTOU, &action);
    set_action(saved, SIGPIPE, &action);
    (void)sigprocmask(SIG_UNBLOCK, &open, &saved->mask);
}

void signals_restore(const struct signals_saved *saved)
{
    set_timer(false);
    served = NULL;
    for (int signal = 1; signal < NSIG; signal++)
        (void)sigaction(signal, &saved->actions[signal], NULL);
    (void)sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

void signals_stop_self(int signal)
{
    struct sigaction before, action = {.sa_handler = SIG_DFL};
    sigset_t open, mask;
    (void)sigemptyset(&open);
    (void)sigaddset(&open, signal);
    /* SIGSTOP can neither be caught nor blocked: these fail, and nothing needs to be done. */
    bool caught = sigaction(signal, &action, &before) == 0;
    (void)sigprocmask(SIG_UNBLOCK, &open, &mask);
    (void)raise(signal);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    if (caught)
        (void)sigaction(signal, &before, NULL);
}

void signals_tick(struct supervisor *supervisor, bool on)
{
    if (supervisor->ticking == on)
        return;
    supervisor->ticking = on;
    set_timer(on);
}
