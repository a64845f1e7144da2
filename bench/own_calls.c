/*
 * own_calls -o FILE [--] COMMAND [ARG...]: counts the system calls of the command and its threads, not those of its
 * children: what a supervisor does itself while it traces others. strace -f would follow the children too, and they
 * are taken. FILE gets a line "COUNT NAME" a call, by number. Exit status: the command's, or 125.
 */
#include "bench/tracee.h"
#include "filter/table.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { STATUS_USAGE = 2, STATUS_FAILED = 125, NUMBERS = 512, CALL_STOP = SIGTRAP | 0x80 };

static unsigned long counts[NUMBERS];

static void count_call(pid_t tid)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY &&
        info.entry.nr < NUMBERS)
        counts[info.entry.nr]++;
}

/* Returns the wait status of the command itself, once all its threads have ended. */
static int follow(pid_t command)
{
    int result = STATUS_FAILED << 8, status;
    pid_t tid;
    while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (tid > 0 && WIFSTOPPED(status)) {
            if (status >> 8 == CALL_STOP)
                count_call(tid);
            tracee_resume(tid, status, PTRACE_SYSCALL);
        } else if (tid == command) {
            result = status;
        }
    }
    return result;
}

static int report(const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL)
        return -errno;
    for (long number = 0; number < NUMBERS; number++) {
        const struct call_row *row = table_row(number);
        if (counts[number] > 0)
            (void)fprintf(out, "%lu %s\n", counts[number], row == NULL ? "unknown" : row->name);
    }
    return fclose(out) == 0 ? 0 : -errno;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    int option;
    while ((option = getopt(argc, argv, "+o:")) == 'o')
        path = optarg;
    if (option != -1 || path == NULL || optind == argc) {
        (void)fprintf(stderr, "usage: own_calls -o FILE [--] COMMAND [ARG...]\n");
        return STATUS_USAGE;
    }
    /* Threads are made by a clone that is not reported as a fork. */
    pid_t command = tracee_start(argv + optind, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE);
    if (command < 0)
        return STATUS_FAILED;
    int status = follow(command);
    int error = report(path);
    if (error < 0) {
        (void)fprintf(stderr, "own_calls: %s: %s\n", path, strerror(-error));
        return STATUS_FAILED;
    }
    return tracee_exit_status(status);
}
