/*
 * What the parts of a commit share. Only commit*.c include this.
 */
#ifndef COFFER_EMUL_COMMIT_INTERNAL_H
#define COFFER_EMUL_COMMIT_INTERNAL_H

#include "emul/commit.h"
#include "emul/journal.h"

struct commit {
    struct layer *layer;
    const struct commit_options *options;
    struct commit_result *result;
    struct layer_error *error;
    struct journal journal;
    int root_fd;              /* of the directory that is committed into, O_PATH */
    bool into_host;           /* that is the host itself, so records of what the host was apply */
    struct commit_maps *maps; /* commit_plan.c's own */
    struct layer_bases *bases;
};

/* Sets error->text to "path: why" and returns status. */
int commit_fail(struct commit *commit, const char *path, int status);
int commit_fail_why(struct commit *commit, const char *path, int status, const char *why);

/* Fills the journal with what is to be done, reporting changes, conflicts and dangers. 0 or -errno. */
int commit_plan(struct commit *commit);

/* Why a change must not be made without asking or force (a constant text), or NULL (commit_check.c). */
const char *commit_conflict(const struct commit *commit, const struct change *change);
const char *commit_danger(const struct change *change);

/*
 * Why an existing object of the target cannot be changed, as an errno, before anything
 * is: rights, mount points. replaced: by another or by nothing; else its metadata changes. 0 or -errno.
 */
int commit_may_change(int dir, const char *name, const struct stat *st, bool replaced);

/* Makes every object of the journal at its `place`, and syncs them to disk (commit_stage.c). 0 or -errno. */
int commit_stage(struct commit *commit);

/* Removes what commit_stage() made. 0 or -errno. */
int commit_unstage(struct commit *commit);

/* Everything after the mark; may be repeated (commit_apply.c). 0 or -errno. */
int commit_apply(struct commit *commit);

/* Writes the file systems of all targets to disk. 0 or -errno. */
int commit_sync(struct commit *commit);

#endif
