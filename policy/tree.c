/*
 * The tree that patterns of names are kept in, a component a node. Literal names are found by hash; globs by a hash of
 * what they begin and end with, one for each pair of lengths that occurs below a node; `**` is a node that stays. So
 * a step costs the same however many rules there are.
 */
#include "policy/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOT = 1, FIXED_MAX = 255 };

/* SLOTS where an action has no such verdict. */
unsigned verdict_slot(enum policy_action action, enum policy_verdict verdict)
{
    static const uint8_t slots[POLICY_ACTIONS][6] = {
        [POLICY_READ] = {[POLICY_ALLOW] = 1, [POLICY_DENY] = 2, [POLICY_HIDE] = 3},
        [POLICY_WRITE] = {[POLICY_DIRECT] = 4, [POLICY_LAYER] = 5, [POLICY_IGNORE] = 6, [POLICY_DENY] = 7},
        [POLICY_EXEC] = {[POLICY_ALLOW] = 8, [POLICY_DENY] = 9},
        [POLICY_CONNECT] = {[POLICY_ALLOW] = 10, [POLICY_DENY] = 11},
        [POLICY_BIND] = {[POLICY_ALLOW] = 12, [POLICY_DENY] = 13},
    };
    uint8_t slot = slots[action][verdict];
    return slot == 0 ? SLOTS : slot - 1U;
}

/* A component below a node, as it is looked for. */
struct edge {
    const struct policy *policy;
    uint32_t parent;
    const char *name; /* of a glob: `fixed` */
    size_t length;
    uint8_t begin, end;
};

static bool same_literal(const void *data, uint32_t index)
{
    const struct edge *edge = data;
    const struct node *node = &edge->policy->nodes[index];
    return node->kind == NODE_LITERAL && node->parent == edge->parent && node->length == edge->length &&
           memcmp(node->name, edge->name, edge->length) == 0;
}

static bool same_fixed(const void *data, uint32_t index)
{
    const struct edge *edge = data;
    const struct node *node = &edge->policy->nodes[index];
    return node->kind == NODE_GLOB && node->parent == edge->parent && node->begin == edge->begin &&
           node->end == edge->end && memcmp(node->fixed, edge->name, edge->length) == 0;
}

static uint32_t literal_hash(uint32_t parent, const char *name, size_t length)
{
    return hash_bytes(parent, name, length);
}

static uint32_t glob_hash(const struct edge *edge)
{
    uint32_t shape = (uint32_t)edge->begin << 8 | edge->end;
    return hash_bytes(edge->parent ^ (shape + 1) << 16, edge->name, edge->length);
}

static uint32_t find_literal(const struct policy *policy, uint32_t parent, const char *name, size_t length)
{
    struct edge edge = {.policy = policy, .parent = parent, .name = name, .length = length};
    return table_find(&policy->edges, literal_hash(parent, name, length), same_literal, &edge);
}

/* A fresh node below parent, 0 without memory. */
static uint32_t node_new(struct policy *policy, uint32_t parent, enum node_kind kind, const char *name, size_t length)
{
    struct node *nodes = array_grow(policy->nodes, policy->node_count, &policy->node_capacity, sizeof *nodes);
    if (nodes == NULL)
        return 0;
    policy->nodes = nodes;
    const char *copy = store_copy(&policy->store, name, length);
    if (copy == NULL)
        return 0;
    uint32_t index = (uint32_t)policy->node_count++;
    nodes[index] = (struct node){.name = copy, .length = (uint32_t)length, .parent = parent, .kind = (uint8_t)kind};
    return index;
}

static uint32_t add_star(struct policy *policy, uint32_t parent)
{
    if (policy->nodes[parent].star != 0)
        return policy->nodes[parent].star;
    uint32_t star = node_new(policy, parent, NODE_STAR, "**", 2);
    policy->nodes[parent].star = star;
    return star;
}

static uint32_t add_literal(struct policy *policy, uint32_t parent, const char *component, size_t length)
{
    char plain[LINE_MAX_LENGTH];
    size_t plain_length = glob_plain(component, length, plain);
    uint32_t found = find_literal(policy, parent, plain, plain_length);
    if (found != 0)
        return found;
    uint32_t node = node_new(policy, parent, NODE_LITERAL, plain, plain_length);
    if (node == 0 || table_add(&policy->edges, literal_hash(parent, plain, plain_length), node) < 0)
        return 0;
    return node;
}

/* Where the last element of a glob that is no plain character ends. */
static size_t behind_last_glob(const char *glob, size_t length)
{
    size_t behind = 0;
    for (size_t i = 0; i < length; i++) {
        if (glob[i] == '\\')
            i++;
        else if (glob[i] == '*' || glob[i] == '?')
            behind = i + 1;
        else if (glob[i] == '[') {
            i += glob_bracket(glob + i, length - i) - 1;
            behind = i + 1;
        }
    }
    return behind;
}

/* What names that match must begin and end with, one behind the other in `fixed`, of 2 * FIXED_MAX bytes. */
static void glob_fixed(const char *glob, size_t length, char *fixed, uint8_t *begin, uint8_t *end)
{
    size_t first = 0;
    size_t count = 0;
    while (first < length && strchr("*?[", glob[first]) == NULL && count < FIXED_MAX) {
        first += glob[first] == '\\' ? 1 : 0;
        fixed[count++] = glob[first++];
    }
    *begin = (uint8_t)count;
    char plain[LINE_MAX_LENGTH];
    size_t behind = behind_last_glob(glob, length);
    size_t tail = glob_plain(glob + behind, length - behind, plain);
    size_t taken = tail < FIXED_MAX ? tail : FIXED_MAX;
    memcpy(fixed + count, plain + tail - taken, taken);
    *end = (uint8_t)taken;
}

static int add_shape(struct policy *policy, uint32_t parent, uint8_t begin, uint8_t end)
{
    for (uint32_t i = policy->nodes[parent].shapes; i != 0; i = policy->shapes[i].next)
        if (policy->shapes[i].begin == begin && policy->shapes[i].end == end)
            return 0;
    struct shape *shapes = array_grow(policy->shapes, policy->shape_count, &policy->shape_capacity, sizeof *shapes);
    if (shapes == NULL)
        return -ENOMEM;
    policy->shapes = shapes;
    shapes[policy->shape_count] = (struct shape){.next = policy->nodes[parent].shapes, .begin = begin, .end = end};
    policy->nodes[parent].shapes = (uint32_t)policy->shape_count++;
    return 0;
}

static uint32_t add_glob(struct policy *policy, uint32_t parent, const char *glob, size_t length)
{
    char fixed[2 * FIXED_MAX];
    struct edge edge = {.policy = policy, .parent = parent, .name = fixed};
    glob_fixed(glob, length, fixed, &edge.begin, &edge.end);
    edge.length = (size_t)edge.begin + edge.end;
    uint32_t hash = glob_hash(&edge);
    uint32_t first = table_find(&policy->edges, hash, same_fixed, &edge);
    for (uint32_t i = first; i != 0; i = policy->nodes[i].next)
        if (policy->nodes[i].length == length && memcmp(policy->nodes[i].name, glob, length) == 0)
            return i;
    uint32_t node = node_new(policy, parent, NODE_GLOB, glob, length);
    if (node == 0)
        return 0;
    struct node *added = &policy->nodes[node];
    added->begin = edge.begin;
    added->end = edge.end;
    added->fixed = store_copy(&policy->store, fixed, edge.length);
    if (added->fixed == NULL)
        return 0;
    if (first != 0) {
        added->next = policy->nodes[first].next;
        policy->nodes[first].next = node;
        return node;
    }
    return table_add(&policy->edges, hash, node) < 0 || add_shape(policy, parent, edge.begin, edge.end) < 0 ? 0 : node;
}

static uint32_t add_component(struct policy *policy, uint32_t parent, const char *component, size_t length)
{
    if (!glob_is(component, length))
        return add_literal(policy, parent, component, length);
    return add_glob(policy, parent, component, length);
}

/* Notes at a node that this rule is the newest of its kind there. */
static int add_rule(struct policy *policy, uint32_t at, uint32_t number)
{
    const struct rule *rule = &policy->rules[number - 1];
    unsigned slot = verdict_slot(rule->action, rule->verdict);
    if (rule->kind != POLICY_RULE_CEILING)
        for (uint32_t i = at; i != 0; i = policy->nodes[i].parent)
            policy->nodes[i].newest[slot] = number;
    for (uint32_t i = policy->nodes[at].rules; i != 0; i = policy->node_rules[i].next) {
        struct node_rule *there = &policy->node_rules[i];
        if (there->action == rule->action && there->kind == rule->kind) {
            there->rule = number;
            return 0;
        }
    }
    struct node_rule *rules =
        array_grow(policy->node_rules, policy->node_rule_count, &policy->node_rule_capacity, sizeof *rules);
    if (rules == NULL)
        return -ENOMEM;
    policy->node_rules = rules;
    rules[policy->node_rule_count] =
        (struct node_rule){.rule = number, .next = policy->nodes[at].rules, .action = rule->action, .kind = rule->kind};
    policy->nodes[at].rules = (uint32_t)policy->node_rule_count++;
    return 0;
}

static int add_path(struct policy *policy, uint32_t number, const char *pattern, size_t length)
{
    uint32_t node = ROOT;
    size_t at = 0;
    const char *component;
    size_t component_length;
    while (node != 0 && pattern_component(pattern, length, &at, &component, &component_length))
        node = glob_is_star(component, component_length) ? add_star(policy, node)
                                                         : add_component(policy, node, component, component_length);
    return node == 0 ? -ENOMEM : add_rule(policy, node, number);
}

static int add_abstract(struct policy *policy, uint32_t number, const char *pattern, size_t length)
{
    uint32_t node = add_component(policy, policy->abstract, pattern, length);
    return node == 0 ? -ENOMEM : add_rule(policy, node, number);
}

int tree_add(struct policy *policy, uint32_t number)
{
    const struct rule *rule = &policy->rules[number - 1];
    if (rule->pattern_kind == PATTERN_ADDRESS)
        return address_add(policy, number);
    if (rule->pattern_kind == PATTERN_ABSTRACT)
        return add_abstract(policy, number, rule->pattern, rule->pattern_length);
    int status = add_path(policy, number, rule->pattern, rule->pattern_length);
    if (status == 0 && rule->resolved != NULL)
        status = add_path(policy, number, rule->resolved, rule->resolved_length);
    return status;
}

/* Index 0 of each array is taken, so that 0 can say "none". */
int tree_new(struct policy *policy)
{
    policy->node_rules = array_grow(NULL, 0, &policy->node_rule_capacity, sizeof *policy->node_rules);
    policy->shapes = array_grow(NULL, 0, &policy->shape_capacity, sizeof *policy->shapes);
    policy->nodes = array_grow(NULL, 0, &policy->node_capacity, sizeof *policy->nodes);
    if (policy->node_rules == NULL || policy->shapes == NULL || policy->nodes == NULL)
        return -ENOMEM;
    policy->node_rules[0] = (struct node_rule){0};
    policy->shapes[0] = (struct shape){0};
    policy->nodes[0] = (struct node){0};
    policy->node_rule_count = 1;
    policy->shape_count = 1;
    policy->node_count = 1;
    if (node_new(policy, 0, NODE_LITERAL, "", 0) != ROOT)
        return -ENOMEM;
    policy->abstract = node_new(policy, 0, NODE_LITERAL, "@", 1);
    return policy->abstract == 0 ? -ENOMEM : 0;
}

void set_start(struct node_set *set)
{
    set->nodes = set->first;
    set->count = 0;
    set->capacity = SET_INLINE;
    set->failed = false;
}

void set_free(struct node_set *set)
{
    if (set->nodes != set->first)
        free(set->nodes);
    set->nodes = NULL;
}

static void set_add(struct policy *policy, struct node_set *set, uint32_t node)
{
    if (policy->nodes[node].mark == policy->mark)
        return;
    if (set->count == set->capacity) {
        size_t capacity = 2 * set->capacity + SET_INLINE;
        uint32_t *nodes = calloc(capacity, sizeof *nodes);
        set->failed = set->failed || nodes == NULL;
        if (nodes == NULL)
            return;
        memcpy(nodes, set->nodes, set->count * sizeof *nodes);
        set_free(set);
        set->nodes = nodes;
        set->capacity = capacity;
    }
    policy->nodes[node].mark = policy->mark;
    set->nodes[set->count++] = node;
}

/* A node, and its `**`, which may stand for nothing. */
static void set_reach(struct policy *policy, struct node_set *set, uint32_t node)
{
    set_add(policy, set, node);
    if (policy->nodes[node].star != 0)
        set_add(policy, set, policy->nodes[node].star);
}

/* A number that no node is marked with. */
static void next_mark(struct policy *policy)
{
    if (++policy->mark != 0)
        return;
    for (size_t i = 0; i < policy->node_count; i++)
        policy->nodes[i].mark = 0;
    policy->mark = 1;
}

void set_root(struct policy *policy, struct node_set *set, uint32_t root)
{
    next_mark(policy);
    set->count = 0;
    set_reach(policy, set, root == 0 ? ROOT : root);
}

static void step_globs(struct policy *policy, uint32_t parent, const char *name, size_t length, struct node_set *to)
{
    char fixed[2 * FIXED_MAX];
    for (uint32_t i = policy->nodes[parent].shapes; i != 0; i = policy->shapes[i].next) {
        struct shape shape = policy->shapes[i];
        struct edge edge = {.policy = policy, .parent = parent, .name = fixed, .begin = shape.begin, .end = shape.end};
        edge.length = (size_t)shape.begin + shape.end;
        policy->looked++;
        if (edge.length > length)
            continue;
        memcpy(fixed, name, shape.begin);
        memcpy(fixed + shape.begin, name + length - shape.end, shape.end);
        uint32_t node = table_find(&policy->edges, glob_hash(&edge), same_fixed, &edge);
        for (; node != 0; node = policy->nodes[node].next) {
            policy->looked++;
            if (glob_match(policy->nodes[node].name, policy->nodes[node].length, name, length))
                set_reach(policy, to, node);
        }
    }
}

void set_step(struct policy *policy, const uint32_t *from, size_t count, const char *name, size_t length,
              struct node_set *to)
{
    next_mark(policy);
    to->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (policy->nodes[from[i]].kind == NODE_STAR)
            set_reach(policy, to, from[i]);
        policy->looked++;
        uint32_t literal = find_literal(policy, from[i], name, length);
        if (literal != 0)
            set_reach(policy, to, literal);
        step_globs(policy, from[i], name, length, to);
    }
}
