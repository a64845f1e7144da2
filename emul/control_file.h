/*
 * The control file: names below /dev/coffer by which the programs of a view change its policy. No file of such a name
 * exists; to look at one, or to open it, is the command. docs/policy.md has the grammar.
 */
#ifndef COFFER_EMUL_CONTROL_FILE_H
#define COFFER_EMUL_CONTROL_FILE_H

#include "emul/view_internal.h"

/* As the policy of the view says. */
void control_file_start(struct view *view);

/*
 * A path that a call names by this argument, as the caller said it. True when it has been dealt with and answered:
 * it is one of the control file's, or nobody else need look at it.
 */
bool control_file_take(struct view *view, struct caller *caller, const struct call *call, int argument,
                       const char *path, struct answer *answer);

#endif
