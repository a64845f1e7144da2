#include "emul/cleanup.h"
#include "emul/discard.h"
#include "emul/journal.h"
#include "emul/sys.h"
#include "supervisor/command.h"
#include "supervisor/operands.h"
#include "supervisor/text.h"

#include <getopt.h>

const struct option_row discard_options[] = {
    {0, NULL, NULL, NULL},
};

/* Takes the paths one by one; a failure does not keep the others. */
static int discard_paths(struct operands *operands)
{
    struct layer_error error;
    cleanup_fd int host = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    int result = STATUS_DONE;
    for (size_t i = 0; i < operands->path_count; i++) {
        if (layer_discard(&operands->layer, host, operands->paths[i], &error) < 0) {
            error_text(error.text);
            result = STATUS_FAILED;
        }
    }
    int status = layer_discard_records(&operands->layer, operands->paths, operands->path_count);
    if (status < 0)
        error_errno(operands->layer.path, status);
    return status < 0 ? STATUS_FAILED : result;
}

static int discard(struct operands *operands)
{
    struct layer *layer = &operands->layer;
    if (journal_pending(layer)) {
        error_line(layer->name, "a commit of it was cut off; finish it first with 'coffer commit'");
        return STATUS_FAILED;
    }
    if (operands->path_count > 0)
        return discard_paths(operands);
    int status = layer_remove(layer);
    if (status < 0)
        error_errno(layer->path, status);
    return status < 0 ? STATUS_FAILED : STATUS_DONE;
}

int cmd_discard(int argc, char **argv)
{
    const struct command *self = command_find("discard");
    struct operands operands;
    optind = 0; /* run calls this after its own options */
    int option = command_options_next(self, argc, argv, 0);
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    int status = operands_open(&operands, LAYER_WRITE, argc - optind, argv + optind);
    if (status != 0)
        return status;
    status = discard(&operands);
    operands_close(&operands);
    return status;
}
