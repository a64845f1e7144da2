/*
 * LAYER/base beyond the adding and looking up of records: its beginning, and taking records
 * out of it once their changes are committed or discarded.
 */
#ifndef COFFER_EMUL_LAYER_BASE_H
#define COFFER_EMUL_LAYER_BASE_H

#include "emul/layer.h"

/*
 * Marks the open LAYER/base of a layer that has no changes yet as complete (layer_bases_complete()), if it
 * is not marked. A layer that has changes stays as it is: nobody knows what they replaced. 0 or -errno.
 */
int layer_base_begin(const struct layer *layer);

/* Appends a record as it is, as layer_base_note(). 0 or -errno. */
int layer_base_append(const struct layer *layer, const char *path, const struct layer_base *base);

/*
 * Replaces LAYER/base by one without the records that drop(path, data) says true of. The
 * caller holds the layer's lock. 0 (also when there is none) or -errno with the old file in place.
 */
int layer_base_forget(struct layer *layer, bool (*drop)(const char *path, void *data), void *data);

#endif
