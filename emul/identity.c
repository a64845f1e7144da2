/*
 * Who asks: the supervisor takes the caller's file-system identity for the calls whose
 * permission the kernel is to judge.
 *
 * setfsuid(2) changes one thread and takes CAP_DAC_OVERRIDE and its like out of
 * the effective set when the new fsuid is not 0 (capabilities(7)).
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool same_identity(const struct credentials *a, const struct credentials *b)
{
    return a->fsuid == b->fsuid && a->fsgid == b->fsgid && a->group_count == b->group_count &&
           (a->group_count == 0 || memcmp(a->groups, b->groups, (size_t)a->group_count * sizeof *a->groups) == 0);
}

static void take(uid_t uid, gid_t gid, const struct credentials *groups)
{
    /* The raw calls: glibc's setgroups() would change every thread. */
    (void)syscall(SYS_setgroups, groups->group_count, groups->groups);
    (void)syscall(SYS_setfsgid, gid);
    (void)syscall(SYS_setfsuid, uid);
}

void identity_enter(struct view *view, const struct credentials *cred)
{
    if (same_identity(&view->own, cred))
        return;
    take(cred->fsuid, cred->fsgid, cred);
    view->foreign = true;
}

void identity_enter_real(struct view *view, const struct credentials *cred)
{
    if (view->own.fsuid == cred->ruid && view->own.fsgid == cred->rgid && same_identity(&view->own, cred))
        return;
    take(cred->ruid, cred->rgid, cred);
    view->foreign = true;
}

/* Sets the effective capabilities of this thread; what is not permitted is left out. */
static void set_capabilities(uint64_t effective)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) < 0)
        return;
    sets[0].effective = sets[0].permitted & (uint32_t)effective;
    sets[1].effective = sets[1].permitted & (uint32_t)(effective >> 32);
    (void)syscall(SYS_capset, &header, sets);
}

void identity_enter_reader(struct view *view, const struct credentials *cred)
{
    const uint64_t may_trace = UINT64_C(1) << CAP_SYS_PTRACE;
    identity_enter(view, cred);
    if (!view->own_root || (cred->capabilities & may_trace) != 0)
        return;
    set_capabilities(cred->capabilities);
    view->reduced = true;
}

void identity_leave(struct view *view)
{
    if (view->reduced)
        set_capabilities(~UINT64_C(0));
    view->reduced = false;
    if (!view->foreign)
        return;
    (void)syscall(SYS_setfsuid, view->own.fsuid);
    (void)syscall(SYS_setfsgid, view->own.fsgid);
    (void)syscall(SYS_setgroups, view->own.group_count, view->own.groups);
    view->foreign = false;
}

void view_identity_restore(struct view *view)
{
    identity_leave(view);
}

void umask_enter(struct view *view, const struct caller *caller)
{
    if (view->umask_now == caller->fs->umask)
        return;
    (void)umask(caller->fs->umask);
    view->umask_now = caller->fs->umask;
}

void umask_leave(struct view *view)
{
    if (view->umask_now == 0)
        return;
    (void)umask(0);
    view->umask_now = 0;
}

static bool in_groups(const struct credentials *cred, gid_t gid)
{
    if (cred->fsgid == gid)
        return true;
    for (int i = 0; i < cred->group_count; i++)
        if (cred->groups[i] == gid)
            return true;
    return false;
}

/* The kernel's generic_permission() without ACLs, for objects whose real owner only coffer knows. */
static int judge(const struct credentials *cred, uid_t uid, gid_t gid, mode_t mode, int mask)
{
    mode_t bits = mode & 7;
    if (cred->fsuid == 0)
        return (mask & X_OK) == 0 || S_ISDIR(mode) || (mode & 0111) != 0 ? 0 : -EACCES;
    if (cred->fsuid == uid)
        bits = (mode >> 6) & 7;
    else if (in_groups(cred, gid))
        bits = (mode >> 3) & 7;
    return ((mode_t)mask & ~bits) == 0 ? 0 : -EACCES;
}

/* A read-only file system is no obstacle: the write goes to the layer. */
static int forgive_read_only(int error)
{
    return error == -EROFS ? 0 : error;
}

/* Root with CAP_DAC_OVERRIDE: every directory and every content is open to him (capabilities(7)). */
static bool overrides_modes(const struct view *view, const struct caller *caller)
{
    const uint64_t dac_override = 1u << 1;
    return view->own_root && caller->cred->fsuid == 0 && (caller->cred->capabilities & dac_override) != 0;
}

int may_access_dir(struct view *view, const struct caller *caller, struct directory *dir, int mask)
{
    struct directory_meta meta;
    int tree = __builtin_ctz(dir->trees);
    if (overrides_modes(view, caller))
        return 0;
    if (tree != view->host) {
        int error = directory_meta_get(view, dir, &meta);
        if (error < 0)
            return error;
        if (meta.override)
            return judge(caller->cred, meta.uid, meta.gid, meta.mode, mask);
    }
    int fd = directory_fd(view, dir, tree);
    if (fd < 0)
        return fd;
    identity_enter(view, caller->cred);
    int error = sys_faccessat(fd, "", mask, AT_EACCESS | AT_EMPTY_PATH);
    identity_leave(view);
    return forgive_read_only(error);
}

int may_search(struct view *view, const struct caller *caller, struct directory *dir)
{
    struct directory_meta meta;
    if (dir->dead)
        return 0;
    int error = directory_meta_get(view, dir, &meta);
    if (error < 0)
        return error;
    if (meta.override)
        return judge(caller->cred, meta.uid, meta.gid, meta.mode, X_OK);
    if ((meta.mode & 0111) == 0111 || (meta.uid == caller->cred->fsuid && (meta.mode & 0100) != 0))
        return 0;
    return may_access_dir(view, caller, dir, X_OK);
}

int may_access(struct view *view, const struct caller *caller, const struct entry *entry, int mask)
{
    struct stat st;
    if (entry->name[0] == '\0')
        return may_access_dir(view, caller, entry->dir, mask);
    if ((mask & X_OK) == 0 && overrides_modes(view, caller))
        return 0;
    if (entry->tree != view->host && !view->own_root) {
        (void)entry_stat(view, entry, &st);
        if (st.st_uid != entry->st.st_uid || st.st_gid != entry->st.st_gid)
            return judge(caller->cred, st.st_uid, st.st_gid, st.st_mode, mask);
    }
    int fd = directory_fd(view, entry->dir, entry->tree);
    if (fd < 0)
        return fd;
    identity_enter(view, caller->cred);
    int error = sys_faccessat(fd, entry->name, mask, AT_EACCESS | AT_SYMLINK_NOFOLLOW);
    identity_leave(view);
    return forgive_read_only(error);
}

int may_own(struct view *view, const struct caller *caller, const struct entry *entry)
{
    struct stat st;
    (void)entry_stat(view, entry, &st);
    return caller->cred->fsuid == 0 || caller->cred->fsuid == st.st_uid ? 0 : -EPERM;
}

int may_create(struct view *view, const struct caller *caller, struct directory *dir)
{
    if (dir->dead)
        return -ENOENT;
    return may_access_dir(view, caller, dir, W_OK | X_OK);
}

int may_remove(struct view *view, const struct caller *caller, const struct entry *entry)
{
    struct directory_meta meta;
    struct stat st;
    int error = may_access_dir(view, caller, entry->dir, W_OK | X_OK);
    if (error == 0)
        error = directory_meta_get(view, entry->dir, &meta);
    if (error < 0)
        return error;
    if ((meta.mode & S_ISVTX) == 0 || caller->cred->fsuid == 0 || caller->cred->fsuid == meta.uid)
        return 0;
    (void)entry_stat(view, entry, &st);
    return st.st_uid == caller->cred->fsuid ? 0 : -EPERM;
}
