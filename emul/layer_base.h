/*
 * LAYER/base beyond the adding and looking up of records: its beginning, and taking records
 * out of it once their changes are committed or discarded.
 */
#ifndef COFFER_EMUL_LAYER_BASE_H
#define COFFER_EMUL_LAYER_BASE_H

#include "emul/layer.h"

#include <stdbool.h>

/*
 * Marks the open LAYER/base of a layer that has no changes yet as complete (layer_bases_complete()), if it
 * is not marked. A layer that has changes stays as it is: nobody knows what they replaced. 0 or -errno.
 */
int layer_base_begin(const struct layer *layer);

/* The record of what stat says, as looked at then; st NULL: there was nothing. */
struct layer_base layer_base_of(const struct stat *st, const struct timespec *noted);

/* Appends a record as it is, as layer_base_note(). 0 or -errno. */
int layer_base_append(const struct layer *layer, const char *path, const struct layer_base *base);

/* Whether the object is still the one of the record, whatever has changed in it. */
bool layer_base_is_of(const struct layer_base *base, const struct stat *st);

/* Whether the object was made, changed or moved later than that. */
bool layer_base_changed_after(const struct stat *st, const struct timespec *when);

/* Whether is(data, path, record) says so of some record. */
bool layer_bases_any(const struct layer_bases *bases,
                     bool (*is)(void *data, const char *path, const struct layer_base *base), void *data);

/*
 * Whether what lies in the directory `dir` of the host, but has no record of its own, is on record with a directory
 * above; *when: it is what it was then unless it changed after that. For what the layer hides as a
 * whole: below a directory that was deleted, or deleted and made anew.
 */
bool layer_bases_seen(const struct layer_bases *bases, int host_root, const char *dir, struct timespec *when);

/*
 * Replaces LAYER/base by one without the records that drop(path, data) says true of. The
 * caller holds the layer's lock. 0 (also when there is none) or -errno with the old file in place.
 */
int layer_base_forget(struct layer *layer, bool (*drop)(const char *path, void *data), void *data);

#endif
