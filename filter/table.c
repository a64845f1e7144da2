/*
 * The rows: every system call of x86-64 up to Linux 6.18, grouped by subject.
 *
 * A call that takes a path, or that changes an inode through any descriptor, must
 * never be PASS. To add a call: its number in numbers.h if the headers lack it,
 * then one row here; the unit test finds what was forgotten.
 */
#include "filter/table.h"

#include "filter/row.h"

#include <errno.h>
#include <stdbool.h>

/* Reasons that many rows share. */
#define OPEN_DATA   "acts on an open file; what may be written was decided when it was opened"
#define MEMORY      "memory of the process itself"
#define SIGNALS     "signals"
#define WAITS       "waits or polls"
#define CLOCKS      "reads a clock or sets a timer of the process itself"
#define SCHEDULES   "scheduling; the kernel checks who may"
#define ASKS        "asks about the process or the system, names no file"
#define TASK        "the process itself: its state, limits, groups or life"
#define PIPES       "makes or uses descriptors that are not files of the view"
#define SYSV        "System V or POSIX message objects, named outside the file system"
#define SOCKETS     "sockets; addresses are judged at bind and connect"
#define LOCKS_DOWN  "takes rights away from the process itself"
#define DROPPED     "dropped from the kernel"
#define NEVER_WAS   "never existed in the kernel"
#define MOUNTS      "would change the mount table under the view"
#define KERNEL_DOOR "a door into the kernel or the whole system"
#define KEEPS_TIME  "sets the system's clock"

/* clang-format off */
static const struct call_row table[] = {
    /* Opening, and what is asked of a path. */
    STOP_PATH(open, OPEN, PATH(-1, 0, 1, BY_OPEN_FLAGS, OPEN)),
    STOP_PATH(creat, OPEN, PATH(-1, 0, -1, ALWAYS, OPEN)),
    STOP_PATH(openat, OPEN, PATH(0, 1, 2, BY_OPEN_FLAGS, OPEN)),
    STOP_PATH(openat2, OPEN, PATH(0, 1, -1, BY_OPEN_FLAGS, OPEN)),
    STOP_PATH(stat, STAT, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP_PATH(lstat, STAT, PATH(-1, 0, -1, NEVER, LOOK)),
    STOP_PATH(newfstatat, STAT, PATH(0, 1, 3, UNLESS_NOFOLLOW, LOOK)),
    STOP_PATH(statx, STAT, PATH(0, 1, 2, UNLESS_NOFOLLOW, LOOK)),
    STOP_FD(fstat, FSTAT, 0), /* a directory may be merged, a file copied since it was opened */
    STOP_PATH(access, ACCESS, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP_PATH(faccessat, ACCESS, PATH(0, 1, -1, ALWAYS, LOOK)), /* three arguments: no flags */
    STOP_PATH(faccessat2, ACCESS, PATH(0, 1, 3, UNLESS_NOFOLLOW, LOOK)),
    STOP_PATH(readlink, READLINK, PATH(-1, 0, -1, NEVER, LOOK)),
    STOP_PATH(readlinkat, READLINK, PATH(0, 1, -1, NEVER, LOOK)),
    STOP_PATH(statfs, STATFS, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP_PATH(name_to_handle_at, HANDLE, PATH(0, 1, 4, IF_FOLLOW, LOOK)),
    STOP_FD(getdents, GETDENTS, 0),
    STOP_FD(getdents64, GETDENTS, 0),
    STOP_PATH(chdir, CHDIR, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP_FD(fchdir, FCHDIR, 0),
    STOP_PATH(chroot, CHROOT, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP(getcwd, GETCWD),
    STOP(umask, UMASK),
    /* IN_DONT_FOLLOW is in the mask, argument 2: the handler's business. */
    STOP_PATH(inotify_add_watch, INOTIFY, PATH(-1, 1, -1, ALWAYS, LOOK)),

    /* Names that come and go. */
    STOP_PATH(mkdir, MKDIR, PATH(-1, 0, -1, NEVER, CREATE)),
    STOP_PATH(mkdirat, MKDIR, PATH(0, 1, -1, NEVER, CREATE)),
    STOP_PATH(mknod, MKNOD, PATH(-1, 0, -1, NEVER, CREATE)),
    STOP_PATH(mknodat, MKNOD, PATH(0, 1, -1, NEVER, CREATE)),
    STOP_PATH(unlink, UNLINK, PATH(-1, 0, -1, NEVER, REMOVE)),
    STOP_PATH(rmdir, UNLINK, PATH(-1, 0, -1, NEVER, REMOVE)),
    STOP_PATH(unlinkat, UNLINK, PATH(0, 1, 2, NEVER, REMOVE)),
    STOP_PATHS(rename, RENAME, PATH(-1, 0, -1, NEVER, REMOVE), PATH(-1, 1, -1, NEVER, CREATE)),
    STOP_PATHS(renameat, RENAME, PATH(0, 1, -1, NEVER, REMOVE), PATH(2, 3, -1, NEVER, CREATE)),
    /* Argument 4 holds RENAME_*, which is not for path resolution. */
    STOP_PATHS(renameat2, RENAME, PATH(0, 1, -1, NEVER, REMOVE), PATH(2, 3, -1, NEVER, CREATE)),
    STOP_PATHS(link, LINK, PATH(-1, 0, -1, NEVER, CHANGE), PATH(-1, 1, -1, NEVER, CREATE)),
    STOP_PATHS(linkat, LINK, PATH(0, 1, 4, IF_FOLLOW, CHANGE), PATH(2, 3, -1, NEVER, CREATE)),
    /* Argument 0 of both is the link's text, not a path that is walked. */
    STOP_PATH(symlink, SYMLINK, PATH(-1, 1, -1, NEVER, CREATE)),
    STOP_PATH(symlinkat, SYMLINK, PATH(1, 2, -1, NEVER, CREATE)),

    /* What a file is and holds. The calls by descriptor change an inode even through a read-only one. */
    STOP_PATH(truncate, TRUNCATE, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(chmod, CHMOD, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(fchmodat, CHMOD, PATH(0, 1, -1, ALWAYS, CHANGE)), /* three arguments: no flags */
    STOP_PATH(fchmodat2, CHMOD, PATH(0, 1, 3, UNLESS_NOFOLLOW, CHANGE)),
    STOP_FD(fchmod, FCHMOD, 0),
    STOP_PATH(chown, CHOWN, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(lchown, CHOWN, PATH(-1, 0, -1, NEVER, CHANGE)),
    STOP_PATH(fchownat, CHOWN, PATH(0, 1, 4, UNLESS_NOFOLLOW, CHANGE)),
    STOP_FD(fchown, FCHOWN, 0),
    STOP_PATH(utime, UTIMENS, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(utimes, UTIMENS, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(futimesat, UTIMENS, PATH(0, 1, -1, ALWAYS, CHANGE)), /* a null path is dirfd itself; utimensat too */
    STOP_PATH(utimensat, UTIMENS, PATH(0, 1, 3, UNLESS_NOFOLLOW, CHANGE)),
    STOP_PATH(getxattr, GETXATTR, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP_PATH(lgetxattr, GETXATTR, PATH(-1, 0, -1, NEVER, LOOK)),
    STOP_PATH(getxattrat, GETXATTR, PATH(0, 1, 2, UNLESS_NOFOLLOW, LOOK)),
    STOP_FD(fgetxattr, FGETXATTR, 0),
    STOP_PATH(listxattr, LISTXATTR, PATH(-1, 0, -1, ALWAYS, LOOK)),
    STOP_PATH(llistxattr, LISTXATTR, PATH(-1, 0, -1, NEVER, LOOK)),
    STOP_PATH(listxattrat, LISTXATTR, PATH(0, 1, 2, UNLESS_NOFOLLOW, LOOK)),
    STOP_FD(flistxattr, FLISTXATTR, 0),
    STOP_PATH(setxattr, SETXATTR, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(lsetxattr, SETXATTR, PATH(-1, 0, -1, NEVER, CHANGE)),
    STOP_PATH(setxattrat, SETXATTR, PATH(0, 1, 2, UNLESS_NOFOLLOW, CHANGE)),
    STOP_FD(fsetxattr, FSETXATTR, 0),
    STOP_PATH(removexattr, REMOVEXATTR, PATH(-1, 0, -1, ALWAYS, CHANGE)),
    STOP_PATH(lremovexattr, REMOVEXATTR, PATH(-1, 0, -1, NEVER, CHANGE)),
    STOP_PATH(removexattrat, REMOVEXATTR, PATH(0, 1, 2, UNLESS_NOFOLLOW, CHANGE)),
    STOP_FD(fremovexattr, FREMOVEXATTR, 0),
    STOP_PATH(file_getattr, FILE_ATTR, PATH(0, 1, 4, UNLESS_NOFOLLOW, LOOK)),
    STOP_PATH(file_setattr, FILE_ATTR, PATH(0, 1, 4, UNLESS_NOFOLLOW, CHANGE)),
    STOP_WHEN(ioctl, IOCTL_FLAGS, 0, tests_ioctl, "the driver or file system behind the open file judges it"),

    /* Programs and processes. */
    STOP_PATH(execve, EXEC, PATH(-1, 0, -1, ALWAYS, EXEC)),
    STOP_PATH(execveat, EXEC, PATH(0, 1, 4, UNLESS_NOFOLLOW, EXEC)),
    PASS_UNLESS(clone, tests_clone, "the child is traced and has this filter"),
    STOP(clone3, CLONE3),
    PASS(fork, "the child is traced and has this filter"),
    PASS(vfork, "the child is traced and has this filter"),
    STOP_WHEN(unshare, UNSHARE_FS, -1, tests_unshare, "makes only open files or semaphores its own"),
    STOP_WHEN(prctl, DUMPABLE, -1, tests_prctl, TASK),
    STOP_WHEN(seccomp, OWN_FILTER, -1, tests_seccomp, LOCKS_DOWN),
    PASS(exit, TASK),
    PASS(exit_group, TASK),
    PASS(wait4, WAITS),
    PASS(waitid, WAITS),
    PASS(getpid, ASKS),
    PASS(getppid, ASKS),
    PASS(gettid, ASKS),
    PASS(getpgid, ASKS),
    PASS(getpgrp, ASKS),
    PASS(getsid, ASKS),
    PASS(setpgid, TASK),
    PASS(setsid, TASK),
    PASS(getrlimit, ASKS),
    STOP_WHEN(setrlimit, TARGET, -1, tests_setrlimit, TASK),
    STOP_WHEN(prlimit64, TARGET, -1, tests_prlimit64, TASK),
    PASS(getrusage, ASKS),
    PASS(times, ASKS),
    PASS(sysinfo, ASKS),
    PASS(uname, ASKS),
    PASS(getcpu, ASKS),
    PASS(personality, TASK),
    PASS(arch_prctl, TASK),
    PASS(modify_ldt, TASK),
    PASS(set_thread_area, TASK),
    PASS(get_thread_area, ASKS),
    PASS(set_tid_address, TASK),
    PASS(set_robust_list, TASK),
    STOP_WHEN(get_robust_list, TARGET, -1, tests_process_at_0, ASKS),
    PASS(rseq, TASK),
    PASS(membarrier, TASK),
    PASS(restart_syscall, "the kernel's own way to resume a call that a signal cut off"),
    STOP(ptrace, TARGET),
    STOP(process_vm_readv, TARGET),
    STOP(process_vm_writev, TARGET),
    STOP(process_madvise, TARGET),
    PASS(process_mrelease, "frees the memory of a process that is being killed"),
    STOP(kcmp, TARGET),
    PASS(pidfd_open, PIPES),
    STOP(pidfd_getfd, TARGET),
    PASS(uretprobe, "only the kernel's own probe trampoline can call it"),
    PASS(uprobe, "only the kernel's own probe trampoline can call it"),
    PASS(landlock_create_ruleset, LOCKS_DOWN),
    PASS(landlock_add_rule, LOCKS_DOWN),
    PASS(landlock_restrict_self, LOCKS_DOWN),
    PASS(lsm_get_self_attr, ASKS),
    PASS(lsm_set_self_attr, "the process's own security label; the module judges it"),
    PASS(lsm_list_modules, ASKS),

    /* Who the process is. */
    PASS(getuid, ASKS),
    PASS(geteuid, ASKS),
    PASS(getgid, ASKS),
    PASS(getegid, ASKS),
    PASS(getresuid, ASKS),
    PASS(getresgid, ASKS),
    PASS(getgroups, ASKS),
    PASS(capget, ASKS),
    STOP(setuid, IDENTITY),
    STOP(setgid, IDENTITY),
    STOP(setreuid, IDENTITY),
    STOP(setregid, IDENTITY),
    STOP(setresuid, IDENTITY),
    STOP(setresgid, IDENTITY),
    STOP(setgroups, IDENTITY),
    STOP(setfsuid, IDENTITY),
    STOP(setfsgid, IDENTITY),
    STOP(capset, IDENTITY),

    /* Sockets. */
    STOP_WHEN(socket, SOCKET, -1, tests_socket, SOCKETS),
    STOP_WHEN(socketpair, SOCKET, -1, tests_socket, SOCKETS),
    STOP_WHEN(listen, SOCKET, 0, tests_listen, SOCKETS), /* gives a socket that has none a port */
    PASS(shutdown, SOCKETS),
    STOP_WHEN(setsockopt, SOCKET, 0, tests_setsockopt, SOCKETS),
    PASS(getsockopt, SOCKETS),
    STOP(recvmsg, RECV_ADDR),
    STOP(recvmmsg, RECV_ADDR),
    STOP_FD(bind, SEND_ADDR, 0),
    STOP_FD(connect, SEND_ADDR, 0),
    STOP_WHEN(sendto, SEND_ADDR, 0, tests_address_at_4, "goes to where the socket is connected"),
    STOP_FD(sendmsg, SENDMSG, 0),
    STOP_FD(sendmmsg, SENDMSG, 0),
    STOP_FD(getsockname, RECV_ADDR, 0),
    STOP_FD(getpeername, RECV_ADDR, 0),
    STOP_WHEN(accept, ACCEPT, 0, tests_address_at_1, "no address comes back"),
    STOP_WHEN(accept4, ACCEPT, 0, tests_address_at_1, "no address comes back"),
    STOP_WHEN(recvfrom, RECV_ADDR, 0, tests_address_at_4, "no address comes back"),

    /* Open files. */
    PASS(read, OPEN_DATA),
    PASS(write, OPEN_DATA),
    PASS(readv, OPEN_DATA),
    PASS(writev, OPEN_DATA),
    PASS(pread64, OPEN_DATA),
    PASS(pwrite64, OPEN_DATA),
    PASS(preadv, OPEN_DATA),
    PASS(pwritev, OPEN_DATA),
    PASS(preadv2, OPEN_DATA),
    PASS(pwritev2, OPEN_DATA),
    PASS(lseek, OPEN_DATA),
    PASS(close, OPEN_DATA),
    STOP(close_range, CLOSE_RANGE),
    PASS(fstatfs, OPEN_DATA),
    STOP_WHEN(fcntl, SIGNAL, 0, tests_fcntl, OPEN_DATA),
    PASS(flock, OPEN_DATA),
    PASS(fsync, OPEN_DATA),
    PASS(fdatasync, OPEN_DATA),
    PASS(sync_file_range, OPEN_DATA),
    PASS(syncfs, OPEN_DATA),
    PASS(ftruncate, OPEN_DATA),
    PASS(fallocate, OPEN_DATA),
    PASS(fadvise64, OPEN_DATA),
    PASS(readahead, OPEN_DATA),
    PASS(cachestat, OPEN_DATA),
    PASS(copy_file_range, OPEN_DATA),
    PASS(sendfile, OPEN_DATA),
    PASS(splice, OPEN_DATA),
    PASS(tee, OPEN_DATA),
    PASS(vmsplice, OPEN_DATA),
    PASS(io_setup, OPEN_DATA),
    PASS(io_destroy, OPEN_DATA),
    PASS(io_submit, OPEN_DATA),
    PASS(io_cancel, OPEN_DATA),
    PASS(io_getevents, OPEN_DATA),
    PASS(io_pgetevents, OPEN_DATA),
    PASS(sync, "writes back what is already decided"),
    PASS(ustat, "asks about a device by its number"),
    PASS(sysfs, "asks for the names of file system types"),
    PASS(statmount, "asks about a mount by its number"),
    PASS(listmount, "asks for the numbers of mounts"),

    /* Descriptors that are not files of the view, and waiting on any. */
    PASS(dup, PIPES),
    PASS(dup2, PIPES),
    PASS(dup3, PIPES),
    PASS(pipe, PIPES),
    PASS(pipe2, PIPES),
    PASS(eventfd, PIPES),
    PASS(eventfd2, PIPES),
    PASS(signalfd, PIPES),
    PASS(signalfd4, PIPES),
    PASS(timerfd_create, PIPES),
    PASS(timerfd_settime, PIPES),
    PASS(timerfd_gettime, PIPES),
    PASS(memfd_create, PIPES),
    PASS(memfd_secret, PIPES),
    PASS(inotify_init, PIPES),
    PASS(inotify_init1, PIPES),
    PASS(inotify_rm_watch, PIPES),
    PASS(epoll_create, PIPES),
    PASS(epoll_create1, PIPES),
    PASS(epoll_ctl, PIPES),
    PASS(epoll_wait, WAITS),
    PASS(epoll_pwait, WAITS),
    PASS(epoll_pwait2, WAITS),
    PASS(poll, WAITS),
    PASS(ppoll, WAITS),
    PASS(select, WAITS),
    PASS(pselect6, WAITS),

    /* Memory, and waiting on it. */
    PASS(mmap, MEMORY),
    PASS(munmap, MEMORY),
    PASS(mremap, MEMORY),
    PASS(mprotect, MEMORY),
    PASS(pkey_mprotect, MEMORY),
    PASS(pkey_alloc, MEMORY),
    PASS(pkey_free, MEMORY),
    PASS(brk, MEMORY),
    PASS(msync, MEMORY),
    PASS(mincore, MEMORY),
    PASS(madvise, MEMORY),
    PASS(mlock, MEMORY),
    PASS(mlock2, MEMORY),
    PASS(mlockall, MEMORY),
    PASS(munlock, MEMORY),
    PASS(munlockall, MEMORY),
    PASS(mseal, MEMORY),
    PASS(map_shadow_stack, MEMORY),
    PASS(remap_file_pages, MEMORY),
    PASS(mbind, MEMORY),
    PASS(set_mempolicy, MEMORY),
    PASS(get_mempolicy, MEMORY),
    PASS(set_mempolicy_home_node, MEMORY),
    STOP_WHEN(migrate_pages, TARGET, -1, tests_process_at_0, MEMORY),
    STOP_WHEN(move_pages, TARGET, -1, tests_process_at_0, MEMORY),
    PASS(futex, WAITS),
    PASS(futex_waitv, WAITS),
    PASS(futex_wait, WAITS),
    PASS(futex_wake, WAITS),
    PASS(futex_requeue, WAITS),

    /* Signals, time, scheduling. */
    PASS(rt_sigaction, SIGNALS),
    PASS(rt_sigprocmask, SIGNALS),
    PASS(rt_sigreturn, SIGNALS),
    PASS(rt_sigpending, SIGNALS),
    PASS(rt_sigtimedwait, SIGNALS),
    STOP(rt_sigqueueinfo, SIGNAL),
    STOP(rt_tgsigqueueinfo, SIGNAL),
    PASS(rt_sigsuspend, SIGNALS),
    PASS(sigaltstack, SIGNALS),
    PASS(pause, SIGNALS),
    STOP(kill, SIGNAL),
    STOP(tkill, SIGNAL),
    STOP(tgkill, SIGNAL),
    STOP(pidfd_send_signal, SIGNAL),
    PASS(nanosleep, CLOCKS),
    PASS(clock_nanosleep, CLOCKS),
    PASS(getitimer, CLOCKS),
    PASS(setitimer, CLOCKS),
    PASS(alarm, CLOCKS),
    PASS(time, CLOCKS),
    PASS(gettimeofday, CLOCKS),
    PASS(clock_gettime, CLOCKS),
    PASS(clock_getres, CLOCKS),
    PASS(timer_create, CLOCKS),
    PASS(timer_settime, CLOCKS),
    PASS(timer_gettime, CLOCKS),
    PASS(timer_getoverrun, CLOCKS),
    PASS(timer_delete, CLOCKS),
    PASS(sched_yield, SCHEDULES),
    PASS(getpriority, SCHEDULES),
    STOP_WHEN(setpriority, TARGET, -1, tests_setpriority, SCHEDULES),
    STOP_WHEN(sched_setparam, TARGET, -1, tests_process_at_0, SCHEDULES),
    PASS(sched_getparam, SCHEDULES),
    STOP_WHEN(sched_setscheduler, TARGET, -1, tests_process_at_0, SCHEDULES),
    PASS(sched_getscheduler, SCHEDULES),
    PASS(sched_get_priority_max, SCHEDULES),
    PASS(sched_get_priority_min, SCHEDULES),
    PASS(sched_rr_get_interval, SCHEDULES),
    STOP(sched_setaffinity, AFFINITY),
    STOP(sched_getaffinity, AFFINITY),
    STOP_WHEN(sched_setattr, TARGET, -1, tests_process_at_0, SCHEDULES),
    PASS(sched_getattr, SCHEDULES),
    STOP_WHEN(ioprio_set, TARGET, -1, tests_ioprio_set, SCHEDULES),
    PASS(ioprio_get, SCHEDULES),

    /* Objects with names of their own. */
    PASS(shmget, SYSV),
    PASS(shmat, SYSV),
    PASS(shmdt, SYSV),
    PASS(shmctl, SYSV),
    PASS(semget, SYSV),
    PASS(semop, SYSV),
    PASS(semtimedop, SYSV),
    PASS(semctl, SYSV),
    PASS(msgget, SYSV),
    PASS(msgsnd, SYSV),
    PASS(msgrcv, SYSV),
    PASS(msgctl, SYSV),
    PASS(mq_open, SYSV), /* the name is one of the message queue name space */
    PASS(mq_unlink, SYSV),
    PASS(mq_timedsend, SYSV),
    PASS(mq_timedreceive, SYSV),
    PASS(mq_notify, SYSV),
    PASS(mq_getsetattr, SYSV),
    PASS(getrandom, ASKS),
    PASS(syslog, "the kernel's log; the kernel checks who may"),

    /* Refused: they reach round the view, or past it. */
    TELL(mount, EPERM, MOUNTS),
    TELL(umount2, EPERM, MOUNTS),
    TELL(pivot_root, EPERM, MOUNTS),
    TELL(move_mount, EPERM, MOUNTS),
    TELL(fsopen, EPERM, MOUNTS),
    TELL(fsconfig, EPERM, MOUNTS),
    TELL(fsmount, EPERM, MOUNTS),
    TELL(fspick, EPERM, MOUNTS),
    TELL(open_tree, EPERM, MOUNTS),
    TELL(open_tree_attr, EPERM, MOUNTS),
    TELL(mount_setattr, EPERM, MOUNTS),
    TELL(setns, EPERM, "another name space is another view"),
    FAIL(open_by_handle_at, EPERM, "a handle names the host's object"),
    FAIL(fanotify_init, EPERM, "would watch the host"),
    FAIL(fanotify_mark, EPERM, "would watch the host"),
    FAIL(quotactl, EPERM, KERNEL_DOOR),
    FAIL(quotactl_fd, EPERM, KERNEL_DOOR),
    FAIL(swapon, EPERM, KERNEL_DOOR),
    FAIL(swapoff, EPERM, KERNEL_DOOR),
    FAIL(acct, EPERM, KERNEL_DOOR),
    FAIL(reboot, EPERM, KERNEL_DOOR),
    FAIL(vhangup, EPERM, "would hang up the user's terminal"),
    FAIL(sethostname, EPERM, KERNEL_DOOR),
    FAIL(setdomainname, EPERM, KERNEL_DOOR),
    FAIL(iopl, EPERM, KERNEL_DOOR),
    FAIL(ioperm, EPERM, KERNEL_DOOR),
    FAIL(init_module, EPERM, KERNEL_DOOR),
    FAIL(finit_module, EPERM, KERNEL_DOOR),
    FAIL(delete_module, EPERM, KERNEL_DOOR),
    FAIL(kexec_load, EPERM, KERNEL_DOOR),
    FAIL(kexec_file_load, EPERM, KERNEL_DOOR),
    FAIL(bpf, EPERM, KERNEL_DOOR),
    FAIL(perf_event_open, EPERM, KERNEL_DOOR),
    FAIL(userfaultfd, EPERM, "would let a program hold up whoever reads its memory"),
    FAIL(keyctl, EPERM, "the kernel's keys are the user's, not the sandbox's"),
    FAIL(add_key, EPERM, "the kernel's keys are the user's, not the sandbox's"),
    FAIL(request_key, EPERM, "the kernel's keys are the user's, not the sandbox's"),
    FAIL(settimeofday, EPERM, KEEPS_TIME),
    FAIL(clock_settime, EPERM, KEEPS_TIME),
    FAIL(adjtimex, EPERM, "may set the system's clock; which it does stands in memory"),
    FAIL(clock_adjtime, EPERM, "may set the system's clock; which it does stands in memory"),

    /* Not there: what the kernel itself no longer has, and what has doors of its own past any filter. */
    FAIL(io_uring_setup, ENOSYS, "its requests open files without passing a seccomp filter"),
    FAIL(io_uring_enter, ENOSYS, "its requests open files without passing a seccomp filter"),
    FAIL(io_uring_register, ENOSYS, "its requests open files without passing a seccomp filter"),
    FAIL(uselib, ENOSYS, DROPPED),
    FAIL(_sysctl, ENOSYS, DROPPED),
    FAIL(create_module, ENOSYS, DROPPED),
    FAIL(get_kernel_syms, ENOSYS, DROPPED),
    FAIL(query_module, ENOSYS, DROPPED),
    FAIL(nfsservctl, ENOSYS, DROPPED),
    FAIL(lookup_dcookie, ENOSYS, DROPPED),
    FAIL(epoll_ctl_old, ENOSYS, DROPPED),
    FAIL(epoll_wait_old, ENOSYS, DROPPED),
    FAIL(getpmsg, ENOSYS, NEVER_WAS),
    FAIL(putpmsg, ENOSYS, NEVER_WAS),
    FAIL(afs_syscall, ENOSYS, NEVER_WAS),
    FAIL(tuxcall, ENOSYS, NEVER_WAS),
    FAIL(security, ENOSYS, NEVER_WAS),
    FAIL(vserver, ENOSYS, NEVER_WAS),
};
/* clang-format on */

size_t table_size(void)
{
    return sizeof(table) / sizeof(table[0]);
}

const struct call_row *table_row(long number)
{
    if (number < 0 || (size_t)number >= table_size() || !table[number].name)
        return NULL;
    return &table[number];
}

static bool test_holds(const struct argument_test *test, const uint64_t arguments[6])
{
    uint64_t value = arguments[test->argument];
    bool holds = test->compare == COMPARE_NOT_EQUAL ? value != test->value : (value & test->mask) == test->value;
    if (holds && test->argument2 >= 0)
        holds = (arguments[test->argument2] & test->mask2) == test->value2;
    return holds;
}

enum verdict table_verdict(const struct call_row *row, const uint64_t arguments[6], int *error)
{
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++) {
        if (test_holds(test, arguments)) {
            *error = test->error;
            return (enum verdict)test->verdict;
        }
    }
    *error = row->error;
    return (enum verdict)row->verdict;
}

bool table_observed(const struct call_row *row)
{
    static const bool only_tells[HANDLER_COUNT] = {
        [HANDLER_FSTAT] = true,  [HANDLER_GETDENTS] = true,  [HANDLER_GETCWD] = true,
        [HANDLER_UMASK] = true,  [HANDLER_FGETXATTR] = true, [HANDLER_FLISTXATTR] = true,
        [HANDLER_SOCKET] = true, [HANDLER_RECV_ADDR] = true, [HANDLER_CLOSE_RANGE] = true,
    };
    return !only_tells[row->handler];
}

const char *table_told(const struct call_row *row, const uint64_t arguments[6])
{
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++)
        if (test_holds(test, arguments) && test->told != NULL)
            return test->told;
    return row->why;
}
