/*
 * Files of the host with several names, of which the view has removed some: how many names they still have.
 *
 * Only the count is kept, in LAYER/origins as the record of no copy. A file that is copied later takes it over.
 */
#include "emul/layer_origins.h"
#include "emul/view_internal.h"

#include <string.h>

struct remains {
    UT_hash_handle hh;
    struct inode_key original;
    nlink_t names;
};

static struct remains *find(const struct view *view, const struct stat *st)
{
    struct inode_key key;
    struct remains *remains = NULL;
    memset(&key, 0, sizeof key);
    key.dev = st->st_dev;
    key.ino = st->st_ino;
    HASH_FIND(hh, view->remains, &key, sizeof key, remains);
    return remains;
}

void remains_add(struct view *view, dev_t dev, ino_t ino, nlink_t names)
{
    const struct stat st = {.st_dev = dev, .st_ino = ino};
    struct remains *remains = find(view, &st);
    if (remains == NULL) {
        remains = calloc(1, sizeof *remains);
        if (remains == NULL)
            return;
        remains->original.dev = dev;
        remains->original.ino = ino;
        HASH_ADD(hh, view->remains, original, sizeof remains->original, remains);
    } else {
        view->remains_shown -= remains->names > 0;
    }
    remains->names = names;
    view->remains_shown += names > 0;
}

void remains_removed(struct view *view, const struct stat *st)
{
    const struct remains *remains = find(view, st);
    nlink_t names = remains == NULL ? st->st_nlink : remains->names;
    if (names == 0)
        return;
    const struct layer_origin record = {
        .from_dev = st->st_dev == view->trees[UPPER].dev ? 0 : st->st_dev,
        .from_ino = st->st_ino,
        .unseen = (int64_t)names - 1,
    };
    (void)layer_origin_note(view->layer, &record);
    remains_add(view, st->st_dev, st->st_ino, names - 1);
}

bool remains_know(const struct view *view, const struct stat *st)
{
    return st->st_nlink > 1 && find(view, st) != NULL;
}

void remains_show(const struct view *view, struct stat *st)
{
    const struct remains *remains = st->st_nlink > 1 ? find(view, st) : NULL;
    if (remains != NULL)
        st->st_nlink = remains->names;
}

void remains_free(struct view *view)
{
    struct remains *remains, *next;
    HASH_ITER(hh, view->remains, remains, next)
    {
        HASH_DEL(view->remains, remains);
        free(remains);
    }
}
