/*
 * Who changed a path: the records of the runs that made a layer, asked for `coffer diff`.
 */
#ifndef COFFER_SUPERVISOR_RECORD_CHANGERS_H
#define COFFER_SUPERVISOR_RECORD_CHANGERS_H

#include <stddef.h>

enum { CHANGERS_RECORDS_MAX = 16, CHANGERS_MAX = 4 };

/* A process that changed a path. */
struct changer {
    int pid;
    char *program; /* its file's name, without directories; owned */
};

struct changers;

/* Opens records by their paths, oldest first; those that cannot be read are left out. NULL: none could be. */
struct changers *changers_open(const char *const records[], size_t count);
void changers_close(struct changers *changers); /* harmless for NULL */

/* The last processes that changed the path, in their order, CHANGERS_MAX at most. How many; 0 too when nobody knows. */
size_t changers_of(struct changers *changers, const char *path, struct changer found[CHANGERS_MAX]);
void changers_release(struct changer found[CHANGERS_MAX], size_t count);

#endif
