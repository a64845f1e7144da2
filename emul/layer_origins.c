/*
 * LAYER/origins: one line a copy, appended by one write each.
 *
 *   INO BORN.NS FROM_DEV FROM_INO UNSEEN CHECKSUM
 *
 * A record begins with a newline as well as ending in one, as those of LAYER/base. It is for numbers alone, which the
 * view shows to programs: neither diff nor commit believes it.
 *
 * LAYER/links has the copy of each file that had several names, under its inode number: whichever of those names is
 * looked for later becomes one more link of it.
 */
#include "emul/layer_origins.h"

#include "emul/cleanup.h"
#include "emul/dir_names.h"
#include "emul/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORD_MAX = 192 };

static uint32_t checksum(const char *bytes, size_t size)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    return hash;
}

int layer_origin_note(const struct layer *layer, const struct layer_origin *origin)
{
    char record[RECORD_MAX];
    if (layer->origins_fd < 0)
        return -EBADF;
    int length = snprintf(record, sizeof record, "\n%" PRIx64 " %" PRId64 ".%ld %" PRIx64 " %" PRIx64 " %" PRId64,
                          origin->ino, (int64_t)origin->born.tv_sec, origin->born.tv_nsec, origin->from_dev,
                          origin->from_ino, origin->unseen);
    length += snprintf(record + length, sizeof record - (size_t)length, " %08" PRIx32 "\n",
                       checksum(record + 1, (size_t)length - 1));
    return sys_write_all(layer->origins_fd, record, (size_t)length);
}

/* One number of a record and the character behind it; a million of them are read when a layer is opened. */
static bool take(const char **at, int base, char behind, int64_t *value)
{
    char *end;
    *value = base == 16 ? (int64_t)strtoull(*at, &end, base) : (int64_t)strtoll(*at, &end, base);
    bool whole = end != *at && *end == behind;
    *at = end + (behind != '\0');
    return whole;
}

/* false when the line is not a whole record. */
static bool parse(const char *line, struct layer_origin *origin)
{
    enum { INO, SECONDS, NANOSECONDS, FROM_DEV, FROM_INO, UNSEEN, FIELDS };
    static const char behind[FIELDS] = {' ', '.', ' ', ' ', ' ', ' '};
    static const int bases[FIELDS] = {16, 10, 10, 16, 16, 10};
    int64_t values[FIELDS], sum;
    const char *at = line;
    for (int i = 0; i < FIELDS; i++)
        if (!take(&at, bases[i], behind[i], &values[i]))
            return false;
    size_t numbers = (size_t)(at - 1 - line);
    if (!take(&at, 16, '\0', &sum) || sum != checksum(line, numbers))
        return false;
    *origin = (struct layer_origin){
        .ino = (uint64_t)values[INO],
        .born = {(time_t)values[SECONDS], (long)values[NANOSECONDS]},
        .from_dev = (uint64_t)values[FROM_DEV],
        .from_ino = (uint64_t)values[FROM_INO],
        .unseen = values[UNSEEN],
    };
    return origin->unseen >= -1 && origin->unseen < INT32_MAX;
}

/* Hands on the records of whole lines; what follows the last newline was cut off, or is being written. Bytes used. */
static size_t each_line(char *text, size_t size, void (*each)(void *context, const struct layer_origin *origin),
                        void *context)
{
    struct layer_origin origin;
    char *newline, *line = text, *end = text + size;
    for (; (newline = memchr(line, '\n', (size_t)(end - line))) != NULL; line = newline + 1) {
        *newline = '\0';
        if (line != newline && parse(line, &origin))
            each(context, &origin);
    }
    return (size_t)(line - text);
}

int layer_origins_each(const struct layer *layer, off_t *offset,
                       void (*each)(void *context, const struct layer_origin *origin), void *context)
{
    enum { PIECE = 1 << 18 };
    struct stat st;
    cleanup_fd int fd = sys_openat(layer->dir_fd, "origins", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    int error = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (error < 0 || !S_ISREG(st.st_mode) || st.st_size <= *offset)
        return error;
    cleanup_free char *text = malloc(PIECE);
    if (text == NULL)
        return -ENOMEM;
    size_t kept = 0;
    ssize_t got;
    while ((got = pread(fd, text + kept, PIECE - kept, *offset + (off_t)kept)) > 0) {
        size_t used = each_line(text, kept + (size_t)got, each, context);
        kept += (size_t)got - used;
        /* No record is as long as that. */
        if (kept == PIECE) {
            used = PIECE;
            kept = 0;
        }
        memmove(text, text + used, kept);
        *offset += (off_t)used;
    }
    return got < 0 ? -errno : 0;
}

void layer_link_name(uint64_t ino, char name[32])
{
    (void)snprintf(name, 32, "%" PRIx64, ino);
}

int layer_links_open(const struct layer *layer, bool make)
{
    int error = make ? sys_mkdirat(layer->dir_fd, "links", 0700) : 0;
    if (error < 0 && error != -EEXIST)
        return error;
    return sys_openat(layer->dir_fd, "links", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

struct layer_links {
    struct dir_names names;
    nlink_t *counts;
};

static nlink_t count_names(int dir, const char *name)
{
    struct stat st;
    return sys_fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_nlink : 0;
}

int layer_links_look(const struct layer *layer, struct layer_links **links)
{
    *links = NULL;
    cleanup_fd int fd = sys_openat(layer->dir_fd, "links", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    struct layer_links *look = calloc(1, sizeof *look);
    int error = look == NULL ? -ENOMEM : dir_names_read(&look->names, fd, false);
    if (error == 0) {
        look->counts = calloc(look->names.count + 1, sizeof *look->counts);
        error = look->counts == NULL ? -ENOMEM : 0;
    }
    if (error < 0) {
        if (look != NULL)
            dir_names_free(&look->names);
        free(look);
        return error;
    }
    for (size_t i = 0; i < look->names.count; i++)
        look->counts[i] = count_names(fd, look->names.items[i].name);
    *links = look;
    return 0;
}

void layer_links_settle(const struct layer *layer, struct layer_links *links)
{
    if (links == NULL)
        return;
    cleanup_fd int fd = layer_links_open(layer, false);
    for (size_t i = 0; fd >= 0 && i < links->names.count; i++)
        if (count_names(fd, links->names.items[i].name) < links->counts[i])
            (void)sys_unlinkat(fd, links->names.items[i].name, 0);
    dir_names_free(&links->names);
    free(links->counts);
    free(links);
}
