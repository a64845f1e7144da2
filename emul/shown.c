/*
 * What the kernel shows as a host path (links in /proc, maps of memory), as the view says it.
 *
 * An object of the host may have another name in the view by now, or none.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char deleted_mark[] = " (deleted)";

bool shown_as_deleted(const char *path)
{
    size_t length = strlen(path), mark = strlen(deleted_mark);
    return length > mark && strcmp(path + length - mark, deleted_mark) == 0;
}

void shown_delete(char path[PATH_MAX])
{
    if (!shown_as_deleted(path) && strlen(path) + strlen(deleted_mark) < PATH_MAX)
        (void)strncat(path, deleted_mark, PATH_MAX - strlen(path) - 1);
}

static void name_of_entry(const struct entry *entry, char path[PATH_MAX])
{
    if (directory_name_path(entry->dir, entry->name, path) < 0)
        (void)snprintf(path, PATH_MAX, "/");
}

/* Whether the entry, found where the kernel says that an object is, is that object for the view. */
static bool is_it(struct view *view, const struct entry *entry, enum host_path_kind kind, const struct stat *st)
{
    if (S_ISDIR(entry->st.st_mode) && kind == HOST_PATH_HOST)
        return (entry->trees & (1u << view->host)) != 0;
    return entry_is_object(view, entry, kind, st);
}

/* The name is not, or not surely, that of the object. */
static void settle(struct view *view, const struct walked *walked, enum host_path_kind kind, bool certain,
                   const char *link, struct shown *shown)
{
    struct entry other = {.dir = NULL};
    struct stat st = {.st_dev = shown->dev, .st_ino = shown->ino};
    const struct entry *entry = walked->kind == WALK_ENTRY && walked->entry.tree >= 0 ? &walked->entry : NULL;
    if (link != NULL && sys_fstatat(AT_FDCWD, link, &st, 0) < 0)
        return;
    if (entry != NULL && !certain && !is_it(view, entry, kind, &st))
        entry = NULL;
    if (entry == NULL && copies_find(view, &st, &other)) {
        name_of_entry(&other, shown->path);
        entry = &other;
    }
    if (entry == NULL) {
        (void)copies_last_name(view, &st, shown->path);
        shown_delete(shown->path);
    } else if (link == NULL && entry_stat(view, entry, &st) == 0) {
        shown->dev = st.st_dev;
        shown->ino = st.st_ino;
    }
    entry_release(view, &other);
}

void shown_object(struct view *view, struct caller *caller, const char *link, struct shown *shown)
{
    struct fs_context fs = {.view = view, .refs = 1, .cwd = view->root, .root = view->root, .umask = 0};
    struct caller nobody = *caller;
    struct walked walked;
    enum host_path_kind kind = HOST_PATH_UPPER;
    if (proc_copy_origin(view, shown->path))
        return;
    const char *origin = elf_copy_origin(view, shown->path);
    if (origin != NULL)
        (void)snprintf(shown->path, PATH_MAX, "%s", origin);
    else
        kind = view_path_of_host(view, shown->path);
    bool certain = kind == HOST_PATH_UPPER;
    if (shown_as_deleted(shown->path) || (certain && link != NULL))
        return;
    nobody.fs = &fs;
    nobody.cred = &view->own;
    walk_from(view, &nobody, view->root, true, shown->path,
              (view->own_root ? 0 : WALK_UNJUDGED) | (certain ? WALK_LOOK : 0), &walked);
    bool as_on_host = walked.kind == WALK_RAW || (walked.kind == WALK_ENTRY && !walked.looked) ||
                      (kind == HOST_PATH_HOST && walked.kind == WALK_ENTRY && walked.pure);
    if (!as_on_host)
        settle(view, &walked, kind, certain, link, shown);
    walked_release(view, &walked);
}

void shown_to(const struct fs_context *reader, char path[PATH_MAX])
{
    char root[PATH_MAX];
    if (directory_path(reader->root, root) < 0 || root[1] == '\0')
        return;
    size_t length = strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return;
    memmove(path, path + length, strlen(path + length) + 1);
    if (path[0] == '\0')
        memcpy(path, "/", 2);
}
