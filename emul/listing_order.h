/*
 * The names of a directory in all its trees, in the order in which they are listed.
 */
#ifndef COFFER_EMUL_LISTING_ORDER_H
#define COFFER_EMUL_LISTING_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listing_item {
    uint64_t hash;
    uint64_t ino;
    uint8_t type;
    uint8_t tree;
    bool gone;     /* a whiteout, or hidden */
    uint32_t name; /* offset in names */
};

struct listing {
    struct listing_item *items;
    size_t count, room;
    char *names;
    size_t names_size, names_room;
};

/* By hash, of equal hashes by name, of equal names the topmost tree's first. 0 or -ENOMEM. */
int listing_sort(struct listing *listing);

#endif
