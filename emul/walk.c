/*
 * Path resolution: from a path as the caller says it to a name in a directory of the view.
 *
 * A path through directories that no layer touched is settled by cached
 * directories and at most two calls of our own; it is then "pure": the kernel, walking the
 * host, comes to the same end, and the call may go through as it is.
 */
#include "emul/known.h"
#include "emul/rules.h"

#include <errno.h>
#include <string.h>

#define REST_MAX (2 * PATH_MAX)

struct walker {
    struct view *view;
    struct caller *caller;
    unsigned flags;
    struct directory *current; /* held */
    struct directory *root;    /* held; ".." does not leave it */
    struct directory *floor;   /* borrowed; WALK_BENEATH: where the walk began */
    bool pure;
    bool real_root; /* the caller's root is the host's */
    bool jumped;    /* by a magic link: nothing was searched on the way to where the walk is */
    int links;
    const struct directory *measured; /* WALK_NO_XDEV: the directory that was found to lie on the mount */
    uint64_t mount;
    bool root_known;               /* the kernel has looked for the caller's root: see follow_text() */
    const struct directory *start; /* where the walk began, as long as the first part of the path may be kept */
    const char *path;
    char *rest; /* what is left of the path, inside one of the buffers */
    char text[2][REST_MAX];
    int buffer; /* the one that rest lies in */
};

enum step { STEP_ON, STEP_DONE };

static uint32_t host_bit(const struct view *view)
{
    return 1u << view->host;
}

static bool is_host_only(const struct view *view, const struct directory *dir)
{
    return dir->trees == host_bit(view);
}

/* A supervisor that is root may search where the caller may not: then the kernel's own check is not the caller's. */
static bool searches_for_another(const struct walker *w)
{
    return w->view->own_root && !searches_everywhere(w->view, w->caller->cred);
}

/* Whether the kernel would not let the caller search the host's directories as the view's modes do. */
static bool kernel_is_refused(const struct walker *w)
{
    return searches_for_another(w) && !w->current->proc && !w->current->dead &&
           way_is_closed(w->view, w->caller, w->current);
}

static enum step fail(struct walked *out, const struct walker *w, int error)
{
    out->kind = WALK_ERROR;
    out->error = error;
    /* Where the kernel may not search, it would say so instead. */
    out->pure = w->pure && !kernel_is_refused(w);
    return STEP_DONE;
}

static void move_to(struct walker *w, struct directory *dir)
{
    directory_release(w->view, w->current);
    w->current = dir;
    if ((dir->trees & host_bit(w->view)) == 0)
        w->pure = false;
}

/* The rest becomes head + "/" + tail. */
static bool join(struct walker *w, const char *head, const char *tail)
{
    char *to = w->text[1 - w->buffer];
    size_t head_length = strlen(head), tail_length = strlen(tail);
    if (head_length + tail_length + 2 > REST_MAX)
        return false;
    memcpy(to, head, head_length);
    to[head_length] = '/';
    /* Nothing may follow a link at the end of the path: then its own last character decides. */
    if (tail_length == 0)
        to[head_length] = '\0';
    memcpy(to + head_length + (tail_length > 0), tail, tail_length + 1);
    w->buffer = 1 - w->buffer;
    w->rest = to;
    return true;
}

static enum step follow_text(struct walker *w, struct walked *out, const char *text, const char *tail)
{
    if ((w->flags & WALK_NO_SYMLINKS) != 0 || ++w->links > LINKS_MAX)
        return fail(out, w, -ELOOP);
    if (text[0] == '\0')
        return fail(out, w, -ENOENT);
    if (text[0] == '/') {
        if ((w->flags & WALK_BENEATH) != 0)
            return fail(out, w, -EXDEV);
        /* RESOLVE_NO_XDEV compares with a root that the kernel may not have looked for yet: nd_jump_root(). */
        if ((w->flags & WALK_NO_XDEV) != 0 && !w->root_known)
            return fail(out, w, -EXDEV);
        w->pure = w->pure && w->real_root;
        move_to(w, directory_hold(w->root));
    }
    return join(w, text, tail) ? STEP_ON : fail(out, w, -ENAMETOOLONG);
}

static enum step follow_link(struct walker *w, struct walked *out, int tree, const char *name, const char *tail)
{
    char text[PATH_MAX];
    int fd = directory_fd(w->view, w->current, tree);
    ssize_t length = fd < 0 ? fd : sys_readlinkat(fd, name, text, sizeof text - 1);
    if (length < 0)
        return fail(out, w, (int)length);
    text[length] = '\0';
    if (tree != w->view->host)
        w->pure = false;
    return follow_text(w, out, text, tail);
}

/* How much of the rest is plain names that a single openat2 may settle; the last name of the path is left out. */
static size_t plain_run(const char *rest)
{
    size_t end = 0, at = 0;
    while (rest[at] != '\0') {
        size_t length = strcspn(rest + at, "/");
        if (length > NAME_MAX || (length == 1 && rest[at] == '.') ||
            (length == 2 && rest[at] == '.' && rest[at + 1] == '.'))
            break;
        size_t next = at + length + strspn(rest + at + length, "/");
        if (rest[next] == '\0')
            break; /* the last name, with or without slashes behind it */
        end = at + length;
        at = next;
    }
    return end;
}

/*
 * From a directory that only the host has: one openat2() checks that all the names up to the last are directories
 * and no links. 1: w moved on; 0: there is a link on the way; -errno: what the kernel says of the path.
 */
static int short_cut(struct walker *w)
{
    char piece[REST_MAX];
    struct view *view = w->view;
    size_t run = plain_run(w->rest);
    int start = directory_fd(view, w->current, view->host);
    if (start < 0)
        return start;
    if (run == 0)
        return 0;
    memcpy(piece, w->rest, run);
    piece[run] = '\0';
    int fd = sys_openat2(start, piece, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (fd < 0)
        return fd == -ELOOP ? 0 : fd;
    for (const char *name = piece; *name != '\0';) {
        size_t length = strcspn(name, "/");
        struct directory *dir = directory_find(view, w->current, name, length);
        if (dir == NULL)
            dir = directory_add(view, w->current, name, length, host_bit(view));
        if (dir == NULL) {
            (void)close(fd);
            return -ENOMEM;
        }
        move_to(w, dir);
        name += length + strspn(name + length, "/");
    }
    directory_keep_fd(view, w->current, view->host, fd);
    w->rest += run;
    return 1;
}

/* Whether an absent or found entry is what the kernel would find on the host. */
static bool entry_is_pure(struct view *view, const struct entry *entry)
{
    if (entry->tree < 0)
        return !entry->masked && (entry->dir->trees & host_bit(view)) != 0 &&
               !lookup_is_hidden(view, entry->dir, entry->name);
    return entry->tree == view->host || (entry->trees & host_bit(view)) != 0;
}

/* Into a name that is not the last. */
static enum step enter(struct walker *w, struct walked *out, const char *name, size_t length, char *next)
{
    struct view *view = w->view;
    struct directory *dir = directory_find(view, w->current, name, length);
    if (dir != NULL) {
        move_to(w, dir);
        w->rest = next;
        return STEP_ON;
    }
    if (is_host_only(view, w->current) && !w->current->watched && w->current->parent != NULL &&
        !rules_watch(view, w->current) && !searches_for_another(w)) {
        int moved = short_cut(w);
        if (moved != 0)
            return moved > 0 ? STEP_ON : fail(out, w, moved);
    }
    struct entry entry;
    char text[NAME_MAX + 1];
    memcpy(text, name, length);
    text[length] = '\0';
    int error = lookup(view, w->current, text, &entry);
    if (error < 0)
        return fail(out, w, error);
    bool pure = entry_is_pure(view, &entry);
    enum step step = STEP_ON;
    if (entry.tree >= 0 && S_ISLNK(entry.st.st_mode)) {
        step = follow_link(w, out, entry.tree, text, next);
    } else {
        w->pure = w->pure && pure;
        dir = entry_directory(view, &entry, &error);
        if (dir == NULL) {
            step = fail(out, w, error);
        } else {
            move_to(w, dir);
            w->rest = next;
        }
    }
    entry_release(view, &entry);
    return step;
}

/* RESOLVE_NO_XDEV: every directory on the way lies on the mount that the walk began on. */
static int stay_on_mount(struct walker *w)
{
    uint64_t mount;
    if ((w->flags & WALK_NO_XDEV) == 0 || w->current == w->measured)
        return 0;
    int error = mount_of_directory(w->view, w->current, &mount);
    if (error < 0 || (w->measured != NULL && mount != w->mount))
        return error < 0 ? error : -EXDEV;
    w->measured = w->current;
    w->mount = mount;
    return 0;
}

/* And so does what the path ends at. */
static int end_on_mount(struct walker *w, const char *name)
{
    uint64_t mount;
    if ((w->flags & WALK_NO_XDEV) == 0)
        return 0;
    int error = mount_of_name(w->view, w->current, name, &mount);
    return error < 0 || mount == w->mount ? error : -EXDEV;
}

static enum step finish_unlooked(struct walker *w, struct walked *out, const char *name, size_t length)
{
    out->kind = WALK_ENTRY;
    out->last = LAST_NAME;
    out->pure = w->pure;
    out->looked = false;
    out->entry.dir = directory_hold(w->current);
    memcpy(out->entry.name, name, length);
    out->entry.name[length] = '\0';
    return STEP_DONE;
}

/* The last name of the path. */
static enum step finish(struct walker *w, struct walked *out, const char *name, size_t length)
{
    struct view *view = w->view;
    char text[NAME_MAX + 1];
    bool follow = (w->flags & WALK_FOLLOW) != 0 || (out->slash && (w->flags & WALK_PARENT) == 0);
    const char *tail = out->slash ? "/" : ""; /* not ".", which asks for the right to search */
    if (out->slash && (w->flags & WALK_FILE) != 0) {
        int may = may_search(view, w->caller, w->current); /* no name is looked up that could tell */
        w->pure = false;
        return fail(out, w, may < 0 ? may : -EISDIR);
    }
    memcpy(text, name, length);
    text[length] = '\0';
    w->pure = w->pure && !kernel_is_refused(w);
    /* Any name may be that of a file of several names that was copied, or has lost one. */
    bool may_skip = (w->flags & WALK_LOOK) == 0 && view->linked == NULL && view->remains_shown == 0;
    if (w->pure && may_skip && is_host_only(view, w->current) && !w->current->watched &&
        !rules_watch_name(view, w->current, text)) {
        if (!follow || known_plain(view, w->current, name, length))
            return finish_unlooked(w, out, name, length);
        char link[PATH_MAX];
        int fd = directory_fd(view, w->current, view->host);
        ssize_t size = fd < 0 ? fd : sys_readlinkat(fd, text, link, sizeof link - 1);
        if (size == -EINVAL || size == -ENOENT)
            known_plain_add(view, w->current, name, length);
        if (size < 0)
            return finish_unlooked(w, out, name, length);
        link[size] = '\0';
        int error = may_follow(view, w->caller, w->current, view->host, text);
        return error < 0 ? fail(out, w, error) : follow_text(w, out, link, tail);
    }
    int error = lookup(view, w->current, text, &out->entry);
    if (error < 0)
        return fail(out, w, error);
    if (follow && out->entry.tree >= 0 && S_ISLNK(out->entry.st.st_mode)) {
        int tree = out->entry.tree;
        entry_release(view, &out->entry);
        error = may_follow(view, w->caller, w->current, tree, text);
        return error < 0 ? fail(out, w, error) : follow_link(w, out, tree, text, tail);
    }
    if ((error = end_on_mount(w, text)) < 0) {
        entry_release(view, &out->entry);
        return fail(out, w, error);
    }
    out->kind = WALK_ENTRY;
    out->last = LAST_NAME;
    out->looked = true;
    out->pure = w->pure && entry_is_pure(view, &out->entry);
    return STEP_DONE;
}

/* The path ended at a directory itself: "/", ".", "..", or a link to such. */
static enum step finish_directory(struct walker *w, struct walked *out, enum last_kind last)
{
    out->pure = w->pure && !kernel_is_refused(w);
    if (w->current->dead) {
        /* "." of a removed directory: the kernel still knows it, if that is where it has the caller. */
        if (w->caller->fs->cwd_apart && w->current == w->caller->fs->cwd)
            return fail(out, w, -ENOENT);
        out->kind = WALK_RAW;
        out->host_path[0] = '\0';
        out->last = last;
        return STEP_DONE;
    }
    if (w->current->proc) {
        out->kind = WALK_RAW;
        int error = directory_path(w->current, out->host_path);
        return error < 0 ? fail(out, w, error) : STEP_DONE;
    }
    int error = entry_of_directory(w->view, w->current, &out->entry);
    if (error < 0)
        return fail(out, w, error);
    out->kind = WALK_ENTRY;
    out->last = last;
    out->looked = true;
    return STEP_DONE;
}

static enum step go_up(struct walker *w, struct walked *out)
{
    if (w->current == w->floor && (w->flags & WALK_BENEATH) != 0)
        return fail(out, w, -EXDEV);
    w->root_known = true;
    if (w->current != w->root && w->current->parent != NULL)
        move_to(w, directory_hold(w->current->parent));
    else
        w->pure = w->pure && w->real_root; /* the kernel knows nothing of the view's root, and would go on up */
    return STEP_ON;
}

/* A name that is to be made or removed is not followed for a slash behind it. */
static bool strip_slashes(char *path)
{
    size_t length = strlen(path), kept = length;
    while (kept > 1 && path[kept - 1] == '/')
        kept--;
    path[kept] = '\0';
    return kept < length;
}

/* "self" and "thread-self" are links, which proc_classify() takes for directories. */
static bool leads_through_self(const char *rest, bool follow)
{
    size_t length = strcspn(rest, "/");
    return (follow || rest[length] == '/') &&
           ((length == 4 && memcmp(rest, "self", 4) == 0) || (length == 11 && memcmp(rest, "thread-self", 11) == 0));
}

/* A magic link leads to the object, whatever the caller's root is, and whether or not he may search his way to it. */
static bool jump(struct walker *w, char *target, const char *tail)
{
    int error = 0;
    const char *name = "";
    struct directory *dir = view_directory(w->view, w->caller, target, &error);
    if (dir == NULL && error == -ENOTDIR) {
        char *slash = strrchr(target, '/');
        name = slash + 1;
        *slash = '\0';
        dir = view_directory(w->view, w->caller, target, &error);
        *slash = '/';
    }
    if (dir == NULL || dir->proc) {
        directory_release(w->view, dir);
        move_to(w, directory_hold(w->view->root));
        return join(w, target, tail);
    }
    move_to(w, dir);
    w->jumped = *name != '\0';
    return join(w, name, tail);
}

/* Below /proc: names are not cached; magic links are followed to their view paths. */
static enum step step_in_proc(struct walker *w, struct walked *out)
{
    char path[REST_MAX], target[PATH_MAX];
    const char *tail = "";
    w->start = NULL; /* where this leads is the caller's own */
    bool follow = (w->flags & WALK_FOLLOW) != 0;
    if (w->current->parent == w->view->root && leads_through_self(w->rest, follow) &&
        ((w->flags & WALK_NO_SYMLINKS) != 0 || ++w->links > LINKS_MAX))
        return fail(out, w, -ELOOP);
    int error = directory_path(w->current, path);
    size_t length = error < 0 ? 0 : strlen(path);
    if (error < 0 || length + strlen(w->rest) + 2 > REST_MAX)
        return fail(out, w, -ENAMETOOLONG);
    path[length] = '/';
    memcpy(path + length + 1, w->rest, strlen(w->rest) + 1);
    if ((w->flags & WALK_PARENT) != 0) {
        char stripped[REST_MAX];
        memcpy(stripped, path, strlen(path) + 1);
        out->slash = strip_slashes(stripped);
        if (proc_classify(w->view, w->caller, stripped, false, out->host_path, target, &tail) == PROC_PLAIN) {
            out->kind = WALK_RAW;
            out->pure = w->pure;
            return STEP_DONE;
        }
    }
    switch (proc_classify(w->view, w->caller, path, follow, out->host_path, target, &tail)) {
    case PROC_UP:
        move_to(w, directory_hold(w->root));
        return join(w, tail, "") ? STEP_ON : fail(out, w, -ENAMETOOLONG);
    case PROC_LINK:
        if ((w->flags & (WALK_NO_MAGIC | WALK_NO_SYMLINKS)) != 0)
            return fail(out, w, -ELOOP);
        if ((w->flags & WALK_NO_XDEV) != 0)
            return fail(out, w, -EXDEV); /* what it leads to is no file of procfs */
        w->pure = false;
        if (++w->links > LINKS_MAX)
            return fail(out, w, -ELOOP);
        return jump(w, target, tail) ? STEP_ON : fail(out, w, -ENAMETOOLONG);
    case PROC_WITHHELD:
        w->pure = false; /* the kernel would not refuse it */
        return fail(out, w, -EACCES);
    case PROC_PLAIN:
        break;
    }
    out->kind = WALK_RAW;
    out->pure = w->pure;
    return STEP_DONE;
}

/* At the last name of the path as the caller said it. */
static void keep_first_part(struct walker *w)
{
    const struct known_path known = {.dir = w->current, .links = w->links, .pure = w->pure};
    if (w->start != NULL && w->current->hashed && !w->current->proc)
        known_path_add(w->view, w->start, w->caller->cred, w->path, &known);
    w->start = NULL;
}

static bool is_dots(const char *name, size_t length)
{
    return name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
}

/*
 * The right to search the directory that the walk is in for a name. In one that only the host has, and where the
 * supervisor has the caller's rights, looking the name up will tell; but "." and ".." and what is too long for a name
 * are not looked up.
 */
static int search(struct walker *w, const char *name, size_t length)
{
    struct view *view = w->view;
    bool jumped = w->jumped;
    w->jumped = false;
    if (jumped || (w->flags & WALK_UNJUDGED) != 0 || searches_everywhere(view, w->caller->cred))
        return 0;
    if (w->current->dead || !is_host_only(view, w->current) || searches_for_another(w) || length > NAME_MAX)
        return may_search(view, w->caller, w->current);
    if (!is_dots(name, length) || known_plain(view, w->current, ".", 1))
        return 0;
    int error = may_search(view, w->caller, w->current);
    if (error == 0)
        known_plain_add(view, w->current, ".", 1);
    return error;
}

/* One component. */
static enum step step(struct walker *w, struct walked *out, enum last_kind *last)
{
    w->rest += strspn(w->rest, "/");
    size_t length = strcspn(w->rest, "/");
    int error = stay_on_mount(w);
    if (error < 0)
        return fail(out, w, error);
    if (length == 0)
        return finish_directory(w, out, *last);
    char *name = w->rest;
    char *next = name + length + strspn(name + length, "/");
    if (w->current->proc)
        return length > NAME_MAX ? fail(out, w, -ENAMETOOLONG) : step_in_proc(w, out);
    if ((error = search(w, name, length)) < 0) {
        /* The mode may have changed in the view alone: the kernel, asked again, would look at the host's. */
        w->pure = false;
        return fail(out, w, error);
    }
    if (is_dots(name, length)) {
        w->rest = next;
        *last = length == 1 ? LAST_DOT : LAST_DOTDOT;
        return length == 1 ? STEP_ON : go_up(w, out);
    }
    if (w->current->dead)
        return fail(out, w, -ENOENT);
    *last = LAST_DOT;
    if (length > NAME_MAX) {
        out->late = *next == '\0';
        return fail(out, w, -ENAMETOOLONG);
    }
    if (*next != '\0')
        return enter(w, out, name, length, next);
    out->slash = name[length] == '/';
    keep_first_part(w);
    return finish(w, out, name, length);
}

/* The first part of a path may have been settled a moment ago. */
static void skip_first_part(struct walker *w)
{
    const struct known_path *known = known_path_find(w->view, w->start, w->caller->cred, w->path);
    if (known == NULL)
        return;
    move_to(w, directory_hold(known->dir));
    w->pure = w->pure && known->pure;
    w->links = known->links;
    w->rest += known->length;
    w->start = NULL;
}

void walk_from(struct view *view, struct caller *caller, struct directory *start, bool pure, const char *path,
               unsigned flags, struct walked *walked)
{
    struct walker w;
    w.view = view;
    w.caller = caller;
    w.flags = flags;
    w.real_root = caller->fs->root == view->root;
    w.floor = start;
    w.root = directory_hold((flags & WALK_IN_ROOT) != 0 ? start : caller->fs->root);
    w.links = 0;
    w.jumped = false;
    w.measured = NULL;
    w.root_known = path[0] == '/' || (flags & WALK_IN_ROOT) != 0;
    w.mount = 0;
    w.start = NULL;
    w.buffer = 0;
    w.rest = w.text[0];
    memcpy(w.text[0], path, strlen(path) + 1);
    walked->looked = walked->slash = walked->late = false;
    walked->error = 0;
    walked->entry.dir = NULL;
    w.pure = pure;
    w.current = directory_hold(start);
    enum last_kind last = LAST_DOT;
    if (path[0] == '/') {
        w.pure = w.real_root && (flags & WALK_IN_ROOT) == 0;
        last = LAST_ROOT;
        directory_release(view, w.current);
        w.current = directory_hold(w.root);
    } else {
        w.pure = pure && !start->dead && (start->trees & host_bit(view)) != 0;
    }
    /* Only a walk that began pure, or everywhere, says what any such walk is. */
    bool plain =
        (flags & (WALK_NO_SYMLINKS | WALK_BENEATH | WALK_IN_ROOT | WALK_NO_MAGIC | WALK_NO_XDEV | WALK_UNJUDGED)) == 0;
    w.path = path;
    w.start = plain && w.real_root && w.pure && !w.current->proc && !w.current->dead ? w.current : NULL;
    if (w.start != NULL)
        skip_first_part(&w);
    if (path[0] == '/' && (flags & WALK_BENEATH) != 0)
        (void)fail(walked, &w, -EXDEV);
    else if (path[0] == '\0' && (flags & WALK_EMPTY) == 0)
        (void)fail(walked, &w, -ENOENT);
    else
        while (step(&w, walked, &last) == STEP_ON)
            continue;
    directory_release(view, w.current);
    directory_release(view, w.root);
}

void walk(struct view *view, struct caller *caller, int dirfd, const char *path, unsigned flags, struct walked *walked)
{
    struct directory *start;
    int error = 0;
    bool in_layer = caller->fs->cwd_in_layer;
    bool relative = path[0] != '/' || (flags & WALK_IN_ROOT) != 0;
    if (dirfd == AT_FDCWD || !relative || (path[0] == '\0' && (flags & WALK_EMPTY) == 0))
        start = directory_hold(caller->fs->cwd);
    else
        start = walk_start(view, caller, dirfd, &in_layer, &error);
    if (start == NULL) {
        /* A bad or strange descriptor: the kernel, asked the same, has the right errno unless it could find a file. */
        *walked = (struct walked){.kind = WALK_ERROR, .error = error};
        return;
    }
    if (start->dead && dirfd == AT_FDCWD && relative)
        removed_remember(view, caller, AT_FDCWD, start);
    walk_from(view, caller, start, !in_layer, path, flags, walked);
    directory_release(view, start);
}

void walked_release(struct view *view, struct walked *walked)
{
    entry_release(view, &walked->entry);
}
