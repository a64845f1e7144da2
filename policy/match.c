/*
 * Whether one rule matches, found without the tree: what `coffer policy explain` shows, and what tests compare with.
 */
#include "policy/internal.h"

#include <string.h>

/* A `**` takes as few components as it can; when what follows fails, the last one takes one more. */
static bool path_match(const char *pattern, size_t pattern_length, const char *path, size_t path_length)
{
    size_t at = 0;
    size_t path_at = 0;
    size_t star = SIZE_MAX;
    size_t star_path = 0;
    for (;;) {
        size_t next = at;
        size_t path_next = path_at;
        const char *glob;
        const char *name;
        size_t glob_length;
        size_t name_length;
        bool more = pattern_component(pattern, pattern_length, &next, &glob, &glob_length);
        bool path_more = pattern_component(path, path_length, &path_next, &name, &name_length);
        if (!more && !path_more)
            return true;
        if (more && glob_is_star(glob, glob_length)) {
            at = star = next;
            star_path = path_at;
        } else if (more && path_more && glob_match(glob, glob_length, name, name_length)) {
            at = next;
            path_at = path_next;
        } else if (star != SIZE_MAX && pattern_component(path, path_length, &star_path, &name, &name_length)) {
            at = star;
            path_at = star_path;
        } else {
            return false;
        }
    }
}

bool policy_rule_matches(const struct policy *policy, uint32_t number, const char *path)
{
    const struct rule *rule = &policy->rules[number - 1];
    size_t length = strlen(path);
    if (rule->pattern_kind == PATTERN_ADDRESS)
        return rule->address.family == AF_UNIX || (rule->address.family == AF_UNSPEC && !rule->address.both);
    if (rule->pattern_kind != PATTERN_PATH)
        return false;
    return path_match(rule->pattern, rule->pattern_length, path, length) ||
           (rule->resolved != NULL && path_match(rule->resolved, rule->resolved_length, path, length));
}

static bool bits_match(const struct address_pattern *pattern, const struct plain_address *plain)
{
    for (unsigned i = 0; i < pattern->bits; i++)
        if (((pattern->address[i / 8] ^ plain->address[i / 8]) & (0x80U >> i % 8)) != 0)
            return false;
    return true;
}

bool policy_rule_matches_address(const struct policy *policy, uint32_t number, const struct sockaddr *address,
                                 socklen_t length)
{
    const struct rule *rule = &policy->rules[number - 1];
    struct plain_address plain;
    if (!address_plain(address, length, rule->action == POLICY_CONNECT, &plain))
        return false;
    if (rule->pattern_kind == PATTERN_PATH)
        return plain.name != NULL && !plain.abstract &&
               (path_match(rule->pattern, rule->pattern_length, plain.name, plain.name_length) ||
                (rule->resolved != NULL &&
                 path_match(rule->resolved, rule->resolved_length, plain.name, plain.name_length)));
    if (rule->pattern_kind == PATTERN_ABSTRACT)
        return plain.abstract && glob_match(rule->pattern, rule->pattern_length, plain.name, plain.name_length);
    if (rule->address.family == AF_UNSPEC && !rule->address.both)
        return true;
    bool family =
        rule->address.both ? plain.family == AF_INET || plain.family == AF_INET6 : plain.family == rule->address.family;
    return family && plain.port >= rule->address.first && plain.port <= rule->address.last &&
           bits_match(&rule->address, &plain);
}
