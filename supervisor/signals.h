/*
 * Dispositions and masks of coffer itself.
 *
 * coffer and the command are in one process group: what the terminal sends (Ctrl-C, Ctrl-Z, a hang-up,
 * a new window size) reaches both, so coffer ignores it; what is sent to coffer alone with kill() is
 * passed on to the command. All of it is taken by one thread (control.h); the others block it.
 */
#ifndef COFFER_SUPERVISOR_SIGNALS_H
#define COFFER_SUPERVISOR_SIGNALS_H

#include <signal.h>

/* Dispositions and mask as coffer found them, and what is to be taken. */
struct signals {
    struct sigaction actions[NSIG];
    sigset_t mask;
    sigset_t taken;
};

/* Before the fork and before any other thread exists: blocks what is to be taken. */
void signals_block(struct signals *signals);

/* In the child: puts the mask back; the dispositions are still what coffer was started with. */
void signals_in_child(const struct signals *signals);

/* In the parent after the fork: sets the dispositions. */
void signals_install(void);

/* Puts everything back, for the questions and commands at the end; but SIGPIPE and SIGXFSZ stay ignored. */
void signals_restore(const struct signals *signals);

/*
 * Stops coffer by the signal that stopped the command, so that the shell's $? and job table say the same of both.
 * Returns when coffer was continued, or at once where the kernel does not stop it (SIGTSTP in an orphaned group).
 */
void signals_stop_self(int signal);

#endif
