/*
 * The store as a whole: which layers there are, and what each says of itself.
 */
#ifndef COFFER_EMUL_LAYER_STORE_H
#define COFFER_EMUL_LAYER_STORE_H

#include "emul/layer.h"

#include <jansson.h>

struct layer_summary {
    char *name;
    json_t *meta;         /* layer.json, NULL when it cannot be read */
    int meta_error;       /* why not, as layer_meta_read() says */
    struct timespec used; /* when layer.json was written last: the last run */
    uint64_t files;       /* objects in fs/, directories and whiteouts included */
    uint64_t bytes;       /* disk space of fs/ */
    pid_t running;        /* the process that holds the lock, or 0 */
};

struct layer_list {
    struct layer_summary *layers; /* sorted by time of last use, the newest first */
    size_t count;
};

/* Lists the store; measure: also count files and bytes, which reads every directory of every layer. 0 or -errno. */
int layer_list_load(struct layer_list *list, bool measure);
void layer_list_free(struct layer_list *list);

/* The process whose run holds the lock of the layer in the directory dir, or 0. Takes no lock itself. */
pid_t layer_lock_holder(int dir);

/* Makes the directories of a path in the store that are missing, with mode 0700. path is written to. 0 or -errno. */
int layer_store_make(char *path);

/* Whether name may name a layer: not empty, no '/', no leading '.', not too long. */
bool layer_name_valid(const char *name);

/* Whether spec names an existing layer, in the store or (with a '/') anywhere. */
bool layer_exists(const char *spec);

/* Puts the name of the newest layer of the store into name; -ENOENT when there is none. */
int layer_newest(char name[NAME_MAX + 1]);

#endif
