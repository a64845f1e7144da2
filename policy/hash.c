/*
 * The hash tables of the rule language: from a hash to the index of something in an array.
 */
#include "policy/internal.h"

#include <errno.h>
#include <stdlib.h>

/* FNV-1a; its low bits, which the tables use, are mixed once more. */
uint32_t hash_bytes(uint32_t seed, const void *data, size_t length)
{
    const unsigned char *byte = data;
    uint32_t hash = (seed ^ 0x811c9dc5U) * 0x9e3779b1U;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ byte[i]) * 0x01000193U;
    hash ^= hash >> 15;
    hash *= 0x85ebca6bU;
    return hash ^ (hash >> 13);
}

uint32_t table_find(const struct table *table, uint32_t hash, bool (*same)(const void *data, uint32_t index),
                    const void *data)
{
    if (table->size == 0)
        return 0;
    for (size_t at = hash & (table->size - 1); table->slots[at].index != 0; at = (at + 1) & (table->size - 1))
        if (table->slots[at].hash == hash && same(data, table->slots[at].index))
            return table->slots[at].index;
    return 0;
}

static void place(struct table *table, struct slot slot)
{
    size_t at = slot.hash & (table->size - 1);
    while (table->slots[at].index != 0)
        at = (at + 1) & (table->size - 1);
    table->slots[at] = slot;
}

int table_add(struct table *table, uint32_t hash, uint32_t index)
{
    if (2 * (table->count + 1) > table->size) {
        struct table grown = {.size = table->size == 0 ? 64 : 2 * table->size, .count = table->count};
        grown.slots = calloc(grown.size, sizeof *grown.slots);
        if (grown.slots == NULL)
            return -ENOMEM;
        for (size_t i = 0; i < table->size; i++)
            if (table->slots[i].index != 0)
                place(&grown, table->slots[i]);
        free(table->slots);
        *table = grown;
    }
    place(table, (struct slot){.hash = hash, .index = index});
    table->count++;
    return 0;
}
