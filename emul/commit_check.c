/*
 * What speaks against making a change.
 */
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/object.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static const char *directory_conflict(const struct layer_base *base, const struct change *change)
{
    const struct stat *host = change->host;
    if (base->dev != host->st_dev || base->ino != host->st_ino)
        return "replaced by another directory on the host since";
    /* Others may add names to a directory that stays; one that goes would take them along. */
    if ((change->kind == CHANGE_DELETED || change->kind == CHANGE_TYPE) && !same_time(&base->mtime, &host->st_mtim))
        return "names were added or removed in it on the host since";
    if (change->kind == CHANGE_METADATA && base->mode != host->st_mode)
        return "its mode was changed on the host since";
    return NULL;
}

const char *commit_conflict(const struct commit *commit, const struct change *change)
{
    const struct stat *host = change->host;
    const struct layer_base *base = layer_bases_find(commit->bases, change->path);
    /* Not on record: below a directory that was replaced as a whole, or a layer from elsewhere. */
    if (base == NULL)
        return NULL;
    if (base->mode == 0)
        return host == NULL ? NULL : "created on the host since";
    if (host == NULL)
        return "deleted on the host since";
    if ((base->mode & S_IFMT) != (host->st_mode & S_IFMT))
        return S_ISDIR(host->st_mode) ? "replaced by a directory on the host since"
                                      : "its type changed on the host since";
    if (S_ISDIR(host->st_mode))
        return directory_conflict(base, change);
    bool same = base->dev == host->st_dev && base->ino == host->st_ino && base->size == (uint64_t)host->st_size &&
                same_time(&base->mtime, &host->st_mtim) && same_time(&base->ctime, &host->st_ctim);
    return same ? NULL : "changed on the host since";
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

/* A file or directory that something is mounted on cannot be renamed over or removed: EBUSY. */
static bool is_mounted_on(int dir, const char *name)
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
    if (is_mounted_on(dir, name))
        return -EBUSY;
    int status = sys_faccessat(dir, ".", W_OK | X_OK, AT_EACCESS);
    if (status == 0)
        status = sys_fstatat(dir, "", &parent, AT_EMPTY_PATH);
    if (status < 0 || self == 0 || (parent.st_mode & S_ISVTX) == 0)
        return status;
    return st->st_uid == self || parent.st_uid == self ? 0 : -EPERM;
}
