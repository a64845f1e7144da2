/*
 * Pseudo-terminals that a program of the view made. Whoever has the master side gives the other one to its user
 * (sshd, screen, xterm): its owner and mode are the only metadata of the host that a program in a view may change, and
 * they end with the terminal.
 */
#include "emul/view_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PTY_SLAVE_FIRST = 136, PTY_SLAVE_LAST = 143 }; /* majors: admin-guide/devices.txt */

/* Whether a descriptor is the master side of terminal `index`. */
static bool is_master(pid_t process, const char *fd, unsigned index)
{
    char path[96], text[512];
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)process, fd);
    ssize_t length = sys_readlinkat(AT_FDCWD, path, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    const char *name = strrchr(text, '/');
    if (name == NULL || strcmp(name, "/ptmx") != 0)
        return false;
    (void)snprintf(path, sizeof path, "/proc/%d/fdinfo/%s", (int)process, fd);
    cleanup_fd int info = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    length = info < 0 ? info : read(info, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, "tty-index:");
    return line != NULL && strtoul(line + strlen("tty-index:"), NULL, 10) == index;
}

bool pty_is_own(const struct caller *caller, const struct stat *st)
{
    char path[32];
    bool own = false;
    if (!S_ISCHR(st->st_mode) || major(st->st_rdev) < PTY_SLAVE_FIRST || major(st->st_rdev) > PTY_SLAVE_LAST)
        return false;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)caller->tgid);
    DIR *stream = opendir(path);
    const struct dirent *entry;
    while (!own && stream != NULL && (entry = readdir(stream)) != NULL)
        own = entry->d_name[0] != '.' && is_master(caller->tgid, entry->d_name, minor(st->st_rdev));
    if (stream != NULL)
        (void)closedir(stream);
    return own;
}
