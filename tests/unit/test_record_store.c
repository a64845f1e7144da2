/*
 * A record as a file: what was written is read again, whatever happens to the writer or to the file.
 */
#include "emul/cleanup.h"
#include "supervisor/record/block.h"
#include "supervisor/record/store.h"
#include "tests/unit/record_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/coffer-record-XXXXXX";
static const char file[] = "record";

static void setup(void)
{
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
}

static void teardown(void)
{
    (void)unlink(file);
    (void)unlink("copy");
    ck_assert_int_eq(rmdir(directory), 0);
}

/* Writes the events of the numbers from 0 on, of all kinds in turn, and RECORD_END. */
static void write_samples(uint64_t count)
{
    static struct sample sample;
    struct record_writer *writer;
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    for (uint64_t i = 0; i < count; i++)
        ck_assert_int_eq(record_writer_add(writer, sample_of(&sample, i, 0)), 0);
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
        ck_assert_int_eq(status, 1);
        outcome.events++;
        while (next <= count && !same_event(sample_of(&sample, next, next == count ? RECORD_END : 0), &event))
            next++;
        outcome.wrong += next++ > count;
        if (outcome.damages == 0)
            ck_assert_uint_eq(next, outcome.events);
    }
    record_reader_close(reader);
    return outcome;
}

static size_t read_file(unsigned char *bytes, size_t size)
{
    FILE *in = fopen(file, "re");
    ck_assert_ptr_nonnull(in);
    size_t got = fread(bytes, 1, size, in);
    (void)fclose(in);
    return got;
}

static void write_copy(const unsigned char *bytes, size_t size)
{
    FILE *out = fopen("copy", "we");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

START_TEST(words_of_kinds_are_found)
{
    for (int kind = 1; kind < RECORD_KIND_COUNT; kind++)
        ck_assert_int_eq((int)record_kind_of_word(record_kind_word((enum record_kind)kind)), kind);
    ck_assert_int_eq((int)record_kind_of_word("no such"), 0);
    ck_assert_str_eq(record_kind_word(RECORD_ABSENT), "absent");
}
END_TEST

START_TEST(each_kind_comes_back)
{
    static struct sample sample;
    struct record_writer *writer;
    struct record_reader *reader;
    struct record_event event;
    struct record_damage damage;
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    for (uint64_t i = 0; i < 40 * RECORD_KIND_COUNT; i++)
        if (i % RECORD_KIND_COUNT != 0)
            ck_assert_int_eq(
                record_writer_add(writer, sample_of(&sample, i, (enum record_kind)(i % RECORD_KIND_COUNT))), 0);
    ck_assert_int_eq(record_writer_close(writer), 0);
    ck_assert_int_eq(record_reader_open(&reader, file), 0);
    for (uint64_t i = 0; i < 40 * RECORD_KIND_COUNT; i++) {
        if (i % RECORD_KIND_COUNT == 0)
            continue;
        ck_assert_int_eq(record_reader_next(reader, &event, &damage), 1);
        ck_assert(same_event(sample_of(&sample, i, (enum record_kind)(i % RECORD_KIND_COUNT)), &event));
    }
    /* The last kind was not RECORD_END. */
    ck_assert_int_eq(record_reader_next(reader, &event, &damage), -EUCLEAN);
    ck_assert_str_eq(damage.what, "cut off");
    ck_assert_int_eq(record_reader_next(reader, &event, &damage), 0);
    ck_assert_int_eq(record_reader_next(reader, &event, &damage), 0);
    record_reader_close(reader);
}
END_TEST

START_TEST(many_events_come_back)
{
    enum { COUNT = 40000 };
    write_samples(COUNT);
    struct stat st;
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_gt(st.st_size, 4 * BLOCK_SIZE);
    struct outcome outcome = read_samples(file, COUNT);
    ck_assert_uint_eq(outcome.events, COUNT + 1);
    ck_assert_uint_eq(outcome.damages, 0);
    ck_assert_uint_eq(outcome.wrong, 0);
}
END_TEST

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
            ck_assert_int_eq(record_reader_open(&reader, "copy"), -EBADMSG);
            continue;
        }
        struct outcome outcome = read_samples("copy", COUNT);
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
            ck_assert_int_eq(record_reader_open(&reader, "copy"), -EBADMSG);
            continue;
        }
        struct outcome outcome = read_samples("copy", COUNT);
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
        struct outcome outcome = read_samples("copy", COUNT);
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
    struct outcome outcome = read_samples("copy", COUNT);
    ck_assert_uint_eq(outcome.damages, 1);
    ck_assert_uint_eq(outcome.events, COUNT + 1 - header.count);
}
END_TEST

START_TEST(texts_of_any_size_fit)
{
    enum { LARGE = 3 << 20 };
    cleanup_free char *text = malloc(LARGE);
    struct record_writer *writer;
    struct record_reader *reader;
    struct record_event event = {.kind = RECORD_EXECUTED}, got;
    struct record_damage damage;
    ck_assert_ptr_nonnull(text);
    memset(text, 'a', LARGE);
    for (size_t i = 999; i < LARGE; i += 1000)
        text[i] = '\0';
    event.executed.words = event.executed.environment = text;
    event.executed.words_size = TEXT_SIZE_MAX;
    event.executed.environment_size = LARGE;
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(record_writer_add(writer, &event), 0);
    text[LARGE - 1] = '\0';
    memset(text, '/', LARGE - 1);
    event = (struct record_event){.kind = RECORD_READ, .path = text};
    ck_assert_int_eq(record_writer_add(writer, &event), 0);
    event = (struct record_event){.kind = RECORD_VIOLATION, .violation.rule = text, .violation.text = "short"};
    ck_assert_int_eq(record_writer_add(writer, &event), 0);
    ck_assert_int_eq(record_writer_close(writer), 0);

    ck_assert_int_eq(record_reader_open(&reader, file), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(record_reader_next(reader, &got, &damage), 1);
        ck_assert_uint_eq(got.executed.words_size, TEXT_SIZE_MAX + 1);
        ck_assert_uint_eq(got.executed.environment_size, TEXT_SIZE_MAX / 1000 * 1000);
        ck_assert_int_eq(got.executed.words[999], '\0');
        ck_assert_uint_eq(strlen(got.executed.words), 999);
        ck_assert_uint_eq(got.flags, RECORD_CUT);
    }
    ck_assert_int_eq(record_reader_next(reader, &got, &damage), 1);
    ck_assert_uint_eq(strlen(got.path), NAME_SIZE_MAX);
    ck_assert_uint_eq(got.flags, RECORD_CUT);
    ck_assert_int_eq(record_reader_next(reader, &got, &damage), 1);
    ck_assert_uint_eq(strlen(got.violation.rule), TEXT_SIZE_MAX);
    ck_assert_str_eq(got.violation.text, "short");
    record_reader_close(reader);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    struct record_writer *writer;
    const struct record_event bad[] = {
        {.kind = 0}, {.kind = RECORD_KIND_COUNT}, {.kind = RECORD_REPEAT, .of = RECORD_READ}, {.kind = RECORD_HASH}};
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(record_writer_add(writer, &bad[i]), -EINVAL);
    ck_assert_int_eq(record_writer_add(writer, &(struct record_event){.kind = RECORD_END}), 0);
    ck_assert_int_eq(record_writer_close(writer), 0);
}
END_TEST

static void limit_file(rlim_t size)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(without_room_what_was_written_stays)
{
    static struct sample sample;
    struct record_writer *writer;
    uint64_t count = 0;
    int error;
    for (rlim_t limit = BLOCK_SIZE / 2; limit < 3 * BLOCK_SIZE; limit += 111111) {
        ck_assert_int_eq(record_writer_open(&writer, file), 0);
        limit_file(limit);
        for (count = 0; (error = record_writer_add(writer, sample_of(&sample, count, 0))) == 0; count++)
            continue;
        ck_assert_int_eq(error, -EFBIG);
        ck_assert_int_eq(record_writer_add(writer, sample_of(&sample, count, 0)), -EFBIG);
        ck_assert_uint_eq(record_writer_count(writer), count);
        ck_assert_int_eq(record_writer_close(writer), -EFBIG);
        limit_file(RLIM_INFINITY);
        struct outcome outcome = read_samples(file, UINT64_MAX);
        ck_assert_uint_eq(outcome.events, count);
        ck_assert_uint_eq(outcome.damages, 1);
        ck_assert_str_eq(outcome.last.what, "cut off");
    }
}
END_TEST

START_TEST(only_a_file_that_can_be_written_is_replaced)
{
    static const char before[] = "not a record, and longer than the header of one: it is there before and after";
    char after[sizeof before] = "";
    struct record_writer *writer;
    ck_assert_int_eq(record_writer_open(&writer, "."), -EISDIR);
    ck_assert_int_eq(record_writer_open(&writer, "/dev/null"), -EINVAL);
    ck_assert_int_eq(record_writer_open(&writer, "none/record"), -ENOENT);
    write_copy((const unsigned char *)before, sizeof before);
    limit_file(0);
    ck_assert_int_eq(record_writer_open(&writer, "copy"), -EFBIG);
    ck_assert_int_eq(record_writer_open(&writer, file), -EFBIG);
    limit_file(RLIM_INFINITY);
    ck_assert_int_ne(access(file, F_OK), 0);
    cleanup_file FILE *in = fopen("copy", "re");
    ck_assert_uint_eq(fread(after, 1, sizeof after, in), sizeof after);
    ck_assert_mem_eq(before, after, sizeof before);
}
END_TEST

START_TEST(what_is_no_record_is_not_read)
{
    struct record_reader *reader;
    ck_assert_int_eq(record_reader_open(&reader, "none"), -ENOENT);
    ck_assert_int_eq(record_reader_open(&reader, "."), -EBADMSG);
    ck_assert_int_eq(record_reader_open(&reader, "/dev/null"), -EBADMSG);
    write_copy((const unsigned char *)"coffer record 2\nand more", 24);
    ck_assert_int_eq(record_reader_open(&reader, "copy"), -EBADMSG);
    ck_assert_ptr_null(reader);
}
END_TEST

/* What the writer said is written is there after kill -9. */
START_TEST(a_writer_that_is_killed_loses_nothing)
{
    static struct sample sample;
    uint64_t *added = mmap(NULL, sizeof *added, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(added, MAP_FAILED);
    for (uint64_t many = 1; many < 20000; many *= 9) {
        *added = 0;
        pid_t child = fork();
        if (child == 0) {
            struct record_writer *writer;
            if (record_writer_open(&writer, file) != 0)
                _exit(1);
            for (uint64_t i = 0; record_writer_add(writer, sample_of(&sample, i, 0)) == 0; i++)
                __atomic_store_n(added, i + 1, __ATOMIC_RELEASE);
            _exit(1);
        }
        while (__atomic_load_n(added, __ATOMIC_ACQUIRE) < many && waitpid(child, NULL, WNOHANG) == 0)
            (void)sched_yield();
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        struct outcome outcome = read_samples(file, UINT64_MAX);
        ck_assert_uint_ge(outcome.events, *added);
        ck_assert_uint_le(outcome.events, *added + 1);
        ck_assert_uint_eq(outcome.wrong, 0);
        ck_assert_uint_eq(outcome.damages, 1);
    }
    (void)munmap(added, sizeof *added);
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
        ck_assert_int_eq(record_writer_add(writer, sample_of(&sample, i, 0)), 0);
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

static long resident_peak(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* A compile's shape: headers that repeat, a few new names. Neither writer nor reader grows with the events. */
START_TEST(a_million_events_take_little)
{
    enum { COUNT = 1000000 };
    char path[64];
    struct record_writer *writer;
    struct record_reader *reader;
    struct record_damage damage;
    struct record_event event = {.call = "openat", .path = path};
    ck_assert_int_eq(record_writer_open(&writer, file), 0);
    long before = resident_peak();
    for (uint64_t i = 0; i < COUNT; i++) {
        event.kind = i % 4 == 0 ? RECORD_ABSENT : RECORD_READ;
        event.error = i % 4 == 0 ? ENOENT : 0;
        event.time += 70000;
        event.process = (uint32_t)(1 + i / 500);
        (void)snprintf(path, sizeof path, i % 50 == 0 ? "/usr/src/object-%u.o" : "/usr/include/linux/header-%u.h",
                       (unsigned)(i % 50 == 0 ? i : i % 700));
        ck_assert_int_eq(record_writer_add(writer, &event), 0);
    }
    ck_assert_uint_lt(record_writer_size(writer), 16 * (uint64_t)COUNT);
    ck_assert_int_eq(record_writer_close(writer), 0);
    ck_assert_int_eq(record_reader_open(&reader, file), 0);
    uint64_t events = 0;
    while (record_reader_next(reader, &event, &damage) == 1)
        events++;
    record_reader_close(reader);
    ck_assert_uint_eq(events, COUNT);
    ck_assert_int_lt(resident_peak() - before, 16 << 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record store");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, words_of_kinds_are_found);
    tcase_add_test(tests, each_kind_comes_back);
    tcase_add_test(tests, many_events_come_back);
    tcase_add_test(tests, a_file_cut_off_anywhere_gives_the_events_before);
    tcase_add_test(tests, a_wrong_byte_takes_its_block_along);
    tcase_add_test(tests, the_other_blocks_are_read);
    tcase_add_test(tests, a_block_that_is_missing_is_noticed);
    tcase_add_test(tests, texts_of_any_size_fit);
    tcase_add_test(tests, what_makes_no_sense_is_refused);
    tcase_add_test(tests, without_room_what_was_written_stays);
    tcase_add_test(tests, only_a_file_that_can_be_written_is_replaced);
    tcase_add_test(tests, what_is_no_record_is_not_read);
    tcase_add_test(tests, a_writer_that_is_killed_loses_nothing);
    tcase_add_test(tests, a_file_that_is_cut_off_meanwhile_does_no_harm);
    tcase_add_test(tests, a_million_events_take_little);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
