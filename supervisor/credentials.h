/*
 * The credentials of a thread, from /proc/TID/status.
 */
#ifndef COFFER_SUPERVISOR_CREDENTIALS_H
#define COFFER_SUPERVISOR_CREDENTIALS_H

#include "emul/call.h"

/* Fills in a zeroed struct, whose groups the caller frees. 0 or -errno, and then it owns nothing. */
int credentials_read(pid_t tid, struct credentials *credentials);

/* To whom a thread belongs. */
struct relations {
    char state;    /* the letter of its state; 'Z' and 'X': it has ended */
    pid_t process; /* its thread group */
    pid_t parent;  /* of that */
    pid_t tracer;  /* the process that traces it; 0: none does */
};

/* 0 or -errno. */
int credentials_read_relations(pid_t tid, struct relations *relations);

#endif
