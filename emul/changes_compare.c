#include "emul/changes_compare.h"

#include "emul/cleanup.h"
#include "emul/object.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

/* 1 when the bytes are the same; a host file that this user may not read counts as another. */
static int same_file(int upper_dir, int host_dir, const char *name, const struct stat *upper, const struct stat *host)
{
    if (upper->st_size != host->st_size)
        return 0;
    cleanup_fd int left = object_open_readable(upper_dir, name, 0);
    /* In a layer of another user's; a difference that cannot be ruled out is told. */
    if (left == -EACCES)
        return 0;
    if (left < 0)
        return left;
    cleanup_fd int right = sys_openat(host_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME, 0);
    if (right == -EPERM)
        right = sys_openat(host_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (right == -EACCES || right == -EPERM)
        return 0;
    return right < 0 ? right : object_same_content(left, right);
}

static int same_link(int upper_dir, int host_dir, const char *name)
{
    char left[PATH_MAX];
    char right[PATH_MAX];
    ssize_t length = sys_readlinkat(upper_dir, name, left, sizeof left);
    ssize_t other = sys_readlinkat(host_dir, name, right, sizeof right);
    if (length < 0 || other < 0)
        return (int)(length < 0 ? length : other);
    return length == other && memcmp(left, right, (size_t)length) == 0;
}

static int same_content(int upper_dir, int host_dir, const char *name, const struct stat *upper,
                        const struct stat *host)
{
    switch (upper->st_mode & S_IFMT) {
    case S_IFREG:
        return same_file(upper_dir, host_dir, name, upper, host);
    case S_IFLNK:
        return same_link(upper_dir, host_dir, name);
    case S_IFCHR:
    case S_IFBLK:
        return upper->st_rdev == host->st_rdev;
    case S_IFSOCK:
        /* Two sockets are never the same: somebody else listens. */
        return 0;
    default:
        return 1;
    }
}

static int same_xattrs(int fd, int host_dir, const char *name)
{
    struct object_xattrs left = {0};
    struct object_xattrs right = {0};
    cleanup_fd int host = sys_openat(host_dir, name, O_PATH | O_NOFOLLOW, 0);
    if (host < 0)
        return host;
    int status = object_xattrs_load(fd, true, &left);
    if (status == 0)
        status = object_xattrs_load(host, false, &right);
    if (status == 0)
        status = object_xattrs_equal(&left, &right);
    object_xattrs_free(&left);
    object_xattrs_free(&right);
    return status;
}

static bool same_stat(const struct stat *upper, const struct stat *host)
{
    /* A link has no mode of its own; a directory's time changes with every name in it. */
    bool mode = S_ISLNK(upper->st_mode) || upper->st_mode == host->st_mode;
    bool time = S_ISDIR(upper->st_mode) ||
                (upper->st_mtim.tv_sec == host->st_mtim.tv_sec && upper->st_mtim.tv_nsec == host->st_mtim.tv_nsec);
    return mode && time && upper->st_uid == host->st_uid && upper->st_gid == host->st_gid;
}

int changes_compare(int upper_dir, int host_dir, const char *name, int fd, const struct stat *upper,
                    const struct stat *host, enum change_kind *kind)
{
    *kind = CHANGE_TYPE;
    if ((upper->st_mode & S_IFMT) != (host->st_mode & S_IFMT))
        return 0;
    int same = same_content(upper_dir, host_dir, name, upper, host);
    if (same < 0)
        return same;
    *kind = CHANGE_CONTENT;
    if (same == 0)
        return 0;
    *kind = CHANGE_METADATA;
    if (!same_stat(upper, host))
        return 0;
    same = same_xattrs(fd, host_dir, name);
    if (same < 0)
        return same;
    *kind = same ? CHANGE_NONE : CHANGE_METADATA;
    return 0;
}
