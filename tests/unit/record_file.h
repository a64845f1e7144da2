/*
 * Records of samples: written to a file, changed, and read.
 */
#ifndef COFFER_TESTS_UNIT_RECORD_FILE_H
#define COFFER_TESTS_UNIT_RECORD_FILE_H

#include "supervisor/record/store.h"
#include "tests/unit/record_place.h"
#include "tests/unit/record_sample.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

static const char file[] = RECORD;

static void setup(void)
{
    record_place_enter();
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
}

static void teardown(void)
{
    record_place_leave();
}

/* For what is done very often: Check's own notes where it is each time. */
static void require(bool holds, int line)
{
    if (!holds)
        ck_abort_msg("line %d", line);
}
#define REQUIRE(condition) require(condition, __LINE__)

/* Writes the events of the numbers from 0 on, of all kinds in turn, and RECORD_END. */
static void write_samples(uint64_t count)
{
    static struct sample sample;
    struct record_writer *writer;
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    for (uint64_t i = 0; i < count; i++)
        REQUIRE(record_writer_add(writer, sample_of(&sample, i, 0)) == 0);
    ck_assert_int_eq(record_writer_add(writer, sample_of(&sample, count, RECORD_END)), 0);
    ck_assert_uint_eq(record_writer_count(writer), count + 1);
    uint64_t size = record_writer_size(writer);
    struct stat st;
    ck_assert_int_eq(record_writer_close(writer), 0);
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, size);
}

struct outcome {
    uint64_t events, damages, wrong;
    struct record_damage last;
};

/* Reads a file; events must be some of the samples, in their order (`wrong` counts others). The last is RECORD_END. */
static struct outcome read_samples(const char *path, uint64_t count)
{
    static struct sample sample;
    struct record_reader *reader;
    struct record_event event;
    struct outcome outcome = {0};
    int status;
    uint64_t next = 0;
    ck_assert_int_eq(record_reader_open(&reader, path), 0);
    while ((status = record_reader_next(reader, &event, &outcome.last)) != 0) {
        if (status == -EUCLEAN) {
            outcome.damages++;
            continue;
        }
        REQUIRE(status == 1);
        outcome.events++;
        while (next <= count && !same_event(sample_of(&sample, next, next == count ? RECORD_END : 0), &event))
            next++;
        outcome.wrong += next++ > count;
        if (outcome.damages == 0)
            REQUIRE(next == outcome.events);
    }
    record_reader_close(reader);
    return outcome;
}

#endif
