#include "emul/lent.h"

#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/dir_names.h"
#include "emul/sys.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A note is a symbolic link "lent-..." to "MODE INODE /PATH", the path as it is below LAYER/fs. */
static const char PREFIX[] = "lent-";

/* The path of a name in a directory of LAYER/fs. */
static bool place_of(const struct layer *layer, int parent, const char *name, char path[PATH_MAX])
{
    char link[32], text[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", parent);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, text, sizeof text - 1);
    size_t root = strlen(layer->path) + strlen("/fs");
    if (length < (ssize_t)root || strncmp(text, layer->path, strlen(layer->path)) != 0)
        return false;
    text[length] = '\0';
    return snprintf(path, PATH_MAX, "%s%s%s", text + root, name == NULL ? "" : "/", name == NULL ? "" : name) <
           PATH_MAX;
}

static void make_note(struct layer *layer, struct lent *lent, const struct stat *st, int parent, const char *name)
{
    char path[PATH_MAX], text[PATH_MAX + 64], unique[32];
    layer_temp_name(layer, unique);
    (void)snprintf(lent->note, sizeof lent->note, "%s%.20s", PREFIX, unique);
    if (!place_of(layer, parent, name, path) ||
        snprintf(text, sizeof text, "%o %llu %s", st->st_mode & 07777, (unsigned long long)st->st_ino, path) >=
            PATH_MAX ||
        sys_symlinkat(text, layer->work_fd, lent->note) < 0)
        lent->note[0] = '\0';
}

int lent_begin(struct layer *layer, struct lent *lent, int fd, const struct stat *st, int parent, const char *name)
{
    lent->note[0] = '\0';
    if (!S_ISDIR(st->st_mode) || (st->st_mode & S_IRWXU) == S_IRWXU)
        return 0;
    make_note(layer, lent, st, parent, name);
    return sys_fchmod(fd, (st->st_mode & 07777) | S_IRWXU);
}

void lent_end(struct layer *layer, struct lent *lent, int fd, const struct stat *st)
{
    bool back = !S_ISDIR(st->st_mode) || (st->st_mode & S_IRWXU) == S_IRWXU || sys_fchmod(fd, st->st_mode & 07777) == 0;
    if (back && lent->note[0] != '\0')
        (void)sys_unlinkat(layer->work_fd, lent->note, 0);
}

/* The note may be about a directory that did not get to its place, or has been replaced since. */
static void give_back(struct layer *layer, const char *note)
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

void lent_give_back(struct layer *layer)
{
    struct dir_names names = {0};
    if (geteuid() == 0 || dir_names_read(&names, layer->work_fd, false) < 0)
        return;
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.items[i].name, PREFIX, strlen(PREFIX)) == 0)
            give_back(layer, names.items[i].name);
    dir_names_free(&names);
}
