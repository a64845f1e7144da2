#include "emul/commit.h"
#include "supervisor/command.h"
#include "supervisor/operands.h"
#include "supervisor/text.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_ROOT = OPTION_LONG_ONLY, OPTION_DRY_RUN, OPTION_FORCE };

const struct option_row commit_options[] = {
    {OPTION_ROOT, "root", "DIR", "commit into DIR instead of /"},
    {OPTION_DRY_RUN, "dry-run", NULL, "print what would be done, and do nothing"},
    {OPTION_FORCE, "force", NULL, "commit despite conflicts, and set-id programs and devices unasked"},
    {'q', "quiet", NULL, "print only what went wrong"},
    {0, NULL, NULL, NULL},
};

/* "coffer: WORD: PATH: why" */
static void tell(const char *word, const char *path, const char *why)
{
    char *escaped = text_escape(path);
    (void)fflush(stdout);
    (void)fprintf(stderr, "coffer: %s: %s: %s\n", word, escaped == NULL ? path : escaped, why);
    free(escaped);
}

static void on_note(void *context, enum commit_note note, enum change_kind kind, const char *path, const char *why)
{
    const struct commit_request *request = context;
    switch (note) {
    case COMMIT_CHANGE:
        if (request->dry_run) {
            (void)printf("%c ", kind);
            text_escaped(stdout, path);
            (void)putchar('\n');
        }
        break;
    case COMMIT_CONFLICT:
        tell("conflict", path, why);
        break;
    case COMMIT_DANGER:
        if (!request->force)
            tell("needs --force", path, why);
        break;
    case COMMIT_SKIPPED:
        tell("skipped", path, why);
        break;
    case COMMIT_UNCHECKED:
        if (!request->quiet && !request->force)
            error_line(path, why);
        break;
    case COMMIT_UNSEEN:
        if (!request->quiet)
            error_line(path, why);
        break;
    case COMMIT_FINISHED:
        if (!request->quiet)
            error_line(path, "finished the commit into it that was cut off");
        break;
    case COMMIT_UNDONE:
        if (!request->quiet)
            error_line(path, "undid the commit into it that was cut off");
        break;
    }
}

static bool ask(void *context, size_t dangers)
{
    char answer[16];
    (void)context;
    (void)fprintf(stderr, "coffer: commit %s all the same? [y/N] ", dangers == 1 ? "this one" : "these");
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* One line on how it ended, and the exit status. */
static int conclude(const struct layer *layer, const struct commit_request *request, const struct commit_result *result)
{
    if (result->lost_xattrs > 0)
        (void)fprintf(stderr, "coffer: %s: %zu extended attributes could not be kept\n", request->root,
                      result->lost_xattrs);
    if (result->refused && !request->dry_run)
        error_line(layer->name, result->conflicts > 0 ? "nothing was committed; --force overrides the conflicts"
                                                      : "nothing was committed; --force commits these as well");
    if (result->refused)
        return STATUS_DIFFERENT;
    if (!request->quiet && !request->dry_run && result->changes > 0)
        (void)fprintf(stderr, "coffer: %s: committed %zu change%s into %s\n", layer->name, result->changes,
                      result->changes == 1 ? "" : "s", request->root);
    return STATUS_DONE;
}

int commit_with_reports(struct layer *layer, const struct commit_request *request, bool *removed)
{
    struct layer_error error;
    struct commit_result result;
    struct commit_request context = *request;
    const struct commit_options options = {
        .root = request->root,
        .paths = request->paths,
        .path_count = request->path_count,
        .dry_run = request->dry_run,
        .force = request->force,
        .report = on_note,
        .confirm = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? ask : NULL,
        .context = &context,
    };
    int status = layer_commit(layer, &options, &result, &error);
    if (removed != NULL)
        *removed = result.layer_removed;
    if (status < 0) {
        error_text(error.text);
        return STATUS_FAILED;
    }
    return conclude(layer, request, &result);
}

int cmd_commit(int argc, char **argv)
{
    const struct command *self = command_find("commit");
    struct commit_request request = {.root = "/"};
    struct operands operands;
    int option;
    optind = 0; /* run calls this after its own options */
    while ((option = command_options_next(self, argc, argv, 0)) >= 0) {
        if (option == OPTION_ROOT)
            request.root = optarg;
        request.dry_run = request.dry_run || option == OPTION_DRY_RUN;
        request.force = request.force || option == OPTION_FORCE;
        request.quiet = request.quiet || option == 'q';
    }
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    int status = operands_open(&operands, LAYER_WRITE, argc - optind, argv + optind);
    if (status != 0)
        return status;
    request.paths = operands.paths;
    request.path_count = operands.path_count;
    status = commit_with_reports(&operands.layer, &request, NULL);
    operands_close(&operands);
    return status;
}
