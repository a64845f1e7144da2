/*
 * A layer on disk: the directory that holds what sandboxed programs changed.
 *
 *   LAYER/fs/         the upper directory, in overlayfs format with userxattr
 *   LAYER/work/       temporary names; everything in it is garbage when no run holds the lock
 *   LAYER/lock        flock()ed exclusively by the one running view; holds its pid
 *   LAYER/layer.json  format version, command, time, host identity
 *   LAYER/origins     what number each copy's original has, which the view goes on showing: see layer_origins.c
 *   LAYER/links/      the copies of files that had several names
 *   LAYER/base        which host object each changed path replaced, at the time it did; a path without a record
 *                     replaced nothing
 *
 * Knows nothing of system calls of tracees; the view (view.h) uses it.
 */
#ifndef COFFER_EMUL_LAYER_H
#define COFFER_EMUL_LAYER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define LAYER_FORMAT 1

struct layer {
    char path[PATH_MAX]; /* absolute, canonical */
    char name[NAME_MAX + 1];
    int dir_fd;     /* LAYER */
    int fs_fd;      /* LAYER/fs, O_PATH */
    int work_fd;    /* LAYER/work, O_PATH; -1 when read-only */
    int lock_fd;    /* holds the flock of a running view, or -1 */
    int base_fd;    /* LAYER/base, O_APPEND; -1 when read-only, or when there is none */
    int origins_fd; /* LAYER/origins, O_APPEND; -1 when no view runs */
};

/* What a host path was when the layer first shadowed it. kind 0: there was nothing. */
struct layer_base {
    uint32_t mode; /* st_mode, 0 if the path did not exist */
    uint64_t dev, ino, size;
    struct timespec mtime, ctime;
    struct timespec noted; /* when it was looked at; by the clock that file systems stamp with */
};

enum layer_open_mode {
    LAYER_READ,  /* diff, list: no lock is taken */
    LAYER_WRITE, /* commit, discard: the lock is taken, -EBUSY when a view runs */
    LAYER_RUN,   /* run: as WRITE, and the layer is created when it is missing */
};

/* Room for the one-line reason of a failure ("what: why", without "coffer: "). */
struct layer_error {
    char text[PATH_MAX + 256];
};

/*
 * The store, "${XDG_STATE_HOME:-~/.local/state}/coffer/layers", into store
 * (PATH_MAX bytes). It need not exist. 0 or -errno.
 */
int layer_store_path(char *store);

/*
 * Opens the layer that spec names: a name in the store, or a directory when it
 * has a '/'. NULL: the newest layer of the store, or for LAYER_RUN a new one named
 * after argv[0] and the time. argv (LAYER_RUN only) goes into layer.json.
 * Garbage in work/ is removed once the lock is held. 0, or -errno with error->text
 * set; layer is then unchanged. layer_close() releases what is held.
 */
int layer_open(struct layer *layer, const char *spec, enum layer_open_mode mode, char *const argv[],
               struct layer_error *error);
void layer_close(struct layer *layer);

/*
 * Removes a whole layer from disk; the caller holds its lock. A cut-off removal
 * leaves a directory that layer_open and layer_list ignore.
 */
int layer_remove(struct layer *layer);

/*
 * Appends what `path` (absolute in the view) was on the host before its first
 * change; st NULL: it did not exist. One write, so that a crash never leaves half a
 * record that a reader would believe. The first record of a path counts.
 */
int layer_base_note(struct layer *layer, const char *path, const struct stat *st);

/*
 * A loaded LAYER/base. find returns NULL when nothing is known of the path.
 */
struct layer_bases;
int layer_bases_load(const struct layer *layer, struct layer_bases **bases);
const struct layer_base *layer_bases_find(const struct layer_bases *bases, const char *path);
/* Whether the records were kept from the layer's first change on: then a path without one had nothing on the host. */
bool layer_bases_complete(const struct layer_bases *bases);
void layer_bases_free(struct layer_bases *bases);

/* A fresh name for work/ ("t17"), unique while this layer is open. */
void layer_temp_name(struct layer *layer, char name[32]);

#endif
