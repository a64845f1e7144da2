#include "supervisor/record/encode.h"

#include "supervisor/record/block.h"

#include <string.h>

/* An event without what it names: kind, members, and none of those is longer than a digest. */
enum { EVENT_SIZE_MAX = 512 };

/* The event's own bytes, before their number is known. */
struct payload {
    unsigned char bytes[EVENT_SIZE_MAX];
    size_t size;
};

static void put(struct payload *payload, uint64_t number)
{
    payload->size += varint_put(payload->bytes + payload->size, number);
}

static const char *string_at(const struct record_event *event, size_t offset)
{
    const char *string;
    memcpy(&string, (const char *)event + offset, sizeof string);
    return string;
}

static uint64_t number_at(const struct record_event *event, size_t offset, bool wide)
{
    uint32_t narrow;
    uint64_t number;
    if (wide) {
        memcpy(&number, (const char *)event + offset, sizeof number);
        return number;
    }
    memcpy(&narrow, (const char *)event + offset, sizeof narrow);
    return narrow;
}

/* How much of words is kept: whole ones. */
static size_t kept_words(const char *words, size_t size)
{
    if (size <= TEXT_SIZE_MAX)
        return size;
    const char *last = memrchr(words, '\0', TEXT_SIZE_MAX);
    return last != NULL ? (size_t)(last - words) + 1 : TEXT_SIZE_MAX;
}

static size_t bound_of(size_t size, size_t most, bool *cut)
{
    *cut |= size > most;
    return DICTIONARY_OVERHEAD + (size < most ? size : most);
}

size_t encode_bound(const struct record_event *event, bool *cut)
{
    const char *const strings[] = {event->call, event->path, event->path2, event->said, event->said2};
    size_t bound = EVENT_SIZE_MAX;
    *cut = false;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (strings[i] != NULL)
            bound += bound_of(strlen(strings[i]), NAME_SIZE_MAX, cut);
    for (const struct field *field = fields_of(event->kind); field->type != FIELD_NONE; field++) {
        if (field->type != FIELD_NAME && field->type != FIELD_LINE && field->type != FIELD_WORDS)
            continue;
        const char *text = string_at(event, field->offset);
        size_t most = field->type == FIELD_NAME ? NAME_SIZE_MAX : TEXT_SIZE_MAX;
        if (text != NULL)
            bound +=
                bound_of(field->type == FIELD_WORDS ? number_at(event, field->size, true) : strlen(text), most, cut);
    }
    return bound;
}

static void put_name(struct payload *payload, struct encoder *encoder, const char *name, struct item_buffer *out)
{
    put(payload, name == NULL ? STRING_NULL : dictionary_name(encoder->dictionary, name, strlen(name), out));
}

static void put_line(struct payload *payload, struct encoder *encoder, const char *line, struct item_buffer *out)
{
    size_t length = line != NULL ? strlen(line) : 0;
    put(payload, line == NULL ? STRING_NULL
                              : dictionary_text(encoder->dictionary, line,
                                                length < TEXT_SIZE_MAX ? length : TEXT_SIZE_MAX, false, out));
}

/* The last word gets a NUL when it has none. */
static void put_words(struct payload *payload, struct encoder *encoder, const char *words, size_t size,
                      struct item_buffer *out)
{
    size_t kept = words != NULL ? kept_words(words, size) : 0;
    put(payload, words == NULL
                     ? STRING_NULL
                     : dictionary_text(encoder->dictionary, words, kept, kept > 0 && words[kept - 1] != '\0', out));
}

static void put_digest(struct payload *payload, const struct record_event *event)
{
    size_t size = event->hash.digest_size < RECORD_DIGEST_MAX ? event->hash.digest_size : RECORD_DIGEST_MAX;
    put(payload, size);
    memcpy(payload->bytes + payload->size, event->hash.digest, size);
    payload->size += size;
}

static void put_field(struct payload *payload, struct encoder *encoder, const struct record_event *event,
                      const struct field *field, struct item_buffer *out)
{
    switch (field->type) {
    case FIELD_NUMBER32:
    case FIELD_NUMBER64:
        put(payload, number_at(event, field->offset, field->type == FIELD_NUMBER64));
        break;
    case FIELD_BOOL:
        put(payload, *(const bool *)((const char *)event + field->offset));
        break;
    case FIELD_NAME:
        put_name(payload, encoder, string_at(event, field->offset), out);
        break;
    case FIELD_LINE:
        put_line(payload, encoder, string_at(event, field->offset), out);
        break;
    case FIELD_WORDS:
        put_words(payload, encoder, string_at(event, field->offset), number_at(event, field->size, true), out);
        break;
    case FIELD_DIGEST:
        put_digest(payload, event);
        break;
    case FIELD_NONE:
        break;
    }
}

/* Kind, which members follow, time, and those members. */
static void put_common(struct payload *payload, struct encoder *encoder, const struct record_event *event,
                       unsigned flags, struct item_buffer *out)
{
    const char *const strings[] = {event->path, event->path2, event->said, event->said2};
    unsigned has = (event->process != encoder->process ? HAS_PROCESS : 0U) | (flags != 0 ? HAS_FLAGS : 0U) |
                   (event->call != NULL ? HAS_CALL : 0U) | (event->error != 0 ? HAS_ERROR : 0U);
    for (unsigned i = 0; i < 4; i++)
        has |= strings[i] != NULL ? (unsigned)HAS_PATH << i : 0U;
    payload->bytes[payload->size++] = (unsigned char)event->kind;
    payload->bytes[payload->size++] = (unsigned char)has;
    uint64_t time = event->time / 1000;
    put(payload, time > encoder->time ? time - encoder->time : 0);
    encoder->time = time > encoder->time ? time : encoder->time;
    if (has & HAS_PROCESS)
        put(payload, event->process);
    encoder->process = event->process;
    if (has & HAS_FLAGS)
        put(payload, flags);
    if (has & HAS_CALL)
        put_name(payload, encoder, event->call, out);
    if (has & HAS_ERROR)
        put(payload, (uint32_t)event->error);
    for (unsigned i = 0; i < 4; i++)
        if (strings[i] != NULL)
            put_name(payload, encoder, strings[i], out);
}

void encode_event(struct encoder *encoder, const struct record_event *event, bool cut, struct item_buffer *out)
{
    struct payload payload = {.size = 0};
    put_common(&payload, encoder, event, event->flags | (cut ? (unsigned)RECORD_CUT : 0), out);
    for (const struct field *field = fields_of(event->kind); field->type != FIELD_NONE; field++)
        put_field(&payload, encoder, event, field, out);
    if ((size_t)(out->end - out->at) < VARINT_MAX + payload.size) {
        out->full = true;
        return;
    }
    out->at += varint_put(out->at, payload.size);
    memcpy(out->at, payload.bytes, payload.size);
    out->at += payload.size;
}
