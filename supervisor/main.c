/*
 * coffer's command line: which command, and nothing else.
 */
#include "supervisor/command.h"
#include "supervisor/text.h"

#include <string.h>

/* Tests look for the mark before they make system calls fail. */
#ifdef COFFER_TEST_HOOKS
static const char VERSION[] = COFFER_VERSION "+hooks";
#else
static const char VERSION[] = COFFER_VERSION;
#endif

const struct command commands[] = {
    {"run", "[OPTION]... [--] COMMAND [ARG]...", "Run a command in a private view of the file system", run_options,
     cmd_run, STATUS_COFFER_FAILED},
    {"shell", "[OPTION]...", "Open an interactive shell in the view", run_options, cmd_shell, STATUS_COFFER_FAILED},
    {"list", "[OPTION]...", "List the layers", list_options, cmd_list, STATUS_USAGE},
    {"diff", "[OPTION]... [LAYER] [PATH]...", "Show what a layer changes", diff_options, cmd_diff, STATUS_USAGE},
    {"commit", "[OPTION]... [LAYER] [PATH]...", "Make a layer's changes on the host", commit_options, cmd_commit,
     STATUS_USAGE},
    {"discard", "[OPTION]... [LAYER] [PATH]...", "Throw a layer, or some of its changes, away", discard_options,
     cmd_discard, STATUS_USAGE},
    {"record", "[OPTION]... [--] COMMAND [ARG]...", "Record which files a command and its processes touch",
     record_options, cmd_record, STATUS_COFFER_FAILED},
    {"report", "[OPTION]... RECORD", "Show what a record holds, or turn it into another format", report_options,
     cmd_report, STATUS_USAGE},
    {"policy", "check FILE | explain FILE ACTION PATH | learn [-o FILE] [--] COMMAND [ARG]... | list | show PROFILE",
     "Check policy files, explain what they decide, and learn what a command needs", policy_options, cmd_policy,
     STATUS_USAGE},
    {"doctor", "[OPTION]...", "Tell what this kernel gives coffer to work with", doctor_options, cmd_doctor,
     STATUS_USAGE},
    {NULL, NULL, NULL, NULL, NULL, 0},
};

static int print_overview(void)
{
    (void)printf("Usage: coffer COMMAND [OPTION]... [ARG]...\n\n"
                 "Run programs in a private, copy-on-write view of the file system; look at what they\n"
                 "changed, then commit or discard it.\n\nCommands:\n");
    for (const struct command *command = commands; command->name != NULL; command++)
        (void)printf("  %-10s%s\n", command->name, command->summary);
    (void)printf(
        "\n'coffer COMMAND --help' or 'coffer help COMMAND' tells more; 'coffer --version' prints the version.\n");
    return STATUS_DONE;
}

static int unknown(const char *name, const char *what)
{
    char why[64];
    (void)snprintf(why, sizeof why, "unknown %s; see 'coffer --help'", what);
    error_line(name, why);
    return STATUS_USAGE;
}

static int help(const char *name)
{
    if (name == NULL)
        return print_overview();
    const struct command *command = command_find(name);
    if (command == NULL)
        return unknown(name, "command");
    command_help(command, stdout);
    return STATUS_DONE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (name == NULL) {
        error_line("no command", "see 'coffer --help'");
        return STATUS_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_overview();
    if (strcmp(name, "help") == 0)
        return help(argv[2]);
    if (strcmp(name, "--version") == 0) {
        (void)printf("coffer %s\n", VERSION);
        return STATUS_DONE;
    }
    const struct command *command = command_find(name);
    if (command == NULL)
        return unknown(name, name[0] == '-' ? "option" : "command");
    int status = command->run(argc - 1, argv + 1);
    /* Output that could not be written, as to a full disk, must not look like success. */
    if (fflush(stdout) != 0 && status == STATUS_DONE) {
        error_line("standard output", "cannot be written");
        return command->usage_status;
    }
    return status;
}
