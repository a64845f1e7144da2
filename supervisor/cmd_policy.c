/*
 * coffer policy: whether a policy file is right, what it says of a path or an address, and why.
 */
#include "policy/policy.h"
#include "supervisor/command.h"
#include "supervisor/learn.h"
#include "supervisor/policy_files.h"
#include "supervisor/replacement.h"
#include "supervisor/run.h"
#include "supervisor/text.h"

#include "emul/cleanup.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct option_row policy_options[] = {
    {'o', "output", "FILE", "learn: write the policy to this file, not to standard output"},
    {0, NULL, NULL, NULL},
};

/* `data` becomes true when the problem is not about a line. */
static void report(void *data, const struct policy_problem *problem)
{
    bool *unreadable = data;
    *unreadable = *unreadable || problem->line == 0;
    policy_files_complain(problem);
}

/*
 * The file; where there is none, and its name is no path, the profile of that name. Returns 0, or -errno that has been
 * reported: -EINVAL for rules that are wrong.
 */
static int load(struct policy *policy, const char *file)
{
    int status = -ENOENT;
    struct stat st;
    if (strchr(file, '/') == NULL && (stat(file, &st) < 0 || S_ISDIR(st.st_mode)))
        status = policy_load_profile(policy, file);
    if (status == -ENOENT)
        status = policy_load_file(policy, file);
    if (status < 0 && status != -EINVAL)
        error_errno(file, status);
    return status;
}

static const char *plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

static int check(struct policy *policy, char **operands)
{
    int status = load(policy, operands[0]);
    if (status < 0)
        return status == -EINVAL ? STATUS_DIFFERENT : STATUS_FAILED;
    uint32_t count = policy_rule_count(policy);
    text_plain(stdout, operands[0]);
    (void)printf(": %u rule%s, no errors\n", count, plural(count));
    return STATUS_DONE;
}

static int show(struct policy *policy, char **operands)
{
    size_t length = 0;
    const char *text = policy_profile_text(operands[0], &length);
    (void)policy;
    if (text == NULL) {
        error_line(operands[0], "no profile of this name is built in");
        return STATUS_FAILED;
    }
    (void)fwrite(text, 1, length, stdout);
    return STATUS_DONE;
}

static int list(struct policy *policy, char **operands)
{
    (void)policy;
    (void)operands;
    for (size_t i = 0; policy_profile_name(i) != NULL; i++)
        (void)printf("%s\n", policy_profile_name(i));
    return STATUS_DONE;
}

/* What is explained. */
struct question {
    enum policy_action action;
    const char *path; /* NULL: an address */
    struct sockaddr_storage address;
    socklen_t length;
};

/* The rule as "FILE:LINE: TEXT"; below it what the pattern came to, where that says more. */
static void print_rule(const struct policy *policy, uint32_t number, const char *label)
{
    struct policy_rule rule = policy_rule_get(policy, number);
    size_t length = strlen(rule.pattern);
    (void)printf("%-9s", label);
    text_plain(stdout, rule.file);
    (void)printf(":%u: ", rule.line);
    text_rule(stdout, rule.text, rule.text_length);
    (void)printf("\n");
    bool same = rule.text_length >= length && memcmp(rule.text + rule.text_length - length, rule.pattern, length) == 0;
    if (!same && *rule.pattern == '/') {
        (void)printf("%-9s= ", "");
        text_rule(stdout, rule.pattern, length);
        (void)printf("\n");
    }
    if (rule.resolved != NULL) {
        (void)printf("%-9s= ", "");
        text_rule(stdout, rule.resolved, strlen(rule.resolved));
        (void)printf("\n");
    }
}

static bool matches(const struct policy *policy, uint32_t number, const struct question *question)
{
    if (question->path != NULL)
        return policy_rule_matches(policy, number, question->path);
    return policy_rule_matches_address(policy, number, (const struct sockaddr *)&question->address, question->length);
}

static const char *rule_label(const struct policy_rule *rule)
{
    static const char *const labels[] = {
        [POLICY_RULE_BASE] = "lost:", [POLICY_RULE_ADDED] = "lost:", [POLICY_RULE_CEILING] = "ceiling:"};
    return labels[rule->kind];
}

static void print_decision(struct policy *policy, const struct question *question)
{
    const struct sockaddr *address = (const struct sockaddr *)&question->address;
    struct policy_decision decision = question->path != NULL
                                          ? policy_decide(policy, question->action, question->path)
                                          : policy_decide_address(policy, question->action, address, question->length);
    (void)printf("%-9s%s%s\n", "verdict:", policy_verdict_name(decision.verdict),
                 decision.quiet ? ", not reported" : "");
    if (decision.rule == 0)
        (void)printf("%-9snone; this is what holds without one\n", "rule:");
    else
        print_rule(policy, decision.rule, "rule:");
    for (uint32_t number = policy_rule_count(policy); number > 0; number--) {
        struct policy_rule rule = policy_rule_get(policy, number);
        if (number != decision.rule && rule.action == question->action && matches(policy, number, question))
            print_rule(policy, number, rule_label(&rule));
    }
}

/* The longest beginning of the path that is there, without symbolic links, with the rest behind it; fresh memory. */
static char *real_path(const char *given)
{
    char *path = NULL;
    cleanup_free char *directory = *given == '/' ? strdup("") : getcwd(NULL, 0);
    if (directory == NULL || asprintf(&path, "%s/%s", directory, given) < 0)
        return NULL;
    size_t length = strlen(path);
    for (size_t taken = length; taken > 0; taken--) {
        if (taken < length && path[taken] != '/')
            continue;
        char kept = path[taken];
        char *whole = NULL;
        path[taken] = '\0';
        cleanup_free char *real = realpath(path, NULL);
        path[taken] = kept;
        if (real == NULL)
            continue;
        if (asprintf(&whole, "%s%s", strcmp(real, "/") == 0 && kept != '\0' ? "" : real, path + taken) < 0)
            whole = NULL;
        free(path);
        return whole;
    }
    return path;
}

/* What ACTION and PATH ask for; false when they make no sense, and that has been said. */
static bool read_question(char **operands, struct question *question, char **path)
{
    question->action = policy_action_find(operands[1], strlen(operands[1]));
    if (question->action == POLICY_ACTIONS) {
        error_line(operands[1], "no action: read, write, exec, connect or bind expected");
        return false;
    }
    if (question->action == POLICY_CONNECT || question->action == POLICY_BIND) {
        question->length = policy_address_read(operands[2], &question->address);
        if (question->length == 0)
            error_line(operands[2], "no address: 127.0.0.1:80, [::1]:80, unix:/PATH or unix:@NAME expected");
        return question->length > 0;
    }
    *path = real_path(operands[2]);
    question->path = *path;
    if (*path == NULL)
        error_errno(operands[2], -ENOMEM);
    return *path != NULL;
}

static int explain(struct policy *policy, char **operands)
{
    struct question question = {.action = POLICY_ACTIONS};
    cleanup_free char *path = NULL;
    if (!read_question(operands, &question, &path) || load(policy, operands[0]) < 0)
        return STATUS_USAGE;
    if (path != NULL) {
        (void)printf("%-9s", "path:");
        text_escaped(stdout, path);
        (void)printf("\n");
    }
    print_decision(policy, &question);
    return STATUS_DONE;
}

static const struct {
    const char *name;
    int operands;
    int (*run)(struct policy *policy, char **operands);
} verbs[] = {
    {"check", 1, check},
    {"explain", 3, explain},
    {"list", 0, list},
    {"show", 1, show},
};

/* The places that hold secrets, whatever the user's own profiles say. 0 or -errno. */
static int load_secrets(struct policy **secrets)
{
    size_t length = 0;
    const char *text = policy_profile_text("secrets", &length);
    const struct policy_options options = {.resolve = true};
    int status = policy_new(secrets, &options);
    return status < 0 || text == NULL ? status : policy_append(*secrets, "secrets", text, length, POLICY_TRUSTED);
}

/* What stands above the rules. */
static void put_head(FILE *out, char **command)
{
    (void)fprintf(out, "# What this needed:");
    for (; *command != NULL; command++) {
        (void)fputc(' ', out);
        text_escaped(out, *command);
    }
    (void)fprintf(
        out, "\n# Made by coffer policy learn: read it before you use it. To keep the host as it is, write 'layer' for "
             "'direct'.\n");
}

/* 0 or -errno. */
static int write_policy(struct learned *learned, FILE *out, char **command)
{
    struct policy *secrets = NULL;
    int status = load_secrets(&secrets);
    if (status == 0) {
        put_head(out, command);
        learned_write(learned, secrets, out);
        status = replacement_flush(out);
    }
    policy_free(secrets);
    return status;
}

/* To a file when it is whole: half of a policy allows more than all of it, and an empty one everything. */
static int write_learned(struct learned *learned, const char *file, char **command)
{
    struct replacement replacement;
    FILE *out = stdout;
    int status = file == NULL ? 0 : replacement_begin(&replacement, file, &out);
    if (status == 0) {
        status = write_policy(learned, out, command);
        if (file != NULL)
            status = replacement_end(&replacement, out, status);
    }
    if (status < 0)
        error_errno(file == NULL ? "standard output" : file, status);
    return status < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* Where nothing would be written in the end, nothing is run. */
static bool may_write(const char *file)
{
    struct replacement replacement;
    FILE *out;
    int status = file == NULL ? 0 : replacement_begin(&replacement, file, &out);
    if (status < 0)
        error_errno(file, status);
    else if (file != NULL)
        (void)replacement_end(&replacement, out, -ECANCELED);
    return status == 0;
}

static int learn(const struct command *self, int argc, char **argv)
{
    const char *file = NULL;
    int option;
    optind = 0;
    while ((option = command_options_next(self, argc, argv, 1)) == 'o')
        file = optarg;
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    if (optind == argc)
        return command_usage_error(self, "learn [-o FILE] [--] COMMAND expected");
    struct run_request request = {.argv = argv + optind, .fate = FATE_DISCARD, .net = NET_ALLOW, .quiet = true};
    request.learn = learned_new();
    if (request.learn == NULL)
        return STATUS_FAILED;
    if (!may_write(file)) {
        learned_free(request.learn);
        return STATUS_FAILED;
    }
    bool executed;
    int ran = run_command(&request, &executed);
    int status = executed ? write_learned(request.learn, file, request.argv) : STATUS_FAILED;
    learned_free(request.learn);
    if (status == STATUS_DONE && ran != 0)
        (void)fprintf(stderr, "coffer: %s: exited with %d; the policy is of what it did until then\n", request.argv[0],
                      ran);
    return status == STATUS_DONE && ran != 0 ? STATUS_DIFFERENT : status;
}

static int run_verb(int (*run)(struct policy *policy, char **operands), char **operands)
{
    struct policy *policy;
    cleanup_free char *profiles = policy_files_profiles();
    bool unreadable = false;
    struct policy_options options = {.profiles = profiles, .report = report, .data = &unreadable, .resolve = true};
    int status = policy_new(&policy, &options);
    if (status < 0) {
        error_errno("policy", status);
        return STATUS_FAILED;
    }
    status = run(policy, operands);
    policy_free(policy);
    return status == STATUS_DIFFERENT && unreadable ? STATUS_FAILED : status;
}

int cmd_policy(int argc, char **argv)
{
    const struct command *self = command_find("policy");
    optind = 0;
    int option = command_options_next(self, argc, argv, 1);
    if (option == 'o')
        return command_usage_error(self, "-o belongs to learn, and stands behind it");
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    if (optind == argc)
        return command_usage_error(self, "check, explain, learn, list or show expected");
    if (strcmp(argv[optind], "learn") == 0)
        return learn(self, argc - optind, argv + optind);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[optind], verbs[i].name) != 0)
            continue;
        char **operands = argv + optind + 1;
        if (argc - optind - 1 != verbs[i].operands)
            return command_usage_error(self, "check FILE, explain FILE ACTION PATH, list, or show PROFILE expected");
        return run_verb(verbs[i].run, operands);
    }
    return command_usage_error(self, "check, explain, learn, list or show expected");
}
