#include "supervisor/run.h"

#include "emul/cleanup.h"
#include "emul/layer_meta.h"
#include "filter/program.h"
#include "policy/lock.h"
#include "supervisor/ask.h"
#include "supervisor/command.h"
#include "supervisor/control.h"
#include "supervisor/grant.h"
#include "supervisor/learn.h"
#include "supervisor/nested.h"
#include "supervisor/notes.h"
#include "supervisor/placement.h"
#include "supervisor/record/recorder.h"
#include "supervisor/report.h"
#include "supervisor/run_policy.h"
#include "supervisor/text.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

/* The layers of a run and what is hidden from it. */
struct stack {
    struct layer layer;
    struct layer over[RUN_OVER_MAX];
    int over_open;
    char store[PATH_MAX];
};

static void close_over(struct stack *stack)
{
    while (stack->over_open > 0)
        layer_close(&stack->over[--stack->over_open]);
}

/*
 * Builds often run as a user who has no home, and so no store. A layer that the policy does not use needs none: nobody
 * looks for it afterwards.
 */
static int open_top(struct stack *stack, const struct run_request *request, bool has_layer, struct layer_error *error)
{
    char path[] = "/tmp/.coffer-XXXXXX";
    struct layer_error ignored;
    int status = layer_open(&stack->layer, request->layer, LAYER_RUN, request->argv, error);
    if (status == 0 || request->layer != NULL || has_layer || mkdtemp(path) == NULL)
        return status;
    if (layer_open(&stack->layer, path, LAYER_RUN, request->argv, &ignored) == 0)
        return 0;
    (void)rmdir(path);
    return status;
}

static int open_layers(struct stack *stack, const struct run_request *request, bool has_layer)
{
    struct layer_error error;
    for (int i = 0; i < request->over_count; i++) {
        if (layer_open(&stack->over[i], request->over[i], LAYER_READ, NULL, &error) < 0) {
            error_text(error.text);
            close_over(stack);
            return -1;
        }
        stack->over_open++;
    }
    if (open_top(stack, request, has_layer, &error) < 0) {
        error_text(error.text);
        close_over(stack);
        return -1;
    }
    /* So that a commit asks for the layers below first. */
    for (int i = 0; i < stack->over_open; i++) {
        int status = layer_meta_note_over(stack->layer.dir_fd, stack->over[i].path);
        if (status < 0)
            error_errno(stack->layer.path, status);
    }
    return 0;
}

/* The store as the kernel names it; a store that does not exist hides nothing. */
static bool find_store(char store[PATH_MAX])
{
    char path[PATH_MAX];
    return layer_store_path(path) == 0 && realpath(path, store) != NULL;
}

static void fill_view_options(struct view_options *options, struct stack *stack)
{
    options->layer = &stack->layer;
    if (find_store(stack->store))
        options->hidden[options->hidden_count++] = stack->store;
    options->hidden[options->hidden_count++] = stack->layer.path;
    for (int i = 0; i < stack->over_open; i++) {
        options->over[options->over_count++] = &stack->over[i];
        options->hidden[options->hidden_count++] = stack->over[i].path;
    }
}

static struct fs_context *start_context(struct view *view, const struct layer *layer)
{
    char cwd[PATH_MAX];
    if (getcwd(cwd, sizeof cwd) == NULL) {
        error_errno("the working directory", -errno);
        return NULL;
    }
    mode_t mask = umask(0);
    (void)umask(mask);
    int error = 0;
    struct fs_context *fs = fs_context_new(view, cwd, mask, &error);
    if (fs == NULL && (error == -ENOENT || error == -ENOTDIR)) {
        char why[NAME_MAX + 128];
        (void)snprintf(why, sizeof why, "does not exist in the view of layer %s; change to a directory that does",
                       layer->name);
        error_line(cwd, why);
    } else if (fs == NULL) {
        error_errno(cwd, error);
    }
    return fs;
}

int run_exit_status(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

/* What a run needs to start and serve its command. */
struct serving {
    const struct run_request *request;
    struct launch launch;
    struct supervisor *supervisor;
    const struct layer *layer;
    bool started;
};

bool run_serve(const struct run_request *request, struct launch launch, struct supervisor *supervisor,
               const struct layer *layer)
{
    struct sock_fprog program;
    const struct program_options needs = {
        .reads_pass = launch.reads_pass,
        .records = supervisor->notes != NULL,
        .observes = launch.observes,
        .judges_addresses = view_judges_addresses(supervisor->view),
        .access_stops = !launch.observes && policy_control(supervisor->violations->policy) != POLICY_CONTROL_CLOSED,
        .signals_scoped = launch.lock >= 0 && lock_scopes_signals(),
    };
    int status = program_build(&needs, &program);
    if (status < 0) {
        error_errno("the system-call filter", status);
        return false;
    }
    launch.program = &program;

    struct signals signals;
    launch.signals = &signals;
    struct fs_context *fs = start_context(supervisor->view, layer);
    bool started = fs != NULL && launch_command(&launch, supervisor, fs) == 0;
    free(program.filter);
    if (!started)
        return false;

    /* Modes of what is made for a caller are computed from the caller's umask. */
    mode_t mask = umask(0);
    tracers_run(supervisor);
    (void)umask(mask);
    grant_end(supervisor);
    control_end(supervisor);
    ask_end(supervisor->violations->ask);
    supervisor->violations->ask = NULL;
    signals_restore(&signals);
    (void)close(supervisor->main_pidfd);
    if (request->verbose)
        stop_counts_print(&supervisor->count, stderr);
    return true;
}

static void serve_confined(void *context)
{
    struct serving *serving = context;
    serving->started = run_serve(serving->request, serving->launch, serving->supervisor, serving->layer);
}

/* The same, in a thread that can change the layer and little else. */
static bool confine_and_serve(struct serving *serving, const struct stack *stack, struct policy *locked)
{
    const struct run_request *request = serving->request;
    struct confinement confinement;
    const struct confine_request confine = {
        .lock = request->lock,
        .quiet = request->quiet,
        .verbose = request->verbose,
        .layer = &stack->layer,
        .over = stack->over,
        .over_count = stack->over_open,
        .policy = locked,
        .command = request->argv[0],
    };
    bool done = confine_prepare(&confine, serving->supervisor->view, &confinement);
    serving->launch.lock = confinement.programs;
    done = done && confine_run(&confinement, serve_confined, serving);
    confine_end(&confinement);
    return done && serving->started;
}

/* What the exit status is for those who asked to hear of violations in it. */
static int status_of(const struct run_request *request, const struct supervisor *supervisor)
{
    int status = run_exit_status(supervisor->main_status);
    return status == 0 && request->fail_on_violation && supervisor->violations->violated > 0 ? STATUS_USAGE : status;
}

/* The recorder that was asked for. False when it cannot be had: a line has been printed. */
static bool begin_record(const struct run_request *request, struct supervisor *supervisor, const struct layer *layer,
                         struct recorder **recorder)
{
    const struct recorder_options options = {.path = request->record,
                                             .argv = request->argv,
                                             .view = true,
                                             .stop_on_error = request->stop_on_record_error,
                                             .hashes = request->hashes};
    *recorder = NULL;
    if (request->record == NULL)
        return true;
    *recorder = recorder_new(&options);
    supervisor->notes = *recorder == NULL ? NULL : notes_new(*recorder);
    if (supervisor->notes == NULL)
        return false;
    /* So that a diff of the layer finds it. */
    cleanup_free char *path = realpath(request->record, NULL);
    int status = path == NULL ? -errno : layer_meta_note_record(layer->dir_fd, path);
    if (status < 0)
        error_errno(layer->path, status);
    return true;
}

/* False when something is missing in it. */
static bool end_record(struct supervisor *supervisor, const struct layer *layer, struct recorder *recorder)
{
    if (supervisor->notes != NULL)
        notes_end(supervisor->notes, layer->fs_fd);
    notes_free(supervisor->notes);
    supervisor->notes = NULL;
    return recorder == NULL || recorder_free(recorder, supervisor->main_status);
}

static struct run_outcome run_in_layers(const struct run_request *request, struct stack *stack,
                                        struct violations *violations, const struct run_policy *rules)
{
    struct launch launch = {
        .argv = request->argv,
        .layer_fs = stack->layer.fs_fd,
        .hidden_fd = launch_hidden_fd(),
        .lock = -1,
    };
    struct view_options options = {
        .hidden_fd = launch.hidden_fd,
        .policy = violations->policy,
        .recorded = request->record != NULL,
        .notice = violation_notice,
        .learns = violations->learned != NULL,
        .violated = violations->learned != NULL ? learned_pass : violation_refused,
        .notice_context = violations,
    };
    fill_view_options(&options, stack);

    struct supervisor supervisor = {
        .lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
        .violations = violations,
        .main_pidfd = -1,
        .listener = -1,
        .quiet = request->quiet,
        .hidden_fd = launch.hidden_fd,
    };
    struct run_outcome outcome = {
        .status = STATUS_COFFER_FAILED, .has_layer = rules->has_layer, .violations = violations};
    struct recorder *recorder;
    violations->supervisor = &supervisor;
    bool records = begin_record(request, &supervisor, &stack->layer, &recorder);
    int status = placement_new(&supervisor, request->free_cpus);
    if (status == 0)
        status = view_new(&supervisor.view, &options);
    if (status < 0) {
        error_errno("cannot make the view", status);
    } else if (records) {
        launch.reads_pass = view_reads_pass(supervisor.view);
        if (launch.reads_pass)
            launch.hidden_fd = supervisor.hidden_fd = -1; /* nobody needs the layer */
        struct serving serving = {request, launch, &supervisor, &stack->layer, false};
        if (confine_and_serve(&serving, stack, rules->locked)) {
            outcome.executed = supervisor.main_executed;
            outcome.status = status_of(request, &supervisor);
        }
    }
    view_free(supervisor.view);
    outcome.incomplete = !end_record(&supervisor, &stack->layer, recorder);
    placement_free(&supervisor);
    violations->supervisor = NULL;
    close_over(stack);
    return outcome;
}

static int run_by_policy(const struct run_request *request, const struct run_policy *rules, bool *executed)
{
    struct violations violations = {
        .policy = rules->policy,
        .quiet = request->quiet,
        .verbose = request->verbose,
        .report = request->report,
        .backtrace = request->backtrace,
        .learned = request->learn,
    };
    int report = request->report == NULL ? -1 : report_open(request->report);
    if (request->report != NULL && report < 0)
        return STATUS_COFFER_FAILED;
    int status = STATUS_COFFER_FAILED;
    struct run_outcome outcome = {.status = STATUS_COFFER_FAILED};
    struct stack *stack = calloc(1, sizeof *stack);
    bool opened = stack != NULL && open_layers(stack, request, rules->has_layer) == 0;
    if (opened)
        outcome = run_in_layers(request, stack, &violations, rules);
    /* Before anything is said of it. */
    bool reported = report < 0 || report_write(report, request->report, &violations);
    if (!reported)
        violations.report = NULL;
    if (opened)
        status = run_end(request, &outcome, &stack->layer);
    if (status == 0 && (!reported || outcome.incomplete))
        status = STATUS_COFFER_FAILED;
    free(stack);
    *executed = outcome.executed;
    violations_free(&violations);
    return status;
}

int run_command(const struct run_request *request, bool *executed)
{
    *executed = false;
    struct run_policy rules;
    struct sigaction pipe;
    if (nested_refused())
        return STATUS_COFFER_FAILED;
    (void)sigaction(SIGPIPE, NULL, &pipe);
    int status = run_policy_load(&rules, request);
    if (status == 0)
        status = run_by_policy(request, &rules, executed);
    run_policy_free(&rules);
    /* Ignored since the start of the command: where nobody reads what is said at the end, the end comes all the same.
     */
    (void)sigaction(SIGPIPE, &pipe, NULL);
    return status;
}
