/*
 * Taking records out of LAYER/base, once their changes are committed or discarded.
 */
#ifndef COFFER_EMUL_LAYER_BASE_H
#define COFFER_EMUL_LAYER_BASE_H

#include "emul/layer.h"

/*
 * Replaces LAYER/base by one without the records that drop(path, data) says true of. The
 * caller holds the layer's lock. 0 or -errno with the old file in place.
 */
int layer_base_forget(struct layer *layer, bool (*drop)(const char *path, void *data), void *data);

#endif
