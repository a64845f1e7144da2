/*
 * Text inside of an HTML page: JSON strings that may stand in a <script>, and each text once.
 */
#ifndef COFFER_SUPERVISOR_RECORD_PAGE_TEXT_H
#define COFFER_SUPERVISOR_RECORD_PAGE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes bytes as a JSON string in which neither < nor > nor & is left, so that no byte of a name ends the script.
 * A byte that is not part of UTF-8 becomes U+DC80 to U+DCFF, as in Python: half a surrogate pair, which no text has.
 * A NUL must follow the bytes.
 */
void page_text_write(FILE *out, const char *text);

/* Texts by number, from 0 in the order in which they came first. */
struct page_texts {
    struct page_text_entry *hash;
    size_t count;
};

/* Begin with {0}. Sets *number; 0 or -ENOMEM. */
int page_texts_number(struct page_texts *texts, const char *text, size_t *number);

/* All of them as a JSON array. */
void page_texts_write(FILE *out, const struct page_texts *texts);

void page_texts_free(struct page_texts *texts);

#endif
