/*
 * Which file a copy was before, so that it keeps the device and inode number by which programs know it, and the other
 * names of a file that had several.
 *
 * The records are read from LAYER/origins of each layer of the view, and found by the copy's own inode number. Such a
 * number may have been given to another object since: the time of birth tells. Where a file system keeps no such time
 * there are no records, and a copy has a number of its own.
 *
 * A file of several names is one file in the view after it was copied as well. LAYER/links has one more link of its
 * copy; when another of its names is looked for, that name is made a link in the upper tree, and found there.
 */
#include "emul/layer_origins.h"
#include "emul/view_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct origin {
    UT_hash_handle hh;       /* by the copy */
    UT_hash_handle hh_links; /* by the original, where unseen >= 0 */
    struct inode_key copy, original;
    struct timespec born;
    int64_t unseen; /* see struct layer_origin */
};

static struct inode_key key_of(dev_t dev, ino_t ino)
{
    struct inode_key key;
    memset(&key, 0, sizeof key);
    key.dev = dev;
    key.ino = ino;
    return key;
}

static struct origin *find(struct view *view, dev_t dev, ino_t ino)
{
    struct inode_key key = key_of(dev, ino);
    struct origin *origin = NULL;
    HASH_FIND(hh, view->origins, &key, sizeof key, origin);
    return origin;
}

static struct origin *find_linked(struct view *view, const struct stat *original)
{
    struct inode_key key = key_of(original->st_dev, original->st_ino);
    struct origin *origin = NULL;
    HASH_FIND(hh_links, view->linked, &key, sizeof key, origin);
    return origin;
}

static void unlink_origin(struct view *view, struct origin *origin)
{
    if (origin->unseen >= 0)
        HASH_DELETE(hh_links, view->linked, origin);
    origin->unseen = -1;
}

static void forget(struct view *view, struct origin *origin)
{
    unlink_origin(view, origin);
    HASH_DEL(view->origins, origin);
    free(origin);
}

/* Whether LAYER/links has the copy. */
static bool has_link(const struct view *view, uint64_t ino)
{
    char name[32];
    struct stat st;
    layer_link_name(ino, name);
    return view->links_fd >= 0 && sys_fstatat(view->links_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == ino;
}

/* Takes a record in, in place of an earlier one. */
static void add(struct view *view, int tree, const struct layer_origin *record)
{
    dev_t from = record->from_dev == 0 ? view->trees[tree].dev : record->from_dev;
    if (record->ino == 0) {
        remains_add(view, from, record->from_ino, (nlink_t)record->unseen);
        return;
    }
    struct origin *origin = find(view, view->trees[tree].dev, record->ino);
    if (origin != NULL)
        unlink_origin(view, origin);
    else
        origin = calloc(1, sizeof *origin);
    if (origin == NULL)
        return;
    bool fresh = origin->copy.ino == 0;
    origin->copy = key_of(view->trees[tree].dev, record->ino);
    origin->original = key_of(from, record->from_ino);
    origin->born = record->born;
    origin->unseen = -1;
    if (fresh)
        HASH_ADD(hh, view->origins, copy, sizeof origin->copy, origin);
    if (tree != UPPER || record->unseen < 0 || !has_link(view, record->ino))
        return;
    struct origin *other = NULL;
    HASH_FIND(hh_links, view->linked, &origin->original, sizeof origin->original, other);
    if (other != NULL)
        unlink_origin(view, other);
    origin->unseen = record->unseen;
    /* Its names are the copy's now. */
    remains_add(view, origin->original.dev, origin->original.ino, 0);
    HASH_ADD(hh_links, view->linked, original, sizeof origin->original, origin);
}

struct loading {
    struct view *view;
    int tree;
};

static void add_loaded(void *context, const struct layer_origin *record)
{
    const struct loading *loading = context;
    add(loading->view, loading->tree, record);
}

int origins_load(struct view *view, int tree, const struct layer *layer)
{
    off_t begin = 0;
    struct loading loading = {view, tree};
    if (tree == UPPER)
        view->links_fd = layer_links_open(layer, false);
    return layer_origins_each(layer, tree == UPPER ? &view->origins_read : &begin, add_loaded, &loading);
}

void origins_refresh(struct view *view)
{
    struct loading loading = {view, UPPER};
    if (view->links_fd < 0)
        view->links_fd = layer_links_open(view->layer, false);
    (void)layer_origins_each(view->layer, &view->origins_read, add_loaded, &loading);
}

void origins_free(struct view *view)
{
    struct origin *origin, *next;
    remains_free(view);
    HASH_CLEAR(hh_links, view->linked);
    HASH_ITER(hh, view->origins, origin, next)
    {
        HASH_DEL(view->origins, origin);
        free(origin);
    }
    if (view->links_fd >= 0)
        (void)close(view->links_fd);
}

/* When an object was made; false where its file system does not know. */
static bool birth_of(int dirfd, const char *name, struct timespec *born, uint64_t *ino)
{
    struct statx sx;
    int flags = AT_SYMLINK_NOFOLLOW | (name[0] == '\0' ? AT_EMPTY_PATH : 0);
    if (syscall(SYS_statx, dirfd, name, flags, STATX_INO | STATX_BTIME, &sx) < 0 || (sx.stx_mask & STATX_BTIME) == 0)
        return false;
    *born = (struct timespec){sx.stx_btime.tv_sec, sx.stx_btime.tv_nsec};
    *ino = sx.stx_ino;
    return true;
}

/* The record of an object of a layer, if it is the object of then. */
static struct origin *find_object(struct view *view, int dirfd, const char *name, dev_t dev, ino_t ino)
{
    struct timespec born;
    uint64_t now;
    struct origin *origin = find(view, dev, ino);
    if (origin == NULL || !birth_of(dirfd, name, &born, &now))
        return NULL;
    if (now == ino && born.tv_sec == origin->born.tv_sec && born.tv_nsec == origin->born.tv_nsec)
        return origin;
    forget(view, origin);
    return NULL;
}

/* An original may be a copy itself, in a layer below. */
static struct inode_key first_of(struct view *view, const struct origin *origin)
{
    struct inode_key key = origin->original;
    for (int i = 0; i < view->host; i++) {
        const struct origin *below = find(view, key.dev, key.ino);
        if (below == NULL)
            break;
        key = below->original;
    }
    return key;
}

bool origins_know(struct view *view, const struct stat *st)
{
    return find(view, st->st_dev, st->st_ino) != NULL || (st->st_nlink > 1 && find_linked(view, st) != NULL) ||
           remains_know(view, st);
}

void origins_show(struct view *view, int dirfd, const char *name, struct stat *st)
{
    const struct origin *origin = view->origins == NULL ? NULL : find_object(view, dirfd, name, st->st_dev, st->st_ino);
    if (origin == NULL)
        return;
    struct inode_key key = first_of(view, origin);
    st->st_dev = key.dev;
    st->st_ino = key.ino;
    if (origin->unseen >= 0)
        st->st_nlink = st->st_nlink - 1 + (nlink_t)origin->unseen;
}

uint64_t origins_show_ino(struct view *view, int tree, int dirfd, const char *name, uint64_t ino)
{
    if (view->origins == NULL || tree == view->host)
        return ino;
    const struct origin *origin = find_object(view, dirfd, name, view->trees[tree].dev, ino);
    return origin == NULL ? ino : first_of(view, origin).ino;
}

static int note(struct view *view, const struct origin *origin, int64_t unseen)
{
    const struct layer_origin record = {
        .ino = origin->copy.ino,
        .born = origin->born,
        .from_dev = origin->original.dev == origin->copy.dev ? 0 : origin->original.dev,
        .from_ino = origin->original.ino,
        .unseen = unseen,
    };
    int error = layer_origin_note(view->layer, &record);
    if (error == 0)
        add(view, UPPER, &record);
    return error;
}

int origins_note(struct view *view, int fd, const struct stat *original)
{
    struct origin origin = {.original = key_of(original->st_dev, original->st_ino)};
    uint64_t ino;
    if (!birth_of(fd, "", &origin.born, &ino))
        return 0;
    origin.copy = key_of(view->trees[UPPER].dev, ino);
    return note(view, &origin, -1);
}

int origins_note_linked(struct view *view, const char *temp, const struct stat *original, nlink_t names)
{
    char name[32];
    uint64_t ino;
    struct origin origin = {.original = key_of(original->st_dev, original->st_ino)};
    int work = view->layer->work_fd;
    if (!birth_of(work, temp, &origin.born, &ino))
        return 0;
    if (view->links_fd < 0)
        view->links_fd = layer_links_open(view->layer, true);
    if (view->links_fd < 0)
        return view->links_fd;
    origin.copy = key_of(view->trees[UPPER].dev, ino);
    layer_link_name(ino, name);
    int error = sys_linkat(work, temp, view->links_fd, name, 0);
    if (error == -EEXIST) {
        /* Of an object that had this number before, and went without coffer's doing. */
        error = sys_unlinkat(view->links_fd, name, 0);
        if (error == 0)
            error = sys_linkat(work, temp, view->links_fd, name, 0);
    }
    if (error == 0)
        error = note(view, &origin, (int64_t)names - 1);
    if (error < 0)
        (void)sys_unlinkat(view->links_fd, name, 0);
    return error;
}

void origins_undo(struct view *view, const char *temp)
{
    char name[32];
    struct stat st;
    int work = view->layer->work_fd;
    struct origin *origin = NULL;
    if (sys_fstatat(work, temp, &st, AT_SYMLINK_NOFOLLOW) == 0)
        origin = find(view, st.st_dev, st.st_ino);
    if (origin != NULL && origin->unseen >= 0) {
        layer_link_name(origin->copy.ino, name);
        (void)sys_unlinkat(view->links_fd, name, 0);
    }
    if (origin != NULL)
        forget(view, origin);
    (void)sys_unlinkat(work, temp, 0);
}

/* Makes a name of the host one more link of the copy. */
static int make_link(struct view *view, struct directory *dir, const char *name, const struct origin *origin)
{
    char temp[32], link[32];
    int work = view->layer->work_fd;
    int fd = upper_directory(view, dir);
    if (fd < 0)
        return fd;
    layer_temp_name(view->layer, temp);
    layer_link_name(origin->copy.ino, link);
    int error = sys_linkat(view->links_fd, link, work, temp, 0);
    if (error < 0)
        return error;
    error = upper_note_base(view, dir, name);
    if (error == 0)
        error = upper_place(view, temp, dir, name);
    if (error < 0)
        (void)sys_unlinkat(work, temp, 0);
    return error;
}

bool origins_follow_link(struct view *view, struct directory *dir, const char *name, const struct stat *st)
{
    const struct origin *origin = st->st_nlink > 1 ? find_linked(view, st) : NULL;
    if (origin == NULL || make_link(view, dir, name, origin) < 0)
        return false;
    view->structure++;
    (void)note(view, origin, origin->unseen > 0 ? origin->unseen - 1 : 0);
    return true;
}

int origins_open_linked(struct view *view, const struct stat *original)
{
    char name[32];
    const struct origin *origin = find_linked(view, original);
    if (origin == NULL)
        return -ENOENT;
    layer_link_name(origin->copy.ino, name);
    return sys_openat(view->links_fd, name, O_PATH | O_NOFOLLOW, 0);
}

void origins_gone(struct view *view, const struct entry *entry)
{
    char name[32];
    struct stat st;
    if (entry->tree > UPPER && !S_ISDIR(entry->st.st_mode) && entry->st.st_nlink > 1)
        remains_removed(view, &entry->st);
    struct origin *origin = entry->tree == UPPER ? find(view, entry->st.st_dev, entry->st.st_ino) : NULL;
    if (origin == NULL || origin->unseen != 0)
        return;
    layer_link_name(origin->copy.ino, name);
    if (sys_fstatat(view->links_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_nlink > 1)
        return;
    (void)sys_unlinkat(view->links_fd, name, 0);
    unlink_origin(view, origin);
}
