/*
 * LAYER/layer.json: what a layer says of itself. Always replaced as a whole, so that
 * it is there and complete or not there at all.
 */
#ifndef COFFER_EMUL_LAYER_META_H
#define COFFER_EMUL_LAYER_META_H

#include <jansson.h>

/*
 * Reads LAYER/layer.json. On success the caller owns *meta. -ENOENT: there is none;
 * -EBADMSG: it is damaged; -EPROTONOSUPPORT: of another format, whose number is put in
 * *format; or another -errno.
 */
int layer_meta_read(int layer_dir, json_t **meta, long *format);

/* Writes the layer.json of a new layer. argv may be NULL. 0 or -errno. */
int layer_meta_create(int layer_dir, char *const argv[]);

/* Notes one more run, of argv, in an existing layer.json. 0 or -errno. */
int layer_meta_note_run(int layer_dir, json_t *meta, char *const argv[]);

/*
 * Adds the path of a layer that this one was laid over to the list "over" in layer.json, once. The caller holds the
 * lock. 0 or -errno.
 */
int layer_meta_note_over(int layer_dir, const char *path);

/* The same for the path of a record of a run, in the list "records". */
int layer_meta_note_record(int layer_dir, const char *path);

#endif
