/*
 * Symbolic links in patterns. A decision is asked for with a path that has none, so a rule about /bin/su has to hold
 * for /usr/bin/su too, where /bin is a link.
 */
#include "policy/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a path leads. It is kept: rules have directories in common. */
struct resolved {
    const char *path, *real;
    uint32_t path_length, real_length;
    bool absent; /* or out of sight: what is below it is as it is written */
};

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

struct wanted {
    const struct resolver *resolver;
    const char *path;
    size_t length;
};

static bool same_path(const void *data, uint32_t index)
{
    const struct wanted *wanted = data;
    const struct resolved *there = &wanted->resolver->known[index];
    return there->path_length == wanted->length && memcmp(there->path, wanted->path, wanted->length) == 0;
}

/* Follows the last name of `real`, which is a path without links but for that name. */
static void follow_last(char real[PATH_MAX], bool *absent)
{
    char target[1];
    char found[PATH_MAX];
    /* What is below /proc differs with who asks. */
    *absent = strcmp(real, "/proc") == 0;
    if (readlink(real, target, sizeof target) < 0)
        *absent = *absent || errno != EINVAL;
    else if (realpath(real, found) == NULL)
        *absent = true;
    else
        memcpy(real, found, strlen(found) + 1);
}

/* Notes where the first `length` bytes of path lead, whose directory leads to the place `above` (0: the root). */
static uint32_t note(struct resolver *resolver, const char *path, size_t length, size_t name_at, uint32_t above)
{
    struct resolved *known = array_grow(resolver->known, resolver->count, &resolver->capacity, sizeof *known);
    if (known == NULL)
        return 0;
    resolver->known = known;
    char real[PATH_MAX] = "";
    size_t above_length = above == 0 ? 0 : known[above].real_length;
    bool absent = above != 0 && known[above].absent;
    if (above_length + length - name_at + 2 > sizeof real)
        return 0;
    if (above_length > 1)
        memcpy(real, known[above].real, above_length);
    size_t real_length = above_length > 1 ? above_length : 0;
    real[real_length++] = '/';
    memcpy(real + real_length, path + name_at, length - name_at);
    real[real_length + length - name_at] = '\0';
    if (!absent)
        follow_last(real, &absent);
    uint32_t index = (uint32_t)resolver->count;
    known[index] = (struct resolved){.path = store_copy(&resolver->store, path, length),
                                     .real = store_copy(&resolver->store, real, strlen(real)),
                                     .path_length = (uint32_t)length,
                                     .real_length = (uint32_t)strlen(real),
                                     .absent = absent};
    if (known[index].path == NULL || known[index].real == NULL ||
        table_add(&resolver->table, hash_bytes(0, path, length), index) < 0)
        return 0;
    resolver->count++;
    return index;
}

/* Where a path without globs leads; NULL if there is no memory, or it is too long. */
static const struct resolved *resolve(struct resolver *resolver, const char *path, size_t length)
{
    uint32_t place = 0;
    size_t at = 0;
    const char *name;
    size_t name_length;
    if (resolver->count == 0)
        resolver->count = 1; /* index 0 is no path */
    while (pattern_component(path, length, &at, &name, &name_length)) {
        struct wanted wanted = {.resolver = resolver, .path = path, .length = at};
        uint32_t found = table_find(&resolver->table, hash_bytes(0, path, at), same_path, &wanted);
        if (found == 0)
            found = note(resolver, path, at, (size_t)(name - path), place);
        if (found == 0)
            return NULL;
        place = found;
    }
    return place == 0 ? NULL : &resolver->known[place];
}

static void add_plain(struct bytes *pattern, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '*' || text[i] == '?' || text[i] == '[' || text[i] == '\\')
            bytes_add_byte(pattern, '\\');
        bytes_add_byte(pattern, text[i]);
    }
}

int pattern_resolve(struct resolver *resolver, const char *pattern, size_t length, struct bytes *resolved)
{
    char path[PATH_MAX];
    size_t literal = literal_length(pattern, length);
    resolved->length = 0;
    if (literal == 0 || literal >= sizeof path)
        return 0;
    size_t plain = glob_plain(pattern, literal, path);
    const struct resolved *place = resolve(resolver, path, plain);
    if (place == NULL || (place->real_length == plain && memcmp(place->real, path, plain) == 0))
        return 0;
    if (place->real_length > 1 || literal == length)
        add_plain(resolved, place->real, place->real_length);
    bytes_add(resolved, pattern + literal, length - literal);
    if (resolved->length >= LINE_MAX_LENGTH - 2)
        resolved->length = 0;
    return bytes_end(resolved) == NULL ? -ENOMEM : 0;
}

void resolver_free(struct resolver *resolver)
{
    free(resolver->known);
    free(resolver->table.slots);
    store_free(&resolver->store);
}
