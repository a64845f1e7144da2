/*
 * The seccomp program, built from the table with libseccomp.
 */
#ifndef COFFER_FILTER_PROGRAM_H
#define COFFER_FILTER_PROGRAM_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

/* What SECCOMP_RET_TRACE carries (PTRACE_GETEVENTMSG); foreign filters may forge it, so it only hints. */
#define PROGRAM_TRACE_CALL         1 /* a row with VERDICT_STOP */
#define PROGRAM_TRACE_FOREIGN_ARCH 2 /* a number with the x32 bit; ENOSYS where nobody traces */
#define PROGRAM_TRACE_UNKNOWN      3 /* a number without a row; ENOSYS where nobody traces */

/* What a run needs of the program. */
struct program_options {
    bool reads_pass;       /* whatever may be read is as the host has it: see table_reading_tests() */
    bool access_stops;     /* nevertheless those of HANDLER_ACCESS stop, which the control file is reached by */
    bool signals_scoped;   /* the lock keeps signals inside: rows of HANDLER_SIGNAL pass */
    bool records;          /* all of HANDLER_ACCEPT stop, whose other end a record tells */
    bool observes;         /* calls go through as they were made: see table_observed() */
    bool judges_addresses; /* the policy refuses addresses: tests that are `judged` count */
};

/*
 * An open whose last two argument registers, which no open uses, hold these in their lower halves (which is all that
 * the filter looks at) is SECCOMP_RET_USER_NOTIF: it waits for a descriptor from the listener. Only the supervisor puts
 * them there, at the stop of the call. They are no secret: who does it himself is told ENOSYS.
 */
#define PROGRAM_GRANT_4 0x86c1d4e7u
#define PROGRAM_GRANT_5 0xb30f529au

/*
 * Compiles the table, and that of ia32 that is derived from it, into classic BPF. Architecture first, then the number
 * in a binary tree, then arguments: numbers whose verdict reads no argument stay cacheable by the kernel. Numbers that
 * the table does not know stop. program->filter is malloc()ed and the caller's to free. Returns 0 or -errno.
 */
int program_build(const struct program_options *options, struct sock_fprog *program);

/*
 * Installs the program on the calling thread, which must have no_new_privs or
 * CAP_SYS_ADMIN. Returns 0 or -errno.
 */
int program_install(const struct sock_fprog *program);

/*
 * The same, with a listener for calls that wait for a descriptor: its descriptor (O_CLOEXEC) is returned. -ENOENT: it
 * is installed without one, since the kernel is older than Linux 5.19, or another filter has one already.
 */
int program_install_listening(const struct sock_fprog *program);

#endif
