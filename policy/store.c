/*
 * Memory of a policy: bytes and arrays that grow, and what lives as long as the policy does.
 */
#include "policy/internal.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 << 10 };

struct store_block {
    struct store_block *next;
    _Alignas(16) char data[];
};

static bool bytes_room(struct bytes *bytes, size_t more)
{
    if (bytes->failed)
        return false;
    if (bytes->length + more <= bytes->capacity)
        return true;
    size_t capacity = bytes->capacity + bytes->capacity / 2 + more + 64;
    char *data = realloc(bytes->data, capacity);
    bytes->failed = data == NULL;
    if (bytes->failed)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

void bytes_add(struct bytes *bytes, const void *data, size_t length)
{
    if (length == 0 || !bytes_room(bytes, length))
        return;
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

void bytes_add_byte(struct bytes *bytes, char byte)
{
    bytes_add(bytes, &byte, 1);
}

const char *bytes_end(struct bytes *bytes)
{
    if (!bytes_room(bytes, 1))
        return NULL;
    bytes->data[bytes->length] = '\0';
    return bytes->data;
}

void *array_grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity + *capacity / 2 + 16;
    void *grown = reallocarray(array, wanted, size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

void *store_take(struct store *store, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (store->blocks == NULL || size > store->size - store->used) {
        size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        struct store_block *block = malloc(sizeof *block + block_size);
        if (block == NULL)
            return NULL;
        block->next = store->blocks;
        store->blocks = block;
        store->used = 0;
        store->size = block_size;
    }
    void *taken = store->blocks->data + store->used;
    store->used += size;
    return taken;
}

const char *store_copy(struct store *store, const char *data, size_t length)
{
    char *copy = store_take(store, length + 1);
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

void store_free(struct store *store)
{
    for (struct store_block *block = store->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    *store = (struct store){0};
}
