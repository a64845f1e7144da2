/*
 * From a caller's descriptor back to the view: which directory or file it is open on.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Directories below /proc are not cached: a chain of them is made for as long as somebody holds it. */
static struct directory *proc_chain(struct view *view, const char *host_path, int *error)
{
    const char *name = host_path + strlen("/proc");
    struct directory *dir = directory_find(view, view->root, "proc", 4);
    if (dir == NULL)
        dir = directory_add(view, view->root, "proc", 4, 1u << view->host);
    *error = -ENOMEM;
    while (dir != NULL) {
        name += strspn(name, "/");
        size_t length = strcspn(name, "/");
        if (length == 0)
            break;
        struct directory *child = directory_add(view, dir, name, length, 1u << view->host);
        directory_release(view, dir);
        dir = child;
        name += length;
    }
    return dir;
}

/* The directory at a canonical path, if it and all above it are cached; held. */
static struct directory *cached_directory(struct view *view, const char *path)
{
    struct directory *dir = directory_hold(view->root);
    for (path += strspn(path, "/"); *path != '\0' && dir != NULL; path += strspn(path, "/")) {
        size_t length = strcspn(path, "/");
        struct directory *child = dir->proc ? NULL : directory_find(view, dir, path, length);
        directory_release(view, dir);
        dir = child;
        path += length;
    }
    return dir;
}

/* Where an object is, is no question of rights: an ordinary user's supervisor has not all that root's has. */
static unsigned own_walk(const struct view *view)
{
    return WALK_LOOK | (view->own_root ? 0 : WALK_UNJUDGED);
}

struct directory *view_directory(struct view *view, struct caller *caller, const char *path, int *error)
{
    struct fs_context fs = {.view = view, .refs = 1, .cwd = view->root, .root = view->root, .umask = 0};
    struct caller nobody = *caller;
    struct walked walked;
    struct directory *dir = cached_directory(view, path);
    if (dir != NULL)
        return dir;
    nobody.fs = &fs;
    nobody.cred = &view->own;
    walk_from(view, &nobody, view->root, true, path, own_walk(view), &walked);
    *error = walked.error;
    switch (walked.kind) {
    case WALK_ENTRY:
        dir = entry_directory(view, &walked.entry, error);
        break;
    case WALK_RAW:
        dir = proc_chain(view, walked.host_path, error);
        break;
    case WALK_ERROR:
        break;
    }
    walked_release(view, &walked);
    return dir;
}

/* What /proc shows for a descriptor, as a view path. 0 or -errno (-EBADF: no such descriptor). */
static int descriptor_text(struct view *view, pid_t pid, int fd, char text[PATH_MAX], enum host_path_kind *kind)
{
    char link[64], host[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, host, sizeof host - 1);
    if (length < 0)
        return length == -ENOENT ? -EBADF : (int)length;
    host[length] = '\0';
    memcpy(text, host, (size_t)length + 1);
    *kind = text[0] == '/' ? view_path_of_host(view, text) : HOST_PATH_HOST;
    return 0;
}

static bool is_directory(const struct caller *caller, int fd)
{
    char link[64];
    struct stat st;
    (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", caller->tid, fd);
    return sys_fstatat(AT_FDCWD, link, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

struct directory *described_directory(struct view *view, struct caller *caller, const char *text,
                                      enum host_path_kind kind, int *error)
{
    struct directory *dir = view_directory(view, caller, text, error);
    if (dir == NULL || kind != HOST_PATH_HOST || (dir->trees & (1u << view->host)) != 0)
        return dir;
    /* The host's directory was removed in the view, and another one made in its place. */
    directory_release(view, dir);
    *error = -ENOENT;
    return NULL;
}

/* A directory that is no longer there: its ".." is what held it, which may be gone too. Cuts text; NULL: no memory. */
static struct directory *removed_directory(struct view *view, struct caller *caller, char text[PATH_MAX],
                                           enum host_path_kind kind)
{
    int error = 0;
    struct directory *parent = NULL;
    char *slash = strrchr(text, '/');
    if (slash == NULL || slash == text)
        return directory_make_dead(view, view->root);
    *slash = '\0';
    parent = described_directory(view, caller, text, kind, &error);
    if (parent == NULL)
        parent = removed_directory(view, caller, text, kind);
    if (parent == NULL)
        return NULL;
    struct directory *dir = directory_make_dead(view, parent);
    directory_release(view, parent);
    return dir;
}

/* The magic link to a directory of the caller's, or to his working directory (AT_FDCWD). */
static void place_link(const struct caller *caller, int fd, char link[64])
{
    if (fd == AT_FDCWD)
        (void)snprintf(link, 64, "/proc/%d/cwd", caller->tid);
    else
        (void)snprintf(link, 64, "/proc/%d/fd/%d", caller->tid, fd);
}

static int open_place(const struct caller *caller, int fd)
{
    char link[64];
    place_link(caller, fd, link);
    return sys_openat(AT_FDCWD, link, O_PATH | O_DIRECTORY, 0);
}

void removed_remember(struct view *view, const struct caller *caller, int fd, struct directory *dir)
{
    char link[64], text[PATH_MAX];
    place_link(caller, fd, link);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, text, sizeof text - 1);
    cleanup_fd int own = length < 0 ? (int)length : open_place(caller, fd);
    if (own < 0)
        return;
    text[length] = '\0';
    enum host_path_kind kind = text[0] == '/' ? view_path_of_host(view, text) : HOST_PATH_HOST;
    directory_remember(view, dir, kind == HOST_PATH_UPPER || kind == HOST_PATH_OVER, own);
}

struct directory *walk_start(struct view *view, struct caller *caller, int fd, bool *in_layer, int *error)
{
    char text[PATH_MAX];
    struct directory *dir;
    enum host_path_kind kind = HOST_PATH_HOST;
    if (fd < 0) {
        *error = -EBADF;
        return NULL;
    }
    *error = descriptor_text(view, caller->tid, fd, text, &kind);
    *in_layer = kind == HOST_PATH_UPPER || kind == HOST_PATH_OVER;
    if (*error == -ENAMETOOLONG) {
        cleanup_fd int own = caller->ops->dup_fd(caller->context, fd);
        return own < 0 ? NULL : deep_directory(view, caller, own, error);
    }
    if (*error < 0)
        return NULL;
    if (text[0] != '/') {
        *error = -ENOTDIR;
        return NULL;
    }
    dir = described_directory(view, caller, text, kind, error);
    if (dir == NULL && !is_directory(caller, fd)) {
        *error = -ENOTDIR;
    } else if (dir == NULL && *error == -ENOENT) {
        dir = removed_directory(view, caller, text, kind);
        *error = dir == NULL ? -ENOMEM : 0;
        if (dir != NULL)
            removed_remember(view, caller, fd, dir);
    }
    return dir;
}

struct directory *walk_descriptor(struct view *view, struct caller *caller, int fd, int *error)
{
    bool in_layer;
    return walk_start(view, caller, fd, &in_layer, error);
}

/* The tree whose object of this name is the one that st is of; -1: none. */
static int tree_of_object(struct view *view, const struct entry *entry, const struct stat *st)
{
    int flags = entry->name[0] == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    for (int tree = UPPER; tree < view->tree_count; tree++) {
        struct stat now;
        /* A directory that came in place of another does not show what lies below it. */
        if (S_ISDIR(entry->st.st_mode) && (entry->trees & (1u << tree)) == 0)
            continue;
        int fd = directory_fd(view, entry->dir, tree);
        if (fd >= 0 && sys_fstatat(fd, entry->name, &now, flags) == 0 && now.st_dev == st->st_dev &&
            now.st_ino == st->st_ino)
            return tree;
    }
    return -1;
}

bool entry_is_object(struct view *view, const struct entry *entry, enum host_path_kind kind, const struct stat *st)
{
    enum copy_state state = entry->tree == UPPER ? copies_judge(view, st, entry) : COPY_UNKNOWN;
    if (state != COPY_UNKNOWN)
        return state == COPY_THIS;
    return kind == HOST_PATH_MOVED || tree_of_object(view, entry, st) >= 0;
}

bool view_has_object(struct view *view, struct caller *caller, const char *path, const struct stat *st)
{
    struct fs_context fs = {.view = view, .refs = 1, .cwd = view->root, .root = view->root, .umask = 0};
    struct caller nobody = *caller;
    struct walked walked;
    nobody.fs = &fs;
    nobody.cred = &view->own;
    walk_from(view, &nobody, view->root, true, path, own_walk(view), &walked);
    bool has =
        walked.kind == WALK_ENTRY && walked.entry.tree >= 0 && entry_is_object(view, &walked.entry, HOST_PATH_HOST, st);
    walked_release(view, &walked);
    return has;
}

/*
 * What object->fd is open on, where /proc cannot say its path. Of a file only this is sure: coffer lets nobody open one
 * of the host for writing. Another is refused.
 */
static int look_at_deep(struct view *view, struct caller *caller, struct object *object)
{
    int error = sys_fstatat(object->fd, "", &object->st, AT_EMPTY_PATH);
    int flags = fcntl(object->fd, F_GETFL);
    object->named = true;
    if (error == 0 && S_ISREG(object->st.st_mode) && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY) {
        object->in_upper = object->in_layer = true;
        return 0;
    }
    if (error < 0 || !S_ISDIR(object->st.st_mode))
        return error < 0 ? error : -ENAMETOOLONG;
    struct directory *dir = deep_directory(view, caller, object->fd, &error);
    if (dir == NULL)
        return error;
    object->found = !dir->dead && entry_of_directory(view, dir, &object->entry) == 0;
    directory_release(view, dir);
    return 0;
}

/* Finds out what object->fd is open on. 0 or -errno. */
static int look_at_object(struct view *view, struct caller *caller, struct object *object)
{
    char text[PATH_MAX];
    struct walked walked;
    struct fs_context fs = {.view = view, .refs = 1, .cwd = view->root, .root = view->root, .umask = 0};
    struct caller nobody = *caller;
    enum host_path_kind kind = HOST_PATH_HOST;
    int error = descriptor_text(view, getpid(), object->fd, text, &kind);
    if (error == -ENAMETOOLONG)
        return look_at_deep(view, caller, object);
    if (error < 0)
        return error;
    object->in_upper = kind == HOST_PATH_UPPER;
    object->in_layer = object->in_upper || kind == HOST_PATH_OVER;
    object->named = text[0] == '/';
    if (object->in_upper) {
        object->dir = text[0] == '/' ? cached_directory(view, text) : NULL;
        return 0;
    }
    error = sys_fstatat(object->fd, "", &object->st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    if (!object->named || strncmp(text, "/memfd:", 7) == 0) {
        object->named = false;
        return 0;
    }
    nobody.fs = &fs;
    nobody.cred = &view->own;
    walk_from(view, &nobody, view->root, true, text, own_walk(view), &walked);
    if (walked.kind == WALK_RAW)
        object->raw = true;
    if (walked.kind == WALK_ENTRY && walked.entry.tree >= 0) {
        /*
         * The name must still be the object, or in a tree below have been: a descriptor that was opened before the
         * copy-up means the copy now.
         */
        if (entry_is_object(view, &walked.entry, kind, &object->st)) {
            object->entry = walked.entry;
            walked.entry.dir = NULL;
            object->found = true;
        }
    }
    walked_release(view, &walked);
    if (!object->found && !object->raw)
        object->found = copies_find(view, &object->st, &object->entry);
    return 0;
}

int descriptor_object(struct view *view, struct caller *caller, int fd, struct object *object)
{
    *object = (struct object){.fd = -1};
    /* The copy first: another thread may put something else at the number at any moment. */
    object->fd = caller->ops->dup_fd(caller->context, fd);
    return object->fd < 0 ? object->fd : look_at_object(view, caller, object);
}

/* What the caller's descriptor of that number is open on, if it is what fd is of: that tells how it was opened. */
static int as_opened(struct caller *caller, const char *number, int fd)
{
    struct stat a, b;
    char *end;
    unsigned long own = strtoul(number, &end, 10);
    if (end == number || *end != '\0' || own > INT_MAX)
        return -1;
    int dup = caller->ops->dup_fd(caller->context, (int)own);
    if (dup >= 0 && sys_fstatat(dup, "", &a, AT_EMPTY_PATH) == 0 && sys_fstatat(fd, "", &b, AT_EMPTY_PATH) == 0 &&
        a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return dup;
    if (dup >= 0)
        (void)close(dup);
    return -1;
}

int magic_object(struct view *view, struct caller *caller, const char *host_path, struct object *object)
{
    char own[32];
    int length = snprintf(own, sizeof own, "/proc/%d/", caller->tgid);
    *object = (struct object){.fd = -1};
    if (strncmp(host_path, own, (size_t)length) != 0)
        return -EACCES;
    object->fd = sys_openat(AT_FDCWD, host_path, O_PATH, 0);
    if (object->fd < 0)
        return object->fd;
    /* "/proc/PID/fd/N", or of a thread; another thread may have descriptors of its own. */
    const char *slash = strrchr(host_path, '/');
    int opened =
        slash - host_path > 3 && strncmp(slash - 3, "/fd", 3) == 0 ? as_opened(caller, slash + 1, object->fd) : -1;
    if (opened >= 0) {
        (void)close(object->fd);
        object->fd = opened;
    }
    return look_at_object(view, caller, object);
}

int removed_object(struct view *view, struct caller *caller, int dirfd, const char *path, struct object *object)
{
    *object = (struct object){.fd = -1};
    if (path[0] == '/' || path[strspn(path, "./")] != '\0')
        return -EACCES;
    object->fd = open_place(caller, dirfd);
    if (object->fd >= 0 && strstr(path, "..") != NULL) {
        cleanup_fd int start = object->fd;
        object->fd = sys_openat(start, path, O_PATH | O_DIRECTORY, 0);
    }
    return object->fd < 0 ? object->fd : look_at_object(view, caller, object);
}

void object_release(struct view *view, struct object *object)
{
    entry_release(view, &object->entry);
    directory_release(view, object->dir);
    if (object->fd >= 0)
        (void)close(object->fd);
    object->fd = -1;
}

int real_tree(const struct view *view, uint32_t trees)
{
    if ((trees & (1u << view->host)) != 0)
        return view->host;
    return __builtin_ctz(trees);
}

bool view_is_closed_to(const struct view *view, const struct caller *caller)
{
    return view->upper_private && caller->cred->fsuid != view->own.fsuid;
}

/* Where a caller that cannot search its way to the layer gets by its inherited descriptor. */
static const char *tree_prefix(struct view *view, const struct caller *caller, int tree, char room[64])
{
    if (caller == NULL || tree == view->host || tree != UPPER || view->hidden_fd < 0 ||
        !view_is_closed_to(view, caller))
        return view->trees[tree].prefix;
    (void)snprintf(room, 64, "/proc/self/fd/%d", view->hidden_fd);
    return room;
}

int real_path(struct view *view, const struct caller *caller, struct directory *dir, int tree, const char *name,
              char path[PATH_MAX])
{
    char in_view[PATH_MAX], room[64];
    int error = directory_name_path(dir, name, in_view);
    if (error < 0)
        return error;
    const char *prefix = tree_prefix(view, caller, tree, room);
    bool is_tree = in_view[1] == '\0' && *prefix != '\0';
    int length = snprintf(path, PATH_MAX, "%s%s", prefix, is_tree ? "" : in_view);
    return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}
