/*
 * Landlock keeps the files of the host from a supervisor that was fooled; this keeps what leads round files: programs
 * that would run outside of any view, sockets (a service that runs commands for you, or the network), the kernel's
 * administration, characters typed for the user.
 *
 * It is a list of what is not needed: what is needed is half of the kernel's file interface and ptrace(), and depends
 * on the C library. No call on the way of a stop has a condition, so the kernel knows without the filter that it passes
 * (its bitmap of calls that are always allowed, from Linux 5.11 on).
 */
#include "filter/own_calls.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

/* Calls that libseccomp may be too old to know. */
enum { NR_mount_setattr = 442, NR_quotactl_fd = 443, NR_open_tree_attr = 467 };

static const int needless[] = {
    /* Programs. */
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(uselib),
    /* Sockets. What comes over one that is there, and what a duplicate of a tracee's is, may still be asked. */
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    /* Doors past all of this. */
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(bpf),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    /* Mounts, roots and name spaces. */
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    NR_mount_setattr,
    NR_open_tree_attr,
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    /* The machine. */
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    NR_quotactl_fd,
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(personality),
    SCMP_SYS(syslog),
    SCMP_SYS(vhangup),
};

/* By their lower half: the kernel looks at no more of a request. */
static const unsigned needless_requests[] = {TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD};

static int add_rules(scmp_filter_ctx filter)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    int status = 0;
    for (size_t i = 0; i < sizeof needless / sizeof *needless && status == 0; i++)
        status = seccomp_rule_add_exact(filter, refuse, needless[i], 0);
    for (size_t i = 0; i < sizeof needless_requests / sizeof *needless_requests && status == 0; i++)
        status = seccomp_rule_add_exact(filter, refuse, SCMP_SYS(ioctl), 1,
                                        SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, needless_requests[i]));
    /* The first byte for the command is sent by one that has no address. */
    if (status == 0)
        status = seccomp_rule_add_exact(filter, refuse, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_NE, 0, 0));
    return status;
}

int own_calls_limit(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        return -ENOMEM;
    /* Code of another architecture has no business here. */
    int status = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
    if (status == 0)
        status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    /* Old kernels take every filter for a wish to be slow, against a leak that this is no defence from. */
    if (status == 0)
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    if (status == 0)
        status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (status == 0)
        status = add_rules(filter);
    if (status == 0)
        status = seccomp_load(filter); /* which sets PR_SET_NO_NEW_PRIVS */
    seccomp_release(filter);
    return status;
}
