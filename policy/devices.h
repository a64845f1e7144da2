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

#endif
