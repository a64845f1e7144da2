/*
 * What the kernel's lock lets programs read, where the policy hides or refuses something: the names that were there
 * when it was made. What somebody outside puts beside them later the view shows, and the supervisor opens it for them.
 */
#ifndef COFFER_EMUL_LOCK_KNOWN_H
#define COFFER_EMUL_LOCK_KNOWN_H

#include "emul/view_internal.h"

/* Whether the lock keeps programs from reading what the host may have at a name in a directory. */
bool lock_misses_name(struct view *view, struct directory *dir, const char *name);

/* The same of a file of the host. */
bool lock_misses_file(struct view *view, const struct entry *entry);

void lock_known_free(struct view *view);

#endif
