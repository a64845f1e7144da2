/*
 * Names that are hidden, and that the upper tree has: a program's own, or not.
 *
 * A run does not note in LAYER/base what it does at a name that is hidden from it. So a record there, of something that
 * was on the host, is of a run under which the name was not hidden: what lies there now was copied, or written by a
 * program that could read what it replaced (editors write a new file and rename it). What was renamed in the layer has
 * no record under its new name, but LAYER/origins has the number that its original had, and LAYER/base that number.
 *
 * LAYER/base is read when the upper tree has a hidden name for the first time, which most runs never meet.
 */
#include "emul/withheld.h"

#include "emul/layer_base.h"
#include "emul/rules.h"

#include <errno.h>

/* The records as they are now; those of names that are hidden stay the same until a rule is added. */
static const struct layer_bases *records(struct view *view)
{
    uint32_t rules = policy_rule_count(view->policy);
    if (view->records != NULL && view->records_rules == rules)
        return view->records;
    withheld_free(view);
    if (layer_bases_load(view->layer, &view->records) < 0)
        return NULL;
    view->records_rules = rules;
    return view->records;
}

void withheld_free(struct view *view)
{
    layer_bases_free(view->records);
    view->records = NULL;
}

bool withheld_path(struct view *view, const char *path)
{
    const struct layer_bases *bases = records(view);
    const struct layer_base *base = bases == NULL ? NULL : layer_bases_find(bases, path);
    return bases == NULL || (base != NULL && base->mode != 0);
}

static bool has_record(struct view *view, struct directory *dir, const char *name)
{
    char path[PATH_MAX];
    return directory_name_path(dir, name, path) < 0 || withheld_path(view, path);
}

struct original {
    struct view *view;
    const struct stat *st;
};

/* Whether a record is of this original, under a name that is hidden. */
static bool is_hidden_original(void *data, const char *path, const struct layer_base *base)
{
    const struct original *original = data;
    return base->mode != 0 && base->ino == original->st->st_ino && base->dev == original->st->st_dev &&
           policy_decide(original->view->policy, POLICY_READ, path).verdict == POLICY_HIDE;
}

/* Whether a tree below has this very file at the name: of a layer below there is no record in LAYER/base. */
static bool lies_below(struct view *view, struct directory *dir, const char *name, const struct stat *original)
{
    for (int tree = UPPER + 1; tree < view->tree_count; tree++) {
        struct stat st;
        int fd = (dir->trees & (1u << tree)) == 0 ? -ENOENT : directory_fd(view, dir, tree);
        if (fd < 0 || sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        origins_show(view, fd, name, &st);
        if (st.st_dev == original->st_dev && st.st_ino == original->st_ino)
            return true;
    }
    return false;
}

bool withheld(struct view *view, struct directory *dir, const char *name, dev_t dev, ino_t ino)
{
    if (!rules_hide(view, dir, name))
        return false;
    if (has_record(view, dir, name))
        return true;
    struct stat st = {.st_dev = dev, .st_ino = ino};
    int fd = directory_fd(view, dir, UPPER);
    if (fd < 0)
        return true;
    origins_show(view, fd, name, &st);
    if (st.st_dev == dev && st.st_ino == ino)
        return false; /* no copy */
    struct original original = {view, &st};
    const struct layer_bases *bases = records(view);
    return bases == NULL || layer_bases_any(bases, is_hidden_original, &original) || lies_below(view, dir, name, &st);
}

bool withheld_place(struct view *view, struct directory *dir, const char *name)
{
    struct stat st;
    if (name[0] == '\0' || !rules_hide(view, dir, name))
        return false;
    if (has_record(view, dir, name))
        return true;
    int fd = (dir->trees & (1u << UPPER)) == 0 ? -ENOENT : directory_fd(view, dir, UPPER);
    return fd >= 0 && sys_fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           withheld(view, dir, name, st.st_dev, st.st_ino);
}
