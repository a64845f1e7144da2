/*
 * What a layer changes: the one walk over its upper directory against the host.
 *
 * The layer is untrusted: the walk goes from directory to directory by descriptors and
 * never follows a symbolic link, on either side.
 */
#ifndef COFFER_EMUL_CHANGES_H
#define COFFER_EMUL_CHANGES_H

#include "emul/layer.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum change_kind {
    CHANGE_NONE = '=', /* in the layer, but the same on the host; reported only when asked for */
    CHANGE_ADDED = 'A',
    CHANGE_CONTENT = 'M',
    CHANGE_DELETED = 'D',
    CHANGE_TYPE = 'T',
    CHANGE_METADATA = 'm',
};

/* All pointers and descriptors are valid during the callback only. */
struct change {
    enum change_kind kind;
    const char *path;         /* in the view */
    const char *name;         /* its last component; "." for the root */
    const struct stat *upper; /* with its override_stat; NULL for a deletion */
    const struct stat *host;  /* NULL when the host has nothing there (a deletion: not any more) */
    int upper_dir;            /* directory of the layer that has `name`; not of a name below an opaque directory */
    int host_dir;             /* directory of the host that holds `name`, or -1 */
    bool hidden;              /* a directory above is opaque: the view does not show the host's object */
};

/* Returns 0 to go on; anything else ends the walk, which returns it. */
typedef int change_callback(void *context, const struct change *change);

/* What lies below the layer. Later: also the layers that it was laid over. */
struct changes_host {
    int root_fd; /* O_PATH */
};

struct changes_options {
    struct changes_host host;
    char *const *paths; /* absolute; only these and what is below them. May be NULL: all */
    size_t path_count;
    bool with_same; /* report CHANGE_NONE as well, and deletions of what the host itself does not have */
};

/*
 * Calls `each` for every change, sorted by path bytewise. Memory grows with depth and
 * with the names of one directory. 0, what `each` returned, or -errno with error->text set.
 */
int changes_walk(const struct layer *layer, const struct changes_options *options, change_callback *each, void *context,
                 struct layer_error *error);

#endif
