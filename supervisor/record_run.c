#include "supervisor/record_run.h"

#include "emul/tree.h"
#include "supervisor/command.h"
#include "supervisor/nested.h"
#include "supervisor/notes.h"
#include "supervisor/placement.h"
#include "supervisor/run.h"
#include "supervisor/search_path.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A view has a layer. This one shows the host as it is, and nothing is ever written to it: it is gone from the file
 * system before the command starts, and only held open.
 */
static int open_layer(struct layer *layer, char *const *argv)
{
    char path[PATH_MAX];
    struct layer_error error;
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || *directory == '\0')
        directory = "/tmp";
    bool fits = snprintf(path, sizeof path, "%s/.coffer-XXXXXX", directory) < PATH_MAX;
    if (!fits || mkdtemp(path) == NULL) {
        error_errno(directory, fits ? -errno : -ENAMETOOLONG);
        return -1;
    }
    if (layer_open(layer, path, LAYER_RUN, argv, &error) < 0) {
        error_text(error.text);
        (void)tree_remove(AT_FDCWD, path);
        return -1;
    }
    return 0;
}

/* The view of the host alone; NULL: a line has been printed. */
static struct view *open_view(struct layer *layer, struct violations *violations)
{
    struct view *view;
    const struct view_options options = {
        .layer = layer,
        .hidden_fd = -1,
        .notice = violation_notice,
        .notice_context = violations,
    };
    int status = view_new(&view, &options);
    (void)layer_remove(layer);
    if (status < 0) {
        error_errno("cannot look at the file system", status);
        return NULL;
    }
    return view;
}

static bool serve(const struct record_request *request, struct supervisor *supervisor, const struct layer *layer,
                  struct record_outcome *outcome)
{
    const struct launch launch = {
        .argv = request->recorder.argv,
        .layer_fs = layer->fs_fd,
        .hidden_fd = -1,
        .lock = -1,
        .observes = true,
    };
    const struct run_request run = {.quiet = request->quiet, .verbose = request->verbose};
    if (!run_serve(&run, launch, supervisor, layer))
        return false;
    outcome->executed = supervisor->main_executed;
    outcome->status = run_exit_status(supervisor->main_status);
    return true;
}

static bool record_in(const struct record_request *request, struct layer *layer, struct supervisor *supervisor,
                      struct record_outcome *outcome)
{
    struct recorder *recorder = recorder_new(&request->recorder);
    if (recorder == NULL)
        return false;
    supervisor->notes = notes_new(recorder);
    bool done = supervisor->notes != NULL && serve(request, supervisor, layer, outcome);
    if (done)
        notes_end(supervisor->notes, -1);
    notes_free(supervisor->notes);
    outcome->processes = recorder_processes(recorder);
    outcome->whole = recorder_free(recorder, supervisor->main_status);
    return done;
}

bool record_run(const struct record_request *request, struct record_outcome *outcome)
{
    struct violations violations = {.quiet = request->quiet};
    struct supervisor supervisor = {
        .lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
        .violations = &violations,
        .main_pidfd = -1,
        .listener = -1,
        .quiet = request->quiet,
        .hidden_fd = -1,
        .observes = true,
    };
    struct layer layer;
    char command[PATH_MAX];
    *outcome = (struct record_outcome){.status = STATUS_COFFER_FAILED};
    /* A slip of the pen costs no record of before. */
    if (!search_path_find(request->recorder.argv[0], false, command) || access(command, F_OK) < 0) {
        error_errno(request->recorder.argv[0], -ENOENT);
        outcome->status = STATUS_NOT_FOUND;
        return false;
    }
    if (nested_refused() || open_layer(&layer, request->recorder.argv) < 0)
        return false;
    violations.supervisor = &supervisor;
    int status = placement_new(&supervisor, request->free_cpus);
    if (status < 0)
        error_errno("cannot supervise the command", status);
    supervisor.view = open_view(&layer, &violations);
    bool done = status == 0 && supervisor.view != NULL && record_in(request, &layer, &supervisor, outcome);
    view_free(supervisor.view);
    placement_free(&supervisor);
    layer_close(&layer);
    violations_free(&violations);
    return done;
}
