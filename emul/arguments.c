#include "emul/arguments.h"

#include "emul/control_file.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool path_follows(const struct path_argument *row, uint64_t flags)
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

/* Of name_to_handle_at(2): AT_HANDLE_MNT_ID_UNIQUE, AT_HANDLE_CONNECTABLE and AT_HANDLE_FID. */
#define HANDLE_FLAGS (0x001 | 0x002 | 0x200)
#define OBJECT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

/*
 * The AT_* flags that a call knows: any other is EINVAL before anything else is looked at. None here: the flags are
 * open's, or such as the handler itself looks at.
 */
static const uint32_t known_flags[HANDLER_COUNT] = {
    [HANDLER_STAT] = OBJECT_FLAGS | AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC,
    [HANDLER_ACCESS] = OBJECT_FLAGS | AT_EACCESS,
    [HANDLER_HANDLE] = AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | HANDLE_FLAGS,
    [HANDLER_LINK] = AT_SYMLINK_FOLLOW | AT_EMPTY_PATH,
    [HANDLER_CHMOD] = OBJECT_FLAGS,
    [HANDLER_CHOWN] = OBJECT_FLAGS,
    [HANDLER_UTIMENS] = OBJECT_FLAGS,
    [HANDLER_EXEC] = OBJECT_FLAGS,
    [HANDLER_GETXATTR] = OBJECT_FLAGS,
    [HANDLER_LISTXATTR] = OBJECT_FLAGS,
    [HANDLER_SETXATTR] = OBJECT_FLAGS,
    [HANDLER_REMOVEXATTR] = OBJECT_FLAGS,
};

/*
 * Whether a null path with AT_EMPTY_PATH is an empty one for this call: since Linux 6.11, where a stat or an extended
 * attribute is asked for.
 */
static bool null_is_empty(const struct call *call)
{
    static int known = -1;
    struct stat st;
    enum handler handler = call->row->handler;
    if (handler != HANDLER_STAT && handler != HANDLER_GETXATTR && handler != HANDLER_LISTXATTR &&
        handler != HANDLER_SETXATTR && handler != HANDLER_REMOVEXATTR)
        return false;
    if (known < 0)
        known = syscall(SYS_newfstatat, AT_FDCWD, NULL, &st, AT_EMPTY_PATH) == 0;
    return known > 0;
}

bool take_path(struct view *view, struct caller *caller, const struct call *call, int index, unsigned flags,
               struct taken *taken, struct answer *answer)
{
    const struct path_argument *row = &call->row->path[index];
    taken->argument = row->path;
    taken->dirfd = row->dirfd < 0 ? AT_FDCWD : (int)call->args[row->dirfd];
    taken->flags = row->flags < 0 ? 0 : (uint32_t)call->args[row->flags];
    taken->by_descriptor = false;
    uint32_t known = known_flags[call->row->handler];
    if (known != 0 && (taken->flags & ~(uint64_t)known) != 0) {
        answer_result(answer, -EINVAL);
        return false;
    }
    taken->walked.entry.dir = NULL;
    taken->walked.late = false;
    bool empty_allowed = row->follow != FOLLOW_BY_OPEN_FLAGS && row->dirfd >= 0 && (taken->flags & AT_EMPTY_PATH) != 0;
    ssize_t length = 0;
    if (call->args[row->path] == 0 && empty_allowed && null_is_empty(call))
        taken->path[0] = '\0';
    else
        length = read_path(caller, call->args[row->path], taken->path);
    if (length < 0) {
        if (length == -EPERM)
            refuse_notice(view, caller, "%s: its memory cannot be read", call->row->name);
        answer_result(answer, length);
        return false;
    }
    if (length == 0 && empty_allowed) {
        taken->by_descriptor = true;
        return true;
    }
    if (control_file_take(view, caller, call, row->path, taken->path, answer))
        return false;
    if ((flags & TAKE_DEFAULT) != 0 && path_follows(row, taken->flags))
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

/* Puts text before the path that begins at path + *at. */
static int prepend(char path[PATH_MAX], size_t *at, const char *text, size_t length)
{
    if (length + 1 > *at)
        return -ENAMETOOLONG;
    path[--*at] = '/';
    *at -= length;
    memcpy(path + *at, text, length);
    return 0;
}

/*
 * A path too long to be said from the root: said from where the caller really stands, up to the ancestor that both
 * have and down again.
 */
static int relative_path(struct view *view, struct caller *caller, const struct taken *taken, int tree,
                         char path[PATH_MAX])
{
    const struct entry *entry = &taken->walked.entry;
    int error = 0;
    size_t at = PATH_MAX - 1 - strlen(entry->name);
    struct directory *start = taken->dirfd == AT_FDCWD ? directory_hold(caller->fs->cwd)
                                                       : walk_descriptor(view, caller, taken->dirfd, &error);
    if (start == NULL)
        return error;
    const struct directory *common = start;
    while (!directory_is_below(entry->dir, common))
        common = common->parent;
    memcpy(path + at, entry->name, strlen(entry->name) + 1);
    for (const struct directory *dir = entry->dir; dir != common && error == 0; dir = dir->parent)
        error = prepend(path, &at, dir->key->name, dir->key_length - sizeof dir->key->parent);
    for (const struct directory *dir = start; dir != common && error == 0; dir = dir->parent)
        error = prepend(path, &at, "..", 2);
    bool apart = taken->dirfd == AT_FDCWD && caller->fs->cwd_apart;
    if (error == 0 && (apart || real_tree(view, start->trees) != tree))
        error = -ENAMETOOLONG;
    memmove(path, path + at, PATH_MAX - at);
    directory_release(view, start);
    return error;
}

int move_to_layer(struct view *view, struct caller *caller, struct walked *walked, int *tree)
{
    if (*tree != view->host || !host_is_closed(view, caller, &walked->entry))
        return 0;
    walked->pure = false;
    *tree = UPPER;
    return copy_up(view, &walked->entry, false);
}

void answer_at(struct view *view, struct caller *caller, const struct call *call, struct taken *taken, int tree,
               struct answer *answer)
{
    char path[PATH_MAX];
    struct walked *walked = &taken->walked;
    int error = move_to_layer(view, caller, walked, &tree);
    if (error != 0) {
        answer_result(answer, error);
        answer->kind = error > 0 ? ANSWER_WAIT : ANSWER_RESULT;
        answer->worker = error;
        return;
    }
    if (walked->pure && tree == view->host) {
        answer_continue(answer);
        return;
    }
    error = real_path(view, caller, walked->entry.dir, tree, walked->entry.name, path);
    if (error == -ENAMETOOLONG)
        error = relative_path(view, caller, taken, tree, path);
    if (error == 0 && walked->slash && strlen(path) + 2 <= sizeof path)
        memcpy(path + strlen(path), "/", 2);
    if (error < 0)
        answer_result(answer, error);
    else
        answer_path(caller, call, answer, taken->argument, path);
}

void answer_real(struct view *view, struct caller *caller, const struct call *call, struct taken *taken,
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
    /* One line for what a program does to each of its processes (chromium: oom_score_adj), not one for each. */
    const char *path = taken->walked.host_path;
    size_t prefix = strncmp(path, "/proc/", strlen("/proc/")) == 0 ? strlen("/proc/") : 0;
    size_t digits = prefix == 0 ? 0 : strspn(path + prefix, "0123456789");
    refuse_notice(view, caller, "%.*s%s%s: a file of the kernel; writing there is not allowed", (int)prefix, path,
                  digits > 0 ? "PID" : "", path + prefix + digits);
    answer_result(answer, -EACCES);
}
