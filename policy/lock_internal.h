/*
 * What the files lock*.c share.
 */
#ifndef COFFER_POLICY_LOCK_INTERNAL_H
#define COFFER_POLICY_LOCK_INTERNAL_H

#include "policy/lock.h"

#include <linux/landlock.h>
#include <stdint.h>

/* Since ABI 3; older headers lack it. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_TCP = 4, ABI_SCOPE = 6 };

/* struct landlock_ruleset_attr as of ABI 6; older headers lack the later members. */
struct ruleset_attributes {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

/* A rule for what is open there, a directory or not; accesses that are not for it, or not handled, are left out. */
int lock_add(int rules, const struct ruleset_attributes *attributes, int beneath, uint64_t accesses);
/* The same by its path; what is not there gets no rule. */
int lock_add_path(int rules, const struct ruleset_attributes *attributes, const char *path, uint64_t accesses);

/* What the policy says of the network: which accesses to handle, which scopes; then the rules. */
void lock_net_attributes(const struct lock_places *places, int abi, struct ruleset_attributes *attributes);
int lock_net_rules(int rules, const struct lock_places *places, const struct ruleset_attributes *attributes);

#endif
