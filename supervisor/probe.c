/*
 * The report of probes, and the child in which a dangerous one is tried.
 */
#include "supervisor/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* No probe takes longer than a moment; one that hangs (a dead network file system) must not hang the report. */
#define PROBE_SECONDS 10

static const char *answer_word(enum probe_answer answer)
{
    switch (answer) {
    case PROBE_NO:
        return "no";
    case PROBE_YES:
        return "yes";
    case PROBE_UNTRIED:
        break;
    }
    return "untried";
}

void probe_add(struct probe_report *report, const char *name, enum probe_need need, enum probe_answer answer,
               const char *value, const char *remark, ...)
{
    if (report->count == PROBE_RESULTS_MAX)
        return;
    struct probe_result *result = &report->results[report->count++];
    result->name = name;
    result->need = need;
    result->answer = answer;
    (void)snprintf(result->value, sizeof result->value, "%s", value != NULL ? value : answer_word(answer));
    va_list arguments;
    va_start(arguments, remark);
    (void)vsnprintf(result->remark, sizeof result->remark, remark, arguments);
    va_end(arguments);
}

void probe_add_error(struct probe_report *report, const char *name, enum probe_need need, int error, const char *remark)
{
    if (error == 0)
        probe_add(report, name, need, PROBE_YES, NULL, "%s", remark);
    else
        probe_add(report, name, need, PROBE_NO, NULL, "%s (%s)", remark, strerror(-error));
}

const struct probe_result *probe_find(const struct probe_report *report, const char *name)
{
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->results[i].name, name) == 0)
            return &report->results[i];
    }
    return NULL;
}

int probe_in_child(int (*try)(void *), void *context)
{
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(PROBE_SECONDS);
        _exit(-try(context));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

void probe_all(struct probe_report *report)
{
    report->count = 0;
    probe_kernel(report);
    probe_tracee(report);
    probe_store(report);
}
