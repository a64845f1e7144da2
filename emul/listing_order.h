/*
 * The names of a directory in all its trees, in the order in which they are listed.
 */
#ifndef COFFER_EMUL_LISTING_ORDER_H
#define COFFER_EMUL_LISTING_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Far from the end of what a position can be: read(2) on a directory must say EISDIR, not that it would overflow. */
#define LISTING_END (INT64_C(1) << 62)
/*
 * 32-bit programs get the upper 31 bits of a hash, as from ext4: more do not fit into their offsets. Such a position is
 * below any hash, so that whoever reads on from it knows which it is.
 */
#define LISTING_BRIEF_END INT64_C(0x7fffffff)
#define LISTING_HASH_MIN  (UINT64_C(1) << 32)

struct listing_item {
    uint64_t hash; /* not below LISTING_HASH_MIN */
    uint64_t ino;
    uint32_t brief; /* the hash for readers of 32 bits, when the positions are settled */
    uint32_t name;  /* offset in names */
    uint8_t type;
    uint8_t tree;
};

struct listing {
    struct listing_item *items;
    size_t count, room;
    char *names;
    size_t names_size, names_room;
    bool withheld; /* the upper tree has more names, which do not show: see withheld.h */
};

/* By hash, of equal hashes by name, of equal names the topmost tree's first. 0 or -ENOMEM. */
int listing_sort(struct listing *listing);

/* Makes positions rise strictly, even where hashes are equal. */
void listing_settle(struct listing *listing);

/* The position of an item as a reader gets it; of the one after the last: the end. */
int64_t listing_position(const struct listing *listing, size_t index, bool brief);
/* The first item at a position of either kind, or behind it. */
size_t listing_find(const struct listing *listing, int64_t position);

struct view;
struct directory;

/* The merged names of a directory of the view, in their order (listing_build.c). 0 or -errno; listing_free() frees
 * them. */
int listing_build(struct view *view, struct directory *dir, struct listing *listing);
void listing_free(struct listing *listing);

#endif
