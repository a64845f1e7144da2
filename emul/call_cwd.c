/*
 * Working directory, root and umask of a process.
 *
 * The caller's real working directory is the host's where the host has it, else the layer's; what the view says it
 * is, is kept here.
 */
#include "emul/arguments.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

struct fs_context *fs_context_new(struct view *view, const char *cwd, mode_t mask, int *error)
{
    struct fs_context *fs = calloc(1, sizeof *fs);
    struct caller nobody = {.cred = &view->own};
    *error = -ENOMEM;
    if (fs == NULL)
        return NULL;
    fs->cwd = view_directory(view, &nobody, cwd, error);
    if (fs->cwd == NULL) {
        free(fs);
        return NULL;
    }
    fs->view = view;
    fs->refs = 1;
    fs->root = directory_hold(view->root);
    fs->umask = mask;
    return fs;
}

struct fs_context *fs_context_copy(const struct fs_context *fs)
{
    struct fs_context *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *fs;
    copy->refs = 1;
    (void)directory_hold(copy->cwd);
    (void)directory_hold(copy->root);
    return copy;
}

struct fs_context *fs_context_share(struct fs_context *fs)
{
    fs->refs++;
    return fs;
}

void fs_context_release(struct fs_context *fs)
{
    if (fs == NULL || --fs->refs > 0)
        return;
    directory_release(fs->view, fs->cwd);
    directory_release(fs->view, fs->root);
    free(fs);
}

void fs_context_refresh(struct view *view, struct caller *caller)
{
    char link[32], now[PATH_MAX], known[PATH_MAX];
    struct fs_context *fs = caller->fs;
    int error = 0;
    (void)snprintf(link, sizeof link, "/proc/%d/cwd", (int)caller->tid);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, now, sizeof now - 1);
    if (length < 0)
        return;
    now[length] = '\0';
    if (!fs->cwd->dead && directory_path(fs->cwd, known) == 0 && strcmp(now, known) == 0)
        return;
    struct directory *dir = view_directory(view, caller, now, &error);
    if (dir == NULL)
        dir = directory_make_dead(view, view->root); /* it was removed */
    if (dir == NULL)
        return;
    directory_release(view, fs->cwd);
    fs->cwd = dir;
    fs->cwd_in_layer = false;
}

int fs_context_cwd(const struct fs_context *fs, char path[PATH_MAX])
{
    int status = directory_path(fs->cwd, path);
    return status < 0 ? status : 0;
}

static void prepare_finish(struct answer *answer, enum finish_kind kind, struct directory *dir)
{
    answer->want_exit = true;
    answer->finish.kind = kind;
    answer->finish.directory = dir;
}

/*
 * No path leads the kernel to where the caller goes, since he could not search it all from the root. So the kernel's
 * working directory stays where it is: nothing that is said from the view's own is left to the kernel then.
 */
static void stand_apart(struct view *view, struct fs_context *fs, struct directory *dir)
{
    directory_release(view, fs->cwd);
    fs->cwd = dir;
    fs->cwd_in_layer = fs->cwd_apart = true;
}

/* The directory that a taken path ends at, held, when the caller may search it. */
static struct directory *searchable(struct view *view, struct caller *caller, struct taken *taken, int *error)
{
    struct directory *dir;
    if (taken->walked.kind == WALK_RAW)
        return view_directory(view, caller, taken->walked.host_path, error);
    dir = entry_directory(view, &taken->walked.entry, error);
    if (dir == NULL)
        return NULL;
    *error = may_access_dir(view, caller, dir, 1);
    if (*error == 0)
        return dir;
    directory_release(view, dir);
    return NULL;
}

void call_chdir(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    int error = 0;
    if (!take_path(view, caller, call, 0, WALK_FOLLOW | WALK_LOOK, &taken, answer))
        return;
    if (taken.walked.kind == WALK_RAW && taken.walked.host_path[0] == '\0') {
        answer_continue(answer); /* "." of a removed directory */
        taken_release(view, &taken);
        return;
    }
    struct directory *dir = searchable(view, caller, &taken, &error);
    bool entry = taken.walked.kind == WALK_ENTRY;
    bool in_layer = dir != NULL && entry && host_is_closed(view, caller, &taken.walked.entry);
    if (dir == NULL) {
        answer_result(answer, error);
    } else if (entry && (in_layer || !taken.walked.pure) && path_is_closed(view, caller, taken.walked.entry.dir)) {
        stand_apart(view, caller->fs, dir);
        answer_result(answer, 0);
    } else {
        answer_real(view, caller, call, &taken, answer);
        if (answer->kind != ANSWER_CONTINUE && answer->kind != ANSWER_REWRITE)
            directory_release(view, dir);
        else
            prepare_finish(answer, FINISH_CHDIR, dir);
        answer->finish.mode = in_layer;
    }
    taken_release(view, &taken);
}

void call_fchdir(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int error = 0;
    bool in_layer = false;
    struct directory *dir = walk_start(view, caller, (int)call->args[0], &in_layer, &error);
    if (dir != NULL && !dir->proc)
        error = dir->dead ? may_search(view, caller, dir) : may_access_dir(view, caller, dir, 1);
    if (dir != NULL && error < 0) {
        directory_release(view, dir);
        answer_result(answer, error);
        return;
    }
    answer_continue(answer);
    /* Not a directory, or a removed one: the kernel says which, and nothing changes for the view. */
    if (dir != NULL)
        prepare_finish(answer, FINISH_CHDIR, dir);
    answer->finish.mode = in_layer;
}

void call_chroot(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    int error = 0;
    if (!take_path(view, caller, call, 0, WALK_FOLLOW | WALK_LOOK, &taken, answer))
        return;
    struct directory *dir = searchable(view, caller, &taken, &error);
    if (dir != NULL && view->reads_pass) {
        refuse_notice(view, caller, "%s: chroot needs a layer; this policy has none", taken.path);
        directory_release(view, dir);
        dir = NULL;
        error = -EPERM;
    }
    if (dir != NULL && (caller->cred->capabilities & CAPABILITY(CAP_SYS_CHROOT)) == 0) {
        directory_release(view, dir);
        dir = NULL;
        error = -EPERM;
    }
    if (dir != NULL) {
        /* Only the view's root changes; the kernel's stays, so that rewritten paths keep their meaning. */
        directory_release(view, caller->fs->root);
        caller->fs->root = dir;
    }
    answer_result(answer, dir == NULL ? error : 0);
    taken_release(view, &taken);
}

void call_getcwd(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    static const char unreachable[] = "(unreachable)"; /* outside of the caller's root: fs/d_path.c */
    char path[PATH_MAX + sizeof unreachable];
    const struct directory *cwd = caller->fs->cwd;
    (void)view;
    if (cwd->dead) {
        answer_result(answer, -ENOENT);
        return;
    }
    int error = directory_path(cwd, path);
    if (error == 0 && directory_is_below(cwd, caller->fs->root)) {
        shown_to(caller->fs, path);
    } else if (error == 0) {
        memmove(path + strlen(unreachable), path, strlen(path) + 1);
        memcpy(path, unreachable, strlen(unreachable));
    }
    if (error < 0)
        answer_result(answer, error);
    else if (call->args[1] < strlen(path) + 1)
        answer_result(answer, -ERANGE);
    else
        answer_bytes(caller, answer, call->args[0], path, strlen(path) + 1, (int64_t)strlen(path) + 1);
}

void call_umask(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    (void)view;
    /* The kernel's copy must change too: files in the layer are made by the caller's own calls. */
    caller->fs->umask = (mode_t)call->args[0] & 0777;
    answer_continue(answer);
}
