/*
 * Places: sets of nodes that walks have come to, each kept once, with all that can be asked of it. Most directories of
 * a file system are at one and the same place: where only `**` rules reach.
 */
#include "policy/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct policy_place {
    struct policy_place *next; /* with the same hash in the table */
    uint32_t references;
    uint32_t hash;
    uint32_t generation;
    uint32_t count;
    struct policy_decision decisions[POLICY_ACTIONS];
    bool below[POLICY_ACTIONS];
    uint32_t nodes[];
};

static struct policy_place **chain_of(struct policy *policy, uint32_t hash)
{
    return &policy->places[hash & (policy->place_size - 1)];
}

static int grow(struct policy *policy)
{
    size_t size = policy->place_size == 0 ? 64 : 2 * policy->place_size;
    struct policy_place **places = calloc(size, sizeof(struct policy_place *));
    if (places == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < policy->place_size; i++) {
        for (struct policy_place *place = policy->places[i], *next; place != NULL; place = next) {
            next = place->next;
            place->next = places[place->hash & (size - 1)];
            places[place->hash & (size - 1)] = place;
        }
    }
    free(policy->places);
    policy->places = places;
    policy->place_size = size;
    return 0;
}

static struct policy_place *find(struct policy *policy, const struct node_set *set, uint32_t hash)
{
    if (policy->place_size == 0)
        return NULL;
    for (struct policy_place *place = *chain_of(policy, hash); place != NULL; place = place->next)
        if (place->hash == hash && place->generation == policy->generation && place->count == set->count &&
            memcmp(place->nodes, set->nodes, set->count * sizeof *set->nodes) == 0)
            return place;
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint32_t *left = a;
    const uint32_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* In the order of their numbers, so that equal sets look equal. */
static void sort(struct node_set *set)
{
    if (set->count > SET_INLINE) {
        qsort(set->nodes, set->count, sizeof *set->nodes, compare);
        return;
    }
    for (size_t i = 1; i < set->count; i++) {
        uint32_t node = set->nodes[i];
        size_t at = i;
        for (; at > 0 && set->nodes[at - 1] > node; at--)
            set->nodes[at] = set->nodes[at - 1];
        set->nodes[at] = node;
    }
}

static struct policy_place *place_new(struct policy *policy, const struct node_set *set, uint32_t hash)
{
    if (policy->place_count >= policy->place_size && grow(policy) < 0)
        return NULL;
    struct policy_place *place = calloc(1, sizeof *place + set->count * sizeof *set->nodes);
    if (place == NULL)
        return NULL;
    place->references = 1;
    place->hash = hash;
    place->generation = policy->generation;
    place->count = (uint32_t)set->count;
    if (set->count > 0)
        memcpy(place->nodes, set->nodes, set->count * sizeof *set->nodes);
    for (size_t i = 0; i < POLICY_ACTIONS; i++) {
        place->decisions[i] = set_decide(policy, set->nodes, set->count, (enum policy_action)i);
        place->below[i] = set_varies(policy, set->nodes, set->count, (enum policy_action)i);
        if (policy->broken)
            place->decisions[i] = decide_refuse((enum policy_action)i);
    }
    struct policy_place **chain = chain_of(policy, hash);
    place->next = *chain;
    *chain = place;
    policy->place_count++;
    return place;
}

static struct policy_place *place_of(struct policy *policy, struct node_set *set)
{
    sort(set);
    uint32_t hash = hash_bytes(policy->generation, set->nodes, set->count * sizeof *set->nodes);
    struct policy_place *place = find(policy, set, hash);
    return place != NULL ? policy_place_hold(place) : place_new(policy, set, hash);
}

struct policy_place *policy_place_hold(struct policy_place *place)
{
    place->references++;
    return place;
}

void policy_place_release(struct policy *policy, struct policy_place *place)
{
    if (place == NULL || --place->references > 0)
        return;
    struct policy_place **slot = chain_of(policy, place->hash);
    while (*slot != place)
        slot = &(*slot)->next;
    *slot = place->next;
    policy->place_count--;
    free(place);
}

struct policy_place *policy_root(struct policy *policy)
{
    if (policy->root != NULL && policy->root->generation != policy->generation) {
        policy_place_release(policy, policy->root);
        policy->root = NULL;
    }
    if (policy->root == NULL) {
        struct node_set set;
        set_start(&set);
        set_root(policy, &set, 0);
        policy->root = place_of(policy, &set);
        set_free(&set);
    }
    return policy->root == NULL ? NULL : policy_place_hold(policy->root);
}

struct policy_place *policy_step(struct policy *policy, struct policy_place *place, const char *name, size_t length)
{
    struct node_set set;
    set_start(&set);
    set_step(policy, place->nodes, place->count, name, length, &set);
    struct policy_place *next = set.failed ? NULL : place_of(policy, &set);
    set_free(&set);
    return next;
}

bool policy_place_current(const struct policy *policy, const struct policy_place *place)
{
    return place->generation == policy->generation;
}

struct policy_decision policy_place_decide(const struct policy_place *place, enum policy_action action)
{
    return place->decisions[action];
}

bool policy_place_below(const struct policy_place *place, enum policy_action action)
{
    return place->below[action];
}

/* Those that somebody still holds go as well. */
void place_free_all(struct policy *policy)
{
    for (size_t i = 0; i < policy->place_size; i++) {
        for (struct policy_place *place = policy->places[i], *next; place != NULL; place = next) {
            next = place->next;
            free(place);
        }
    }
    free(policy->places);
}
