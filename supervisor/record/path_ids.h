/*
 * Rows of the table `path`: a name's number, made when the name is new. Some are kept in memory, a bounded number.
 */
#ifndef COFFER_SUPERVISOR_RECORD_PATH_IDS_H
#define COFFER_SUPERVISOR_RECORD_PATH_IDS_H

#include <sqlite3.h>

struct path_ids;

/* NULL when it cannot be had. The database is borrowed, and has its tables. */
struct path_ids *path_ids_new(sqlite3 *database);
void path_ids_free(struct path_ids *ids);

/* The number, from 1 and without gaps; 0 for NULL; or -errno. */
sqlite3_int64 path_ids_get(struct path_ids *ids, const char *name);

/* That of a name that is there already; 0: it is not. */
sqlite3_int64 path_ids_find(struct path_ids *ids, const char *name);

#endif
