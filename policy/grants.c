/*
 * The policy as a list of what is allowed, for Landlock: a subtree of one verdict is one grant; a directory of several
 * is taken apart into the names that it has.
 */
#include "policy/grants.h"

#include "policy/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORIES_MAX = 4096, GRANTS_MAX = 16384, DEPTH_MAX = 64 };

struct walk {
    struct policy *policy;
    const struct grants *grants;
    struct bytes path;
    unsigned directories_left, grants_left, depth;
    int status;
};

static const struct {
    unsigned right;
    enum policy_action action;
    enum policy_verdict granted;
} rights[] = {
    {GRANT_READ, POLICY_READ, POLICY_ALLOW},
    {GRANT_WRITE, POLICY_WRITE, POLICY_DIRECT},
    {GRANT_EXEC, POLICY_EXEC, POLICY_ALLOW},
};

enum { RIGHTS = sizeof rights / sizeof rights[0] };

/* Which rights the name itself has. */
static unsigned rights_at(const struct policy_place *place)
{
    unsigned granted = 0;
    for (size_t i = 0; i < RIGHTS; i++)
        if (policy_place_decide(place, rights[i].action).verdict == rights[i].granted)
            granted |= rights[i].right;
    return granted;
}

/* Which rights are not the same everywhere below. */
static unsigned rights_varying(const struct policy_place *place)
{
    unsigned varying = 0;
    for (size_t i = 0; i < RIGHTS; i++)
        if (policy_place_below(place, rights[i].action))
            varying |= rights[i].right;
    return varying;
}

/*
 * Which rights what is made in the directory has: those of the directory itself, and those that a name which no rule
 * speaks of has with all below it. Where only the name has one (a last component of *), what is below would get it too.
 */
static unsigned rights_later(struct walk *walk, struct policy_place *place)
{
    static const char name[] = "\001\001\001";
    struct policy_place *below = policy_step(walk->policy, place, name, sizeof name - 1);
    if (below == NULL) {
        walk->status = -ENOMEM;
        return 0;
    }
    unsigned granted = rights_at(place) | (rights_at(below) & ~rights_varying(below));
    policy_place_release(walk->policy, below);
    return granted;
}

static void lose(struct walk *walk, enum grant_loss loss, unsigned lost)
{
    const char *path = bytes_end(&walk->path);
    if (walk->grants->lose != NULL && lost != 0 && path != NULL)
        walk->grants->lose(walk->grants->data, loss, *path == '\0' ? "/" : path, lost);
}

static void give(struct walk *walk, int fd, bool directory, unsigned granted)
{
    const char *path = bytes_end(&walk->path);
    if (granted == 0 || walk->status != 0)
        return;
    if (walk->grants_left == 0 || path == NULL) {
        lose(walk, GRANT_LOSS_LIMIT, granted);
        return;
    }
    walk->grants_left--;
    walk->status = walk->grants->grant(walk->grants->data, fd, *path == '\0' ? "/" : path, directory, granted);
}

static void visit(struct walk *walk, int fd, struct policy_place *place, unsigned asked);

/* The names of a directory for which some of these rights are to be found out. */
static void visit_names(struct walk *walk, DIR *directory, struct policy_place *place, unsigned asked)
{
    size_t length = walk->path.length;
    const struct dirent *entry;
    while (walk->status == 0 && (entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || entry->d_type == DT_LNK)
            continue;
        int fd = openat(dirfd(directory), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;
        struct policy_place *below = policy_step(walk->policy, place, name, strlen(name));
        bytes_add_byte(&walk->path, '/');
        bytes_add(&walk->path, name, strlen(name));
        if (below == NULL || walk->path.failed)
            walk->status = -ENOMEM;
        else
            visit(walk, fd, below, asked);
        policy_place_release(walk->policy, below);
        walk->path.length = length;
        (void)close(fd);
    }
}

/* A directory in which the rights `asked` are not the same everywhere. */
static void take_apart(struct walk *walk, int fd, struct policy_place *place, unsigned asked)
{
    if (walk->directories_left == 0 || walk->depth == DEPTH_MAX) {
        lose(walk, GRANT_LOSS_LIMIT, asked);
        return;
    }
    walk->directories_left--;
    int readable = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = readable < 0 ? NULL : fdopendir(readable);
    if (directory == NULL) {
        if (readable >= 0)
            (void)close(readable);
        lose(walk, GRANT_LOSS_UNREAD, asked);
        return;
    }
    lose(walk, GRANT_LOSS_LIST, asked & GRANT_READ & rights_at(place));
    lose(walk, GRANT_LOSS_LATER, asked & rights_later(walk, place));
    walk->depth++;
    visit_names(walk, directory, place, asked);
    walk->depth--;
    (void)closedir(directory);
}

static void visit(struct walk *walk, int fd, struct policy_place *place, unsigned asked)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || S_ISLNK(st.st_mode))
        return;
    unsigned granted = rights_at(place) & asked;
    if (!S_ISDIR(st.st_mode)) {
        give(walk, fd, false, granted);
        if (st.st_nlink > 1)
            lose(walk, GRANT_LOSS_LINKED, asked & ~granted);
        return;
    }
    unsigned varying = rights_varying(place) & asked;
    give(walk, fd, true, granted & ~varying);
    if (varying != 0 && walk->status == 0)
        take_apart(walk, fd, place, varying);
}

/* The place of the directory that the walk begins at. */
static struct policy_place *place_of(struct policy *policy, const char *path)
{
    struct policy_place *place = policy_root(policy);
    size_t at = 0;
    const char *name;
    size_t length;
    while (place != NULL && pattern_component(path, strlen(path), &at, &name, &length)) {
        struct policy_place *next = policy_step(policy, place, name, length);
        policy_place_release(policy, place);
        place = next;
    }
    return place;
}

int policy_grants(struct policy *policy, const char *root, const struct grants *grants)
{
    struct walk walk = {.policy = policy, .grants = grants};
    walk.directories_left = grants->directories_max == 0 ? DIRECTORIES_MAX : grants->directories_max;
    walk.grants_left = grants->grants_max == 0 ? GRANTS_MAX : grants->grants_max;
    int fd = open(root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct policy_place *place = place_of(policy, root);
    if (strcmp(root, "/") != 0)
        bytes_add(&walk.path, root, strlen(root));
    if (place == NULL || walk.path.failed)
        walk.status = -ENOMEM;
    else
        visit(&walk, fd, place, grants->rights);
    policy_place_release(policy, place);
    free(walk.path.data);
    (void)close(fd);
    return walk.status;
}
