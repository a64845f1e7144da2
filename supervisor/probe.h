/*
 * What this kernel, this user and the layers' file system give: each fact tried, none guessed from a version.
 *
 * Knows nothing of how the results are printed (cmd_doctor.c).
 */
#ifndef COFFER_SUPERVISOR_PROBE_H
#define COFFER_SUPERVISOR_PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum probe_answer {
    PROBE_NO,
    PROBE_YES,
    PROBE_UNTRIED, /* it could not be found out; the remark says why */
};

/* Whether coffer can do without. */
enum probe_need {
    PROBE_NEEDED, /* coffer does not run without it */
    PROBE_USED,   /* used where it is there */
    PROBE_TOLD,   /* only worth knowing */
};

struct probe_result {
    const char *name; /* a static string: lower case, '-' between words */
    enum probe_need need;
    enum probe_answer answer;
    char value[32];   /* "yes", "no", "untried", or a number or word that says more */
    char remark[160]; /* one phrase: what for, or why not; may be empty */
};

#define PROBE_RESULTS_MAX 48

struct probe_report {
    struct probe_result results[PROBE_RESULTS_MAX];
    size_t count;
};

/* Fills in the report. Starts short-lived child processes; leaves nothing behind on disk. */
void probe_all(struct probe_report *report);

/* The parts of probe_all(), one a file. */
void probe_kernel(struct probe_report *report);
void probe_tracee(struct probe_report *report);
void probe_store(struct probe_report *report);

/*
 * Appends a result; value NULL: the answer's own word. A report that is full takes no more (a bug that the unit test
 * finds). remark is a format.
 */
__attribute__((format(printf, 6, 7))) void probe_add(struct probe_report *report, const char *name,
                                                     enum probe_need need, enum probe_answer answer, const char *value,
                                                     const char *remark, ...);

/* As probe_add() for a call that returned error, 0 or -errno: ENOSYS and its like are a no with the reason as remark.
 */
void probe_add_error(struct probe_report *report, const char *name, enum probe_need need, int error,
                     const char *remark);

/* The result of that name, or NULL. */
const struct probe_result *probe_find(const struct probe_report *report, const char *name);

/*
 * Runs try(context) in a child process, which it may do any harm to. Returns what it returned (0 or -errno), or
 * -EIO when the child died.
 */
int probe_in_child(int (*try)(void *), void *context);

#endif
