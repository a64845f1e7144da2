/*
 * Directory listings.
 *
 * No table of open directories is kept: the cursor is the file position of the
 * caller's own description, which the kernel shares over dup, fork and exec.
 *
 * A directory that only one tree has keeps that tree's order and positions. A merged one, read
 * from its beginning, is ordered by a 63-bit hash of the names, and the position is the hash of the next
 * name. Which of the two a description is in must not change half-way, so a merged reading marks it with
 * F_SETSIG, a number that the kernel keeps for each description and that means nothing on a
 * directory. A reading that began before the directory was touched goes on in the host's order, less what
 * was removed since; names added since need not be returned (readdir(3p)).
 */
#include "emul/listing_order.h"
#include "emul/records.h"
#include "emul/rules.h"
#include "emul/shapes.h"
#include "emul/view_internal.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CURSOR_MARK 61 /* a real-time signal number, as F_SETSIG wants */

static bool is_dot(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static uint64_t ino_of(struct view *view, struct directory *dir)
{
    struct entry entry;
    struct stat st = {.st_ino = 1};
    if (entry_of_directory(view, dir, &entry) < 0)
        return st.st_ino;
    (void)entry_stat(view, &entry, &st);
    entry_release(view, &entry);
    return st.st_ino;
}

static struct directory *parent_of(struct directory *dir)
{
    return dir->parent != NULL ? dir->parent : dir;
}

/* The number of a name in a directory of one tree, as the view shows it. */
static uint64_t ino_of_name(struct view *view, struct directory *dir, const char *name, uint64_t ino)
{
    if (dir->proc || dir->trees == 1u << view->host)
        return ino;
    if (is_dot(name))
        return ino_of(view, name[1] == '.' ? parent_of(dir) : dir);
    int tree = __builtin_ctz(dir->trees);
    return origins_show_ino(view, tree, directory_fd(view, dir, tree), name, ino);
}

/* Whether a name of the real directory still shows in the view. */
static bool still_shows(struct view *view, struct directory *dir, const char *name)
{
    struct entry entry;
    if (is_dot(name))
        return true;
    if (lookup(view, dir, name, &entry) < 0)
        return false;
    bool there = entry.tree >= 0;
    entry_release(view, &entry);
    return there;
}

/*
 * A merged listing that somebody is reading: kept so that 10^6 names are not sorted again for each buffer. Only a
 * cache: without it the next buffer is made from a new listing, at the same position.
 */
struct listing_slot {
    struct listing_slot *next;
    struct directory *dir; /* held */
    uint64_t changes;      /* view->changes when it was made */
    struct listing listing;
};

#define SLOTS_MAX 4

static void free_slot(struct view *view, struct listing_slot *slot)
{
    directory_release(view, slot->dir);
    listing_free(&slot->listing);
    free(slot);
}

void listing_cache_free(struct view *view)
{
    while (view->listings != NULL) {
        struct listing_slot *slot = view->listings;
        view->listings = slot->next;
        free_slot(view, slot);
    }
}

/* Takes the slot of a directory out of the cache. */
static struct listing_slot *take_slot(struct view *view, const struct directory *dir)
{
    for (struct listing_slot **at = &view->listings; *at != NULL; at = &(*at)->next) {
        struct listing_slot *slot = *at;
        if (slot->dir == dir) {
            *at = slot->next;
            return slot;
        }
    }
    return NULL;
}

/* Puts it back, as the latest; the oldest of too many goes. */
static void keep_slot(struct view *view, struct listing_slot *slot)
{
    int count = 0;
    slot->next = view->listings;
    view->listings = slot;
    for (struct listing_slot **at = &view->listings; *at != NULL; at = &(*at)->next) {
        if (++count > SLOTS_MAX) {
            struct listing_slot *oldest = *at;
            *at = NULL;
            free_slot(view, oldest);
            return;
        }
    }
}

/* The listing to go on with at a position; a reading that begins gets a new one. NULL with *error. */
static struct listing_slot *slot_for(struct view *view, struct directory *dir, int64_t position, int *error)
{
    struct listing_slot *slot = take_slot(view, dir);
    if (slot != NULL && (position != 0 || slot->changes == view->changes))
        return slot;
    if (slot != NULL)
        free_slot(view, slot);
    slot = calloc(1, sizeof *slot);
    *error = slot == NULL ? -ENOMEM : listing_build(view, dir, &slot->listing);
    if (*error < 0) {
        free(slot);
        return NULL;
    }
    slot->dir = directory_hold(dir);
    slot->changes = view->changes;
    return slot;
}

/* From a position of the hash order on. Returns the new position, or why not even one record is taken. */
static int64_t emit_merged(struct view *view, struct directory *dir, const struct listing_slot *slot, int64_t position,
                           bool brief, struct output *out)
{
    const struct listing *listing = &slot->listing;
    bool stale = slot->changes != view->changes;
    int64_t first = listing_position(listing, 0, brief);
    if (position == 0) {
        if (!record_emit(out, ".", ino_of(view, dir), DT_DIR, 0, 1))
            return out->error;
        position = 1;
    }
    if (position == 1) {
        if (!record_emit(out, "..", ino_of(view, parent_of(dir)), DT_DIR, 1, first))
            return out->used > 0 ? position : out->error;
        position = first;
    }
    for (size_t i = listing_find(listing, position); i < listing->count; i++) {
        const struct listing_item *item = &listing->items[i];
        if (stale && !still_shows(view, dir, listing->names + item->name))
            continue;
        position = listing_position(listing, i, brief);
        if (!record_emit(out, listing->names + item->name, item->ino, item->type, position,
                         listing_position(listing, i + 1, brief)))
            return out->used > 0 ? position : out->error;
    }
    return listing_position(listing, listing->count, brief);
}

static int64_t read_merged(struct view *view, struct directory *dir, int fd, int64_t position, bool brief,
                           struct output *out)
{
    int error = 0;
    if (position == 0)
        (void)fcntl(fd, F_SETSIG, CURSOR_MARK);
    if (position == LISTING_END || position == LISTING_BRIEF_END)
        return 0;
    struct listing_slot *slot = slot_for(view, dir, position, &error);
    if (slot == NULL)
        return error;
    position = emit_merged(view, dir, slot, position, brief, out);
    if (position == LISTING_END || position == LISTING_BRIEF_END)
        free_slot(view, slot);
    else
        keep_slot(view, slot);
    if (position < 0)
        return position;
    if (lseek(fd, position, SEEK_SET) < 0)
        return -errno;
    return (int64_t)out->used;
}

/* "/proc/PID/fd" and "fdinfo" must not show the descriptor that coffer gave the process. */
static bool is_hidden_descriptor(const struct view *view, const char *name)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", view->hidden_fd);
    return view->hidden_fd >= 0 && strcmp(name, number) == 0;
}

/* What the kernel says next, in the form of getdents64 but for RECORD_OLD. */
static int64_t read_raw(int fd, bool brief, const struct output *out, char *buffer)
{
    if (brief)
        return record_read_ia32(fd, buffer, out->size);
    /* The layouts differ by at most a byte of type before the name, which the padding takes. */
    long got = syscall(out->form == RECORD_OLD ? SYS_getdents : SYS_getdents64, fd, buffer, out->size);
    return got < 0 ? -errno : got;
}

/* Takes over one of the kernel's records; false when the reading ends before it. */
static bool take_over(struct output *out, const struct raw_entry *raw, int64_t here)
{
    if (out->form == RECORD_32 || out->form == RECORD_32_ONE)
        return record_emit(out, raw->name, raw->ino, raw->type, here, raw->offset);
    memcpy(out->data + out->used, raw, raw->length);
    out->used += raw->length;
    return true;
}

/* In the kernel's own order, less what is gone. */
static int64_t read_native(struct view *view, struct directory *dir, int fd, int64_t position, bool brief,
                           struct output *out)
{
    cleanup_free char *buffer = malloc(out->size);
    if (buffer == NULL)
        return -ENOMEM;
    while (out->used == 0) {
        int64_t got = read_raw(fd, brief, out, buffer);
        if (got <= 0)
            return got;
        for (int64_t at = 0; at < got;) {
            struct raw_entry *raw = (void *)(buffer + at);
            const char *name = out->form == RECORD_OLD ? (const char *)raw + 18 : raw->name;
            bool shows = dir->proc ? !is_hidden_descriptor(view, name) : still_shows(view, dir, name);
            if (shows)
                raw->ino = ino_of_name(view, dir, name, raw->ino);
            if (shows && !take_over(out, raw, position)) {
                /* The rest has not been read. */
                if (lseek(fd, position, SEEK_SET) < 0)
                    return -errno;
                return out->used > 0 ? (int64_t)out->used : out->error;
            }
            position = raw->offset;
            at += raw->length;
        }
    }
    return (int64_t)out->used;
}

/* A reading that the kernel may do itself: nothing of it is coffer's business. */
static bool is_untouched(struct view *view, struct directory *dir)
{
    if (dir->proc)
        return view->hidden_fd < 0 || (strcmp(dir->key->name, "fd") != 0 && strcmp(dir->key->name, "fdinfo") != 0);
    return dir->trees == 1u << view->host && !dir->watched && !rules_watch(view, dir);
}

/* Whether a descriptor is open on a directory's only object: one of the host's that was renamed since is not. */
static bool shows_all(struct view *view, struct directory *dir, int fd)
{
    struct stat here, there;
    int only = (dir->trees & (dir->trees - 1)) != 0 ? -1 : directory_fd(view, dir, __builtin_ctz(dir->trees));
    return only >= 0 && sys_fstatat(fd, "", &here, AT_EMPTY_PATH) == 0 &&
           sys_fstatat(only, "", &there, AT_EMPTY_PATH) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

static enum record_form form_of(const struct call *call)
{
    if (call->number == SYS_getdents64)
        return RECORD_64;
    if (call->shape == SHAPE_64)
        return RECORD_OLD;
    return call->shape == SHAPE_32_READDIR ? RECORD_32_ONE : RECORD_32;
}

/* The size of the caller's buffer; readdir has none, but room for any name. */
static size_t buffer_size(const struct call *call)
{
    const size_t most = 1 << 20, one = 4096;
    if (call->shape == SHAPE_32_READDIR)
        return one;
    return call->args[2] > most ? most : (size_t)(unsigned)call->args[2];
}

/* Reads on through a duplicate of the caller's descriptor. What was filled in, or -errno. */
static int64_t read_on(struct view *view, struct directory *dir, int fd, int64_t start, bool brief, struct output *out)
{
    if (fd < 0)
        return fd;
    if (out->data == NULL)
        return -ENOMEM;
    if (start < 0 || (fcntl(fd, F_GETFL) & O_PATH) != 0)
        return -EBADF;
    bool merged = !dir->proc && (start == 0 || fcntl(fd, F_GETSIG) == CURSOR_MARK);
    merged = merged &&
             (((dir->watched || rules_watch(view, dir)) && dir->trees != 1u << UPPER) || !shows_all(view, dir, fd));
    return merged ? read_merged(view, dir, fd, start, brief, out) : read_native(view, dir, fd, start, brief, out);
}

/* Of a directory that was removed, which the host may still have. */
static int error_of_removed(struct caller *caller, int number)
{
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, number);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_PATH) != 0 ? -EBADF : -ENOENT;
}

void call_getdents(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    int error = 0;
    int fd_number = (int)call->args[0];
    struct directory *dir = walk_descriptor(view, caller, fd_number, &error);
    answer_continue(answer);
    if (dir == NULL) {
        /* What is no directory has no names: the kernel says so. But it must not list one that coffer cannot look at.
         */
        if (error == -EIO || error == -ENOMEM || error == -EMFILE || error == -ENFILE)
            answer_result(answer, error);
        return;
    }
    if (dir->dead) {
        answer_result(answer, error_of_removed(caller, fd_number));
    } else if (!is_untouched(view, dir)) {
        cleanup_fd int fd = caller->ops->dup_fd(caller->context, fd_number);
        size_t size = buffer_size(call);
        struct output out = {.data = malloc(size + 1), .size = size, .form = form_of(call)};
        int64_t start = fd < 0 ? fd : lseek(fd, 0, SEEK_CUR);
        int64_t result = read_on(view, dir, fd, start, shape_is_32(call), &out);
        if (result > 0)
            answer_bytes(caller, answer, call->args[1], out.data, (size_t)result,
                         out.form == RECORD_32_ONE ? 1 : result);
        else
            answer_result(answer, result);
        /* What could not be handed over was not read. */
        if (answer->result == -EFAULT)
            (void)lseek(fd, start, SEEK_SET);
        free(out.data);
    }
    directory_release(view, dir);
}
