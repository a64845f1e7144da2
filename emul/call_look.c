/*
 * Calls that only look: access, readlink, statfs, name_to_handle_at. For stat and its like see call_stat.c.
 */
#include "emul/arguments.h"
#include "emul/cleanup.h"
#include "emul/rules.h"
#include "emul/shapes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* With AT_EMPTY_PATH: of a directory, the view may know better than the kernel. */
static void access_descriptor(struct view *view, struct caller *caller, int dirfd, int mode, struct answer *answer)
{
    int error = 0;
    struct directory *dir =
        dirfd == AT_FDCWD ? directory_hold(caller->fs->cwd) : walk_descriptor(view, caller, dirfd, &error);
    answer_continue(answer);
    if (dir != NULL && !dir->proc && !dir->dead && dir->trees != 1u << view->host)
        answer_result(answer, mode == F_OK ? 0 : may_access_dir(view, caller, dir, mode));
    directory_release(view, dir);
}

/* What opening, changing or executing it would be told: only those are reported. */
static bool rules_refuse_access(struct view *view, const struct entry *entry, int mode)
{
    return ((mode & R_OK) != 0 && rules_denies(view, POLICY_READ, entry->dir, entry->name)) ||
           ((mode & W_OK) != 0 && rules_denies(view, POLICY_WRITE, entry->dir, entry->name)) ||
           ((mode & X_OK) != 0 && S_ISREG(entry->st.st_mode) &&
            rules_denies(view, POLICY_EXEC, entry->dir, entry->name));
}

/* access(2) asks for the real identity, unless AT_EACCESS: on the way as well. */
void call_access(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    struct caller asked = *caller;
    struct credentials real;
    int mode_argument = call->row->path[0].path + 1;
    int mode = (int)call->args[mode_argument];
    if ((mode & ~7) != 0) {
        answer_result(answer, -EINVAL);
        return;
    }
    bool has_flags = call->row->path[0].flags >= 0;
    if (!has_flags || (call->args[call->row->path[0].flags] & AT_EACCESS) == 0) {
        real = identity_real(caller->cred);
        asked.cred = &real;
    }
    unsigned look = mode != F_OK && rules_deny_somewhere(view) ? WALK_LOOK : 0;
    if (!take_path(view, &asked, call, 0, TAKE_DEFAULT | look, &taken, answer))
        return;
    const struct walked *walked = &taken.walked;
    const struct entry *entry = &walked->entry;
    bool known = !taken.by_descriptor && walked->kind == WALK_ENTRY && walked->looked && entry->tree >= 0;
    bool merged = known && entry->tree != view->host;
    if (taken.by_descriptor)
        access_descriptor(view, &asked, taken.dirfd, mode, answer);
    else if (known && look != 0 && rules_refuse_access(view, entry, mode))
        answer_result(answer, -EACCES);
    else if (walked->pure && !merged)
        answer_continue(answer);
    else if (walked->kind == WALK_RAW)
        answer_real(view, caller, call, &taken, answer);
    else if (entry->tree < 0)
        answer_result(answer, -ENOENT);
    else if (walked->slash && !S_ISDIR(entry->st.st_mode))
        answer_result(answer, -ENOTDIR);
    else
        answer_result(answer, mode == F_OK ? 0 : may_access(view, &asked, entry, mode));
    taken_release(view, &taken);
}

static void answer_text(struct caller *caller, const struct call *call, struct answer *answer, int buffer,
                        const char *text, size_t length)
{
    int64_t size = (int)call->args[buffer + 1];
    if (size <= 0) {
        answer_result(answer, -EINVAL);
        return;
    }
    if ((int64_t)length > size)
        length = (size_t)size;
    answer_bytes(caller, answer, call->args[buffer], text, length, (int64_t)length);
}

/* A link in /proc: the kernel's text, but host paths of the layer as the view says them. */
static void answer_proc_link(struct view *view, struct caller *caller, const struct call *call, struct taken *taken,
                             struct answer *answer)
{
    char text[PATH_MAX];
    char *host_path = taken->walked.host_path;
    ssize_t length;
    if (strcmp(host_path, "/proc/self") == 0 || strcmp(host_path, "/proc/thread-self") == 0)
        length = snprintf(text, sizeof text, host_path[6] == 's' ? "%d" : "%d/task/%d", caller->tgid, caller->tid);
    else
        length = proc_link(view, caller, host_path, text);
    if (length > 0 && text[0] == '/') {
        shown_to(caller->fs, text);
        length = (ssize_t)strlen(text);
    }
    if (length < 0)
        answer_result(answer, length);
    else
        answer_text(caller, call, answer, taken->argument + 1, text, (size_t)length);
}

void call_readlink(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    char text[PATH_MAX];
    struct taken taken;
    if ((int)call->args[call->row->path[0].path + 2] <= 0) {
        answer_result(answer, -EINVAL);
        return;
    }
    if (!take_path(view, caller, call, 0, TAKE_DEFAULT, &taken, answer))
        return;
    const struct walked *walked = &taken.walked;
    const struct entry *entry = &walked->entry;
    if (walked->kind == WALK_RAW && walked->host_path[0] != '\0')
        answer_proc_link(view, caller, call, &taken, answer);
    else if (walked->pure || walked->kind == WALK_RAW)
        answer_continue(answer);
    else if (entry->tree < 0)
        answer_result(answer, -ENOENT);
    else if (!S_ISLNK(entry->st.st_mode))
        answer_result(answer, walked->slash && !S_ISDIR(entry->st.st_mode) ? -ENOTDIR : -EINVAL);
    else {
        int fd = directory_fd(view, entry->dir, entry->tree);
        ssize_t length = fd < 0 ? fd : sys_readlinkat(fd, entry->name, text, sizeof text);
        if (length < 0)
            answer_result(answer, length);
        else
            answer_text(caller, call, answer, taken.argument + 1, text, (size_t)length);
    }
    taken_release(view, &taken);
}

void call_statfs(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    if (call->shape == SHAPE_32_STATFS64 && call->args[1] != SHAPE_STATFS64_SIZE) {
        answer_result(answer, -EINVAL);
        return;
    }
    if (!take_path(view, caller, call, 0, TAKE_DEFAULT, &taken, answer))
        return;
    answer_real(view, caller, call, &taken, answer);
    taken_release(view, &taken);
}

/*
 * There are no handles in a view: one would name the host's object, or the layer's, past the view. A path that leads
 * nowhere is told of first, as on a file system that has none.
 */
void call_handle(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    if (!take_path(view, caller, call, 0, TAKE_DEFAULT | WALK_LOOK, &taken, answer)) {
        /* The kernel says what is wrong only where nobody can have mended it meanwhile. */
        if (answer->kind == ANSWER_CONTINUE)
            answer_result(answer, taken.walked.error);
        return;
    }
    const struct walked *walked = &taken.walked;
    int error = -EOPNOTSUPP;
    if (taken.by_descriptor && taken.dirfd != AT_FDCWD) {
        cleanup_fd int fd = caller->ops->dup_fd(caller->context, taken.dirfd);
        error = fd < 0 ? fd : error;
    } else if (!taken.by_descriptor && walked->kind == WALK_RAW && walked->host_path[0] != '\0') {
        int found = sys_faccessat(AT_FDCWD, walked->host_path, F_OK, AT_SYMLINK_NOFOLLOW);
        error = found < 0 ? found : error;
    } else if (!taken.by_descriptor && walked->kind == WALK_ENTRY) {
        if (walked->entry.tree < 0)
            error = -ENOENT;
        else if (walked->slash && !S_ISDIR(walked->entry.st.st_mode))
            error = -ENOTDIR;
    }
    answer_result(answer, error);
    taken_release(view, &taken);
}
