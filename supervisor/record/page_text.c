#include "supervisor/record/page_text.h"

#include "emul/json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Without memory an entry is not added, instead of the end of the program. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct page_text_entry {
    UT_hash_handle hh;
    size_t number;
    char text[];
};

/* U+2028 and U+2029 were line ends in scripts once. */
static bool is_separator(const char *text)
{
    return strncmp(text, "\xe2\x80\xa8", 3) == 0 || strncmp(text, "\xe2\x80\xa9", 3) == 0;
}

void page_text_write(FILE *out, const char *text)
{
    putc('"', out);
    for (const char *p = text; *p != '\0';) {
        unsigned char byte = (unsigned char)*p;
        size_t length = json_text_character(p);
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < ' ' || byte == 0x7f || strchr("<>&'", byte) != NULL)
            fprintf(out, "\\u%04x", (unsigned)byte);
        else if (length == 0)
            fprintf(out, "\\udc%02x", (unsigned)byte);
        else if (is_separator(p))
            fputs(p[2] == '\xa8' ? "\\u2028" : "\\u2029", out);
        else
            fwrite(p, 1, length, out);
        p += length > 0 ? length : 1;
    }
    putc('"', out);
}

int page_texts_number(struct page_texts *texts, const char *text, size_t *number)
{
    size_t length = strlen(text);
    struct page_text_entry *entry = NULL;
    HASH_FIND(hh, texts->hash, text, length, entry);
    if (entry == NULL) {
        entry = calloc(1, sizeof *entry + length + 1);
        if (entry == NULL)
            return -ENOMEM;
        memcpy(entry->text, text, length);
        HASH_ADD_KEYPTR(hh, texts->hash, entry->text, length, entry);
        if (entry->hh.tbl == NULL) {
            free(entry);
            return -ENOMEM;
        }
        entry->number = texts->count++;
    }
    *number = entry->number;
    return 0;
}

/* uthash goes through its entries in the order in which they were added. */
void page_texts_write(FILE *out, const struct page_texts *texts)
{
    putc('[', out);
    for (const struct page_text_entry *entry = texts->hash; entry != NULL; entry = entry->hh.next) {
        if (entry != texts->hash)
            fputs(",\n", out);
        page_text_write(out, entry->text);
    }
    putc(']', out);
}

void page_texts_free(struct page_texts *texts)
{
    struct page_text_entry *entry = NULL;
    struct page_text_entry *next = NULL;
    HASH_ITER(hh, texts->hash, entry, next)
    {
        HASH_DEL(texts->hash, entry);
        free(entry);
    }
    *texts = (struct page_texts){0};
}
