#include "emul/listing_order.h"

#include "emul/cleanup.h"

#include <errno.h>
#include <string.h>

static int compare(const void *left, const void *right, void *names)
{
    const struct listing_item *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    int order = strcmp((const char *)names + a->name, (const char *)names + b->name);
    return order != 0 ? order : (int)a->tree - (int)b->tree;
}

/*
 * Puts the items in the order of compare(). Hashes are spread evenly, so each item is first put to the others
 * that have the same leading bits, a few; somebody who chose names with equal hashes only makes it as slow as qsort().
 */
int listing_sort(struct listing *listing)
{
    enum { SMALL = 256, PER_BUCKET = 4 };
    size_t count = listing->count;
    if (count < SMALL) {
        if (count > 1)
            qsort_r(listing->items, count, sizeof *listing->items, compare, listing->names);
        return 0;
    }
    unsigned bits = 1;
    while (((size_t)PER_BUCKET << bits) < count)
        bits++;
    unsigned shift = 62 - bits; /* name_hash() has 62 bits */
    cleanup_free uint32_t *ends = calloc(((size_t)1 << bits) + 1, sizeof *ends);
    struct listing_item *sorted = malloc(count * sizeof *sorted);
    if (ends == NULL || sorted == NULL || count > UINT32_MAX) {
        free(sorted);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        ends[(listing->items[i].hash >> shift) + 1]++;
    for (size_t i = 0; i < (size_t)1 << bits; i++)
        ends[i + 1] += ends[i];
    for (size_t i = 0; i < count; i++)
        sorted[ends[listing->items[i].hash >> shift]++] = listing->items[i];
    for (size_t i = 0, first = 0; i < (size_t)1 << bits; first = ends[i], i++)
        if (ends[i] - first > 1)
            qsort_r(sorted + first, ends[i] - first, sizeof *sorted, compare, listing->names);
    free(listing->items);
    listing->items = sorted;
    listing->room = count;
    return 0;
}

void listing_settle(struct listing *listing)
{
    enum { BRIEF_SHIFT = 31 };
    struct listing_item *items = listing->items;
    for (size_t i = 0; i < listing->count; i++) {
        items[i].brief = (uint32_t)(items[i].hash >> BRIEF_SHIFT);
        if (i > 0 && items[i].hash <= items[i - 1].hash)
            items[i].hash = items[i - 1].hash + 1;
        if (i > 0 && items[i].brief <= items[i - 1].brief)
            items[i].brief = items[i - 1].brief + 1;
    }
    /* So many equal ones that the last do not fit: those before them make room. */
    uint32_t limit = LISTING_BRIEF_END;
    for (size_t i = listing->count; i > 0 && items[i - 1].brief >= limit; i--)
        items[i - 1].brief = --limit;
}

int64_t listing_position(const struct listing *listing, size_t index, bool brief)
{
    if (index >= listing->count)
        return brief ? LISTING_BRIEF_END : LISTING_END;
    return brief ? (int64_t)listing->items[index].brief : (int64_t)listing->items[index].hash;
}

size_t listing_find(const struct listing *listing, int64_t position)
{
    bool brief = position <= LISTING_BRIEF_END;
    size_t low = 0, high = listing->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (listing_position(listing, middle, brief) < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
