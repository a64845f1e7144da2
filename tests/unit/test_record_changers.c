/*
 * Who changed a path, as `coffer diff` asks the records of a layer.
 */
#include "supervisor/record/changers.h"

#include "tests/unit/build_record.h"
#include "tests/unit/record_place.h"

static struct build build;
static struct changer found[CHANGERS_MAX];

static void setup(void)
{
    record_place_enter();
    build = (struct build){.files = 0};
    ck_assert_int_eq(record_writer_open(&build.writer, RECORD), 0);
    build_begin(&build);
}

/* How many changed it, by the record; `found` has them. */
static size_t who_changed(const char *path)
{
    const char *const records[] = {RECORD};
    ck_assert_int_eq(record_writer_close(build.writer), 0);
    struct changers *changers = changers_open(records, 1);
    ck_assert_ptr_nonnull(changers);
    size_t count = changers_of(changers, path, found);
    changers_close(changers);
    return count;
}

/* make begins a process that writes and then becomes cat: it was make that wrote. */
START_TEST(what_a_process_was_before_it_executed)
{
    struct record_event start = {.kind = RECORD_START, .process = 2, .call = "clone", .start = {1, 1002, false}};
    struct record_event executed = {.kind = RECORD_EXECUTED, .process = 2, .call = "execve", .path = "/usr/bin/cat"};
    build_add(&build, start);
    build_file(&build, 2, RECORD_CREATE, "openat", "/home/u/p/made");
    build_add(&build, executed);
    ck_assert_uint_eq(who_changed("/home/u/p/made"), 1);
    ck_assert_int_eq(found[0].pid, 1002);
    ck_assert_str_eq(found[0].program, "make");
    changers_release(found, 1);
}
END_TEST

START_TEST(what_it_was_afterwards)
{
    build_start(&build, 2, 1, "/usr/bin/tee", "tee", 4);
    build_file(&build, 2, RECORD_WRITE, "openat", "/home/u/p/made");
    ck_assert_uint_eq(who_changed("/home/u/p/made"), 1);
    ck_assert_str_eq(found[0].program, "tee");
    changers_release(found, 1);
}
END_TEST

START_TEST(nobody)
{
    ck_assert_uint_eq(who_changed("/home/u/p/made"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_changers");
    TCase *tests = tcase_create("changers");
    tcase_add_checked_fixture(tests, setup, record_place_leave);
    tcase_add_test(tests, what_a_process_was_before_it_executed);
    tcase_add_test(tests, what_it_was_afterwards);
    tcase_add_test(tests, nobody);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
