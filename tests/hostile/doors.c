/* Doors in the kernel that lead past every path: what opens one is refused. */
#include "attempt.h"
#include "numbers.h"

#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sys/fanotify.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

static int by_io_uring(void)
{
    char parameters[256] = {0};
    return outcome(syscall(SYS_io_uring_setup, 8, parameters));
}

static int filter_with(unsigned flags)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 1, .filter = code};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return outcome(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

static int by_listener(void)
{
    return filter_with(SECCOMP_FILTER_FLAG_NEW_LISTENER);
}
static int by_listener_high(void)
{
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 1, .filter = code};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return outcome(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER | 0x500000000UL,
                           SECCOMP_FILTER_FLAG_NEW_LISTENER | 0x500000000UL, &program));
}
static int by_listener_flags(void)
{
    return filter_with(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
}

/* A filter of its own that answers the calls which the supervisor must see. */
static int by_own_filter(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 4, .filter = code};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    return overwrite("victim") == 0 ? 0 : outcome(syscall(SYS_chmod, "victim", 0600));
}

static int by_bpf(void)
{
    union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

static int by_perf(void)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
    return outcome(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static int by_perf_outsider(void)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1};
    return outcome(syscall(SYS_perf_event_open, &attributes, scene.outsider, -1, -1, 0));
}

static int by_userfaultfd(void)
{
    return outcome(syscall(SYS_userfaultfd, 1));
}
static int by_userfaultfd_node(void)
{
    return outcome(open("/dev/userfaultfd", O_RDWR));
}

struct handle {
    struct file_handle head;
    unsigned char bytes[MAX_HANDLE_SZ];
};

static int by_handle(void)
{
    struct handle handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    if (name_to_handle_at(AT_FDCWD, "victim", &handle.head, &mount, 0) < 0)
        return errno;
    return write_fd(open_by_handle_at(open(".", O_RDONLY), &handle.head, O_WRONLY | O_TRUNC));
}

static int by_fanotify(void)
{
    return outcome(fanotify_init(FAN_CLASS_NOTIF, O_RDWR));
}
static int by_fanotify_user(void)
{
    return outcome(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY));
}
static int by_mount(void)
{
    return outcome(mount("many", "empty", NULL, MS_BIND, NULL));
}
static int by_umount(void)
{
    return mount("many", "empty", NULL, MS_BIND, NULL) < 0 ? errno : outcome(umount("empty"));
}
static int by_fsopen(void)
{
    return outcome(syscall(SYS_fsopen, "tmpfs", 0));
}
static int by_open_tree(void)
{
    return outcome(syscall(SYS_open_tree, AT_FDCWD, ".", 1));
}
static int by_open_tree_attr(void)
{
    return outcome(syscall(NR_open_tree_attr, AT_FDCWD, ".", 1, NULL, 0));
}
static int by_fspick(void)
{
    return outcome(syscall(SYS_fspick, AT_FDCWD, "/proc", 0));
}

static int by_move_mount(void)
{
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", 1);
    return outcome(syscall(SYS_move_mount, tree, "", AT_FDCWD, "empty", 4));
}

static int by_mount_setattr(void)
{
    uint64_t attributes[4] = {0};
    return outcome(syscall(SYS_mount_setattr, AT_FDCWD, "/proc", 0, attributes, sizeof attributes));
}

static int by_unshare(int flags)
{
    return outcome(unshare(flags));
}
static int by_newuser(void)
{
    return by_unshare(CLONE_NEWUSER);
}
static int by_newns(void)
{
    return by_unshare(CLONE_NEWUSER | CLONE_NEWNS);
}
static int by_newpid(void)
{
    return by_unshare(CLONE_NEWUSER | CLONE_NEWPID);
}
static int by_newnet(void)
{
    return by_unshare(CLONE_NEWUSER | CLONE_NEWNET);
}
static int by_newipc(void)
{
    return by_unshare(CLONE_NEWUSER | CLONE_NEWIPC);
}
static int by_newuts(void)
{
    return by_unshare(CLONE_NEWUSER | CLONE_NEWUTS);
}
static int by_newcgroup(void)
{
    return by_unshare(CLONE_NEWUSER | CLONE_NEWCGROUP);
}
static int by_newtime(void)
{
    return by_unshare(CLONE_NEWUSER | 0x80);
}
static int by_newns_root(void)
{
    return by_unshare(CLONE_NEWNS);
}

static int by_clone(void)
{
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    return child_outcome(child);
}

static int by_clone3(void)
{
    struct clone_args how = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (child == 0)
        _exit(0);
    return child_outcome(child);
}

static int by_setns(void)
{
    int fd = open("/proc/self/ns/uts", O_RDONLY);
    return outcome(setns(fd, 0));
}

static int by_setns_pidfd(void)
{
    return outcome(setns((int)syscall(SYS_pidfd_open, scene.outsider, 0), CLONE_NEWUTS));
}
static int by_add_key(void)
{
    return outcome(syscall(SYS_add_key, "user", "coffer-hostile", "x", 1, -1));
}
static int by_keyctl(void)
{
    return outcome(syscall(SYS_keyctl, 1, NULL));
}
static int by_keyctl_read(void)
{
    return outcome(syscall(SYS_keyctl, 0, -4, 1));
}
static int by_hostname(void)
{
    char name[256];
    if (gethostname(name, sizeof name) < 0)
        return errno;
    return outcome(sethostname(name, strlen(name)));
}
static int by_acct(void)
{
    return outcome(syscall(SYS_acct, NULL));
}
static int by_iopl(void)
{
    return outcome(iopl(0));
}
static int by_ioperm(void)
{
    return outcome(ioperm(0x80, 1, 1));
}

static int by_disk(void)
{
    return mknod("disk", S_IFBLK | 0600, makedev(7, 0)) < 0 ? errno : 0;
}

/* Not the layer's: the mark of what was deleted has no numbers. */
static int by_memory_node(void)
{
    if (mknod("memory", S_IFCHR | 0600, makedev(1, 1)) < 0)
        return errno;
    return outcome(open("memory", O_RDWR));
}

static int by_kernel_log(void)
{
    return outcome(open("/dev/kmsg", O_WRONLY));
}
static int by_sysrq(void)
{
    return outcome(open("/proc/sysrq-trigger", O_WRONLY));
}
static int by_fuse(void)
{
    return outcome(open("/dev/fuse", O_RDWR));
}
static int by_loop_control(void)
{
    return outcome(open("/dev/loop-control", O_RDWR));
}

/* A file of the kernel's settings, with what stands in it. */
static int by_setting(const char *path)
{
    char text[4096];
    int from = open(path, O_RDONLY), to = open(path, O_WRONLY);
    ssize_t length = from < 0 ? -1 : read(from, text, sizeof text);
    return length < 0 || to < 0 ? errno : outcome(write(to, text, (size_t)length));
}

static int by_sysctl(void)
{
    return by_setting("/proc/sys/kernel/panic");
}
static int by_core_pattern(void)
{
    return by_setting("/proc/sys/kernel/core_pattern");
}
static int by_own_sysctl(void)
{
    return outcome(open("/proc/self/root/proc/sys/kernel/core_pattern", O_WRONLY));
}
static int by_uevent(void)
{
    return outcome(open("/sys/kernel/uevent_helper", O_WRONLY));
}
static int by_uid_map(void)
{
    return outcome(open("/proc/self/uid_map", O_WRONLY));
}

static int by_untraced(void)
{
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(overwrite("victim"));
    return child_outcome(child);
}

static int by_untraced3(void)
{
    struct clone_args how = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (child == 0)
        _exit(overwrite("victim"));
    return child_outcome(child);
}

/* Not its child, which it could wait for: its end is that of the pipe. */
static int by_sibling(void)
{
    int ends[2];
    char none;
    if (pipe(ends) < 0)
        return errno;
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(overwrite("victim"));
    int result = outcome(child);
    close(ends[1]);
    if (read(ends[0], &none, 1) != 0)
        return EPIPE;
    return result;
}

static int by_unknown(void)
{
    /* Far beyond any call that there is; a call to come would be seen by nobody. */
    return outcome(syscall(5000, "victim"));
}

const struct attempt doors_attempts[] = {
    {"io_uring", "io_uring_setup", CLAIM, NEEDS_KERNEL, by_io_uring, NULL},
    {"listener", "a filter with a listener", CLAIM, 0, by_listener, NULL},
    {"listener-high", "a filter with a listener, and bits that the kernel does not look at", CLAIM, 0, by_listener_high,
     NULL},
    {"listener-flags", "a filter with a listener, and other flags", CLAIM, 0, by_listener_flags, NULL},
    {"own-filter", "a filter of its own that asks for a tracer as well", TREE, 0, by_own_filter, NULL},
    {"bpf", "bpf: a map", CLAIM, NEEDS_ROOT, by_bpf, NULL},
    {"perf", "perf_event_open of itself", CLAIM, NEEDS_KERNEL, by_perf, NULL},
    {"perf-outsider", "perf_event_open of a process outside", CLAIM, NEEDS_KERNEL | WITH_OUTSIDER, by_perf_outsider,
     NULL},
    {"userfaultfd", "userfaultfd", CLAIM, NEEDS_KERNEL, by_userfaultfd, NULL},
    {"userfaultfd-node", "/dev/userfaultfd", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_userfaultfd_node, NULL},
    {"handle", "open_by_handle_at", TREE, NEEDS_ROOT, by_handle, NULL},
    {"fanotify", "fanotify_init", CLAIM, NEEDS_ROOT, by_fanotify, NULL},
    {"fanotify-user", "fanotify_init as an ordinary user may", CLAIM, NEEDS_KERNEL, by_fanotify_user, NULL},
    {"mount", "mount", CLAIM, NEEDS_ROOT, by_mount, NULL},
    {"umount", "umount", CLAIM, NEEDS_ROOT, by_umount, NULL},
    {"fsopen", "fsopen", CLAIM, NEEDS_ROOT, by_fsopen, NULL},
    {"open_tree", "open_tree with OPEN_TREE_CLONE", CLAIM, NEEDS_ROOT, by_open_tree, NULL},
    {"open_tree_attr", "open_tree_attr with OPEN_TREE_CLONE", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_open_tree_attr,
     NULL},
    {"fspick", "fspick", CLAIM, NEEDS_ROOT, by_fspick, NULL},
    {"move_mount", "move_mount", CLAIM, NEEDS_ROOT, by_move_mount, NULL},
    {"mount_setattr", "mount_setattr", CLAIM, NEEDS_ROOT, by_mount_setattr, NULL},
    {"new-user", "unshare of the users", CLAIM, NEEDS_KERNEL, by_newuser, NULL},
    {"new-mounts", "unshare of the mounts", CLAIM, NEEDS_KERNEL, by_newns, NULL},
    {"new-mounts-root", "unshare of the mounts without that of the users", CLAIM, NEEDS_ROOT, by_newns_root, NULL},
    {"new-pids", "unshare of the process numbers", CLAIM, NEEDS_KERNEL, by_newpid, NULL},
    {"new-net", "unshare of the network", CLAIM, NEEDS_KERNEL, by_newnet, NULL},
    {"new-ipc", "unshare of the message objects", CLAIM, NEEDS_KERNEL, by_newipc, NULL},
    {"new-uts", "unshare of the host name", CLAIM, NEEDS_KERNEL, by_newuts, NULL},
    {"new-cgroup", "unshare of the cgroup", CLAIM, NEEDS_KERNEL, by_newcgroup, NULL},
    {"new-time", "unshare of the clocks", CLAIM, NEEDS_KERNEL, by_newtime, NULL},
    {"clone-new", "clone into a name space", CLAIM, NEEDS_KERNEL, by_clone, NULL},
    {"clone3-new", "clone3 into a name space, its flags in memory", CLAIM, NEEDS_KERNEL, by_clone3, NULL},
    {"setns", "setns", CLAIM, NEEDS_ROOT, by_setns, NULL},
    {"setns-pidfd", "setns by a descriptor of a process outside", CLAIM, NEEDS_ROOT | WITH_OUTSIDER, by_setns_pidfd,
     NULL},
    {"add_key", "add_key", CLAIM, NEEDS_KERNEL, by_add_key, NULL},
    {"keyctl", "keyctl: a session of its own", CLAIM, NEEDS_KERNEL, by_keyctl, NULL},
    {"keyctl-read", "keyctl: the user's keys", CLAIM, NEEDS_KERNEL, by_keyctl_read, NULL},
    {"hostname", "sethostname", CLAIM, NEEDS_ROOT, by_hostname, NULL},
    {"acct", "acct", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_acct, NULL},
    {"iopl", "iopl", CLAIM, NEEDS_KERNEL, by_iopl, NULL},
    {"ioperm", "ioperm", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_ioperm, NULL},
    {"disk", "a node of a disk", CLAIM, NEEDS_ROOT, by_disk, NULL},
    {"memory-node", "a node of the machine's memory", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_memory_node, NULL},
    {"kernel-log", "the kernel's log, to write to", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_kernel_log, NULL},
    {"sysrq", "/proc/sysrq-trigger", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_sysrq, NULL},
    {"fuse", "/dev/fuse", CLAIM, NEEDS_KERNEL, by_fuse, NULL},
    {"loop-control", "/dev/loop-control", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_loop_control, NULL},
    {"sysctl", "a kernel setting", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_sysctl, NULL},
    {"core_pattern", "the program that core files go to", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_core_pattern, NULL},
    {"core_pattern-root", "the same by /proc/self/root", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_own_sysctl, NULL},
    {"uevent_helper", "a program that the kernel runs", CLAIM, NEEDS_ROOT | NEEDS_KERNEL, by_uevent, NULL},
    {"uid_map", "/proc/self/uid_map", CLAIM, NEEDS_KERNEL, by_uid_map, NULL},
    {"untraced", "clone with CLONE_UNTRACED", TREE, 0, by_untraced, NULL},
    {"untraced3", "clone3 with CLONE_UNTRACED, its flags in memory", TREE, 0, by_untraced3, NULL},
    {"sibling", "clone with CLONE_PARENT", TREE, 0, by_sibling, NULL},
    {"unknown", "a number that no kernel has", CLAIM, NEEDS_KERNEL, by_unknown, NULL},
    {0},
};
