/*
 * "[LAYER] [PATH...]", as diff, commit and discard take it, and what they do with a layer.
 */
#ifndef COFFER_SUPERVISOR_OPERANDS_H
#define COFFER_SUPERVISOR_OPERANDS_H

#include "emul/layer.h"

#include <stdbool.h>
#include <stddef.h>

struct operands {
    const char *spec; /* of the layer, or NULL for the newest */
    struct layer layer;
    char **paths; /* absolute view paths */
    size_t path_count;
};

/*
 * Opens the layer that the words name: the first of them if it names one, else the newest.
 * The other words are paths. 0, or an exit status after one line on standard error.
 */
int operands_open(struct operands *operands, enum layer_open_mode mode, int count, char **words);
void operands_close(struct operands *operands);

/*
 * Commits an open layer and tells about it on standard error (what is not an error: only unless quiet).
 * Returns the exit status of `coffer commit`; *removed (may be NULL): the layer is gone.
 */
struct commit_request {
    const char *root; /* "/" for the host */
    char *const *paths;
    size_t path_count;
    bool dry_run, force, quiet;
};
int commit_with_reports(struct layer *layer, const struct commit_request *request, bool *removed);

#endif
