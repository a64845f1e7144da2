#include "emul/closed.h"

#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/dir_names.h"
#include "emul/object.h"
#include "emul/overlay.h"
#include "emul/sys.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* In work/, a symbolic link "lent-..." to "MODE INODE /PATH", the path as it is below LAYER/fs. */
static const char PREFIX[] = "lent-";

bool closed_is(mode_t mode)
{
    return S_ISDIR(mode) && (mode & S_IRWXU) != S_IRWXU;
}

/* chmod(2) takes the set-group-ID bit from what is of a group that its owner is not in. */
static mode_t allowed(mode_t mode, gid_t gid)
{
    return gid == getegid() || group_member(gid) ? mode : mode & ~(mode_t)S_ISGID;
}

int closed_chmod(int fd, mode_t mode)
{
    struct stat real, shown;
    if (geteuid() == 0)
        return sys_fchmod(fd, mode);
    int error = sys_fstatat(fd, "", &real, AT_EMPTY_PATH);
    shown = real;
    int noted = error < 0 ? error : object_override(fd, &shown);
    if (noted < 0)
        return noted;
    bool foreign = shown.st_uid != real.st_uid || shown.st_gid != real.st_gid;
    shown.st_mode = (real.st_mode & S_IFMT) | allowed(mode & 07777, shown.st_gid);
    mode_t given = shown.st_mode & (foreign ? 0777 : 07777);
    if (closed_is(shown.st_mode))
        given |= S_IRWXU;
    bool needed = foreign || given != (shown.st_mode & 07777);
    /* Only who may write to it sets its attributes (xattr(7)). */
    if (noted == 1 && (real.st_mode & S_IWUSR) == 0)
        error = sys_fchmod(fd, (real.st_mode & 07777) | S_IWUSR);
    if (error == 0 && (needed || noted == 1))
        error = object_override_set(fd, &shown);
    if (error == 0)
        error = sys_fchmod(fd, given);
    if (error == 0 && noted == 1 && !needed)
        (void)sys_fremovexattr(fd, XATTR_OVERRIDE);
    return error;
}

/* The path of a directory of LAYER/fs there. */
static bool place_of(const struct layer *layer, int fd, char path[PATH_MAX])
{
    char link[32], text[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, text, sizeof text - 1);
    size_t root = strlen(layer->path) + strlen("/fs");
    if (length < (ssize_t)root || strncmp(text, layer->path, strlen(layer->path)) != 0 ||
        strncmp(text + strlen(layer->path), "/fs", strlen("/fs")) != 0)
        return false;
    text[length] = '\0';
    return snprintf(path, PATH_MAX, "%s", text + root) < PATH_MAX;
}

/* "": none could be made. */
static void make_note(struct layer *layer, char note[32], const struct stat *st, int fd)
{
    char path[PATH_MAX], text[PATH_MAX + 64], unique[32];
    layer_temp_name(layer, unique);
    (void)snprintf(note, 32, "%s%.20s", PREFIX, unique);
    if (!place_of(layer, fd, path) ||
        snprintf(text, sizeof text, "%o %llu %s", st->st_mode & 07777, (unsigned long long)st->st_ino, path) >=
            PATH_MAX ||
        sys_symlinkat(text, layer->work_fd, note) < 0)
        note[0] = '\0';
}

void closed_open(struct layer *layer, int fd, struct stat *st)
{
    char note[32];
    struct stat shown = *st;
    mode_t mode = st->st_mode & 07777;
    make_note(layer, note, st, fd);
    if (sys_fchmod(fd, mode | S_IRWXU) == 0) {
        shown.st_mode |= S_IRWXU;
        int noted = object_override(fd, &shown);
        if (noted == 0)
            noted = object_override_set(fd, st);
        if (noted >= 0)
            st->st_mode |= S_IRWXU;
        else if (sys_fchmod(fd, mode) < 0)
            return; /* the note stays */
    }
    if (note[0] != '\0')
        (void)sys_unlinkat(layer->work_fd, note, 0);
}

/* The note may be about a directory that did not get to its place, or has been replaced since. */
static void close_again(struct layer *layer, const char *note)
{
    char text[PATH_MAX];
    unsigned mode;
    unsigned long long inode;
    int at = -1;
    struct stat st;
    ssize_t length = sys_readlinkat(layer->work_fd, note, text, sizeof text - 1);
    if (length < 0)
        return;
    text[length] = '\0';
    if (sscanf(text, "%o %llu %n", &mode, &inode, &at) != 2 || at < 0)
        return;
    cleanup_fd int fd = beneath_open(layer->fs_fd, text[at] == '\0' ? "/" : text + at, O_PATH | O_NOFOLLOW);
    if (fd >= 0 && sys_fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && S_ISDIR(st.st_mode) && st.st_ino == inode)
        (void)sys_fchmod(fd, mode & 07777);
}

void closed_again(struct layer *layer)
{
    struct dir_names names = {0};
    if (geteuid() == 0 || dir_names_read(&names, layer->work_fd, false) < 0)
        return;
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.items[i].name, PREFIX, strlen(PREFIX)) == 0)
            close_again(layer, names.items[i].name);
    dir_names_free(&names);
}
