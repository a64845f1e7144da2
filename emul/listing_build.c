/*
 * Making the merged listing of a directory: the names of all its trees, the topmost tree's first, less those that are
 * hidden. What a tree has deleted is only remembered until the trees below have been read, and never put in order:
 * a directory that was emptied by half has twice as many names below as show.
 */
#include "emul/listing_order.h"
#include "emul/records.h"
#include "emul/withheld.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RAW_BUFFER (64 << 10)

void listing_free(struct listing *listing)
{
    free(listing->items);
    free(listing->names);
    *listing = (struct listing){0};
}

/* FNV-1a; its low bits are spread once more, since positions compare whole. Not 0 or 1, "." and "..", when brief. */
static uint64_t name_hash(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return ((hash >> 2) % ((uint64_t)LISTING_END - 2 * LISTING_HASH_MIN)) + LISTING_HASH_MIN;
}

static int make_room(struct listing *listing, size_t length)
{
    if (listing->count == listing->room) {
        size_t room = listing->room == 0 ? 64 : listing->room * 2;
        struct listing_item *items = realloc(listing->items, room * sizeof *items);
        if (items == NULL)
            return -ENOMEM;
        listing->items = items;
        listing->room = room;
    }
    if (listing->names_size + length > listing->names_room) {
        size_t room = (listing->names_room == 0 ? 1024 : listing->names_room * 2) + length;
        char *names = room > UINT32_MAX ? NULL : realloc(listing->names, room);
        if (names == NULL)
            return -ENOMEM;
        listing->names = names;
        listing->names_room = room;
    }
    return 0;
}

static int add_item(struct listing *listing, const struct raw_entry *raw, uint64_t hash, int tree)
{
    size_t length = strlen(raw->name) + 1;
    int error = make_room(listing, length);
    if (error < 0)
        return error;
    memcpy(listing->names + listing->names_size, raw->name, length);
    listing->items[listing->count++] = (struct listing_item){
        .hash = hash,
        .ino = raw->ino,
        .name = (uint32_t)listing->names_size,
        .type = raw->type,
        .tree = (uint8_t)tree,
    };
    listing->names_size += length;
    return 0;
}

/* The names that the trees read so far hide in those below, to be found again by name. */
struct deleted {
    struct listing names;
    size_t indexed; /* so many of the names have a slot */
    size_t slot_count;
    struct deleted_slot {
        uint32_t tag;  /* of the hash: most names that are not here are told by it */
        uint32_t name; /* its offset in names.names, and 1; 0: free */
    } * slots;
};

static void deleted_free(struct deleted *deleted)
{
    listing_free(&deleted->names);
    free(deleted->slots);
}

/* The slot of a name, or the free one where it would be. */
static struct deleted_slot *deleted_find(const struct deleted *deleted, uint64_t hash, const char *name)
{
    size_t mask = deleted->slot_count - 1;
    for (size_t at = (size_t)hash & mask;; at = (at + 1) & mask) {
        struct deleted_slot *slot = &deleted->slots[at];
        if (slot->name == 0 ||
            (slot->tag == (uint32_t)(hash >> 30) && strcmp(deleted->names.names + slot->name - 1, name) == 0))
            return slot;
    }
}

/* Before a tree is read: makes the names that were added since findable. */
static int deleted_index(struct deleted *deleted)
{
    size_t count = deleted->names.count, slots = 64;
    if (deleted->indexed == count)
        return 0;
    while (slots < 2 * count)
        slots *= 2;
    free(deleted->slots);
    deleted->slots = count > UINT32_MAX ? NULL : calloc(slots, sizeof *deleted->slots);
    if (deleted->slots == NULL)
        return -ENOMEM;
    deleted->slot_count = slots;
    for (size_t i = 0; i < count; i++) {
        const struct listing_item *item = &deleted->names.items[i];
        *deleted_find(deleted, item->hash, deleted->names.names + item->name) =
            (struct deleted_slot){(uint32_t)(item->hash >> 30), item->name + 1};
    }
    deleted->indexed = count;
    return 0;
}

static bool deleted_has(const struct deleted *deleted, uint64_t hash, const char *name)
{
    return deleted->slots != NULL && deleted_find(deleted, hash, name)->name != 0;
}

static bool is_dot(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* A tree that is being read. */
struct reading {
    struct view *view;
    struct directory *dir;
    int tree;
    int path_fd;
    bool marked;       /* whiteouts may be files */
    uint64_t whiteout; /* the inode of one that was met: most are its links; 0: none yet */
};

/* Whether a name that one tree lists is not to be seen, and hides what lies below. 1, 0 or -errno. */
static int is_gone(struct reading *reading, const struct raw_entry *raw)
{
    struct stat st;
    if (reading->tree != UPPER && lookup_is_hidden(reading->view, reading->dir, raw->name))
        return 1;
    if (reading->tree == reading->view->host)
        return 0;
    if (raw->type != DT_CHR && raw->type != DT_UNKNOWN && !(reading->marked && raw->type == DT_REG))
        return 0;
    if (raw->type == DT_CHR && raw->ino == reading->whiteout)
        return 1;
    int fd = reading->path_fd;
    int error = sys_fstatat(fd, raw->name, &st, AT_SYMLINK_NOFOLLOW);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    int gone = object_is_whiteout(fd, raw->name, &st, reading->marked);
    if (gone == 1 && S_ISCHR(st.st_mode))
        reading->whiteout = st.st_ino;
    return gone;
}

/* A name that the tree lists: to the listing, to what it deletes, or nowhere. */
static int take_name(struct reading *reading, struct raw_entry *raw, struct listing *listing, struct deleted *deleted)
{
    uint64_t hash = name_hash(raw->name);
    if (deleted_has(deleted, hash, raw->name))
        return 0;
    int gone = is_gone(reading, raw);
    if (gone < 0)
        return gone;
    if (gone == 0 && reading->tree == UPPER &&
        withheld(reading->view, reading->dir, raw->name, reading->view->trees[UPPER].dev, raw->ino)) {
        listing->withheld = true;
        gone = 1;
    }
    if (gone != 0)
        return reading->tree == reading->view->host ? 0 : add_item(&deleted->names, raw, hash, reading->tree);
    raw->ino = origins_show_ino(reading->view, reading->tree, reading->path_fd, raw->name, raw->ino);
    return add_item(listing, raw, hash, reading->tree);
}

static int read_tree(struct view *view, struct directory *dir, int tree, struct listing *listing,
                     struct deleted *deleted)
{
    int path_fd = directory_fd(view, dir, tree);
    if (path_fd < 0)
        return path_fd == -ENOENT ? 0 : path_fd;
    cleanup_fd int fd = sys_openat(path_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    cleanup_free char *buffer = malloc(RAW_BUFFER);
    if (fd < 0 || buffer == NULL)
        return fd < 0 ? fd : -ENOMEM;
    int opaque = tree != view->host ? object_opaque(fd) : 0;
    if (opaque < 0)
        return opaque;
    struct reading reading = {view, dir, tree, path_fd, opaque == 'x', 0};
    long got;
    while ((got = syscall(SYS_getdents64, fd, buffer, RAW_BUFFER)) > 0) {
        for (long at = 0; at < got;) {
            struct raw_entry *raw = (void *)(buffer + at);
            at += raw->length;
            int error = is_dot(raw->name) ? 0 : take_name(&reading, raw, listing, deleted);
            if (error < 0)
                return error;
        }
    }
    return got < 0 ? -errno : 0;
}

/*
 * Merges: of equal names the topmost tree's counts; a directory shows the inode number of the lowest one that it is
 * merged with (entry_stat()).
 */
static int merge(struct view *view, struct directory *dir, struct listing *listing)
{
    size_t kept = 0;
    int error = listing_sort(listing);
    if (error < 0)
        return error;
    for (size_t i = 0; i < listing->count;) {
        struct listing_item item = listing->items[i];
        const char *name = listing->names + item.name;
        size_t next = i + 1;
        bool open = item.type == DT_DIR;
        for (; next < listing->count && listing->items[next].hash == item.hash &&
               strcmp(listing->names + listing->items[next].name, name) == 0;
             next++) {
            const struct listing_item *above = &listing->items[next - 1], *below = &listing->items[next];
            open = open && below->type == DT_DIR && name_is_opaque(directory_fd(view, dir, above->tree), name) == 0;
            if (open)
                item.ino = below->ino;
        }
        listing->items[kept++] = item;
        i = next;
    }
    listing->count = kept;
    listing_settle(listing);
    return 0;
}

int listing_build(struct view *view, struct directory *dir, struct listing *listing)
{
    struct deleted deleted = {0};
    int error = 0;
    *listing = (struct listing){0};
    for (int tree = 0; error == 0 && tree < view->tree_count; tree++) {
        if ((dir->trees & (1u << tree)) == 0)
            continue;
        error = deleted_index(&deleted);
        if (error == 0)
            error = read_tree(view, dir, tree, listing, &deleted);
    }
    deleted_free(&deleted);
    if (error == 0)
        error = merge(view, dir, listing);
    if (error < 0)
        listing_free(listing);
    return error;
}

int listing_is_empty(struct view *view, struct directory *dir)
{
    struct listing listing;
    int error = listing_build(view, dir, &listing);
    if (error < 0)
        return error;
    /* What an earlier run left in it would go with it. */
    bool empty = listing.count == 0 && !listing.withheld;
    listing_free(&listing);
    return empty;
}

int listing_each(struct view *view, struct directory *dir, int (*each)(void *context, const char *name, uint8_t type),
                 void *context)
{
    struct listing listing;
    int error = listing_build(view, dir, &listing);
    if (error < 0)
        return error;
    for (size_t i = 0; i < listing.count && error == 0; i++)
        error = each(context, listing.names + listing.items[i].name, listing.items[i].type);
    listing_free(&listing);
    return error;
}
