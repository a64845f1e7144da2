/*
 * Where the journal of a commit is kept.
 *
 * A layer may come from somebody else, and a journal is carried out without being asked for: so LAYER/journal only says
 * that a commit is under way, and by a random number which. What that commit does is written where no layer can bring
 * it along: to STORE/.commits, under the inode number of the layer's directory and the time when that was made.
 */
#ifndef COFFER_EMUL_JOURNAL_FILE_H
#define COFFER_EMUL_JOURNAL_FILE_H

#include "emul/layer.h"

/* Whether the layer says that a commit is under way. */
bool journal_file_exists(const struct layer *layer);

/* Writes a journal, all or nothing, to disk. 0 or -errno. */
int journal_file_write(const struct layer *layer, const char *text, size_t size);

/*
 * Reads it into fresh memory, where a NUL follows it. 0 or -errno; -ENOENT: no commit is under way;
 * -EKEYREJECTED: the layer says so, but its directory's journal was not written here.
 */
int journal_file_read(const struct layer *layer, char **text, size_t *size);

/* Appends to it, on disk. 0 or -errno. */
int journal_file_append(const struct layer *layer, const char *text, size_t size);

/* Removes it: nothing is under way any more. 0 or -errno. */
int journal_file_remove(const struct layer *layer);

/* Removes what is kept of a layer that was removed itself, while its directory is still held open. */
void journal_file_forget(const struct layer *layer);

#endif
