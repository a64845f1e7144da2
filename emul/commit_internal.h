/*
 * What the parts of a commit share. Only commit*.c include this.
 */
#ifndef COFFER_EMUL_COMMIT_INTERNAL_H
#define COFFER_EMUL_COMMIT_INTERNAL_H

#include "emul/commit.h"
#include "emul/journal.h"

/* What commit_seen() found for one directory; most questions are about the same one as the last. */
struct commit_seen {
    char *dir;
    bool seen;
    struct timespec when;
};

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
    struct commit_seen last_seen;
    size_t unchecked;   /* changes of something on the host that no record is kept of */
    struct stat own[2]; /* the layer's directory and the store, which must not be removed */
};

/* Sets error->text to "path: why" and returns status. */
int commit_fail(struct commit *commit, const char *path, int status);
int commit_fail_why(struct commit *commit, const char *path, int status, const char *why);

/* Fills the journal with what is to be done, reporting changes, conflicts and dangers. 0 or -errno. */
int commit_plan(struct commit *commit);

/* Why a change must not be made without asking or force (a constant text), or NULL (commit_check.c). */
const char *commit_conflict(struct commit *commit, const struct change *change);
const char *commit_danger(const struct change *change);

/*
 * Why the host's object at `path`, of which nothing shows in the view, is not what the layer's
 * programs saw there, or NULL. seen: up to when an object without a record was seen if
 * it has not changed since; NULL: such an object is new.
 */
const char *commit_judge(struct commit *commit, const char *path, const struct stat *st, const struct timespec *seen);

/* Whether what lies in the directory that holds `path` was seen by the layer's programs, until *when. */
bool commit_seen(struct commit *commit, const char *path, struct timespec *when);

/* Whether something is mounted on a file or directory, which then cannot be renamed over or removed: EBUSY. */
bool commit_is_mounted_on(int dir, const char *name);

struct commit_found {
    char *path; /* fresh memory; NULL: nothing was found */
    const char *why;
};

/*
 * Looks through the directory `name` in dir (`path` in the view), which is to be removed: what is in it that the
 * layer's programs never saw goes into *conflict. 0, or -errno with error->text set when it
 * cannot be removed even by force: mount points, and coffer's own layers.
 */
int commit_check_tree(struct commit *commit, int dir, const char *name, const char *path,
                      struct commit_found *conflict);

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
