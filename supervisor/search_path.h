/*
 * $PATH, as execvp(3) goes through it.
 */
#ifndef COFFER_SUPERVISOR_SEARCH_PATH_H
#define COFFER_SUPERVISOR_SEARCH_PATH_H

#include <limits.h>
#include <stdbool.h>

/*
 * The first place of a command: what execvp() executes, or, unless it must be `executable`, the first thing of that
 * name. A name with a slash is its own place, whether it is there or not. False: it is nowhere.
 */
bool search_path_find(const char *name, bool executable, char path[PATH_MAX]);

#endif
