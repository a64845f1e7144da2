/*
 * Opens that the caller's own call cannot make, although the view allows them: the supervisor opens the file, as the
 * caller, and the call returns a descriptor of that.
 */
#ifndef COFFER_EMUL_OPEN_GRANT_H
#define COFFER_EMUL_OPEN_GRANT_H

#include "emul/view_internal.h"

/* Answers with a grant of what `tree` has, or is to have, at an entry; flags and mode are those of open(2). */
void grant_prepare(struct view *view, const struct caller *caller, const struct entry *entry, int tree, int flags,
                   mode_t mode, struct answer *answer);

void grant_free(struct grant *grant);

#endif
