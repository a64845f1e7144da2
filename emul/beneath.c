#include "emul/beneath.h"

#include "emul/cleanup.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

int beneath_open(int root, const char *path, int flags)
{
    cleanup_fd int held = -1;
    char part[PATH_MAX];
    while (*path == '/')
        path++;
    /* The kernel takes less than PATH_MAX bytes at a time. */
    while (strlen(path) >= sizeof part) {
        const char *cut = memrchr(path, '/', sizeof part - 1);
        if (cut == NULL)
            return -ENAMETOOLONG;
        memcpy(part, path, (size_t)(cut - path));
        part[cut - path] = '\0';
        int next = sys_openat2(held < 0 ? root : held, part, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, SYS_BENEATH);
        if (next < 0)
            return next;
        if (held >= 0)
            (void)close(held);
        held = next;
        path = cut + 1;
    }
    return sys_openat2(held < 0 ? root : held, *path == '\0' ? "." : path, flags, 0, SYS_BENEATH);
}

int beneath_open_parent(int root, const char *path, const char **name)
{
    const char *last = path_last(path);
    *name = *last == '\0' ? "." : last;
    cleanup_free char *parent = path_parent(path);
    return parent == NULL ? -ENOMEM : beneath_open(root, parent, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

bool path_is_below(const char *path, const char *top)
{
    size_t length = strlen(top);
    if (length == 1)
        return true;
    return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

const char *path_last(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

char *path_parent(const char *path)
{
    size_t length = (size_t)(path_last(path) - path);
    return length <= 1 ? strdup("/") : strndup(path, length - 1);
}

char *path_join(const char *dir, const char *name)
{
    size_t head = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
    size_t tail = strlen(name);
    char *path = malloc(head + tail + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, dir, head);
    path[head] = '/';
    memcpy(path + head + 1, name, tail + 1);
    return path;
}

/* Appends the components of path to out, which is an absolute path without a trailing slash ("" for the root). */
static void append_components(char *out, const char *path)
{
    size_t used = strlen(out);
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length == 2 && memcmp(path, "..", 2) == 0) {
            while (used > 0 && out[--used] != '/')
                continue;
        } else if (length > 0 && !(length == 1 && *path == '.')) {
            out[used++] = '/';
            memcpy(out + used, path, length);
            used += length;
        }
        out[used] = '\0';
        path += length + (path[length] == '/');
    }
}

char *path_absolute(const char *cwd, const char *path)
{
    char *out = malloc(strlen(cwd) + strlen(path) + 3);
    if (out == NULL)
        return NULL;
    out[0] = '\0';
    if (path[0] != '/')
        append_components(out, cwd);
    append_components(out, path);
    if (out[0] == '\0')
        memcpy(out, "/", 2);
    return out;
}
