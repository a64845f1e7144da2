/*
 * A view: layers over the host. What a sandboxed program sees.
 *
 * This is the interface for the supervisor; the module's own parts are in
 * view_internal.h.
 */
#ifndef COFFER_EMUL_VIEW_H
#define COFFER_EMUL_VIEW_H

#include "emul/call.h"
#include "emul/layer.h"
#include "policy/policy.h"

#define VIEW_LAYERS_MAX 16

/* Something that a rule of the policy refused. */
struct view_violation {
    pid_t tid;
    const char *call; /* its name */
    enum policy_action action;
    const char *path; /* as resolved, or an address in words */
    const char *said; /* as the program said it; NULL: by a descriptor, or not known */
    struct policy_decision decision;
};
/* Tells the user. What the call gets: -errno, or 0 where it is to go on after all. */
typedef int view_violated(void *context, const struct view_violation *violation);

/* One line for the user about something that was refused; pid is the process that asked. */
typedef void view_notice(void *context, pid_t pid, const char *text);

struct view_options {
    struct layer *layer;                 /* borrowed; opened with LAYER_RUN */
    struct layer *over[VIEW_LAYERS_MAX]; /* borrowed; topmost first, opened with LAYER_READ */
    int over_count;
    const char *hidden[VIEW_LAYERS_MAX]; /* host paths that do not exist in the view (the store, the layer) */
    int hidden_count;
    int hidden_fd;         /* a descriptor number that listings of /proc/PID/fd must not show, or -1 */
    struct policy *policy; /* borrowed; NULL: everything may be read, and is written to the layer */
    view_notice *notice;
    bool recorded;           /* no call that can only look is spared a stop */
    bool learns;             /* `violated` lets everything pass */
    view_violated *violated; /* NULL: everything that is refused gets EACCES */
    void *notice_context;    /* of both */
};

/* The view goes into *result. 0 or -errno. view_free() releases it; the layers stay the caller's. */
int view_new(struct view **result, const struct view_options *options);
void view_free(struct view *view);

/* Whether programs see nothing but the host: then calls that can only look, and chdir(), need not be stopped. */
bool view_reads_pass(const struct view *view);
/* Whether some address may be refused: then calls that have none need be stopped as well. */
bool view_judges_addresses(struct view *view);
/*
 * Whether a process of `program` must not write to the memory of one of `other` (numbers of execs): that one may give
 * commands to the control file, and this one may not. With its memory it would have its rights.
 */
bool view_guards_program(const struct view *view, uint64_t program, uint64_t other);

/* The directory below /tmp in which short names are, or will be: its descriptor (O_PATH), or -errno. */
int view_aliases(struct view *view);

/*
 * The lock lets programs read this (a file, or a directory with all below), in a directory that holds something that it
 * does not. 0 or -ENOMEM.
 */
int view_lock_lets_read(struct view *view, const struct stat *st);

/*
 * While the calling thread serves `caller`, its file-system identity (fsuid, fsgid, groups) is the caller's; this puts
 * the supervisor's own back. view_call() and its like do so themselves; for use after a failure only.
 */
void view_identity_restore(struct view *view);

#endif
