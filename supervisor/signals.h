/*
 * Signals that are sent to coffer, and its part in job control.
 *
 * coffer and the command are in one process group: what the terminal sends (Ctrl-C, Ctrl-Z, a hang-up,
 * a new window size) reaches both, so coffer ignores it; what is sent to coffer alone with kill() is
 * passed on to the command.
 */
#ifndef COFFER_SUPERVISOR_SIGNALS_H
#define COFFER_SUPERVISOR_SIGNALS_H

#include "supervisor/supervisor.h"

/* Dispositions and mask as coffer found them. */
struct signals_saved {
    struct sigaction actions[NSIG];
    sigset_t mask;
};

/*
 * Installs the handlers, in the parent after the fork: the child thus has what coffer was started with.
 * supervisor->main_pidfd must be set.
 */
void signals_install(struct supervisor *supervisor, struct signals_saved *saved);

/* Puts everything back, for the questions and commands at the end. */
void signals_restore(const struct signals_saved *saved);

/*
 * Stops coffer by the signal that stopped the command, so that the shell's $? and job table say the same of both.
 * Returns when coffer was continued, or at once where the kernel does not stop it (SIGTSTP in an orphaned group).
 */
void signals_stop_self(int signal);

/* Switches the timer, whose signal does nothing but interrupt waitpid(). */
void signals_tick(struct supervisor *supervisor, bool on);

#endif
