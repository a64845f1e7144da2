#include "emul/open_finish.h"

#include "emul/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

void open_prepare(struct answer *answer, enum finish_kind kind, const struct entry *entry, int fd)
{
    answer->want_exit = true;
    answer->finish.kind = kind;
    answer->finish.text = strdup(entry->name);
    answer->finish.directory = directory_hold(entry->dir);
    answer->finish.fd = fd;
}

/* Whether the name is still the file that was made for the call, and empty: nobody else has come to use it. */
static bool is_untouched(const struct finish *finish, int dirfd)
{
    struct stat named, made;
    return dirfd >= 0 && finish->fd >= 0 && finish->text != NULL &&
           sys_fstatat(dirfd, finish->text, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           sys_fstatat(finish->fd, "", &made, AT_EMPTY_PATH) == 0 && named.st_dev == made.st_dev &&
           named.st_ino == made.st_ino && named.st_size == 0;
}

/* The file of a lower tree was to be emptied, and is not: it shows again. */
static void show_lower(struct view *view, const struct finish *finish, int dirfd)
{
    struct stat parent, copy;
    if (sys_fstatat(dirfd, "", &parent, AT_EMPTY_PATH) < 0 || sys_fstatat(finish->fd, "", &copy, AT_EMPTY_PATH) < 0 ||
        sys_unlinkat(dirfd, finish->text, 0) < 0)
        return;
    copies_undo(view, &copy);
    view->structure++;
    const struct timespec times[2] = {parent.st_atim, parent.st_mtim};
    (void)sys_futimens(dirfd, times);
}

/* The kernel could not open it: no descriptor was left, say. All is as before. */
static void undo(struct view *view, const struct finish *finish)
{
    int dirfd = directory_fd(view, finish->directory, UPPER);
    if (!is_untouched(finish, dirfd))
        return;
    if (finish->kind == FINISH_OPEN_EMPTIED)
        show_lower(view, finish, dirfd);
    else if (lookup_lower_has(view, finish->directory, finish->text) != 0)
        (void)upper_whiteout(view, finish->directory, finish->text);
    else
        (void)upper_remove(view, finish->directory, finish->text);
}

void open_finish(struct view *view, struct answer *answer, int64_t result)
{
    const struct finish *finish = &answer->finish;
    if (result >= 0) {
        if (finish->fd >= 0 && finish->directory != NULL) {
            /* Nobody is to hear in which way it was made. */
            listener_mute(view, finish->directory, IN_ATTRIB | IN_CLOSE_WRITE);
            if (finish->kind == FINISH_OPEN_MODE)
                (void)sys_fchmod(finish->fd, finish->mode);
            (void)close(finish->fd);
            answer->finish.fd = -1;
            listener_unmute(view, finish->directory);
        }
        return;
    }
    if (finish->kind != FINISH_OPEN)
        undo(view, finish);
    /* Between the decision and the kernel's open another thread has removed the name, or made it a whiteout. */
    answer->again = result == -ENOENT || result == -ENXIO;
}
