/*
 * What the policy says of files, as rules of Landlock.
 */
#ifndef COFFER_POLICY_LOCK_FILES_H
#define COFFER_POLICY_LOCK_FILES_H

#include "policy/lock_internal.h"

/* The accesses to read and to execute of which the policy refuses some: those that have to be handled. */
uint64_t lock_files_read(struct policy *policy);

/*
 * Rules for what is written to directly (`writes`), and, if they are handled, for what may be read and executed.
 * Nothing is allowed to write that the policy refuses; where it cannot be said exactly what may be read, more is
 * allowed, and told. 0 or -errno.
 */
int lock_files_rules(int rules, const struct lock_places *places, const struct ruleset_attributes *attributes,
                     uint64_t writes);

#endif
