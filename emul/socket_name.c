/*
 * AF_UNIX names: at most 108 bytes, whatever the layer's path is.
 *
 * A host path that does not fit is reached through a short alias, a symbolic link to its directory in a directory of
 * the supervisor's own; what the kernel shows is turned back in the same way.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME_OFFSET ((unsigned)offsetof(struct sockaddr_un, sun_path))

/*
 * The one directory of a user in which those of his runs are. It stays: the lock of every run is about it. Whatever
 * else somebody put at its name is not used: then a run has one by itself.
 */
static bool user_directory(char path[sizeof "/tmp/.coffer-4294967295"])
{
    struct stat st;
    (void)snprintf(path, sizeof "/tmp/.coffer-4294967295", "/tmp/.coffer-%u", (unsigned)geteuid());
    if (mkdir(path, 0711) == 0)
        (void)chmod(path, 0711); /* whatever the umask */
    return sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == geteuid() && (st.st_mode & 07777) == 0711;
}

int socket_alias_directory(struct view *view)
{
    char user[sizeof "/tmp/.coffer-4294967295"], path[sizeof user + sizeof "/XXXXXX"];
    if (view->alias_dir[0] != '\0')
        return 0;
    (void)snprintf(path, sizeof path, "%s%sXXXXXX", user_directory(user) ? user : "/tmp/.coffer",
                   user_directory(user) ? "/" : "-");
    if (mkdtemp(path) == NULL)
        return -errno;
    /* Processes of other users in the view search it too; only we write there. */
    if (chmod(path, 0711) < 0)
        return -errno;
    (void)snprintf(view->alias_dir, sizeof view->alias_dir, "%s", path);
    return view_hide(view, path);
}

int view_aliases(struct view *view)
{
    char user[sizeof "/tmp/.coffer-4294967295"];
    int error = user_directory(user) ? 0 : socket_alias_directory(view);
    return error < 0 ? error
                     : sys_openat(AT_FDCWD, view->alias_dir[0] == '\0' ? user : view->alias_dir,
                                  O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* The number of the alias for a directory, made if need be; or -errno. */
static int alias_number(struct view *view, const char *dir_path)
{
    char alias[96], target[PATH_MAX];
    int error = socket_alias_directory(view);
    if (error < 0)
        return error;
    for (unsigned i = 0; i < view->alias_count; i++) {
        (void)snprintf(alias, sizeof alias, "%s/%u", view->alias_dir, i);
        ssize_t length = sys_readlinkat(AT_FDCWD, alias, target, sizeof target - 1);
        if (length >= 0 && strlen(dir_path) == (size_t)length && strncmp(target, dir_path, (size_t)length) == 0)
            return (int)i;
    }
    (void)snprintf(alias, sizeof alias, "%s/%u", view->alias_dir, view->alias_count);
    error = sys_symlinkat(dir_path, AT_FDCWD, alias);
    return error < 0 ? error : (int)view->alias_count++;
}

/* What a caller called a socket when he bound it, by the name that the kernel knows it under. */
struct said_name {
    UT_hash_handle hh;
    struct sockaddr_un said;
    unsigned said_length;
    char key[sizeof((struct sockaddr_un *)NULL)->sun_path + 1];
};

void socket_name_remember(struct view *view, const struct sockaddr_un *bound, const struct sockaddr_un *said,
                          unsigned said_length)
{
    struct said_name *name = NULL;
    HASH_FIND_STR(view->said_names, bound->sun_path, name);
    if (name == NULL) {
        name = calloc(1, sizeof *name);
        if (name == NULL)
            return;
        memcpy(name->key, bound->sun_path, sizeof bound->sun_path);
        HASH_ADD_STR(view->said_names, key, name);
    }
    name->said = *said;
    name->said_length = said_length;
}

static void forget_names(struct view *view)
{
    struct said_name *name, *next;
    HASH_ITER(hh, view->said_names, name, next)
    {
        HASH_DEL(view->said_names, name);
        free(name);
    }
}

int socket_name_make(struct view *view, const char *dir_path, const char *name, struct sockaddr_un *address)
{
    char text[PATH_MAX + NAME_MAX + 2];
    int length = snprintf(text, sizeof text, "%s/%s", strcmp(dir_path, "/") == 0 ? "" : dir_path, name);
    memset(address, 0, sizeof *address);
    if (length >= (int)sizeof address->sun_path) {
        int number = alias_number(view, dir_path);
        if (number < 0)
            return number;
        length = snprintf(text, sizeof text, "%s/%d/%s", view->alias_dir, number, name);
    }
    if (length >= (int)sizeof address->sun_path)
        return -ENAMETOOLONG;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, text, (size_t)length + 1);
    return (int)NAME_OFFSET + length + 1;
}

int socket_name_alias(struct view *view, const char *path, struct sockaddr_un *address)
{
    int number = alias_number(view, path);
    if (number < 0)
        return number;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/%d", view->alias_dir, number);
    return (int)NAME_OFFSET + length + 1;
}

/* "ALIAS_DIR/N/name" back to the path that alias N stands for. */
static void expand_alias(const struct view *view, char path[PATH_MAX])
{
    char alias[96], target[PATH_MAX];
    size_t prefix = strlen(view->alias_dir);
    char *slash;
    if (prefix == 0 || strncmp(path, view->alias_dir, prefix) != 0 || path[prefix] != '/' ||
        (slash = strchr(path + prefix + 1, '/')) == NULL || (size_t)(slash - path) >= sizeof alias)
        return;
    memcpy(alias, path, (size_t)(slash - path));
    alias[slash - path] = '\0';
    ssize_t length = sys_readlinkat(AT_FDCWD, alias, target, sizeof target - 1);
    if (length < 0 || (size_t)length + strlen(slash) + 1 > PATH_MAX)
        return;
    memmove(path + length, slash, strlen(slash) + 1);
    memcpy(path, target, (size_t)length);
}

unsigned socket_name_show(const struct view *view, struct sockaddr_un *address, unsigned length)
{
    char path[PATH_MAX];
    const struct said_name *name = NULL;
    if (length <= NAME_OFFSET || length > sizeof *address || address->sun_path[0] != '/')
        return length;
    size_t size = strnlen(address->sun_path, length - NAME_OFFSET);
    memcpy(path, address->sun_path, size);
    path[size] = '\0';
    HASH_FIND_STR(view->said_names, path, name);
    if (name != NULL) {
        *address = name->said;
        return name->said_length;
    }
    expand_alias(view, path);
    (void)view_path_of_host(view, path);
    size = strlen(path);
    if (size >= sizeof address->sun_path)
        return length;
    memcpy(address->sun_path, path, size + 1);
    return (unsigned)(NAME_OFFSET + size + 1);
}

void socket_aliases_remove(struct view *view)
{
    char alias[96];
    forget_names(view);
    exec_names_free(view);
    if (view->alias_dir[0] == '\0')
        return;
    for (unsigned i = 0; i < view->alias_count; i++) {
        (void)snprintf(alias, sizeof alias, "%s/%u", view->alias_dir, i);
        (void)unlink(alias);
    }
    (void)rmdir(view->alias_dir);
}
