/*
 * coffer run, coffer shell: the options.
 */
#include "supervisor/command.h"
#include "supervisor/run.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_OVER = OPTION_LONG_ONLY,
    OPTION_LOCK,
    OPTION_CPU,
    OPTION_NET,
    OPTION_COMMIT,
    OPTION_DISCARD,
    OPTION_KEEP,
    OPTION_ASK,
};

const struct option_row run_options[] = {
    {'l', "layer", "LAYER", "the layer to use, a name or a directory with a '/'; it is made when it is missing"},
    {OPTION_OVER, "over", "LAYER", "a further layer below, which is only read; the first one given is the topmost"},
    {OPTION_LOCK, "lock", "MODE", "kernel lock on writing (Landlock): require, try (default) or off"},
    {OPTION_NET, "net", "MODE", "network: allow (default) or none"},
    {OPTION_CPU, "cpu", "MODE",
     "placement of the processes on CPUs: auto (default) or free, which leaves it to the kernel"},
    {OPTION_COMMIT, "commit", NULL, "commit the layer when the command exits with 0"},
    {OPTION_DISCARD, "discard", NULL, "discard the layer at the end"},
    {OPTION_KEEP, "keep", NULL, "keep the layer at the end (default)"},
    {OPTION_ASK, "ask", NULL, "ask at the end, on a terminal"},
    {'q', "quiet", NULL, "no summary and no notices"},
    {'v', "verbose", NULL, "say more, and how many calls were intercepted"},
    {0, NULL, NULL, NULL},
};

/* Each of these returns NULL, or what is wrong. */

static const char *set_lock(struct run_request *request, const char *mode)
{
    static const char *const modes[] = {[LOCK_TRY] = "try", [LOCK_REQUIRE] = "require", [LOCK_OFF] = "off"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(mode, modes[i]) == 0) {
            request->lock = (enum lock_mode)i;
            return NULL;
        }
    }
    return "--lock is require, try or off";
}

static const char *set_network(struct run_request *request, const char *mode)
{
    if (strcmp(mode, "allow") != 0 && strcmp(mode, "none") != 0)
        return "--net is allow or none";
    request->no_network = strcmp(mode, "none") == 0;
    return NULL;
}

static const char *set_placement(struct run_request *request, const char *mode)
{
    if (strcmp(mode, "auto") != 0 && strcmp(mode, "free") != 0)
        return "--cpu is auto or free";
    request->free_cpus = strcmp(mode, "free") == 0;
    return NULL;
}

static const char *set_fate(struct run_request *request, bool *fate_given, enum layer_fate fate)
{
    if (*fate_given && request->fate != fate)
        return "--commit, --discard, --keep and --ask exclude each other";
    *fate_given = true;
    request->fate = fate;
    return NULL;
}

static const char *add_over(struct run_request *request, const char *layer)
{
    if (request->over_count == RUN_OVER_MAX)
        return "too many --over layers";
    request->over[request->over_count++] = layer;
    return NULL;
}

static const char *set_option(struct run_request *request, bool *fate_given, int option)
{
    switch (option) {
    case 'l':
        request->layer = optarg;
        return *optarg == '\0' ? "--layer has an empty name" : NULL;
    case OPTION_OVER:
        return add_over(request, optarg);
    case OPTION_LOCK:
        return set_lock(request, optarg);
    case OPTION_NET:
        return set_network(request, optarg);
    case OPTION_CPU:
        return set_placement(request, optarg);
    case OPTION_COMMIT:
        return set_fate(request, fate_given, FATE_COMMIT);
    case OPTION_DISCARD:
        return set_fate(request, fate_given, FATE_DISCARD);
    case OPTION_KEEP:
        return set_fate(request, fate_given, FATE_KEEP);
    case OPTION_ASK:
        return set_fate(request, fate_given, FATE_ASK);
    case 'q':
        request->quiet = true;
        return request->verbose ? "--quiet and --verbose exclude each other" : NULL;
    case 'v':
        request->verbose = true;
        return request->quiet ? "--quiet and --verbose exclude each other" : NULL;
    default:
        return "unknown option";
    }
}

/* True when there is a command line to go on with; else *status is what to exit with. */
static bool parse(const struct command *command, int argc, char **argv, struct run_request *request, int *status)
{
    bool fate_given = false;
    int option;
    while ((option = command_options_next(command, argc, argv, 1)) >= 0) {
        const char *wrong = set_option(request, &fate_given, option);
        if (wrong != NULL) {
            *status = command_usage_error(command, wrong);
            return false;
        }
    }
    *status = option == OPTIONS_HELP ? STATUS_DONE : command->usage_status;
    return option == OPTIONS_END;
}

int cmd_run(int argc, char **argv)
{
    const struct command *command = command_find("run");
    struct run_request request = {0};
    int status;
    if (!parse(command, argc, argv, &request, &status))
        return status;
    if (optind == argc)
        return command_usage_error(command, "no command given");
    request.argv = argv + optind;
    return run_command(&request);
}

int cmd_shell(int argc, char **argv)
{
    const struct command *command = command_find("shell");
    struct run_request request = {0};
    int status;
    if (!parse(command, argc, argv, &request, &status))
        return status;
    if (optind < argc)
        return command_usage_error(command, "takes no command; see coffer run");

    const char *shell = getenv("SHELL");
    char interactive[] = "-i";
    char *shell_argv[] = {(char *)(uintptr_t)(shell != NULL && *shell != '\0' ? shell : "/bin/sh"), interactive, NULL};
    request.argv = shell_argv;
    return run_command(&request);
}
