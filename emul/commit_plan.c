/*
 * From the changes of a layer to a list of operations.
 *
 * New directories that do not exist in the target are made whole under a temporary name, with all
 * that belongs in them, and renamed once: `inside` operations. The rest is made beside its target.
 */
#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/commit_internal.h"
#include "emul/layer_meta.h"
#include "emul/layer_origins.h"
#include "emul/layer_store.h"
#include "emul/object.h"
#include "emul/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <uthash.h>

/* A path, and where it is made before its time (NULL: only that it was seen). */
struct known_path {
    UT_hash_handle hh;
    char *place;
    char path[];
};

struct inode_key {
    dev_t device;
    ino_t inode;
};

/* A file of the layer that has several names: the first of them, as a path in the target. */
struct known_inode {
    UT_hash_handle hh;
    struct inode_key key;
    char *where;
    bool replaced;  /* it takes the place of what has its names in the target */
    int64_t unseen; /* see struct layer_origin */
};

struct commit_maps {
    struct known_path *staged;  /* new directories */
    struct known_path *touched; /* existing directories whose names change */
    struct known_inode *linked;
};

static int remember_path(struct known_path **map, const char *path, const char *place)
{
    size_t length = strlen(path);
    struct known_path *known = malloc(sizeof *known + length + 1);
    char *copy = place == NULL ? NULL : strdup(place);
    if (known == NULL || (place != NULL && copy == NULL)) {
        free(known);
        free(copy);
        return -ENOMEM;
    }
    memcpy(known->path, path, length + 1);
    known->place = copy;
    HASH_ADD_KEYPTR(hh, *map, known->path, length, known);
    return 0;
}

static struct known_path *find_path(struct known_path *map, const char *path)
{
    struct known_path *known = NULL;
    HASH_FIND_STR(map, path, known);
    return known;
}

static void free_paths(struct known_path **map)
{
    struct known_path *known;
    struct known_path *next;
    HASH_ITER(hh, *map, known, next)
    {
        HASH_DEL(*map, known);
        free(known->place);
        free(known);
    }
}

static int remember_inode(struct commit *commit, const struct stat *st, const char *where)
{
    struct known_inode *known = calloc(1, sizeof *known);
    if (known == NULL)
        return -ENOMEM;
    known->key.device = st->st_dev;
    known->key.inode = st->st_ino;
    known->where = strdup(where);
    if (known->where == NULL) {
        free(known);
        return -ENOMEM;
    }
    HASH_ADD(hh, commit->maps->linked, key, sizeof known->key, known);
    return 0;
}

static struct known_inode *find_known_inode(struct commit *commit, dev_t device, ino_t inode)
{
    struct inode_key key;
    struct known_inode *known = NULL;
    memset(&key, 0, sizeof key);
    key.device = device;
    key.inode = inode;
    HASH_FIND(hh, commit->maps->linked, &key, sizeof key, known);
    return known;
}

static const char *find_inode(struct commit *commit, const struct stat *st)
{
    const struct known_inode *known = find_known_inode(commit, st->st_dev, st->st_ino);
    return known == NULL ? NULL : known->where;
}

static void free_inodes(struct known_inode **map)
{
    struct known_inode *known;
    struct known_inode *next;
    HASH_ITER(hh, *map, known, next)
    {
        HASH_DEL(*map, known);
        free(known->where);
        free(known);
    }
}

static void report(struct commit *commit, enum commit_note note, enum change_kind kind, const char *path,
                   const char *why)
{
    commit->options->report(commit->options->context, note, kind, path, why);
}

static void conflict(struct commit *commit, const char *path, const char *why)
{
    commit->result->conflicts++;
    report(commit, COMMIT_CONFLICT, CHANGE_NONE, path, why);
}

/* What the target has at a path; *dir is the directory that holds it (or -1). 1, 0 for nothing, or -errno. */
static int look_at_target(struct commit *commit, const char *path, int *dir, const char **name, struct stat *st)
{
    *dir = beneath_open_parent(commit->root_fd, path, name);
    if (*dir < 0) {
        int status = *dir;
        *dir = -1;
        return status == -ENOENT || status == -ENOTDIR || status == -ELOOP ? 0 : status;
    }
    int status = sys_fstatat(*dir, *name, st, AT_SYMLINK_NOFOLLOW);
    return status == -ENOENT ? 0 : status < 0 ? status : 1;
}

/* "DIR/.coffer-RANDOM" in fresh memory. */
static char *temporary_place(const char *dir)
{
    uint64_t number = 0;
    char name[40];
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return NULL;
    (void)snprintf(name, sizeof name, ".coffer-%016" PRIx64, number);
    return path_join(dir, name);
}

static int touch(struct commit *commit, const char *dir)
{
    if (find_path(commit->maps->touched, dir) != NULL)
        return 0;
    return remember_path(&commit->maps->touched, dir, NULL);
}

static int plan_parent(struct commit *commit, const char *path, const char **place);

/* Adds the operation that makes `path`; *inside: below a directory that is new itself. */
static int place_object(struct commit *commit, const char *path, bool directory, const char *link)
{
    const char *staged_parent = NULL;
    cleanup_free char *parent = path_parent(path);
    if (parent == NULL)
        return -ENOMEM;
    int status = plan_parent(commit, parent, &staged_parent);
    if (status < 0)
        return status;
    char *place = staged_parent != NULL ? path_join(staged_parent, path_last(path)) : temporary_place(parent);
    if (place == NULL)
        return -ENOMEM;
    status = staged_parent == NULL ? touch(commit, parent) : 0;
    if (status == 0 && directory)
        status = remember_path(&commit->maps->staged, path, place);
    if (status < 0) {
        free(place);
        return status;
    }
    enum op_kind kind =
        staged_parent != NULL ? (directory ? OP_INSIDE_DIR : OP_INSIDE) : (directory ? OP_PLACE_DIR : OP_PLACE);
    return journal_add(&commit->journal, kind, strdup(path), place, link == NULL ? NULL : strdup(link));
}

/* Sees to it that the directory exists by then; *place: where it is made, NULL if it is there already. */
static int plan_parent(struct commit *commit, const char *path, const char **place)
{
    struct known_path *known = find_path(commit->maps->staged, path);
    *place = known == NULL ? NULL : known->place;
    if (known != NULL || find_path(commit->maps->touched, path) != NULL)
        return 0;
    const char *name;
    struct stat st;
    cleanup_fd int dir = -1;
    int present = look_at_target(commit, path, &dir, &name, &st);
    if (present < 0)
        return commit_fail(commit, path, present);
    if (present == 1 && S_ISDIR(st.st_mode)) {
        cleanup_fd int self = sys_openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
        int status = self < 0 ? self : sys_faccessat(self, ".", W_OK | X_OK, AT_EACCESS);
        return status < 0 ? commit_fail(commit, path, status) : 0;
    }
    if (present == 1)
        conflict(commit, path, "not a directory there");
    int status = place_object(commit, path, true, NULL);
    if (status == 0)
        *place = find_path(commit->maps->staged, path)->place;
    return status;
}

/* Whether one of them is a directory and the other is not. */
static bool clash(mode_t a, mode_t b)
{
    return S_ISDIR(a) != S_ISDIR(b);
}

/* What would go with a directory that is removed or replaced. */
static int check_removal(struct commit *commit, int dir, const char *name, const char *path)
{
    struct commit_found found;
    int status = commit_check_tree(commit, dir, name, path, &found);
    if (status == 0 && found.path != NULL)
        conflict(commit, found.path, found.why);
    free(found.path);
    return status;
}

static int plan_place(struct commit *commit, const struct change *change)
{
    const char *name;
    struct stat st;
    mode_t mode = change->upper->st_mode;
    cleanup_fd int dir = -1;
    int present = look_at_target(commit, change->path, &dir, &name, &st);
    if (present < 0)
        return commit_fail(commit, change->path, present);
    if (present == 1 && S_ISDIR(mode) && S_ISDIR(st.st_mode)) {
        int status = commit_may_change(dir, name, &st, false);
        if (status < 0)
            return commit_fail(commit, change->path, status);
        return journal_add(&commit->journal, OP_METADATA, strdup(change->path), strdup(""), NULL);
    }
    if (present == 1) {
        int status = commit_may_change(dir, name, &st, true);
        if (status < 0)
            return commit_fail_why(commit, change->path, status, status == -EBUSY ? "a mount point" : NULL);
        bool expected = change->host != NULL && !clash(change->host->st_mode, st.st_mode);
        if (clash(mode, st.st_mode) && !expected)
            conflict(commit, change->path, S_ISDIR(mode) ? "not a directory there" : "a directory there");
        if (S_ISDIR(st.st_mode) && (status = check_removal(commit, dir, name, change->path)) < 0)
            return status;
    }
    const char *link = !S_ISDIR(mode) && change->upper->st_nlink > 1 ? find_inode(commit, change->upper) : NULL;
    int status = place_object(commit, change->path, S_ISDIR(mode), link);
    if (status == 0 && !S_ISDIR(mode) && change->upper->st_nlink > 1 && link == NULL)
        status = remember_inode(commit, change->upper, commit->journal.ops[commit->journal.count - 1].place);
    struct known_inode *known = find_known_inode(commit, change->upper->st_dev, change->upper->st_ino);
    if (known != NULL)
        known->replaced = true;
    return status;
}

static int plan_metadata(struct commit *commit, const struct change *change)
{
    const char *name;
    struct stat st;
    cleanup_fd int dir = -1;
    int present = look_at_target(commit, change->path, &dir, &name, &st);
    if (present < 0)
        return commit_fail(commit, change->path, present);
    /* Another root may lack it: then the whole object is what the view has and the root has not. */
    if (present == 0 || (st.st_mode & S_IFMT) != (change->upper->st_mode & S_IFMT))
        return plan_place(commit, change);
    int status = commit_may_change(dir, name, &st, false);
    if (status < 0)
        return commit_fail(commit, change->path, status);
    if (!S_ISDIR(st.st_mode) && change->upper->st_nlink > 1 && find_inode(commit, change->upper) == NULL)
        status = remember_inode(commit, change->upper, change->path);
    if (status < 0)
        return status;
    return journal_add(&commit->journal, OP_METADATA, strdup(change->path), strdup(""), NULL);
}

static int plan_delete(struct commit *commit, const struct change *change)
{
    const char *name;
    struct stat st;
    char identity[64];
    cleanup_fd int dir = -1;
    int present = look_at_target(commit, change->path, &dir, &name, &st);
    if (present <= 0)
        return present < 0 ? commit_fail(commit, change->path, present) : 0;
    int status = commit_may_change(dir, name, &st, true);
    if (status < 0)
        return commit_fail_why(commit, change->path, status, status == -EBUSY ? "a mount point" : NULL);
    if (change->host != NULL && clash(st.st_mode, change->host->st_mode))
        conflict(commit, change->path, S_ISDIR(st.st_mode) ? "a directory there" : "not a directory there");
    if (S_ISDIR(st.st_mode) && (status = check_removal(commit, dir, name, change->path)) < 0)
        return status;
    cleanup_free char *parent = path_parent(change->path);
    status = parent == NULL ? -ENOMEM : touch(commit, parent);
    if (status < 0)
        return status;
    (void)snprintf(identity, sizeof identity, "%" PRIu64 ":%" PRIu64, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    return journal_add(&commit->journal, OP_DELETE, strdup(change->path), strdup(identity), NULL);
}

static int plan_same(struct commit *commit, const struct change *change)
{
    /* A new name of a file that the host has too becomes a new name of the host's file. */
    if (!commit->into_host || S_ISDIR(change->upper->st_mode) || change->upper->st_nlink < 2 ||
        find_inode(commit, change->upper) != NULL)
        return 0;
    return remember_inode(commit, change->upper, change->path);
}

/* What was deleted in the view, and the host has no longer, may still be in another root. */
static bool other_root_has(struct commit *commit, const char *path)
{
    const char *name;
    struct stat st;
    cleanup_fd int dir = -1;
    return !commit->into_host && look_at_target(commit, path, &dir, &name, &st) != 0;
}

static int plan_change(void *context, const struct change *change)
{
    struct commit *commit = context;
    if (change->kind == CHANGE_NONE)
        return change->upper == NULL ? 0 : plan_same(commit, change);
    if (change->upper != NULL && S_ISSOCK(change->upper->st_mode)) {
        report(commit, COMMIT_SKIPPED, change->kind, change->path, "a socket has no use without who made it");
        return 0;
    }
    if (change->kind == CHANGE_DELETED && change->host == NULL && !other_root_has(commit, change->path))
        return 0;
    const char *why = commit->into_host ? commit_conflict(commit, change) : NULL;
    if (why != NULL)
        conflict(commit, change->path, why);
    why = commit_danger(change);
    if (why != NULL) {
        commit->result->dangers++;
        report(commit, COMMIT_DANGER, change->kind, change->path, why);
    }
    commit->result->changes++;
    report(commit, COMMIT_CHANGE, change->kind, change->path, NULL);
    if (change->upper == NULL)
        return plan_delete(commit, change);
    return change->kind == CHANGE_METADATA ? plan_metadata(commit, change) : plan_place(commit, change);
}

static bool in_scope(const struct commit *commit, const char *path)
{
    for (size_t i = 0; i < commit->options->path_count; i++)
        if (path_is_below(path, commit->options->paths[i]))
            return true;
    return commit->options->path_count == 0;
}

/* Directories whose names change get the times that they have in the view. */
static int plan_times(struct commit *commit)
{
    struct known_path *known;
    struct known_path *next;
    HASH_ITER(hh, commit->maps->touched, known, next)
    {
        if (!in_scope(commit, known->path))
            continue;
        int status = journal_add(&commit->journal, OP_TIMES, strdup(known->path), strdup(""), NULL);
        if (status < 0)
            return status;
    }
    return 0;
}

/* What was made over other layers is whole on the host only when those are there too. */
static void check_stack(struct commit *commit)
{
    long format;
    json_t *meta = NULL;
    if (!commit->into_host || layer_meta_read(commit->layer->dir_fd, &meta, &format) < 0)
        return;
    const json_t *over = json_object_get(meta, "over");
    for (size_t i = 0; i < json_array_size(over); i++) {
        const char *path = json_string_value(json_array_get(over, i));
        if (path != NULL && path[0] == '/' && layer_exists(path))
            conflict(commit, path, "the changes were made over this layer; commit it first");
    }
    json_decref(meta);
}

static void learn_own(struct commit *commit)
{
    char store[PATH_MAX];
    (void)sys_fstatat(commit->layer->dir_fd, "", &commit->own[0], AT_EMPTY_PATH);
    if (layer_store_path(store) == 0)
        (void)sys_fstatat(AT_FDCWD, store, &commit->own[1], 0);
}

struct unseen {
    struct commit *commit;
    int links;
    dev_t device;
};

static void note_unseen(void *context, const struct layer_origin *origin)
{
    char name[32];
    struct stat st;
    const struct unseen *unseen = context;
    struct known_inode *known = find_known_inode(unseen->commit, unseen->device, origin->ino);
    layer_link_name(origin->ino, name);
    if (known != NULL && sys_fstatat(unseen->links, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == origin->ino)
        known->unseen = origin->unseen;
}

/* Names of the host's files that no program looked at are not in the layer: they keep what they have. */
static void tell_of_unseen(struct commit *commit)
{
    char why[160];
    struct stat st;
    off_t begin = 0;
    int64_t count = 0;
    cleanup_fd int links = layer_links_open(commit->layer, false);
    struct unseen unseen = {commit, links, 0};
    if (links < 0 || sys_fstatat(commit->layer->fs_fd, "", &st, AT_EMPTY_PATH) < 0)
        return;
    unseen.device = st.st_dev;
    (void)layer_origins_each(commit->layer, &begin, note_unseen, &unseen);
    for (const struct known_inode *known = commit->maps->linked; known != NULL; known = known->hh.next)
        count += known->replaced && known->unseen > 0 ? known->unseen : 0;
    if (count == 0)
        return;
    (void)snprintf(why, sizeof why,
                   "%" PRId64 " other hard link%s of files that changed %s not looked at, and keep%s the old content",
                   count, count == 1 ? "" : "s", count == 1 ? "was" : "were", count == 1 ? "s" : "");
    report(commit, COMMIT_UNSEEN, CHANGE_NONE, commit->layer->path, why);
}

int commit_plan(struct commit *commit)
{
    struct commit_maps maps = {0};
    const struct commit_options *options = commit->options;
    cleanup_fd int host = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (host < 0)
        return commit_fail(commit, "/", host);
    const struct changes_options walk = {
        .host = {.root_fd = host},
        .paths = options->paths,
        .path_count = options->path_count,
        .with_same = true,
    };
    commit->maps = &maps;
    learn_own(commit);
    check_stack(commit);
    int status = changes_walk(commit->layer, &walk, plan_change, commit, commit->error);
    if (status == 0 && commit->unchecked > 0)
        report(commit, COMMIT_UNCHECKED, CHANGE_NONE, commit->layer->path,
               "not made by coffer: what it replaces could not be compared with what the host had");
    if (status == 0 && commit->into_host)
        tell_of_unseen(commit);
    if (status == 0)
        status = plan_times(commit);
    commit->maps = NULL;
    free_paths(&maps.staged);
    free_paths(&maps.touched);
    free_inodes(&maps.linked);
    if (status < 0 && commit->error->text[0] == '\0')
        return commit_fail(commit, commit->layer->name, status);
    return status;
}
