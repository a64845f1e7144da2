#include "supervisor/run.h"

#include "emul/changes.h"
#include "emul/cleanup.h"
#include "supervisor/command.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct counts {
    unsigned long added, modified, deleted;
};

static int count_change(void *context, const struct change *change)
{
    struct counts *counts = context;
    switch (change->kind) {
    case CHANGE_ADDED:
        counts->added++;
        break;
    case CHANGE_DELETED:
        counts->deleted++;
        break;
    case CHANGE_CONTENT:
    case CHANGE_TYPE:
    case CHANGE_METADATA:
        counts->modified++;
        break;
    case CHANGE_NONE:
        break;
    }
    return 0;
}

static bool count_changes(const struct layer *layer, struct counts *counts)
{
    cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct changes_options options = {.host.root_fd = root};
    struct layer_error error;
    int status = root < 0 ? -errno : changes_walk(layer, &options, count_change, counts, &error);
    if (status < 0 && root < 0)
        error_errno("/", status);
    else if (status < 0)
        error_text(error.text);
    return status == 0;
}

/* How the user says this layer in the next command. */
static const char *spoken_name(const struct run_request *request, const struct layer *layer)
{
    char store[PATH_MAX];
    if (request->layer != NULL && strchr(request->layer, '/') != NULL)
        return request->layer;
    /* Without a store it lies elsewhere. */
    return layer_store_path(store) == 0 && access(store, F_OK) == 0 ? layer->name : layer->path;
}

static void print_refused(unsigned long refused)
{
    if (refused > 0)
        (void)fprintf(stderr, ", %lu call%s refused", refused, refused == 1 ? "" : "s");
}

static void print_refused_alone(unsigned long refused)
{
    if (refused > 0)
        (void)fprintf(stderr, "coffer: %lu call%s refused\n", refused, refused == 1 ? "" : "s");
}

static void print_summary(const struct counts *counts, unsigned long refused, const char *name)
{
    (void)fprintf(stderr, "coffer: %lu added, %lu modified, %lu deleted", counts->added, counts->modified,
                  counts->deleted);
    print_refused(refused);
    (void)fprintf(stderr, " in layer %s; see 'coffer diff %s'\n", name, name);
}

static void print_nothing_changed(unsigned long refused)
{
    (void)fprintf(stderr, "coffer: nothing changed");
    print_refused(refused);
    (void)fputc('\n', stderr);
}

static bool same_as_nothing(const struct counts *counts)
{
    return counts->added == 0 && counts->modified == 0 && counts->deleted == 0;
}

/* True when the layer is gone. */
static bool discard(struct layer *layer)
{
    int status = layer_remove(layer);
    if (status < 0)
        error_errno(layer->path, status);
    layer_close(layer);
    return status == 0;
}

static int run_other(int (*command)(int, char **), const char *name, bool quiet, const char *path)
{
    char *argv[5] = {(char *)(uintptr_t)name};
    int argc = 1;
    if (quiet)
        argv[argc++] = (char *)(uintptr_t) "--quiet";
    argv[argc++] = (char *)(uintptr_t) "--";
    argv[argc++] = (char *)(uintptr_t)path;
    return command(argc, argv);
}

/* Through the command of that name, which takes the lock itself. */
static bool commit(struct layer *layer, bool quiet)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s", layer->path);
    layer_close(layer);
    return run_other(cmd_commit, "commit", quiet, path) == STATUS_DONE;
}

/* Until the user has decided; the end of the input keeps the layer. */
static enum layer_fate ask(const struct layer *layer)
{
    cleanup_file FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL)
        return FATE_KEEP;
    cleanup_free char *line = NULL;
    size_t room = 0;
    for (;;) {
        (void)fputs("coffer: keep, diff, commit or discard? ", terminal);
        (void)fflush(terminal);
        ssize_t length = getline(&line, &room, terminal);
        if (length <= 0)
            return FATE_KEEP;
        line[strcspn(line, "\n")] = '\0';
        size_t typed = strlen(line);
        if (typed > 0 && strncmp(line, "keep", typed) == 0)
            return FATE_KEEP;
        if (typed > 0 && strncmp(line, "commit", typed) == 0)
            return FATE_COMMIT;
        if (typed > 1 && strncmp(line, "discard", typed) == 0)
            return FATE_DISCARD;
        if (typed > 1 && strncmp(line, "diff", typed) == 0)
            (void)run_other(cmd_diff, "diff", false, layer->path);
    }
}

static enum layer_fate decide_fate(const struct run_request *request, const struct run_outcome *outcome,
                                   const struct layer *layer)
{
    if (request->fate == FATE_ASK)
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? ask(layer) : FATE_KEEP;
    if (request->fate == FATE_COMMIT && outcome->status != 0)
        return FATE_KEEP;
    return request->fate;
}

int run_end(const struct run_request *request, const struct run_outcome *outcome, struct layer *layer)
{
    struct counts counts = {0};
    bool speak = !request->quiet && outcome->executed;
    unsigned long refused = outcome->violations->refused;
    if (speak)
        violations_summary(outcome->violations);
    if (request->fate == FATE_DISCARD) {
        if (speak)
            print_refused_alone(refused);
        return discard(layer) ? outcome->status : STATUS_COFFER_FAILED;
    }
    if (request->fate == FATE_KEEP && request->quiet && request->layer != NULL) {
        /* Nobody is told how much changed, and nothing depends on it. */
        layer_close(layer);
        return outcome->status;
    }
    bool counted = count_changes(layer, &counts);
    if (counted && same_as_nothing(&counts)) {
        if (speak && request->layer == NULL && !outcome->has_layer)
            print_refused_alone(refused);
        else if (speak)
            print_nothing_changed(refused);
        if (request->layer != NULL)
            layer_close(layer);
        else
            (void)discard(layer);
        return outcome->status;
    }
    if (speak && counted)
        print_summary(&counts, refused, spoken_name(request, layer));

    switch (decide_fate(request, outcome, layer)) {
    case FATE_COMMIT:
        return commit(layer, request->quiet) ? outcome->status : STATUS_COFFER_FAILED;
    case FATE_DISCARD:
        return discard(layer) ? outcome->status : STATUS_COFFER_FAILED;
    case FATE_KEEP:
    case FATE_ASK:
        break;
    }
    layer_close(layer);
    return outcome->status;
}
