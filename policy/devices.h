/*
 * The devices that a program in a view may write to directly: they keep nothing.
 */
#ifndef COFFER_POLICY_DEVICES_H
#define COFFER_POLICY_DEVICES_H

#include <stdbool.h>
#include <sys/types.h>

/* Where they are usually found, directories with everything beneath; ends with NULL. */
extern const char *const device_paths[];

/* Whether a character device of this number (st_rdev) is one of them. */
bool device_may_write(dev_t rdev);

/*
 * Whether a node of this number may be made in a layer: of those that may be written, and of the console, which every
 * root file system has.
 */
bool device_may_make(dev_t rdev);

#endif
