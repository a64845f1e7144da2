/*
 * Decisions: of the rules at the nodes that a path has come to, the newest decides, within what the ceilings allow.
 */
#include "policy/internal.h"

#include <string.h>
#include <sys/un.h>

static const struct {
    const char *name;
    enum policy_verdict otherwise; /* when no rule matches */
    enum policy_verdict strictest;
} actions[POLICY_ACTIONS] = {
    [POLICY_READ] = {"read", POLICY_ALLOW, POLICY_HIDE}, [POLICY_WRITE] = {"write", POLICY_LAYER, POLICY_DENY},
    [POLICY_EXEC] = {"exec", POLICY_ALLOW, POLICY_DENY}, [POLICY_CONNECT] = {"connect", POLICY_ALLOW, POLICY_DENY},
    [POLICY_BIND] = {"bind", POLICY_ALLOW, POLICY_DENY},
};

const char *policy_action_name(enum policy_action action)
{
    return actions[action].name;
}

enum policy_action policy_action_find(const char *name, size_t length)
{
    for (size_t i = 0; i < POLICY_ACTIONS; i++)
        if (strlen(actions[i].name) == length && memcmp(actions[i].name, name, length) == 0)
            return (enum policy_action)i;
    return POLICY_ACTIONS;
}

const char *policy_verdict_name(enum policy_verdict verdict)
{
    static const char *const names[] = {
        [POLICY_ALLOW] = "allow",   [POLICY_DENY] = "deny",   [POLICY_HIDE] = "hide",
        [POLICY_DIRECT] = "direct", [POLICY_LAYER] = "layer", [POLICY_IGNORE] = "ignore",
    };
    return names[verdict];
}

/* How little a verdict permits, compared with others of its action. */
int verdict_strictness(enum policy_verdict verdict)
{
    static const int strictness[] = {
        [POLICY_ALLOW] = 0,  [POLICY_DIRECT] = 0, [POLICY_LAYER] = 1,
        [POLICY_IGNORE] = 2, [POLICY_DENY] = 3,   [POLICY_HIDE] = 4,
    };
    return strictness[verdict];
}

struct policy_decision decide_refuse(enum policy_action action)
{
    return (struct policy_decision){.verdict = actions[action].strictest};
}

void newest_add(struct newest *newest, enum policy_rule_kind kind, uint32_t rule)
{
    if (rule > newest->rule[kind])
        newest->rule[kind] = rule;
}

struct policy_decision decide_by_rule(const struct policy *policy, enum policy_action action, uint32_t number)
{
    if (number == 0)
        return (struct policy_decision){.verdict = actions[action].otherwise};
    const struct rule *rule = &policy->rules[number - 1];
    return (struct policy_decision){.verdict = rule->verdict, .quiet = rule->quiet, .rule = number};
}

/* A rule that was added at run time loosens what the others say no further than the ceiling; without one, not at all.
 */
struct policy_decision newest_decide(const struct policy *policy, enum policy_action action,
                                     const struct newest *newest)
{
    uint32_t added = newest->rule[POLICY_RULE_ADDED];
    uint32_t ceiling = newest->rule[POLICY_RULE_CEILING];
    struct policy_decision base = decide_by_rule(policy, action, newest->rule[POLICY_RULE_BASE]);
    if (added <= newest->rule[POLICY_RULE_BASE])
        return base;
    struct policy_decision wanted = decide_by_rule(policy, action, added);
    enum policy_verdict most = ceiling == 0 ? base.verdict : policy->rules[ceiling - 1].verdict;
    if (verdict_strictness(most) > verdict_strictness(base.verdict))
        most = base.verdict;
    if (verdict_strictness(wanted.verdict) >= verdict_strictness(most))
        return wanted;
    if (most == base.verdict) {
        base.limited = true;
        return base;
    }
    wanted.verdict = most;
    wanted.quiet = false;
    wanted.limited = true;
    return wanted;
}

static bool is_socket(enum policy_action action)
{
    return action == POLICY_CONNECT || action == POLICY_BIND;
}

static void node_newest(const struct policy *policy, const struct node *node, enum policy_action action,
                        struct newest *newest)
{
    for (uint32_t i = node->rules; i != 0; i = policy->node_rules[i].next) {
        const struct node_rule *rule = &policy->node_rules[i];
        if (rule->action == action)
            newest_add(newest, (enum policy_rule_kind)rule->kind, rule->rule);
    }
}

static void set_newest(struct policy *policy, const uint32_t *nodes, size_t count, enum policy_action action,
                       struct newest *newest)
{
    for (size_t i = 0; i < count; i++)
        node_newest(policy, &policy->nodes[nodes[i]], action, newest);
    if (is_socket(action))
        address_newest(policy, action, AF_UNIX, NULL, 0, newest);
}

struct policy_decision set_decide(struct policy *policy, const uint32_t *nodes, size_t count, enum policy_action action)
{
    struct newest newest = {{0}};
    set_newest(policy, nodes, count, action, &newest);
    return newest_decide(policy, action, &newest);
}

/*
 * What covers everything below: the newest rule at a `**` that the path has come to (or about any address). Everything
 * below has its verdict, but where a newer rule has another.
 */
bool set_varies(struct policy *policy, const uint32_t *nodes, size_t count, enum policy_action action)
{
    struct newest cover = {{0}};
    for (size_t i = 0; i < count; i++)
        if (policy->nodes[nodes[i]].kind == NODE_STAR)
            node_newest(policy, &policy->nodes[nodes[i]], action, &cover);
    if (is_socket(action))
        address_newest(policy, action, AF_UNIX, NULL, 0, &cover);
    uint32_t number = cover.rule[POLICY_RULE_BASE];
    /* What a rule of run time comes to depends on the ceiling at each place. */
    if (cover.rule[POLICY_RULE_ADDED] > number)
        return true;
    unsigned own = verdict_slot(action, decide_by_rule(policy, action, number).verdict);
    for (unsigned verdict = POLICY_ALLOW; verdict <= POLICY_IGNORE; verdict++) {
        unsigned slot = verdict_slot(action, (enum policy_verdict)verdict);
        for (size_t i = 0; i < count && slot < SLOTS && slot != own; i++)
            if (policy->nodes[nodes[i]].newest[slot] > number)
                return true;
    }
    return false;
}

/* The nodes that a path comes to. False: it has a "..", or there was no memory. */
static bool set_of_path(struct policy *policy, const char *path, struct node_set *set)
{
    struct node_set other;
    set_start(&other);
    struct node_set *here = set;
    struct node_set *there = &other;
    bool good = *path == '/' && !policy->broken;
    set_root(policy, here, 0);
    while (good) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length == 0)
            break;
        good = !(length == 2 && memcmp(path, "..", 2) == 0);
        if (good && !(length == 1 && *path == '.')) {
            set_step(policy, here->nodes, here->count, path, length, there);
            struct node_set *next = there;
            there = here;
            here = next;
        }
        path += length;
    }
    good = good && !set->failed && !other.failed;
    if (good && here == &other) {
        /* The set that is the caller's takes over what the other one holds. */
        set_free(set);
        *set = other;
        if (other.nodes == other.first)
            set->nodes = set->first;
        return true;
    }
    set_free(&other);
    return good;
}

struct policy_decision policy_decide(struct policy *policy, enum policy_action action, const char *path)
{
    struct node_set set;
    set_start(&set);
    struct policy_decision decision = decide_refuse(action);
    if (set_of_path(policy, path, &set))
        decision = set_decide(policy, set.nodes, set.count, action);
    set_free(&set);
    return decision;
}

bool policy_below(struct policy *policy, enum policy_action action, const char *directory)
{
    struct node_set set;
    set_start(&set);
    bool varies = !set_of_path(policy, directory, &set) || set_varies(policy, set.nodes, set.count, action);
    set_free(&set);
    return varies;
}

static struct policy_decision decide_abstract(struct policy *policy, enum policy_action action,
                                              const struct plain_address *address)
{
    struct node_set root;
    struct node_set set;
    set_start(&root);
    set_start(&set);
    set_root(policy, &root, policy->abstract);
    set_step(policy, root.nodes, root.count, address->name, address->name_length, &set);
    struct policy_decision decision =
        set.failed ? decide_refuse(action) : set_decide(policy, set.nodes, set.count, action);
    set_free(&root);
    set_free(&set);
    return decision;
}

struct policy_decision policy_decide_address(struct policy *policy, enum policy_action action,
                                             const struct sockaddr *address, socklen_t length)
{
    struct plain_address plain;
    if (policy->broken || !address_plain(address, length, action == POLICY_CONNECT, &plain))
        return decide_refuse(action);
    if (plain.abstract)
        return decide_abstract(policy, action, &plain);
    if (plain.name != NULL) {
        char path[sizeof(struct sockaddr_un) + 1];
        memcpy(path, plain.name, plain.name_length);
        path[plain.name_length] = '\0';
        return policy_decide(policy, action, path);
    }
    struct newest newest = {{0}};
    address_newest(policy, action, plain.family, plain.address, plain.port, &newest);
    return newest_decide(policy, action, &newest);
}

struct policy_violation policy_on_violation(const struct policy *policy)
{
    return policy->violation;
}

enum policy_control policy_control(const struct policy *policy)
{
    return policy->control;
}

bool policy_is_looser(enum policy_verdict verdict, enum policy_verdict than)
{
    return verdict_strictness(verdict) < verdict_strictness(than);
}

uint32_t policy_rule_count(const struct policy *policy)
{
    return (uint32_t)policy->rule_count;
}

struct policy_rule policy_rule_get(const struct policy *policy, uint32_t number)
{
    const struct rule *rule = &policy->rules[number - 1];
    return (struct policy_rule){
        .file = policy->files[rule->file].name,
        .line = rule->line,
        .text = rule->text,
        .text_length = rule->text_length,
        .pattern = rule->pattern,
        .resolved = rule->resolved,
        .action = rule->action,
        .verdict = rule->verdict,
        .kind = rule->kind,
        .quiet = rule->quiet,
    };
}
