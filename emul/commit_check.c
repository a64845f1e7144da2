/*
 * What speaks against making a change.
 */
#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/layer_base.h"
#include "emul/object.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Against its own record. */
static const char *compare(const struct layer_base *base, const struct stat *st)
{
    if (base->mode == 0)
        return "created on the host since, or hidden from the programs that ran";
    if ((base->mode & S_IFMT) != (st->st_mode & S_IFMT))
        return S_ISDIR(st->st_mode) ? "replaced by a directory on the host since"
                                    : "its type changed on the host since";
    if (S_ISDIR(st->st_mode))
        return layer_base_is_of(base, st) ? NULL : "replaced by another directory on the host since";
    bool same = layer_base_is_of(base, st) && base->size == (uint64_t)st->st_size &&
                same_time(&base->mtime, &st->st_mtim) && same_time(&base->ctime, &st->st_ctim);
    return same ? NULL : "changed on the host since";
}

const char *commit_judge(struct commit *commit, const char *path, const struct stat *st, const struct timespec *seen)
{
    const struct layer_base *base = layer_bases_find(commit->bases, path);
    if (base != NULL)
        return compare(base, st);
    if (seen != NULL)
        return layer_base_changed_after(st, seen) ? "created or changed on the host since" : NULL;
    if (layer_bases_complete(commit->bases))
        return "created on the host since";
    commit->unchecked++;
    return NULL;
}

bool commit_seen(struct commit *commit, const char *path, struct timespec *when)
{
    struct commit_seen *last = &commit->last_seen;
    char *dir = path_parent(path);
    if (dir == NULL)
        return false;
    if (last->dir == NULL || strcmp(last->dir, dir) != 0) {
        last->seen = layer_bases_seen(commit->bases, commit->root_fd, dir, &last->when);
        free(last->dir);
        last->dir = dir;
    } else {
        free(dir);
    }
    *when = last->when;
    return last->seen;
}

/* A directory on both sides. */
static const char *directory_conflict(const struct layer_base *base, const struct change *change)
{
    const char *why = compare(base, change->host);
    if (why == NULL && change->kind == CHANGE_METADATA && base->mode != change->host->st_mode)
        why = "its mode was changed on the host since";
    return why;
}

const char *commit_conflict(struct commit *commit, const struct change *change)
{
    const struct stat *host = change->host;
    const struct layer_base *base = layer_bases_find(commit->bases, change->path);
    if (host == NULL)
        return base == NULL || base->mode == 0 ? NULL : "deleted on the host since";
    /* By itself no conflict; what is in it is looked at name by name. */
    if (change->upper != NULL && S_ISDIR(change->upper->st_mode) && S_ISDIR(host->st_mode))
        return base == NULL || base->mode == 0 ? NULL : directory_conflict(base, change);
    struct timespec when;
    bool seen = base == NULL && change->hidden && commit_seen(commit, change->path, &when);
    return commit_judge(commit, change->path, host, seen ? &when : NULL);
}

static ssize_t read_capability(int dir, const char *name, char *value, size_t size)
{
    cleanup_fd int fd = dir < 0 ? -1 : sys_openat(dir, name, O_PATH | O_NOFOLLOW, 0);
    return fd < 0 ? -1 : sys_fgetxattr(fd, "security.capability", value, size);
}

const char *commit_danger(const struct change *change)
{
    const struct stat *upper = change->upper;
    if (upper == NULL)
        return NULL;
    bool old = change->kind == CHANGE_METADATA; /* the same program as on the host, with other metadata */
    if (S_ISCHR(upper->st_mode) || S_ISBLK(upper->st_mode))
        return "a device node";
    if (!S_ISREG(upper->st_mode))
        return NULL;
    mode_t bits = upper->st_mode & (S_ISUID | S_ISGID);
    bool had = old && change->host->st_uid == upper->st_uid && change->host->st_gid == upper->st_gid;
    if ((bits & ~(had ? change->host->st_mode : 0)) != 0)
        return (bits & S_ISUID) != 0 ? "a set-user-id program" : "a set-group-id program";
    char value[64];
    char theirs[64];
    ssize_t size = read_capability(change->upper_dir, change->name, value, sizeof value);
    if (size < 0 && size != -ERANGE)
        return NULL;
    ssize_t host_size = old ? read_capability(change->host_dir, change->name, theirs, sizeof theirs) : -1;
    return size > 0 && size == host_size && memcmp(value, theirs, (size_t)size) == 0 ? NULL
                                                                                     : "a program with capabilities";
}

bool commit_is_mounted_on(int dir, const char *name)
{
    struct statx stx;
    return statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &stx) == 0 &&
           (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int commit_may_change(int dir, const char *name, const struct stat *st, bool replaced)
{
    struct stat parent;
    uid_t self = geteuid();
    if (!replaced)
        return self == 0 || st->st_uid == self ? sys_faccessat(dir, ".", X_OK, AT_EACCESS) : -EPERM;
    if (commit_is_mounted_on(dir, name))
        return -EBUSY;
    int status = sys_faccessat(dir, ".", W_OK | X_OK, AT_EACCESS);
    if (status == 0)
        status = sys_fstatat(dir, "", &parent, AT_EMPTY_PATH);
    if (status < 0 || self == 0 || (parent.st_mode & S_ISVTX) == 0)
        return status;
    return st->st_uid == self || parent.st_uid == self ? 0 : -EPERM;
}
