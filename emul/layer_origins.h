/*
 * LAYER/origins and LAYER/links: what the files of a layer were copied from. See layer_origins.c.
 */
#ifndef COFFER_EMUL_LAYER_ORIGINS_H
#define COFFER_EMUL_LAYER_ORIGINS_H

#include "emul/layer.h"

#include <time.h>

/* One object of LAYER/fs that is a copy. */
struct layer_origin {
    uint64_t ino;         /* of the copy */
    struct timespec born; /* when its inode was made: another object that is given the number later has another time */
    uint64_t from_dev;    /* of the original; 0: the layer's own device */
    uint64_t from_ino;
    int64_t
        unseen; /* how many names of the original the layer does not have; -1: it had one, or LAYER/links has none */
};

/* Appends a record. 0 or -errno. */
int layer_origin_note(const struct layer *layer, const struct layer_origin *origin);

/*
 * Calls each(context, origin) for the records from *offset on, which moves behind them; a later record of an object
 * counts more. 0 (also where there are none) or -errno.
 */
int layer_origins_each(const struct layer *layer, off_t *offset,
                       void (*each)(void *context, const struct layer_origin *origin), void *context);

/* The name in LAYER/links of the copy with this inode number. */
void layer_link_name(uint64_t ino, char name[32]);

/* An O_PATH descriptor of LAYER/links, which is made if `make`; or -errno. */
int layer_links_open(const struct layer *layer, bool make);

/* The names in LAYER/links and how many names each object has, before something is taken out of the layer. */
struct layer_links;
int layer_links_look(const struct layer *layer, struct layer_links **links);
/*
 * Afterwards: what has fewer names than it had is a link no longer. The names that the layer still has stay; the
 * others, which it never had, show what the host has again. Frees links, which may be NULL.
 */
void layer_links_settle(const struct layer *layer, struct layer_links *links);

#endif
