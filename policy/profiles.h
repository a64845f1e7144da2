/*
 * The profiles that are built in: the files of policy/profiles/, made into a C file by scripts/embed.cmake.
 */
#ifndef COFFER_POLICY_PROFILES_H
#define COFFER_POLICY_PROFILES_H

#include <stddef.h>

struct profile {
    const char *name;
    const char *text; /* with a NUL behind it */
    size_t length;
};

/* By name; ends with one whose name is NULL. */
extern const struct profile profiles[];

#endif
