/*
 * A record of any bytes: the reader stays within its buffers, comes to an end, and what it gives is well formed. Half
 * of the inputs get sums that hold, or they would only try those.
 */
#include "supervisor/record/block.h"
#include "supervisor/record/decode.h"
#include "supervisor/record/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touched; /* so that no reading is left out */

static void touch_string(const char *string)
{
    touched += string != NULL ? strlen(string) : 0;
}

static void touch_words(const char *words, size_t size)
{
    REQUIRE(words != NULL || size == 0);
    for (size_t at = 0; at < size; at += strlen(words + at) + 1)
        touched++;
    REQUIRE(size == 0 || words[size - 1] == '\0');
}

static void touch(const struct record_event *event)
{
    REQUIRE(event->kind >= RECORD_BEGIN && event->kind < RECORD_KIND_COUNT);
    touch_string(event->call);
    touch_string(event->path);
    touch_string(event->path2);
    touch_string(event->said);
    touch_string(event->said2);
    if (event->kind == RECORD_BEGIN) {
        touch_words(event->begin.command, event->begin.command_size);
        touch_string(event->begin.cwd);
        touch_string(event->begin.host);
        touch_string(event->begin.user);
        touch_string(event->begin.version);
    }
    if (event->kind == RECORD_EXECUTED) {
        touch_words(event->executed.words, event->executed.words_size);
        touch_words(event->executed.environment, event->executed.environment_size);
        touch_string(event->executed.cwd);
    }
    if (event->kind == RECORD_VIOLATION) {
        touch_string(event->violation.rule);
        touch_string(event->violation.text);
    }
    if (event->kind == RECORD_HASH)
        REQUIRE(event->hash.digest_size <= RECORD_DIGEST_MAX);
}

/* A file of these bytes: whole, with a damage for each part that cannot be read, one behind the other. */
static void read_file(const uint8_t *data, size_t size)
{
    char path[64];
    struct record_reader *reader;
    struct record_event event;
    struct record_damage damage;
    uint64_t before = 0, steps = 0;
    int status, fd = memfd_create("record", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (record_reader_open(&reader, path) == 0) {
        while ((status = record_reader_next(reader, &event, &damage)) != 0) {
            REQUIRE(status == 1 || status == -EUCLEAN);
            REQUIRE(++steps <= size + 2);
            if (status == 1) {
                touch(&event);
                continue;
            }
            REQUIRE(damage.what != NULL && damage.offset >= before && damage.offset + damage.size <= size);
            before = damage.offset;
        }
        record_reader_close(reader);
    }
    (void)close(fd);
}

/* The items of a block. */
static void read_items(const uint8_t *data, size_t size)
{
    struct record_event event;
    struct decoder *decoder = decoder_new();
    REQUIRE(decoder != NULL);
    decoder_begin(decoder, data, size, 1);
    for (;;) {
        enum decoded decoded = decoder_next(decoder, &event);
        REQUIRE(decoder_from(decoder) <= decoder_to(decoder) && decoder_to(decoder) <= size);
        if (decoded == DECODED_EVENT)
            touch(&event);
        else if (decoded != DECODED_UNKNOWN)
            break;
    }
    decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_file(data, size);
    if (size <= FILE_HEADER_SIZE + BLOCK_HEADER_SIZE)
        return 0;
    read_items(data + FILE_HEADER_SIZE + BLOCK_HEADER_SIZE, size - FILE_HEADER_SIZE - BLOCK_HEADER_SIZE);
    uint8_t *fixed = malloc(size);
    struct block_header header = {.record = 1, .used = (uint32_t)(size - FILE_HEADER_SIZE - BLOCK_HEADER_SIZE)};
    REQUIRE(fixed != NULL);
    memcpy(fixed, data, size);
    file_header_put(fixed, header.record);
    header.crc = crc_of(fixed + FILE_HEADER_SIZE + BLOCK_HEADER_SIZE, header.used);
    block_header_put(fixed + FILE_HEADER_SIZE, &header);
    read_file(fixed, size);
    free(fixed);
    return 0;
}
