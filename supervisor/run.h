/*
 * One run of a command in a view, from the options to the fate of its layer.
 */
#ifndef COFFER_SUPERVISOR_RUN_H
#define COFFER_SUPERVISOR_RUN_H

#include "emul/view.h"
#include "supervisor/confine.h"
#include "supervisor/launch.h"
#include "supervisor/violation.h"

/* The store, the layer and those below it are hidden as well, in one list of VIEW_LAYERS_MAX. */
enum { RUN_OVER_MAX = VIEW_LAYERS_MAX - 2 };

enum { RUN_PATHS_MAX = 256 };

enum net_mode { NET_DEFAULT, NET_NONE, NET_LOOPBACK, NET_ALLOW };

/* -w or --hide. */
struct run_path {
    const char *path;
    bool hide; /* else it may be written to directly */
};

enum layer_fate { FATE_KEEP, FATE_COMMIT, FATE_DISCARD, FATE_ASK };

struct learned;

struct run_request {
    const char *layer; /* as the user says it; NULL: a new one */
    const char *over[RUN_OVER_MAX];
    int over_count;
    enum lock_mode lock;
    const char *profile; /* NULL: the default one, unless a policy is given */
    const char *policy;  /* a file, or NULL */
    struct run_path paths[RUN_PATHS_MAX];
    size_t path_count;
    const char *on_violation; /* "errno", "kill" or "ask"; NULL: as the policy says */
    const char *control;      /* "open", "exec" or "closed"; NULL: as the policy says */
    enum net_mode net;
    const char *report;        /* a file for what was refused, or NULL */
    const char *record;        /* a file for what is recorded, or NULL */
    unsigned hashes;           /* of files, with `record`: see record/digest.h */
    bool stop_on_record_error; /* with `record`: else the command goes on without one */
    bool backtrace;
    bool fail_on_violation;
    struct learned *learn; /* refuse nothing, and note here what would have been; or NULL */
    enum layer_fate fate;
    bool free_cpus; /* --cpu=free */
    bool quiet, verbose;
    char **argv; /* the command */
};

/* What is known when the last process has ended. */
struct run_outcome {
    bool executed;   /* the command itself began to run */
    int status;      /* the exit status to pass on */
    bool incomplete; /* the record that was asked for has not all */
    bool has_layer;  /* the policy has something written to the layer */
    const struct violations *violations;
};

/*
 * Starts and serves a command in supervisor->view until its last process has ended. False when it could not be started:
 * a line has been printed.
 */
bool run_serve(const struct run_request *request, struct launch launch, struct supervisor *supervisor,
               const struct layer *layer);

/* The exit status of coffer for a wait status of the command. */
int run_exit_status(int wait_status);

/* Runs the command; returns the exit status of coffer. *executed: whether the command itself began to run. */
int run_command(const struct run_request *request, bool *executed);

/*
 * Says what has changed, and keeps, commits or discards the layer. Closes the layer. Returns the exit status of coffer.
 */
int run_end(const struct run_request *request, const struct run_outcome *outcome, struct layer *layer);

#endif
