#include "emul/lock_known.h"

#include "emul/rules.h"

#include <errno.h>
#include <string.h>

struct lock_known {
    UT_hash_handle hh;
    struct {
        dev_t dev;
        ino_t ino;
    } key;
};

int view_lock_lets_read(struct view *view, const struct stat *st)
{
    struct lock_known *known = calloc(1, sizeof *known), *found;
    if (known == NULL)
        return -ENOMEM;
    known->key.dev = st->st_dev;
    known->key.ino = st->st_ino;
    HASH_FIND(hh, view->lock_known, &known->key, sizeof known->key, found);
    if (found != NULL)
        free(known);
    else
        HASH_ADD(hh, view->lock_known, key, sizeof known->key, known);
    return 0;
}

static bool is_known(const struct view *view, const struct stat *st)
{
    const struct lock_known *found;
    struct lock_known sought;
    memset(&sought, 0, sizeof sought);
    sought.key.dev = st->st_dev;
    sought.key.ino = st->st_ino;
    HASH_FIND(hh, view->lock_known, &sought.key, sizeof sought.key, found);
    return found != NULL;
}

/* Whether it keeps them from reading all that the host has in a directory. */
static bool misses_directory(struct view *view, struct directory *dir);

static bool find_out(struct view *view, struct directory *dir)
{
    struct stat st;
    if (!rules_reads_differ(view, dir->parent))
        return misses_directory(view, dir->parent);
    /* It was taken apart itself: its names are what is known. */
    if (rules_reads_differ(view, dir))
        return false;
    int fd = directory_fd(view, dir, view->host);
    return fd >= 0 && sys_fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && !is_known(view, &st);
}

static bool misses_directory(struct view *view, struct directory *dir)
{
    if (dir->parent == NULL || dir->proc || (dir->trees & (1u << view->host)) == 0)
        return false;
    if (!dir->lock_asked) {
        dir->lock_misses = find_out(view, dir);
        dir->lock_asked = true;
    }
    return dir->lock_misses;
}

bool lock_misses_name(struct view *view, struct directory *dir, const char *name)
{
    struct stat st;
    if (view->lock_known == NULL || dir->proc || (dir->trees & (1u << view->host)) == 0)
        return false;
    if (!rules_reads_differ(view, dir))
        return misses_directory(view, dir);
    int fd = directory_fd(view, dir, view->host);
    return fd >= 0 && sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           !is_known(view, &st);
}

bool lock_misses_file(struct view *view, const struct entry *entry)
{
    if (view->lock_known == NULL || entry->tree != view->host || entry->dir->proc)
        return false;
    return rules_reads_differ(view, entry->dir) ? !is_known(view, &entry->st) : misses_directory(view, entry->dir);
}

void lock_known_free(struct view *view)
{
    struct lock_known *known, *next;
    HASH_ITER(hh, view->lock_known, known, next)
    {
        HASH_DEL(view->lock_known, known);
        free(known);
    }
}
