/*
 * What a worker copied, told to the process that it was forked from: who holds the originals open is found by that one.
 *
 * The notes lie in a memory file that both have; the worker appends, and the supervisor reads when the worker has
 * ended. They are the supervisor's own words, so they are believed.
 */
#include "emul/beneath.h"
#include "emul/view_internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* No more than copies.c remembers; of those that nobody reads, only descriptors without a right to read matter. */
enum { NOTES_MAX = 8192, HELD_MAX = 64 };

struct note {
    struct stat original, upper;
    bool held;
    size_t length;
    char path[PATH_MAX]; /* of a copy whose original is held, below LAYER/fs; that many bytes of it are noted */
};

static const size_t HEAD = offsetof(struct note, path);

int job_notes_make(void)
{
    int fd = memfd_create("coffer-notes", MFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Whether another note is worth its room. */
static bool has_room(struct view *view, bool held)
{
    unsigned *count = held ? &view->job_held : &view->job_copies;
    if (*count >= (held ? (unsigned)HELD_MAX : (unsigned)NOTES_MAX))
        return false;
    (*count)++;
    return true;
}

void job_note_copy(struct view *view, int tree, const struct stat *original, const struct entry *entry)
{
    struct note note;
    if (view->job_notes < 0 || entry->tree != UPPER)
        return;
    memset(&note, 0, sizeof note);
    note.original = *original;
    note.upper = entry->st;
    int dirfd = directory_fd(view, entry->dir, tree);
    cleanup_fd int lower = dirfd < 0 || !S_ISREG(original->st_mode) ? -1 : lower_open(dirfd, entry->name);
    note.held = lower >= 0 && lower_is_held(lower) && directory_name_path(entry->dir, entry->name, note.path) == 0;
    if (!has_room(view, note.held))
        return;
    note.length = note.held ? strlen(note.path) : 0;
    /* Without it, readers of a file that is then changed would read what it was: as when there is no room. */
    (void)sys_write_all(view->job_notes, &note, HEAD + note.length);
}

static void take(struct view *view, const struct note *note)
{
    struct stat st;
    copies_note(view, &note->original, &note->upper);
    cleanup_fd int upper = note->held ? beneath_open(view->layer->fs_fd, note->path, O_PATH | O_NOFOLLOW) : -1;
    if (upper >= 0 && sys_fstatat(upper, "", &st, AT_EMPTY_PATH) == 0 && st.st_ino == note->upper.st_ino)
        stale_add(view, &note->original, upper);
}

void job_notes_take(struct view *view, int fd)
{
    struct note *note = malloc(sizeof *note);
    for (off_t at = 0; note != NULL && pread(fd, note, HEAD, at) == (ssize_t)HEAD; at += (off_t)(HEAD + note->length)) {
        if (note->length >= sizeof note->path ||
            pread(fd, note->path, note->length, at + (off_t)HEAD) != (ssize_t)note->length)
            break;
        note->path[note->length] = '\0';
        take(view, note);
    }
    free(note);
}
