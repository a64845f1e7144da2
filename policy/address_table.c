/*
 * Rules about addresses: found by the bits of the address and of the port that count, one look for each pair of
 * numbers of bits that occurs. A range of ports is several such blocks, at most thirty.
 */
#include "policy/internal.h"

#include <errno.h>
#include <string.h>

enum { PORT_BITS = 16 };

struct wanted {
    const struct policy *policy;
    struct address_key key;
};

static bool same_key(const void *data, uint32_t index)
{
    const struct wanted *wanted = data;
    return memcmp(&wanted->policy->addresses[index].key, &wanted->key, sizeof wanted->key) == 0;
}

static uint32_t find(const struct policy *policy, const struct address_key *key)
{
    struct wanted wanted = {.policy = policy, .key = *key};
    return table_find(&policy->address_edges, hash_bytes(0, key, sizeof *key), same_key, &wanted);
}

static int add_shape(struct policy *policy, const struct address_key *key)
{
    for (size_t i = 0; i < policy->address_shape_count; i++) {
        const struct address_shape *there = &policy->address_shapes[i];
        if (there->family == key->family && there->bits == key->bits && there->port_bits == key->port_bits)
            return 0;
    }
    struct address_shape *shapes = array_grow(policy->address_shapes, policy->address_shape_count,
                                              &policy->address_shape_capacity, sizeof *shapes);
    if (shapes == NULL)
        return -ENOMEM;
    policy->address_shapes = shapes;
    shapes[policy->address_shape_count++] =
        (struct address_shape){.family = key->family, .bits = key->bits, .port_bits = key->port_bits};
    return 0;
}

/* Index 0 stays free. */
static uint32_t find_or_add(struct policy *policy, const struct address_key *key)
{
    uint32_t found = find(policy, key);
    if (found != 0)
        return found;
    if (policy->address_count == 0)
        policy->address_count = 1;
    struct address_node *nodes =
        array_grow(policy->addresses, policy->address_count, &policy->address_capacity, sizeof *nodes);
    if (nodes == NULL)
        return 0;
    policy->addresses = nodes;
    uint32_t index = (uint32_t)policy->address_count++;
    nodes[index] = (struct address_node){.key = *key};
    if (add_shape(policy, key) < 0 || table_add(&policy->address_edges, hash_bytes(0, key, sizeof *key), index) < 0)
        return 0;
    return index;
}

static size_t action_index(enum policy_action action)
{
    return action == POLICY_CONNECT ? 0 : 1;
}

static int add_block(struct policy *policy, uint32_t number, uint8_t family, uint32_t port, uint8_t port_bits)
{
    const struct rule *rule = &policy->rules[number - 1];
    struct address_key key = {
        .family = family, .bits = rule->address.bits, .port_bits = port_bits, .port = (uint16_t)port};
    memcpy(key.address, rule->address.address, sizeof key.address);
    uint32_t index = find_or_add(policy, &key);
    if (index == 0)
        return -ENOMEM;
    policy->addresses[index].rules[action_index(rule->action)][rule->kind] = number;
    return 0;
}

/* The ports, as blocks that begin at a multiple of their size. */
static int add_family(struct policy *policy, uint32_t number, uint8_t family)
{
    uint32_t port = policy->rules[number - 1].address.first;
    uint32_t end = policy->rules[number - 1].address.last + 1U;
    int status = 0;
    while (status == 0 && port < end) {
        unsigned bits = 0; /* of the size of the block */
        while (bits < PORT_BITS && port % (2U << bits) == 0 && port + (2U << bits) <= end)
            bits++;
        status = add_block(policy, number, family, port, (uint8_t)(PORT_BITS - bits));
        port += 1U << bits;
    }
    return status;
}

int address_add(struct policy *policy, uint32_t number)
{
    const struct address_pattern *address = &policy->rules[number - 1].address;
    if (!address->both)
        return add_family(policy, number, address->family);
    int status = add_family(policy, number, AF_INET);
    return status < 0 ? status : add_family(policy, number, AF_INET6);
}

static void take_bits(uint8_t *to, const uint8_t *address, unsigned bits)
{
    memset(to, 0, 16);
    memcpy(to, address, bits / 8);
    if (bits % 8 != 0)
        to[bits / 8] = address[bits / 8] & (uint8_t)(0xff00U >> bits % 8);
}

void address_newest(struct policy *policy, enum policy_action action, uint8_t family, const uint8_t *address,
                    uint16_t port, struct newest *newest)
{
    for (size_t i = 0; i < policy->address_shape_count; i++) {
        const struct address_shape *shape = &policy->address_shapes[i];
        if (shape->family != family && shape->family != AF_UNSPEC)
            continue;
        struct address_key key = {.family = shape->family, .bits = shape->bits, .port_bits = shape->port_bits};
        if (shape->bits > 0 && address != NULL)
            take_bits(key.address, address, shape->bits);
        key.port = (uint16_t)(shape->port_bits == 0 ? 0 : port & (0xffffU << (PORT_BITS - shape->port_bits)));
        policy->looked++;
        uint32_t index = find(policy, &key);
        for (size_t kind = 0; index != 0 && kind < POLICY_RULE_KINDS; kind++)
            newest_add(newest, (enum policy_rule_kind)kind, policy->addresses[index].rules[action_index(action)][kind]);
    }
}
