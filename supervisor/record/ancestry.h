/*
 * Who made what a path names: the events that changed it, under this name and under those that it had before it, or a
 * directory above it, was renamed.
 */
#ifndef COFFER_SUPERVISOR_RECORD_ANCESTRY_H
#define COFFER_SUPERVISOR_RECORD_ANCESTRY_H

#include <sqlite3.h>
#include <stddef.h>

struct ancestry {
    sqlite3_int64 *events; /* numbers in the table event, ascending, each once */
    size_t count, room;
    struct former *formers; /* uthash: names that were looked at */
};

/* 0 or -errno; ancestry_free() is to be called in any case. */
int ancestry_of(struct ancestry *ancestry, sqlite3 *database, const char *path);
void ancestry_free(struct ancestry *ancestry);

#endif
