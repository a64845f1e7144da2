#include "bench/tracee.h"

#include "filter/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_FAILED = 125, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128 };

static _Noreturn void become_command(char **argv, const struct sock_fprog *filter, int go)
{
    char byte;
    if (read(go, &byte, 1) != 1)
        _exit(STATUS_FAILED);
    if (filter != NULL && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || program_install(filter) < 0)) {
        perror("cannot install the filter");
        _exit(STATUS_FAILED);
    }
    (void)execvp(argv[0], argv);
    perror(argv[0]);
    _exit(STATUS_NOT_FOUND);
}

pid_t tracee_start(char **argv, const struct sock_fprog *filter, unsigned long options)
{
    int go[2];
    if (pipe2(go, O_CLOEXEC) < 0) {
        perror("pipe");
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(go[1]);
        become_command(argv, filter, go[0]);
    }
    (void)close(go[0]);
    if (child < 0 || ptrace(PTRACE_SEIZE, child, NULL, options | PTRACE_O_EXITKILL) < 0 || write(go[1], "", 1) != 1) {
        perror("cannot trace the command");
        if (child > 0)
            (void)kill(child, SIGKILL);
        child = -1;
    }
    (void)close(go[1]);
    return child;
}

void tracee_resume(pid_t tid, int status, int request)
{
    int signal = WSTOPSIG(status);
    int event = (int)((unsigned)status >> 16);
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        (void)ptrace(PTRACE_LISTEN, tid, NULL, NULL);
        return;
    }
    bool is_signal = event == 0 && signal != (SIGTRAP | 0x80);
    (void)ptrace((enum __ptrace_request)request, tid, NULL, is_signal ? (long)signal : 0L);
}

int tracee_exit_status(int status)
{
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
