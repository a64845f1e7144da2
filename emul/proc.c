/*
 * /proc: the names there that lead back into the file system.
 *
 * Most of /proc is the kernel's and goes through. The magic links of processes
 * (cwd, root, exe, fd/N) lead to host paths, which are turned into view paths here.
 */
#include "emul/view_internal.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Replaces the first `length` bytes of a path by another path; one that gets too long is cut off, and found nowhere. */
static void replace_head(char path[PATH_MAX], size_t length, const char *head)
{
    char text[2 * PATH_MAX];
    (void)snprintf(text, sizeof text, "%s%s", strcmp(head, "/") == 0 ? "" : head, path + length);
    (void)snprintf(path, PATH_MAX, "%.*s", PATH_MAX - 1, text[0] == '\0' ? "/" : text);
}

/* Whether path is head, or lies below it. */
static bool begins_with(const char *path, const char *head)
{
    size_t length = strlen(head);
    return strncmp(path, head, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The longest that path begins with: what was moved out of a directory did not go along when that was moved. */
static const struct moved *find_moved(const struct view *view, const char *path)
{
    const struct moved *best = NULL;
    for (const struct moved *moved = view->moved; moved != NULL; moved = moved->next)
        if (begins_with(path, moved->host_path) && (best == NULL || strlen(moved->host_path) > strlen(best->host_path)))
            best = moved;
    return best;
}

/*
 * What lay in a directory that was taken away is below a temporary name in LAYER/work, and deleted. Where it was is no
 * longer known; that it lay in a layer is not for programs to see.
 */
static bool is_taken_away(const struct view *view, char path[PATH_MAX])
{
    char work[PATH_MAX];
    int length = snprintf(work, sizeof work, "%s/work/", view->layer->path);
    const char *rest = length < (int)sizeof work && strncmp(path, work, (size_t)length) == 0 ? path + length : NULL;
    if (rest == NULL || (rest = strchr(rest, '/')) == NULL)
        return false;
    memmove(path, rest, strlen(rest) + 1);
    return true;
}

enum host_path_kind view_path_of_host(const struct view *view, char path[PATH_MAX])
{
    char now[PATH_MAX];
    for (int tree = 0; tree < view->host; tree++) {
        if (begins_with(path, view->trees[tree].prefix)) {
            replace_head(path, strlen(view->trees[tree].prefix), "/");
            return tree == UPPER ? HOST_PATH_UPPER : HOST_PATH_OVER;
        }
    }
    if (is_taken_away(view, path))
        return HOST_PATH_UPPER;
    const struct moved *moved = find_moved(view, path);
    if (moved != NULL && directory_path(moved->dir, now) == 0) {
        replace_head(path, strlen(moved->host_path), now);
        if (moved->dir->dead)
            shown_delete(path);
        return HOST_PATH_MOVED;
    }
    return HOST_PATH_HOST;
}

void view_note_moved(struct view *view, const char *host_path, struct directory *dir)
{
    size_t length = strlen(host_path) + 1;
    struct moved *moved = malloc(sizeof *moved + length);
    if (moved == NULL)
        return;
    memcpy(moved->host_path, host_path, length);
    moved->dir = directory_hold(dir);
    moved->next = view->moved;
    view->moved = moved;
}

/* Splits off the next component; "." and doubled slashes are passed over. */
static bool next_component(const char **rest, char name[NAME_MAX + 1])
{
    for (;;) {
        *rest += strspn(*rest, "/");
        size_t length = strcspn(*rest, "/");
        if (length == 0 || length > NAME_MAX)
            return false;
        memcpy(name, *rest, length);
        name[length] = '\0';
        *rest += length;
        if (strcmp(name, ".") != 0)
            return true;
    }
}

static bool is_number(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (!isdigit((unsigned char)*text))
            return false;
    return true;
}

/* The components of a path below /proc that have been read so far. */
struct proc_trail {
    int depth;
    size_t ends[64]; /* length of the path after each component */
};

static bool append(char host_path[PATH_MAX], struct proc_trail *trail, const char *name)
{
    size_t length = strlen(host_path);
    if (length + strlen(name) + 2 > PATH_MAX || trail->depth >= 64)
        return false;
    host_path[length] = '/';
    memcpy(host_path + length + 1, name, strlen(name) + 1);
    trail->ends[trail->depth++] = length + 1 + strlen(name);
    return true;
}

/* Passes over a number and the slash behind it. */
static const char *skip_number(const char *text, pid_t *number)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return NULL;
    long value = strtol(text, &end, 10);
    if (*end != '/' || value <= 0 || value > INT_MAX)
        return NULL;
    *number = (pid_t)value;
    return end + 1;
}

const char *proc_member(const char *host_path, pid_t *tid)
{
    if (strncmp(host_path, "/proc/", 6) != 0)
        return NULL;
    const char *member = skip_number(host_path + 6, tid);
    if (member != NULL && strncmp(member, "task/", 5) == 0)
        return skip_number(member + 5, tid);
    return member;
}

/* Whether the last component read is a magic link that leads into the file system. */
static bool is_magic(const char *host_path)
{
    pid_t tid;
    const char *member = proc_member(host_path, &tid);
    if (member == NULL)
        return false;
    if (strncmp(member, "fd/", 3) == 0)
        return is_number(member + 3);
    if (strncmp(member, "map_files/", 10) == 0)
        return strchr(member + 10, '/') == NULL;
    return strcmp(member, "cwd") == 0 || strcmp(member, "root") == 0 || strcmp(member, "exe") == 0;
}

/*
 * What the kernel shows of a process to whoever may trace it. The lock keeps it of processes outside from the view;
 * without the lock this does, or a file that is hidden would be found by the descriptors of others.
 */
static bool is_private(const char *member)
{
    static const char *const names[] = {"auxv",   "cwd",       "environ",     "exe",     "fd",
                                        "fdinfo", "io",        "map_files",   "maps",    "mem",
                                        "ns",     "numa_maps", "root",        "smaps",   "smaps_rollup",
                                        "stack",  "pagemap",   "personality", "syscall", "clear_refs"};
    size_t length = strcspn(member, "/");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == length && memcmp(names[i], member, length) == 0)
            return true;
    return false;
}

/* Whether a path below /proc shows of a process what this one must not get at. */
static bool is_withheld(const struct view *view, struct caller *caller, const char *host_path)
{
    struct thread_facts facts = {.fs = caller->fs};
    pid_t tid = 0;
    const char *member = proc_member(host_path, &tid);
    if (member == NULL || !is_private(member) || tid == caller->tid || caller->ops->thread == NULL)
        return false;
    if (!caller->ops->thread(caller->context, tid, &facts))
        return kill(tid, 0) == 0 || errno != ESRCH;
    return strcmp(member, "mem") == 0 && view_guards_program(view, caller->program, facts.program);
}

/* The working directory or root of a thread of the view, which the kernel need not know. */
static bool link_of_thread(struct caller *caller, const char *proc_path, char text[PATH_MAX])
{
    pid_t tid = 0;
    const char *member = proc_member(proc_path, &tid);
    bool is_root = member != NULL && strcmp(member, "root") == 0;
    if (!is_root && (member == NULL || strcmp(member, "cwd") != 0))
        return false;
    struct thread_facts facts = {.fs = caller->fs};
    if (tid != caller->tid &&
        (caller->ops->thread == NULL || !caller->ops->thread(caller->context, tid, &facts) || facts.fs == NULL))
        return false;
    const struct directory *dir = is_root ? facts.fs->root : facts.fs->cwd;
    if (dir->proc || directory_path(dir, text) < 0)
        return false;
    if (dir->dead)
        shown_delete(text);
    return true;
}

void proc_enter_reader(struct view *view, struct caller *caller, const char *proc_path)
{
    pid_t pid = 0;
    /* Everybody may look at his own process, whatever its credentials and dumpable flag. */
    if (strncmp(proc_path, "/proc/", 6) == 0 && skip_number(proc_path + 6, &pid) != NULL && pid == caller->tgid)
        return;
    identity_enter_reader(view, caller->cred);
}

ssize_t proc_link(struct view *view, struct caller *caller, const char *proc_path, char text[PATH_MAX])
{
    struct shown shown = {.dev = 0};
    proc_enter_reader(view, caller, proc_path);
    ssize_t length = sys_readlinkat(AT_FDCWD, proc_path, text, PATH_MAX - 1);
    identity_leave(view);
    if (length < 0)
        return length;
    text[length] = '\0';
    if (text[0] != '/' || !is_magic(proc_path))
        return length;
    if (!link_of_thread(caller, proc_path, text)) {
        memcpy(shown.path, text, (size_t)length + 1);
        shown_object(view, caller, proc_path, &shown);
        memcpy(text, shown.path, strlen(shown.path) + 1);
    }
    return (ssize_t)strlen(text);
}

static bool append_self(char host_path[PATH_MAX], struct proc_trail *trail, const struct caller *caller, bool thread)
{
    char number[32];
    (void)snprintf(number, sizeof number, "%d", caller->tgid);
    if (!append(host_path, trail, number))
        return false;
    if (!thread)
        return true;
    (void)snprintf(number, sizeof number, "%d", caller->tid);
    return append(host_path, trail, "task") && append(host_path, trail, number);
}

/* Whether the object behind the link still has the path that the link shows. */
static bool link_names_it(struct view *view, struct caller *caller, const char *host_path, const char *target)
{
    struct stat object;
    if (target[0] != '/' || shown_as_deleted(target))
        return false;
    if (sys_fstatat(AT_FDCWD, host_path, &object, 0) < 0)
        return false;
    /* A link that leads to a symbolic link ends there. */
    return S_ISDIR(object.st_mode) || (!S_ISLNK(object.st_mode) && view_has_object(view, caller, target, &object));
}

enum proc_step proc_classify(struct view *view, struct caller *caller, const char *path, bool follow_last,
                             char host_path[PATH_MAX], char target[PATH_MAX], const char **rest)
{
    struct proc_trail trail = {0};
    char name[NAME_MAX + 1];
    const char *left = path + strlen("/proc");
    memcpy(host_path, "/proc", 6);
    while (next_component(&left, name)) {
        bool last = left[strspn(left, "/")] == '\0';
        if (strcmp(name, "..") == 0) {
            if (trail.depth == 0) {
                *rest = left;
                return PROC_UP;
            }
            trail.depth--;
            host_path[trail.depth == 0 ? strlen("/proc") : trail.ends[trail.depth - 1]] = '\0';
            continue;
        }
        bool self = strcmp(name, "self") == 0, thread_self = strcmp(name, "thread-self") == 0;
        bool appended;
        if (trail.depth == 0 && (self || thread_self) && (!last || follow_last || *left == '/'))
            appended = append_self(host_path, &trail, caller, thread_self);
        else
            appended = append(host_path, &trail, name);
        if (!appended)
            return PROC_PLAIN;
        if (is_withheld(view, caller, host_path))
            return PROC_WITHHELD;
        if (!is_magic(host_path) || (last && !follow_last && *left != '/'))
            continue;
        if (proc_link(view, caller, host_path, target) < 0 || !link_names_it(view, caller, host_path, target))
            continue;
        *rest = left + strspn(left, "/");
        return PROC_LINK;
    }
    return PROC_PLAIN;
}
