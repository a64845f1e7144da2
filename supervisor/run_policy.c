#include "supervisor/run_policy.h"

#include "emul/cleanup.h"
#include "supervisor/command.h"
#include "supervisor/network.h"
#include "supervisor/policy_files.h"
#include "supervisor/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What rules that were given as options are said to be from. */
static const char OPTIONS_FILE[] = "command line";

static const char DEFAULT_PROFILE[] = "untrusted";

static void report(void *data, const struct policy_problem *problem)
{
    (void)data;
    policy_files_complain(problem);
}

static void print_unknown_profile(const char *name)
{
    char why[512] = "no profile of this name; there are";
    for (size_t i = 0; policy_profile_name(i) != NULL; i++) {
        size_t used = strlen(why);
        (void)snprintf(why + used, sizeof why - used, "%s %s", i == 0 ? "" : ",", policy_profile_name(i));
    }
    error_line(name, why);
}

static int load_profile(struct policy *policy, const char *name)
{
    int status = policy_load_profile(policy, name);
    if (status == -ENOENT)
        print_unknown_profile(name);
    else if (status < 0 && status != -EINVAL)
        error_errno(name, status);
    return status;
}

static int load_file(struct policy *policy, const char *path)
{
    int status = policy_load_file(policy, path);
    if (status < 0 && status != -EINVAL)
        error_errno(path, status);
    return status;
}

/* Takes empty components, "." and slashes at the end out of an absolute path. True when there is no "..". */
static bool tidy(char *path)
{
    char *end = path;
    bool plain = true;
    for (const char *next = path; *next != '\0';) {
        while (*next == '/')
            next++;
        size_t length = strcspn(next, "/");
        plain = plain && !(length == 2 && memcmp(next, "..", 2) == 0);
        if (length > 0 && !(length == 1 && *next == '.')) {
            *end++ = '/';
            memmove(end, next, length);
            end += length;
        }
        next += length;
    }
    if (end == path)
        *end++ = '/';
    *end = '\0';
    return plain;
}

/* What ".." means depends on the links before it. The last component need not be there. */
static char *resolve(const char *given)
{
    char *path = realpath(given, NULL);
    if (path != NULL || errno != ENOENT)
        return path;
    cleanup_free char *copy = strdup(given);
    const char *name = copy == NULL ? NULL : strrchr(copy, '/');
    if (name == NULL || name[1] == '\0')
        return NULL;
    copy[name - copy] = '\0';
    cleanup_free char *directory = realpath(copy, NULL);
    if (directory == NULL || asprintf(&path, "%s/%s", directory, name + 1) < 0)
        return NULL;
    return path;
}

/*
 * A path of the command line as an absolute one, in fresh memory. Symbolic links stay: a rule holds for the place as it
 * is written and for the one that it leads to. NULL with errno.
 */
static char *absolute(const char *given)
{
    char *path = NULL;
    cleanup_free char *directory = *given == '/' ? strdup("") : getcwd(NULL, 0);
    if (directory == NULL || asprintf(&path, "%s/%s", directory, given) < 0)
        return NULL;
    if (tidy(path))
        return path;
    free(path);
    return resolve(given);
}

/* The rule that an option stands for. 0 or -errno, which has been printed. */
static int put_option(FILE *out, const struct run_path *option)
{
    cleanup_free char *path = absolute(option->path);
    if (path == NULL) {
        int status = -errno;
        error_errno(option->path, status);
        return status;
    }
    cleanup_free char *quoted = policy_quote(path);
    if (quoted == NULL) {
        error_errno(option->path, -ENOMEM);
        return -ENOMEM;
    }
    (void)fprintf(out, "%s %s/**\n", option->hide ? "read hide" : "write direct", strcmp(path, "/") == 0 ? "" : quoted);
    return 0;
}

/* The options as the text of a policy. */
static int put_options(FILE *out, const struct run_request *request)
{
    int status = 0;
    for (size_t i = 0; i < request->path_count && status == 0; i++)
        status = put_option(out, &request->paths[i]);
    if (request->on_violation != NULL)
        (void)fprintf(out, "on-violation %s\n",
                      strcmp(request->on_violation, "errno") == 0 ? "errno EACCES" : request->on_violation);
    if (request->control != NULL)
        (void)fprintf(out, "control %s\n", request->control);
    return status;
}

static int load_options(struct policy *policy, const struct run_request *request)
{
    cleanup_free char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int status = out == NULL ? -ENOMEM : put_options(out, request);
    if (out != NULL && fclose(out) != 0)
        status = -ENOMEM;
    if (status == 0 && length > 0)
        status = policy_append(policy, OPTIONS_FILE, text, length, POLICY_TRUSTED);
    return status;
}

static bool writes_to_layer(struct policy *policy)
{
    struct policy_decision decision = policy_decide(policy, POLICY_WRITE, "/");
    if (decision.rule == 0 && decision.verdict == POLICY_LAYER)
        return true;
    for (uint32_t number = policy_rule_count(policy); number > 0; number--)
        if (policy_rule_get(policy, number).action == POLICY_WRITE &&
            policy_rule_get(policy, number).verdict == POLICY_LAYER)
            return true;
    return false;
}

/* Everything is refused, so that everything is asked about. */
static const char LEARNING[] = "read deny /**\nwrite deny /**\nexec deny /**\nconnect deny *\nbind deny *\n";

static int load_all(struct policy *policy, const struct run_request *request)
{
    int status = 0;
    const char *profile = request->profile != NULL  ? request->profile
                          : request->policy == NULL ? DEFAULT_PROFILE
                                                    : NULL;
    if (request->learn != NULL)
        return policy_append(policy, OPTIONS_FILE, LEARNING, strlen(LEARNING), POLICY_TRUSTED);
    if (profile != NULL)
        status = load_profile(policy, profile);
    if (status == 0 && request->policy != NULL)
        status = load_file(policy, request->policy);
    if (status == 0)
        status = load_options(policy, request);
    if (status == 0)
        status = network_add_rules(policy, request->net);
    return status;
}

int run_policy_load(struct run_policy *result, const struct run_request *request)
{
    *result = (struct run_policy){.profiles = policy_files_profiles()};
    struct policy_options options = {.profiles = result->profiles, .report = report, .resolve = true};
    int status = policy_new(&result->policy, &options);
    if (status < 0) {
        error_errno("policy", status);
        return STATUS_COFFER_FAILED;
    }
    status = load_all(result->policy, request);
    /* What is learned is allowed, by the lock as well: without a rule all may be read, and changes go to the layer. */
    if (status == 0 && request->learn != NULL)
        status = policy_new(&result->empty, &options);
    result->locked = request->learn != NULL ? result->empty : result->policy;
    if (status == 0)
        result->has_layer = request->learn != NULL || writes_to_layer(result->policy);
    return status == 0 ? 0 : status == -ENOMEM ? STATUS_COFFER_FAILED : STATUS_USAGE;
}

void run_policy_free(struct run_policy *loaded)
{
    policy_free(loaded->policy);
    policy_free(loaded->empty);
    free(loaded->profiles);
    *loaded = (struct run_policy){0};
}
