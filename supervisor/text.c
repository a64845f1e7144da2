#include "supervisor/text.h"

#include "emul/json_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The letter of a C escape, or 0. */
static char escape_letter(unsigned char byte)
{
    static const char bytes[] = "\a\b\f\n\r\t\v\\ ";
    static const char letters[] = "abfnrtv\\ ";
    const char *found = byte == '\0' ? NULL : strchr(bytes, byte);
    return found == NULL ? '\0' : letters[found - bytes];
}

/* Control characters, those of two bytes (U+0080 to U+009F) too: a terminal acts on them. */
static int is_control(const unsigned char *p, size_t length)
{
    return (length == 1 && (*p < ' ' || *p == 0x7f)) || (length == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

/* `kept`: of the bytes that would get a letter, those that stay as they are. */
static void put_escaped(FILE *out, const char *name, const char *kept)
{
    const unsigned char *p = (const unsigned char *)name;
    while (*p != '\0') {
        char letter = escape_letter(*p);
        size_t length = json_text_character((const char *)p);
        if (letter != '\0' && strchr(kept, *p) == NULL) {
            (void)fprintf(out, "\\%c", letter);
            p++;
        } else if (length == 0 || is_control(p, length)) {
            for (size_t left = length == 0 ? 1 : length; left > 0; left--)
                (void)fprintf(out, "\\%03o", *p++);
        } else {
            (void)fwrite(p, 1, length, out);
            p += length;
        }
    }
}

void text_escaped(FILE *out, const char *name)
{
    put_escaped(out, name, "");
}

void text_plain(FILE *out, const char *text)
{
    put_escaped(out, text, " ");
}

void text_rule(FILE *out, const char *text, size_t length)
{
    char *part = strndup(text, length);
    if (part != NULL)
        put_escaped(out, part, " \\");
    free(part);
}

static char *escape(const char *name, const char *kept)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    put_escaped(out, name, kept);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

char *text_escape(const char *name)
{
    return escape(name, "");
}

void error_line(const char *what, const char *why)
{
    char *escaped = escape(what, " ");
    (void)fflush(stdout);
    (void)fprintf(stderr, "coffer: %s: %s\n", escaped == NULL ? what : escaped, why);
    free(escaped);
}

void error_errno(const char *what, int status)
{
    error_line(what, strerror(-status));
}

/* Of foreign bytes only spaces are wanted as they are: the text is a sentence. */
void error_text(const char *text)
{
    (void)fflush(stdout);
    char *line = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&line, &size);
    if (out == NULL)
        return;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        (void)fprintf(out, *p < ' ' || *p == 0x7f ? "\\%03o" : "%c", *p);
    if (fclose(out) == 0)
        (void)fprintf(stderr, "coffer: %s\n", line);
    free(line);
}
