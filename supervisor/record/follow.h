/*
 * A record from its first event to its last, for the formats that are a line each.
 */
#ifndef COFFER_SUPERVISOR_RECORD_FOLLOW_H
#define COFFER_SUPERVISOR_RECORD_FOLLOW_H

#include "supervisor/record/format.h"
#include "supervisor/record/store.h"

struct follow {
    struct format_context *context;
    /* One of the two is NULL. 0 to go on, or -errno, which ends it. */
    int (*put)(struct follow *follow, const struct record_event *event, const struct record_damage *damage);
    void *data; /* of who follows */
};

/*
 * 0; -EUCLEAN after all that can be read when some could not, with context->why naming the first place; -errno with
 * `why` or without. It ends early, with 0, when nothing can be written any more.
 */
int follow_record(struct follow *follow);

/* Where a record cannot be read and why, as coffer report says it (cmd_report.c) when it loads the record. */
struct follow_words {
    char text[128];
};
struct follow_words follow_damage(const struct record_damage *damage);

#endif
