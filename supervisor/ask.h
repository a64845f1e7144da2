/*
 * on-violation ask: the user decides, on the terminal, whether a call that a rule refuses is made after all.
 *
 * A thread of its own asks, one question at a time, and nobody waits for the user but those who made the calls: they
 * are parked, and their calls decided again when there is an answer. An answer holds for the rest of the run.
 */
#ifndef COFFER_SUPERVISOR_ASK_H
#define COFFER_SUPERVISOR_ASK_H

struct supervisor;
struct ask;

enum ask_answer {
    ASK_UNKNOWN, /* the call is to be decided again later */
    ASK_ALLOW,
    ASK_REFUSE,
    ASK_KILL,
    ASK_NOBODY, /* there is no terminal to ask on, or it belongs to others */
};

/* The worker that parked calls wait for: see TASK_PARKED. */
enum { ASK_WORKER = -2 };

/*
 * What the user says about this key; if nothing is known yet the question is put to him. *place is made when it is
 * first needed. Under the lock.
 */
enum ask_answer ask_user(struct ask **place, struct supervisor *supervisor, const char *key, const char *question);

/* The user has interrupted: the question that he is asked now is answered with no. Under the lock; ask may be NULL. */
void ask_interrupt(struct ask *ask);

/* Withdraws any question and releases all. Not under the lock. */
void ask_end(struct ask *ask);

#endif
