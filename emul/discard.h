/*
 * Taking changes out of a layer, so that the host shows there again.
 */
#ifndef COFFER_EMUL_DISCARD_H
#define COFFER_EMUL_DISCARD_H

#include "emul/layer.h"

/*
 * Removes what the layer, whose lock the caller holds, has at a view path and below it. Where
 * an opaque directory hides the host's object, that shows again, alone. Base
 * records stay: layer_discard_records(). 0, -ENOENT when the layer changes nothing there,
 * or -errno with error->text set.
 */
int layer_discard(struct layer *layer, int host_root, const char *path, struct layer_error *error);

/* Forgets the base records of these paths and of all below them. 0 or -errno. */
int layer_discard_records(struct layer *layer, char *const *paths, size_t count);

#endif
