/*
 * Names in rules that make and ninja read. The two agree on some escapes only: a name that needs another stays out.
 */
#ifndef COFFER_SUPERVISOR_RECORD_DEPFILE_NAME_H
#define COFFER_SUPERVISOR_RECORD_DEPFILE_NAME_H

#include <stdbool.h>
#include <stdio.h>

/* Whether a name can stand on the right of a rule, and on the left. */
bool depfile_name_fits(const char *name);
bool depfile_target_fits(const char *name);

/*
 * Whether make, started in `directory`, would now take the name for a pattern that finds other files. (One that finds
 * nothing stands for itself.) `directory` may be NULL: the current one.
 */
bool depfile_name_finds_others(const char *directory, const char *name);

/* Writes one that fits, escaped. */
void depfile_name_put(FILE *out, const char *name);

#endif
