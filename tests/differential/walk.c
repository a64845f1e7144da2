/*
 * A tree in text: an object a line, sorted, indented by its depth. In its exact form, for a tree that nobody may have
 * touched, with times, device and inode numbers too.
 */
#include "actor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CONTENT_MAX = 1 << 18, ATTRIBUTES = 16, DEEPEST = 400 };

struct walk {
    int depth;
    bool exact;
};

static void walk_below(struct walk *walk, const char *name);

/* Where it may, without a trace: the time of the last access is compared, too. */
static int open_quietly(const char *name, int flags)
{
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME | flags);

    return fd < 0 && errno == EPERM ? open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags) : fd;
}

static void say_content(const char *name)
{
    static char bytes[CONTENT_MAX];
    int fd = open_quietly(name, 0);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

    if (length < 0)
        say(" %s", strerrorname_np(errno));
    else
        say(" #%08x", text_hash(bytes, (size_t)length, 2166136261U));
    if (fd >= 0)
        close(fd);
}

static int by_name(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static void say_attributes(const char *name)
{
    char list[4096], value[512];
    char *names[ATTRIBUTES];
    int count = 0;
    ssize_t length = llistxattr(name, list, sizeof list);

    for (char *at = list; at < list + length && count < ATTRIBUTES; at += strlen(at) + 1)
        names[count++] = at;
    qsort(names, (size_t)count, sizeof *names, by_name);
    for (int i = 0; i < count; i++) {
        ssize_t size = lgetxattr(name, names[i], value, sizeof value);

        say(" %s=", names[i]);
        say_bytes(value, size < 0 ? 0 : (size_t)size);
    }
}

static void say_exactly(const struct stat *st)
{
    say(" %lu:%lu n%lu s%ld m%ld.%ld c%ld.%ld", (unsigned long)st->st_dev, (unsigned long)st->st_ino,
        (unsigned long)st->st_nlink, (long)st->st_size, (long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
        (long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static void say_object(struct walk *walk, const char *name)
{
    char text[PATH_MAX];
    struct stat st;

    say("%*s", walk->depth, "");
    say_bytes(name, strlen(name));
    if (fstatat(AT_FDCWD, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        say(" %s\n", strerrorname_np(errno));
        return;
    }
    say_stat(&st, AT_FDCWD, name, AT_SYMLINK_NOFOLLOW);
    if (walk->exact)
        say_exactly(&st);
    if (S_ISREG(st.st_mode))
        say_content(name);
    if (S_ISLNK(st.st_mode) && !walk->exact) {
        ssize_t length = readlink(name, text, sizeof text - 1);

        text[length < 0 ? 0 : length] = '\0';
        say(" > %s", path_shown(text));
    }
    say_attributes(name);
    say("\n");
    if (S_ISDIR(st.st_mode) && walk->depth < DEEPEST)
        walk_below(walk, name);
}

static int add_name(char ***names, size_t *count, const char *name)
{
    if ((*count & (*count - 1)) == 0) {
        char **grown = realloc(*names, (*count == 0 ? 1 : 2 * *count) * sizeof *grown);

        if (grown == NULL)
            return -1;
        *names = grown;
    }
    (*names)[*count] = strdup(name);
    return (*names)[(*count)++] == NULL ? -1 : 0;
}

static size_t read_names(DIR *listing, char ***names)
{
    struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(listing)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            add_name(names, &count, entry->d_name) != 0)
            break;
    qsort(*names, count, sizeof **names, by_name);
    return count;
}

static void walk_below(struct walk *walk, const char *name)
{
    int parent = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = open_quietly(name, O_DIRECTORY);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    char **names = NULL;
    size_t count = listing == NULL ? 0 : read_names(listing, &names);

    walk->depth++;
    if (listing == NULL || fchdir(dirfd(listing)) != 0)
        say("%*s- %s\n", walk->depth, "", strerrorname_np(errno));
    else
        for (size_t i = 0; i < count; i++)
            say_object(walk, names[i]);
    walk->depth--;
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    if (listing != NULL)
        (void)closedir(listing);
    (void)fchdir(parent);
    close(parent);
}

/* Links to what lies below `shown` are printed with "@top". */
void walk_tree(const char *directory, const char *shown, bool exact)
{
    struct walk walk = {.exact = exact};

    (void)snprintf(top, PATH_MAX, "%s", shown);
    if (chdir(directory) != 0)
        say("%s\n", strerrorname_np(errno));
    else
        say_object(&walk, ".");
}
