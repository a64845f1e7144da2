/*
 * Rules that a program adds while it runs. What they come to is decide.c's business: they loosen nothing beyond the
 * ceilings. Here whoever adds one hears of it at once.
 */
#include "policy/internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* A program must not fill the machine's memory with rules, nor make an addition take long. */
enum { ADDED_MAX = 10000 };

struct complaint {
    char *text;
    size_t size;
};

/* The first thing that is wrong. */
static void complain(void *data, const struct policy_problem *problem)
{
    const struct complaint *complaint = data;
    if (complaint->text[0] == '\0')
        (void)snprintf(complaint->text, complaint->size, "%s", problem->text);
}

/* Up to its first glob, and without what escapes: a place that the rule is about. Fresh memory. */
static char *place_of(const struct rule *rule)
{
    char *place = malloc(rule->pattern_length + 2U);
    const char *component;
    size_t at = 0, length, used = 0;
    if (place == NULL)
        return NULL;
    while (pattern_component(rule->pattern, rule->pattern_length, &at, &component, &length) &&
           !glob_is(component, length) && !glob_is_star(component, length)) {
        place[used++] = '/';
        used += glob_plain(component, length, place + used);
    }
    if (used == 0)
        place[used++] = '/';
    place[used] = '\0';
    return place;
}

/* What the rules of the start say of an action, and how far rules of run time may loosen it. */
struct limit {
    enum policy_verdict base, most;
};

static bool matches(const struct policy *policy, uint32_t number, const char *path, const struct sockaddr *address,
                    socklen_t length)
{
    return path != NULL ? policy_rule_matches(policy, number, path)
                        : policy_rule_matches_address(policy, number, address, length);
}

/* The newest rule of a kind that matches, 0: none. */
static uint32_t newest_of(const struct policy *policy, enum policy_rule_kind kind, enum policy_action action,
                          const char *path, const struct sockaddr *address, socklen_t length)
{
    for (uint32_t number = policy_rule_count(policy); number > 0; number--) {
        const struct rule *rule = &policy->rules[number - 1];
        if (rule->kind == kind && rule->action == action && matches(policy, number, path, address, length))
            return number;
    }
    return 0;
}

static struct limit limit_of(const struct policy *policy, enum policy_action action, const char *path,
                             const struct sockaddr *address, socklen_t length)
{
    uint32_t base = newest_of(policy, POLICY_RULE_BASE, action, path, address, length);
    uint32_t ceiling = newest_of(policy, POLICY_RULE_CEILING, action, path, address, length);
    struct limit limit = {.base = decide_by_rule(policy, action, base).verdict};
    limit.most = ceiling == 0 ? limit.base : (enum policy_verdict)policy->rules[ceiling - 1].verdict;
    if (policy_is_looser(limit.base, limit.most))
        limit.most = limit.base;
    return limit;
}

/* The address that a rule is about, where it is just one: its length, or 0. */
static socklen_t address_of(const struct rule *rule, struct sockaddr_storage *address)
{
    struct sockaddr_un *un = (struct sockaddr_un *)address;
    if (rule->pattern_kind == PATTERN_ADDRESS)
        return policy_address_read(rule->pattern, address);
    if (glob_is(rule->pattern, rule->pattern_length) || glob_is_star(rule->pattern, rule->pattern_length) ||
        rule->pattern_length >= sizeof un->sun_path)
        return 0;
    memset(address, 0, sizeof *address);
    un->sun_family = AF_UNIX;
    size_t length = glob_plain(rule->pattern, rule->pattern_length, un->sun_path + 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

/* Whether the rule loosens too much where it begins. An address that has no one place is left to the decisions. */
static int is_too_loose(const struct policy *policy, const struct rule *rule)
{
    enum policy_action action = (enum policy_action)rule->action;
    struct limit limit;
    if (rule->pattern_kind == PATTERN_PATH) {
        char *place = place_of(rule);
        if (place == NULL)
            return -ENOMEM;
        limit = limit_of(policy, action, place, NULL, 0);
        free(place);
    } else {
        struct sockaddr_storage address;
        socklen_t length = address_of(rule, &address);
        if (length == 0)
            return 0;
        limit = limit_of(policy, action, NULL, (const struct sockaddr *)&address, length);
    }
    return policy_is_looser((enum policy_verdict)rule->verdict, limit.most);
}

/* Whether the rule changes what calls that look would see. */
static bool needs_looks(const struct rule *rule)
{
    return rule->action == POLICY_READ ? rule->verdict != POLICY_ALLOW
                                       : rule->action == POLICY_WRITE && rule->verdict == POLICY_LAYER;
}

static int judge(const struct policy *policy, const struct policy *trial, bool reads_pass, char *why, size_t size)
{
    if (policy->added + trial->rule_count > ADDED_MAX) {
        (void)snprintf(why, size, "too many rules: at most %d can be added", ADDED_MAX);
        return -EPERM;
    }
    for (size_t i = 0; i < trial->rule_count; i++) {
        int loose = is_too_loose(policy, &trial->rules[i]);
        if (loose < 0)
            return loose;
        if (loose > 0)
            (void)snprintf(why, size, "no ceiling lets this be loosened");
        else if (reads_pass && needs_looks(&trial->rules[i]))
            (void)snprintf(why, size, "under this policy all may be read, and nobody looks at reads");
        else
            continue;
        return -EPERM;
    }
    return 0;
}

/* A shell may look twice: the rule that was added last is not added again. */
static bool is_newest(const struct policy *policy, const struct policy *trial)
{
    if (trial->rule_count != 1 || policy->rule_count == 0)
        return false;
    const struct rule *newest = &policy->rules[policy->rule_count - 1];
    const struct rule *rule = &trial->rules[0];
    return newest->kind == POLICY_RULE_ADDED && newest->text_length == rule->text_length &&
           memcmp(newest->text, rule->text, rule->text_length) == 0;
}

int policy_add(struct policy *policy, const char *name, const char *text, size_t length, bool reads_pass, char *why,
               size_t size)
{
    struct policy *trial;
    struct complaint complaint = {.text = why, .size = size};
    struct policy_options options = policy->options;
    options.report = complain;
    options.data = &complaint;
    why[0] = '\0';
    int status = policy_new(&trial, &options);
    if (status < 0)
        return status;
    status = policy_append(trial, name, text, length, POLICY_CONFINED);
    if (status == -EINVAL)
        status = -EPERM;
    if (status == 0 && trial->rule_count == 0) {
        (void)snprintf(why, size, "no rule found, one expected");
        status = -EPERM;
    }
    if (status == 0 && is_newest(policy, trial)) {
        policy_free(trial);
        return 0;
    }
    if (status == 0)
        status = judge(policy, trial, reads_pass, why, size);
    if (status == 0)
        status = policy_append(policy, name, text, length, POLICY_CONFINED);
    if (status == 0)
        policy->added += trial->rule_count;
    policy_free(trial);
    return status;
}
