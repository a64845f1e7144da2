/*
 * LAYER/base: one line a changed path, appended by one write each.
 *
 *   coffer-base complete
 *   MODE DEV INO SIZE MTIME.NS CTIME.NS NOTED.NS CHECKSUM PATH
 *
 * The first line is there when the layer was made by coffer: all its changes are on record then.
 *
 * Each record begins with a newline of its own as well as ending in one, so that a
 * tail that was cut off by a crash or a full disk spoils no later record; the checksum tells
 * whole records from halves. A newline and a backslash in the path are written \n and \\.
 */
#include "emul/layer_base.h"
#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/layer.h"
#include "emul/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

static const char COMPLETE[] = "coffer-base complete\n";

/* Room for the numbers of a record. */
enum { NUMBERS_MAX = 256 };

struct base_entry {
    char *path; /* points into layer_bases.text */
    struct layer_base base;
};

struct layer_bases {
    char *text;
    bool complete;
    struct base_entry *entries; /* room for one a line */
    uint32_t used;
    uint32_t *slots;   /* open addressing: number of an entry, from 1 on; 0: free */
    size_t slot_count; /* a power of two, at least twice as many as entries */
};

static uint32_t hash_bytes(uint32_t hash, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    return hash;
}

static uint32_t record_checksum(const char *numbers, size_t size, const char *path)
{
    return hash_bytes(hash_bytes(2166136261U, numbers, size), path, strlen(path));
}

static void escape_path(char *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == '\n' || *path == '\\')
            *out++ = '\\';
        *out++ = *path == '\n' ? 'n' : *path;
    }
    *out = '\0';
}

static void unescape_path(char *path)
{
    char *out = path;
    for (; *path != '\0'; path++) {
        if (*path != '\\' || path[1] == '\0') {
            *out++ = *path;
            continue;
        }
        path++;
        *out++ = *path == 'n' ? '\n' : *path;
    }
    *out = '\0';
}

struct layer_base layer_base_of(const struct stat *st, const struct timespec *noted)
{
    if (st == NULL)
        return (struct layer_base){.mode = 0, .noted = *noted};
    return (struct layer_base){
        .mode = st->st_mode,
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime = st->st_mtim,
        .ctime = st->st_ctim,
        .noted = *noted,
    };
}

/* A whole record in fresh memory, its length in *size; NULL without memory. */
static char *format_record(const char *path, const struct layer_base *base, size_t *size)
{
    size_t room = 2 * strlen(path) + NUMBERS_MAX + 16;
    char *record = malloc(room);
    cleanup_free char *escaped = malloc(2 * strlen(path) + 1);
    if (record == NULL || escaped == NULL) {
        free(record);
        return NULL;
    }
    escape_path(escaped, path);
    int length =
        snprintf(record, NUMBERS_MAX,
                 "\n%" PRIo32 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRId64 ".%ld %" PRId64 ".%ld %" PRId64 ".%ld",
                 base->mode, base->dev, base->ino, base->size, (int64_t)base->mtime.tv_sec, base->mtime.tv_nsec,
                 (int64_t)base->ctime.tv_sec, base->ctime.tv_nsec, (int64_t)base->noted.tv_sec, base->noted.tv_nsec);
    uint32_t sum = record_checksum(record + 1, (size_t)length - 1, escaped);
    length += snprintf(record + length, room - (size_t)length, " %08" PRIx32 " %s\n", sum, escaped);
    *size = (size_t)length;
    return record;
}

int layer_base_append(const struct layer *layer, const char *path, const struct layer_base *base)
{
    if (layer->base_fd < 0)
        return -EBADF;
    size_t size;
    cleanup_free char *record = format_record(path, base, &size);
    if (record == NULL)
        return -ENOMEM;
    return sys_write_all(layer->base_fd, record, size);
}

int layer_base_note(struct layer *layer, const char *path, const struct stat *st)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    const struct layer_base base = layer_base_of(st, &now);
    return layer_base_append(layer, path, &base);
}

/* 1, 0 or -errno. */
static int has_changes(const struct layer *layer)
{
    int fd = sys_openat(layer->fs_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    cleanup_dir DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return 1;
    return 0;
}

int layer_base_begin(const struct layer *layer)
{
    struct stat st;
    char head[sizeof COMPLETE] = "";
    int status = sys_fstatat(layer->base_fd, "", &st, AT_EMPTY_PATH);
    if (status < 0 || !S_ISREG(st.st_mode))
        return status < 0 ? status : -EBADMSG;
    if (pread(layer->base_fd, head, sizeof head - 1, 0) < 0)
        return -errno;
    if (strcmp(head, COMPLETE) == 0)
        return 0;
    status = has_changes(layer);
    if (status != 0)
        return status < 0 ? status : 0;
    status = sys_ftruncate(layer->base_fd, 0);
    return status < 0 ? status : sys_write_all(layer->base_fd, COMPLETE, strlen(COMPLETE));
}

/* Parses a line in place; false when it is not a whole record. */
static bool parse_record(char *line, struct base_entry *entry)
{
    struct layer_base *base = &entry->base;
    int64_t mtime;
    int64_t ctime;
    int64_t noted;
    uint32_t sum;
    int numbers = -1;
    int head = -1;
    int fields = sscanf(line,
                        "%" SCNo32 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNd64 ".%ld %" SCNd64 ".%ld %" SCNd64
                        ".%ld%n %8" SCNx32 "%n",
                        &base->mode, &base->dev, &base->ino, &base->size, &mtime, &base->mtime.tv_nsec, &ctime,
                        &base->ctime.tv_nsec, &noted, &base->noted.tv_nsec, &numbers, &sum, &head);
    if (fields != 11 || numbers < 0 || head < 0 || line[head] != ' ')
        return false;
    entry->path = line + head + 1;
    if (record_checksum(line, (size_t)numbers, entry->path) != sum)
        return false;
    base->mtime.tv_sec = (time_t)mtime;
    base->ctime.tv_sec = (time_t)ctime;
    base->noted.tv_sec = (time_t)noted;
    unescape_path(entry->path);
    return true;
}

/* The slot of a path, or the free one where it would be. */
static uint32_t *find_slot(const struct layer_bases *bases, const char *path)
{
    size_t slot = hash_bytes(2166136261U, path, strlen(path)) & (bases->slot_count - 1);
    while (bases->slots[slot] != 0 && strcmp(bases->entries[bases->slots[slot] - 1].path, path) != 0)
        slot = (slot + 1) & (bases->slot_count - 1);
    return &bases->slots[slot];
}

static int load_text(int layer_dir, char **text, size_t *size)
{
    cleanup_fd int fd = sys_openat(layer_dir, "base", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    struct stat st = {.st_size = 0};
    if (fd < 0 && fd != -ENOENT)
        return fd;
    int status = fd < 0 ? 0 : sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (status < 0)
        return status;
    if (fd >= 0 && !S_ISREG(st.st_mode))
        return -EBADMSG;
    char *buffer = malloc((size_t)st.st_size + 1);
    if (buffer == NULL)
        return -ENOMEM;
    ssize_t length = fd < 0 ? 0 : sys_read_full(fd, buffer, (size_t)st.st_size);
    if (length < 0) {
        free(buffer);
        return (int)length;
    }
    buffer[length] = '\0';
    *text = buffer;
    *size = (size_t)length;
    return 0;
}

static int allocate_slots(struct layer_bases *bases, size_t size)
{
    size_t lines = 1;
    for (size_t i = 1; i < size; i++)
        lines += bases->text[i] == '\n' && bases->text[i - 1] != '\n';
    if (lines > UINT32_MAX / 2)
        return -EFBIG;
    bases->slot_count = 16;
    while (bases->slot_count < 2 * lines)
        bases->slot_count *= 2;
    bases->entries = malloc(lines * sizeof *bases->entries);
    bases->slots = calloc(bases->slot_count, sizeof *bases->slots);
    return bases->entries == NULL || bases->slots == NULL ? -ENOMEM : 0;
}

int layer_bases_load(const struct layer *layer, struct layer_bases **bases)
{
    struct layer_bases *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL)
        return -ENOMEM;
    size_t size = 0;
    int status = load_text(layer->dir_fd, &loaded->text, &size);
    if (status == 0)
        status = allocate_slots(loaded, size);
    if (status < 0 || loaded->text == NULL) {
        layer_bases_free(loaded);
        return status < 0 ? status : -ENOMEM;
    }
    loaded->complete = strncmp(loaded->text, COMPLETE, strlen(COMPLETE)) == 0;
    char *end = loaded->text + size;
    char *newline;
    /* What follows the last newline was cut off. */
    for (char *line = loaded->text; (newline = memchr(line, '\n', (size_t)(end - line))) != NULL; line = newline + 1) {
        struct base_entry entry;
        *newline = '\0';
        if (!parse_record(line, &entry))
            continue;
        uint32_t *slot = find_slot(loaded, entry.path);
        if (*slot != 0)
            continue;
        loaded->entries[loaded->used++] = entry;
        *slot = loaded->used;
    }
    *bases = loaded;
    return 0;
}

const struct layer_base *layer_bases_find(const struct layer_bases *bases, const char *path)
{
    uint32_t slot = *find_slot(bases, path);
    return slot == 0 ? NULL : &bases->entries[slot - 1].base;
}

bool layer_bases_any(const struct layer_bases *bases,
                     bool (*is)(void *data, const char *path, const struct layer_base *base), void *data)
{
    for (uint32_t i = 0; i < bases->used; i++)
        if (is(data, bases->entries[i].path, &bases->entries[i].base))
            return true;
    return false;
}

bool layer_bases_complete(const struct layer_bases *bases)
{
    return bases->complete;
}

bool layer_base_is_of(const struct layer_base *base, const struct stat *st)
{
    return base->dev == st->st_dev && base->ino == st->st_ino && (base->mode & S_IFMT) == (st->st_mode & S_IFMT);
}

bool layer_base_changed_after(const struct stat *st, const struct timespec *when)
{
    const struct timespec *changed = &st->st_ctim;
    return changed->tv_sec > when->tv_sec || (changed->tv_sec == when->tv_sec && changed->tv_nsec > when->tv_nsec);
}

bool layer_bases_seen(const struct layer_bases *bases, int host_root, const char *dir, struct timespec *when)
{
    struct stat st;
    cleanup_fd int fd = beneath_open(host_root, dir, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (fd < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return false;
    const struct layer_base *base = layer_bases_find(bases, dir);
    if (base != NULL) {
        *when = base->noted;
        return layer_base_is_of(base, &st);
    }
    cleanup_free char *above = strcmp(dir, "/") == 0 ? NULL : path_parent(dir);
    /* A directory that is younger than the record may have been moved there since, with all that is in it. */
    return above != NULL && layer_bases_seen(bases, host_root, above, when) && !layer_base_changed_after(&st, when);
}

void layer_bases_free(struct layer_bases *bases)
{
    if (bases == NULL)
        return;
    free(bases->slots);
    free(bases->entries);
    free(bases->text);
    free(bases);
}

static int write_kept(int fd, const struct layer_bases *bases, bool (*drop)(const char *, void *), void *data)
{
    int status = bases->complete ? sys_write_all(fd, COMPLETE, strlen(COMPLETE)) : 0;
    for (uint32_t i = 0; status == 0 && i < bases->used; i++) {
        const struct base_entry *entry = &bases->entries[i];
        if (drop(entry->path, data))
            continue;
        size_t size;
        cleanup_free char *record = format_record(entry->path, &entry->base, &size);
        if (record == NULL)
            return -ENOMEM;
        status = sys_write_all(fd, record, size);
    }
    return status;
}

int layer_base_forget(struct layer *layer, bool (*drop)(const char *path, void *data), void *data)
{
    struct layer_bases *bases = NULL;
    if (layer->base_fd < 0)
        return 0;
    int status = layer_bases_load(layer, &bases);
    if (status < 0)
        return status;
    (void)sys_unlinkat(layer->dir_fd, "base.new", 0);
    cleanup_fd int fd = sys_openat(layer->dir_fd, "base.new", O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    status = fd < 0 ? fd : write_kept(fd, bases, drop, data);
    layer_bases_free(bases);
    if (status == 0)
        status = sys_fsync(fd);
    if (status == 0)
        status = sys_renameat2(layer->dir_fd, "base.new", layer->dir_fd, "base", 0);
    if (status < 0) {
        (void)sys_unlinkat(layer->dir_fd, "base.new", 0);
        return status;
    }
    if (layer->base_fd >= 0)
        (void)close(layer->base_fd);
    layer->base_fd = steal_fd(&fd);
    return 0;
}
