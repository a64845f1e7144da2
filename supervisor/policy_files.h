/*
 * Where policies come from, and what is said of those that are wrong.
 */
#ifndef COFFER_SUPERVISOR_POLICY_FILES_H
#define COFFER_SUPERVISOR_POLICY_FILES_H

#include "policy/policy.h"

/* The directory of the user's own profiles, in fresh memory; NULL when he has no home. */
char *policy_files_profiles(void);

/* Prints "coffer: FILE:LINE:COLUMN: what was found, and what is expected". */
void policy_files_complain(const struct policy_problem *problem);

#endif
