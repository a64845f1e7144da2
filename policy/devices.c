#include "policy/devices.h"

#include <limits.h>
#include <stddef.h>
#include <sys/sysmacros.h>

const char *const device_paths[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts", NULL,
};

/* Numbers that the kernel's Documentation/admin-guide/devices.txt fixes. */
static const struct {
    unsigned major, first_minor, last_minor;
} numbers[] = {
    {1, 3, 3},          /* null */
    {1, 5, 5},          /* zero */
    {1, 7, 9},          /* full, random, urandom */
    {5, 0, 0},          /* tty */
    {5, 2, 2},          /* ptmx */
    {136, 0, UINT_MAX}, /* the ends of pseudo-terminals */
    {137, 0, UINT_MAX}, {138, 0, UINT_MAX}, {139, 0, UINT_MAX}, {140, 0, UINT_MAX},
    {141, 0, UINT_MAX}, {142, 0, UINT_MAX}, {143, 0, UINT_MAX},
};

bool device_may_write(dev_t rdev)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (major(rdev) == numbers[i].major && minor(rdev) >= numbers[i].first_minor &&
            minor(rdev) <= numbers[i].last_minor)
            return true;
    return false;
}

bool device_may_make(dev_t rdev)
{
    return device_may_write(rdev) || (major(rdev) == 5 && minor(rdev) == 1);
}
