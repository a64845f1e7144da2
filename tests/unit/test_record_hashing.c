/*
 * Files that are hashed beside a run: what the digests are, and when there is none.
 */
#include "supervisor/record/hashing.h"

#include "emul/cleanup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { ALL = 1 << RECORD_SHA256 | 1 << RECORD_BLAKE2B | 1 << RECORD_GIT_BLOB };

static const char file[] = "file";

static void write_file(const char *name, const char *content)
{
    FILE *out = fopen(name, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(content, out), 0);
    ck_assert_int_eq(fclose(out), 0);
}

static const char *hexadecimal(const struct digests *digests, enum record_hash algorithm)
{
    static char text[2 * RECORD_DIGEST_MAX + 1];
    text[0] = '\0';
    for (size_t i = 0; i < digests->of[algorithm].size; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digests->of[algorithm].bytes[i]);
    return text;
}

START_TEST(lists_of_algorithms_are_read)
{
    unsigned algorithms;
    ck_assert_ptr_null(digest_parse("sha256", &algorithms));
    ck_assert_uint_eq(algorithms, 1U << RECORD_SHA256);
    ck_assert_ptr_null(digest_parse("git,blake2b,sha256,git", &algorithms));
    ck_assert_uint_eq(algorithms, ALL);
    const char *const wrong[] = {"", ",", "sha256,", ",git", "sha", "sha2567", "sha256 git", "SHA256"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_ptr_nonnull(digest_parse(wrong[i], &algorithms));
}
END_TEST

/* What sha256sum, b2sum and git hash-object say. */
START_TEST(digests_are_those_of_others)
{
    struct digests digests;
    struct digester *digester = digester_new(ALL, NULL);
    ck_assert_ptr_nonnull(digester);
    write_file(file, "abc");
    cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(digester_file(digester, fd, 3, &digests), 0);
        ck_assert_uint_eq(digests.size, 3);
        ck_assert_str_eq(hexadecimal(&digests, RECORD_SHA256),
                         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        ck_assert_str_eq(hexadecimal(&digests, RECORD_BLAKE2B),
                         "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                         "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
        ck_assert_str_eq(hexadecimal(&digests, RECORD_GIT_BLOB), "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f");
    }
    ck_assert_int_eq(digester_file(digester, fd, 2, &digests), -ESTALE);
    ck_assert_int_eq(digester_file(digester, fd, 4, &digests), -ESTALE);
    digester_free(digester);
}
END_TEST

START_TEST(what_is_cancelled_ends)
{
    static const atomic_bool cancelled = true;
    struct digests digests;
    struct digester *digester = digester_new(ALL, &cancelled);
    write_file(file, "abc");
    cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(digester_file(digester, fd, 3, &digests), -ECANCELED);
    digester_free(digester);
}
END_TEST

static struct hashing *start(void)
{
    const struct hashing_options options = {.algorithms = 1U << RECORD_GIT_BLOB};
    struct hashing *hashing = hashing_new(&options);
    ck_assert_ptr_nonnull(hashing);
    return hashing;
}

static struct stat stat_of(const char *name)
{
    struct stat st;
    ck_assert_int_eq(stat(name, &st), 0);
    return st;
}

static bool add(struct hashing *hashing, const char *name, const struct stat *st, bool touched)
{
    const struct hashing_file wanted = {
        .fd = open(name, O_RDONLY | O_CLOEXEC),
        .st = st,
        .path = name,
        .state = RECORD_BEFORE,
        .touched = touched,
    };
    return hashing_add(hashing, &wanted);
}

/* The only one that is on its way. */
static struct hashing_result wait_for(struct hashing *hashing)
{
    struct hashing_result result;
    hashing_sleep(hashing);
    ck_assert(hashing_next(hashing, &result));
    return result;
}

START_TEST(a_file_is_hashed_once)
{
    struct hashing *hashing = start();
    struct hashing_result result;
    write_file(file, "abc");
    struct stat st = stat_of(file);
    ck_assert_int_eq((int)hashing_progress(hashing, &st), (int)HASHING_NEW);
    ck_assert(!hashing_next(hashing, &result));
    ck_assert(add(hashing, file, &st, false));
    ck_assert_int_eq((int)hashing_progress(hashing, &st), (int)HASHING_PENDING);
    result = wait_for(hashing);
    ck_assert_int_eq((int)hashing_progress(hashing, &st), (int)HASHING_DONE);
    ck_assert_str_eq(result.path, file);
    ck_assert_ptr_nonnull(result.digests);
    ck_assert_str_eq(hexadecimal(result.digests, RECORD_GIT_BLOB), "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f");
    ck_assert(!hashing_next(hashing, &result));
    ck_assert(!hashing_is_busy(hashing));
    ck_assert(!hashing_wait(hashing));
    hashing_free(hashing);
}
END_TEST

START_TEST(what_was_settled_is_not_new)
{
    struct hashing *hashing = start();
    write_file(file, "abc");
    struct stat st = stat_of(file);
    hashing_settle(hashing, &st);
    ck_assert_int_eq((int)hashing_progress(hashing, &st), (int)HASHING_DONE);
    st.st_dev++;
    ck_assert_int_eq((int)hashing_progress(hashing, &st), (int)HASHING_NEW);
    hashing_free(hashing);
}
END_TEST

/* As if somebody had written to it between the stop and the end of the reading. */
START_TEST(a_file_that_changed_meanwhile_has_no_digest)
{
    struct hashing *hashing = start();
    for (int i = 0; i < 4; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "file%d", i);
        write_file(name, "abc");
        struct stat st = stat_of(name);
        st.st_size += i == 0;
        st.st_mtim.tv_sec -= i == 1;
        st.st_ctim.tv_sec -= i >= 2;
        ck_assert(add(hashing, name, &st, i == 3));
        struct hashing_result result = wait_for(hashing);
        /* Of the last one the run itself has changed the ctime alone. */
        ck_assert_int_eq(result.digests != NULL, i == 3);
    }
    hashing_free(hashing);
}
END_TEST

START_TEST(there_is_room_for_some)
{
    enum { COUNT = 1000 };
    struct hashing *hashing = start();
    struct hashing_result result;
    int added = 0, ended = 0;
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "file%d", i);
        write_file(name, name);
        struct stat st = stat_of(name);
        while (!hashing_has_room(hashing)) {
            hashing_sleep(hashing);
            ck_assert(hashing_next(hashing, &result));
            ended++;
        }
        added += add(hashing, name, &st, false);
        hashing_hurry(hashing, &st);
        hashing_touch(hashing, &st);
    }
    while (hashing_is_busy(hashing))
        hashing_sleep(hashing);
    while (hashing_next(hashing, &result))
        ended += result.digests != NULL;
    ck_assert_int_eq(added, COUNT);
    ck_assert_int_eq(ended, COUNT);
    hashing_free(hashing);
}
END_TEST

/* Nobody waits for what is on its way; nothing is left behind (the sanitizers look). */
START_TEST(it_ends_in_the_middle)
{
    struct hashing *hashing = start();
    for (int i = 0; i < 20; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "file%d", i);
        write_file(name, "");
        ck_assert_int_eq(truncate(name, 1 << 28), 0);
        struct stat st = stat_of(name);
        ck_assert(add(hashing, name, &st, false));
    }
    hashing_free(hashing);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hashing");
    TCase *tests = tcase_create("hashing");
    tcase_add_test(tests, lists_of_algorithms_are_read);
    tcase_add_test(tests, digests_are_those_of_others);
    tcase_add_test(tests, what_is_cancelled_ends);
    tcase_add_test(tests, a_file_is_hashed_once);
    tcase_add_test(tests, what_was_settled_is_not_new);
    tcase_add_test(tests, a_file_that_changed_meanwhile_has_no_digest);
    tcase_add_test(tests, there_is_room_for_some);
    tcase_add_test(tests, it_ends_in_the_middle);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
