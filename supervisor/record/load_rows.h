/*
 * The rows of the database that each event of a record means.
 */
#ifndef COFFER_SUPERVISOR_RECORD_LOAD_ROWS_H
#define COFFER_SUPERVISOR_RECORD_LOAD_ROWS_H

#include "supervisor/record/event.h"

#include <sqlite3.h>

struct load_rows;

/* NULL when it cannot be had. The database is borrowed, and has its tables. */
struct load_rows *load_rows_new(sqlite3 *database);
void load_rows_free(struct load_rows *rows); /* NULL is fine */

/* Adds what an event says. 0 or -errno. */
int load_rows_add(struct load_rows *rows, const struct record_event *event);

/* Adds what is known only at the end. `damaged`: parts of the record that could not be read. 0 or -errno. */
int load_rows_end(struct load_rows *rows, uint64_t damaged);

#endif
