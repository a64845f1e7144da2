/*
 * The directory cache: which directories of the view exist in which trees.
 *
 * Only coffer changes the layer while it runs, so an entry is exact until one
 * of coffer's own operations changes it, and those call directory_forget(),
 * directory_moved() or directory_refresh(). Nothing is cached for names that are
 * absent or not directories, nor below /proc.
 */
#include "emul/rules.h"

#include <errno.h>
#include <string.h>

#define CACHED_MAX 8192u

static size_t key_fill(struct directory_key *key, const struct directory *parent, const char *name, size_t length)
{
    key->parent = (uint64_t)(uintptr_t)parent;
    memcpy(key->name, name, length);
    key->name[length] = '\0';
    return sizeof key->parent + length;
}

static void lru_unlink(struct view *view, struct directory *dir)
{
    if (dir->older != NULL)
        dir->older->newer = dir->newer;
    else if (view->oldest == dir)
        view->oldest = dir->newer;
    if (dir->newer != NULL)
        dir->newer->older = dir->older;
    else if (view->newest == dir)
        view->newest = dir->older;
    dir->older = dir->newer = NULL;
}

static void lru_touch(struct view *view, struct directory *dir)
{
    if (view->newest == dir)
        return;
    lru_unlink(view, dir);
    dir->older = view->newest;
    if (view->newest != NULL)
        view->newest->newer = dir;
    view->newest = dir;
    if (view->oldest == NULL)
        view->oldest = dir;
}

static void close_slot(struct view *view, int *slot)
{
    if (*slot < 0)
        return;
    (void)close(*slot);
    *slot = -1;
    view->open_fds--;
}

static void close_fds(struct view *view, struct directory *dir)
{
    close_slot(view, &dir->upper_fd);
    close_slot(view, &dir->host_fd);
    for (int i = 0; dir->over_fd != NULL && i < view->tree_count - 2; i++)
        close_slot(view, &dir->over_fd[i]);
}

static void unhash(struct view *view, struct directory *dir)
{
    if (!dir->hashed)
        return;
    HASH_DEL(view->cache, dir);
    view->structure++;
    dir->hashed = false;
    dir->parent->children--;
    view->cached--;
}

static void destroy(struct view *view, struct directory *dir)
{
    struct directory *parent = dir->parent;
    unhash(view, dir);
    lru_unlink(view, dir);
    if (parent != NULL)
        close_fds(view, dir);
    if (dir->place != NULL)
        policy_place_release(view->policy, dir->place);
    free(dir->over_fd);
    free(dir->key);
    free(dir);
    if (parent != NULL)
        directory_release(view, parent);
}

struct directory *directory_hold(struct directory *dir)
{
    dir->refs++;
    return dir;
}

void directory_release(struct view *view, struct directory *dir)
{
    if (dir == NULL || --dir->refs > 0)
        return;
    if (!dir->hashed)
        destroy(view, dir);
}

void directory_drop(struct directory *dir)
{
    directory_release(dir->view, dir);
}

/* Makes room: the least recently used entries that nobody holds go. */
static void evict(struct view *view)
{
    struct directory *dir = view->oldest;
    while (dir != NULL && view->cached > CACHED_MAX * 3 / 4) {
        struct directory *next = dir->newer;
        if (dir->refs == 0 && dir->hashed)
            destroy(view, dir);
        dir = next;
    }
}

static void limit_fds(struct view *view)
{
    for (struct directory *dir = view->oldest; dir != NULL && view->open_fds > view->fd_limit * 3 / 4; dir = dir->newer)
        if (dir->parent != NULL && !dir->proc)
            close_fds(view, dir);
}

struct directory *directory_find(struct view *view, struct directory *parent, const char *name, size_t length)
{
    union {
        struct directory_key key;
        char room[sizeof(uint64_t) + NAME_MAX + 1];
    } buffer;
    struct directory *dir = NULL;
    if (length > NAME_MAX)
        return NULL;
    size_t key_length = key_fill(&buffer.key, parent, name, length);
    HASH_FIND(hh, view->cache, &buffer.key, key_length, dir);
    if (dir == NULL)
        return NULL;
    lru_touch(view, dir);
    return directory_hold(dir);
}

/* Whether a hidden path lies below dir/name: then short cuts past it are not allowed. */
static bool leads_to_hidden(const struct view *view, const struct directory *dir)
{
    char path[PATH_MAX];
    if (!dir->parent->watched || directory_path(dir, path) < 0)
        return false;
    size_t length = strlen(path);
    for (int i = 0; i < view->hidden_count; i++)
        if (strncmp(view->hidden[i], path, length) == 0 && view->hidden[i][length] == '/')
            return true;
    return false;
}

void directory_watch(struct view *view, const char *path)
{
    struct directory *dir = directory_hold(view->root);
    for (path++; dir != NULL && strchr(path, '/') != NULL;) {
        size_t length = strcspn(path, "/");
        struct directory *child = directory_find(view, dir, path, length);
        directory_release(view, dir);
        dir = child;
        if (dir != NULL)
            dir->watched = true;
        path += length + 1;
    }
    directory_release(view, dir);
    view->structure++;
}

struct directory *directory_add(struct view *view, struct directory *parent, const char *name, size_t length,
                                uint32_t trees)
{
    struct directory *dir = calloc(1, sizeof *dir);
    if (dir == NULL)
        return NULL;
    dir->key = malloc(sizeof *dir->key + length + 1);
    if (dir->key == NULL) {
        free(dir);
        return NULL;
    }
    dir->key_length = key_fill(dir->key, parent, name, length);
    dir->view = view;
    dir->serial = ++view->serials;
    dir->refs = 1;
    dir->upper_fd = dir->host_fd = -1;
    dir->trees = trees;
    dir->parent = directory_hold(parent);
    dir->proc = parent->proc || (parent == view->root && strcmp(dir->key->name, "proc") == 0 && view->proc_fd >= 0);
    dir->watched = leads_to_hidden(view, dir);
    lru_touch(view, dir);
    if (parent->proc)
        return dir;
    HASH_ADD_KEYPTR(hh, view->cache, dir->key, dir->key_length, dir);
    dir->hashed = true;
    parent->children++;
    if (++view->cached > CACHED_MAX)
        evict(view);
    return dir;
}

struct directory *directory_make_dead(struct view *view, struct directory *parent)
{
    struct directory *dir = calloc(1, sizeof *dir);
    if (dir == NULL)
        return NULL;
    dir->key = calloc(1, sizeof *dir->key + 1);
    if (dir->key == NULL) {
        free(dir);
        return NULL;
    }
    dir->key_length = sizeof dir->key->parent;
    dir->view = view;
    dir->serial = ++view->serials;
    dir->refs = 1;
    dir->upper_fd = dir->host_fd = -1;
    dir->trees = 1u << view->host;
    dir->dead = true;
    dir->parent = directory_hold(parent);
    lru_touch(view, dir);
    return dir;
}

static int *fd_slot(struct view *view, struct directory *dir, int tree)
{
    if (tree == UPPER)
        return &dir->upper_fd;
    if (tree == view->host)
        return &dir->host_fd;
    if (dir->over_fd == NULL) {
        size_t count = (size_t)view->tree_count - 2;
        dir->over_fd = malloc(count * sizeof *dir->over_fd);
        if (dir->over_fd == NULL)
            return NULL;
        for (size_t i = 0; i < count; i++)
            dir->over_fd[i] = -1;
    }
    return &dir->over_fd[tree - 1];
}

void directory_keep_fd(struct view *view, struct directory *dir, int tree, int fd)
{
    int *slot = fd_slot(view, dir, tree);
    if (slot == NULL || *slot >= 0) {
        (void)close(fd);
        return;
    }
    *slot = fd;
    if (++view->open_fds > view->fd_limit)
        limit_fds(view);
}

int directory_fd(struct view *view, struct directory *dir, int tree)
{
    char path[PATH_MAX];
    if (dir->parent == NULL)
        return view->trees[tree].fd;
    int *slot = fd_slot(view, dir, tree);
    if (slot == NULL)
        return -ENOMEM;
    if (*slot >= 0)
        return *slot;
    if (dir->dead || (dir->trees & (1u << tree)) == 0)
        return -ENOENT;
    int fd;
    int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
    if (directory_path(dir, path) == 0) {
        fd = sys_openat2(view->trees[tree].fd, path + 1, flags, 0, SYS_BENEATH);
    } else {
        fd = directory_fd(view, dir->parent, tree);
        if (fd >= 0)
            fd = sys_openat2(fd, dir->key->name, flags, 0, SYS_BENEATH);
    }
    if (fd < 0)
        return fd;
    lru_touch(view, dir);
    *slot = fd;
    if (++view->open_fds > view->fd_limit)
        limit_fds(view);
    return fd;
}

int directory_path(const struct directory *dir, char path[PATH_MAX])
{
    size_t length = 0;
    for (const struct directory *d = dir; d->parent != NULL; d = d->parent)
        length += 1 + d->key_length - sizeof(uint64_t);
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    if (length == 0) {
        memcpy(path, "/", 2);
        return 0;
    }
    path[length] = '\0';
    for (const struct directory *d = dir; d->parent != NULL; d = d->parent) {
        size_t name_length = d->key_length - sizeof(uint64_t);
        length -= name_length;
        memcpy(path + length, d->key->name, name_length);
        path[--length] = '/';
    }
    return 0;
}

int directory_name_path(const struct directory *dir, const char *name, char path[PATH_MAX])
{
    const size_t name_size = strlen(name) + 1;
    int error = directory_path(dir, path);
    if (error < 0 || name_size == 1)
        return error;
    size_t length = path[1] == '\0' ? 0 : strlen(path);
    if (length + 1 + name_size > PATH_MAX)
        return -ENAMETOOLONG;
    path[length] = '/';
    memcpy(path + length + 1, name, name_size);
    return 0;
}

bool directory_is_below(const struct directory *dir, const struct directory *ancestor)
{
    for (; dir != NULL; dir = dir->parent)
        if (dir == ancestor)
            return true;
    return false;
}

/* Runs act on every cached directory below top, and on it. */
static void each_below(struct view *view, struct directory *top, void (*act)(struct view *, struct directory *))
{
    struct directory *dir, *next;
    if (top->children > 0) {
        HASH_ITER(hh, view->cache, dir, next)
        {
            if (dir != top && directory_is_below(dir, top)) {
                (void)directory_hold(dir);
                act(view, dir);
                directory_release(view, dir);
            }
        }
    }
    act(view, top);
}

/* What stat says of a directory of a tree, and what only an attribute tells. 0 or -errno. */
static int read_meta(struct view *view, int tree, int fd, struct directory_meta *meta)
{
    struct stat st;
    int error = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    const gid_t own_group = st.st_gid;
    int override = tree != view->host && !view->own_root ? object_override(fd, &st) : 0;
    if (override < 0)
        return override;
    bool acl = tree != view->host && sys_fgetxattr(fd, XATTR_DEFAULT_ACL, NULL, 0) > 0;
    *meta = (struct directory_meta){st.st_uid, st.st_gid, st.st_mode, override == 1, st.st_gid != own_group, acl};
    return 0;
}

void directory_remember(struct view *view, struct directory *dir, bool in_layer, int fd)
{
    dir->meta_known = read_meta(view, in_layer ? UPPER : view->host, fd, &dir->meta) == 0;
}

static void mark_dead(struct view *view, struct directory *dir)
{
    dir->dead = true;
    dir->meta_known = false;
    close_fds(view, dir);
    unhash(view, dir);
}

void directory_forget(struct view *view, struct directory *parent, const char *name)
{
    struct directory *dir = directory_find(view, parent, name, strlen(name));
    if (dir == NULL)
        return;
    each_below(view, dir, mark_dead);
    directory_release(view, dir);
}

static void mark_upper_only(struct view *view, struct directory *dir)
{
    close_fds(view, dir);
    dir->trees = 1u << UPPER;
    dir->meta_known = false;
    dir->view->structure++;
}

/* A cached directory that gets another name, complete in one tree: held, and reachable by none meanwhile. */
static struct directory *take_out(struct view *view, struct directory *parent, const char *name, int tree)
{
    struct directory *dir = directory_find(view, parent, name, strlen(name));
    view->place_epoch++; /* rules are about paths */
    if (dir == NULL)
        return NULL;
    if (tree == UPPER && dir->trees != 1u << UPPER)
        each_below(view, dir, mark_upper_only);
    dir->meta_known = false;
    view->structure++;
    unhash(view, dir);
    return dir;
}

/* Releases dir, which may be NULL. */
static void put_in(struct view *view, struct directory *dir, struct directory *parent, const char *name)
{
    if (dir == NULL)
        return;
    size_t length = strlen(name);
    struct directory *old_parent = dir->parent;
    struct directory_key *key = malloc(sizeof *key + length + 1);
    if (key == NULL) {
        each_below(view, dir, mark_dead);
        directory_release(view, dir);
        return;
    }
    free(dir->key);
    dir->key = key;
    dir->key_length = key_fill(key, parent, name, length);
    dir->parent = directory_hold(parent);
    HASH_ADD_KEYPTR(hh, view->cache, dir->key, dir->key_length, dir);
    dir->hashed = true;
    parent->children++;
    view->cached++;
    directory_release(view, old_parent);
    directory_release(view, dir);
}

void directory_moved(struct view *view, struct directory *old_parent, const char *old_name,
                     struct directory *new_parent, const char *new_name, int tree)
{
    put_in(view, take_out(view, old_parent, old_name, tree), new_parent, new_name);
}

void directory_exchanged(struct view *view, struct directory *parent, const char *name, struct directory *other_parent,
                         const char *other_name, int tree)
{
    struct directory *one = take_out(view, parent, name, tree);
    struct directory *other = take_out(view, other_parent, other_name, tree);
    put_in(view, one, other_parent, other_name);
    put_in(view, other, parent, name);
}

/* After a worker copied up: the upper tree may have it now, and what is opaque shows no host. */
static void look_again(struct view *view, struct directory *dir)
{
    struct entry entry;
    dir->meta_known = false;
    dir->view->structure++;
    if (dir->parent == NULL || dir->proc || dir->dead)
        return;
    if (lookup(view, dir->parent, dir->key->name, &entry) < 0)
        return;
    close_fds(view, dir);
    dir->trees = entry.trees;
    entry_release(view, &entry);
}

void directory_refresh(struct view *view, struct directory *dir)
{
    struct directory *up = dir->parent;
    /* The worker made the ancestors as well. */
    for (; up != NULL; up = up->parent)
        look_again(view, up);
    each_below(view, dir, look_again);
}

void directory_cache_clear(struct view *view)
{
    struct directory *dir, *next;
    HASH_ITER(hh, view->cache, dir, next)
    {
        (void)directory_hold(dir);
        mark_dead(view, dir);
        directory_release(view, dir);
    }
}

int directory_meta_get(struct view *view, struct directory *dir, struct directory_meta *meta)
{
    if (!dir->meta_known) {
        int tree = __builtin_ctz(dir->trees);
        int fd = directory_fd(view, dir, tree);
        int error = fd < 0 ? fd : read_meta(view, tree, fd, &dir->meta);
        if (error < 0)
            return error;
        /* The host's may change behind our back; the layer's only through us. */
        dir->meta_known = tree != view->host;
    }
    *meta = dir->meta;
    return 0;
}
