/*
 * Each event is handed to the kernel by one pwrite(). To map the file would save 0.6 us an event, but whoever cuts the
 * file off would then kill coffer with SIGBUS, room would have to be reserved ahead, and not every file system maps.
 */
#include "supervisor/record/store.h"

#include "emul/cleanup.h"
#include "supervisor/record/block.h"
#include "supervisor/record/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

struct record_writer {
    int fd;
    int error; /* -errno that came first */
    uint64_t record, count;
    uint64_t time; /* us, of the last event */
    struct encoder encoder;
    unsigned char *block;       /* the current one, with its header */
    size_t used;                /* bytes of it, 0: it has not begun */
    uint64_t offset;            /* of it in the file */
    struct block_header header; /* of it */
};

static int write_at(int fd, const unsigned char *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, (off_t)offset);
        if (written == 0 || (written < 0 && errno != EINTR))
            return written == 0 ? -EIO : -errno;
        if (written < 0)
            continue;
        data += written;
        size -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

/* A regular file, which keeps its content for now; *made: it was not there. */
static int open_file(const char *path, bool *made)
{
    enum { FLAGS = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };
    struct stat st;
    cleanup_fd int fd = open(path, FLAGS | O_CREAT | O_EXCL, 0666);
    *made = fd >= 0;
    /* A symbolic link to nothing is there already, and its file made. */
    if (fd < 0 && errno == EEXIST)
        fd = open(path, FLAGS | O_CREAT, 0666);
    if (fd < 0 || fstat(fd, &st) != 0)
        return -errno;
    return S_ISREG(st.st_mode) ? steal_fd(&fd) : -EINVAL;
}

static uint64_t random_number(void)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (uint64_t)getpid() << 32 | (uint64_t)clock();
    return number;
}

/* The header is written before the old content is cut off: without a right or room to write, that stays. */
static int begin_file(struct record_writer *writer, const char *path)
{
    unsigned char header[FILE_HEADER_SIZE];
    bool made;
    file_header_put(header, writer->record);
    writer->fd = open_file(path, &made);
    if (writer->fd < 0)
        return writer->fd;
    int error = write_at(writer->fd, header, sizeof header, 0);
    if (error == 0 && ftruncate(writer->fd, FILE_HEADER_SIZE) != 0)
        error = -errno;
    if (error != 0 && made)
        (void)unlink(path);
    return error;
}

static void writer_free(struct record_writer *writer)
{
    if (writer->fd >= 0)
        (void)close(writer->fd);
    dictionary_free(writer->encoder.dictionary);
    free(writer->block);
    free(writer);
}

int record_writer_open(struct record_writer **writer, const char *path)
{
    struct record_writer *made = calloc(1, sizeof *made);
    *writer = NULL;
    if (made == NULL)
        return -ENOMEM;
    made->fd = -1;
    made->record = random_number();
    made->offset = FILE_HEADER_SIZE;
    made->block = malloc(BLOCK_SIZE_MAX);
    made->encoder.dictionary = dictionary_new(random_number());
    int error = made->block != NULL && made->encoder.dictionary != NULL ? begin_file(made, path) : -ENOMEM;
    if (error == 0)
        *writer = made;
    else
        writer_free(made);
    return error;
}

/* The block's header says how much of it is to be read, and the sum of that. */
static int end_block(struct record_writer *writer)
{
    unsigned char header[BLOCK_HEADER_SIZE];
    if (writer->used == 0)
        return 0;
    writer->header.used = (uint32_t)(writer->used - BLOCK_HEADER_SIZE);
    writer->header.crc = crc_of(writer->block + BLOCK_HEADER_SIZE, writer->header.used);
    block_header_put(header, &writer->header);
    return write_at(writer->fd, header, sizeof header, writer->offset);
}

/* The first event's time is that of the block. */
static void begin_block(struct record_writer *writer, uint64_t time)
{
    writer->offset = (writer->offset + writer->used + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    writer->header = (struct block_header){.record = writer->record, .first = writer->count, .time = time};
    block_header_put(writer->block, &writer->header);
    writer->used = 0;
    dictionary_clear(writer->encoder.dictionary);
    writer->encoder.time = time;
    writer->encoder.process = 0;
}

/* Sees to a block that has room for an event of so many bytes, and its first one for any. 0 or -errno. */
static int make_room(struct record_writer *writer, size_t bound, uint64_t time)
{
    if (writer->used != 0 && writer->used + bound <= BLOCK_SIZE && dictionary_fits(writer->encoder.dictionary, bound))
        return 0;
    int error = end_block(writer);
    if (error == 0)
        begin_block(writer, time);
    return error;
}

int record_writer_add(struct record_writer *writer, const struct record_event *event)
{
    bool cut;
    uint64_t time = event->time / 1000;
    if (writer->error != 0)
        return writer->error;
    if (!event_makes_sense(event))
        return -EINVAL;
    writer->time = time > writer->time ? time : writer->time;
    writer->error = make_room(writer, encode_bound(event, &cut), writer->time);
    if (writer->error != 0)
        return writer->error;
    size_t from = writer->used, items = from != 0 ? from : BLOCK_HEADER_SIZE;
    struct item_buffer out = {.at = writer->block + items, .end = writer->block + BLOCK_SIZE_MAX};
    encode_event(&writer->encoder, event, cut, &out);
    size_t to = (size_t)(out.at - writer->block);
    writer->error = out.full ? -EMSGSIZE : write_at(writer->fd, writer->block + from, to - from, writer->offset + from);
    if (writer->error != 0)
        return writer->error;
    writer->used = to;
    writer->header.count++;
    writer->count++;
    return 0;
}

uint64_t record_writer_size(const struct record_writer *writer)
{
    return writer->offset + writer->used;
}

uint64_t record_writer_count(const struct record_writer *writer)
{
    return writer->count;
}

int record_writer_descriptor(const struct record_writer *writer)
{
    return writer->fd;
}

int record_writer_close(struct record_writer *writer)
{
    if (writer == NULL)
        return 0;
    /* Also after an error: what was written is whole then, and a part of an event that was not goes away. */
    int error = end_block(writer), cut = ftruncate(writer->fd, (off_t)record_writer_size(writer)) != 0 ? -errno : 0;
    int closed = close(steal_fd(&writer->fd)) != 0 ? -errno : 0;
    error = writer->error != 0 ? writer->error : error != 0 ? error : cut != 0 ? cut : closed;
    writer_free(writer);
    return error;
}
