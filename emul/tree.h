/*
 * Removing a directory tree that somebody else may have made.
 */
#ifndef COFFER_EMUL_TREE_H
#define COFFER_EMUL_TREE_H

/*
 * Removes `name` below the directory dir, whatever it is, with all it holds. Never
 * follows a symbolic link; directories without permissions are opened up first; any
 * depth is possible with a bounded number of descriptors. 0 (also when there was
 * nothing) or -errno, having removed as much as it could.
 */
int tree_remove(int dir, const char *name);

/* Removes all that the directory dir holds, not dir itself; dir may be O_PATH. 0 or -errno. */
int tree_empty(int dir);

#endif
