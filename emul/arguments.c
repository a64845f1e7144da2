#include "emul/arguments.h"

#include <errno.h>
#include <string.h>

/* Whether the row's rule, with the flags of this call, follows a link at the end of the path. */
static bool follows(const struct path_argument *row, uint64_t flags)
{
    switch ((enum follow)row->follow) {
    case FOLLOW_ALWAYS:
        return true;
    case FOLLOW_NEVER:
        return false;
    case FOLLOW_UNLESS_NOFOLLOW:
        return (flags & AT_SYMLINK_NOFOLLOW) == 0;
    case FOLLOW_IF_FOLLOW:
        return (flags & AT_SYMLINK_FOLLOW) != 0;
    case FOLLOW_BY_OPEN_FLAGS:
        return (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    }
    return true;
}

bool take_path(struct view *view, struct caller *caller, const struct call *call, int index, unsigned flags,
               struct taken *taken, struct answer *answer)
{
    const struct path_argument *row = &call->row->path[index];
    taken->argument = row->path;
    taken->dirfd = row->dirfd < 0 ? AT_FDCWD : (int)call->args[row->dirfd];
    taken->flags = row->flags < 0 ? 0 : (uint32_t)call->args[row->flags];
    taken->by_descriptor = false;
    taken->walked.entry.dir = NULL;
    ssize_t length = read_path(caller, call->args[row->path], taken->path);
    if (length < 0) {
        if (length == -EPERM)
            refuse_notice(view, caller, "%s: its memory cannot be read", call->row->name);
        answer_result(answer, length);
        return false;
    }
    bool at_flags = row->follow != FOLLOW_BY_OPEN_FLAGS;
    if (length == 0 && at_flags && row->dirfd >= 0 && (taken->flags & AT_EMPTY_PATH) != 0) {
        taken->by_descriptor = true;
        return true;
    }
    if ((flags & TAKE_DEFAULT) != 0 && follows(row, taken->flags))
        flags |= WALK_FOLLOW;
    walk(view, caller, taken->dirfd, taken->path, flags & 0xffffu, &taken->walked);
    if (taken->walked.kind != WALK_ERROR)
        return true;
    if (taken->walked.pure && (flags & TAKE_CHANGE) == 0)
        answer_continue(answer);
    else
        answer_result(answer, taken->walked.error);
    return false;
}

void taken_release(struct view *view, struct taken *taken)
{
    walked_release(view, &taken->walked);
}

void answer_at(struct view *view, struct caller *caller, const struct call *call, const struct taken *taken, int tree,
               struct answer *answer)
{
    char path[PATH_MAX];
    const struct walked *walked = &taken->walked;
    if (walked->pure && tree == view->host) {
        answer_continue(answer);
        return;
    }
    int error = real_path(view, caller, walked->entry.dir, tree, walked->entry.name, path);
    if (error == 0 && walked->slash && strlen(path) + 2 <= sizeof path)
        memcpy(path + strlen(path), "/", 2);
    if (error < 0)
        answer_result(answer, error);
    else
        answer_path(caller, call, answer, taken->argument, path);
}

void answer_real(struct view *view, struct caller *caller, const struct call *call, const struct taken *taken,
                 struct answer *answer)
{
    const struct walked *walked = &taken->walked;
    if (walked->kind == WALK_RAW) {
        if (walked->pure || walked->host_path[0] == '\0')
            answer_continue(answer);
        else
            answer_path(caller, call, answer, taken->argument, walked->host_path);
        return;
    }
    if (!walked->looked)
        answer_continue(answer);
    else if (walked->entry.tree < 0)
        answer_result(answer, -ENOENT);
    else
        answer_at(view, caller, call, taken,
                  S_ISDIR(walked->entry.st.st_mode) ? real_tree(view, walked->entry.trees) : walked->entry.tree,
                  answer);
}

void answer_raw_change(struct view *view, struct caller *caller, const struct taken *taken, struct answer *answer)
{
    refuse_notice(view, caller, "%s: a file of the kernel; writing there is not allowed", taken->walked.host_path);
    answer_result(answer, -EACCES);
}
