/*
 * Looking through a tree of the target that a commit would remove, before anything is removed.
 */
#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static int cannot(struct commit *commit, const char *path, const char *why)
{
    return commit_fail_why(commit, path, -EBUSY, why);
}

/* Remembers the first conflict only: what else is wrong in the tree is as lost as that. */
static int found(struct commit_found *found, const char *path, const char *why)
{
    if (found->path != NULL)
        return 0;
    found->path = strdup(path);
    found->why = why;
    return found->path == NULL ? -ENOMEM : 0;
}

static int look_through(struct commit *commit, int dir, const char *name, const char *path, const struct timespec *seen,
                        struct commit_found *conflict);

/* One entry of the tree; above: the path of the directory that holds it. */
static int look_at_entry(struct commit *commit, int dir, const char *name, const char *above,
                         const struct timespec *seen, struct commit_found *conflict)
{
    struct stat st;
    int status = sys_fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
    if (status < 0)
        return status == -ENOENT ? 0 : status;
    cleanup_free char *path = path_join(above, name);
    if (path == NULL)
        return -ENOMEM;
    if (commit_is_mounted_on(dir, name))
        return cannot(commit, path, "cannot be removed: a mount point");
    struct timespec since = {0};
    const struct timespec *next = seen;
    if (commit->into_host) {
        const char *why = commit_judge(commit, path, &st, seen);
        if (why != NULL && (status = found(conflict, path, why)) < 0)
            return status;
        const struct layer_base *base = layer_bases_find(commit->bases, path);
        if (base != NULL) {
            since = base->noted;
            next = &since;
        }
    }
    return S_ISDIR(st.st_mode) ? look_through(commit, dir, name, path, next, conflict) : 0;
}

/* seen: when the user's programs saw the directory last as it is on record; NULL: never, or no one knows. */
static int look_through(struct commit *commit, int dir, const char *name, const char *path, const struct timespec *seen,
                        struct commit_found *conflict)
{
    struct stat st;
    int fd = sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd == -ENOENT)
        return 0;
    if (fd == -EACCES)
        return found(conflict, path, "a directory that cannot be looked into");
    if (fd < 0)
        return fd;
    cleanup_dir DIR *list = fdopendir(fd);
    if (list == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    int status = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (status < 0)
        return status;
    if (is_same(&st, &commit->own[0]) || is_same(&st, &commit->own[1]))
        return cannot(commit, path, "cannot be removed: coffer keeps layers there; name the PATHs to commit");
    const struct dirent *entry;
    while (status == 0 && (entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = look_at_entry(commit, fd, entry->d_name, path, seen, conflict);
    return status;
}

int commit_check_tree(struct commit *commit, int dir, const char *name, const char *path, struct commit_found *conflict)
{
    struct timespec since;
    const struct timespec *seen = NULL;
    *conflict = (struct commit_found){.path = NULL};
    if (commit->into_host) {
        const struct layer_base *base = layer_bases_find(commit->bases, path);
        if (base != NULL)
            since = base->noted;
        if (base != NULL || commit_seen(commit, path, &since))
            seen = &since;
    }
    int status = look_through(commit, dir, name, path, seen, conflict);
    if (status < 0 && commit->error->text[0] == '\0')
        (void)commit_fail(commit, path, status);
    return status;
}
