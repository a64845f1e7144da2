/*
 * coffer started by a program that is traced itself: in a view, or under strace -f.
 */
#ifndef COFFER_SUPERVISOR_NESTED_H
#define COFFER_SUPERVISOR_NESTED_H

#include <stdbool.h>

/* Whether a command could not be supervised because somebody traces all children of this process; says so. */
bool nested_refused(void);

#endif
