#include "supervisor/record/block.h"

#include <endian.h>
#include <string.h>

const char record_magic[16] = {'c', 'o', 'f', 'f', 'e', 'r', ' ', 'r', 'e', 'c', 'o', 'r', 'd', ' ', '1', '\n'};

static const char block_magic[8] = {'\xc0', 'b', 'l', 'o', 'c', 'k', '\r', '\n'};

#define MEMBER(type, member)                                                                                           \
    {                                                                                                                  \
        FIELD_##type, offsetof(struct record_event, member), 0                                                         \
    }
#define SIZED(type, member, bytes)                                                                                     \
    {                                                                                                                  \
        FIELD_##type, offsetof(struct record_event, member), offsetof(struct record_event, bytes)                      \
    }

static const struct field no_fields[] = {{0}};
static const struct field begin_fields[] = {MEMBER(NUMBER64, begin.epoch),
                                            SIZED(WORDS, begin.command, begin.command_size),
                                            MEMBER(NAME, begin.cwd),
                                            MEMBER(NAME, begin.host),
                                            MEMBER(NAME, begin.user),
                                            MEMBER(NAME, begin.version),
                                            MEMBER(BOOL, begin.view),
                                            MEMBER(BOOL, begin.streams),
                                            {0}};
static const struct field end_fields[] = {MEMBER(NUMBER32, end.status), MEMBER(NUMBER64, end.lost), {0}};
static const struct field start_fields[] = {
    MEMBER(NUMBER32, start.parent), MEMBER(NUMBER32, start.pid), MEMBER(BOOL, start.thread_like), {0}};
static const struct field executed_fields[] = {SIZED(WORDS, executed.words, executed.words_size),
                                               SIZED(WORDS, executed.environment, executed.environment_size),
                                               MEMBER(NAME, executed.cwd),
                                               {0}};
static const struct field exit_fields[] = {MEMBER(NUMBER32, exit.status),
                                           MEMBER(NUMBER64, exit.user_us),
                                           MEMBER(NUMBER64, exit.system_us),
                                           MEMBER(NUMBER64, exit.max_resident_kb),
                                           MEMBER(NUMBER64, exit.block_in),
                                           MEMBER(NUMBER64, exit.block_out),
                                           {0}};
static const struct field repeat_fields[] = {MEMBER(NUMBER32, of), MEMBER(NUMBER64, count), {0}};
static const struct field hash_fields[] = {MEMBER(NUMBER32, hash.algorithm),
                                           MEMBER(NUMBER32, hash.state),
                                           MEMBER(NUMBER64, hash.size),
                                           SIZED(DIGEST, hash.digest, hash.digest_size),
                                           {0}};
static const struct field violation_fields[] = {MEMBER(LINE, violation.rule), MEMBER(LINE, violation.text), {0}};

const struct field *fields_of(enum record_kind kind)
{
    static const struct field *const fields[RECORD_KIND_COUNT] = {
        [RECORD_BEGIN] = begin_fields, [RECORD_END] = end_fields,
        [RECORD_START] = start_fields, [RECORD_EXECUTED] = executed_fields,
        [RECORD_EXIT] = exit_fields,   [RECORD_REPEAT] = repeat_fields,
        [RECORD_HASH] = hash_fields,   [RECORD_VIOLATION] = violation_fields,
    };
    return fields[kind] != NULL ? fields[kind] : no_fields;
}

bool event_makes_sense(const struct record_event *event)
{
    if (event->kind < RECORD_BEGIN || event->kind >= RECORD_KIND_COUNT)
        return false;
    if (event->kind == RECORD_REPEAT)
        return event->of >= RECORD_BEGIN && event->of < RECORD_KIND_COUNT && event->of != RECORD_REPEAT &&
               event->count > 0;
    if (event->kind == RECORD_HASH)
        return event->hash.algorithm >= RECORD_SHA256 && event->hash.algorithm < RECORD_HASH_COUNT &&
               event->hash.state >= RECORD_BEFORE && event->hash.state <= RECORD_AFTER &&
               event->hash.digest_size <= RECORD_DIGEST_MAX;
    return true;
}

static void put32(unsigned char *at, uint32_t number)
{
    number = htole32(number);
    memcpy(at, &number, sizeof number);
}

static void put64(unsigned char *at, uint64_t number)
{
    number = htole64(number);
    memcpy(at, &number, sizeof number);
}

static uint32_t get32(const unsigned char *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return le32toh(number);
}

static uint64_t get64(const unsigned char *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return le64toh(number);
}

void block_header_put(unsigned char bytes[BLOCK_HEADER_SIZE], const struct block_header *header)
{
    memcpy(bytes, block_magic, sizeof block_magic);
    put64(bytes + 8, header->record);
    put64(bytes + 16, header->first);
    put64(bytes + 24, header->time);
    put32(bytes + 32, header->used);
    put32(bytes + 36, header->count);
    put32(bytes + 40, header->crc);
    put32(bytes + 44, crc_of(bytes, 44));
}

bool block_header_get(const unsigned char bytes[BLOCK_HEADER_SIZE], struct block_header *header)
{
    if (memcmp(bytes, block_magic, sizeof block_magic) != 0 || get32(bytes + 44) != crc_of(bytes, 44))
        return false;
    header->record = get64(bytes + 8);
    header->first = get64(bytes + 16);
    header->time = get64(bytes + 24);
    header->used = get32(bytes + 32);
    header->count = get32(bytes + 36);
    header->crc = get32(bytes + 40);
    return header->used <= BLOCK_SIZE_MAX - BLOCK_HEADER_SIZE;
}

void file_header_put(unsigned char bytes[FILE_HEADER_SIZE], uint64_t record)
{
    memset(bytes, 0, FILE_HEADER_SIZE);
    memcpy(bytes, record_magic, sizeof record_magic);
    put64(bytes + 16, record);
    put32(bytes + 60, crc_of(bytes, 60));
}

bool file_header_get(const unsigned char bytes[FILE_HEADER_SIZE], uint64_t *record)
{
    *record = get64(bytes + 16);
    return get32(bytes + 60) == crc_of(bytes, 60);
}

/* Half a byte at a time: the table is small enough to be read, and a block is summed up once. */
uint32_t crc_of(const void *data, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    const unsigned char *bytes = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = table[crc & 15] ^ crc >> 4;
        crc = table[crc & 15] ^ crc >> 4;
    }
    return ~crc;
}

size_t varint_put(unsigned char *at, uint64_t number)
{
    size_t size = 0;
    for (; number > 127; number >>= 7)
        at[size++] = (unsigned char)(number | 128);
    at[size++] = (unsigned char)number;
    return size;
}

bool varint_get(const unsigned char **at, const unsigned char *end, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        unsigned char byte = *(*at)++;
        *number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
    }
    return false;
}
