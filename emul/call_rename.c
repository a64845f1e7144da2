/*
 * rename, renameat, renameat2.
 *
 * The source is made complete in the upper tree first (a directory with all its contents, and opaque); then one
 * renameat2() there does it, which leaves a whiteout behind when a lower tree has the old name.
 */
#include "emul/names.h"
#include "emul/rules.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

struct renaming {
    struct taken from, to;
    unsigned flags;
};

static bool is_directory(const struct entry *entry)
{
    return entry->tree >= 0 && S_ISDIR(entry->st.st_mode);
}

/* The checks of types, in the kernel's order (may_delete() and vfs_rename() in fs/namei.c). */
static int check_types(const struct renaming *r)
{
    const struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    bool exchange = (r->flags & RENAME_EXCHANGE) != 0;
    if (from->tree < 0)
        return -ENOENT;
    if (to->tree >= 0 && (r->flags & RENAME_NOREPLACE) != 0)
        return -EEXIST;
    if (exchange && to->tree < 0)
        return -ENOENT;
    if (!is_directory(from) && (r->from.walked.slash || (!exchange && r->to.walked.slash)))
        return -ENOTDIR;
    if (exchange && !is_directory(to) && r->to.walked.slash)
        return -ENOTDIR;
    return 0;
}

static int check_replaced(const struct renaming *r)
{
    const struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    if (to->tree < 0 || (r->flags & RENAME_EXCHANGE) != 0)
        return 0;
    if (is_directory(from) && !is_directory(to))
        return -ENOTDIR;
    if (!is_directory(from) && is_directory(to))
        return -EISDIR;
    return 0;
}

/* A directory does not go below itself, nor something in place of an ancestor of itself. */
static int check_loops(struct view *view, const struct renaming *r)
{
    const struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    int error = 0;
    if (is_directory(from)) {
        struct directory *dir = entry_directory(view, from, &error);
        if (dir != NULL) {
            error = directory_is_below(to->dir, dir) ? -EINVAL : 0;
            directory_release(view, dir);
        }
    }
    if (error == 0 && is_directory(to)) {
        struct directory *dir = entry_directory(view, to, &error);
        if (dir != NULL) {
            bool below = directory_is_below(from->dir, dir);
            error = below ? ((r->flags & RENAME_EXCHANGE) != 0 ? -EINVAL : -ENOTEMPTY) : 0;
            directory_release(view, dir);
        }
    }
    return error;
}

static int check_permission(struct view *view, const struct caller *caller, const struct renaming *r)
{
    const struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    int error = may_remove(view, caller, from);
    if (error == 0)
        error = to->tree >= 0 ? may_remove(view, caller, to) : may_create(view, caller, to->dir);
    if (error == 0)
        error = check_replaced(r);
    /* A directory that moves gets another "..": it must be writable itself. */
    if (error == 0 && from->dir != to->dir && is_directory(from))
        error = may_access(view, caller, from, 2);
    if (error == 0 && from->dir != to->dir && is_directory(to) && (r->flags & RENAME_EXCHANGE) != 0)
        error = may_access(view, caller, to, 2);
    if (error == 0 && (is_mount_point(view, from) || (to->tree >= 0 && is_mount_point(view, to))))
        error = -EBUSY;
    return error;
}

/* Makes an entry complete in the upper tree. 0, -errno, or a worker's pid. */
static int complete(struct view *view, struct entry *entry)
{
    if (is_directory(entry))
        return copy_up_tree(view, entry);
    if (entry->tree != UPPER && (S_ISCHR(entry->st.st_mode) || S_ISBLK(entry->st.st_mode)))
        return -EXDEV; /* a device of the host is never copied */
    return copy_up(view, entry, false);
}

static int make_opaque(struct view *view, const struct entry *entry)
{
    cleanup_fd int fd = upper_open_path(view, entry);
    return fd < 0 ? fd : upper_hide_lower(fd);
}

/* A directory that comes to stand where a lower tree has a name must hide it. */
static int make_opaque_for(struct view *view, const struct entry *entry, const struct entry *place)
{
    int has = is_directory(entry) ? lookup_lower_has(view, place->dir, place->name) : 0;
    return has == 1 ? make_opaque(view, entry) : has;
}

/*
 * A directory that is replaced is empty in the view, but in the upper tree its whiteouts would be in the kernel's way.
 * The view is the same at each step.
 */
static int clear_replaced(struct view *view, const struct entry *entry)
{
    if ((entry->trees & (1u << UPPER)) == 0)
        return 0;
    cleanup_fd int fd = upper_open_path(view, entry);
    int error = fd < 0 ? fd : entry->trees == 1u << UPPER ? 0 : upper_hide_lower(fd);
    if (error == 0)
        upper_drop_whiteouts(fd, ".");
    return error;
}

/* Descriptors that are open on the host's directory find it at its new name from now on. */
static void note_moved(struct view *view, const char *old_path, const struct entry *to)
{
    struct entry now;
    int error = 0;
    if (old_path[0] == '\0' || lookup(view, to->dir, to->name, &now) < 0)
        return;
    struct directory *dir = entry_directory(view, &now, &error);
    if (dir != NULL) {
        view_note_moved(view, old_path, dir);
        directory_release(view, dir);
    }
    entry_release(view, &now);
}

/* The path of a directory that the host has, "" for anything else. */
static void host_directory_path(struct view *view, const struct entry *entry, char path[PATH_MAX])
{
    int error = 0;
    path[0] = '\0';
    if (!is_directory(entry))
        return;
    struct directory *dir = entry_directory(view, entry, &error);
    if (dir == NULL)
        return;
    int fd = (entry->dir->trees & (1u << view->host)) != 0 ? directory_fd(view, entry->dir, view->host) : -ENOENT;
    struct stat host;
    if (fd < 0 || sys_fstatat(fd, entry->name, &host, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(host.st_mode) ||
        directory_path(dir, path) < 0)
        path[0] = '\0';
    directory_release(view, dir);
}

static int exchange(struct view *view, struct renaming *r)
{
    struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    char from_path[PATH_MAX], to_path[PATH_MAX];
    host_directory_path(view, from, from_path);
    host_directory_path(view, to, to_path);
    int error = complete(view, from);
    if (error == 0)
        error = complete(view, to);
    if (error == 0)
        error = make_opaque_for(view, from, to);
    if (error == 0)
        error = make_opaque_for(view, to, from);
    if (error != 0)
        return error;
    error = sys_renameat2(directory_fd(view, from->dir, UPPER), from->name, directory_fd(view, to->dir, UPPER),
                          to->name, RENAME_EXCHANGE);
    if (error == 0) {
        directory_exchanged(view, from->dir, from->name, to->dir, to->name, UPPER);
        note_moved(view, from_path, to);
        note_moved(view, to_path, from);
        copies_named(view, &from->st, to->dir, to->name);
        copies_named(view, &to->st, from->dir, from->name);
    }
    return error;
}

/* A directory onto a whiteout: they trade places, and the whiteout stays or goes. */
static int move_onto_whiteout(struct view *view, const struct entry *from, const struct entry *to, bool leave_whiteout)
{
    int from_fd = directory_fd(view, from->dir, UPPER);
    int error = sys_renameat2(from_fd, from->name, directory_fd(view, to->dir, UPPER), to->name, RENAME_EXCHANGE);
    if (error == 0 && !leave_whiteout)
        (void)sys_unlinkat(from_fd, from->name, 0); /* it hides nothing */
    return error;
}

static int move(struct view *view, struct renaming *r)
{
    struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    bool directory = is_directory(from);
    char from_path[PATH_MAX];
    host_directory_path(view, from, from_path);
    int to_fd = upper_directory(view, to->dir);
    int error = to_fd < 0 ? to_fd : to->tree == UPPER || to->whiteout ? 0 : upper_note_base(view, to->dir, to->name);
    int leave_whiteout = lookup_lower_has(view, from->dir, from->name);
    if (error == 0 && leave_whiteout < 0)
        error = leave_whiteout;
    if (error == 0 && directory && is_directory(to))
        error = clear_replaced(view, to);
    if (error == 0)
        error = make_opaque_for(view, from, to);
    if (error < 0)
        return error;
    if (directory && to->whiteout)
        error = move_onto_whiteout(view, from, to, leave_whiteout == 1);
    else
        error = sys_renameat2(directory_fd(view, from->dir, UPPER), from->name, directory_fd(view, to->dir, UPPER),
                              to->name, leave_whiteout ? RENAME_WHITEOUT : 0);
    if (error == 0 && directory) {
        if (is_directory(to))
            directory_forget(view, to->dir, to->name);
        directory_moved(view, from->dir, from->name, to->dir, to->name, UPPER);
        note_moved(view, from_path, to);
    } else if (error == 0) {
        copies_gone(view, to);
        origins_gone(view, to);
        copies_named(view, &from->st, to->dir, to->name);
    }
    return error;
}

/* Two names of one file: rename(2) does nothing. */
static bool same_object(const struct entry *from, const struct entry *to)
{
    if (from->dir == to->dir && strcmp(from->name, to->name) == 0)
        return true;
    return to->tree >= 0 && from->tree == to->tree && !is_directory(from) && from->st.st_dev == to->st.st_dev &&
           from->st.st_ino == to->st.st_ino;
}

static bool is_layers_file(const struct entry *entry)
{
    return entry->tree == UPPER && S_ISREG(entry->st.st_mode);
}

static int check_ends(const struct renaming *r, bool from, bool to)
{
    bool no_replace = (r->flags & RENAME_NOREPLACE) != 0;
    if (from && r->from.walked.last != LAST_NAME)
        return -EBUSY;
    if (to && r->to.walked.last != LAST_NAME)
        return no_replace ? -EEXIST : -EBUSY;
    return 0;
}

/* Both names are the host's own to change: the kernel renames there what this supervisor holds the directories of. */
static int move_on_host(struct view *view, const struct caller *caller, struct renaming *r)
{
    const struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    int from_fd = directory_fd(view, from->dir, view->host), to_fd = directory_fd(view, to->dir, view->host);
    if (from_fd < 0 || to_fd < 0)
        return from_fd < 0 ? from_fd : to_fd;
    identity_enter(view, caller->cred);
    int error = sys_renameat2(from_fd, from->name, to_fd, to->name, r->flags);
    identity_leave(view);
    if (error < 0)
        return error;
    if ((r->flags & RENAME_EXCHANGE) != 0) {
        directory_exchanged(view, from->dir, from->name, to->dir, to->name, view->host);
    } else {
        if (is_directory(to))
            directory_forget(view, to->dir, to->name);
        if (is_directory(from))
            directory_moved(view, from->dir, from->name, to->dir, to->name, view->host);
    }
    return 0;
}

/* Whether a directory that would move has rules of its own below it, which its content must not escape. */
static bool has_rules(struct view *view, const struct entry *entry)
{
    int error = 0;
    struct directory *dir = is_directory(entry) ? entry_directory(view, entry, &error) : NULL;
    bool mixed = dir != NULL && rules_mixed(view, dir);
    directory_release(view, dir);
    return mixed;
}

/*
 * What rules say of a rename: both names are changed, and what moves may be read. Nothing goes from the layer to the
 * host's own directories or back by a rename: EXDEV, at which programs copy.
 */
static int ask_rules(struct view *view, const struct caller *caller, struct renaming *r)
{
    const struct entry *from = &r->from.walked.entry, *to = &r->to.walked.entry;
    if (view->policy == NULL)
        return RULES_GO;
    int go = rules_ask(view, caller, POLICY_READ, from->dir, from->name, r->from.path);
    if (go == RULES_GO && (r->flags & RENAME_EXCHANGE) != 0)
        go = rules_ask(view, caller, POLICY_READ, to->dir, to->name, r->to.path);
    if (go == RULES_GO)
        go = rules_ask(view, caller, POLICY_WRITE, from->dir, from->name, r->from.path);
    if (go == RULES_GO)
        go = rules_ask(view, caller, POLICY_WRITE, to->dir, to->name, r->to.path);
    if (go != RULES_GO)
        return go;
    if (rules_home(view, from) != rules_home(view, to))
        return -EXDEV;
    bool mixed = has_rules(view, from) || ((r->flags & RENAME_EXCHANGE) != 0 && has_rules(view, to));
    return mixed ? -EXDEV : RULES_GO;
}

/* A name in /proc; "." of a directory that was removed is no name. */
static bool is_raw_name(const struct walked *walked)
{
    return walked->kind == WALK_RAW && walked->host_path[0] != '\0';
}

static int perform(struct view *view, struct caller *caller, struct renaming *r)
{
    struct walked *from = &r->from.walked, *to = &r->to.walked;
    int error;
    if (is_raw_name(from) || is_raw_name(to))
        return -EPERM;
    if ((error = check_ends(r, true, true)) < 0)
        return error;
    if (is_other_mount(view, from->entry.dir, to->entry.dir))
        return -EXDEV;
    if ((error = check_types(r)) < 0 || (error = check_loops(view, r)) < 0)
        return error;
    if (same_object(&from->entry, &to->entry))
        return 0;
    if ((error = check_permission(view, caller, r)) < 0)
        return error;
    int go = ask_rules(view, caller, r);
    if (go != RULES_GO)
        return go == RULES_IGNORE ? 0 : go;
    view->changes++;
    if (!is_layers_file(&from->entry) || (to->entry.tree >= 0 && !is_layers_file(&to->entry)))
        view->structure++;
    if (rules_home(view, &from->entry) != UPPER)
        return move_on_host(view, caller, r);
    if ((r->flags & RENAME_EXCHANGE) != 0)
        return exchange(view, r);
    if (is_directory(&to->entry)) {
        struct directory *dir = entry_directory(view, &to->entry, &error);
        int empty = dir == NULL ? error : listing_is_empty(view, dir);
        if (empty == 1)
            error = rules_note_hidden(view, dir);
        directory_release(view, dir);
        if (empty <= 0 || error < 0)
            return empty < 0 ? empty : error < 0 ? error : -ENOTEMPTY;
    }
    error = complete(view, &from->entry);
    return error != 0 ? error : move(view, r);
}

/* Both parents are looked for before either of the last names is looked at: one that is too long comes late. */
static bool take_both(struct view *view, struct caller *caller, const struct call *call, struct renaming *r,
                      struct answer *answer)
{
    bool from = take_name(view, caller, call, 0, &r->from, answer);
    if (!from && !r->from.walked.late)
        return false;
    bool to = take_name(view, caller, call, 1, &r->to, answer);
    if (from && to)
        return true;
    if (to || r->to.walked.late) {
        int error = check_ends(r, from && r->from.walked.kind == WALK_ENTRY, to && r->to.walked.kind == WALK_ENTRY);
        if (error == 0 && from && r->from.walked.kind == WALK_ENTRY && r->from.walked.entry.tree < 0)
            error = -ENOENT;
        answer_result(answer, error < 0 ? error : -ENAMETOOLONG);
    }
    if (from)
        taken_release(view, &r->from);
    if (to)
        taken_release(view, &r->to);
    return false;
}

void call_rename(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct renaming *r = malloc(sizeof *r);
    if (r == NULL) {
        answer_result(answer, -ENOMEM);
        return;
    }
    r->flags = call->number == SYS_renameat2 ? (unsigned)call->args[4] : 0;
    bool flags_ok = (r->flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) == 0 &&
                    ((r->flags & RENAME_EXCHANGE) == 0 || (r->flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) == 0) &&
                    /* A whiteout inside the view would delete what it names. */
                    (r->flags & RENAME_WHITEOUT) == 0;
    if (!flags_ok) {
        answer_result(answer, -EINVAL);
    } else if (take_both(view, caller, call, r, answer)) {
        int error = perform(view, caller, r);
        answer_result(answer, error);
        if (error > 0) {
            answer->kind = ANSWER_WAIT;
            answer->worker = error;
        }
        taken_release(view, &r->to);
        taken_release(view, &r->from);
    }
    free(r);
}
