/*
 * What was refused: by a rule of the policy (a violation), or because a view does not give it (a notice). Each
 * different thing is told once, at once; equal ones are counted, and the counts are told at the end.
 */
#ifndef COFFER_SUPERVISOR_VIOLATION_H
#define COFFER_SUPERVISOR_VIOLATION_H

#include "emul/view.h"
#include "supervisor/facts.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <uthash.h>

struct ask;
struct learned;
struct supervisor;

/* One refusal, and how many were equal to it. Strings that are not known, or do not apply, are NULL. */
struct violation {
    UT_hash_handle hh;
    unsigned long count;
    struct timespec time; /* of the first one, as is all that follows */
    pid_t pid, tid;
    uid_t uid;
    char name[FACTS_NAME_SIZE];
    const char *text; /* of a notice; what follows is of violations alone */
    const char *call;
    enum policy_action action;
    const char *path; /* or an address in words */
    char *said;
    uint32_t rule; /* the number of the rule, 0: none */
    bool limited;  /* a rule that was added later may not allow it */
    int error;     /* what the call got, as errno; 0: the process was killed */

    /* For reports. */
    struct facts facts;
    char *cwd;
    char *backtrace; /* a line a frame */

    size_t key_length;
    char key[]; /* what makes it different; the other strings lie in it */
};

struct violations {
    struct supervisor *supervisor; /* borrowed, and set before the first call is made */
    struct policy *policy;         /* borrowed */
    struct learned *learned;       /* where to note it instead, and let it pass; or NULL */
    bool quiet;                    /* say nothing */
    bool verbose;                  /* say more of the process */
    const char *report;            /* the file of the report, or NULL */
    bool backtrace;
    unsigned long refused;  /* all, repeated ones too */
    unsigned long violated; /* those of them that a rule refused */
    unsigned long unlisted; /* those that there was no room for */
    struct violation *seen; /* in the order in which they came */
    size_t size;            /* bytes that these take, about */
    unsigned lines;         /* told so far */
    unsigned late;          /* backtraces that took too long: after a few of them none is taken */
    pid_t may_ask;          /* the thread whose call can wait for the user, 0: none; see ask.h */
    bool waits;             /* it has to */
    bool told_nobody;       /* that there is nobody to ask */
    struct ask *ask;        /* NULL: the user has not been asked yet */
    unsigned hints;         /* of which actions it has been said how they are allowed */
};

/* A view_violated and a view_notice; the context is a struct violations. */
int violation_refused(void *context, const struct view_violation *refused);
void violation_notice(void *context, pid_t pid, const char *text);

/*
 * Around the decision about a call that can be decided again: whether that is to be done, when the user has answered.
 */
void violations_begin(struct violations *violations, pid_t tid);
bool violations_end(struct violations *violations);

/* Prints how often what was refused, where it was refused more than once. */
void violations_summary(const struct violations *violations);

/* Prints "CALL: cannot write PATH: FILE:LINE: RULE". */
void violation_put(FILE *out, const struct violations *violations, const struct violation *violation);

/* Prints the line about one that is new, unless there have been too many, and what else the user wants to see of it. */
void violation_tell(struct violations *violations, const struct violation *violation);

void violations_free(struct violations *violations);

#endif
