/*
 * One block at a time is in memory. A block that is damaged is passed over; where no block is, the next one is looked
 * for: its header has a sum, and the record's random number, which a program that chose some of the bytes did not know.
 */
#include "supervisor/record/store.h"

#include "emul/cleanup.h"
#include "supervisor/record/block.h"
#include "supervisor/record/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct record_reader {
    int fd;
    uint64_t size;   /* of the file */
    uint64_t record; /* its random number */
    bool any_record; /* the number is not known: the first block's is taken */
    bool header_damaged;
    uint64_t offset; /* of the next block, or of the current one's first item */
    bool in_block, finished;
    struct block_header header; /* of the current block */
    uint64_t expected;          /* events before the next block; UNKNOWN: some were lost */
    enum record_kind last;      /* kind of the event that came last */
    bool told;                  /* that the end is missing */
    unsigned unfinished;        /* blocks */
    struct decoder *decoder;
    unsigned char *block;
    size_t room; /* for so many bytes */
};

#define UNKNOWN UINT64_MAX

/* Each of them is read up to the greatest size, though another one may begin in it: a file of nothing else is refused.
 */
enum { UNFINISHED_MAX = 16 };

static int read_at(const struct record_reader *reader, unsigned char *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t got = pread(reader->fd, data, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -EIO; /* shorter than it was */
        data += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

/* The same to reader->block. */
static int read_block(struct record_reader *reader, size_t size, uint64_t offset)
{
    if (size > reader->room) {
        free(reader->block);
        reader->room = 0;
        reader->block = malloc(size);
        if (reader->block == NULL)
            return -ENOMEM;
        reader->room = size;
    }
    return read_at(reader, reader->block, size, offset);
}

static int begin_file(struct record_reader *reader, const char *path)
{
    unsigned char header[FILE_HEADER_SIZE] = {0};
    struct stat st;
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (reader->fd < 0 || fstat(reader->fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof record_magic)
        return -EBADMSG;
    reader->size = (uint64_t)st.st_size;
    int error = read_at(reader, header, reader->size < sizeof header ? reader->size : sizeof header, 0);
    if (error != 0)
        return error;
    if (memcmp(header, record_magic, sizeof record_magic) != 0)
        return -EBADMSG;
    reader->any_record = !file_header_get(header, &reader->record);
    reader->header_damaged = reader->any_record && reader->size >= FILE_HEADER_SIZE;
    reader->offset = reader->size < FILE_HEADER_SIZE ? reader->size : FILE_HEADER_SIZE;
    return 0;
}

int record_reader_open(struct record_reader **reader, const char *path)
{
    struct record_reader *made = calloc(1, sizeof *made);
    *reader = NULL;
    if (made == NULL)
        return -ENOMEM;
    made->fd = -1;
    made->decoder = decoder_new();
    int error = made->decoder != NULL ? begin_file(made, path) : -ENOMEM;
    if (error == 0)
        *reader = made;
    else
        record_reader_close(made);
    return error;
}

void record_reader_close(struct record_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->fd >= 0)
        (void)close(reader->fd);
    decoder_free(reader->decoder);
    free(reader->block);
    free(reader);
}

/* Reports that from `from` to `to` there is nothing to be read. */
static int damaged(struct record_reader *reader, struct record_damage *damage, uint64_t from, uint64_t to,
                   const char *what)
{
    *damage = (struct record_damage){.offset = from, .size = to < reader->size ? to - from : 0, .what = what};
    reader->expected = UNKNOWN;
    reader->told = damage->size == 0;
    return -EUCLEAN;
}

static uint64_t aligned(uint64_t offset)
{
    return (offset + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
}

/* Whether a block begins with these bytes of the file. A record has one block without a sum that holds, its last. */
static bool is_block(struct record_reader *reader, const unsigned char *bytes, uint64_t offset)
{
    struct block_header *header = &reader->header;
    if (!block_header_get(bytes, header) || (!reader->any_record && header->record != reader->record))
        return false;
    if (reader->unfinished == UNFINISHED_MAX &&
        (header->used == 0 || header->used > reader->size - offset - BLOCK_HEADER_SIZE))
        return false;
    reader->record = header->record;
    reader->any_record = false;
    return true;
}

/* Finds the first block at `offset` or behind it: reader->offset is there, or at the end. 0 or -errno. */
static int find_block(struct record_reader *reader, uint64_t offset)
{
    for (offset = aligned(offset); offset < reader->size && reader->size - offset > BLOCK_HEADER_SIZE;) {
        uint64_t left = reader->size - offset;
        size_t size = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
        int error = read_block(reader, size, offset);
        if (error != 0)
            return error;
        for (size_t at = 0; at + BLOCK_HEADER_SIZE < size; at += BLOCK_ALIGN)
            if (is_block(reader, reader->block + at, offset + at)) {
                reader->offset = offset + at;
                return 0;
            }
        offset += aligned(size);
    }
    reader->offset = reader->size;
    return 0;
}

/* No block begins where one should, or the one that was not finished ends at `from`. */
static int pass_over(struct record_reader *reader, uint64_t from, struct record_damage *damage, const char *what)
{
    int error = find_block(reader, from);
    if (error != 0)
        return error;
    if (reader->offset == reader->size)
        return damaged(reader, damage, from, reader->size, what);
    return damaged(reader, damage, from, reader->offset, what);
}

/* Reads the items of the block whose header has been read. 1, -EUCLEAN: passed over, or -errno. */
static int begin_block(struct record_reader *reader, struct record_damage *damage)
{
    uint64_t begin = reader->offset, items = begin + BLOCK_HEADER_SIZE, left = reader->size - items;
    uint64_t most = reader->header.used != 0 ? reader->header.used : BLOCK_SIZE_MAX - BLOCK_HEADER_SIZE;
    size_t size = (size_t)(left < most ? left : most);
    int error = read_block(reader, size, items);
    if (error != 0)
        return error;
    reader->finished = size == reader->header.used;
    reader->unfinished += reader->finished ? 0 : 1;
    if (reader->finished && reader->header.crc != crc_of(reader->block, size)) {
        reader->offset = aligned(items + size);
        return damaged(reader, damage, begin, items + size, "checksum");
    }
    decoder_begin(reader->decoder, reader->block, size, reader->header.time);
    reader->offset = items;
    reader->in_block = true;
    bool missing = reader->expected != UNKNOWN && reader->header.first != reader->expected;
    reader->expected = reader->finished ? reader->header.first + reader->header.count : UNKNOWN;
    if (!missing)
        return 1;
    *damage =
        (struct record_damage){.offset = begin, .size = BLOCK_HEADER_SIZE, .what = "events before it are missing"};
    return -EUCLEAN;
}

/* 1, 0: there is no more, or an error. */
static int next_block(struct record_reader *reader, struct record_damage *damage)
{
    unsigned char header[BLOCK_HEADER_SIZE];
    if (reader->offset >= reader->size || reader->size - reader->offset <= sizeof header) {
        /* A header without items is what a writer that was killed leaves, and nothing is what padding leaves. */
        if (reader->told || reader->last == RECORD_END)
            return 0;
        uint64_t end = reader->offset < reader->size ? reader->offset : reader->size;
        return damaged(reader, damage, end, reader->size, "cut off");
    }
    int error = read_at(reader, header, sizeof header, reader->offset);
    if (error != 0)
        return error;
    if (is_block(reader, header, reader->offset))
        return begin_block(reader, damage);
    return pass_over(reader, reader->offset, damage, "no block");
}

/* The items of the block have come to an end in some way: 1 when that is the right one. */
static int end_block(struct record_reader *reader, enum decoded how, struct record_damage *damage)
{
    uint64_t from = reader->offset + decoder_from(reader->decoder), end = reader->offset + reader->header.used;
    reader->in_block = false;
    if (reader->finished) {
        reader->offset = aligned(end);
        return from == end ? 1 : damaged(reader, damage, from, end, "malformed");
    }
    if (from == reader->size && reader->last == RECORD_END) {
        reader->offset = from;
        return 1;
    }
    return pass_over(reader, from, damage, how == DECODED_MALFORMED ? "malformed" : "cut off");
}

int record_reader_next(struct record_reader *reader, struct record_event *event, struct record_damage *damage)
{
    int status = 1;
    if (reader->header_damaged) {
        reader->header_damaged = false;
        *damage = (struct record_damage){.offset = 0, .size = FILE_HEADER_SIZE, .what = "checksum"};
        return -EUCLEAN;
    }
    while (status > 0) {
        if (!reader->in_block) {
            status = next_block(reader, damage);
            continue;
        }
        enum decoded how = decoder_next(reader->decoder, event);
        if (how == DECODED_EVENT) {
            reader->last = event->kind;
            return 1;
        }
        if (how == DECODED_UNKNOWN) {
            uint64_t from = reader->offset + decoder_from(reader->decoder);
            *damage = (struct record_damage){
                .offset = from, .size = reader->offset + decoder_to(reader->decoder) - from, .what = "unknown event"};
            return -EUCLEAN;
        }
        status = end_block(reader, how, damage);
    }
    return status;
}
