#include "supervisor/record/decode.h"

#include "emul/cleanup.h"
#include "supervisor/record/block.h"

#include <string.h>

enum {
    EVENT_NAMES_MAX = 10, /* five of any kind and four of RECORD_BEGIN */
    SCRATCH_SIZE = EVENT_NAMES_MAX * (NAME_SIZE_MAX + 1),
};

/* A string that the block spells. */
struct spelled {
    const unsigned char *bytes; /* its own */
    uint32_t own, length;       /* with its prefixes */
    uint32_t prefix;            /* STRING_NULL: none; else a '/' is between */
    bool text;                  /* with a NUL behind it */
};

struct decoder {
    const unsigned char *items, *end, *from, *to;
    uint64_t time;
    uint32_t process;
    uint32_t count; /* the next number */
    size_t scratch_used;
    struct spelled strings[BLOCK_NAMES_MAX];
    char scratch[SCRATCH_SIZE]; /* the names of one event */
};

struct decoder *decoder_new(void)
{
    return malloc(sizeof(struct decoder)); /* decoder_begin() sets what is read */
}

void decoder_free(struct decoder *decoder)
{
    free(decoder);
}

void decoder_begin(struct decoder *decoder, const unsigned char *items, size_t size, uint64_t time)
{
    decoder->items = decoder->from = decoder->to = items;
    decoder->end = items + size;
    decoder->time = time;
    decoder->process = 0;
    decoder->count = STRING_FIRST;
    decoder->strings[STRING_EMPTY] = (struct spelled){.bytes = (const unsigned char *)"", .text = true};
}

size_t decoder_from(const struct decoder *decoder)
{
    return (size_t)(decoder->from - decoder->items);
}

size_t decoder_to(const struct decoder *decoder)
{
    return (size_t)(decoder->to - decoder->items);
}

/* Notes a string that is spelled from `at` to `end`. */
static bool spell(struct decoder *decoder, bool text, const unsigned char *at, const unsigned char *end)
{
    uint64_t prefix = STRING_NULL;
    if (decoder->count == BLOCK_NAMES_MAX || (!text && !varint_get(&at, end, &prefix)) || prefix >= decoder->count)
        return false;
    if (text && (at == end || *--end != '\0'))
        return false;
    size_t own = (size_t)(end - at), length = own;
    if (prefix != STRING_NULL)
        length += decoder->strings[prefix].length + 1U;
    if (length > (text ? TEXT_SIZE_MAX + 1 : NAME_SIZE_MAX))
        return false;
    decoder->strings[decoder->count++] = (struct spelled){
        .bytes = at, .own = (uint32_t)own, .length = (uint32_t)length, .prefix = (uint32_t)prefix, .text = text};
    return true;
}

/* The string of a number, with a NUL behind it; false: there is none. */
static bool string_of(struct decoder *decoder, uint64_t number, const char **string, size_t *length)
{
    *string = NULL;
    *length = 0;
    if (number == STRING_NULL)
        return true;
    if (number >= decoder->count)
        return false;
    const struct spelled *spelled = &decoder->strings[number];
    *length = spelled->length;
    *string = (const char *)spelled->bytes;
    if (spelled->text)
        return true;
    if (spelled->length >= SCRATCH_SIZE - decoder->scratch_used)
        return false;
    char *scratch = decoder->scratch + decoder->scratch_used, *at = scratch + spelled->length;
    decoder->scratch_used += spelled->length + 1;
    *at = '\0';
    for (;; spelled = &decoder->strings[spelled->prefix]) {
        at -= spelled->own;
        memcpy(at, spelled->bytes, spelled->own);
        if (spelled->prefix == STRING_NULL)
            break;
        *--at = '/';
    }
    *string = scratch;
    return true;
}

static bool take_string(struct decoder *decoder, const unsigned char **at, const unsigned char *end,
                        const char **string, size_t *length)
{
    uint64_t number;
    return varint_get(at, end, &number) && string_of(decoder, number, string, length);
}

static bool take_number32(const unsigned char **at, const unsigned char *end, uint32_t *number)
{
    uint64_t wide;
    bool taken = varint_get(at, end, &wide) && wide <= UINT32_MAX;
    *number = taken ? (uint32_t)wide : 0;
    return taken;
}

static bool take_digest(const unsigned char **at, const unsigned char *end, struct record_event *event)
{
    uint64_t size;
    if (!varint_get(at, end, &size) || size > RECORD_DIGEST_MAX || size > (size_t)(end - *at))
        return false;
    memcpy(event->hash.digest, *at, size);
    event->hash.digest_size = size;
    *at += size;
    return true;
}

static bool take_field(struct decoder *decoder, const unsigned char **at, const unsigned char *end,
                       const struct field *field, struct record_event *event)
{
    char *member = (char *)event + field->offset;
    const char *string;
    uint32_t narrow;
    uint64_t wide;
    size_t length;
    switch (field->type) {
    case FIELD_NUMBER32:
        if (!take_number32(at, end, &narrow))
            return false;
        memcpy(member, &narrow, sizeof narrow);
        return true;
    case FIELD_NUMBER64:
        if (!varint_get(at, end, &wide))
            return false;
        memcpy(member, &wide, sizeof wide);
        return true;
    case FIELD_BOOL:
        if (!varint_get(at, end, &wide) || wide > 1)
            return false;
        *(bool *)member = wide == 1;
        return true;
    case FIELD_NAME:
    case FIELD_LINE:
    case FIELD_WORDS:
        if (!take_string(decoder, at, end, &string, &length))
            return false;
        memcpy(member, &string, sizeof string);
        if (field->type != FIELD_WORDS)
            return true;
        memcpy((char *)event + field->size, &length, sizeof length);
        return length == 0 || string[length - 1] == '\0';
    case FIELD_DIGEST:
        return take_digest(at, end, event);
    case FIELD_NONE:
        break;
    }
    return false;
}

/* The name of a call is printed as it is. */
static bool is_call(const char *call)
{
    return call == NULL || (*call != '\0' && call[strspn(call, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0');
}

/* The members that any kind may have. */
static bool take_common(struct decoder *decoder, const unsigned char **at, const unsigned char *end, unsigned has,
                        struct record_event *event)
{
    const char **const strings[] = {&event->path, &event->path2, &event->said, &event->said2};
    uint64_t time;
    uint32_t error = 0;
    size_t length;
    if (!varint_get(at, end, &time) || time > UINT64_MAX / 1000 || decoder->time > UINT64_MAX / 1000 - time)
        return false;
    decoder->time += time;
    event->time = decoder->time * 1000;
    if ((has & HAS_PROCESS) && !take_number32(at, end, &decoder->process))
        return false;
    event->process = decoder->process;
    if ((has & HAS_FLAGS) && !take_number32(at, end, &event->flags))
        return false;
    if ((has & HAS_CALL) && (!take_string(decoder, at, end, &event->call, &length) || !is_call(event->call)))
        return false;
    if ((has & HAS_ERROR) && !take_number32(at, end, &error))
        return false;
    event->error = (int)error;
    for (unsigned i = 0; i < 4; i++)
        if ((has & (unsigned)HAS_PATH << i) && !take_string(decoder, at, end, strings[i], &length))
            return false;
    return true;
}

/* Bytes behind the last member that is known are those of a later version. */
static enum decoded take_event(struct decoder *decoder, const unsigned char *at, const unsigned char *end,
                               struct record_event *event)
{
    *event = (struct record_event){.kind = (enum record_kind) * at};
    decoder->scratch_used = 0;
    if (*at == 0 || end - at < 2)
        return DECODED_MALFORMED;
    unsigned has = at[1];
    at += 2;
    if (!take_common(decoder, &at, end, has, event))
        return DECODED_MALFORMED;
    if (event->kind >= RECORD_KIND_COUNT)
        return DECODED_UNKNOWN;
    for (const struct field *field = fields_of(event->kind); field->type != FIELD_NONE; field++)
        if (!take_field(decoder, &at, end, field, event))
            return DECODED_MALFORMED;
    return event_makes_sense(event) ? DECODED_EVENT : DECODED_UNKNOWN;
}

enum decoded decoder_next(struct decoder *decoder, struct record_event *event)
{
    for (;;) {
        const unsigned char *at = decoder->from = decoder->to;
        uint64_t size;
        if (at == decoder->end || *at == 0)
            return DECODED_END;
        if (!varint_get(&at, decoder->end, &size))
            return decoder->end - at < VARINT_MAX ? DECODED_CUT : DECODED_MALFORMED;
        if (size == 0)
            return DECODED_MALFORMED;
        if (size > (size_t)(decoder->end - at))
            return DECODED_CUT;
        decoder->to = at + size;
        if (*at != ITEM_NAME && *at != ITEM_TEXT)
            return take_event(decoder, at, decoder->to, event);
        if (!spell(decoder, *at == ITEM_TEXT, at + 1, decoder->to))
            return DECODED_MALFORMED;
    }
}
