/* Bytes as printable words of a script, and back. */
#include "actor.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "{N...}": the text in between N times. */
static const char *decode_repeat(const char *text, char *into, size_t size, size_t *used)
{
    char *end;
    unsigned long times = strtoul(text + 1, &end, 10);
    size_t length = strcspn(end, "}");

    for (; times > 0 && *used + length < size; times--) {
        memcpy(into + *used, end, length);
        *used += length;
    }
    return end + length + (end[length] == '}');
}

char *text_decode(const char *text, char *into, size_t size)
{
    size_t used = 0;

    while (*text != '\0' && used + 1 < size) {
        if (*text == '{') {
            text = decode_repeat(text, into, size - 1, &used);
        } else if (text[0] == '\\' && text[1] == 'x' && text[2] != '\0' && text[3] != '\0') {
            char digits[3] = {text[2], text[3], '\0'};

            into[used++] = (char)strtoul(digits, NULL, 16);
            text += 4;
        } else {
            into[used++] = *text++;
        }
    }
    into[used] = '\0';
    return into;
}

void text_encode(const char *bytes, size_t length, char *into, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < length && used + 5 < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (isgraph(byte) && byte != '\\' && byte != '{')
            into[used++] = (char)byte;
        else
            used += (size_t)snprintf(into + used, size - used, "\\x%02x", byte);
    }
    into[used] = '\0';
}

unsigned text_hash(const void *bytes, size_t length, unsigned seed)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < length; i++)
        seed = (seed ^ at[i]) * 16777619U;
    return seed;
}
