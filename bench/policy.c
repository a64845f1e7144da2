/*
 * What a policy costs: loading one of N rules, a decision, a step of a walk. policy N [PATH]; times are the best of
 * five.
 */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DECISIONS = 200000, TRIES = 5 };

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Rules as people write them: directories, files, suffixes, and a few that match anywhere. */
static char *make_text(int count, size_t *size)
{
    static const char *const kinds[] = {
        "read hide /srv/tree%d/branch%d/**\n",
        "write direct /home/user%d/project%d/file\n",
        "read deny /usr/share/package%d/*.%d\n",
        "exec deny /opt/vendor%d/bin/tool%d-*\n",
    };
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL)
        exit(1);
    (void)fputs("read allow /**\nwrite deny /**\nread hide **/.secret/**\nread hide **/*.pem\n", out);
    for (int i = 4; i < count; i++) {
        char line[128];
        const char *kind = kinds[i % 4];
        /* The two numbers of the line. */
        const char *first = strstr(kind, "%d");
        const char *second = strstr(first + 2, "%d");
        (void)snprintf(line, sizeof line, "%.*s%d%.*s%d%s", (int)(first - kind), kind, i / 40,
                       (int)(second - first - 2), first + 2, i, second + 2);
        (void)fputs(line, out);
    }
    if (fclose(out) != 0)
        exit(1);
    return text;
}

static double load_time(const char *text, size_t size, bool resolve)
{
    struct policy_options options = {.resolve = resolve};
    struct policy *policy;
    double started = seconds();
    if (policy_new(&policy, &options) < 0 || policy_append(policy, "bench", text, size, POLICY_TRUSTED) < 0)
        exit(1);
    double taken = seconds() - started;
    policy_free(policy);
    return taken;
}

static double decision_time(struct policy *policy, const char *path)
{
    double started = seconds();
    unsigned sum = 0;
    for (int i = 0; i < DECISIONS; i++)
        sum += policy_decide(policy, POLICY_READ, path).rule;
    double taken = (seconds() - started) / DECISIONS;
    return sum == 1 ? 0 : taken;
}

static double step_time(struct policy *policy)
{
    struct policy_place *root = policy_root(policy);
    double started = seconds();
    for (int i = 0; root != NULL && i < DECISIONS; i++)
        policy_place_release(policy, policy_step(policy, root, "usr", 3));
    double taken = (seconds() - started) / DECISIONS;
    policy_place_release(policy, root);
    return taken;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 100000;
    const char *path = argc > 2 ? argv[2] : "/usr/share/package7/some/file.c";
    size_t size;
    char *text = make_text(count, &size);
    double best[4] = {1e9, 1e9, 1e9, 1e9};
    struct policy *policy;
    if (policy_new(&policy, NULL) < 0 || policy_append(policy, "bench", text, size, POLICY_TRUSTED) < 0)
        return 1;
    for (int i = 0; i < TRIES; i++) {
        const double taken[] = {load_time(text, size, false), load_time(text, size, true), decision_time(policy, path),
                                step_time(policy)};
        for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++)
            best[k] = taken[k] < best[k] ? taken[k] : best[k];
    }
    (void)printf("%u rules: load %.1f ms, with links followed %.1f ms; a decision %.0f ns, a step %.0f ns\n",
                 policy_rule_count(policy), best[0] * 1e3, best[1] * 1e3, best[2] * 1e9, best[3] * 1e9);
    policy_free(policy);
    free(text);
    return 0;
}
