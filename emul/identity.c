/*
 * Who asks: the supervisor takes the caller's file-system identity for the calls whose
 * permission the kernel is to judge: his user, his groups, and those of his capabilities that files are about.
 *
 * setfsuid(2) and capset(2) change one thread. setfsuid() takes CAP_DAC_OVERRIDE and its like out of the effective set
 * when the new fsuid is not 0, and puts them back when it is 0 again (capabilities(7)); what the caller has of them is
 * set after that.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What decides about files: of these the caller's count, of all others the supervisor's own. CAP_SYS_ADMIN, which no
 * program of a view has, is none of them: that would make root's identity another one than the supervisor's, at each
 * call. What it stands for is asked for where it counts (call_xattr.c).
 */
#define FILE_CAPABILITIES                                                                                              \
    (CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_DAC_READ_SEARCH) | CAPABILITY(CAP_FOWNER) | \
     CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_LINUX_IMMUTABLE) | CAPABILITY(CAP_MKNOD) | CAPABILITY(CAP_SETFCAP))

static uint64_t file_capabilities(const struct view *view, const struct credentials *cred)
{
    return cred->capabilities & view->own.permitted & FILE_CAPABILITIES;
}

bool identity_is_own(const struct view *view, const struct credentials *cred)
{
    const struct credentials *own = &view->own;
    return own->fsuid == cred->fsuid && own->fsgid == cred->fsgid && own->group_count == cred->group_count &&
           file_capabilities(view, cred) == (own->capabilities & FILE_CAPABILITIES) &&
           (own->group_count == 0 ||
            memcmp(own->groups, cred->groups, (size_t)own->group_count * sizeof *own->groups) == 0);
}

static void set_capabilities(uint64_t effective, uint64_t permitted)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32)},
    };
    (void)syscall(SYS_capset, &header, data);
}

void identity_enter(struct view *view, const struct credentials *cred)
{
    const struct credentials *own = &view->own;
    if (identity_is_own(view, cred))
        return;
    /* The raw calls: glibc's setgroups() would change every thread. */
    (void)syscall(SYS_setgroups, cred->group_count, cred->groups);
    (void)syscall(SYS_setfsgid, cred->fsgid);
    (void)syscall(SYS_setfsuid, cred->fsuid);
    set_capabilities((own->capabilities & ~FILE_CAPABILITIES) | file_capabilities(view, cred), own->permitted);
    view->foreign = true;
}

void identity_enter_reader(struct view *view, const struct credentials *cred)
{
    identity_enter(view, cred);
    if (!view->own_root || (cred->capabilities & CAPABILITY(CAP_SYS_PTRACE)) != 0)
        return;
    set_capabilities(cred->capabilities & view->own.permitted, view->own.permitted);
    view->foreign = true;
}

void identity_leave(struct view *view)
{
    const struct credentials *own = &view->own;
    if (!view->foreign)
        return;
    /* First, since what follows needs some of them. */
    set_capabilities(own->capabilities, own->permitted);
    (void)syscall(SYS_setfsuid, own->fsuid);
    (void)syscall(SYS_setfsgid, own->fsgid);
    (void)syscall(SYS_setgroups, own->group_count, own->groups);
    view->foreign = false;
}

struct credentials identity_real(const struct credentials *cred)
{
    struct credentials real = *cred;
    real.fsuid = cred->ruid;
    real.fsgid = cred->rgid;
    real.capabilities = cred->ruid == 0 ? cred->permitted : 0;
    return real;
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
