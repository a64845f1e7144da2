/*
 * Policies for unit tests, from text: ~ is /home/u, . is /work, $SET is /set and $STARS is a name full of globs.
 */
#ifndef COFFER_TESTS_SCRATCH_POLICY_H
#define COFFER_TESTS_SCRATCH_POLICY_H

#include "policy/policy.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* What was reported last, as "FILE:LINE:COLUMN: text", and how much. */
static char scratch_problem[1024];
static int scratch_problems;

static inline void scratch_report(void *data, const struct policy_problem *problem)
{
    (void)data;
    scratch_problems++;
    (void)snprintf(scratch_problem, sizeof scratch_problem, "%s:%u:%u: %s", problem->file, problem->line,
                   problem->column, problem->text);
}

static inline const char *scratch_variable(void *data, const char *name)
{
    (void)data;
    if (strcmp(name, "SET") == 0)
        return "/set";
    if (strcmp(name, "STARS") == 0)
        return "/s*a?[r]\\s";
    if (strcmp(name, "RELATIVE") == 0)
        return "here";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static inline struct policy *scratch_empty(void)
{
    struct policy_options options = {
        .home = "/home/u", .directory = "/work", .variable = scratch_variable, .report = scratch_report};
    struct policy *policy;
    scratch_problems = 0;
    scratch_problem[0] = '\0';
    ck_assert_int_eq(policy_new(&policy, &options), 0);
    return policy;
}

/* The policy that this text is. */
static inline struct policy *scratch_policy(const char *text)
{
    struct policy *policy = scratch_empty();
    int status = policy_append(policy, "text", text, strlen(text), POLICY_TRUSTED);
    ck_assert_msg(status == 0, "%s", scratch_problem);
    return policy;
}

/* "read allow", "write deny quiet" and so on: what is decided about a path. */
static inline const char *scratch_verdict(struct policy *policy, enum policy_action action, const char *path)
{
    static char text[64];
    struct policy_decision decision = policy_decide(policy, action, path);
    (void)snprintf(text, sizeof text, "%s%s%s", policy_verdict_name(decision.verdict), decision.quiet ? " quiet" : "",
                   decision.limited ? " limited" : "");
    return text;
}

#define assert_read(policy, path, expected)  ck_assert_str_eq(scratch_verdict(policy, POLICY_READ, path), expected)
#define assert_write(policy, path, expected) ck_assert_str_eq(scratch_verdict(policy, POLICY_WRITE, path), expected)
#define assert_exec(policy, path, expected)  ck_assert_str_eq(scratch_verdict(policy, POLICY_EXEC, path), expected)

#endif
