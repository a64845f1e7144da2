/*
 * The strings that a block spells, as its writer knows them: each has a number, and is spelled when it is first used.
 */
#ifndef COFFER_SUPERVISOR_RECORD_DICTIONARY_H
#define COFFER_SUPERVISOR_RECORD_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dictionary;

/* Where items go. */
struct item_buffer {
    unsigned char *at, *end;
    bool full; /* something did not fit, and is missing */
};

/* How many bytes the items of one string take at most, beside its own. */
enum { DICTIONARY_OVERHEAD = 512 };

/* NULL without memory. All of it is taken now, and touched when it is used. */
struct dictionary *dictionary_new(uint64_t seed);
void dictionary_free(struct dictionary *dictionary);

/* Forgets everything: a new block begins. */
void dictionary_clear(struct dictionary *dictionary);

/* Whether strings of so many bytes, and not more than 16 of them, fit. */
bool dictionary_fits(const struct dictionary *dictionary, size_t bytes);

/*
 * The number of a name, cut after NAME_SIZE_MAX bytes. Unless it is known, an item goes to `out` for it, and for the
 * directories in it, which its neighbours will share.
 */
uint32_t dictionary_name(struct dictionary *dictionary, const char *name, size_t length, struct item_buffer *out);

/* The number of a text, which may hold any bytes; with `ended`, one more NUL belongs to it. */
uint32_t dictionary_text(struct dictionary *dictionary, const char *text, size_t size, bool ended,
                         struct item_buffer *out);

#endif
