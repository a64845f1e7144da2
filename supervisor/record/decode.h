/*
 * The items of a block as events. Their bytes may be anybody's. Knows no files.
 */
#ifndef COFFER_SUPERVISOR_RECORD_DECODE_H
#define COFFER_SUPERVISOR_RECORD_DECODE_H

#include "supervisor/record/event.h"

struct decoder;

/* NULL without memory. */
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);

/* A block begins, its first event at this time (us). The bytes must stay while events are taken from it. */
void decoder_begin(struct decoder *decoder, const unsigned char *items, size_t size, uint64_t time);

enum decoded {
    DECODED_EVENT,
    DECODED_END,       /* of the block: no bytes are left, or zeros */
    DECODED_UNKNOWN,   /* an event of a kind that a later version added: passed over */
    DECODED_CUT,       /* the item goes on behind the end */
    DECODED_MALFORMED, /* as the writer does not write it */
};

/* The next one; the last two are the end as well. What the event points to is valid until the next call. */
enum decoded decoder_next(struct decoder *decoder, struct record_event *event);

/* Where the item begins that was taken last, or was not, and where what follows it; from the first item. */
size_t decoder_from(const struct decoder *decoder);
size_t decoder_to(const struct decoder *decoder);

#endif
