#include "supervisor/record/lanes.h"

#include <stdlib.h>
#include <uthash.h>

struct lanes_holder {
    int64_t process, start, end;
    size_t lane;
    UT_hash_handle hh;
};

static struct lanes_holder *find(const struct lanes *lanes, int64_t process)
{
    struct lanes_holder *holder = NULL;
    HASH_FIND(hh, lanes->holders, &process, sizeof process, holder);
    return holder;
}

/* A new lane, and room for it among the idle ones. 0 without memory. */
static size_t add_lane(struct lanes *lanes)
{
    size_t *idle = realloc(lanes->idle, (lanes->count + 1) * sizeof *idle);
    if (idle == NULL)
        return 0;
    lanes->idle = idle;
    return ++lanes->count;
}

size_t lanes_take(struct lanes *lanes, int64_t process, int64_t start, int64_t end)
{
    struct lanes_holder *holder = find(lanes, process);
    if (holder != NULL)
        return holder->lane;
    holder = calloc(1, sizeof *holder);
    if (holder == NULL)
        return 0;
    *holder = (struct lanes_holder){.process = process, .start = start, .end = end};
    holder->lane = lanes->idle_count > 0 ? lanes->idle[--lanes->idle_count] : add_lane(lanes);
    if (holder->lane == 0) {
        free(holder);
        return 0;
    }
    HASH_ADD(hh, lanes->holders, process, sizeof holder->process, holder);
    return holder->lane;
}

void lanes_leave(struct lanes *lanes, int64_t process)
{
    struct lanes_holder *holder = find(lanes, process);
    if (holder != NULL && lanes->idle_count < lanes->count)
        lanes->idle[lanes->idle_count++] = holder->lane;
}

size_t lanes_of(const struct lanes *lanes, int64_t process, int64_t time)
{
    const struct lanes_holder *holder = find(lanes, process);
    return holder == NULL || time < holder->start || time > holder->end ? 0 : holder->lane;
}

void lanes_free(struct lanes *lanes)
{
    struct lanes_holder *holders = lanes->holders;
    HASH_CLEAR(hh, lanes->holders);
    for (struct lanes_holder *holder = holders, *next; holder != NULL; holder = next) {
        next = holder->hh.next;
        free(holder);
    }
    free(lanes->idle);
    *lanes = (struct lanes){.holders = NULL};
}
