/*
 * The lock: what the kernel enforces whatever the supervisor does (Landlock), as far as it can say what the policy
 * says.
 *
 * There are two sets of rules. That of the programs lets them write to the layer, to what is written to directly, and
 * to a few devices; where the policy hides or refuses something, they read or execute what it leaves alone. That of the
 * supervisor lets it change the layer and what is written to directly. docs/policy.md says what no lock covers.
 */
#ifndef COFFER_POLICY_LOCK_H
#define COFFER_POLICY_LOCK_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The Landlock ABI of this kernel, 0 when there is none. */
int lock_abi(void);

/* What this kernel's lock covers. */
bool lock_renames(void); /* a file may be moved to another directory at all */
bool lock_governs_truncate(void);
bool lock_governs_tcp(void); /* which ports may be bound and connected to */
bool lock_scopes_signals(
    void); /* keeps them inside, those included that a descriptor sends (SIGIO); and abstract sockets */

struct lock_places {
    int layer;                /* LAYER; -1: the supervisor is not to be locked */
    int layer_fs, layer_work; /* LAYER/fs and LAYER/work, which may be O_PATH; -1: there is none */
    int aliases;              /* the directory of short names, or -1 */
    const int *readable; /* what programs may read and execute whatever the policy says: lower layers, the command */
    size_t readable_count;
    struct policy *policy; /* NULL: all may be read, and goes to the layer */
    bool network;          /* its rules about the network hold; else all of it is allowed */
    /* May be NULL. Told of each rule, or part of one, that holds by the supervisor alone, or by nobody; once each. */
    void (*lose)(void *data, const char *what, const char *why);
    /* May be NULL. Told of what may be read, one by one, where something else in the same directory may not. */
    void (*readable_name)(void *data, const struct stat *st);
    void *data;
};

/* Each a descriptor for lock_enter(), or -ENOSYS or -EOPNOTSUPP when the kernel has no Landlock, or another -errno. */
int lock_for_programs(const struct lock_places *places);
int lock_for_supervisor(const struct lock_places *places);

/* Confines the calling thread for good, and all that it starts. It must have no_new_privs. 0 or -errno. */
int lock_enter(int rules);

#endif
