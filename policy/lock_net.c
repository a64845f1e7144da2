/*
 * The network, as far as Landlock knows it: numbers of TCP ports, whatever the address, and abstract sockets of others,
 * all or none. So what is not allowed under any address is refused by the kernel, and the supervisor judges the rest.
 */
#include "policy/lock_internal.h"

#include "policy/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of ABI 4 and 6; older headers lack them. */
#define BIND_TCP       (1ULL << 0)
#define CONNECT_TCP    (1ULL << 1)
#define SCOPE_ABSTRACT (1ULL << 0)
#define SCOPE_SIGNAL   (1ULL << 1)
#define RULE_NET_PORT  2
#define PORTS          65536u

/* struct landlock_net_port_attr */
struct port_rule {
    uint64_t accesses;
    uint64_t port;
};

enum { PORT_RULES_MAX = 4096 };

/* Whether there is an address under which a port may be allowed, for each port. */
struct ports {
    bool open[PORTS];
    unsigned count;
};

static void set_all(struct ports *ports, unsigned first, unsigned last, bool open)
{
    for (unsigned port = first; port <= last; port++)
        ports->open[port] = open;
}

/* A rule refuses a port for good only if it is about every address. */
static void apply(struct ports *ports, const struct policy_rule *rule)
{
    struct address_pattern address;
    struct pattern_error error;
    const bool allows = rule->verdict == POLICY_ALLOW;
    size_t length;
    const char *text = policy_rule_address(rule, &length);
    if (length >= 5 && strncmp(text, "unix:", 5) == 0)
        return;
    if (address_pattern_read(text, length, &address, &error) < 0)
        address = (struct address_pattern){.family = AF_INET, .last = PORTS - 1}; /* of some addresses */
    if (allows || address.family == AF_UNSPEC)
        set_all(ports, address.first, address.last, allows);
}

static void count_ports(struct ports *ports)
{
    ports->count = 0;
    for (unsigned port = 0; port < PORTS; port++)
        ports->count += ports->open[port];
}

/* Of the ceilings, or of all other rules; without one of the latter all is allowed, and no ceiling lets nothing more.
 */
static void apply_all(struct policy *policy, enum policy_action action, bool ceilings, struct ports *ports)
{
    set_all(ports, 0, PORTS - 1, !ceilings);
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        const struct policy_rule rule = policy_rule_get(policy, number);
        if (rule.action == action && !rule.quiet && (rule.kind == POLICY_RULE_CEILING) == ceilings)
            apply(ports, &rule);
    }
}

/* Whether rules of run time may loosen anything: what the ceilings let them, cannot be locked away. */
static bool may_be_loosened(const struct policy *policy)
{
    return policy_control(policy) != POLICY_CONTROL_CLOSED;
}

/* `room` is for what the ceilings allow. */
static void find_ports(struct policy *policy, enum policy_action action, struct ports *ports, struct ports *room)
{
    apply_all(policy, action, false, ports);
    if (may_be_loosened(policy)) {
        apply_all(policy, action, true, room);
        for (unsigned port = 0; port < PORTS; port++)
            ports->open[port] = ports->open[port] || room->open[port];
    }
    count_ports(ports);
}

/* What a program may listen on it may connect to; port 0 is any. */
static void add_own(struct ports *ports, const struct ports *bound)
{
    for (unsigned port = 0; port < PORTS; port++)
        ports->open[port] = ports->open[port] || bound->open[port] || bound->open[0];
    count_ports(ports);
}

static struct ports *ports_of(const struct lock_places *places, enum policy_action action)
{
    struct ports *ports = calloc(3, sizeof *ports);
    if (ports != NULL && !places->network)
        ports->count = PORTS;
    if (ports == NULL || !places->network)
        return ports;
    find_ports(places->policy, action, ports, ports + 2);
    if (action == POLICY_CONNECT) {
        find_ports(places->policy, POLICY_BIND, ports + 1, ports + 2);
        add_own(ports, ports + 1);
    }
    return ports;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && strncmp(text, word, length) == 0;
}

/* As apply_all(): whether some abstract socket may be connected to. */
static bool lets_connect_abstract(struct policy *policy, bool ceilings)
{
    bool may = !ceilings;
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        const struct policy_rule rule = policy_rule_get(policy, number);
        size_t length;
        const char *text = policy_rule_address(&rule, &length);
        bool all = is_word(text, length, "*") || is_word(text, length, "unix:*") || is_word(text, length, "unix:@*");
        bool allows = rule.verdict == POLICY_ALLOW;
        if (rule.action != POLICY_CONNECT || rule.quiet || (rule.kind == POLICY_RULE_CEILING) != ceilings)
            continue;
        if (all || (allows && length >= 6 && strncmp(text, "unix:@", 6) == 0))
            may = allows;
    }
    return may;
}

/* Of a process outside. */
static bool may_connect_abstract(struct policy *policy)
{
    return lets_connect_abstract(policy, false) || (may_be_loosened(policy) && lets_connect_abstract(policy, true));
}

static const struct {
    enum policy_action action;
    uint64_t access;
    const char *words;
} net_actions[] = {
    {POLICY_CONNECT, CONNECT_TCP, "connect"},
    {POLICY_BIND, BIND_TCP, "bind"},
};

static void lose(const struct lock_places *places, const char *what, const char *why)
{
    if (places->lose != NULL)
        places->lose(places->data, what, why);
}

void lock_net_attributes(const struct lock_places *places, int abi, struct ruleset_attributes *attributes)
{
    for (size_t i = 0; i < sizeof net_actions / sizeof net_actions[0]; i++) {
        struct ports *ports = ports_of(places, net_actions[i].action);
        bool some = ports != NULL && ports->count < PORTS;
        bool few = some && ports->count <= PORT_RULES_MAX;
        if (few && abi >= ABI_TCP)
            attributes->handled_net |= net_actions[i].access;
        else if (some)
            lose(places, net_actions[i].words,
                 few ? "TCP ports are the supervisor's to refuse; the kernel's lock knows them from Linux 6.7 on"
                     : "too many TCP ports are allowed one by one; the supervisor refuses the others");
        free(ports);
    }
    if (abi >= ABI_SCOPE)
        attributes->scoped |= SCOPE_SIGNAL;
    if (!places->network || may_connect_abstract(places->policy))
        return;
    if (abi >= ABI_SCOPE)
        attributes->scoped |= SCOPE_ABSTRACT;
    else
        lose(places, "connect",
             "abstract sockets are the supervisor's to refuse; the kernel's lock knows them from "
             "Linux 6.12 on");
}

static int allow_ports(int rules, const struct ports *ports, uint64_t access)
{
    for (unsigned port = 0; port < PORTS; port++) {
        const struct port_rule rule = {.accesses = access, .port = port};
        if (ports->open[port] && syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &rule, 0) < 0)
            return -errno;
    }
    return 0;
}

int lock_net_rules(int rules, const struct lock_places *places, const struct ruleset_attributes *attributes)
{
    int status = 0;
    for (size_t i = 0; i < sizeof net_actions / sizeof net_actions[0] && status == 0; i++) {
        if ((attributes->handled_net & net_actions[i].access) == 0)
            continue;
        struct ports *ports = ports_of(places, net_actions[i].action);
        status = ports == NULL ? -ENOMEM : allow_ports(rules, ports, net_actions[i].access);
        free(ports);
    }
    return status;
}
