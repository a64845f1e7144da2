/*
 * One recording of a command that runs as it would without coffer.
 */
#ifndef COFFER_SUPERVISOR_RECORD_RUN_H
#define COFFER_SUPERVISOR_RECORD_RUN_H

#include "supervisor/record/recorder.h"

#include <stdbool.h>

struct record_request {
    struct recorder_options recorder;
    bool free_cpus; /* --cpu=free */
    bool quiet, verbose;
};

/* What became of it. */
struct record_outcome {
    bool executed; /* the command itself began to run */
    bool whole;    /* nothing is missing in the record */
    int status;    /* the exit status to pass on */
    uint32_t processes;
};

/*
 * Runs and records the command. False: it did not come to that, and a line has been printed; outcome->status is what to
 * exit with.
 */
bool record_run(const struct record_request *request, struct record_outcome *outcome);

#endif
