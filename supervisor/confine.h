/*
 * What coffer locks before the first program starts: the programs, and itself.
 */
#ifndef COFFER_SUPERVISOR_CONFINE_H
#define COFFER_SUPERVISOR_CONFINE_H

#include "emul/layer.h"
#include "emul/view.h"

#include <stdbool.h>

enum lock_mode { LOCK_TRY, LOCK_REQUIRE, LOCK_OFF };

struct confine_request {
    enum lock_mode lock;
    bool quiet, verbose;
    const struct layer *layer;
    const struct layer *over; /* those below */
    int over_count;
    struct policy *policy; /* or NULL */
    const char *command;   /* as the user says it */
};

/* Sets of rules, by their descriptors; -1: there is no lock. */
struct confinement {
    int programs, supervisor;
};

/* Makes both sets. False when coffer is not to go on: a line has been printed. */
bool confine_prepare(const struct confine_request *request, struct view *view, struct confinement *confinement);

/*
 * Has a thread do the work, which can change the layer and what is written to directly, and nothing else; so can all
 * threads and processes that it starts. The caller waits, and is what it was: it may commit or discard afterwards.
 * Without rules, or without a thread, the work is done here. False when the rules cannot be engaged.
 */
bool confine_run(const struct confinement *confinement, void (*work)(void *context), void *context);

void confine_end(struct confinement *confinement);

#endif
