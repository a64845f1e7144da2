/*
 * Texts of any bytes in a page's JSON: none ends the script that holds it, and what the page gets is the text.
 */
#include "supervisor/record/page_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes that an escape stands for. */
static size_t unescape(const char *json, char *out)
{
    char *end = NULL;
    char digits[5] = {0};
    if (json[1] == '"' || json[1] == '\\') {
        *out = json[1];
        return 1;
    }
    REQUIRE(json[1] == 'u' && strlen(json) >= 6);
    memcpy(digits, json + 2, 4);
    unsigned long code = strtoul(digits, &end, 16);
    REQUIRE(end == digits + 4);
    if (code == 0x2028 || code == 0x2029) {
        memcpy(out, code == 0x2028 ? "\xe2\x80\xa8" : "\xe2\x80\xa9", 3);
        return 3;
    }
    REQUIRE(code < 0x80 || (code >= 0xdc80 && code <= 0xdcff));
    *out = (char)(code & 0xff);
    return 1;
}

static void check(const char *text)
{
    char *json = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&json, &length);
    REQUIRE(out != NULL);
    page_text_write(out, text);
    REQUIRE(fclose(out) == 0 && length >= 2 && json[0] == '"' && json[length - 1] == '"');
    json[length - 1] = '\0';
    char *plain = malloc(length);
    REQUIRE(plain != NULL);
    size_t used = 0;
    for (const char *p = json + 1; *p != '\0'; p += *p != '\\' ? 1 : p[1] == 'u' ? 6 : 2) {
        REQUIRE((unsigned char)*p >= ' ' && strchr("<>&'\"\x7f", *p) == NULL);
        if (*p == '\\')
            used += unescape(p, plain + used);
        else
            plain[used++] = *p;
    }
    REQUIRE(used == strlen(text) && memcmp(plain, text, used) == 0);
    free(plain);
    free(json);
}

/* Each text has its number, and is written once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct page_texts texts = {0};
    char *bytes = calloc(1, size + 1);
    REQUIRE(bytes != NULL);
    memcpy(bytes, data, size);
    for (size_t at = 0; at < size; at += strlen(bytes + at) + 1) {
        size_t number = 0;
        size_t again = 0;
        size_t before = texts.count;
        check(bytes + at);
        REQUIRE(page_texts_number(&texts, bytes + at, &number) == 0);
        REQUIRE(page_texts_number(&texts, bytes + at, &again) == 0);
        REQUIRE(number == again && number <= before && texts.count == before + (number == before));
    }
    page_texts_free(&texts);
    free(bytes);
    return 0;
}
