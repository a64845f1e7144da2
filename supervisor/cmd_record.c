/*
 * coffer record: the options.
 */
#include "supervisor/command.h"
#include "supervisor/record_run.h"
#include "supervisor/text.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_FORMAT = OPTION_LONG_ONLY,
    OPTION_ENVIRONMENT,
    OPTION_STREAMS,
    OPTION_ON_ERROR,
    OPTION_CPU,
};

const struct option_row record_options[] = {
    {'o', "output", "FILE",
     "where to write to (default: coffer.record); its ending tells the format, where none is given"},
    {OPTION_FORMAT, "format", "FORMAT", "what to write: record (default), or a format of coffer report"},
    {OPTION_ENVIRONMENT, "environment", NULL, "record the environment of each program as well"},
    {OPTION_STREAMS, "streams", NULL, "record each event for itself, and not how often it happened"},
    {OPTION_ON_ERROR, "on-record-error", "WHAT",
     "when the record cannot be written: continue (default) without it, or stop the command"},
    {OPTION_CPU, "cpu", "MODE",
     "placement of the processes on CPUs: auto (default) or free, which leaves it to the kernel"},
    {'q', "quiet", NULL, "no summary and no notices"},
    {'v', "verbose", NULL, "say how many calls were intercepted"},
    {0, NULL, NULL, NULL},
};

struct parsed {
    struct record_request run;
    const char *output, *format;
};

/* NULL, or what is wrong. */
static const char *set_option(struct parsed *parsed, int option)
{
    switch (option) {
    case 'o':
        parsed->output = optarg;
        return *optarg == '\0' ? "--output has an empty path" : NULL;
    case OPTION_FORMAT:
        parsed->format = optarg;
        return NULL;
    case OPTION_ENVIRONMENT:
        parsed->run.recorder.environment = true;
        return NULL;
    case OPTION_STREAMS:
        parsed->run.recorder.streams = true;
        return NULL;
    case OPTION_ON_ERROR:
        parsed->run.recorder.stop_on_error = strcmp(optarg, "stop") == 0;
        return parsed->run.recorder.stop_on_error || strcmp(optarg, "continue") == 0
                   ? NULL
                   : "--on-record-error is continue or stop";
    case OPTION_CPU:
        parsed->run.free_cpus = strcmp(optarg, "free") == 0;
        return parsed->run.free_cpus || strcmp(optarg, "auto") == 0 ? NULL : "--cpu is auto or free";
    case 'q':
        parsed->run.quiet = true;
        return NULL;
    default:
        parsed->run.verbose = true;
        return NULL;
    }
}

int cmd_record(int argc, char **argv)
{
    const struct command *command = command_find(argv[0]);
    struct parsed parsed = {.output = NULL};
    int option;
    while ((option = command_options_next(command, argc, argv, 1)) != OPTIONS_END) {
        if (option == OPTIONS_HELP)
            return STATUS_DONE;
        if (option == OPTIONS_WRONG)
            return command->usage_status;
        const char *wrong = set_option(&parsed, option);
        if (wrong != NULL)
            return command_usage_error(command, wrong);
    }
    if (optind == argc)
        return command_usage_error(command, "needs a command");
    parsed.run.recorder.argv = argv + optind;
    parsed.run.recorder.path = parsed.output == NULL ? "coffer.record" : parsed.output;
    struct record_outcome outcome;
    if (!record_run(&parsed.run, &outcome))
        return STATUS_COFFER_FAILED;
    return outcome.status == 0 && !outcome.whole ? STATUS_COFFER_FAILED : outcome.status;
}
