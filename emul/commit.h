/*
 * Committing a layer: making the host (or another root) what the view shows.
 *
 * A journalled transaction: plan, check for conflicts, write the journal, make every new object
 * beside its target, sync, mark the journal, rename, change metadata, delete, and
 * last let go of the layer. Cut off before the mark, the next commit undoes it; after
 * the mark, it finishes it.
 */
#ifndef COFFER_EMUL_COMMIT_H
#define COFFER_EMUL_COMMIT_H

#include "emul/changes.h"
#include "emul/layer.h"

#include <stdbool.h>
#include <stddef.h>

enum commit_note {
    COMMIT_CHANGE,    /* will be done (kind, path) */
    COMMIT_CONFLICT,  /* the host is not what the layer was made over (path, why) */
    COMMIT_DANGER,    /* wants consent: a set-id program, a device, a capability (path, why) */
    COMMIT_SKIPPED,   /* cannot be committed, such as a socket (path, why) */
    COMMIT_UNCHECKED, /* the layer has no records of what the host had (path: the layer's, why) */
    COMMIT_UNSEEN,    /* some names of files that change are not known to the layer (path: the layer's, why) */
    COMMIT_FINISHED,  /* an earlier commit that was cut off has been finished (path: its root) */
    COMMIT_UNDONE,    /* an earlier commit that was cut off has been undone */
};

typedef void commit_report(void *context, enum commit_note note, enum change_kind kind, const char *path,
                           const char *why);

struct commit_options {
    const char *root;   /* the directory to commit into; "/" is the host */
    char *const *paths; /* absolute view paths; only these and what is below */
    size_t path_count;  /* 0: the whole layer */
    bool dry_run;       /* plan and check only */
    bool force;         /* despite conflicts and dangers */
    commit_report *report;
    bool (*confirm)(void *context, size_t dangers); /* asks the user; NULL: nobody to ask */
    void *context;
};

struct commit_result {
    size_t changes;
    size_t conflicts; /* more than 0 without force: nothing was changed */
    size_t dangers;
    bool refused;       /* because of conflicts, or of dangers without consent */
    size_t lost_xattrs; /* that the target's file system would not take */
    bool layer_removed; /* the layer is gone, all of it being committed */
};

/*
 * Commits. The caller holds the layer's lock (LAYER_WRITE). 0 when done or refused
 * (see the result), or -errno with error->text set: then the layer is still there, and either nothing
 * was changed or the next commit finishes what was begun.
 */
int layer_commit(struct layer *layer, const struct commit_options *options, struct commit_result *result,
                 struct layer_error *error);

#endif
