/*
 * coffer record: the options.
 */
#include "emul/cleanup.h"
#include "supervisor/command.h"
#include "supervisor/record/digest.h"
#include "supervisor/record/format.h"
#include "supervisor/record/store.h"
#include "supervisor/record_run.h"
#include "supervisor/replacement.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPTION_FORMAT = OPTION_LONG_ONLY,
    OPTION_ENVIRONMENT,
    OPTION_STREAMS,
    OPTION_HASH,
    OPTION_ON_ERROR,
    OPTION_CPU,
};

const struct option_row record_options[] = {
    {'o', "output", "FILE",
     "where to write to (default: coffer.record); its ending tells the format, where none is given"},
    {OPTION_FORMAT, "format", "FORMAT", "what to write: record (default), or a format of coffer report"},
    {OPTION_ENVIRONMENT, "environment", NULL, "record the environment of each program as well"},
    {OPTION_STREAMS, "streams", NULL, "record each event for itself, and not how often it happened"},
    {OPTION_HASH, "hash", "ALGO[,ALGO]",
     "hash inputs as they were before the command changed them, and outputs: sha256, blake2b, git"},
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
    case OPTION_HASH:
        return digest_parse(optarg, &parsed->run.recorder.hashes);
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

/* The name that a record has when nobody gives it one. */
static const char DEFAULT_RECORD[] = "coffer.record";

/* What is there is replaced only if it is one. */
static bool may_replace(const char *path)
{
    struct record_reader *reader;
    int status = record_reader_open(&reader, path);
    if (status == 0)
        record_reader_close(reader);
    if (status == -EBADMSG)
        error_line(path, "is no record, and stays as it is; name another file with -o");
    return status != -EBADMSG;
}

/* A pipe, a terminal or a device cannot hold one: parts of it are written again. */
static bool can_hold_record(const char *path)
{
    struct stat st;
    bool can = stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
    if (!can)
        error_line(path, "a record needs a regular file; what --format jsonl writes can go there");
    return can;
}

/* A file for a record of which something else is made; in fresh memory. NULL: a line has been printed. */
static char *temporary_record(void)
{
    char *path = NULL;
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || *directory == '\0')
        directory = "/tmp";
    if (asprintf(&path, "%s/coffer-XXXXXX", directory) < 0) {
        error_errno("record", -ENOMEM);
        return NULL;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        return path;
    }
    error_errno(path, -errno);
    free(path);
    return NULL;
}

/* By the command that does so. Its exit status. */
static int convert(const struct parsed *parsed, const char *record)
{
    char *argv[7] = {(char *)(uintptr_t) "report", (char *)(uintptr_t) "--format", (char *)(uintptr_t)parsed->format};
    int argc = 3;
    if (parsed->output != NULL) {
        argv[argc++] = (char *)(uintptr_t) "-o";
        argv[argc++] = (char *)(uintptr_t)parsed->output;
    }
    argv[argc++] = (char *)(uintptr_t)record;
    optind = 0; /* other options are read now */
    if (parsed->run.recorder.environment)
        (void)umask(S_IRWXG | S_IRWXO);
    return cmd_report(argc, argv);
}

static void tell_summary(const struct parsed *parsed, const char *record, const struct record_outcome *outcome)
{
    if (parsed->run.quiet || !outcome->executed)
        return;
    (void)fprintf(stderr, "coffer: %lu process%s recorded in ", (unsigned long)outcome->processes,
                  outcome->processes == 1 ? "" : "es");
    text_plain(stderr, record);
    (void)fputs("; see 'coffer report ", stderr);
    text_escaped(stderr, record);
    (void)fputs("'\n", stderr);
}

/* The record is of value where what was to be made of it could not be. */
static int run_and_convert(struct parsed *parsed)
{
    struct record_outcome outcome;
    int status = parsed->output == NULL ? 0 : replacement_check(parsed->output);
    if (status < 0) {
        error_errno(parsed->output, status);
        return STATUS_COFFER_FAILED;
    }
    cleanup_free char *record = temporary_record();
    if (record == NULL)
        return STATUS_COFFER_FAILED;
    parsed->run.recorder.path = record;
    if (!record_run(&parsed->run, &outcome)) {
        (void)unlink(record);
        return outcome.status;
    }
    status = outcome.executed ? convert(parsed, record) : STATUS_DONE;
    if (status == STATUS_DONE)
        (void)unlink(record);
    else
        error_line(record, "the record is kept here; 'coffer report' can try again");
    bool failed = status != STATUS_DONE || !outcome.whole;
    return outcome.status == 0 && failed ? STATUS_COFFER_FAILED : outcome.status;
}

static int run_and_keep(struct parsed *parsed)
{
    struct record_outcome outcome;
    const char *record = parsed->output == NULL ? DEFAULT_RECORD : parsed->output;
    if (!can_hold_record(record) || (parsed->output == NULL && !may_replace(record)))
        return STATUS_COFFER_FAILED;
    parsed->run.recorder.path = record;
    if (!record_run(&parsed->run, &outcome))
        return outcome.status;
    tell_summary(parsed, record, &outcome);
    return outcome.status == 0 && !outcome.whole ? STATUS_COFFER_FAILED : outcome.status;
}

/* NULL, or what is wrong. The format is NULL for the record itself. */
static const char *settle_format(struct parsed *parsed)
{
    if (parsed->format != NULL && strcmp(parsed->format, "record") == 0) {
        parsed->format = NULL;
        return NULL;
    }
    const struct format *meant = parsed->output == NULL ? NULL : format_of_file(parsed->output);
    if (parsed->format == NULL && meant != NULL)
        parsed->format = meant->name;
    return parsed->format == NULL || format_find(parsed->format) != NULL
               ? NULL
               : "no such format; 'coffer report --format help' lists them";
}

int cmd_record(int argc, char **argv)
{
    const struct command *command = command_find("record");
    struct parsed parsed = {.output = NULL};
    int option;
    while ((option = command_options_next(command, argc, argv, 1)) >= 0) {
        const char *wrong = set_option(&parsed, option);
        if (wrong != NULL)
            return command_usage_error(command, wrong);
    }
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : command->usage_status;
    if (optind == argc)
        return command_usage_error(command, "which command?");
    const char *wrong = settle_format(&parsed);
    if (wrong != NULL)
        return command_usage_error(command, wrong);
    parsed.run.recorder.argv = argv + optind;
    return parsed.format == NULL ? run_and_keep(&parsed) : run_and_convert(&parsed);
}
