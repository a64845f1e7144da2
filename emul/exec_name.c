/*
 * The name of a process (/proc/PID/comm, what ps and killall show) is the last component of the path that the kernel is
 * given to execute. Where that is another file than the program was called by (the interpreter of a script, what a
 * symbolic link leads to, a copy), the kernel gets a symbolic link of the right name.
 *
 * The links lie in alias_dir (socket_name.c): a directory for each file that is executed so, in it a link for each
 * name. They stay until the view ends, since an exec that is on its way must find them.
 */
#include "emul/view_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct exec_target {
    struct exec_target *next;
    unsigned number;
    char path[];
};

static void directory_of(const struct view *view, unsigned number, char path[96])
{
    (void)snprintf(path, 96, "%s/e%u", view->alias_dir, number);
}

static const struct exec_target *add_target(struct view *view, const char *path)
{
    char directory[96];
    struct exec_target *target = malloc(sizeof *target + strlen(path) + 1);
    if (target == NULL || socket_alias_directory(view) < 0) {
        free(target);
        return NULL;
    }
    target->number = view->exec_targets == NULL ? 0 : view->exec_targets->number + 1;
    memcpy(target->path, path, strlen(path) + 1);
    directory_of(view, target->number, directory);
    /* Processes of other users in the view search it too; only we write there. */
    if (mkdir(directory, 0700) < 0 || chmod(directory, 0711) < 0) {
        free(target);
        return NULL;
    }
    target->next = view->exec_targets;
    view->exec_targets = target;
    return target;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *exec_named(struct view *view, const char *path, const char *called, char link[PATH_MAX])
{
    char directory[96];
    const char *name = last_component(called);
    if (*name == '\0' || strcmp(name, last_component(path)) == 0)
        return path;
    const struct exec_target *target = view->exec_targets;
    while (target != NULL && strcmp(target->path, path) != 0)
        target = target->next;
    if (target == NULL)
        target = add_target(view, path);
    if (target == NULL)
        return path;
    directory_of(view, target->number, directory);
    if (snprintf(link, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
        return path;
    int error = sys_symlinkat(path, AT_FDCWD, link);
    return error == 0 || error == -EEXIST ? link : path;
}

static void remove_directory(const char *path)
{
    DIR *stream = opendir(path);
    const struct dirent *entry;
    while (stream != NULL && (entry = readdir(stream)) != NULL)
        (void)unlinkat(dirfd(stream), entry->d_name, 0);
    if (stream != NULL)
        (void)closedir(stream);
    (void)rmdir(path);
}

void exec_names_free(struct view *view)
{
    char directory[96];
    while (view->exec_targets != NULL) {
        struct exec_target *target = view->exec_targets;
        view->exec_targets = target->next;
        directory_of(view, target->number, directory);
        remove_directory(directory);
        free(target);
    }
}
