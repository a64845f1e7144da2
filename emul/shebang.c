#include "emul/shebang.h"

#include <stddef.h>
#include <string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static const char *skip_word(const char *at, const char *end)
{
    while (at < end && !is_blank(*at) && *at != '\0')
        at++;
    return at;
}

/*
 * Where the line ends. One that is cut off may lose of its argument, but an interpreter's name that may go on is none:
 * NULL then. Behind a NUL no newline is looked for.
 */
static const char *line_end(const char head[SHEBANG_SIZE])
{
    size_t length = strnlen(head, SHEBANG_SIZE);
    const char *newline = memchr(head, '\n', length);
    const char *last = head + SHEBANG_SIZE - 1;
    if (newline != NULL)
        return newline;
    const char *word = skip_blanks(head + 2, last);
    if (word == last)
        return NULL;
    word = skip_word(word, last);
    return word == last && !is_blank(*last) && *last != '\0' ? NULL : last;
}

static void copy(char to[SHEBANG_SIZE], const char *from, size_t length)
{
    memcpy(to, from, length);
    to[length] = '\0';
}

bool shebang_parse(const char head[SHEBANG_SIZE], struct shebang *line)
{
    const char *end = head[0] == '#' && head[1] == '!' ? line_end(head) : NULL;
    if (end == NULL)
        return false;
    while (end > head + 2 && is_blank(end[-1]))
        end--;
    const char *name = skip_blanks(head + 2, end);
    const char *after = skip_word(name, end);
    copy(line->interpreter, name, (size_t)(after - name));
    /* A NUL ends the line's meaning; behind a blank that is the argument, and empty. */
    bool more = after < end && *after != '\0';
    const char *argument = more ? skip_blanks(after, end) : end;
    line->has_argument = more && (argument < end || !is_blank(*end));
    copy(line->argument, argument, strnlen(argument, (size_t)(end - argument)));
    return after > name;
}
