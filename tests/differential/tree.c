/*
 * Makes the tree of a script, and removes one:
 *
 *     + dir PATH MODE UID GID          + file PATH MODE UID GID SIZE     + script PATH MODE UID GID
 *     + symlink PATH TEXT              + hardlink PATH OLD               + fifo PATH MODE UID GID
 *     + socket PATH MODE UID GID       + xattr PATH NAME VALUE
 *
 * All times are set: the object of line N gets second 1000000000 + N.
 */
#include "actor.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { TIMES_FROM = 1000000000, WORDS = 6, SPARSE = 1 << 20 };

static bool fill(int fd, const char *path, long size)
{
    char *text = malloc((size_t)size + 1);
    size_t used = 0;

    while (text != NULL && used < (size_t)size)
        used += (size_t)snprintf(text + used, (size_t)size + 1 - used, "%.20s %zu of %ld\n", path, used, size);
    bool done = text != NULL && pwrite(fd, text, (size_t)size, 0) == size;
    free(text);
    return done;
}

/* A large one is sparse. */
static bool make_file(const char *path, long size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = fd >= 0 && (size > SPARSE ? ftruncate(fd, size) == 0 : fill(fd, path, size));

    return fd >= 0 && close(fd) == 0 && done;
}

static bool make_script(const char *path)
{
    static const char text[] = "#!/bin/sh\nexit 3\n";
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    bool done = fd >= 0 && write(fd, text, sizeof text - 1) > 0;

    return fd >= 0 && close(fd) == 0 && done;
}

static bool make_object(char *const words[WORDS])
{
    const char *kind = words[0], *path = path_expand(words[1]);

    if (strcmp(kind, "dir") == 0)
        return mkdir(path, 0700) == 0;
    if (strcmp(kind, "file") == 0)
        return make_file(path, atol(words[5]));
    if (strcmp(kind, "script") == 0)
        return make_script(path);
    if (strcmp(kind, "symlink") == 0)
        return symlink(path_expand(words[2]), path) == 0;
    if (strcmp(kind, "hardlink") == 0)
        return link(path_expand(words[2]), path) == 0;
    if (strcmp(kind, "fifo") == 0)
        return mknod(path, S_IFIFO | 0600, 0) == 0;
    if (strcmp(kind, "socket") == 0)
        return mknod(path, S_IFSOCK | 0600, 0) == 0;
    if (strcmp(kind, "xattr") == 0)
        return lsetxattr(path, words[2], words[3], strlen(words[3]), 0) == 0;
    return false;
}

/* Owner, mode and times, in the reverse order: a directory after what is in it. */
static void finish_object(char *const words[WORDS], size_t line)
{
    const char *kind = words[0], *path = path_expand(words[1]);
    struct timespec times[2] = {{.tv_sec = (time_t)(TIMES_FROM + line)}, {.tv_sec = (time_t)(TIMES_FROM + line)}};

    if (strcmp(kind, "xattr") == 0 || strcmp(kind, "hardlink") == 0)
        return;
    if (strcmp(kind, "symlink") != 0) {
        if (geteuid() == 0 && chown(path, (uid_t)atol(words[3]), (gid_t)atol(words[4])) != 0)
            warn("chown %s", path);
        if (chmod(path, (mode_t)strtoul(words[2], NULL, 8)) != 0)
            warn("chmod %s", path);
    }
    if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) != 0)
        warn("times of %s", path);
}

/* Links to "@top" lead to `shown`. 0, or the number of lines that could not be made: in a script that shrinks, what
 * they need may be gone. */
int tree_make(const struct script *script, const char *directory, const char *shown)
{
    struct timespec times[2] = {{.tv_sec = TIMES_FROM}, {.tv_sec = TIMES_FROM}};
    char *(*lines)[WORDS] = calloc(script->tree_count + 1, sizeof *lines);
    int failed = 0;

    if (lines == NULL || mkdir(directory, 0755) != 0 || chdir(directory) != 0)
        err(2, "%s", directory);
    (void)snprintf(top, PATH_MAX, "%s", shown);
    (void)umask(0);
    for (size_t i = 0; i < script->tree_count; i++) {
        char *copy = strdup(script->tree[i]), *rest = copy;

        for (int word = 0; word < WORDS; word++)
            if ((lines[i][word] = split_word(&rest)) == NULL)
                lines[i][word] = copy + strlen(copy);
        if (!make_object(lines[i])) {
            lines[i][0] = NULL;
            failed++;
        }
    }
    for (size_t i = script->tree_count; i-- > 0;)
        if (lines[i][0] != NULL)
            finish_object(lines[i], i + 1);
    (void)utimensat(AT_FDCWD, ".", times, 0);
    free(lines);
    return failed;
}

/* Whatever modes a script has left behind. Never goes through a symbolic link. */
static int remove_below(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct dirent *entry;
    DIR *listing;

    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    (void)fchmod(fd, 0700);
    listing = fdopendir(fd);
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type != DT_DIR)
            (void)unlinkat(fd, entry->d_name, 0);
        else
            (void)remove_below(fd, entry->d_name);
    }
    (void)closedir(listing);
    return unlinkat(parent, name, AT_REMOVEDIR);
}

int tree_remove(const char *directory)
{
    return remove_below(AT_FDCWD, directory);
}
