/*
 * One run of a command in a view, from the options to the fate of its layer.
 */
#ifndef COFFER_SUPERVISOR_RUN_H
#define COFFER_SUPERVISOR_RUN_H

#include "emul/view.h"
#include "supervisor/launch.h"

/* The store, the layer and those below it are hidden as well, in one list of VIEW_LAYERS_MAX. */
enum { RUN_OVER_MAX = VIEW_LAYERS_MAX - 2 };

enum layer_fate { FATE_KEEP, FATE_COMMIT, FATE_DISCARD, FATE_ASK };

struct run_request {
    const char *layer; /* as the user says it; NULL: a new one */
    const char *over[RUN_OVER_MAX];
    int over_count;
    enum lock_mode lock;
    bool no_network;
    enum layer_fate fate;
    bool free_cpus; /* --cpu=free */
    bool quiet, verbose;
    char **argv; /* the command */
};

/* What is known when the last process has ended. */
struct run_outcome {
    bool executed; /* the command itself began to run */
    int status;    /* the exit status to pass on */
    unsigned long refused;
};

/* Runs the command; returns the exit status of coffer. */
int run_command(const struct run_request *request);

/*
 * Says what has changed, and keeps, commits or discards the layer. Closes the layer. Returns the exit status of coffer.
 */
int run_end(const struct run_request *request, const struct run_outcome *outcome, struct layer *layer);

#endif
