/*
 * The policy of a run: the profile, the file and the options of the command line, in this order.
 */
#ifndef COFFER_SUPERVISOR_RUN_POLICY_H
#define COFFER_SUPERVISOR_RUN_POLICY_H

#include "policy/policy.h"
#include "supervisor/run.h"

#include <stdbool.h>

struct run_policy {
    struct policy *policy;
    struct policy *empty;  /* without rules, while a policy is learned; else NULL */
    struct policy *locked; /* one of these: what the kernel's lock is to allow */
    char *profiles;        /* the user's own directory of profiles, or NULL */
    bool has_layer;        /* something is written to the layer */
};

/* 0, or the exit status of coffer: what is wrong has been said. run_policy_free() releases it in either case. */
int run_policy_load(struct run_policy *result, const struct run_request *request);
void run_policy_free(struct run_policy *loaded);

#endif
