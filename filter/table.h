/*
 * The one table of x86-64 system calls.
 *
 * Everything that must know a call by its number is derived from these rows:
 * the seccomp program (program.h), the dispatch of stops, docs/syscalls.md, and
 * the test that walks every number libseccomp knows. Knows nothing of layers,
 * policy files or ptrace.
 */
#ifndef COFFER_FILTER_TABLE_H
#define COFFER_FILTER_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A prctl() option that no kernel knows: in a view its result is 1. For coffer itself, which cannot run there. */
#define PRCTL_IN_VIEW 0x636f6666 /* "coff" */

/* What happens to a call; the default of a row, or of one of its tests. */
enum verdict {
    VERDICT_UNKNOWN, /* no row: ENOSYS and one notice */
    VERDICT_PASS,    /* goes through untouched, without a stop */
    VERDICT_STOP,    /* SECCOMP_RET_TRACE: the row's handler answers it */
    VERDICT_FAIL,    /* SECCOMP_RET_ERRNO with the row's (or test's) errno */
    VERDICT_TELL,    /* SECCOMP_RET_TRACE: fails in the same way, and the user is told why */
};

/* Who answers a stop. One handler may serve many rows: the row says where its arguments are. */
enum handler {
    HANDLER_NONE,
    HANDLER_OPEN,        /* open, openat, creat, openat2 */
    HANDLER_STAT,        /* stat, lstat, newfstatat, statx */
    HANDLER_FSTAT,       /* fstat */
    HANDLER_ACCESS,      /* access, faccessat, faccessat2 */
    HANDLER_READLINK,    /* readlink, readlinkat */
    HANDLER_STATFS,      /* statfs */
    HANDLER_HANDLE,      /* name_to_handle_at */
    HANDLER_GETDENTS,    /* getdents, getdents64 */
    HANDLER_CHDIR,       /* chdir */
    HANDLER_FCHDIR,      /* fchdir */
    HANDLER_CHROOT,      /* chroot */
    HANDLER_GETCWD,      /* getcwd */
    HANDLER_UMASK,       /* umask */
    HANDLER_MKDIR,       /* mkdir, mkdirat */
    HANDLER_MKNOD,       /* mknod, mknodat */
    HANDLER_UNLINK,      /* unlink, rmdir, unlinkat */
    HANDLER_RENAME,      /* rename, renameat, renameat2 */
    HANDLER_LINK,        /* link, linkat */
    HANDLER_SYMLINK,     /* symlink, symlinkat */
    HANDLER_TRUNCATE,    /* truncate */
    HANDLER_CHMOD,       /* chmod, fchmodat, fchmodat2 */
    HANDLER_FCHMOD,      /* fchmod */
    HANDLER_CHOWN,       /* chown, lchown, fchownat */
    HANDLER_FCHOWN,      /* fchown */
    HANDLER_UTIMENS,     /* utime, utimes, futimesat, utimensat */
    HANDLER_GETXATTR,    /* getxattr, lgetxattr, getxattrat */
    HANDLER_FGETXATTR,   /* fgetxattr */
    HANDLER_LISTXATTR,   /* listxattr, llistxattr, listxattrat */
    HANDLER_FLISTXATTR,  /* flistxattr */
    HANDLER_SETXATTR,    /* setxattr, lsetxattr, setxattrat */
    HANDLER_FSETXATTR,   /* fsetxattr */
    HANDLER_REMOVEXATTR, /* removexattr, lremovexattr, removexattrat */
    HANDLER_FREMOVEXATTR,
    HANDLER_IOCTL_FLAGS, /* FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR and their like */
    HANDLER_FILE_ATTR,   /* file_getattr, file_setattr */
    HANDLER_INOTIFY,     /* inotify_add_watch */
    HANDLER_EXEC,        /* execve, execveat */
    HANDLER_SEND_ADDR,   /* bind, connect, sendto: an address goes in */
    HANDLER_SENDMSG,     /* sendmsg, sendmmsg: an address in memory goes in */
    HANDLER_SOCKET,      /* socket, socketpair, listen, setsockopt: where addresses are judged */
    HANDLER_RECV_ADDR,   /* getsockname, getpeername, recvfrom and its like: an address comes back */
    HANDLER_ACCEPT,      /* accept, accept4 */
    HANDLER_IDENTITY,    /* setuid and all that change credentials */
    HANDLER_CLONE3,      /* flags in memory */
    HANDLER_UNSHARE_FS,  /* unshare(CLONE_FS) */
    HANDLER_DUMPABLE,    /* prctl(PR_SET_DUMPABLE), prctl(PR_GET_DUMPABLE) */
    HANDLER_TARGET,      /* ptrace, process_vm_writev, prlimit64...: acts on another process */
    HANDLER_SIGNAL,      /* kill and its like: signals to another process */
    HANDLER_OWN_FILTER,  /* seccomp: the program gets a filter of its own */
    HANDLER_CLOSE_RANGE, /* close_range */
    HANDLER_AFFINITY,    /* sched_setaffinity, sched_getaffinity */
    HANDLER_COUNT,
};

/* For what a path is named. */
enum intent {
    INTENT_LOOK,   /* stat, access, readlink, chdir: nothing is opened */
    INTENT_OPEN,   /* the flags say */
    INTENT_CHANGE, /* the object's content or metadata */
    INTENT_CREATE, /* a new name */
    INTENT_REMOVE, /* the name goes away */
    INTENT_EXEC,
};

/* Whether a symbolic link as the last component is followed. */
enum follow {
    FOLLOW_ALWAYS,
    FOLLOW_NEVER,
    FOLLOW_UNLESS_NOFOLLOW, /* the flags argument may hold AT_SYMLINK_NOFOLLOW */
    FOLLOW_IF_FOLLOW,       /* the flags argument may hold AT_SYMLINK_FOLLOW (linkat) */
    FOLLOW_BY_OPEN_FLAGS,   /* O_NOFOLLOW, O_CREAT|O_EXCL */
};

/* One path argument of a row. Argument numbers are 0 to 5, -1: there is none. */
struct path_argument {
    int8_t dirfd;   /* -1: the working directory */
    int8_t path;    /* -1: this descriptor is unused */
    int8_t flags;   /* the argument with AT_* or O_* flags, or -1 (openat2: -1, in memory) */
    uint8_t follow; /* enum follow */
    uint8_t intent; /* enum intent */
};

#define ARGUMENT_TESTS_MAX 32 /* no row has more */

enum compare {
    COMPARE_EQUAL,     /* (argument & mask) == value */
    COMPARE_NOT_EQUAL, /* argument != value; mask must be all ones */
};

/*
 * "If the test holds, verdict instead of the row's default." Several tests are
 * alternatives; they must not overlap with different verdicts. A row with tests
 * has the default VERDICT_PASS, which is what the filter does when no test holds.
 */
struct argument_test {
    uint8_t argument;
    uint8_t compare; /* enum compare */
    uint8_t verdict; /* enum verdict */
    uint16_t error;  /* errno of VERDICT_FAIL and VERDICT_TELL */
    uint64_t mask, value;
    /* A second condition that must hold too; argument2 is -1 when there is none. */
    int8_t argument2;
    uint64_t mask2, value2;
    bool judged;       /* holds only in a run whose policy judges addresses (struct program_options) */
    const char *words; /* the condition for docs/syscalls.md: "request is TIOCSTI" */
    const char *told;  /* of VERDICT_TELL: what the user is told; NULL: the row's reason */
};

struct call_row {
    const char *name; /* NULL: no row */
    const char *why;  /* for PASS, FAIL and TELL: one short phrase for docs/syscalls.md */
    uint8_t verdict;  /* enum verdict */
    uint8_t handler;  /* enum handler */
    uint16_t error;   /* errno of VERDICT_FAIL and VERDICT_TELL */
    int8_t fd;        /* the argument that is a plain descriptor to act on (fchmod), or -1 */
    struct path_argument path[2];
    const struct argument_test *tests; /* never NULL in a row; ends at verdict VERDICT_UNKNOWN */
};

/* The highest number of the table plus one. */
size_t table_size(void);

/* The row of a call number, or NULL when the table does not know it. */
const struct call_row *table_row(long number);

/*
 * What the filter does with one call of this row: the verdict of the test that
 * holds, or the row's default. *error is set for VERDICT_FAIL and VERDICT_TELL, else
 * 0. A stop for a call that this calls VERDICT_PASS was forged by a filter of the
 * tracee's own.
 */
enum verdict table_verdict(const struct call_row *row, const uint64_t arguments[6], int *error);

/*
 * The tests of a row in a run where whatever may be read is as the host has it, so that a call which can only look
 * needs no stop: the row passes unless one of them holds. NULL: the row as it is.
 */
const struct argument_test *table_reading_tests(const struct call_row *row);

/*
 * Whether a recorder wants to see calls of this row, or the supervisor has to, where all of them go through as they
 * were made: not those that only ask of a descriptor, or bring an address back. Of accept it wants all.
 */
bool table_observed(const struct call_row *row);

/* What the user is told of a call that is VERDICT_TELL with these arguments. */
const char *table_told(const struct call_row *row, const uint64_t arguments[6]);

#endif
