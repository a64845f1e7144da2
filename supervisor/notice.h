/*
 * One line for the user about each thing that was refused, once.
 */
#ifndef COFFER_SUPERVISOR_NOTICE_H
#define COFFER_SUPERVISOR_NOTICE_H

#include <stdbool.h>
#include <sys/types.h>

struct notice_seen;

struct notices {
    bool quiet;            /* count only */
    unsigned long refused; /* all, repeated ones too */
    struct notice_seen *seen;
};

/* A view_notice; context is a struct notices. */
void notice_refused(void *context, pid_t pid, const char *text);

void notices_free(struct notices *notices);

#endif
