/*
 * What was settled a moment ago: the directory that the first part of a path leads to, names that are no links, and
 * programs that may run as they are.
 *
 * An entry is exact as far as the view goes: view->structure counts every change that coffer makes of a directory, of
 * its rights, of a symbolic link or of what shows of a host file, and an entry of another count is not used. What
 * somebody else changes on the host is seen after KNOWN_MS at the latest.
 */
#include "emul/known.h"

#include <string.h>
#include <time.h>

enum { KNOWN_MS = 100 };

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_text(uint64_t hash, const char *text, size_t length)
{
    for (; length >= sizeof hash; text += sizeof hash, length -= sizeof hash) {
        uint64_t word;
        memcpy(&word, text, sizeof word);
        hash = mix(hash, word);
    }
    uint64_t word = length;
    for (size_t i = 0; i < length; i++)
        word = word << 8 | (unsigned char)text[i];
    return mix(hash, word);
}

/* Whose right to search was checked on the way; that of who may search everywhere is not. */
static uint64_t hash_identity(const struct view *view, const struct credentials *cred)
{
    if (searches_everywhere(view, cred))
        return 0;
    uint64_t hash = mix(mix(cred->fsuid, cred->fsgid), cred->capabilities);
    for (int i = 0; i < cred->group_count; i++)
        hash = mix(hash, cred->groups[i]);
    return hash | 1;
}

/* Up to the slash before the last name; 0 when there is none, or only the one of the root. */
static size_t first_part(const char *path)
{
    const char *last = strrchr(path, '/');
    if (last == NULL || last[1] == '\0' || last - path < 2 || last - path >= KNOWN_TEXT)
        return 0;
    return (size_t)(last - path) + 1;
}

static struct known_path *slot_of(struct view *view, const struct directory *start, const struct credentials *cred,
                                  const char *path, size_t length)
{
    uint64_t hash = hash_text(mix(start->serial, hash_identity(view, cred)), path, length);
    return &view->known_paths[hash % KNOWN_PATHS];
}

const struct known_path *known_path_find(struct view *view, const struct directory *start,
                                         const struct credentials *cred, const char *path)
{
    size_t length = first_part(path);
    if (length == 0)
        return NULL;
    const struct known_path *known = slot_of(view, start, cred, path, length);
    if (known->structure != view->structure || known->start != start->serial || known->length != length ||
        known->identity != hash_identity(view, cred) || memcmp(known->text, path, length) != 0 ||
        known->expires < now_ms())
        return NULL;
    return known;
}

void known_path_add(struct view *view, const struct directory *start, const struct credentials *cred, const char *path,
                    const struct known_path *what)
{
    size_t length = first_part(path);
    if (length == 0)
        return;
    struct known_path *known = slot_of(view, start, cred, path, length);
    known->structure = view->structure;
    known->start = start->serial;
    known->identity = hash_identity(view, cred);
    known->expires = now_ms() + KNOWN_MS;
    known->dir = what->dir;
    known->links = what->links;
    known->pure = what->pure;
    known->length = length;
    memcpy(known->text, path, length);
}

static uint64_t name_hash(const struct directory *dir, const char *name, size_t length)
{
    /* Mixed first: else "." of one directory would be "/" of the next. */
    return hash_text(mix(0, dir->serial), name, length);
}

bool known_plain(const struct view *view, const struct directory *dir, const char *name, size_t length)
{
    uint64_t hash = name_hash(dir, name, length);
    const struct known_name *known = &view->known_names[hash % KNOWN_NAMES];
    return known->hash == hash && known->expires >= now_ms();
}

void known_plain_add(struct view *view, const struct directory *dir, const char *name, size_t length)
{
    uint64_t hash = name_hash(dir, name, length);
    view->known_names[hash % KNOWN_NAMES] = (struct known_name){.hash = hash, .expires = now_ms() + KNOWN_MS};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool known_program(const struct view *view, const struct stat *st)
{
    const struct known_program *known = &view->known_programs[st->st_ino % KNOWN_PROGRAMS];
    return known->structure == view->structure && known->ino == st->st_ino && known->dev == st->st_dev &&
           known->size == st->st_size && same_time(&known->mtime, &st->st_mtim) &&
           same_time(&known->ctime, &st->st_ctim) && known->expires >= now_ms();
}

void known_program_add(struct view *view, const struct stat *st)
{
    view->known_programs[st->st_ino % KNOWN_PROGRAMS] = (struct known_program){
        .structure = view->structure,
        .expires = now_ms() + KNOWN_MS,
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = st->st_size,
        .mtime = st->st_mtim,
        .ctime = st->st_ctim,
    };
}
