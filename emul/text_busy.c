/*
 * A program that runs cannot be opened to write: ETXTBSY (open(2)). The kernel sees to that for the file that it
 * executes; of the copy that a view makes of it, to write there, it does not know that.
 */
#include "emul/view_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool executes(const char *process, const struct stat *program)
{
    char path[64];
    struct stat st;
    if (snprintf(path, sizeof path, "/proc/%s/exe", process) >= (int)sizeof path)
        return false;
    return sys_fstatat(AT_FDCWD, path, &st, 0) == 0 && st.st_dev == program->st_dev && st.st_ino == program->st_ino &&
           strtol(process, NULL, 10) != (long)getpid();
}

/* Whether a process that we may look at executes it. Coffer itself does not count: natively it would not run. */
static bool anybody_executes(const struct stat *program)
{
    bool found = false;
    const struct dirent *entry;
    DIR *processes = opendir("/proc");
    while (!found && processes != NULL && (entry = readdir(processes)) != NULL)
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && executes(entry->d_name, program);
    if (processes != NULL)
        (void)closedir(processes);
    return found;
}

int text_busy(struct view *view, const struct entry *entry)
{
    struct stat st;
    if (entry->tree == UPPER || !S_ISREG(entry->st.st_mode) || (entry->st.st_mode & 0111) == 0)
        return 0;
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    cleanup_fd int fd = dirfd < 0 ? dirfd : lower_open(dirfd, entry->name);
    /* Almost every file is open nowhere; only then are the processes looked at. */
    if (fd < 0 || !lower_is_held(fd) || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return 0;
    return anybody_executes(&st) ? -ETXTBSY : 0;
}
