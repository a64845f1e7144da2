/*
 * A table of its own and no uthash: it is emptied with every block, it must not fail in the middle of an event, and
 * programs choose what is in it, so it has a limit and a seed.
 */
#include "supervisor/record/dictionary.h"

#include "emul/cleanup.h"
#include "supervisor/record/block.h"

#include <string.h>

enum {
    SLOTS = 2 * BLOCK_NAMES_MAX, /* a power of two */
    BYTES_MAX = 4 << 20,
    LEVELS_MAX = 32, /* of directories that are spelled one by one */
    EVENT_STRINGS_MAX = 16,
};

struct string {
    const char *bytes;
    uint32_t length, hash;
};

struct dictionary {
    uint64_t seed;
    char *bytes; /* of all strings; a directory is the beginning of another's */
    size_t used;
    uint32_t count;                         /* the next number */
    struct string strings[BLOCK_NAMES_MAX]; /* by number */
    uint32_t slots[SLOTS];                  /* numbers by hash; 0: free */
};

struct dictionary *dictionary_new(uint64_t seed)
{
    cleanup_free struct dictionary *dictionary = calloc(1, sizeof *dictionary);
    if (dictionary == NULL || (dictionary->bytes = malloc(BYTES_MAX)) == NULL)
        return NULL;
    dictionary->seed = seed;
    dictionary->count = STRING_FIRST;
    return steal_ptr(&dictionary);
}

void dictionary_free(struct dictionary *dictionary)
{
    if (dictionary != NULL)
        free(dictionary->bytes);
    free(dictionary);
}

void dictionary_clear(struct dictionary *dictionary)
{
    memset(dictionary->slots, 0, sizeof dictionary->slots);
    dictionary->count = STRING_FIRST;
    dictionary->used = 0;
}

bool dictionary_fits(const struct dictionary *dictionary, size_t bytes)
{
    return dictionary->count + EVENT_STRINGS_MAX * (LEVELS_MAX + 1) < BLOCK_NAMES_MAX &&
           dictionary->used + bytes + EVENT_STRINGS_MAX <= BYTES_MAX;
}

static uint32_t hash_of(const struct dictionary *dictionary, const char *bytes, size_t length)
{
    uint64_t hash = dictionary->seed ^ length, word;
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, bytes, length);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return (uint32_t)(hash >> 32);
}

/* The slot of a string: its number is there, or 0. */
static uint32_t *slot_of(struct dictionary *dictionary, const char *bytes, size_t length, uint32_t hash)
{
    for (uint32_t at = hash;; at++) {
        uint32_t *slot = &dictionary->slots[at % SLOTS];
        const struct string *string = &dictionary->strings[*slot];
        if (*slot == 0 ||
            (string->hash == hash && string->length == length && memcmp(string->bytes, bytes, length) == 0))
            return slot;
    }
}

static uint32_t number_of(struct dictionary *dictionary, const char *bytes, size_t length)
{
    return length == 0 ? STRING_EMPTY : *slot_of(dictionary, bytes, length, hash_of(dictionary, bytes, length));
}

/* Gives a string, which is kept already and not known, its number. */
static uint32_t add(struct dictionary *dictionary, const char *bytes, size_t length)
{
    uint32_t hash = hash_of(dictionary, bytes, length), *slot = slot_of(dictionary, bytes, length, hash);
    if (dictionary->count == BLOCK_NAMES_MAX)
        return STRING_NULL;
    *slot = dictionary->count++;
    dictionary->strings[*slot] = (struct string){.bytes = bytes, .length = (uint32_t)length, .hash = hash};
    return *slot;
}

static void put_item(struct item_buffer *out, const unsigned char *head, size_t head_size, const char *bytes,
                     size_t length, size_t nul)
{
    if ((size_t)(out->end - out->at) < VARINT_MAX + head_size + length + nul) {
        out->full = true;
        return;
    }
    out->at += varint_put(out->at, head_size + length + nul);
    memcpy(out->at, head, head_size);
    out->at += head_size;
    memcpy(out->at, bytes, length);
    out->at += length;
    if (nul != 0)
        *out->at++ = '\0';
}

/* Spells the part of a name that is behind its prefix and its '/'. */
static uint32_t spell(struct dictionary *dictionary, uint32_t prefix, const char *name, size_t from, size_t length,
                      struct item_buffer *out)
{
    unsigned char head[1 + VARINT_MAX] = {ITEM_NAME};
    put_item(out, head, 1 + varint_put(head + 1, prefix), name + from, length - from, 0);
    return add(dictionary, name, length);
}

uint32_t dictionary_name(struct dictionary *dictionary, const char *name, size_t length, struct item_buffer *out)
{
    size_t ends[LEVELS_MAX], levels = 0, from = 0;
    length = length < NAME_SIZE_MAX ? length : NAME_SIZE_MAX;
    uint32_t number = number_of(dictionary, name, length);
    if (number != 0 || length > BYTES_MAX - dictionary->used)
        return number;
    char *kept = memcpy(dictionary->bytes + dictionary->used, name, length);
    dictionary->used += length;
    /* Back to a directory that is known. What is left after so many levels is spelled as one. */
    for (size_t end = length; levels < LEVELS_MAX; end = from - 1) {
        ends[levels++] = end;
        const char *slash = memrchr(kept, '/', end);
        from = slash == NULL ? 0 : (size_t)(slash - kept) + 1;
        if (from == 0 || (number = number_of(dictionary, kept, from - 1)) != 0)
            break;
    }
    if (number == 0)
        from = 0;
    while (levels-- > 0) {
        number = spell(dictionary, number, kept, from, ends[levels], out);
        from = ends[levels] + 1;
    }
    return number;
}

uint32_t dictionary_text(struct dictionary *dictionary, const char *text, size_t size, bool ended,
                         struct item_buffer *out)
{
    static const unsigned char head[] = {ITEM_TEXT};
    if (size + 1 > BYTES_MAX - dictionary->used)
        return STRING_NULL;
    char *kept = memcpy(dictionary->bytes + dictionary->used, text, size);
    if (ended)
        kept[size++] = '\0';
    uint32_t number = number_of(dictionary, kept, size);
    if (number != 0)
        return number;
    dictionary->used += size;
    put_item(out, head, sizeof head, kept, size, 1);
    return add(dictionary, kept, size);
}
