/*
 * The name of a process (/proc/PID/comm, what ps and killall show) is the last component of the path that the kernel is
 * given to execute. Where that is another file than the program was called by (the interpreter of a script, what a
 * symbolic link leads to, a copy), the kernel gets a symbolic link of the right name.
 *
 * The links lie in alias_dir (socket_name.c), each in a directory of its own. An exec that is on its way must find its
 * link, so a link stays when the call has been let go on. The last NAMED_MAX are kept, the least recently used goes
 * first, and its number is not used again.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far more than there are execs on their way at any moment: a task makes one at a time. */
enum { NAMED_MAX = 4096 };

struct exec_link {
    UT_hash_handle hh; /* by text, in the order of their last use */
    unsigned number;
    size_t name_length;
    char text[]; /* the name, a slash, and the path that the link leads to */
};

static void directory_of(const struct view *view, unsigned number, char path[96])
{
    (void)snprintf(path, 96, "%s/e%u", view->alias_dir, number);
}

static int path_of(const struct view *view, const struct exec_link *link, char path[PATH_MAX])
{
    char directory[96];
    directory_of(view, link->number, directory);
    int length = snprintf(path, PATH_MAX, "%s/%.*s", directory, (int)link->name_length, link->text);
    return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void remove_link(struct view *view, struct exec_link *link)
{
    char path[PATH_MAX];
    HASH_DEL(view->exec_links, link);
    if (path_of(view, link, path) == 0)
        (void)unlink(path);
    directory_of(view, link->number, path);
    (void)rmdir(path);
    free(link);
}

/* What is called `name` and lies at `path`; without its number. */
static struct exec_link *new_link(const char *name, const char *path)
{
    size_t length = strlen(name), size = length + strlen(path) + 2;
    struct exec_link *link = calloc(1, sizeof *link + size);
    if (link == NULL)
        return NULL;
    link->name_length = length;
    (void)snprintf(link->text, size, "%s/%s", name, path);
    return link;
}

/* The record of the same text, as the latest, and frees the one that was looked for; that one itself where it is new.
 */
static struct exec_link *remember(struct view *view, struct exec_link *wanted)
{
    struct exec_link *link = NULL;
    size_t length = strlen(wanted->text);
    HASH_FIND(hh, view->exec_links, wanted->text, length, link);
    if (link != NULL) {
        free(wanted);
        HASH_DEL(view->exec_links, link);
    } else {
        link = wanted;
        link->number = view->exec_link_count++;
        if (HASH_COUNT(view->exec_links) == NAMED_MAX)
            remove_link(view, view->exec_links);
    }
    HASH_ADD_KEYPTR(hh, view->exec_links, link->text, length, link);
    return link;
}

static int make_link(const struct view *view, const struct exec_link *link, const char *target, const char *path)
{
    char directory[96];
    int error = sys_symlinkat(target, AT_FDCWD, path);
    if (error != -ENOENT)
        return error == -EEXIST ? 0 : error;
    directory_of(view, link->number, directory);
    /* Processes of other users in the view search it too; only we write there. */
    if (mkdir(directory, 0700) < 0 || chmod(directory, 0711) < 0)
        return -errno;
    return sys_symlinkat(target, AT_FDCWD, path);
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *exec_named(struct view *view, const char *path, const char *called, char link[PATH_MAX])
{
    const char *name = last_component(called);
    if (*name == '\0' || strcmp(name, last_component(path)) == 0 || socket_alias_directory(view) < 0)
        return path;
    struct exec_link *known = new_link(name, path);
    if (known == NULL)
        return path;
    known = remember(view, known);
    return path_of(view, known, link) == 0 && make_link(view, known, path, link) == 0 ? link : path;
}

void exec_names_free(struct view *view)
{
    while (view->exec_links != NULL)
        remove_link(view, view->exec_links);
}
