/*
 * Symbolic links in patterns. A decision is asked for with a path that has none, so a rule about /bin/su has to hold
 * for /usr/bin/su too, where /bin is a link.
 */
#include "policy/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* How much of a pattern comes before its first glob, without a slash at the end. */
static size_t literal_length(const char *pattern, size_t length)
{
    size_t at = 0;
    size_t literal = 0;
    const char *component;
    size_t component_length;
    while (pattern_component(pattern, length, &at, &component, &component_length)) {
        if (glob_is(component, component_length))
            break;
        literal = at;
    }
    return literal;
}

/*
 * The longest beginning of the path that is there, without links, in `real`; how much of the path that is. What is
 * below /proc differs with who asks.
 */
static size_t real_beginning(char *path, size_t length, char real[PATH_MAX])
{
    while (length > 0) {
        char kept = path[length];
        path[length] = '\0';
        const char *found = strncmp(path, "/proc/", 6) == 0 ? path : realpath(path, real);
        if (found == path)
            memcpy(real, path, length + 1);
        path[length] = kept;
        if (found != NULL)
            return length;
        do
            length--;
        while (length > 0 && path[length] != '/');
    }
    return 0;
}

static void add_plain(struct bytes *pattern, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '*' || text[i] == '?' || text[i] == '[' || text[i] == '\\')
            bytes_add_byte(pattern, '\\');
        bytes_add_byte(pattern, text[i]);
    }
}

int pattern_resolve(const char *pattern, size_t length, struct bytes *resolved)
{
    char path[PATH_MAX];
    char real[PATH_MAX];
    size_t literal = literal_length(pattern, length);
    resolved->length = 0;
    if (literal == 0 || literal >= sizeof path)
        return 0;
    size_t plain = glob_plain(pattern, literal, path);
    size_t taken = real_beginning(path, plain, real);
    if (taken == 0 || (strlen(real) == taken && memcmp(real, path, taken) == 0))
        return 0;
    if (strcmp(real, "/") != 0)
        add_plain(resolved, real, strlen(real));
    add_plain(resolved, path + taken, plain - taken);
    bytes_add(resolved, pattern + literal, length - literal);
    if (resolved->length == 0)
        bytes_add_byte(resolved, '/');
    if (resolved->length >= LINE_MAX_LENGTH - 2)
        resolved->length = 0;
    return bytes_end(resolved) == NULL ? -ENOMEM : 0;
}
