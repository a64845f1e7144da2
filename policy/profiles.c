/*
 * Profiles that are built in.
 */
#include "policy/profiles.h"

#include "policy/policy.h"

#include <string.h>

const char *policy_profile_text(const char *name, size_t *length)
{
    for (const struct profile *profile = profiles; profile->name != NULL; profile++) {
        if (strcmp(profile->name, name) == 0) {
            *length = profile->length;
            return profile->text;
        }
    }
    return NULL;
}

const char *policy_profile_name(size_t number)
{
    for (const struct profile *profile = profiles; profile->name != NULL; profile++)
        if (number-- == 0)
            return profile->name;
    return NULL;
}
