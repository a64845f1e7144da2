/*
 * coffer doctor: what this machine gives, and whether that is enough.
 */
#include "filter/document.h"
#include "policy/lock.h"
#include "supervisor/command.h"
#include "supervisor/probe.h"
#include "supervisor/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_JSON = OPTION_LONG_ONLY, OPTION_CALLS };

const struct option_row doctor_options[] = {
    {OPTION_JSON, "json", NULL, "print one JSON object"},
    {OPTION_CALLS, "calls", NULL, "print the table of system calls and what becomes of each"},
    {0, NULL, NULL, NULL},
};

static const char *need_word(enum probe_need need)
{
    switch (need) {
    case PROBE_NEEDED:
        return "needed";
    case PROBE_USED:
        return "used";
    case PROBE_TOLD:
        break;
    }
    return "told";
}

/* The first thing that is needed and not there, or NULL. */
static const struct probe_result *what_lacks(const struct probe_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct probe_result *result = &report->results[i];
        if (result->need == PROBE_NEEDED && result->answer != PROBE_YES)
            return result;
    }
    return NULL;
}

static void print_text(const struct probe_report *report, const struct probe_result *lacking, int abi)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct probe_result *result = &report->results[i];
        const char *mark = result->need == PROBE_NEEDED && result->answer != PROBE_YES ? "NEEDED: " : "";
        printf("%-24s %-16s %s%s\n", result->name, result->value, mark, result->remark);
    }
    if (lacking != NULL)
        printf("coffer cannot run here: no %s (%s)\n", lacking->name, lacking->remark);
    else if (abi > 0)
        printf("coffer can run here, with the Landlock lock (ABI %d)\n", abi);
    else
        printf("coffer can run here, without a lock\n");
}

static int print_json(const struct probe_report *report, const struct probe_result *lacking, int abi)
{
    json_t *probes = json_object();
    for (size_t i = 0; i < report->count; i++) {
        const struct probe_result *result = &report->results[i];
        json_t *entry = json_pack("{s:s, s:s, s:s, s:s}", "value", result->value, "answer",
                                  result->answer == PROBE_UNTRIED ? "untried"
                                  : result->answer == PROBE_YES   ? "yes"
                                                                  : "no",
                                  "need", need_word(result->need), "remark", result->remark);
        (void)json_object_set_new(probes, result->name, entry);
    }
    json_t *whole = json_pack("{s:s, s:b, s:s?, s:s?, s:i, s:o}", "version", COFFER_VERSION, "can_run", lacking == NULL,
                              "lacks", lacking != NULL ? lacking->name : NULL, "lock", abi > 0 ? "landlock" : NULL,
                              "landlock_abi", abi, "probes", probes);
    if (whole == NULL) {
        error_line("doctor", "the report cannot be written as JSON");
        return -1;
    }
    (void)json_dumpf(whole, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(whole);
    return 0;
}

int cmd_doctor(int argc, char **argv)
{
    const struct command *command = command_find("doctor");
    bool json = false, calls = false;
    int letter;
    while ((letter = command_options_next(command, argc, argv, 0)) != OPTIONS_END) {
        switch (letter) {
        case OPTION_JSON:
            json = true;
            break;
        case OPTION_CALLS:
            calls = true;
            break;
        case OPTIONS_HELP:
            return STATUS_DONE;
        default:
            return STATUS_USAGE;
        }
    }
    if (argv[optind] != NULL)
        return command_usage_error(command, "takes no arguments");
    if (json && calls)
        return command_usage_error(command, "--json and --calls exclude each other");
    if (calls) {
        table_document(stdout);
        return STATUS_DONE;
    }
    struct probe_report report;
    probe_all(&report);
    const struct probe_result *lacking = what_lacks(&report);
    int abi = lock_abi();
    if (!json)
        print_text(&report, lacking, abi > 0 ? abi : 0);
    else if (print_json(&report, lacking, abi > 0 ? abi : 0) < 0)
        return STATUS_DIFFERENT;
    return lacking == NULL ? STATUS_DONE : STATUS_DIFFERENT;
}
