/*
 * A record as a file: what was written is read again, whatever happens to the writer.
 */
#include "emul/cleanup.h"
#include "supervisor/record/block.h"
#include "tests/unit/record_file.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

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
    cleanup_file FILE *kept = fopen("kept", "w+e");
    ck_assert_ptr_nonnull(kept);
    ck_assert_uint_eq(fwrite(before, 1, sizeof before, kept), sizeof before);
    ck_assert_int_eq(fflush(kept), 0);
    limit_file(0);
    ck_assert_int_eq(record_writer_open(&writer, "kept"), -EFBIG);
    ck_assert_int_eq(record_writer_open(&writer, file), -EFBIG);
    limit_file(RLIM_INFINITY);
    ck_assert_int_ne(access(file, F_OK), 0);
    rewind(kept);
    ck_assert_uint_eq(fread(after, 1, sizeof after, kept), sizeof after);
    ck_assert_int_eq(unlink("kept"), 0);
    ck_assert_mem_eq(before, after, sizeof before);
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
        REQUIRE(record_writer_add(writer, &event) == 0);
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
    tcase_add_test(tests, texts_of_any_size_fit);
    tcase_add_test(tests, what_makes_no_sense_is_refused);
    tcase_add_test(tests, without_room_what_was_written_stays);
    tcase_add_test(tests, only_a_file_that_can_be_written_is_replaced);
    tcase_add_test(tests, a_writer_that_is_killed_loses_nothing);
    tcase_add_test(tests, a_million_events_take_little);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
