#include "policy/policy.h"

bool policy_reads_pass(struct policy *policy)
{
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        struct policy_rule rule = policy_rule_get(policy, number);
        bool reads = rule.action == POLICY_READ && rule.verdict != POLICY_ALLOW;
        bool layers = rule.action == POLICY_WRITE && rule.verdict == POLICY_LAYER;
        if (reads || layers)
            return false;
    }
    /* Where no rule matches, changes go to the layer: one has to match everywhere. */
    return policy_decide(policy, POLICY_READ, "/").verdict == POLICY_ALLOW &&
           policy_decide(policy, POLICY_WRITE, "/").rule != 0 &&
           policy_decide(policy, POLICY_WRITE, "/\1/\1/\1").rule != 0;
}
