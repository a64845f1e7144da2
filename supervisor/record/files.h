/*
 * What each path was to the run as a whole: the rows of the table `file`.
 *
 * Events are taken in their order. What a path was found to be at some time is a few bits by its number; what became
 * of names stands in names.h.
 */
#ifndef COFFER_SUPERVISOR_RECORD_FILES_H
#define COFFER_SUPERVISOR_RECORD_FILES_H

#include "supervisor/record/event.h"
#include "supervisor/record/path_ids.h"

struct files;

/* NULL without memory. `ids` is borrowed. */
struct files *files_new(struct path_ids *ids);
void files_free(struct files *files);

/* Takes an event about files, whose paths have these numbers; others are ignored. 0 or -errno. */
int files_add(struct files *files, const struct record_event *event, sqlite3_int64 path, sqlite3_int64 path2);

/*
 * Fills the table. Sizes are those that the record knows; of files that nobody hashed, those that are on the host now,
 * but for what lies in a layer. 0 or -errno.
 */
int files_write(struct files *files, sqlite3 *database);

#endif
