/*
 * coffer policy learn: what a command did, as a policy that allows it.
 */
#ifndef COFFER_SUPERVISOR_LEARN_H
#define COFFER_SUPERVISOR_LEARN_H

#include "emul/view.h"

#include <stdio.h>

struct learned;

/* NULL: out of memory. */
struct learned *learned_new(void);
void learned_free(struct learned *learned);

/*
 * A view_violated under a policy that refuses everything: what would have been refused is noted, and goes on. The
 * context is a struct violations with `learned`. What finds no memory is counted, and told in the policy.
 */
int learned_pass(void *context, const struct view_violation *refused);

/*
 * Writes the rules. `secrets` says of places that they hold secrets, by hiding them. Call it when the changes that the
 * command made are gone: what is not there then is something that it made.
 */
void learned_write(struct learned *learned, struct policy *secrets, FILE *out);

#endif
