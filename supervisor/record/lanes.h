/*
 * Lanes for processes in a picture of time: each has one for itself while it lives, and leaves it to another then.
 */
#ifndef COFFER_SUPERVISOR_RECORD_LANES_H
#define COFFER_SUPERVISOR_RECORD_LANES_H

#include <stddef.h>
#include <stdint.h>

struct lanes_holder;

/* Begin with {0}. */
struct lanes {
    struct lanes_holder *holders;
    size_t *idle; /* left, the last one on top: children that follow each other stay in the same lane */
    size_t idle_count;
    size_t count; /* of all lanes; they are numbered from 1 */
};

/* Gives a lane to a process that lives from start to end. The lane, or 0 without memory. */
size_t lanes_take(struct lanes *lanes, int64_t process, int64_t start, int64_t end);
/* It has ended: its lane is free. */
void lanes_leave(struct lanes *lanes, int64_t process);
/* The lane that the process has or had at that time; 0 when it did not live then, or is not known. */
size_t lanes_of(const struct lanes *lanes, int64_t process, int64_t time);
void lanes_free(struct lanes *lanes);

#endif
