/*
 * What root keeps of its capabilities in a view.
 */
#ifndef COFFER_POLICY_CAPABILITIES_H
#define COFFER_POLICY_CAPABILITIES_H

#include <stdbool.h>

/* Whether a program in a view keeps this one, if it has it. */
bool capability_stays(int capability);

/*
 * Takes all others from the calling thread, for good: from its sets, and, where it may do so, from what an exec can
 * give it back. 0 or -errno.
 */
int capabilities_drop(void);

#endif
