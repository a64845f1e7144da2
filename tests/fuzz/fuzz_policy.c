/*
 * Policy files, and questions about paths and addresses. The oracle tries each rule in turn, with a matcher that works
 * in another way than the tree: what it says must be what is decided; places on the way must decide as paths do, and
 * nothing may differ below a directory of which it was said that nothing does.
 *
 * The input is a policy, a byte 1, and paths, a line each.
 */
#include "policy/internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 8192, COMPONENTS_MAX = 24, RULES_TRIED = 60 };

struct components {
    const char *name[COMPONENTS_MAX];
    size_t length[COMPONENTS_MAX];
    size_t count;
    bool cut; /* there were more */
};

static struct components take_apart(const char *path, size_t length)
{
    struct components components = {.count = 0};
    size_t at = 0;
    while (!components.cut && at < length) {
        const char *slash = memchr(path + at, '/', length - at);
        size_t end = slash == NULL ? length : (size_t)(slash - path);
        if (end > at && components.count == COMPONENTS_MAX)
            components.cut = true;
        else if (end > at && !(end == at + 1 && path[at] == '.')) {
            components.name[components.count] = path + at;
            components.length[components.count++] = end - at;
        }
        at = end + 1;
    }
    return components;
}

/* By a table of which beginnings match, filled row by row: no guessing how much a `**` takes. */
static bool oracle_path(const struct components *pattern, const struct components *path)
{
    bool row[COMPONENTS_MAX + 1] = {true};
    for (size_t i = 0; i < pattern->count; i++) {
        bool next[COMPONENTS_MAX + 1] = {false};
        bool star = pattern->length[i] == 2 && memcmp(pattern->name[i], "**", 2) == 0;
        for (size_t j = 0; j <= path->count; j++) {
            if (star)
                next[j] = row[j] || (j > 0 && next[j - 1]);
            else if (j > 0 && row[j - 1])
                next[j] = glob_match(pattern->name[i], pattern->length[i], path->name[j - 1], path->length[j - 1]);
        }
        memcpy(row, next, sizeof row);
    }
    return row[path->count];
}

/* Whether the oracle can judge this rule. */
static bool oracle_matches(const struct policy *policy, uint32_t number, const struct components *path, bool *knows)
{
    const struct rule *rule = &policy->rules[number - 1];
    if (rule->pattern_kind != PATTERN_PATH)
        return policy_rule_matches(policy, number, "/");
    struct components pattern = take_apart(rule->pattern, rule->pattern_length);
    *knows = *knows && !pattern.cut;
    return oracle_path(&pattern, path);
}

static void must(bool what)
{
    if (!what)
        abort();
}

/* The number of the newest rule of a kind, tried one after the other. */
static uint32_t oracle_newest(const struct policy *policy, enum policy_action action, enum policy_rule_kind kind,
                              const struct components *path, const char *text, bool *knows)
{
    uint32_t newest = 0;
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        struct policy_rule rule = policy_rule_get(policy, number);
        if (rule.action != action || rule.kind != kind)
            continue;
        bool matches = oracle_matches(policy, number, path, knows);
        must(!*knows || matches == policy_rule_matches(policy, number, text));
        newest = matches ? number : newest;
    }
    return newest;
}

static bool equal(struct policy_decision a, struct policy_decision b)
{
    return a.verdict == b.verdict && a.quiet == b.quiet && a.limited == b.limited && a.rule == b.rule;
}

static void try_path(struct policy *policy, const char *text)
{
    struct components path = take_apart(text, strlen(text));
    if (path.cut)
        return;
    struct policy_place *place = policy_root(policy);
    struct policy_place *calm[POLICY_ACTIONS] = {NULL}; /* the first place below which nothing differs */
    for (size_t i = 0; i <= path.count; i++) {
        must(place != NULL);
        for (size_t action = 0; action < POLICY_ACTIONS; action++)
            if (calm[action] == NULL && !policy_place_below(place, (enum policy_action)action))
                calm[action] = policy_place_hold(place);
        if (i == path.count)
            break;
        struct policy_place *next = policy_step(policy, place, path.name[i], path.length[i]);
        policy_place_release(policy, place);
        place = next;
    }
    for (size_t i = 0; i < POLICY_ACTIONS; i++) {
        enum policy_action action = (enum policy_action)i;
        struct newest newest;
        bool knows = true;
        for (size_t kind = 0; kind < POLICY_RULE_KINDS; kind++)
            newest.rule[kind] = oracle_newest(policy, action, (enum policy_rule_kind)kind, &path, text, &knows);
        struct policy_decision decided = policy_decide(policy, action, text);
        must(equal(decided, policy_place_decide(place, action)));
        must(!knows || equal(decided, newest_decide(policy, action, &newest)));
        /* Below it, and at it or not, everything has the verdict of the rest. */
        if (calm[i] != NULL)
            must(policy_place_decide(calm[i], action).verdict == decided.verdict);
        policy_place_release(policy, calm[i]);
    }
    policy_place_release(policy, place);
}

/* What is asked about has neither "." nor "..": policy_decide(). */
static bool has_dots(const char *path)
{
    for (const char *at = path; (at = strstr(at, "/.")) != NULL; at++) {
        size_t dots = at[2] == '.' ? 2 : 1;
        if (at[1 + dots] == '/' || at[1 + dots] == '\0')
            return true;
    }
    return false;
}

static void try_address(struct policy *policy, const char *bytes, size_t length)
{
    struct sockaddr_storage address = {0};
    if (length > sizeof address)
        length = sizeof address;
    memcpy(&address, bytes, length);
    static const sa_family_t families[] = {AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC};
    address.ss_family = families[(unsigned char)bytes[0] % 4];
    const struct sockaddr *socket_address = (const struct sockaddr *)&address;
    socklen_t sizes[] = {sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6), sizeof(struct sockaddr_un),
                         (socklen_t)length};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int action = POLICY_CONNECT; action <= POLICY_BIND; action++) {
            struct newest newest = {{0}};
            struct plain_address plain;
            struct policy_decision decided =
                policy_decide_address(policy, (enum policy_action)action, socket_address, sizes[i]);
            if (!address_plain(socket_address, sizes[i], action == POLICY_CONNECT, &plain))
                continue;
            if (plain.name != NULL && !plain.abstract)
                continue; /* tried as a path */
            for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
                struct policy_rule rule = policy_rule_get(policy, number);
                if ((int)rule.action == action && policy_rule_matches_address(policy, number, socket_address, sizes[i]))
                    newest_add(&newest, rule.kind, number);
            }
            must(equal(decided, newest_decide(policy, (enum policy_action)action, &newest)));
        }
    }
}

static const char *no_variable(void *data, const char *name)
{
    (void)data;
    return strcmp(name, "V") == 0 ? "/v*" : NULL;
}

static void count_problem(void *data, const struct policy_problem *problem)
{
    unsigned *count = data;
    (*count)++;
    must(problem->text != NULL && *problem->text != '\0' && problem->line > 0 && problem->column > 0);
}

/* All lines that are rules, one policy each: a file with an error would give none. */
static void load_lines(struct policy *policy, unsigned *problems, const char *text, size_t length)
{
    while (length > 0 && policy_rule_count(policy) < RULES_TRIED) {
        const char *newline = memchr(text, '\n', length);
        size_t line = newline == NULL ? length : (size_t)(newline - text);
        bool confined = line > 0 && *text == '+';
        *problems = 0;
        bool includes = memmem(text, line, "include", 7) != NULL;
        int status = includes ? 0
                              : policy_append(policy, "fuzz", text + (confined ? 1 : 0), line - (confined ? 1 : 0),
                                              confined ? POLICY_CONFINED : POLICY_TRUSTED);
        must((status == 0) == (*problems == 0));
        text += newline == NULL ? line : line + 1;
        length -= newline == NULL ? line : line + 1;
    }
}

/*
 * The pattern of a rule, read again as a word, is the same pattern. Not all are words: two globs may come to stand side
 * by side ("x*" of a variable, and "*"), and in brackets any byte may have a backslash.
 */
static void read_again(struct policy *policy)
{
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        const struct rule *rule = &policy->rules[number - 1];
        if (rule->pattern_kind != PATTERN_PATH)
            continue;
        struct bytes pattern = {0};
        struct pattern_error error;
        if (pattern_read_path(policy, rule->pattern, rule->pattern_length, &pattern, &error) == 0)
            must(pattern.length == rule->pattern_length && memcmp(pattern.data, rule->pattern, pattern.length) == 0);
        free(pattern.data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned problems = 0;
    struct policy_options options = {.home = "/h", .directory = "/w", .variable = no_variable, .report = count_problem};
    options.data = &problems;
    struct policy *policy;
    if (size > INPUT_MAX || policy_new(&policy, &options) < 0)
        return 0;
    const uint8_t *mark = memchr(data, 1, size);
    size_t length = mark == NULL ? size : (size_t)(mark - data);
    load_lines(policy, &problems, (const char *)data, length);
    read_again(policy);
    for (const uint8_t *at = mark; at != NULL && ++at < data + size;) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(data + size - at));
        size_t line = (size_t)((newline == NULL ? data + size : newline) - at);
        char *text = strndup((const char *)at, line);
        must(text != NULL);
        if (*text == '/' && !has_dots(text))
            try_path(policy, text);
        else if (*text != '\0')
            try_address(policy, (const char *)at, line);
        free(text);
        at = newline;
    }
    policy_free(policy);
    return 0;
}
