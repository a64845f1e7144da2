/*
 * What the policy says of addresses.
 */
#include "emul/bound.h"
#include "emul/rules.h"

#include <errno.h>
#include <string.h>

/* Whether the rule is about addresses of the network: not about sockets that are files or have an abstract name. */
static bool is_of_network(const struct policy_rule *rule)
{
    size_t length;
    const char *address = policy_rule_address(rule, &length);
    return length < 5 || strncmp(address, "unix:", 5) != 0;
}

static bool is_whole_network(const struct policy_rule *rule)
{
    size_t length;
    const char *address = policy_rule_address(rule, &length);
    return (length == 1 && *address == '*') || (length == 3 && strncmp(address, "*:*", 3) == 0);
}

/* The newest rule that refuses a part of the network, unless a newer one allows the whole; one that refuses all,
 * rather. */
static struct policy_decision decide_network(const struct policy *policy, enum policy_action action)
{
    struct policy_decision decision = {.verdict = POLICY_ALLOW};
    for (uint32_t number = policy_rule_count(policy); number > 0; number--) {
        const struct policy_rule rule = policy_rule_get(policy, number);
        if (rule.action != action || rule.kind == POLICY_RULE_CEILING || !is_of_network(&rule))
            continue;
        bool whole = is_whole_network(&rule);
        if (rule.verdict == POLICY_DENY && (whole || decision.rule == 0))
            decision = (struct policy_decision){.verdict = POLICY_DENY, .rule = number, .quiet = rule.quiet};
        /* What was added at run time may be limited by a ceiling. */
        if (whole && (rule.verdict == POLICY_DENY || rule.kind == POLICY_RULE_BASE))
            break;
    }
    return decision;
}

static bool refuses_addresses(const struct policy *policy)
{
    for (uint32_t number = policy_rule_count(policy); number > 0; number--) {
        const struct policy_rule rule = policy_rule_get(policy, number);
        if ((rule.action == POLICY_CONNECT || rule.action == POLICY_BIND) && rule.verdict == POLICY_DENY)
            return true;
    }
    return false;
}

/* Anew when rules have been added. */
static const struct network_rules *network_of(struct view *view)
{
    struct network_rules *network = &view->network;
    uint32_t count = policy_rule_count(view->policy);
    if (network->known != count + 1) {
        network->known = count + 1;
        /* The filter is made once, and rules can be added. */
        network->judged = policy_control(view->policy) != POLICY_CONTROL_CLOSED || refuses_addresses(view->policy);
        network->open[0] = decide_network(view->policy, POLICY_CONNECT);
        network->open[1] = decide_network(view->policy, POLICY_BIND);
    }
    return network;
}

bool rules_judge_addresses(struct view *view)
{
    return view->policy != NULL && network_of(view)->judged;
}

bool view_judges_addresses(struct view *view)
{
    return rules_judge_addresses(view);
}

/*
 * Whether nobody but the view can be meant. Where somebody outside waits at the port, or has the name, too, it may be
 * that his address, his protocol or his type would be reached: which of them the kernel chooses depends on the socket.
 */
static bool is_of_view(struct view *view, const struct address *address)
{
    return bound_inside(view, address) && !bound_outside(view, address);
}

int rules_ask_address(struct view *view, const struct caller *caller, enum policy_action action,
                      const struct address *address)
{
    char words[ADDRESS_WORDS];
    if (view->policy == NULL)
        return RULES_GO;
    const struct policy_decision decision = policy_decide_address(view->policy, action, &address->any, address->length);
    if (decision.verdict != POLICY_DENY || (action == POLICY_CONNECT && is_of_view(view, address)))
        return RULES_GO;
    /* Programs try names that only some machines have: where there is none, nothing is refused. */
    if (action == POLICY_CONNECT && address->any.sa_family == AF_UNIX && !bound_by_somebody(address))
        return -ECONNREFUSED;
    address_words(address, words);
    return rules_refuse(view, caller, action, words, NULL, &decision);
}

bool rules_network_open(struct view *view, enum policy_action action)
{
    return view->policy == NULL || network_of(view)->open[action == POLICY_BIND].verdict != POLICY_DENY;
}

int rules_ask_network(struct view *view, const struct caller *caller, enum policy_action action, const char *what)
{
    if (view->policy == NULL)
        return RULES_GO;
    const struct policy_decision decision = network_of(view)->open[action == POLICY_BIND];
    return decision.verdict != POLICY_DENY ? RULES_GO : rules_refuse(view, caller, action, what, NULL, &decision);
}
