/*
 * Making the new objects under temporary names beside their targets.
 */
#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/object.h"
#include "emul/sys.h"
#include "emul/tree.h"

#include <errno.h>
#include <string.h>

static bool makes_directory(const struct journal_op *op)
{
    return op->kind == OP_PLACE_DIR || op->kind == OP_INSIDE_DIR;
}

static bool makes_object(const struct journal_op *op)
{
    return makes_directory(op) || op->kind == OP_PLACE || op->kind == OP_INSIDE;
}

/* Another name for what was made, or is there, already. -EXDEV and the like: it must be a copy. */
static int stage_link(struct commit *commit, const struct journal_op *op, int dir, const char *name)
{
    const char *old_name;
    cleanup_fd int old_dir = beneath_open_parent(commit->root_fd, op->link, &old_name);
    return old_dir < 0 ? old_dir : sys_linkat(old_dir, old_name, dir, name, 0);
}

static int stage_file(int from_dir, const char *from_name, int dir, const char *name, off_t size)
{
    cleanup_fd int from = object_open_readable(from_dir, from_name, 0);
    if (from < 0)
        return from;
    cleanup_fd int to = sys_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    return to < 0 ? to : object_copy_data(from, to, size);
}

static int stage_symlink(int from_dir, const char *from_name, int dir, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = sys_readlinkat(from_dir, from_name, target, sizeof target);
    if (length < 0)
        return (int)length;
    if ((size_t)length >= sizeof target)
        return -ENAMETOOLONG;
    target[length] = '\0';
    return sys_symlinkat(target, dir, name);
}

static int stage_object(int from_dir, const char *from_name, const struct stat *st, int dir, const char *name)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
        return stage_file(from_dir, from_name, dir, name, st->st_size);
    case S_IFLNK:
        return stage_symlink(from_dir, from_name, dir, name);
    case S_IFDIR:
        /* Its own mode may forbid its owner to fill it; that comes when it is full. */
        return sys_mkdirat(dir, name, 0700);
    case S_IFIFO:
        return sys_mknodat(dir, name, S_IFIFO | 0600, 0);
    case S_IFCHR:
    case S_IFBLK:
        return sys_mknodat(dir, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev);
    default:
        return -EOPNOTSUPP;
    }
}

/* Gives the object at `place` the layer's metadata. */
static int stage_metadata(struct commit *commit, const struct journal_op *op)
{
    struct stat st;
    cleanup_fd int from = beneath_open(commit->layer->fs_fd, op->path, O_PATH | O_NOFOLLOW);
    int status = from < 0 ? from : object_stat(from, &st);
    if (status < 0)
        return status;
    cleanup_fd int to = beneath_open(commit->root_fd, op->place, O_PATH | O_NOFOLLOW);
    return to < 0 ? to : object_copy_metadata(from, to, &st, true, &commit->result->lost_xattrs);
}

static int stage_op(struct commit *commit, const struct journal_op *op)
{
    const char *from_name;
    const char *name;
    struct stat st;
    cleanup_fd int from_dir = beneath_open_parent(commit->layer->fs_fd, op->path, &from_name);
    int status = from_dir < 0 ? from_dir : sys_fstatat(from_dir, from_name, &st, AT_SYMLINK_NOFOLLOW);
    if (status < 0)
        return status;
    if (S_ISDIR(st.st_mode) != makes_directory(op))
        return -ESTALE;
    cleanup_fd int dir = beneath_open_parent(commit->root_fd, op->place, &name);
    if (dir < 0)
        return dir;
    if (op->link != NULL && stage_link(commit, op, dir, name) == 0)
        return 0;
    status = stage_object(from_dir, from_name, &st, dir, name);
    return status < 0 || S_ISDIR(st.st_mode) ? status : stage_metadata(commit, op);
}

int commit_stage(struct commit *commit)
{
    const struct journal *journal = &commit->journal;
    for (size_t i = 0; i < journal->count; i++) {
        int status = makes_object(&journal->ops[i]) ? stage_op(commit, &journal->ops[i]) : 0;
        if (status < 0)
            return commit_fail(commit, journal->ops[i].path, status);
    }
    /* Directories last, the deepest first: filling one changes its times. */
    for (size_t i = journal->count; i-- > 0;) {
        int status = makes_directory(&journal->ops[i]) ? stage_metadata(commit, &journal->ops[i]) : 0;
        if (status < 0)
            return commit_fail(commit, journal->ops[i].path, status);
    }
    return commit_sync(commit);
}

int commit_unstage(struct commit *commit)
{
    int result = 0;
    const struct journal *journal = &commit->journal;
    for (size_t i = 0; i < journal->count; i++) {
        const struct journal_op *op = &journal->ops[i];
        const char *name;
        if (op->kind != OP_PLACE && op->kind != OP_PLACE_DIR)
            continue;
        cleanup_fd int dir = beneath_open_parent(commit->root_fd, op->place, &name);
        int status = dir == -ENOENT ? 0 : dir < 0 ? dir : tree_remove(dir, name);
        if (status < 0 && result == 0)
            result = commit_fail(commit, op->place, status);
    }
    return result;
}

/* The file systems that a commit writes to; one more than fits makes it sync all there are. */
enum { DEVICES_MAX = 32 };

struct sync_set {
    dev_t devices[DEVICES_MAX];
    size_t count;
    int error;
};

static void sync_one(struct sync_set *set, int root, const char *path)
{
    struct stat st;
    const char *name;
    cleanup_fd int dir = beneath_open_parent(root, path, &name);
    if (dir < 0 || sys_fstatat(dir, "", &st, AT_EMPTY_PATH) < 0)
        return;
    for (size_t i = 0; i < set->count; i++)
        if (set->devices[i] == st.st_dev)
            return;
    if (set->count == DEVICES_MAX) {
        sync();
        return;
    }
    set->devices[set->count++] = st.st_dev;
    /* One syncfs for all is what an fsync for each of thousands of files would be, without their wait. */
    cleanup_fd int fd = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    int status = fd < 0 ? 0 : sys_syncfs(fd);
    if (fd < 0)
        sync();
    else if (status < 0 && set->error == 0)
        set->error = status;
}

int commit_sync(struct commit *commit)
{
    struct sync_set set = {.count = 0};
    const char *last = "";
    for (size_t i = 0; i < commit->journal.count; i++) {
        const struct journal_op *op = &commit->journal.ops[i];
        if (op->kind == OP_INSIDE || op->kind == OP_INSIDE_DIR)
            continue;
        /* Neighbours lie on one file system: a directory that holds another's mount point is another directory. */
        size_t length = (size_t)(path_last(op->path) - op->path);
        if (strncmp(last, op->path, length) == 0 && strchr(last + length, '/') == NULL && *last != '\0')
            continue;
        last = op->path;
        sync_one(&set, commit->root_fd, op->path);
    }
    return set.error < 0 ? commit_fail(commit, commit->journal.root, set.error) : 0;
}
