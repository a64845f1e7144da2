#include "supervisor/confine.h"

#include "emul/cleanup.h"
#include "emul/program_files.h"
#include "policy/lock.h"
#include "supervisor/search_path.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How many things that the lock leaves to the supervisor are told one by one. */
enum { TOLD_MAX = 5 };

/* Workers, which are forks of a thread, go down whole trees on its stack; only what is used is memory. */
enum { STACK_SIZE = 16 << 20 };

/* Of the command: itself, scripts that interpret it one by another, and an ELF interpreter. */
enum { PROGRAM_FILES = 8 };

struct losses {
    const struct confine_request *request;
    struct view *view;
    unsigned count;
};

static void tell_loss(void *data, const char *what, const char *why)
{
    struct losses *losses = data;
    if (losses->count++ >= TOLD_MAX || losses->request->quiet)
        return;
    char text[512];
    (void)snprintf(text, sizeof text, "lock: %s", what);
    error_line(text, why);
}

static void note_readable(void *data, const struct stat *st)
{
    const struct losses *losses = data;
    (void)view_lock_lets_read(losses->view, st); /* without memory it is opened in the long way */
}

static bool has_no_lock(int status)
{
    return status == -ENOSYS || status == -EOPNOTSUPP;
}

/* Whether to go on although a set of rules could not be made. */
static bool goes_without(const struct confine_request *request, int status)
{
    if (!has_no_lock(status)) {
        error_errno("lock: cannot be made (--lock=off goes without)", status);
        return false;
    }
    if (request->lock == LOCK_REQUIRE) {
        error_line("lock", "this kernel has no Landlock; --lock=try goes on without");
        return false;
    }
    if (request->verbose)
        error_line("lock: going on without", strerror(-status));
    return true;
}

static bool accepts(const struct losses *losses)
{
    if (losses->count > TOLD_MAX && !losses->request->quiet)
        (void)fprintf(stderr, "coffer: lock: and %u more\n", losses->count - TOLD_MAX);
    if (losses->count == 0 || losses->request->lock != LOCK_REQUIRE)
        return true;
    error_line("lock", "this kernel's lock cannot enforce the policy; --lock=try goes on with what it can");
    return false;
}

static bool make_rules(const struct confine_request *request, const struct lock_places *places,
                       struct confinement *confinement)
{
    confinement->programs = lock_for_programs(places);
    if (confinement->programs < 0) {
        int status = confinement->programs;
        confinement->programs = -1;
        return goes_without(request, status);
    }
    confinement->supervisor = lock_for_supervisor(places);
    if (confinement->supervisor >= 0)
        return true;
    int status = confinement->supervisor;
    confinement->supervisor = -1;
    if (!has_no_lock(status))
        return goes_without(request, status);
    places->lose(places->data, "coffer itself", "is not confined; the kernel's lock can do that from Linux 5.19 on");
    return true;
}

/* The command is executed whatever the policy says of it. */
static int open_command(const struct confine_request *request, int fds[PROGRAM_FILES])
{
    char path[PATH_MAX];
    return request->policy != NULL && search_path_find(request->command, true, path)
               ? program_files_open(path, fds, PROGRAM_FILES)
               : 0;
}

bool confine_prepare(const struct confine_request *request, struct view *view, struct confinement *confinement)
{
    int readable[PROGRAM_FILES + VIEW_LAYERS_MAX];
    *confinement = (struct confinement){-1, -1};
    if (request->lock == LOCK_OFF)
        return true;
    const size_t own = (size_t)open_command(request, readable);
    size_t count = own;
    for (int i = 0; i < request->over_count && i < VIEW_LAYERS_MAX; i++)
        readable[count++] = request->over[i].fs_fd;
    struct losses losses = {.request = request, .view = view};
    cleanup_fd int aliases = view_aliases(view);
    const struct lock_places places = {
        .layer = request->layer->dir_fd,
        .layer_fs = request->layer->fs_fd,
        .layer_work = request->layer->work_fd,
        .aliases = aliases,
        .readable = readable,
        .readable_count = count,
        .policy = request->policy,
        .network = true,
        .lose = tell_loss,
        .readable_name = note_readable,
        .data = &losses,
    };
    bool made = make_rules(request, &places, confinement);
    for (size_t i = 0; i < own; i++)
        (void)close(readable[i]);
    return made && accepts(&losses);
}

void confine_end(struct confinement *confinement)
{
    if (confinement->programs >= 0)
        (void)close(confinement->programs);
    if (confinement->supervisor >= 0)
        (void)close(confinement->supervisor);
    *confinement = (struct confinement){-1, -1};
}

struct confined {
    int rules;
    sigset_t mask; /* of the caller */
    void (*work)(void *context);
    void *context;
    int status;
};

static void *run_thread(void *context)
{
    struct confined *confined = context;
    (void)pthread_sigmask(SIG_SETMASK, &confined->mask, NULL);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        confined->status = -errno;
    else
        confined->status = lock_enter(confined->rules);
    if (confined->status == 0)
        confined->work(confined->context);
    return NULL;
}

/* Signals are the other thread's, and its handlers'. */
static int run_in_thread(struct confined *confined)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return -error;
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &confined->mask);
    error = pthread_create(&thread, &attributes, run_thread, confined);
    if (error == 0)
        (void)pthread_join(thread, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &confined->mask, NULL);
    (void)pthread_attr_destroy(&attributes);
    return error == 0 ? confined->status : -error;
}

bool confine_run(const struct confinement *confinement, void (*work)(void *context), void *context)
{
    struct confined confined = {.rules = confinement->supervisor, .work = work, .context = context};
    if (confined.rules < 0) {
        work(context);
        return true;
    }
    int status = run_in_thread(&confined);
    if (status < 0)
        error_errno("lock: coffer cannot confine itself (--lock=off goes without)", status);
    return status == 0;
}
