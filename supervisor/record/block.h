/*
 * What writer and reader of a record agree on: the file's header, blocks, numbers, and which members of an event a kind
 * has. docs/record.md describes it. Knows no files.
 */
#ifndef COFFER_SUPERVISOR_RECORD_BLOCK_H
#define COFFER_SUPERVISOR_RECORD_BLOCK_H

#include "supervisor/record/event.h"

enum {
    FILE_HEADER_SIZE = 64, /* the first block is behind it */
    BLOCK_ALIGN = 64,
    BLOCK_HEADER_SIZE = 48,
    BLOCK_SIZE = 256 << 10,    /* with its header; more for one event that does not fit */
    BLOCK_SIZE_MAX = 4 << 20,  /* such an event: two texts, and names */
    TEXT_SIZE_MAX = 1 << 20,   /* longer ones are cut */
    NAME_SIZE_MAX = 64 << 10,  /* of a name with its directories */
    BLOCK_NAMES_MAX = 32 << 10 /* that one block spells */
};

extern const char record_magic[16];

/* Kinds of items that are no events. */
enum { ITEM_NAME = 254, ITEM_TEXT = 255 };

/* Numbers by which an event names a string: 0 is NULL, 1 "", the first one that the block spells 2. */
enum { STRING_NULL, STRING_EMPTY, STRING_FIRST };

/* Which common members follow in an event. */
enum {
    HAS_PROCESS = 1 << 0,
    HAS_FLAGS = 1 << 1,
    HAS_CALL = 1 << 2,
    HAS_ERROR = 1 << 3,
    HAS_PATH = 1 << 4,
    HAS_PATH2 = 1 << 5,
    HAS_SAID = 1 << 6,
    HAS_SAID2 = 1 << 7,
};

/* The members that only some kinds have, in the order of the file. */
enum field_type {
    FIELD_NONE,     /* ends a list */
    FIELD_NUMBER32, /* int, unsigned, enum */
    FIELD_NUMBER64,
    FIELD_BOOL,
    FIELD_NAME,   /* string that has directories, or a short one */
    FIELD_LINE,   /* string of any other kind */
    FIELD_WORDS,  /* bytes, and how many, in `size` */
    FIELD_DIGEST, /* the same, up to RECORD_DIGEST_MAX in place */
};

struct field {
    enum field_type type;
    size_t offset, size; /* in struct record_event */
};

/* Of a known kind. */
const struct field *fields_of(enum record_kind kind);

/* Whether the members that say what others mean are known ones: kind, of, algorithm, state. */
bool event_makes_sense(const struct record_event *event);

struct block_header {
    uint64_t record; /* random number of the record: bytes that a program chose are not taken for a block */
    uint64_t first;  /* events of the record before this block */
    uint64_t time;   /* of its first event, in us */
    uint32_t used;   /* bytes of its items; 0: it is not finished */
    uint32_t count;  /* events in it */
    uint32_t crc;    /* of its items */
};

void block_header_put(unsigned char bytes[BLOCK_HEADER_SIZE], const struct block_header *header);
/* False: it is no header of a block. */
bool block_header_get(const unsigned char bytes[BLOCK_HEADER_SIZE], struct block_header *header);

/* The file's header. Of bytes that begin with record_magic: false when the rest is damaged. */
void file_header_put(unsigned char bytes[FILE_HEADER_SIZE], uint64_t record);
bool file_header_get(const unsigned char bytes[FILE_HEADER_SIZE], uint64_t *record);

/* CRC-32C. */
uint32_t crc_of(const void *data, size_t size);

/* Numbers of 7 bits a byte, the lowest first; as long as the highest bit is set, there are more. At most 10 bytes. */
enum { VARINT_MAX = 10 };
size_t varint_put(unsigned char *at, uint64_t number);
/* Takes it from *at, which is not moved to `end` or beyond; false: there is none. */
bool varint_get(const unsigned char **at, const unsigned char *end, uint64_t *number);

#endif
