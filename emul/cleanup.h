/*
 * Ownership helpers: one owner for every descriptor and allocation.
 *
 * A variable marked cleanup_fd, cleanup_free or cleanup_dir releases what it
 * holds when it goes out of scope; steal_fd() and steal_ptr() hand it on.
 */
#ifndef COFFER_EMUL_CLEANUP_H
#define COFFER_EMUL_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd_helper(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void cleanup_free_helper(void *pointer)
{
    void **slot = pointer;
    free(*slot);
}

static inline void cleanup_dir_helper(DIR **dir)
{
    if (*dir != NULL)
        (void)closedir(*dir);
}

static inline void cleanup_file_helper(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

#define cleanup_fd   __attribute__((cleanup(cleanup_fd_helper)))
#define cleanup_free __attribute__((cleanup(cleanup_free_helper)))
#define cleanup_dir  __attribute__((cleanup(cleanup_dir_helper)))
#define cleanup_file __attribute__((cleanup(cleanup_file_helper)))

/* Takes the descriptor out of *fd, which no longer owns it. */
static inline int steal_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* Takes the pointer out of *slot (a T **), which no longer owns it. */
static inline void *steal_ptr(void *slot)
{
    void **place = slot;
    void *taken = *place;
    *place = NULL;
    return taken;
}

#endif
