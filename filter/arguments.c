/*
 * The tests that rows of the table put on arguments.
 *
 * The filter compares numbers: it sees no memory, so only flags, commands and
 * null pointers can be tested here. Where the kernel takes an int, only the low
 * 32 bits count, and a caller may leave anything in the others: such tests mask.
 * A test that is meant to let a call through must not mask: what it does not
 * recognise exactly is stopped.
 */
#include "filter/row.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/ioprio.h>
#include <linux/msdos_fs.h>
#include <linux/net.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* What fcntl.h calls O_TMPFILE has O_DIRECTORY in it. */
#define NAMELESS_FILE (O_TMPFILE & ~O_DIRECTORY)

#define INT_MASK UINT64_C(0xffffffff)
#define ALL_ONES UINT64_MAX

#define TESTS_END                                                                                                      \
    {                                                                                                                  \
        .verdict = VERDICT_UNKNOWN, .argument2 = -1                                                                    \
    }

#define WHEN_INT_IS(verdict_, error_, argument_, value_, words_)                                                       \
    {                                                                                                                  \
        .argument = (argument_), .compare = COMPARE_EQUAL, .verdict = (verdict_), .error = (error_), .mask = INT_MASK, \
        .value = (uint32_t)(value_), .argument2 = -1, .words = (words_)                                                \
    }

#define WHEN_HAS(verdict_, error_, argument_, bit_, words_)                                                            \
    {                                                                                                                  \
        .argument = (argument_), .compare = COMPARE_EQUAL, .verdict = (verdict_), .error = (error_), .mask = (bit_),   \
        .value = (bit_), .argument2 = -1, .words = (words_)                                                            \
    }

#define WHEN_NOT(verdict_, argument_, value_, words_)                                                                  \
    {                                                                                                                  \
        .argument = (argument_), .compare = COMPARE_NOT_EQUAL, .verdict = (verdict_), .mask = ALL_ONES,                \
        .value = (value_), .argument2 = -1, .words = (words_)                                                          \
    }

#define TELL_BIT(argument_, bit_, told_)                                                                               \
    {                                                                                                                  \
        .argument = (argument_), .compare = COMPARE_EQUAL, .verdict = VERDICT_TELL, .error = EPERM, .mask = (bit_),    \
        .value = (bit_), .argument2 = -1, .words = "flags have " #bit_, .told = (told_)                                \
    }
#define NEW_NAME_SPACE(bit_)             TELL_BIT(0, bit_, name_space)
#define REFUSE_REQUEST(error_, request_) WHEN_INT_IS(VERDICT_FAIL, error_, 1, request_, "request is " #request_)
#define STOP_REQUEST(request_)           WHEN_INT_IS(VERDICT_STOP, 0, 1, request_, "request is " #request_)

const struct argument_test tests_none[] = {TESTS_END};

/* To the user who started a program with a sandbox of its own. */
static const char name_space[] = "no new name spaces in a view; a program that wants them for a sandbox of its own has "
                                 "to be told to do without, since the view is one";

/* In runs whose policy judges addresses. */
#define JUDGE_NOT(argument_, value_, words_)                                                                           \
    {                                                                                                                  \
        .argument = (argument_), .compare = COMPARE_NOT_EQUAL, .verdict = VERDICT_STOP, .mask = ALL_ONES,              \
        .value = (value_), .argument2 = -1, .judged = true, .words = (words_)                                          \
    }
#define JUDGE_OPERATION(operation_)                                                                                    \
    {                                                                                                                  \
        .argument = 0, .compare = COMPARE_EQUAL, .verdict = VERDICT_STOP, .mask = INT_MASK, .value = (operation_),     \
        .argument2 = -1, .judged = true, .words = "operation is " #operation_                                          \
    }
#define STOP_OPERATION(operation_) WHEN_INT_IS(VERDICT_STOP, 0, 0, operation_, "operation is " #operation_)

const struct argument_test tests_socketcall[] = {
    STOP_OPERATION(SYS_BIND),
    STOP_OPERATION(SYS_CONNECT),
    STOP_OPERATION(SYS_ACCEPT),
    STOP_OPERATION(SYS_GETSOCKNAME),
    STOP_OPERATION(SYS_GETPEERNAME),
    STOP_OPERATION(SYS_SENDTO),
    STOP_OPERATION(SYS_RECVFROM),
    STOP_OPERATION(SYS_SENDMSG),
    STOP_OPERATION(SYS_RECVMSG),
    STOP_OPERATION(SYS_ACCEPT4),
    STOP_OPERATION(SYS_RECVMMSG),
    STOP_OPERATION(SYS_SENDMMSG),
    JUDGE_OPERATION(SYS_SOCKET),
    JUDGE_OPERATION(SYS_SOCKETPAIR),
    JUDGE_OPERATION(SYS_LISTEN),
    JUDGE_OPERATION(SYS_SETSOCKOPT),
    TESTS_END,
};

/* socket, socketpair: a socket of AF_UNIX has only addresses that are judged. */
const struct argument_test tests_socket[] = {
    JUDGE_NOT(0, AF_UNIX, "domain is not AF_UNIX"),
    TESTS_END,
};

/* Always; there is no such descriptor. */
const struct argument_test tests_listen[] = {
    JUDGE_NOT(0, ALL_ONES, "the descriptor is not -1"),
    TESTS_END,
};

/* Of <linux/in6.h>, which does not go together with <netinet/in.h>. */
#ifndef IPV6_FLOWLABEL_MGR
#define IPV6_FLOWLABEL_MGR 32
#endif
#define JUDGE_OPTION(level_, option_)                                                                                  \
    {                                                                                                                  \
        .argument = 1, .compare = COMPARE_EQUAL, .verdict = VERDICT_STOP, .mask = INT_MASK, .value = (level_),         \
        .argument2 = 2, .mask2 = INT_MASK, .value2 = (option_), .judged = true,                                        \
        .words = "level is " #level_ " and option is " #option_                                                        \
    }

/*
 * What sends elsewhere than the address says: through a stop on the way, or by an interface that leads away from the
 * address 127.0.0.1 as well; and what has the kernel itself send something, the membership in a group.
 */
const struct argument_test tests_setsockopt[] = {
    JUDGE_OPTION(SOL_SOCKET, SO_BINDTODEVICE),
    JUDGE_OPTION(SOL_SOCKET, SO_BINDTOIFINDEX),
    JUDGE_OPTION(IPPROTO_IP, IP_OPTIONS),
    JUDGE_OPTION(IPPROTO_IP, IP_UNICAST_IF),
    JUDGE_OPTION(IPPROTO_IP, IP_ADD_MEMBERSHIP),
    JUDGE_OPTION(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP),
    JUDGE_OPTION(IPPROTO_IP, IP_MSFILTER),
    JUDGE_OPTION(IPPROTO_IP, MCAST_JOIN_GROUP),
    JUDGE_OPTION(IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP),
    JUDGE_OPTION(IPPROTO_IP, MCAST_MSFILTER),
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_2292PKTOPTIONS),
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_FLOWLABEL_MGR), /* takes control messages, a route among them: fl_create() */
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_PKTINFO),
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_RTHDR),
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_UNICAST_IF),
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_JOIN_GROUP),
    JUDGE_OPTION(IPPROTO_IPV6, IPV6_JOIN_ANYCAST),
    JUDGE_OPTION(IPPROTO_IPV6, MCAST_JOIN_GROUP),
    JUDGE_OPTION(IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP),
    JUDGE_OPTION(IPPROTO_IPV6, MCAST_MSFILTER),
    TESTS_END,
};

/* accept, accept4 */
const struct argument_test tests_address_at_1[] = {
    WHEN_NOT(VERDICT_STOP, 1, 0, "address is not null"),
    TESTS_END,
};

/* sendto, recvfrom */
const struct argument_test tests_address_at_4[] = {
    WHEN_NOT(VERDICT_STOP, 4, 0, "address is not null"),
    TESTS_END,
};

/*
 * A child that is not traced, or whose parent is not its tracer's idea of one,
 * is out of the supervisor's sight; a new namespace makes view paths mean
 * something else. 0x80 is part of the exit signal here, not CLONE_NEWTIME.
 */
const struct argument_test tests_clone[] = {
    TELL_BIT(0, CLONE_UNTRACED, "a child that nobody traces"),
    TELL_BIT(0, CLONE_PARENT, "a child that is its parent's sister"),

    NEW_NAME_SPACE(CLONE_NEWNS),
    NEW_NAME_SPACE(CLONE_NEWCGROUP),
    NEW_NAME_SPACE(CLONE_NEWUTS),
    NEW_NAME_SPACE(CLONE_NEWIPC),
    NEW_NAME_SPACE(CLONE_NEWUSER),
    NEW_NAME_SPACE(CLONE_NEWPID),
    NEW_NAME_SPACE(CLONE_NEWNET),
    TESTS_END,
};

#define CLONE_NEW_ANY                                                                                                  \
    (CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |      \
     CLONE_NEWNET)

/* The last test excludes the others, so that none overlaps another with another verdict. */
const struct argument_test tests_unshare[] = {
    NEW_NAME_SPACE(CLONE_NEWTIME),
    NEW_NAME_SPACE(CLONE_NEWNS),
    NEW_NAME_SPACE(CLONE_NEWCGROUP),
    NEW_NAME_SPACE(CLONE_NEWUTS),
    NEW_NAME_SPACE(CLONE_NEWIPC),
    NEW_NAME_SPACE(CLONE_NEWUSER),
    NEW_NAME_SPACE(CLONE_NEWPID),
    NEW_NAME_SPACE(CLONE_NEWNET),
    {.argument = 0,
     .compare = COMPARE_EQUAL,
     .verdict = VERDICT_STOP,
     .mask = CLONE_NEW_ANY | CLONE_FS,
     .value = CLONE_FS,
     .argument2 = -1,
     .words = "flags have CLONE_FS and no CLONE_NEW*"},
    TESTS_END,
};

/* The supervisor must be able to read the memory of what it watches. */
const struct argument_test tests_prctl[] = {
    WHEN_INT_IS(VERDICT_STOP, 0, 0, PR_SET_DUMPABLE, "option is PR_SET_DUMPABLE"),
    WHEN_INT_IS(VERDICT_STOP, 0, 0, PR_GET_DUMPABLE, "option is PR_GET_DUMPABLE"),
    WHEN_INT_IS(VERDICT_STOP, 0, 0, PR_SET_SECCOMP, "option is PR_SET_SECCOMP"),
    WHEN_INT_IS(VERDICT_STOP, 0, 0, PRCTL_IN_VIEW, "option is PRCTL_IN_VIEW"),
    TESTS_END,
};

/*
 * A filter with a listener may answer a call with "continue" from another process,
 * and SECCOMP_RET_USER_NOTIF takes precedence over our SECCOMP_RET_TRACE.
 */
const struct argument_test tests_seccomp[] = {
    {.argument = 0,
     .compare = COMPARE_EQUAL,
     .verdict = VERDICT_TELL,
     .error = EPERM,
     .mask = INT_MASK,
     .value = SECCOMP_SET_MODE_FILTER,
     .argument2 = 1,
     .mask2 = SECCOMP_FILTER_FLAG_NEW_LISTENER,
     .value2 = SECCOMP_FILTER_FLAG_NEW_LISTENER,
     .words = "operation is SECCOMP_SET_MODE_FILTER and flags have SECCOMP_FILTER_FLAG_NEW_LISTENER",
     .told = "a filter with a listener could answer calls in the view's place"},
    {.argument = 0,
     .compare = COMPARE_EQUAL,
     .verdict = VERDICT_STOP,
     .mask = INT_MASK,
     .value = SECCOMP_SET_MODE_FILTER,
     .argument2 = 1,
     .mask2 = SECCOMP_FILTER_FLAG_NEW_LISTENER,
     .value2 = 0,
     .words = "operation is SECCOMP_SET_MODE_FILTER without it"},
    TESTS_END,
};

/* Limits and scheduling: of the caller itself, which is what nearly every program asks for. */
const struct argument_test tests_process_at_0[] = {
    WHEN_NOT(VERDICT_STOP, 0, 0, "the process is not 0"),
    TESTS_END,
};

/* To whom signals of the descriptor go: SIGIO, or another one (F_SETSIG). */
const struct argument_test tests_fcntl[] = {
    WHEN_INT_IS(VERDICT_STOP, 0, 1, F_SETOWN, "command is F_SETOWN"),
    WHEN_INT_IS(VERDICT_STOP, 0, 1, F_SETOWN_EX, "command is F_SETOWN_EX"),
    TESTS_END,
};

/* How large a core file may be: the kernel writes it without asking a filter. */
const struct argument_test tests_setrlimit[] = {
    WHEN_INT_IS(VERDICT_STOP, 0, 0, RLIMIT_CORE, "resource is RLIMIT_CORE"),
    TESTS_END,
};

const struct argument_test tests_prlimit64[] = {
    WHEN_NOT(VERDICT_STOP, 0, 0, "the process is not 0"),
    WHEN_INT_IS(VERDICT_STOP, 0, 1, RLIMIT_CORE, "resource is RLIMIT_CORE"),
    TESTS_END,
};

const struct argument_test tests_setpriority[] = {
    WHEN_NOT(VERDICT_STOP, 0, PRIO_PROCESS, "which is not PRIO_PROCESS"),
    WHEN_NOT(VERDICT_STOP, 1, 0, "who is not 0"),
    TESTS_END,
};

const struct argument_test tests_ioprio_set[] = {
    WHEN_NOT(VERDICT_STOP, 0, IOPRIO_WHO_PROCESS, "which is not IOPRIO_WHO_PROCESS"),
    WHEN_NOT(VERDICT_STOP, 1, 0, "who is not 0"),
    TESTS_END,
};

/* Not in the headers of every kernel: ext4's own numbers, and the request that shuts a file system down. */
#ifndef EXT4_IOC_SETVERSION
#define EXT4_IOC_SETVERSION   _IOW('f', 4, long)
#define EXT4_IOC32_SETVERSION _IOW('f', 4, int)
#endif
#ifndef FS_IOC_SHUTDOWN
#define FS_IOC_SHUTDOWN _IOR('X', 125, __u32)
#endif
/* Of 32-bit programs, whose struct is smaller; the kernel takes it from all. */
#ifndef BTRFS_IOC_SET_RECEIVED_SUBVOL_32
#define BTRFS_IOC_SET_RECEIVED_SUBVOL_32 _IOC(_IOC_READ | _IOC_WRITE, BTRFS_IOCTL_MAGIC, 37, 192)
#endif

/*
 * Requests that change an inode, or a directory, through a descriptor that may be
 * open for reading only. What the view can do is stopped; what it cannot do is
 * told not to exist here (ENOTTY), which programs take as "another file system".
 * The terminal requests put words into the mouth of the user's shell. Those that
 * say who gets a descriptor's signals are an old form of F_SETOWN, with the
 * process in memory.
 */
const struct argument_test tests_ioctl[] = {
    STOP_REQUEST(FS_IOC_SETFLAGS),
    STOP_REQUEST(FS_IOC32_SETFLAGS),
    STOP_REQUEST(FS_IOC_FSSETXATTR),
    STOP_REQUEST(FS_IOC_SETVERSION),
    STOP_REQUEST(FS_IOC32_SETVERSION),
    STOP_REQUEST(EXT4_IOC_SETVERSION),
    STOP_REQUEST(EXT4_IOC32_SETVERSION),
    REFUSE_REQUEST(EPERM, TIOCSTI),
    REFUSE_REQUEST(EPERM, TIOCLINUX),
    REFUSE_REQUEST(EPERM, FIOSETOWN),
    REFUSE_REQUEST(EPERM, SIOCSPGRP),
    REFUSE_REQUEST(EPERM, FIFREEZE),
    REFUSE_REQUEST(EPERM, FITHAW),
    REFUSE_REQUEST(EPERM, FS_IOC_SHUTDOWN),
    REFUSE_REQUEST(EPERM, FS_IOC_SETFSLABEL),
    REFUSE_REQUEST(ENOTTY, FS_IOC_SET_ENCRYPTION_POLICY),
    REFUSE_REQUEST(ENOTTY, FS_IOC_ENABLE_VERITY),
    REFUSE_REQUEST(ENOTTY, FAT_IOCTL_SET_ATTRIBUTES),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SUBVOL_CREATE),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SUBVOL_CREATE_V2),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SNAP_CREATE),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SNAP_CREATE_V2),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SNAP_DESTROY),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SNAP_DESTROY_V2),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SUBVOL_SETFLAGS),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SET_RECEIVED_SUBVOL),
    REFUSE_REQUEST(ENOTTY, BTRFS_IOC_SET_RECEIVED_SUBVOL_32),
    TESTS_END,
};

/* O_ACCMODE is a number of two bits, of which 0 is O_RDONLY. */
#define TESTS_WRITES_AT(name_, argument_)                                                                              \
    static const struct argument_test name_[] = {                                                                      \
        WHEN_HAS(VERDICT_STOP, 0, argument_, O_WRONLY, "flags have O_WRONLY"),                                         \
        WHEN_HAS(VERDICT_STOP, 0, argument_, O_RDWR, "flags have O_RDWR"),                                             \
        WHEN_HAS(VERDICT_STOP, 0, argument_, O_CREAT, "flags have O_CREAT"),                                           \
        WHEN_HAS(VERDICT_STOP, 0, argument_, O_TRUNC, "flags have O_TRUNC"),                                           \
        WHEN_HAS(VERDICT_STOP, 0, argument_, NAMELESS_FILE, "flags have O_TMPFILE"),                                   \
        TESTS_END,                                                                                                     \
    }
TESTS_WRITES_AT(tests_writes_at_1, 1);
TESTS_WRITES_AT(tests_writes_at_2, 2);

/* Handlers of calls that never change anything. */
static const bool only_looks[HANDLER_COUNT] = {
    [HANDLER_STAT] = true,       [HANDLER_FSTAT] = true,    [HANDLER_ACCESS] = true,    [HANDLER_READLINK] = true,
    [HANDLER_STATFS] = true,     [HANDLER_GETDENTS] = true, [HANDLER_CHDIR] = true,     [HANDLER_FCHDIR] = true,
    [HANDLER_GETCWD] = true,     [HANDLER_GETXATTR] = true, [HANDLER_FGETXATTR] = true, [HANDLER_LISTXATTR] = true,
    [HANDLER_FLISTXATTR] = true, [HANDLER_INOTIFY] = true,
};

const struct argument_test *table_reading_tests(const struct call_row *row)
{
    if (row->verdict != VERDICT_STOP)
        return NULL;
    if (only_looks[row->handler])
        return tests_none;
    /* creat writes, and openat2 has its flags in memory. */
    int flags = row->handler == HANDLER_OPEN ? row->path[0].flags : -1;
    return flags == 1 ? tests_writes_at_1 : flags == 2 ? tests_writes_at_2 : NULL;
}
