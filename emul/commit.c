#include "emul/commit.h"

#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/discard.h"
#include "emul/journal_file.h"
#include "emul/layer_base.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

int commit_fail_why(struct commit *commit, const char *path, int status, const char *why)
{
    (void)snprintf(commit->error->text, sizeof commit->error->text, "%s: %s", path,
                   why == NULL ? strerror(-status) : why);
    return status;
}

int commit_fail(struct commit *commit, const char *path, int status)
{
    return commit_fail_why(commit, path, status, NULL);
}

/* Appends what to do to an error that left the journal behind. */
static int finish_later(struct commit *commit, int status)
{
    size_t used = strlen(commit->error->text);
    (void)snprintf(commit->error->text + used, sizeof commit->error->text - used,
                   "; 'coffer commit %s' finishes what was begun", commit->layer->name);
    return status;
}

static bool is_made(const struct journal *journal, const char *path)
{
    for (size_t i = 0; i < journal->count; i++)
        if ((journal->ops[i].kind == OP_PLACE_DIR || journal->ops[i].kind == OP_INSIDE_DIR) &&
            strcmp(journal->ops[i].path, path) == 0)
            return true;
    return false;
}

/* What was named, and the directories above it that had to be made for it; those that were there stay on record. */
static bool is_committed(const char *path, void *data)
{
    const struct journal *journal = data;
    for (size_t i = 0; i < journal->path_count; i++)
        if (path_is_below(path, journal->paths[i]) ||
            (path_is_below(journal->paths[i], path) && is_made(journal, path)))
            return true;
    return false;
}

/* All is on the target: lets go of the layer, or of the parts that were committed. */
static int let_go(struct commit *commit)
{
    struct journal *journal = &commit->journal;
    int status = 0;
    if (journal->whole) {
        status = layer_remove(commit->layer);
        if (status < 0)
            return commit_fail(commit, commit->layer->path, status);
        commit->result->layer_removed = true;
        journal_file_forget(commit->layer);
        return 0;
    }
    cleanup_fd int host = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    for (size_t i = 0; status == 0 && i < journal->path_count; i++) {
        status = layer_discard(commit->layer, host, journal->paths[i], commit->error);
        if (status == -ENOENT)
            status = 0;
    }
    if (status < 0)
        return status;
    status = layer_base_forget(commit->layer, is_committed, journal);
    if (status == 0)
        status = journal_remove(commit->layer);
    return status < 0 ? commit_fail(commit, commit->layer->path, status) : 0;
}

static int finish(struct commit *commit)
{
    int status = commit_apply(commit);
    if (status == 0)
        status = let_go(commit);
    return status < 0 ? finish_later(commit, status) : 0;
}

static int undo(struct commit *commit)
{
    int status = commit_unstage(commit);
    if (status == 0 && (status = journal_remove(commit->layer)) < 0)
        (void)commit_fail(commit, commit->layer->path, status);
    return status;
}

static int open_root(struct commit *commit, const char *root)
{
    struct stat st;
    struct stat host;
    commit->root_fd = sys_openat(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0);
    if (commit->root_fd < 0)
        return commit_fail(commit, root, commit->root_fd);
    int status = sys_fstatat(commit->root_fd, "", &st, AT_EMPTY_PATH);
    if (status == 0)
        status = sys_fstatat(AT_FDCWD, "/", &host, 0);
    commit->into_host = status == 0 && st.st_dev == host.st_dev && st.st_ino == host.st_ino;
    return status < 0 ? commit_fail(commit, root, status) : 0;
}

static void close_all(struct commit *commit)
{
    if (commit->root_fd >= 0)
        (void)close(commit->root_fd);
    commit->root_fd = -1;
    layer_bases_free(commit->bases);
    commit->bases = NULL;
    free(commit->last_seen.dir);
    commit->last_seen.dir = NULL;
    journal_free(&commit->journal);
}

static const char *why_not_loaded(int status)
{
    if (status == -EBADMSG)
        return "its journal is damaged; the changes are still in fs/";
    if (status == -EKEYREJECTED)
        return "its journal was not written here, so nothing of it is done; remove the file 'journal' there to commit "
               "what is in fs/";
    return NULL;
}

/* Finishes or undoes an earlier commit that was cut off. 0 or -errno. */
static int recover(struct commit *commit)
{
    int status = journal_load(commit->layer, &commit->journal);
    if (status == -ENOENT)
        return 0;
    if (status < 0)
        return commit_fail_why(commit, commit->layer->path, status, why_not_loaded(status));
    status = open_root(commit, commit->journal.root);
    bool go = commit->journal.go;
    if (status == 0)
        status = go ? finish(commit) : undo(commit);
    if (status == 0)
        commit->options->report(commit->options->context, go ? COMMIT_FINISHED : COMMIT_UNDONE, CHANGE_NONE,
                                commit->journal.root, NULL);
    close_all(commit);
    return status;
}

/* Whether the plan may be carried out. */
static bool consents(struct commit *commit)
{
    const struct commit_options *options = commit->options;
    if (options->force)
        return true;
    if (commit->result->conflicts > 0)
        return false;
    return commit->result->dangers == 0 ||
           (options->confirm != NULL && options->confirm(options->context, commit->result->dangers));
}

static int prepare(struct commit *commit)
{
    const struct commit_options *options = commit->options;
    commit->journal.whole = options->path_count == 0;
    commit->journal.root = realpath(options->root, NULL);
    if (commit->journal.root == NULL)
        return commit_fail(commit, options->root, -errno);
    int status = open_root(commit, commit->journal.root);
    for (size_t i = 0; status == 0 && i < options->path_count; i++)
        status = journal_add_path(&commit->journal, options->paths[i]);
    if (status == 0 && (status = layer_bases_load(commit->layer, &commit->bases)) < 0)
        (void)commit_fail(commit, commit->layer->path, status);
    return status == 0 ? commit_plan(commit) : status;
}

static int carry_out(struct commit *commit)
{
    int status = journal_save(commit->layer, &commit->journal);
    if (status < 0) {
        char why[160];
        (void)snprintf(why, sizeof why, "no journal could be written to it and to the directory of the layers: %s",
                       strerror(-status));
        return commit_fail_why(commit, commit->layer->path, status, why);
    }
    status = commit_stage(commit);
    if (status < 0) {
        /* The reason that the user is told is the first one. */
        struct layer_error first = *commit->error;
        if (undo(commit) == 0)
            *commit->error = first;
        return status;
    }
    status = journal_mark_go(commit->layer, &commit->journal);
    if (status < 0) {
        /* The mark may be on disk or not: only the next commit can tell, so nothing is undone here. */
        (void)commit_fail(commit, commit->layer->path, status);
        return finish_later(commit, status);
    }
    return finish(commit);
}

int layer_commit(struct layer *layer, const struct commit_options *options, struct commit_result *result,
                 struct layer_error *error)
{
    struct commit commit = {.layer = layer, .options = options, .result = result, .error = error, .root_fd = -1};
    *result = (struct commit_result){0};
    error->text[0] = '\0';
    int status = options->dry_run ? 0 : recover(&commit);
    if (status < 0 || result->layer_removed)
        return status;
    status = prepare(&commit);
    if (status == 0 && options->dry_run)
        result->refused = !options->force && result->conflicts > 0;
    else if (status == 0 && !consents(&commit))
        result->refused = true;
    else if (status == 0)
        status = carry_out(&commit);
    close_all(&commit);
    return status;
}
