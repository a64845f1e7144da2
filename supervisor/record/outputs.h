/*
 * What a run has made or changed that is there at its end: read from its record.
 */
#ifndef COFFER_SUPERVISOR_RECORD_OUTPUTS_H
#define COFFER_SUPERVISOR_RECORD_OUTPUTS_H

#include <stdbool.h>

/*
 * Calls `each` with the path of each file; stops when that returns other than 0, and returns that. Names that are known
 * for directories are left out; whether the others are there still, and regular files, the caller sees. 0 or -errno.
 */
int outputs_each(const char *record, int (*each)(void *context, const char *path), void *context);

#endif
