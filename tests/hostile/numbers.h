/* Calls that the C library does not know yet. */
#ifndef COFFER_TESTS_HOSTILE_NUMBERS_H
#define COFFER_TESTS_HOSTILE_NUMBERS_H

#include <linux/openat2.h>
#include <linux/sched.h>

enum {
    NR_fchmodat2 = 452,
    NR_setxattrat = 463,
    NR_getxattrat = 464,
    NR_removexattrat = 466,
    NR_open_tree_attr = 467,
    NR_file_getattr = 468,
    NR_file_setattr = 469,
};

struct xattr_how {
    uint64_t value;
    uint32_t size, flags;
};

struct file_attributes {
    uint64_t xflags;
    uint32_t extsize, nextents, projid, cowextsize;
};

#endif
