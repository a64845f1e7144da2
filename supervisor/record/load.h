/*
 * A record made into a database, as schema.sql says.
 */
#ifndef COFFER_SUPERVISOR_RECORD_LOAD_H
#define COFFER_SUPERVISOR_RECORD_LOAD_H

#include "supervisor/record/store.h"

#include <sqlite3.h>

struct record_loaded {
    sqlite3 *database; /* a temporary one: it goes with its connection, and lies on the disk when it is large */
    uint64_t events;   /* that the record has */
    uint64_t damaged;  /* parts of it that could not be read */
    char why[256];     /* what failed, and why; "" when errno says it all */
};

/* Told of each part that could not be read. */
typedef void record_damage_function(void *context, const struct record_damage *damage);

/*
 * Loads a record of any origin. A damaged one is loaded as far as it can be read: that is no error. 0, or -errno with
 * `why` set; -EBADMSG: the file is no record. record_loaded_close() is to be called in any case. `damage` may be NULL.
 */
int record_load(struct record_loaded *loaded, const char *record, record_damage_function *damage, void *context);
void record_loaded_close(struct record_loaded *loaded);

#endif
