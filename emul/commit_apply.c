/*
 * The part of a commit that can only go forward: renames, metadata, deletions, times. Each step finds out
 * whether it was done before, for a commit that was cut off begins again here.
 */
#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/object.h"
#include "emul/sys.h"
#include "emul/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char OLD_SUFFIX[] = "-old";

/* Where two names cannot be exchanged in one step: the old one steps aside for a moment. */
static int swap_by_hand(int dir, const char *place, const char *name)
{
    char aside[NAME_MAX + 1];
    int length = snprintf(aside, sizeof aside, "%s%s", place, OLD_SUFFIX);
    if (length < 0 || (size_t)length >= sizeof aside)
        return -ENAMETOOLONG;
    int status = sys_renameat2(dir, name, dir, aside, 0);
    if (status == 0)
        status = sys_renameat2(dir, place, dir, name, 0);
    return status < 0 ? status : tree_remove(dir, aside);
}

/* Puts a directory in the place of something else, or something else in that of a directory. */
static int exchange(int dir, const char *place, const char *name)
{
    int status = sys_renameat2(dir, place, dir, name, RENAME_EXCHANGE);
    if (status == -EINVAL || status == -ENOSYS)
        return swap_by_hand(dir, place, name);
    return status < 0 ? status : tree_remove(dir, place);
}

/* After a swap by hand that was cut off, the old object is still beside the new one. */
static int remove_old(int dir, const char *place)
{
    char aside[NAME_MAX + 1];
    int length = snprintf(aside, sizeof aside, "%s%s", place, OLD_SUFFIX);
    return length < 0 || (size_t)length >= sizeof aside ? 0 : tree_remove(dir, aside);
}

static int apply_place(struct commit *commit, const struct journal_op *op)
{
    const char *place = path_last(op->place);
    const char *name;
    struct stat made;
    struct stat there;
    bool directory = op->kind == OP_PLACE_DIR;
    cleanup_fd int dir = beneath_open_parent(commit->root_fd, op->path, &name);
    if (dir < 0)
        return dir;
    int staged = sys_fstatat(dir, place, &made, AT_SYMLINK_NOFOLLOW);
    int present = sys_fstatat(dir, name, &there, AT_SYMLINK_NOFOLLOW);
    if (staged < 0 && staged != -ENOENT)
        return staged;
    if (present < 0 && present != -ENOENT)
        return present;
    if (staged == -ENOENT)
        return present == -ENOENT ? -ENOENT : remove_old(dir, place); /* done before */
    if (S_ISDIR(made.st_mode) != directory)
        return tree_remove(dir, place); /* exchanged before: this is the old one */
    if (present == 0 && directory && S_ISDIR(there.st_mode))
        return -EEXIST;
    if (present == 0 && S_ISDIR(there.st_mode) != directory)
        return exchange(dir, place, name);
    int status = sys_renameat2(dir, place, dir, name, 0);
    /* Of two names of one file, rename keeps both (rename(2)). */
    if (status == 0 && !directory && made.st_nlink > 1)
        status = sys_unlinkat(dir, place, 0);
    if (status == -ENOENT)
        status = 0;
    return status < 0 ? status : remove_old(dir, place);
}

/* Metadata, or of a directory whose names changed only the times. */
static int apply_metadata(struct commit *commit, const struct journal_op *op)
{
    struct stat st;
    struct stat there;
    cleanup_fd int from = beneath_open(commit->layer->fs_fd, op->path, O_PATH | O_NOFOLLOW);
    /* Committed before, and its part of the layer is gone already. */
    if (from == -ENOENT)
        return 0;
    int status = from < 0 ? from : object_stat(from, &st);
    if (status < 0)
        return status;
    cleanup_fd int to = beneath_open(commit->root_fd, op->path, O_PATH | O_NOFOLLOW);
    status = to < 0 ? to : sys_fstatat(to, "", &there, AT_EMPTY_PATH);
    if (status < 0)
        return status == -ENOENT ? 0 : status;
    if ((there.st_mode & S_IFMT) != (st.st_mode & S_IFMT))
        return 0;
    if (op->kind == OP_METADATA)
        return object_copy_metadata(from, to, &st, true, &commit->result->lost_xattrs);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    status = sys_futimens(to, times);
    /* A directory of somebody else's, in which this user may make files. */
    return status == -EPERM ? 0 : status;
}

static int apply_delete(struct commit *commit, const struct journal_op *op)
{
    const char *name;
    struct stat st;
    char identity[64];
    cleanup_fd int dir = beneath_open_parent(commit->root_fd, op->path, &name);
    int status = dir < 0 ? dir : sys_fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
    if (status == -ENOENT || status == -ENOTDIR || status == -ELOOP)
        return 0;
    if (status < 0)
        return status;
    /* A new object of that name is not what the user saw deleted. */
    (void)snprintf(identity, sizeof identity, "%" PRIu64 ":%" PRIu64, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    return strcmp(identity, op->place) == 0 ? tree_remove(dir, name) : 0;
}

static int apply_op(struct commit *commit, const struct journal_op *op, unsigned round)
{
    switch (op->kind) {
    case OP_PLACE:
    case OP_PLACE_DIR:
        return round == 0 ? apply_place(commit, op) : 0;
    case OP_METADATA:
        return round == 1 ? apply_metadata(commit, op) : 0;
    case OP_DELETE:
        return round == 2 ? apply_delete(commit, op) : 0;
    case OP_TIMES:
        return round == 3 ? apply_metadata(commit, op) : 0;
    case OP_INSIDE:
    case OP_INSIDE_DIR:
        return 0;
    }
    return 0;
}

int commit_apply(struct commit *commit)
{
    const struct journal *journal = &commit->journal;
    enum { ROUNDS = 4 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < journal->count; i++) {
            int status = apply_op(commit, &journal->ops[i], round);
            if (status < 0)
                return commit_fail(commit, journal->ops[i].path, status);
        }
    }
    return commit_sync(commit);
}
