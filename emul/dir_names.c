#include "emul/dir_names.h"

#include "emul/cleanup.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

static int add(struct dir_names *names, const char *name, bool contents)
{
    if (names->count == names->room) {
        size_t room = names->room == 0 ? 32 : 2 * names->room;
        struct dir_name *grown = reallocarray(names->items, room, sizeof *grown);
        if (grown == NULL)
            return -ENOMEM;
        names->items = grown;
        names->room = room;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return -ENOMEM;
    names->items[names->count++] = (struct dir_name){.name = copy, .contents = contents};
    return 0;
}

static bool is_directory(int dir, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return sys_fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* A descriptor for closedir() to close; opened anew where rights allow, so that it has its own position. */
static int open_listing(int dir)
{
    int fd = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd != -EACCES)
        return fd;
    fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

int dir_names_read(struct dir_names *names, int dir, bool contents)
{
    int fd = open_listing(dir);
    if (fd < 0)
        return fd;
    cleanup_dir DIR *list = fdopendir(fd);
    if (list == NULL) {
        int status = -errno;
        (void)close(fd);
        return status;
    }
    const struct dirent *entry;
    int status = 0;
    while (status == 0 && (errno = 0, entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        status = add(names, entry->d_name, false);
        if (status == 0 && contents && is_directory(dir, entry))
            status = add(names, entry->d_name, true);
    }
    return status == 0 && errno != 0 ? -errno : status;
}

/* Character number i of the name, as if contents' names ended in a slash. */
static int character(const struct dir_name *item, size_t i, size_t length)
{
    if (i < length)
        return (unsigned char)item->name[i];
    return i == length && item->contents ? '/' : 0;
}

static int in_path_order(const void *left, const void *right)
{
    const struct dir_name *a = left;
    const struct dir_name *b = right;
    size_t a_length = strlen(a->name);
    size_t b_length = strlen(b->name);
    size_t common = a_length < b_length ? a_length : b_length;
    int order = memcmp(a->name, b->name, common);
    for (size_t i = common; order == 0 && i <= common + 1; i++)
        order = character(a, i, a_length) - character(b, i, b_length);
    return order;
}

void dir_names_sort(struct dir_names *names)
{
    if (names->count > 0)
        qsort(names->items, names->count, sizeof *names->items, in_path_order);
}

bool dir_names_same(const struct dir_name *a, const struct dir_name *b)
{
    return a->contents == b->contents && strcmp(a->name, b->name) == 0;
}

void dir_names_free(struct dir_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].name);
    free(names->items);
    *names = (struct dir_names){0};
}
