/*
 * What is left to do for a file that coffer made or emptied for an open, once the kernel has opened it, or has not.
 */
#ifndef COFFER_EMUL_OPEN_FINISH_H
#define COFFER_EMUL_OPEN_FINISH_H

#include "emul/view_internal.h"

/* Notes the name in the answer, and the file, whose descriptor it takes; -1 for one that was there already. */
void open_prepare(struct answer *answer, enum finish_kind kind, const struct entry *entry, int fd);
/* At the exit of a call that was prepared so. *result is what the kernel returned; sets answer->again. */
void open_finish(struct view *view, struct answer *answer, int64_t result);

#endif
