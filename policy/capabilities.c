#include "policy/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What installers, chroots and daemons do as root: files, identities and processes, all of which the view answers for.
 * What is not here reaches past the view, into the kernel, devices, the network's configuration or processes outside
 * (CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE, CAP_NET_ADMIN, CAP_NET_RAW...), or is newer than this
 * list. docs/policy.md has the reasons one by one.
 */
static const unsigned char staying[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,          CAP_FSETID,           CAP_KILL,
    CAP_SETGID, CAP_SETUID,       CAP_SETPCAP,         CAP_LINUX_IMMUTABLE, CAP_NET_BIND_SERVICE, CAP_IPC_LOCK,
    CAP_MKNOD,  CAP_SYS_CHROOT,   CAP_SYS_RESOURCE,    CAP_AUDIT_WRITE,     CAP_SETFCAP,
};

bool capability_stays(int capability)
{
    for (size_t i = 0; i < sizeof staying; i++)
        if (staying[i] == capability)
            return true;
    return false;
}

int capabilities_drop(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    __u32 mask[2] = {0, 0};
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        if (capability_stays(capability))
            mask[capability / 32] |= 1U << (capability % 32);
        /* Not permitted without CAP_SETPCAP: then no_new_privs alone keeps an exec from giving any. */
        else if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EPERM)
            return -errno;
    }
    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        data[i].effective &= mask[i];
        data[i].permitted &= mask[i];
        data[i].inheritable &= mask[i];
    }
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}
