/*
 * The lock: what the kernel enforces whatever the supervisor does (Landlock).
 *
 * First form: nothing may be written, created, removed or renamed but below the
 * layer's fs/ and in a few devices. Reading is not restricted here.
 */
#ifndef COFFER_POLICY_LOCK_H
#define COFFER_POLICY_LOCK_H

#include <stdbool.h>

/* The Landlock ABI of this kernel, 0 when there is none. */
int lock_abi(void);

/* Whether it keeps signals inside, those included that a descriptor sends (SIGIO). */
bool lock_scopes_signals(void);

/*
 * Confines the calling thread for good. It must have no_new_privs. layer_fs is a
 * descriptor of the layer's upper directory. Returns 0, -ENOSYS or -EOPNOTSUPP when
 * the kernel has no Landlock, or another -errno.
 */
int lock_engage(int layer_fs);

#endif
