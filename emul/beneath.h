/*
 * Opening paths below a root that somebody else may write: no symbolic link is
 * followed, and nothing leads out of it.
 */
#ifndef COFFER_EMUL_BENEATH_H
#define COFFER_EMUL_BENEATH_H

#include <limits.h>
#include <stdbool.h>

/*
 * Opens `path`, absolute in the tree ("/" is the root itself), of any length, with
 * openat flags. O_PATH | O_NOFOLLOW opens a symbolic link itself. Descriptor or -errno; -ELOOP or
 * -ENOTDIR where a directory should be and is not.
 */
int beneath_open(int root, const char *path, int flags);

/*
 * Opens the directory that holds `path` with O_PATH and points *name at the last
 * component; for "/" it is the root and ".". Descriptor or -errno.
 */
int beneath_open_parent(int root, const char *path, const char **name);

/* Whether path is `top` or below it; both absolute and without a trailing slash but for "/". */
bool path_is_below(const char *path, const char *top);

/* The last component of a path, and a copy of what is before it ("/" at least; NULL without memory). */
const char *path_last(const char *path);
char *path_parent(const char *path);

/* dir + "/" + name in fresh memory, NULL without memory. */
char *path_join(const char *dir, const char *name);

/*
 * An absolute path for what a user typed, in fresh memory: relative to cwd, without ".",
 * "..", double and trailing slashes. NULL without memory.
 */
char *path_absolute(const char *cwd, const char *path);

#endif
