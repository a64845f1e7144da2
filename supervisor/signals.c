#include "supervisor/signals.h"

#include "supervisor/wait.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Passed on to the command when they were sent to coffer alone. */
static const int forwarded[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP};

void signals_block(struct signals *signals)
{
    for (int signal = 1; signal < NSIG; signal++)
        (void)sigaction(signal, NULL, &signals->actions[signal]);
    (void)sigemptyset(&signals->taken);
    (void)sigaddset(&signals->taken, BELL_SIGNAL);
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
        /* What was ignored at the start (nohup, a job of a shell in the background) stays ignored. */
        if (signals->actions[forwarded[i]].sa_handler != SIG_IGN)
            (void)sigaddset(&signals->taken, forwarded[i]);
    (void)pthread_sigmask(SIG_BLOCK, &signals->taken, &signals->mask);
}

void signals_in_child(const struct signals *signals)
{
    (void)pthread_sigmask(SIG_SETMASK, &signals->mask, NULL);
}

void signals_install(void)
{
    wait_prepare();
    /*
     * With SIGCHLD ignored the kernel would not keep the ends of the tracees for wait4(); without SA_NOCLDSTOP it
     * would send one at each stop.
     */
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    (void)sigaction(SIGCHLD, &action, NULL);
    /* Notices of a coffer in the background must not stop it, nor a closed standard error end it. */
    action = (struct sigaction){.sa_handler = SIG_IGN};
    (void)sigaction(SIGTTOU, &action, NULL);
    (void)sigaction(SIGPIPE, &action, NULL);
    /* A copy that is longer than even the hard limit is EFBIG for the program that wanted it. */
    (void)sigaction(SIGXFSZ, &action, NULL);
    /* A tracer hears its bell; control waits for it. */
    sigset_t bell;
    (void)sigemptyset(&bell);
    (void)sigaddset(&bell, BELL_SIGNAL);
    (void)pthread_sigmask(SIG_UNBLOCK, &bell, NULL);
}

void signals_restore(const struct signals *signals)
{
    /* What came at the very end was for the command, as a Ctrl-C that ended it: it must not end coffer now. */
    const struct timespec now = {0};
    while (sigtimedwait(&signals->taken, NULL, &now) > 0)
        continue;
    for (int signal = 1; signal < NSIG; signal++)
        if (signal != SIGPIPE && signal != SIGXFSZ)
            (void)sigaction(signal, &signals->actions[signal], NULL);
    (void)pthread_sigmask(SIG_SETMASK, &signals->mask, NULL);
}

void signals_stop_self(int signal)
{
    struct sigaction before, action = {.sa_handler = SIG_DFL};
    sigset_t open, mask;
    (void)sigemptyset(&open);
    (void)sigaddset(&open, signal);
    /* The terminal has sent it to coffer as well: that one, not yet taken by control, would stop coffer a second time.
     */
    const struct timespec now = {0};
    while (sigtimedwait(&open, NULL, &now) > 0)
        continue;
    /* SIGSTOP can neither be caught nor blocked: these fail, and nothing needs to be done. */
    bool caught = sigaction(signal, &action, &before) == 0;
    (void)pthread_sigmask(SIG_UNBLOCK, &open, &mask);
    (void)raise(signal);
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (caught)
        (void)sigaction(signal, &before, NULL);
}
