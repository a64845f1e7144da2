/*
 * bare [--cpu=N] [--look] [--] COMMAND [ARG...]: the limit that coffer is measured against. The command runs under
 * coffer's own seccomp filter, and every stop is continued at once: nothing is read, nothing decided.
 *
 * --cpu=N keeps the loop and the command on one CPU; --look asks at each stop which call it is, as any supervisor must.
 * Calls that the filter itself refuses are refused here too. Exit status: the command's, or 125.
 */
#include "bench/tracee.h"
#include "filter/program.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { STATUS_USAGE = 2, STATUS_FAILED = 125 };

static int stay_on(const char *text)
{
    char *end;
    cpu_set_t set;
    unsigned long cpu = strtoul(text, &end, 10);
    CPU_ZERO(&set);
    if (*text == '\0' || *end != '\0' || cpu >= CPU_SETSIZE)
        return -EINVAL;
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

/* Returns the wait status of the command itself, once nobody is left. */
static int follow(pid_t command, bool look)
{
    int result = STATUS_FAILED << 8, status;
    pid_t tid;
    while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (tid < 0)
            continue;
        if (!WIFSTOPPED(status)) {
            if (tid == command)
                result = status;
            continue;
        }
        if (look && status >> 8 == (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))) {
            struct __ptrace_syscall_info info;
            (void)ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info);
        }
        tracee_resume(tid, status, PTRACE_CONT);
    }
    return result;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"cpu", required_argument, NULL, 'c'}, {"look", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
    bool look = false;
    int option;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        int status = option == 'c' ? stay_on(optarg) : 0;
        look = look || option == 'l';
        if (option == '?' || status < 0) {
            (void)fprintf(stderr, "bare: --cpu: %s\n", strerror(-status));
            return STATUS_USAGE;
        }
    }
    if (optind == argc) {
        (void)fprintf(stderr, "usage: bare [--cpu=N] [--look] [--] COMMAND [ARG...]\n");
        return STATUS_USAGE;
    }
    struct sock_fprog program;
    int error = program_build(&(struct program_options){.reads_pass = false}, &program);
    if (error < 0) {
        (void)fprintf(stderr, "bare: the filter: %s\n", strerror(-error));
        return STATUS_FAILED;
    }
    pid_t command = tracee_start(argv + optind, &program,
                                 PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                                     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
    free(program.filter);
    return command < 0 ? STATUS_FAILED : tracee_exit_status(follow(command, look));
}
