#include "emul/changes.h"
#include "emul/cleanup.h"
#include "emul/layer_meta.h"
#include "emul/sys.h"
#include "supervisor/change_print.h"
#include "supervisor/command.h"
#include "supervisor/operands.h"
#include "supervisor/text.h"

#include <getopt.h>

enum { OPTION_TEXT = OPTION_LONG_ONLY, OPTION_STAT, OPTION_JSON };

const struct option_row diff_options[] = {
    {OPTION_TEXT, "text", NULL, "add a unified diff of each file"},
    {OPTION_STAT, "stat", NULL, "add sizes and a total"},
    {OPTION_JSON, "json", NULL, "print one JSON object a line"},
    {0, NULL, NULL, NULL},
};

struct diff {
    struct change_totals totals;
    struct changers *changers; /* or NULL */
};

static int on_change(void *context, const struct change *change)
{
    struct diff *diff = context;
    struct change_by by = {.count = 0};
    if (diff->changers != NULL)
        by.count = changers_of(diff->changers, change->path, by.found);
    switch (diff->totals.format) {
    case OPTION_JSON:
        change_print_json(change, &by);
        break;
    case OPTION_STAT:
        change_print_stat(change, &diff->totals);
        break;
    case OPTION_TEXT:
        change_print_line(change, &by);
        change_print_text(change);
        break;
    default:
        change_print_line(change, &by);
        break;
    }
    changers_release(by.found, by.count);
    /* The reader of the pipe may have gone. */
    return ferror(stdout) ? 1 : 0;
}

/* Those of the layer's records that are still there. */
static struct changers *open_changers(const struct layer *layer)
{
    long format;
    json_t *meta = NULL;
    const char *records[CHANGERS_RECORDS_MAX];
    size_t count = 0;
    if (layer_meta_read(layer->dir_fd, &meta, &format) < 0)
        return NULL;
    const json_t *list = json_object_get(meta, "records");
    size_t all = json_array_size(list);
    for (size_t i = all > CHANGERS_RECORDS_MAX ? all - CHANGERS_RECORDS_MAX : 0; i < all; i++) {
        const char *path = json_string_value(json_array_get(list, i));
        if (path != NULL)
            records[count++] = path;
    }
    struct changers *changers = count == 0 ? NULL : changers_open(records, count);
    json_decref(meta);
    return changers;
}

static int print_diff(struct operands *operands, int format)
{
    struct layer_error error;
    struct diff diff = {.totals = {.format = format}};
    if (format != OPTION_STAT) /* which names nobody, and a record takes seconds to read */
        diff.changers = open_changers(&operands->layer);
    cleanup_fd int host = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    const struct changes_options options = {
        .host = {.root_fd = host},
        .paths = operands->paths,
        .path_count = operands->path_count,
    };
    int status = changes_walk(&operands->layer, &options, on_change, &diff, &error);
    changers_close(diff.changers);
    if (status < 0)
        error_text(error.text);
    else if (format == OPTION_STAT)
        change_print_totals(&diff.totals);
    return status < 0 ? STATUS_FAILED : STATUS_DONE;
}

int cmd_diff(int argc, char **argv)
{
    const struct command *self = command_find("diff");
    struct operands operands;
    int format = 0;
    int option;
    optind = 0; /* run calls this after its own options */
    while ((option = command_options_next(self, argc, argv, 0)) >= 0) {
        if (format != 0 && format != option)
            return command_usage_error(self, "only one of --text, --stat and --json can be had");
        format = option;
    }
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    int status = operands_open(&operands, LAYER_READ, argc - optind, argv + optind);
    if (status != 0)
        return status;
    status = print_diff(&operands, format);
    operands_close(&operands);
    return status;
}
