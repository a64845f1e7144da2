/*
 * --net: rules about addresses, behind those of the policy.
 */
#ifndef COFFER_SUPERVISOR_NETWORK_H
#define COFFER_SUPERVISOR_NETWORK_H

#include "policy/policy.h"
#include "supervisor/run.h"

/* 0 or -errno. */
int network_add_rules(struct policy *policy, enum net_mode mode);

#endif
