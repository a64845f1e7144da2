/*
 * An event as the items of a block. Knows no files.
 */
#ifndef COFFER_SUPERVISOR_RECORD_ENCODE_H
#define COFFER_SUPERVISOR_RECORD_ENCODE_H

#include "supervisor/record/dictionary.h"
#include "supervisor/record/event.h"

/* What the items of a block are relative to. */
struct encoder {
    struct dictionary *dictionary;
    uint64_t time; /* us, of the last event */
    uint32_t process;
};

/* Bytes that the event takes at most, with the strings it names; *cut: some of those are longer than is kept. */
size_t encode_bound(const struct record_event *event, bool *cut);

/* Appends the event, and what it names for the first time. */
void encode_event(struct encoder *encoder, const struct record_event *event, bool cut, struct item_buffer *out);

#endif
