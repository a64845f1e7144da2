/*
 * Globs of one component: `*`, `?` and `[...]`. A character is a UTF-8 sequence, or a byte that belongs to none.
 */
#include "policy/internal.h"

#include <string.h>

enum { NOT_UTF8 = 0x110000 };

/* How many bytes follow the first one of a sequence, and the smallest character that needs so many; -1: none begins so.
 */
static int sequence_length(unsigned char first, uint32_t *character, uint32_t *smallest)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    int more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    if (more < 0)
        return -1;
    *character = more == 0 ? first : first & (0x3fU >> more);
    *smallest = least[more];
    return more;
}

/* The character at text, which is not empty, and its length. */
static uint32_t character_at(const char *text, size_t length, size_t *taken)
{
    const unsigned char *byte = (const unsigned char *)text;
    uint32_t character = 0;
    uint32_t smallest = 0;
    int more = sequence_length(byte[0], &character, &smallest);
    *taken = 1;
    if (more < 0 || (size_t)more >= length)
        return NOT_UTF8 + byte[0];
    for (int i = 1; i <= more; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return NOT_UTF8 + byte[0];
        character = character << 6 | (byte[i] & 0x3f);
    }
    if (character < smallest || character >= NOT_UTF8 || (character >= 0xd800 && character < 0xe000))
        return NOT_UTF8 + byte[0];
    *taken = (size_t)more + 1;
    return character;
}

/* The same, where a backslash takes the meaning from what follows. */
static uint32_t pattern_character(const char *pattern, size_t length, size_t *taken)
{
    if (*pattern != '\\' || length < 2)
        return character_at(pattern, length, taken);
    uint32_t character = character_at(pattern + 1, length - 1, taken);
    *taken += 1;
    return character;
}

/* Behind "[", "[!", "[^", and a "]" that stands first. */
static size_t bracket_begin(const char *pattern, size_t length, bool *negated)
{
    *negated = length > 1 && (pattern[1] == '!' || pattern[1] == '^');
    return *negated ? 2 : 1;
}

size_t glob_bracket(const char *pattern, size_t length)
{
    bool negated;
    size_t begin = bracket_begin(pattern, length, &negated);
    for (size_t at = begin; at < length;) {
        if (pattern[at] == ']' && at > begin)
            return at + 1;
        at += pattern[at] == '\\' ? 2 : 1;
    }
    return 0;
}

/* Whether a character is in the bracket expression, whose length with its brackets is given. */
static bool bracket_match(const char *pattern, size_t length, uint32_t character)
{
    bool negated;
    bool found = false;
    size_t at = bracket_begin(pattern, length, &negated);
    size_t end = length - 1;
    while (at < end) {
        size_t taken;
        uint32_t first = pattern_character(pattern + at, end - at, &taken);
        uint32_t last = first;
        at += taken;
        if (at + 1 < end && pattern[at] == '-') {
            last = pattern_character(pattern + at + 1, end - at - 1, &taken);
            at += 1 + taken;
        }
        found = found || (character >= first && character <= last);
    }
    return found != negated;
}

/* One element of the pattern, which is no star, against the character at name; how much of either it takes, or false.
 */
static bool element_match(const char *pattern, size_t length, const char *name, size_t name_length, size_t *taken,
                          size_t *name_taken)
{
    uint32_t character = character_at(name, name_length, name_taken);
    if (*pattern != '?' && *pattern != '[')
        return pattern_character(pattern, length, taken) == character;
    *taken = *pattern == '?' ? 1 : glob_bracket(pattern, length);
    return *pattern == '?' || (*taken > 0 && bracket_match(pattern, *taken, character));
}

/* A star takes as little as it can; when what follows fails, the last one takes a character more. */
bool glob_match(const char *pattern, size_t pattern_length, const char *name, size_t name_length)
{
    size_t at = 0;
    size_t name_at = 0;
    size_t star = SIZE_MAX;
    size_t star_name = 0;
    while (name_at < name_length || at < pattern_length) {
        size_t taken;
        size_t name_taken;
        if (at < pattern_length && pattern[at] == '*') {
            star = ++at;
            star_name = name_at;
        } else if (at < pattern_length && name_at < name_length &&
                   element_match(pattern + at, pattern_length - at, name + name_at, name_length - name_at, &taken,
                                 &name_taken)) {
            at += taken;
            name_at += name_taken;
        } else if (star != SIZE_MAX && star_name < name_length) {
            (void)character_at(name + star_name, name_length - star_name, &name_taken);
            at = star;
            name_at = star_name += name_taken;
        } else {
            return false;
        }
    }
    return true;
}

bool glob_is(const char *component, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (component[i] == '\\')
            i++;
        else if (strchr("*?[", component[i]) != NULL && component[i] != '\0')
            return true;
    }
    return false;
}

bool glob_is_star(const char *component, size_t length)
{
    return length == 2 && component[0] == '*' && component[1] == '*';
}

size_t glob_plain(const char *component, size_t length, char *plain)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (component[i] == '\\' && i + 1 < length)
            i++;
        plain[count++] = component[i];
    }
    return count;
}
