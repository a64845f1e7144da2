/*
 * coffer run, coffer shell: the options.
 */
#include "supervisor/command.h"
#include "supervisor/record/digest.h"
#include "supervisor/run.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_OVER = OPTION_LONG_ONLY,
    OPTION_LOCK,
    OPTION_CPU,
    OPTION_NET,
    OPTION_PROFILE,
    OPTION_HIDE,
    OPTION_ON_VIOLATION,
    OPTION_CONTROL,
    OPTION_FAIL,
    OPTION_REPORT,
    OPTION_BACKTRACE,
    OPTION_RECORD,
    OPTION_HASH,
    OPTION_ON_RECORD_ERROR,
    OPTION_COMMIT,
    OPTION_DISCARD,
    OPTION_KEEP,
    OPTION_ASK,
};

const struct option_row run_options[] = {
    {'l', "layer", "LAYER", "the layer to use, a name or a directory with a '/'; it is made when it is missing"},
    {OPTION_OVER, "over", "LAYER", "a further layer below, which is only read; the first one given is the topmost"},
    {OPTION_PROFILE, "profile", "NAME",
     "the rules to begin with: untrusted (default, unless -p is given), build, strict, trace, or one of your own"},
    {'p', "policy", "FILE", "rules of a file, behind those of --profile"},
    {'w', "write", "DIR", "programs write below this directory directly, not to the layer"},
    {OPTION_HIDE, "hide", "PATH", "there is no such file or directory for programs"},
    {OPTION_LOCK, "lock", "MODE", "kernel lock on writing (Landlock): require, try (default) or off"},
    {OPTION_NET, "net", "MODE", "network: none, loopback or allow"},
    {OPTION_ON_VIOLATION, "on-violation", "WHAT",
     "what a call gets that a rule refuses: errno (default), kill for its process, or ask on the terminal"},
    {OPTION_CONTROL, "control", "MODE",
     "who may add rules through /dev/coffer: open (all), exec (the command, not what it executes) or closed"},
    {OPTION_FAIL, "fail-on-violation", NULL, "exit with 2 when a rule refused something, though the command succeeded"},
    {OPTION_REPORT, "report", "FILE", "write what was refused, and to whom, as a JSON object a line"},
    {OPTION_RECORD, "record", "FILE", "record which files the command and its processes touch; see coffer report"},
    {OPTION_HASH, "hash", "ALGO[,ALGO]", "with --record: hash inputs and outputs as well: sha256, blake2b, git"},
    {OPTION_ON_RECORD_ERROR, "on-record-error", "WHAT",
     "with --record: when it cannot be written, continue (default) without it, or stop the command"},
    {OPTION_BACKTRACE, "backtrace", NULL, "show where in the program the refused call was made"},
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

/* What has been read so far. */
struct parsed {
    struct run_request *request;
    bool fate_given;
    bool on_record_error_given;
    bool contradicts; /* what is wrong is a contradiction */
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
    static const char *const modes[] = {[NET_NONE] = "none", [NET_LOOPBACK] = "loopback", [NET_ALLOW] = "allow"};
    for (size_t i = NET_NONE; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(mode, modes[i]) == 0) {
            request->net = (enum net_mode)i;
            return NULL;
        }
    }
    return "--net is none, loopback or allow";
}

static const char *add_path(struct run_request *request, const char *path, bool hide)
{
    if (*path == '\0')
        return hide ? "--hide has an empty path" : "--write has an empty path";
    if (request->path_count == RUN_PATHS_MAX)
        return "too many paths of --write and --hide; a file of rules for --policy has room";
    request->paths[request->path_count++] = (struct run_path){.path = path, .hide = hide};
    return NULL;
}

static const char *set_on_violation(struct run_request *request, const char *what)
{
    if (strcmp(what, "errno") != 0 && strcmp(what, "kill") != 0 && strcmp(what, "ask") != 0)
        return "--on-violation is errno, kill or ask";
    request->on_violation = what;
    return NULL;
}

static const char *set_control(struct run_request *request, const char *mode)
{
    if (strcmp(mode, "open") != 0 && strcmp(mode, "exec") != 0 && strcmp(mode, "closed") != 0)
        return "--control is open, exec or closed";
    request->control = mode;
    return NULL;
}

static const char *set_on_record_error(struct parsed *parsed, const char *what)
{
    parsed->on_record_error_given = true;
    parsed->request->stop_on_record_error = strcmp(what, "stop") == 0;
    return parsed->request->stop_on_record_error || strcmp(what, "continue") == 0
               ? NULL
               : "--on-record-error is continue or stop";
}

static const char *set_placement(struct run_request *request, const char *mode)
{
    if (strcmp(mode, "auto") != 0 && strcmp(mode, "free") != 0)
        return "--cpu is auto or free";
    request->free_cpus = strcmp(mode, "free") == 0;
    return NULL;
}

/* Options that are right each by itself, but not together. */
static const char *contradiction(struct parsed *parsed, const char *what)
{
    parsed->contradicts = true;
    return what;
}

static const char *set_fate(struct parsed *parsed, enum layer_fate fate)
{
    if (parsed->fate_given && parsed->request->fate != fate)
        return contradiction(parsed, "--commit, --discard, --keep and --ask exclude each other");
    parsed->fate_given = true;
    parsed->request->fate = fate;
    return NULL;
}

/* An option whose argument is a name, given once. */
static const char *set_once(struct parsed *parsed, const char **place, const char *wrong)
{
    if (*place != NULL && strcmp(*place, optarg) != 0)
        return contradiction(parsed, wrong);
    *place = optarg;
    return *optarg == '\0' ? "an empty argument" : NULL;
}

static const char *set_voice(struct parsed *parsed, bool *voice)
{
    *voice = true;
    return parsed->request->quiet && parsed->request->verbose
               ? contradiction(parsed, "--quiet and --verbose exclude each other")
               : NULL;
}

static const char *add_over(struct run_request *request, const char *layer)
{
    if (request->over_count == RUN_OVER_MAX)
        return "too many --over layers";
    request->over[request->over_count++] = layer;
    return NULL;
}

static const char *set_option(struct parsed *parsed, int option)
{
    struct run_request *request = parsed->request;
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
    case OPTION_PROFILE:
        return set_once(parsed, &request->profile, "--profile is given twice; a file of rules can include both");
    case 'p':
        return set_once(parsed, &request->policy, "--policy is given twice; one file can include the other");
    case 'w':
        return add_path(request, optarg, false);
    case OPTION_HIDE:
        return add_path(request, optarg, true);
    case OPTION_ON_VIOLATION:
        return set_on_violation(request, optarg);
    case OPTION_CONTROL:
        return set_control(request, optarg);
    case OPTION_FAIL:
        request->fail_on_violation = true;
        return NULL;
    case OPTION_REPORT:
        return set_once(parsed, &request->report, "--report is given twice");
    case OPTION_RECORD:
        return set_once(parsed, &request->record, "--record is given twice");
    case OPTION_HASH:
        return digest_parse(optarg, &request->hashes);
    case OPTION_ON_RECORD_ERROR:
        return set_on_record_error(parsed, optarg);
    case OPTION_BACKTRACE:
        request->backtrace = true;
        return NULL;
    case OPTION_CPU:
        return set_placement(request, optarg);
    case OPTION_COMMIT:
        return set_fate(parsed, FATE_COMMIT);
    case OPTION_DISCARD:
        return set_fate(parsed, FATE_DISCARD);
    case OPTION_KEEP:
        return set_fate(parsed, FATE_KEEP);
    case OPTION_ASK:
        return set_fate(parsed, FATE_ASK);
    case 'q':
        return set_voice(parsed, &request->quiet);
    case 'v':
        return set_voice(parsed, &request->verbose);
    default:
        return "unknown option";
    }
}

/* True when there is a command line to go on with; else *status is what to exit with. */
static bool parse(const struct command *command, int argc, char **argv, struct run_request *request, int *status)
{
    struct parsed parsed = {.request = request};
    int option;
    while ((option = command_options_next(command, argc, argv, 1)) >= 0) {
        const char *wrong = set_option(&parsed, option);
        if (wrong != NULL) {
            *status = command_usage_error(command, wrong);
            if (parsed.contradicts)
                *status = STATUS_USAGE;
            return false;
        }
    }
    *status = option == OPTIONS_HELP ? STATUS_DONE : command->usage_status;
    if (option == OPTIONS_END && request->record == NULL && (request->hashes != 0 || parsed.on_record_error_given)) {
        *status = command_usage_error(command, request->hashes != 0 ? "--hash needs --record"
                                                                    : "--on-record-error needs --record");
        return false;
    }
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
    bool executed;
    return run_command(&request, &executed);
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
    bool executed;
    return run_command(&request, &executed);
}
