/*
 * The journal: what a commit is about to do, so that the next one can finish or undo it (journal_file.h: where).
 *
 * Written whole before the first temporary file is made beside a target. Until its
 * last mark is set nothing of the host has changed, and undoing it is removing the temporary
 * files; from then on it can only be finished.
 */
#ifndef COFFER_EMUL_JOURNAL_H
#define COFFER_EMUL_JOURNAL_H

#include "emul/layer.h"

#include <stdbool.h>
#include <stddef.h>

enum op_kind {
    OP_PLACE = 'f',     /* rename `place`, which is no directory, to `path` */
    OP_PLACE_DIR = 'd', /* rename the directory `place` to `path` */
    OP_INSIDE = 'i',    /* `path` goes with a directory above it; it was made at `place` */
    OP_INSIDE_DIR = 'j',
    OP_METADATA = 'm', /* give `path` the layer's metadata */
    OP_DELETE = 'D',   /* remove `path` if it is still the object that `place` says ("DEV:INO") */
    OP_TIMES = 't',    /* give the directory `path` the layer's times */
};

struct journal_op {
    enum op_kind kind;
    char *path;
    char *place; /* "" where there is none */
    char *link;  /* a path in the target that this is another name of, or NULL; not written */
};

struct journal {
    char *root;   /* the directory that is committed into */
    bool whole;   /* the layer goes away afterwards; else only `paths` go from it */
    bool go;      /* all that is to be renamed is complete on disk */
    char **paths; /* what the user named */
    size_t path_count;
    struct journal_op *ops;
    size_t count;
    size_t room;
};

/* Adds an operation; takes path, place and link, also on failure. 0 or -ENOMEM (as well when path or place is NULL). */
int journal_add(struct journal *journal, enum op_kind kind, char *path, char *place, char *link);

/* Adds a path that the user named (copied). 0 or -ENOMEM. */
int journal_add_path(struct journal *journal, const char *path);

/* Whether the layer has a journal, so a commit was cut off. */
bool journal_pending(const struct layer *layer);

/*
 * Reads the journal of a layer; -ENOENT: there is none; -EBADMSG: it is damaged; -EKEYREJECTED: it was not written
 * here. journal_free() releases it.
 */
int journal_load(const struct layer *layer, struct journal *journal);

/* Writes it, all or nothing, to disk. 0 or -errno. */
int journal_save(const struct layer *layer, const struct journal *journal);

/* Sets the mark from which on the commit can only go forward, on disk. 0 or -errno. */
int journal_mark_go(const struct layer *layer, struct journal *journal);

/* Removes it. 0 or -errno. */
int journal_remove(const struct layer *layer);

void journal_free(struct journal *journal);

#endif
