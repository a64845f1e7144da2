/*
 * Where the copies of lower files are, for descriptors that are still open on the originals.
 *
 * Such a descriptor shows the name that the file has on the host. That name may have been renamed in the view since, or
 * removed, or given to another file. Only files that a run copies up or removes are known, and those with several names
 * in a lower tree are not: each of those may have a copy of its own. The last COPIES_MAX are remembered.
 */
#include "emul/view_internal.h"

#include <string.h>

enum { COPIES_MAX = 8192 };

struct copy {
    UT_hash_handle hh;       /* by the original */
    UT_hash_handle hh_upper; /* by the copy, unless it is gone */
    struct inode_key original, upper;
    bool gone;               /* no name in the view has it any more */
    struct directory *place; /* held: where a rename or link has put it last; NULL: where the original is */
    char *name;              /* owned; its name in place */
};

struct inode_key inode_key_of(const struct stat *st)
{
    struct inode_key key;
    memset(&key, 0, sizeof key); /* the hash is of all its bytes */
    key.dev = st->st_dev;
    key.ino = st->st_ino;
    return key;
}

static struct copy *find_original(struct view *view, const struct stat *st)
{
    struct inode_key key = inode_key_of(st);
    struct copy *copy = NULL;
    HASH_FIND(hh, view->copies, &key, sizeof key, copy);
    return copy;
}

static struct copy *find_upper(struct view *view, const struct stat *st)
{
    struct inode_key key = inode_key_of(st);
    struct copy *copy = NULL;
    HASH_FIND(hh_upper, view->copies_upper, &key, sizeof key, copy);
    return copy;
}

static void forget_place(struct view *view, struct copy *copy)
{
    directory_release(view, copy->place);
    copy->place = NULL;
    free(copy->name);
    copy->name = NULL;
}

/* The copy is gone; the name that it had last stays known. */
static void lose(struct view *view, struct copy *copy)
{
    if (!copy->gone)
        HASH_DELETE(hh_upper, view->copies_upper, copy);
    copy->gone = true;
}

static void unlist(struct view *view, struct copy *copy)
{
    lose(view, copy);
    forget_place(view, copy);
}

/* A run that changes a million files must not be remembered whole: the oldest record goes. */
static void make_room(struct view *view)
{
    struct copy *oldest = view->copies;
    if (HASH_CNT(hh, view->copies) < COPIES_MAX)
        return;
    unlist(view, oldest);
    HASH_DEL(view->copies, oldest);
    free(oldest);
}

/* The record of an original, as of one whose copy is gone; NULL where there cannot be one. */
static struct copy *record(struct view *view, const struct stat *original)
{
    struct copy *copy = find_original(view, original);
    if (copy != NULL) {
        unlist(view, copy);
        return copy;
    }
    if (S_ISDIR(original->st_mode) || original->st_nlink > 1)
        return NULL;
    copy = calloc(1, sizeof *copy);
    if (copy == NULL)
        return NULL;
    make_room(view);
    copy->original = inode_key_of(original);
    copy->gone = true;
    HASH_ADD(hh, view->copies, original, sizeof copy->original, copy);
    return copy;
}

void copies_note(struct view *view, const struct stat *original, const struct stat *upper)
{
    struct copy *copy = record(view, original);
    struct copy *before = find_upper(view, upper);
    if (before != NULL)
        unlist(view, before);
    if (copy == NULL)
        return;
    copy->gone = false;
    copy->upper = inode_key_of(upper);
    HASH_ADD(hh_upper, view->copies_upper, upper, sizeof copy->upper, copy);
}

void copies_undo(struct view *view, const struct stat *upper)
{
    struct copy *copy = find_upper(view, upper);
    if (copy == NULL)
        return;
    unlist(view, copy);
    HASH_DEL(view->copies, copy);
    free(copy);
}

void copies_gone(struct view *view, const struct entry *entry)
{
    if (entry->tree < 0 || S_ISDIR(entry->st.st_mode))
        return;
    if (entry->tree != UPPER) {
        (void)record(view, &entry->st);
        return;
    }
    struct copy *copy = entry->st.st_nlink > 1 ? NULL : find_upper(view, &entry->st);
    if (copy != NULL)
        lose(view, copy);
}

void copies_named(struct view *view, const struct stat *upper, struct directory *dir, const char *name)
{
    struct copy *copy = find_upper(view, upper);
    if (copy == NULL)
        return;
    forget_place(view, copy);
    copy->name = strdup(name);
    if (copy->name != NULL)
        copy->place = directory_hold(dir);
}

static bool is_copy(const struct copy *copy, const struct entry *entry)
{
    return !copy->gone && entry->tree == UPPER && copy->upper.dev == entry->st.st_dev &&
           copy->upper.ino == entry->st.st_ino;
}

bool copies_know(struct view *view, const struct stat *original)
{
    return find_original(view, original) != NULL;
}

enum copy_state copies_judge(struct view *view, const struct stat *original, const struct entry *entry)
{
    const struct copy *copy = find_original(view, original);
    if (copy == NULL)
        return COPY_UNKNOWN;
    return is_copy(copy, entry) ? COPY_THIS : COPY_OTHER;
}

bool copies_find(struct view *view, const struct stat *original, struct entry *entry)
{
    const struct copy *copy = find_original(view, original);
    if (copy == NULL || copy->gone || copy->place == NULL || lookup(view, copy->place, copy->name, entry) < 0)
        return false;
    if (is_copy(copy, entry))
        return true;
    entry_release(view, entry);
    return false;
}

bool copies_last_name(struct view *view, const struct stat *original, char path[PATH_MAX])
{
    const struct copy *copy = find_original(view, original);
    return copy != NULL && copy->place != NULL && directory_name_path(copy->place, copy->name, path) == 0;
}

void copies_free(struct view *view)
{
    struct copy *copy, *next;
    HASH_CLEAR(hh_upper, view->copies_upper);
    HASH_ITER(hh, view->copies, copy, next)
    {
        HASH_DEL(view->copies, copy);
        forget_place(view, copy);
        free(copy);
    }
}
