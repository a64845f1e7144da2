/*
 * stat, lstat, newfstatat, statx and fstat: by a path, and by a descriptor.
 *
 * No call is more frequent than fstat, and nearly always the kernel's own answer is right. So the first look, one stat
 * through /proc, tells whether the view can know better: of directories that a layer has as well, of files that were
 * copied or removed since they were opened, and of owners that only an attribute tells.
 */
#include "emul/arguments.h"
#include "emul/rules.h"
#include "emul/shapes.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define STATX_ARG_FLAGS  2
#define STATX_ARG_MASK   3
#define STATX_ARG_BUFFER 4

/* An object and what a stat of it shall say. */
struct told {
    int dirfd; /* with name: the object, for what statx says beyond st */
    const char *name;
    struct stat st;
    uint64_t mount;  /* 0: as the kernel says */
    bool mount_root; /* a directory of the layer, where the host has a mount point */
};

/* What a layer has lies on the mount that the host's directory lies on. */
static void tell_mount(struct view *view, const struct entry *entry, unsigned mask, struct told *told)
{
    bool merged = S_ISDIR(entry->st.st_mode) && (entry->trees & (1u << view->host)) != 0;
    told->mount_root = merged && is_mount_point(view, entry);
    if ((mask & STATX_MNT_ID) == 0 || mount_of_name(view, entry->dir, entry->name, &told->mount) < 0)
        told->mount = 0;
}

static void answer_statx(struct caller *caller, const struct call *call, const struct told *told, struct answer *answer)
{
    struct statx sx;
    const struct stat *st = &told->st;
    int flags = AT_SYMLINK_NOFOLLOW | (told->name[0] == '\0' ? AT_EMPTY_PATH : 0);
    flags |= (int)call->args[STATX_ARG_FLAGS] & AT_STATX_SYNC_TYPE;
    if (syscall(SYS_statx, told->dirfd, told->name, flags, (unsigned)call->args[STATX_ARG_MASK], &sx) < 0) {
        answer_result(answer, -errno);
        return;
    }
    sx.stx_uid = st->st_uid;
    sx.stx_gid = st->st_gid;
    sx.stx_mode = (uint16_t)st->st_mode;
    sx.stx_nlink = (uint32_t)st->st_nlink;
    sx.stx_ino = st->st_ino;
    sx.stx_dev_major = major(st->st_dev);
    sx.stx_dev_minor = minor(st->st_dev);
    if (told->mount_root)
        sx.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
    if (told->mount != 0)
        sx.stx_mnt_id = told->mount;
    answer_bytes(caller, answer, call->args[STATX_ARG_BUFFER], &sx, sizeof sx, 0);
}

static void answer_told(struct caller *caller, const struct call *call, const struct told *told, struct answer *answer)
{
    if (call->number == SYS_statx) {
        answer_statx(caller, call, told, answer);
        return;
    }
    int buffer = call->row->handler == HANDLER_FSTAT ? 1 : call->row->path[0].path + 1;
    answer_result(answer, shape_write_stat(caller, call, call->args[buffer], &told->st));
}

static void answer_entry(struct view *view, struct caller *caller, const struct call *call, const struct entry *entry,
                         struct answer *answer)
{
    struct told told = {.dirfd = directory_fd(view, entry->dir, entry->tree), .name = entry->name};
    int error = told.dirfd < 0 ? told.dirfd : entry_stat(view, entry, &told.st);
    if (error == 0 && call->number == SYS_statx)
        tell_mount(view, entry, (unsigned)call->args[STATX_ARG_MASK], &told);
    if (error < 0)
        answer_result(answer, error);
    else
        answer_told(caller, call, &told, answer);
}

/* A directory of the layer that was removed: the kernel knows it, but not what only an attribute tells. */
static void answer_removed(struct view *view, struct caller *caller, const struct call *call,
                           const struct object *object, struct answer *answer)
{
    struct told told = {.dirfd = object->fd, .name = ""};
    if (!object->in_layer || object_stat(object->fd, &told.st) < 0)
        return;
    origins_show(view, object->fd, "", &told.st);
    answer_told(caller, call, &told, answer);
}

/* A directory that only the host has is as the kernel says. */
static void stat_directory(struct view *view, struct caller *caller, const struct call *call, int fd,
                           struct answer *answer)
{
    int error = 0;
    struct entry entry;
    struct directory *dir = walk_descriptor(view, caller, fd, &error);
    if (dir == NULL)
        return;
    if (!dir->proc && !dir->dead && (dir->trees != 1u << view->host || rules_watch(view, dir)) &&
        entry_of_directory(view, dir, &entry) == 0) {
        answer_entry(view, caller, call, &entry, answer);
        entry_release(view, &entry);
    }
    if (dir->dead && !view->own_root) {
        struct object object;
        if (descriptor_object(view, caller, fd, &object) == 0)
            answer_removed(view, caller, call, &object, answer);
        object_release(view, &object);
    }
    directory_release(view, dir);
}

/* By a path of dots, from a directory that was removed. */
static void stat_removed(struct view *view, struct caller *caller, const struct call *call, const struct taken *taken,
                         struct answer *answer)
{
    struct object object;
    answer_continue(answer);
    if (view->own_root)
        return;
    if (removed_object(view, caller, taken->dirfd, taken->path, &object) == 0)
        answer_removed(view, caller, call, &object, answer);
    object_release(view, &object);
}

/* What became of an object of the host or of a lower layer that has no name in the view by which it can be found. */
static void stat_nameless(struct view *view, struct caller *caller, const struct call *call,
                          const struct object *object, struct answer *answer)
{
    struct told told = {.dirfd = object->fd, .name = "", .st = object->st};
    cleanup_fd int linked = origins_open_linked(view, &object->st);
    int copy = linked >= 0 ? linked : stale_copy(view, &object->st);
    if (copy >= 0 && object_stat(copy, &told.st) == 0)
        told.dirfd = copy;
    else if (remains_know(view, &told.st))
        remains_show(view, &told.st);
    else
        told.st.st_nlink -= told.st.st_nlink > 0;
    origins_show(view, told.dirfd, "", &told.st);
    answer_told(caller, call, &told, answer);
}

/* Whether the copy in an entry is known as the file that it was copied from; else it came into its place. */
static bool is_same_file(struct view *view, const struct object *object)
{
    struct stat before = object->st, now;
    origins_show(view, object->fd, "", &before);
    return entry_stat(view, &object->entry, &now) == 0 && now.st_dev == before.st_dev && now.st_ino == before.st_ino;
}

/* A file that was copied since it was opened is its copy now; one that was removed has a name less. */
static void stat_copied(struct view *view, struct caller *caller, const struct call *call, int fd,
                        struct answer *answer)
{
    struct object object;
    int error = descriptor_object(view, caller, fd, &object);
    if (error == 0 && object.named && !object.raw) {
        struct told told = {.dirfd = object.fd, .name = ""};
        if (object.found && is_same_file(view, &object)) {
            answer_entry(view, caller, call, &object.entry, answer);
        } else if (!object.in_layer) {
            stat_nameless(view, caller, call, &object, answer);
        } else if (object_stat(object.fd, &told.st) == 0) {
            origins_show(view, object.fd, "", &told.st);
            answer_told(caller, call, &told, answer);
        }
    }
    object_release(view, &object);
}

/* Whether an object may be one of a layer whose owner and mode only an attribute tells: those are the user's own. */
static bool is_overridden(const struct view *view, const struct stat *st, const char *link)
{
    bool layers = false;
    for (int tree = 0; tree < view->host; tree++)
        layers = layers || view->trees[tree].dev == st->st_dev;
    if (!layers || view->own_root || st->st_uid != view->own.fsuid || !S_ISREG(st->st_mode))
        return false;
    return getxattr(link, XATTR_OVERRIDE, NULL, 0) >= 0 || errno == EACCES;
}

/* The descriptor that coffer gave the process is none; another one of its number is what it is. */
static bool is_hidden(const struct view *view, int fd, const struct stat *st)
{
    struct stat top;
    return fd == view->hidden_fd && sys_fstatat(view->trees[UPPER].fd, "", &top, AT_EMPTY_PATH) == 0 &&
           st->st_dev == top.st_dev && st->st_ino == top.st_ino;
}

static void stat_descriptor(struct view *view, struct caller *caller, const struct call *call, int fd,
                            struct answer *answer)
{
    char link[64];
    struct stat st;
    answer_continue(answer);
    if (view->upper_empty && fd != view->hidden_fd && !rules_watch(view, view->root))
        return;
    (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", caller->tid, fd);
    if (fd < 0 || sys_fstatat(AT_FDCWD, link, &st, 0) < 0)
        return;
    if (is_hidden(view, fd, &st))
        answer_result(answer, -EBADF);
    else if (view->upper_empty)
        return;
    else if (S_ISDIR(st.st_mode))
        stat_directory(view, caller, call, fd, answer);
    else if (copies_know(view, &st) || origins_know(view, &st) || is_overridden(view, &st, link))
        stat_copied(view, caller, call, fd, answer);
}

void call_fstat(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    stat_descriptor(view, caller, call, (int)call->args[0], answer);
}

/* What the kernel refuses before it looks at the path. */
static bool is_malformed(const struct call *call)
{
    return call->number == SYS_statx && ((call->args[STATX_ARG_MASK] & STATX__RESERVED) != 0 ||
                                         (call->args[STATX_ARG_FLAGS] & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE);
}

/* Whether the count of links of a directory could tell of what is hidden in it: see entry_stat(). */
static bool hides_names(struct view *view, const struct entry *entry)
{
    return entry->tree >= 0 && S_ISDIR(entry->st.st_mode) && rules_watch_name(view, entry->dir, entry->name);
}

void call_stat(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    if (is_malformed(call)) {
        answer_continue(answer);
        return;
    }
    if (!take_path(view, caller, call, 0, TAKE_DEFAULT, &taken, answer))
        return;
    struct walked *walked = &taken.walked;
    if (taken.by_descriptor && taken.dirfd != AT_FDCWD) {
        stat_descriptor(view, caller, call, taken.dirfd, answer);
        return;
    }
    if (taken.by_descriptor)
        walk(view, caller, AT_FDCWD, "", WALK_LOOK | WALK_EMPTY, walked);
    const struct entry *entry = &walked->entry;
    bool merged = walked->kind == WALK_ENTRY && walked->looked && entry->tree >= 0 && S_ISDIR(entry->st.st_mode) &&
                  entry->tree != view->host;
    merged = merged || (walked->kind == WALK_ENTRY && walked->looked && hides_names(view, entry));
    bool counted = walked->kind == WALK_ENTRY && walked->looked && entry->tree >= 0 && remains_know(view, &entry->st);
    if (walked->kind == WALK_ERROR || (walked->pure && !merged && !counted))
        answer_continue(answer);
    else if (walked->kind == WALK_RAW && walked->host_path[0] == '\0')
        stat_removed(view, caller, call, &taken, answer);
    else if (walked->kind == WALK_RAW)
        answer_real(view, caller, call, &taken, answer);
    else if (entry->tree < 0)
        answer_result(answer, -ENOENT);
    else if (walked->slash && !S_ISDIR(entry->st.st_mode))
        answer_result(answer, -ENOTDIR);
    else
        answer_entry(view, caller, call, entry, answer);
    taken_release(view, &taken);
}
