#include "supervisor/record/names.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A resolved path can be longer than PATH_MAX: programs go down by chdir. */
enum { PATH_LENGTH_MAX = 64 * 1024 };

/* A file, or a directory, whatever its names. */
struct object {
    unsigned names;
    bool directory;
    char *origin; /* its name before the run; NULL: the run made it or changed it */
};

struct node {
    UT_hash_handle hh; /* in the parent's children */
    struct node *parent, *children;
    struct object *object; /* NULL: what was there before, and only something below was changed */
    bool gone;
    size_t length;
    char *name;
};

struct names {
    struct node root;
    char *buffer; /* of the origin that names_find() gives, and of the path of names_each() */
    size_t room;
};

/* The next component of *rest, which goes on behind it; NULL at the end. */
static const char *next_component(const char **rest, size_t *length)
{
    const char *begin = **rest == '/' ? *rest + 1 : *rest;
    *length = strcspn(begin, "/");
    *rest = begin + *length;
    return *length == 0 ? NULL : begin;
}

bool names_path(const char *path)
{
    size_t length;
    const char *rest = path;
    const char *name;
    if (path == NULL || *path != '/')
        return false;
    if (path[1] == '\0')
        return true;
    while ((name = next_component(&rest, &length)) != NULL) {
        bool dots = length <= 2 && strncmp(name, "..", length) == 0;
        if (dots || rest - path > PATH_LENGTH_MAX)
            return false;
    }
    return *rest == '\0' && rest[-1] != '/';
}

struct names *names_new(void)
{
    return calloc(1, sizeof(struct names));
}

static struct node *child_of(const struct node *node, const char *name, size_t length)
{
    struct node *child;
    HASH_FIND(hh, node->children, name, length, child);
    return child;
}

static void release(struct node *node)
{
    struct object *object = node->object;
    node->object = NULL;
    if (object == NULL || --object->names > 0)
        return;
    free(object->origin);
    free(object);
}

static void take_out(struct node *node)
{
    HASH_DEL(node->parent->children, node);
    node->parent = NULL;
}

/* Frees what lies below. Without recursion: nothing bounds the depth. */
static void free_below(struct node *top)
{
    struct node *node = top;
    while (true) {
        while (node->children != NULL)
            node = node->children;
        if (node == top)
            return;
        struct node *parent = node->parent;
        take_out(node);
        release(node);
        free(node->name);
        free(node);
        node = parent;
    }
}

static void free_node(struct node *node)
{
    free_below(node);
    release(node);
    free(node->name);
    free(node);
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    free_below(&names->root);
    free(names->buffer);
    free(names);
}

static void put_in(struct node *parent, struct node *node)
{
    node->parent = parent;
    HASH_ADD_KEYPTR(hh, parent->children, node->name, node->length, node);
}

static struct node *node_new(const char *name, size_t length)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->name = strndup(name, length);
    node->length = length;
    if (node->name != NULL)
        return node;
    free(node);
    return NULL;
}

/* The node of a path, made with those above it where they are missing; NULL without memory. */
static struct node *ensure(struct names *names, const char *path)
{
    struct node *node = &names->root;
    const char *rest = path;
    const char *name;
    size_t length;
    while ((name = next_component(&rest, &length)) != NULL) {
        struct node *child = child_of(node, name, length);
        if (child == NULL) {
            child = node_new(name, length);
            if (child == NULL)
                return NULL;
            put_in(node, child);
        }
        node = child;
    }
    return node;
}

static int make_room(struct names *names, size_t size)
{
    if (size <= names->room)
        return 0;
    char *bigger = realloc(names->buffer, size + 256);
    if (bigger == NULL)
        return -ENOMEM;
    names->buffer = bigger;
    names->room = size + 256;
    return 0;
}

static int set_origin(struct names *names, struct names_place *place, const char *base, const char *rest)
{
    size_t first = strlen(base);
    size_t second = strlen(rest);
    int status = make_room(names, first + second + 1);
    if (status < 0)
        return status;
    memcpy(names->buffer, base, first);
    memcpy(names->buffer + first, rest, second + 1);
    place->origin = names->buffer;
    return 0;
}

int names_find(struct names *names, const char *path, struct names_place *place)
{
    const struct node *node = &names->root;
    const struct object *base = NULL; /* of the nearest directory above, or of this, that the run has to do with */
    const char *below = path;
    const char *rest = path;
    const char *name;
    size_t length;
    *place = (struct names_place){.state = NAMES_ORIGINAL};
    while (node != NULL && (name = next_component(&rest, &length)) != NULL) {
        node = child_of(node, name, length);
        if (node != NULL && node->gone) {
            place->state = NAMES_GONE;
            place->changed = *rest == '\0';
            return 0;
        }
        if (node != NULL && node->object != NULL) {
            base = node->object;
            below = rest;
        }
    }
    place->changed = node != NULL && node->object != NULL;
    place->directory = place->changed && node->object->directory;
    if (place->changed && node->object->origin == NULL)
        place->state = NAMES_MADE;
    /* A name in a new directory that nobody made: what was mounted there, or an event that was lost. It is its own. */
    place->in_new = !place->changed && base != NULL && base->origin == NULL;
    if (base == NULL || base->origin == NULL)
        return 0;
    if (strncmp(path, base->origin, strlen(base->origin)) == 0 && strcmp(path + strlen(base->origin), below) == 0)
        return 0;
    return set_origin(names, place, base->origin, below);
}

/* Gives the node an object: NULL for `origin` means that it is the run's. 0 or -ENOMEM. */
static int give_object(struct node *node, const char *origin, bool directory)
{
    struct object *object = calloc(1, sizeof *object);
    char *copy = origin == NULL ? NULL : strdup(origin);
    if (object == NULL || (origin != NULL && copy == NULL)) {
        free(object);
        free(copy);
        return -ENOMEM;
    }
    *object = (struct object){.names = 1, .directory = directory, .origin = copy};
    release(node);
    node->object = object;
    node->gone = false;
    return 0;
}

/* The node of a path, with an object: that what was there before gets, with its name of then. NULL without memory. */
static struct node *ensure_object(struct names *names, const char *path)
{
    struct names_place place;
    if (names_find(names, path, &place) < 0)
        return NULL;
    struct node *node = ensure(names, path);
    if (node == NULL || node->object != NULL)
        return node;
    /* Gone, and yet used: an event is missing. It is taken for something new. */
    const char *origin = place.origin == NULL ? path : place.origin;
    return give_object(node, place.state == NAMES_ORIGINAL ? origin : NULL, false) < 0 ? NULL : node;
}

int names_create(struct names *names, const char *path, bool directory)
{
    struct node *node = ensure(names, path);
    if (node == &names->root)
        return 0;
    return node == NULL ? -ENOMEM : give_object(node, NULL, directory);
}

int names_change(struct names *names, const char *path)
{
    if (path[1] == '\0')
        return 0;
    struct node *node = ensure_object(names, path);
    if (node == NULL)
        return -ENOMEM;
    free(node->object->origin);
    node->object->origin = NULL;
    return 0;
}

int names_delete(struct names *names, const char *path)
{
    struct node *node = ensure(names, path);
    if (node == NULL)
        return -ENOMEM;
    if (node == &names->root)
        return 0;
    release(node);
    node->gone = true;
    return 0;
}

/* Whether one of them is the other or lies below it. */
static bool nested(const char *path, const char *path2)
{
    size_t length = strlen(path);
    size_t length2 = strlen(path2);
    const char *longer = length > length2 ? path : path2;
    size_t shorter = length > length2 ? length2 : length;
    return strncmp(path, path2, shorter) == 0 && (longer[shorter] == '/' || longer[shorter] == '\0' || shorter == 1);
}

int names_link(struct names *names, const char *path, const char *path2)
{
    if (nested(path, path2))
        return 0;
    const struct node *node = ensure_object(names, path);
    struct node *node2 = node == NULL ? NULL : ensure(names, path2);
    if (node2 == NULL)
        return -ENOMEM;
    if (node2->object == node->object)
        return 0;
    release(node2);
    node2->object = node->object;
    node2->object->names++;
    node2->gone = false;
    return 0;
}

/* Names that were taken out of a directory stay known when another takes its place, where that has no such names. */
static void keep_gone(struct node *node, struct node *target)
{
    struct node *child;
    struct node *next;
    HASH_ITER(hh, target->children, child, next)
    {
        if (!child->gone || child_of(node, child->name, child->length) != NULL)
            continue;
        take_out(child);
        put_in(node, child);
    }
}

/* Lets `node` have the place of `target`, which is freed. The name moves with the place. */
static void put_in_place(struct node *node, struct node *target)
{
    keep_gone(node, target);
    struct node *parent = target->parent;
    char *name = target->name;
    size_t length = target->length;
    take_out(target);
    target->name = node->name;
    free_node(target);
    node->name = name;
    node->length = length;
    put_in(parent, node);
}

int names_rename(struct names *names, const char *path, const char *path2, bool directory)
{
    if (nested(path, path2))
        return 0;
    struct node *node = ensure_object(names, path);
    struct node *target = node == NULL ? NULL : ensure(names, path2);
    struct node *left = target == NULL ? NULL : node_new(node->name, node->length);
    if (left == NULL)
        return -ENOMEM;
    /* Two names of one file: rename(2) does nothing. */
    if (target->object == node->object) {
        free_node(left);
        return 0;
    }
    struct node *parent = node->parent;
    take_out(node);
    left->gone = true;
    put_in(parent, left);
    node->object->directory |= directory;
    put_in_place(node, target);
    return 0;
}

int names_exchange(struct names *names, const char *path, const char *path2)
{
    if (nested(path, path2))
        return 0;
    struct node *node = ensure_object(names, path);
    struct node *node2 = node == NULL ? NULL : ensure_object(names, path2);
    if (node2 == NULL)
        return -ENOMEM;
    struct node *parent = node->parent;
    struct node *parent2 = node2->parent;
    take_out(node);
    take_out(node2);
    char *name = node->name;
    size_t length = node->length;
    node->name = node2->name;
    node->length = node2->length;
    node2->name = name;
    node2->length = length;
    put_in(parent2, node);
    put_in(parent, node2);
    return 0;
}

/* The next node of a walk through all of it; `down`: what lies below this one comes too. NULL at the end. */
static struct node *walk_next(const struct names *names, struct node *node, bool down)
{
    if (down && node->children != NULL)
        return node->children;
    while (node != &names->root && node->hh.next == NULL)
        node = node->parent;
    return node == &names->root ? NULL : node->hh.next;
}

/* The path of a node into the buffer. Too long a one, which no call could have made, is -ENAMETOOLONG. */
static int path_of(struct names *names, const struct node *node)
{
    size_t size = 1;
    for (const struct node *up = node; up != &names->root && size <= PATH_LENGTH_MAX; up = up->parent)
        size += up->length + 1;
    if (size > PATH_LENGTH_MAX)
        return -ENAMETOOLONG;
    int status = make_room(names, size);
    if (status < 0)
        return status;
    char *end = names->buffer + size - 1;
    *end = '\0';
    for (const struct node *up = node; up != &names->root; up = up->parent) {
        end -= up->length;
        memcpy(end, up->name, up->length);
        *--end = '/';
    }
    return 0;
}

int names_each(struct names *names, int (*each)(void *context, const char *path, bool directory), void *context)
{
    int status = 0;
    struct node *node = &names->root;
    while (status == 0 && (node = walk_next(names, node, !node->gone)) != NULL) {
        if (node->gone || node->object == NULL)
            continue;
        status = path_of(names, node);
        /* A file of before that was linked is still itself under its old name. */
        const char *origin = node->object->origin;
        if (status == 0 && (origin == NULL || strcmp(origin, names->buffer) != 0))
            status = each(context, names->buffer, node->object->directory);
        if (status == -ENAMETOOLONG)
            status = 0;
    }
    return status;
}
