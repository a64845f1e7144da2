/*
 * Which files went into which: the processes of a run as tasks that pass files on.
 *
 * A task is a command of a build tool (make, ninja) with all the processes that it started, or the whole run where
 * there is no such tool: what goes through a pipe, a variable or an exit status is not recorded, so within a task
 * everything is taken to have gone into everything. A task has the files that it read; those that other tasks had made
 * bring along what those read; and the tool itself had read its own, before. What ran under a tool and made no file
 * belongs to the tool: it was asked something.
 */
#ifndef COFFER_SUPERVISOR_RECORD_FLOW_H
#define COFFER_SUPERVISOR_RECORD_FLOW_H

#include <sqlite3.h>
#include <stddef.h>

struct flow;

/* 0 or -errno. The database is borrowed. */
int flow_new(struct flow **flow, sqlite3 *database);
void flow_free(struct flow *flow); /* NULL is fine */

/* Tasks, ascending, each once; in memory of the caller's, who frees `tasks`. All zero: none. */
struct flow_tasks {
    int *tasks;
    size_t count, room;
};

/* Adds one. 0 or -ENOMEM. */
int flow_add(struct flow_tasks *tasks, int task);

/* Adds the tasks that made what a path, by its number, names. 0 or -errno. */
int flow_makers(struct flow *flow, sqlite3_int64 path, struct flow_tasks *tasks);

/* Adds all that these took something from. 0 or -errno. */
int flow_close(struct flow *flow, struct flow_tasks *tasks);

/*
 * Calls `each` with the number of each path that one of the tasks opened for reading, executed or mapped, once; stops
 * when that is not 0. 0, what `each` returned, or -errno.
 */
int flow_read(struct flow *flow, const struct flow_tasks *tasks, int (*each)(void *context, sqlite3_int64 path),
              void *context);

#endif
