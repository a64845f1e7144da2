/*
 * What the file system of the layers' store gives. All of it is tried in a fresh directory, which is removed again.
 */
#include "supervisor/probe.h"

#include "emul/cleanup.h"
#include "emul/layer.h"
#include "emul/sys.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define PROBE_XATTR "user.coffer.probe"

/* A whiteout is made by a process without any capability, as an ordinary user's is. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0, sizeof data);
    (void)syscall(SYS_capset, &header, data);
}

static int is_whiteout(int dir, const char *name)
{
    struct stat st;
    int error = sys_fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
    if (error != 0)
        return error;
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0) ? 0 : -EPROTO;
}

static int try_mknod(void *context)
{
    int dir = *(int *)context;
    drop_capabilities();
    int error = sys_mknodat(dir, "whiteout", S_IFCHR, makedev(0, 0));
    return error != 0 ? error : is_whiteout(dir, "whiteout");
}

static int try_rename_whiteout(void *context)
{
    int dir = *(int *)context;
    drop_capabilities();
    cleanup_fd int file = sys_openat(dir, "old", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0)
        return file;
    int error = sys_renameat2(dir, "old", dir, "new", RENAME_WHITEOUT);
    return error != 0 ? error : is_whiteout(dir, "old");
}

static int try_xattr(int dir)
{
    cleanup_fd int self = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    return self < 0 ? self : sys_fsetxattr(self, PROBE_XATTR, "y", 1, 0);
}

static int try_reflink(int dir)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    cleanup_fd int from = sys_openat(dir, "from", O_RDWR | O_CREAT | O_EXCL, 0600);
    cleanup_fd int to = sys_openat(dir, "to", O_RDWR | O_CREAT | O_EXCL, 0600);
    if (from < 0 || to < 0)
        return from < 0 ? from : to;
    int error = sys_write_all(from, block, sizeof block);
    if (error != 0)
        return error;
    return ioctl(to, FICLONE, from) < 0 ? -errno : 0;
}

static int write_text(const char *path, const char *text)
{
    cleanup_fd int file = sys_openat(AT_FDCWD, path, O_WRONLY, 0);
    return file < 0 ? file : sys_write_all(file, text, strlen(text));
}

/*
 * A mount namespace of one's own; for an ordinary user inside a user namespace in which he is root. The group is mapped
 * too: overlayfs cannot own its work directory without.
 */
static int enter_mount_namespace(void)
{
    char uid_map[64], gid_map[64];
    uid_t uid = geteuid();
    (void)snprintf(uid_map, sizeof uid_map, "0 %u 1", (unsigned)uid);
    (void)snprintf(gid_map, sizeof gid_map, "0 %u 1", (unsigned)getegid());
    if (uid == 0)
        return unshare(CLONE_NEWNS) < 0 ? -errno : 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return -errno;
    int error = write_text("/proc/self/setgroups", "deny");
    if (error == 0)
        error = write_text("/proc/self/gid_map", gid_map);
    return error != 0 ? error : write_text("/proc/self/uid_map", uid_map);
}

/*
 * Relative names, because an overlay's options cannot hold every path. The working directory is set first: the new
 * namespace gets its copy, while a descriptor stays with the old one, where overlayfs may not mount.
 */
static int try_overlay(void *context)
{
    if (fchdir(*(int *)context) < 0)
        return -errno;
    int error = enter_mount_namespace();
    if (error != 0)
        return error;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -errno;
    static const char *const names[] = {"lower", "upper", "work", "merged"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        error = sys_mkdirat(AT_FDCWD, names[i], 0700);
        if (error != 0)
            return error;
    }
    if (mount("overlay", "merged", "overlay", 0, "userxattr,lowerdir=lower,upperdir=upper,workdir=work") < 0)
        return -errno;
    return 0;
}

/* Removes what the probes made. Any of it may be missing; a non-root overlay leaves work/work. */
static void clean(int parent, const char *name, int dir)
{
    static const char *const files[] = {"whiteout", "old", "new", "from", "to"};
    static const char *const directories[] = {"work/work", "work/index", "work", "lower", "upper", "merged"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)sys_unlinkat(dir, files[i], 0);
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        (void)sys_unlinkat(dir, directories[i], AT_REMOVEDIR);
    (void)sys_unlinkat(parent, name, AT_REMOVEDIR);
}

/* Opens the store, or the nearest directory above it that exists; path is cut to that. */
static int open_nearest(char *path)
{
    for (;;) {
        int dir = sys_openat(AT_FDCWD, path[0] != '\0' ? path : "/", O_RDONLY | O_DIRECTORY, 0);
        char *slash = strrchr(path, '/');
        if (dir != -ENOENT || slash == NULL)
            return dir;
        *slash = '\0';
    }
}

static const char *file_system_name(int dir)
{
    struct statfs st;
    if (fstatfs(dir, &st) < 0)
        return "unknown";
    switch ((unsigned long)st.f_type) {
    case EXT4_SUPER_MAGIC:
        return "ext4";
    case XFS_SUPER_MAGIC:
        return "xfs";
    case BTRFS_SUPER_MAGIC:
        return "btrfs";
    case TMPFS_MAGIC:
        return "tmpfs";
    case OVERLAYFS_SUPER_MAGIC:
        return "overlayfs";
    case NFS_SUPER_MAGIC:
        return "nfs";
    case F2FS_SUPER_MAGIC:
        return "f2fs";
    case FUSE_SUPER_MAGIC:
        return "fuse";
    case 0x2fc12fc1: /* not in linux/magic.h */
        return "zfs";
    default:
        return "other";
    }
}

static void probe_in(struct probe_report *report, int dir)
{
    probe_add_error(report, "user-xattrs", PROBE_NEEDED, try_xattr(dir), "layers mark opaque directories with them");
    probe_add_error(report, "whiteout-mknod", PROBE_USED, probe_in_child(try_mknod, &dir),
                    "deleted names, made without privilege");
    probe_add_error(report, "whiteout-rename", PROBE_USED, probe_in_child(try_rename_whiteout, &dir),
                    "a rename that leaves a whiteout");
    probe_add_error(report, "reflink", PROBE_USED, try_reflink(dir), "copies that take no space");
    probe_add_error(report, "overlayfs-userxattr", PROBE_TOLD, probe_in_child(try_overlay, &dir),
                    "a kernel mount can show a layer of this store");
}

static void untried(struct probe_report *report, const char *path, int error)
{
    probe_add(report, "store", PROBE_NEEDED, PROBE_NO, NULL, "%.100s: %s; layers elsewhere: -l DIRECTORY", path,
              strerror(-error));
}

void probe_store(struct probe_report *report)
{
    char path[PATH_MAX], name[48];
    int error = layer_store_path(path);
    if (error != 0) {
        probe_add(report, "store", PROBE_NEEDED, PROBE_NO, NULL, "no directory for layers: HOME is not set");
        return;
    }
    cleanup_fd int parent = open_nearest(path);
    if (parent < 0) {
        untried(report, path, parent);
        return;
    }
    /* The store's owner alone may write here, or the name is taken: then mkdir says so. */
    (void)snprintf(name, sizeof name, ".coffer-doctor.%d", (int)getpid());
    error = sys_mkdirat(parent, name, 0700);
    if (error != 0) {
        untried(report, path, error);
        return;
    }
    probe_add(report, "store", PROBE_NEEDED, PROBE_YES, file_system_name(parent), "%.120s",
              path[0] != '\0' ? path : "/");
    cleanup_fd int dir = sys_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (dir >= 0)
        probe_in(report, dir);
    clean(parent, name, dir);
}
