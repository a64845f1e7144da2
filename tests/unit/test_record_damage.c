/*
 * Records that are cut off, changed, or made by somebody else: what can be read is read, and the rest is named.
 */
#include "emul/cleanup.h"
#include "supervisor/record/block.h"
#include "tests/unit/record_file.h"

#include <sys/mman.h>

static size_t read_file(unsigned char *bytes, size_t size)
{
    FILE *in = fopen(file, "re");
    ck_assert_ptr_nonnull(in);
    size_t got = fread(bytes, 1, size, in);
    (void)fclose(in);
    return got;
}

/* Where write_copy() writes to: thousands of these files are tried. */
static char copy[64];

static void write_copy(const unsigned char *bytes, size_t size)
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("record", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    (void)snprintf(copy, sizeof copy, "/proc/self/fd/%d", fd);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(pwrite(fd, bytes, size, 0), (ssize_t)size);
}

START_TEST(a_file_cut_off_anywhere_gives_the_events_before)
{
    enum { COUNT = 40 };
    static unsigned char bytes[1 << 20];
    write_samples(COUNT);
    size_t size = read_file(bytes, sizeof bytes);
    uint64_t events = 0;
    struct record_reader *reader;
    for (size_t cut = 0; cut < size; cut++) {
        write_copy(bytes, cut);
        if (cut < sizeof record_magic) {
            ck_assert_int_eq(record_reader_open(&reader, copy), -EBADMSG);
            continue;
        }
        struct outcome outcome = read_samples(copy, COUNT);
        ck_assert_uint_ge(outcome.events, events);
        ck_assert_uint_eq(outcome.wrong, 0);
        ck_assert_uint_eq(outcome.damages, 1);
        ck_assert_str_eq(outcome.last.what, "cut off");
        events = outcome.events;
    }
    ck_assert_uint_eq(events, COUNT);
}
END_TEST

/* The sums tell; where the header's own is wrong, what the rest says is taken. */
START_TEST(a_wrong_byte_takes_its_block_along)
{
    enum { COUNT = 40 };
    static unsigned char bytes[1 << 20];
    struct record_reader *reader;
    write_samples(COUNT);
    size_t size = read_file(bytes, sizeof bytes);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= (unsigned char)(1 << at % 8);
        write_copy(bytes, size);
        bytes[at] ^= (unsigned char)(1 << at % 8);
        if (at < sizeof record_magic) {
            ck_assert_int_eq(record_reader_open(&reader, copy), -EBADMSG);
            continue;
        }
        struct outcome outcome = read_samples(copy, COUNT);
        ck_assert_uint_eq(outcome.wrong, 0);
        ck_assert_uint_eq(outcome.damages, 1);
        ck_assert_uint_eq(outcome.events, at < FILE_HEADER_SIZE ? COUNT + 1 : 0);
    }
}
END_TEST

/* Of several blocks one is lost; what is not said twice is where it was. */
START_TEST(the_other_blocks_are_read)
{
    enum { COUNT = 20000 };
    static unsigned char bytes[4 << 20];
    write_samples(COUNT);
    size_t size = read_file(bytes, sizeof bytes);
    ck_assert_uint_gt(size, 3 * BLOCK_SIZE);
    const size_t places[] = {FILE_HEADER_SIZE, FILE_HEADER_SIZE + 100, BLOCK_SIZE + 5000, size - 10};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bytes[places[i]] ^= 4;
        write_copy(bytes, size);
        bytes[places[i]] ^= 4;
        struct outcome outcome = read_samples(copy, COUNT);
        ck_assert_uint_eq(outcome.wrong, 0);
        ck_assert_uint_eq(outcome.damages, 1);
        ck_assert_uint_gt(outcome.events, COUNT / 2);
        ck_assert_uint_lt(outcome.events, COUNT);
        ck_assert_uint_le(outcome.last.offset, places[i]);
        ck_assert(outcome.last.size == 0 || outcome.last.offset + outcome.last.size > places[i]);
    }
}
END_TEST

START_TEST(a_block_that_is_missing_is_noticed)
{
    enum { COUNT = 20000 };
    static unsigned char bytes[4 << 20];
    struct block_header header;
    write_samples(COUNT);
    size_t size = read_file(bytes, sizeof bytes);
    ck_assert(block_header_get(bytes + FILE_HEADER_SIZE, &header));
    size_t second = (FILE_HEADER_SIZE + BLOCK_HEADER_SIZE + header.used + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    memmove(bytes + FILE_HEADER_SIZE, bytes + second, size - second);
    write_copy(bytes, size - second + FILE_HEADER_SIZE);
    struct outcome outcome = read_samples(copy, COUNT);
    ck_assert_uint_eq(outcome.damages, 1);
    ck_assert_uint_eq(outcome.events, COUNT + 1 - header.count);
}
END_TEST

/* A file with one block of these items. */
static size_t make_block(unsigned char *bytes, uint64_t record, const unsigned char *items, size_t size)
{
    struct block_header header = {.record = record, .used = (uint32_t)size, .crc = crc_of(items, size)};
    file_header_put(bytes, record);
    block_header_put(bytes + FILE_HEADER_SIZE, &header);
    memcpy(bytes + FILE_HEADER_SIZE + BLOCK_HEADER_SIZE, items, size);
    return FILE_HEADER_SIZE + BLOCK_HEADER_SIZE + size;
}

/* Of a later version: an event with more behind its members, and one of a new kind. */
START_TEST(what_is_not_known_is_passed_over)
{
    /* clang-format off */
    static const unsigned char items[] = {
        6, ITEM_NAME, STRING_NULL, '/', 'a', '/', 'b',
        7, RECORD_END, 0, 5, 9, 1, 77, 77,
        4, 200, 0, 1, 88,
        3, ITEM_NAME, STRING_FIRST, 'c',
        6, RECORD_READ, HAS_PATH | HAS_FLAGS, 1, 2, STRING_FIRST + 1, 99,
    };
    /* clang-format on */
    unsigned char bytes[512];
    struct record_reader *reader;
    struct record_event event;
    struct record_damage damage;
    write_copy(bytes, make_block(bytes, 1, items, sizeof items));
    ck_assert_int_eq(record_reader_open(&reader, copy), 0);
    ck_assert_int_eq(record_reader_next(reader, &event, &damage), 1);
    ck_assert_int_eq((int)event.kind, RECORD_END);
    ck_assert_int_eq(event.end.status, 9);
    ck_assert_int_eq(record_reader_next(reader, &event, &damage), -EUCLEAN);
    ck_assert_str_eq(damage.what, "unknown event");
    ck_assert_uint_eq(damage.offset, FILE_HEADER_SIZE + BLOCK_HEADER_SIZE + 15);
    ck_assert_uint_eq(damage.size, 5);
    ck_assert_int_eq(record_reader_next(reader, &event, &damage), 1);
    ck_assert_int_eq((int)event.kind, RECORD_READ);
    ck_assert_uint_eq(event.time, 7000);
    ck_assert_uint_eq(event.flags, RECORD_DIRECTORY);
    ck_assert_str_eq(event.path, "/a/b/c");
    record_reader_close(reader);
}
END_TEST

/* Sums that hold are no proof: whoever made the file could make those. */
START_TEST(what_no_writer_writes_is_malformed)
{
    static const struct {
        size_t size;
        unsigned char items[12];
    } blocks[] = {
        {1, {0}},                                                          /* nothing where an event is said to be */
        {2, {0x80, 0}},                                                    /* the same */
        {2, {1, RECORD_READ}},                                             /* cut off */
        {4, {9, RECORD_READ, 0, 1}},                                       /* the same */
        {4, {3, 0, 0, 1}},                                                 /* of no kind */
        {5, {4, RECORD_READ, HAS_PATH, 1, 2}},                             /* a string that is not spelled */
        {3, {2, ITEM_NAME, 2}},                                            /* the same: its prefix is itself */
        {3, {2, ITEM_TEXT, 'a'}},                                          /* without its NUL */
        {2, {1, ITEM_TEXT}},                                               /* the same */
        {9, {3, ITEM_NAME, 0, '<', 4, RECORD_READ, HAS_CALL, 1, 2}},       /* no name of a call */
        {5, {4, RECORD_READ, HAS_CALL, 1, STRING_EMPTY}},                  /* the same */
        {11, {3, ITEM_TEXT, 'a', 0, 6, RECORD_EXECUTED, 0, 1, 2, 0, 0}},   /* the last word without its NUL */
        {6, {5, RECORD_START, 0, 1, 1, 1}},                                /* without its last member */
        {7, {6, RECORD_START, 0, 1, 1, 1, 2}},                             /* neither true nor false */
        {9, {8, RECORD_READ, HAS_ERROR, 0, 0xff, 0xff, 0xff, 0xff, 0x7f}}, /* more than 32 bits */
        {8, {7, RECORD_HASH, 0, 1, 1, 1, 0, 65}},                          /* a digest of 65 bytes */
        {9, {8, RECORD_HASH, 0, 1, 1, 1, 0, 2, 1}},                        /* one that is cut off */
    };
    struct record_reader *reader;
    struct record_event event;
    struct record_damage damage;
    unsigned char bytes[512];
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        size_t size = make_block(bytes, 1, blocks[i].items, blocks[i].size);
        bytes[size] = 0; /* not at the end of the file */
        write_copy(bytes, size + 1);
        ck_assert_int_eq(record_reader_open(&reader, copy), 0);
        ck_assert_msg(record_reader_next(reader, &event, &damage) == -EUCLEAN, "block %zu", i);
        ck_assert_str_eq(damage.what, "malformed");
        ck_assert_uint_eq(damage.offset + damage.size, size);
        ck_assert_int_eq(record_reader_next(reader, &event, &damage), -EUCLEAN);
        ck_assert_str_eq(damage.what, "cut off");
        ck_assert_int_eq(record_reader_next(reader, &event, &damage), 0);
        record_reader_close(reader);
    }
}
END_TEST

/* A program chose the name of a file so that it is a block, of events that never were. */
START_TEST(a_name_that_is_a_block_is_none)
{
    static unsigned char fake[4 * BLOCK_SIZE], bytes[8 * BLOCK_SIZE];
    static const unsigned char items[] = {5, RECORD_READ, 0, 1, 1, 1};
    struct record_writer *writer;
    struct record_event event = {.kind = RECORD_EXECUTED};
    /* At any of 64 places. Words may hold NULs. */
    for (size_t i = 0; i < 70; i++)
        (void)make_block(fake + 129 * i, 1, items, sizeof items);
    event.executed.words = (const char *)fake;
    event.executed.words_size = 70 * 129;
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    ck_assert_int_eq(record_writer_add(writer, &event), 0);
    ck_assert_int_eq(record_writer_close(writer), 0);
    size_t size = read_file(bytes, sizeof bytes);
    bytes[FILE_HEADER_SIZE + 20]++;
    write_copy(bytes, size);
    struct outcome outcome = read_samples(copy, 0);
    ck_assert_uint_eq(outcome.events, 0);
    ck_assert_uint_eq(outcome.damages, 1);
    ck_assert_str_eq(outcome.last.what, "no block");
}
END_TEST

/* Nothing but blocks that were not finished: not each is read up to the greatest size. */
START_TEST(many_unfinished_blocks_are_one_damage)
{
    enum { COUNT = 100000 };
    cleanup_free unsigned char *bytes = calloc(COUNT, BLOCK_ALIGN);
    struct block_header header = {.record = 1};
    ck_assert_ptr_nonnull(bytes);
    file_header_put(bytes, header.record);
    for (size_t i = 1; i < COUNT; i++)
        block_header_put(bytes + i * BLOCK_ALIGN, &header);
    write_copy(bytes, (size_t)COUNT * BLOCK_ALIGN);
    struct outcome outcome = read_samples(copy, 0);
    ck_assert_uint_eq(outcome.events, 0);
    ck_assert_uint_le(outcome.damages, 20);
    ck_assert_uint_eq(outcome.last.size, 0);
}
END_TEST

START_TEST(what_is_no_record_is_not_read)
{
    struct record_reader *reader;
    ck_assert_int_eq(record_reader_open(&reader, "none"), -ENOENT);
    ck_assert_int_eq(record_reader_open(&reader, "."), -EBADMSG);
    ck_assert_int_eq(record_reader_open(&reader, "/dev/null"), -EBADMSG);
    write_copy((const unsigned char *)"coffer record 2\nand more", 24);
    ck_assert_int_eq(record_reader_open(&reader, copy), -EBADMSG);
    ck_assert_ptr_null(reader);
}
END_TEST

/* Somebody else cuts the file off while it is written. */
START_TEST(a_file_that_is_cut_off_meanwhile_does_no_harm)
{
    enum { COUNT = 20000 };
    static struct sample sample;
    struct record_writer *writer;
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    for (uint64_t i = 0; i < COUNT; i++) {
        REQUIRE(record_writer_add(writer, sample_of(&sample, i, 0)) == 0);
        if (i == 500)
            ck_assert_int_eq(truncate(file, FILE_HEADER_SIZE), 0);
    }
    ck_assert_int_eq(record_writer_add(writer, sample_of(&sample, COUNT, RECORD_END)), 0);
    ck_assert_int_eq(record_writer_close(writer), 0);
    struct outcome outcome = read_samples(file, COUNT);
    ck_assert_uint_eq(outcome.damages, 1);
    ck_assert_uint_gt(outcome.events, COUNT / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record damage");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_file_cut_off_anywhere_gives_the_events_before);
    tcase_add_test(tests, a_wrong_byte_takes_its_block_along);
    tcase_add_test(tests, the_other_blocks_are_read);
    tcase_add_test(tests, a_block_that_is_missing_is_noticed);
    tcase_add_test(tests, what_is_not_known_is_passed_over);
    tcase_add_test(tests, what_no_writer_writes_is_malformed);
    tcase_add_test(tests, a_name_that_is_a_block_is_none);
    tcase_add_test(tests, many_unfinished_blocks_are_one_damage);
    tcase_add_test(tests, what_is_no_record_is_not_read);
    tcase_add_test(tests, a_file_that_is_cut_off_meanwhile_does_no_harm);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
