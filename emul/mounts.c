/*
 * The host's mounts, as far as calls ask for them. A layer has none: what it holds lies on the mount of the host's
 * directory that it belongs to.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ask(int dirfd, const char *name, unsigned mask, struct statx *sx)
{
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    if (dirfd < 0)
        return dirfd;
    return syscall(SYS_statx, dirfd, name, flags, mask, sx) < 0 ? -errno : 0;
}

static bool on_host(const struct view *view, uint32_t trees)
{
    return (trees & (1u << view->host)) != 0;
}

int mount_of_directory(struct view *view, struct directory *dir, uint64_t *mount)
{
    struct statx sx;
    while (!on_host(view, dir->trees) && dir->parent != NULL)
        dir = dir->parent;
    int error = ask(directory_fd(view, dir, view->host), "", STATX_MNT_ID, &sx);
    *mount = error < 0 ? 0 : sx.stx_mnt_id;
    return error;
}

int mount_of_name(struct view *view, struct directory *dir, const char *name, uint64_t *mount)
{
    struct statx sx;
    if (on_host(view, dir->trees) && ask(directory_fd(view, dir, view->host), name, STATX_MNT_ID, &sx) == 0) {
        *mount = sx.stx_mnt_id;
        return 0;
    }
    return mount_of_directory(view, dir, mount);
}

/* What cannot be found out is not in the way. */
bool is_other_mount(struct view *view, struct directory *one, struct directory *other)
{
    uint64_t mount, other_mount;
    return one != other && mount_of_directory(view, one, &mount) == 0 &&
           mount_of_directory(view, other, &other_mount) == 0 && mount != other_mount;
}

bool is_mount_point(struct view *view, const struct entry *entry)
{
    struct statx sx;
    if (entry->name[0] == '\0')
        return true;
    if (!on_host(view, entry->trees) && entry->tree != view->host)
        return false;
    return ask(directory_fd(view, entry->dir, view->host), entry->name, 0, &sx) == 0 &&
           (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}
