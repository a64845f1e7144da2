/*
 * open, openat, openat2, creat.
 *
 * The caller's own call opens the file, where it really is: on the host when it is only read, in the layer when it
 * may be written. coffer prepares that place (copy-up) and rewrites the path.
 */
#include "emul/lock_known.h"
#include "emul/names.h"
#include "emul/open_finish.h"
#include "emul/open_grant.h"
#include "emul/opening.h"
#include "emul/proc_file.h"
#include "emul/rules.h"
#include "emul/shapes.h"
#include "policy/devices.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* openat2 gets its struct where nobody can change it. */
static void answer_how(struct caller *caller, const struct open_how *how, struct answer *answer)
{
    uint64_t address;
    int error = caller->ops->place(caller->context, how, sizeof *how, &address);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    answer->args[2] = address;
    answer->args[3] = sizeof *how;
}

/* The call goes on with other flags (and for openat2 with the struct where no one can change it). */
static void answer_flags(struct caller *caller, const struct call *call, const struct opening *opening,
                         struct answer *answer, int flags)
{
    if (answer->kind != ANSWER_REWRITE)
        return;
    if (opening->flags_argument >= 0) {
        answer->args[opening->flags_argument] = (uint64_t)(unsigned)flags;
        return;
    }
    if (call->number != SYS_openat2)
        return;
    struct open_how how = {.flags = (uint64_t)(unsigned)flags,
                           .mode = (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0 ? opening->how.mode : 0};
    answer_how(caller, &how, answer);
}

/*
 * An open that the kernel may make as it stands: but another thread could change the name, or the flags of openat2,
 * before the kernel reads them again. An open that may write is made of what was judged.
 */
static void hold_arguments(struct caller *caller, const struct call *call, const struct opening *opening,
                           const struct taken *taken, bool change, struct answer *answer)
{
    if (answer->kind != ANSWER_CONTINUE || (!change && call->number != SYS_openat2))
        return;
    answer_path(caller, call, answer, taken->argument, taken->path);
    if (answer->kind != ANSWER_REWRITE || call->number != SYS_openat2)
        return;
    answer_how(caller, &opening->how, answer);
}

/*
 * The kernel is to open what `tree` has, or is to have, at the end of the walk: by the caller's own call if that can
 * come there, else by way of the supervisor. Nobody is granted what may keep the opener waiting.
 */
static void answer_open(struct view *view, struct caller *caller, const struct call *call,
                        const struct opening *opening, struct taken *taken, int tree, int flags, struct answer *answer)
{
    struct walked *walked = &taken->walked;
    const mode_t type = walked->entry.tree < 0 ? S_IFREG : walked->entry.st.st_mode & S_IFMT;
    /* The kernel takes no O_PATH descriptor from a listener. One of a directory that can be read as well is most of it.
     */
    bool grantable =
        caller->takes_grants && (type == S_IFDIR || ((type == S_IFREG || type == S_IFLNK) && (flags & O_PATH) == 0));
    /* A directory of the host may have another mode than the view's. */
    int error = grantable && type != S_IFDIR ? 0 : move_to_layer(view, caller, walked, &tree);
    if (error != 0) {
        answer_result(answer, error);
        answer->kind = error > 0 ? ANSWER_WAIT : ANSWER_RESULT;
        answer->worker = error;
        return;
    }
    bool needed = grantable && (tree != view->host || !walked->pure) &&
                  (path_is_closed(view, caller, walked->entry.dir) ||
                   (tree == view->host && host_is_closed(view, caller, &walked->entry)));
    needed = needed || (grantable && type == S_IFREG && !wants_write(flags) && lock_misses_file(view, &walked->entry));
    if (!needed) {
        answer_at(view, caller, call, taken, tree, answer);
        answer_flags(caller, call, opening, answer, flags);
        hold_arguments(caller, call, opening, taken, wants_write(flags), answer);
        /* Too long a path, or no place for it that the call could point to. */
        needed = grantable && answer->kind == ANSWER_RESULT &&
                 (answer->result == -ENAMETOOLONG || answer->result == -ENOMEM);
    }
    if (needed && type == S_IFLNK)
        answer_result(answer, -ELOOP);
    else if (needed)
        grant_prepare(view, caller, &walked->entry, tree, flags & (int)OPENING_FLAGS_KNOWN, opening->mode, answer);
}

/* What the view has at the end of the walk, which is no regular file that is opened to write. */
static void answer_open_real(struct view *view, struct caller *caller, const struct call *call,
                             const struct opening *opening, struct taken *taken, struct answer *answer)
{
    const struct walked *walked = &taken->walked;
    if (walked->kind == WALK_ENTRY && walked->looked && walked->entry.tree >= 0) {
        int tree = S_ISDIR(walked->entry.st.st_mode) ? real_tree(view, walked->entry.trees) : walked->entry.tree;
        answer_open(view, caller, call, opening, taken, tree, opening->flags, answer);
        return;
    }
    answer_real(view, caller, call, taken, answer);
    answer_flags(caller, call, opening, answer, opening->flags);
}

/* Creates over a whiteout, say: an empty file takes its place, the caller's open finds it. */
static int create_apart(struct view *view, struct caller *caller, const struct taken *taken,
                        const struct opening *opening, struct answer *answer)
{
    const struct entry *entry = &taken->walked.entry;
    const struct creation creation = {.mode = S_IFREG | (opening->mode & 07777), .link_from = -1};
    char temp[32];
    struct stat st;
    int work = view->layer->work_fd;
    int error = name_make_apart(view, caller, entry->dir, &creation, temp);
    cleanup_fd int fd = error < 0 ? error : sys_openat2(work, temp, O_PATH | O_NOFOLLOW, 0, SYS_BENEATH);
    if (fd < 0)
        error = fd;
    if (error == 0)
        error = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    /* A new file may be opened whatever its mode; one that is there only as the mode says. */
    int wanted = access_mask(opening->flags);
    bool opens = error == 0 && ((int)(st.st_mode >> 6) & wanted) == wanted;
    /* creat() has no flags that could be taken from it: it truncates, which takes set-id bits away. */
    bool truncates = opening->flags_argument < 0 && opening->how.flags == 0;
    if (truncates && error == 0 && (st.st_mode & (S_ISUID | S_ISGID)) != 0)
        opens = false;
    if (error == 0 && !opens)
        error = sys_fchmod(fd, (st.st_mode & 07777) | 0600);
    if (error == 0)
        error = sys_renameat2(work, temp, directory_fd(view, entry->dir, UPPER), entry->name, 0);
    if (error < 0) {
        (void)sys_unlinkat(work, temp, 0);
        return error;
    }
    open_prepare(answer, opens ? FINISH_OPEN_MADE : FINISH_OPEN_MODE, entry, steal_fd(&fd));
    answer->finish.mode = st.st_mode & 07777;
    return 0;
}

/* What is written is lost, and nobody is told: "write ignore". */
static void open_ignored(struct caller *caller, const struct call *call, const struct opening *opening,
                         const struct taken *taken, struct answer *answer)
{
    answer_path(caller, call, answer, taken->argument, "/dev/null");
    answer_flags(caller, call, opening, answer, opening->flags & ~(O_CREAT | O_EXCL | O_TMPFILE | O_NOFOLLOW));
}

/*
 * What the rules say of a file that is to be written to. True where the answer has been given; else *home is the tree
 * that it is written in.
 */
static bool open_by_rules(struct view *view, struct caller *caller, const struct call *call,
                          const struct opening *opening, const struct taken *taken, int *home, struct answer *answer)
{
    const struct entry *entry = &taken->walked.entry;
    int go = rules_ask(view, caller, POLICY_WRITE, entry->dir, entry->name, taken->path);
    *home = rules_home(view, entry);
    if (go == RULES_GO)
        return false;
    if (go == RULES_IGNORE)
        open_ignored(caller, call, opening, taken, answer);
    else
        answer_result(answer, go);
    return true;
}

/* By the caller's own call, on the host: the policy says "write direct". */
static void open_direct(struct view *view, struct caller *caller, const struct call *call,
                        const struct opening *opening, struct taken *taken, struct answer *answer)
{
    view->changes++;
    answer_open(view, caller, call, opening, taken, view->host, opening->flags, answer);
}

static void open_new(struct view *view, struct caller *caller, const struct call *call, const struct opening *opening,
                     struct taken *taken, struct answer *answer)
{
    const struct entry *entry = &taken->walked.entry;
    int home = UPPER;
    int error = taken->walked.slash ? -EISDIR : may_create(view, caller, entry->dir);
    if (error == 0 && open_by_rules(view, caller, call, opening, taken, &home, answer))
        return;
    if (error == 0 && home != UPPER) {
        open_direct(view, caller, call, opening, taken, answer);
        return;
    }
    if (error == 0) {
        int fd = upper_directory(view, entry->dir);
        error = fd < 0 ? fd : 0;
    }
    int flags = opening->flags;
    view->changes++;
    struct directory_meta parent = {0};
    if (error == 0)
        error = directory_meta_get(view, entry->dir, &parent);
    if (error == 0 && (entry->whiteout || inherits_noted_group(&parent))) {
        error = create_apart(view, caller, taken, opening, answer);
        flags &= ~(O_CREAT | O_EXCL | O_TRUNC); /* it is made already, and truncating takes set-id bits away */
    }
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    answer_open(view, caller, call, opening, taken, UPPER, flags, answer);
}

/* A host device or FIFO is passed through by policy, never copied. */
static void open_special(struct view *view, struct caller *caller, const struct call *call,
                         const struct opening *opening, struct taken *taken, struct answer *answer)
{
    const struct stat *st = &taken->walked.entry.st;
    bool device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
    if (S_ISSOCK(st->st_mode)) {
        /* Not to be opened by anybody; but the right to is looked at first. */
        int error = may_access(view, caller, &taken->walked.entry, access_mask(opening->flags));
        answer_result(answer, error < 0 ? error : -ENXIO);
        return;
    }
    /* A layer is believed no more than a program: what devices it has lead to the machine as the host's do. */
    bool foreign =
        device ? !(S_ISCHR(st->st_mode) && device_may_write(st->st_rdev)) : taken->walked.entry.tree == view->host;
    bool direct = wants_write(opening->flags) && rules_home(view, &taken->walked.entry) != UPPER;
    if (wants_write(opening->flags) && foreign && !direct) {
        refuse_notice(view, caller, "%s: a %s; writing to it is not allowed", taken->path,
                      device ? "device" : "FIFO of the host");
        answer_result(answer, -EACCES);
        return;
    }
    answer_real(view, caller, call, taken, answer);
    answer_flags(caller, call, opening, answer, opening->flags);
}

static void open_for_write(struct view *view, struct caller *caller, const struct call *call,
                           const struct opening *opening, struct taken *taken, struct answer *answer)
{
    struct entry *entry = &taken->walked.entry;
    bool empty = (opening->flags & O_TRUNC) != 0;
    bool emptied = empty && entry->tree != UPPER;
    int home = UPPER;
    int error = may_access(view, caller, entry, access_mask(opening->flags));
    if (error == 0 && open_by_rules(view, caller, call, opening, taken, &home, answer))
        return;
    if (error == 0 && home != UPPER) {
        open_direct(view, caller, call, opening, taken, answer);
        return;
    }
    if (error == 0 && (opening->flags & (O_APPEND | O_TRUNC)) != O_APPEND && fixed_attributes(view, entry) != 0)
        error = -EPERM;
    if (error == 0 && opening->small && entry->st.st_size > SHAPE_SMALL_FILE_MAX)
        error = -EOVERFLOW;
    if (error == 0)
        error = text_busy(view, entry);
    if (error == 0)
        error = copy_up(view, entry, empty);
    if (error > 0) {
        answer->kind = ANSWER_WAIT;
        answer->worker = error;
        return;
    }
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    answer_open(view, caller, call, opening, taken, UPPER, opening->flags, answer);
    open_prepare(answer, emptied ? FINISH_OPEN_EMPTIED : FINISH_OPEN, entry,
                 emptied ? upper_open_path(view, entry) : -1);
    if (answer->kind == ANSWER_RESULT)
        open_finish(view, answer, answer->result);
}

/* O_TMPFILE: a nameless file in the layer's directory. */
static void open_temporary(struct view *view, struct caller *caller, const struct call *call,
                           const struct opening *opening, struct taken *taken, struct answer *answer)
{
    int error = 0, home = UPPER;
    struct directory *dir = entry_directory(view, &taken->walked.entry, &error);
    if (dir != NULL && (error = may_create(view, caller, dir)) == 0) {
        if (open_by_rules(view, caller, call, opening, taken, &home, answer) || home != UPPER) {
            directory_release(view, dir);
            if (home != UPPER)
                open_direct(view, caller, call, opening, taken, answer);
            return;
        }
        int fd = upper_directory(view, dir);
        error = fd < 0 ? fd : 0;
    }
    if (dir != NULL)
        directory_release(view, dir);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    answer_open(view, caller, call, opening, taken, UPPER, opening->flags, answer);
}

static void open_found(struct view *view, struct caller *caller, const struct call *call, const struct opening *opening,
                       struct taken *taken, struct answer *answer)
{
    const struct entry *entry = &taken->walked.entry;
    mode_t type = entry->st.st_mode & S_IFMT;
    int flags = opening->flags;
    bool named_only = (flags & O_PATH) != 0;
    int error = 0;
    if (!named_only && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        answer_result(answer, -EEXIST);
    else if (!named_only && type == S_IFDIR && (flags & O_TMPFILE) == O_TMPFILE && wants_write(flags))
        open_temporary(view, caller, call, opening, taken, answer);
    else if (!named_only && type == S_IFDIR && (wants_write(flags) || (flags & O_CREAT) != 0))
        answer_result(answer, -EISDIR);
    else if (type != S_IFDIR && (taken->walked.slash || (flags & O_DIRECTORY) != 0))
        answer_result(answer, -ENOTDIR);
    else if (!named_only && (flags & O_CREAT) != 0 && (error = may_open_again(view, caller, entry)) < 0)
        answer_result(answer, error);
    else if (!named_only && type != S_IFREG && type != S_IFDIR && type != S_IFLNK)
        open_special(view, caller, call, opening, taken, answer);
    else if (!named_only && type == S_IFREG && wants_write(flags))
        open_for_write(view, caller, call, opening, taken, answer);
    else if (type == S_IFDIR && !named_only && entry->tree != view->host &&
             (error = may_access(view, caller, entry, access_mask(flags))) < 0)
        answer_result(answer, error); /* the host's directory, which is opened, may have another mode */
    else {
        answer_open_real(view, caller, call, opening, taken, answer);
        if ((answer->kind == ANSWER_REWRITE || answer->kind == ANSWER_GRANT) && entry->tree == UPPER && type == S_IFREG)
            open_prepare(answer, FINISH_OPEN, entry, -1);
    }
}

/*
 * Whether what lies behind a path in /proc may be opened for writing: a pipe or a socket, a file without a name, a
 * device that keeps nothing, or a file of the layer; never the kernel's own files, nor the host's by way of a
 * descriptor or a mapping.
 */
static bool raw_may_write(struct view *view, const char *host_path)
{
    struct stat st;
    char text[PATH_MAX];
    if (sys_fstatat(AT_FDCWD, host_path, &st, 0) < 0 || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
        return true; /* the kernel says why not */
    if (S_ISCHR(st.st_mode))
        return device_may_write(st.st_rdev);
    ssize_t length = sys_readlinkat(AT_FDCWD, host_path, text, sizeof text - 1);
    if (length < 0)
        return false;
    text[length] = '\0';
    if (text[0] != '/')
        return !S_ISBLK(st.st_mode);
    if (strncmp(text, "/memfd:", 7) == 0 && st.st_nlink == 0)
        return true;
    size_t prefix = strlen(view->trees[UPPER].prefix);
    if (strncmp(text, view->trees[UPPER].prefix, prefix) == 0 && text[prefix] == '/')
        return true;
    /* A file of a directory that is written to directly, which has lost its name or never had one (O_TMPFILE). */
    static const char gone[] = " (deleted)";
    if (length < (ssize_t)sizeof gone || strcmp(text + length - (sizeof gone - 1), gone) != 0)
        return false;
    text[(size_t)length - (sizeof gone - 1)] = '\0';
    return rules_direct_path(view, text);
}

static void open_raw(struct view *view, struct caller *caller, const struct call *call, const struct opening *opening,
                     struct taken *taken, struct answer *answer)
{
    bool write = wants_write(opening->flags) && (opening->flags & O_PATH) == 0;
    const char *path = taken->walked.host_path;
    int go =
        path[0] == '\0' || (opening->flags & O_PATH) != 0 ? RULES_GO : rules_ask_link(view, caller, POLICY_READ, path);
    if (go < 0) {
        answer_result(answer, go);
        return;
    }
    if (write && path[0] != '\0' && !raw_may_write(view, path) && !rules_direct_path(view, path)) {
        answer_raw_change(view, caller, taken, answer);
        return;
    }
    bool read = !write && (opening->flags & (O_PATH | O_DIRECTORY)) == 0;
    if (read && proc_file_open(view, caller, call, taken, opening->flags, answer)) {
        answer_flags(caller, call, opening, answer, opening->flags);
        return;
    }
    answer_real(view, caller, call, taken, answer);
    answer_flags(caller, call, opening, answer, opening->flags);
}

void call_open(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct opening opening;
    struct taken taken;
    int error = opening_read(caller, call, &opening);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    int flags = opening.flags;
    bool change = (flags & O_PATH) == 0 && (wants_write(flags) || (flags & O_CREAT) != 0);
    bool exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    unsigned walk_flags = opening.walk | (change ? WALK_LOOK | TAKE_CHANGE : 0) | (exclusive ? WALK_PARENT : 0);
    if (change && (flags & O_CREAT) != 0)
        walk_flags |= WALK_FILE;
    if ((flags & O_NOFOLLOW) == 0 && !exclusive)
        walk_flags |= WALK_FOLLOW;
    if (!take_path(view, caller, call, 0, walk_flags, &taken, answer)) {
        hold_arguments(caller, call, &opening, &taken, change, answer);
        return;
    }
    const struct walked *walked = &taken.walked;
    if (walked->kind == WALK_ENTRY && !walked->looked &&
        lock_misses_name(view, walked->entry.dir, walked->entry.name)) {
        taken_release(view, &taken);
        if (!take_path(view, caller, call, 0, walk_flags | WALK_LOOK, &taken, answer)) {
            hold_arguments(caller, call, &opening, &taken, change, answer);
            return;
        }
    }
    int go = RULES_GO;
    bool reads = (flags & (O_PATH | O_ACCMODE)) == O_RDONLY || (flags & (O_PATH | O_ACCMODE)) == O_RDWR;
    if (walked->kind == WALK_ENTRY && reads && (!walked->looked || walked->entry.tree >= 0))
        go = rules_ask(view, caller, POLICY_READ, walked->entry.dir, walked->entry.name, taken.path);
    if (go < 0)
        answer_result(answer, go);
    else if (walked->kind == WALK_RAW)
        open_raw(view, caller, call, &opening, &taken, answer);
    else if (!walked->looked)
        answer_continue(answer);
    else if (walked->entry.tree >= 0)
        open_found(view, caller, call, &opening, &taken, answer);
    else if (change && (flags & O_CREAT) != 0)
        open_new(view, caller, call, &opening, &taken, answer);
    else
        answer_result(answer, -ENOENT);
    hold_arguments(caller, call, &opening, &taken, change, answer);
    taken_release(view, &taken);
}
