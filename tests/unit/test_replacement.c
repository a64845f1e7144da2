/*
 * A file that is written anew: when it is there, and what of writing it is noticed.
 */
#include "supervisor/replacement.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/coffer-replacement-XXXXXX";

static int writes;

/* The first write fails, the others do not. */
static ssize_t write_later(void *cookie, const char *data, size_t size)
{
    (void)cookie;
    (void)data;
    errno = ENOSPC;
    return writes++ == 0 ? 0 : (ssize_t)size;
}

START_TEST(an_early_failure_is_one_at_the_end)
{
    static char buffer[16];
    FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_later});
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(setvbuf(out, buffer, _IOFBF, sizeof buffer), 0);
    (void)fputs("more than there is room for in the buffer", out);
    (void)fputs("again more than there is room for in the buffer", out);
    ck_assert_int_lt(replacement_flush(out), 0);
    (void)fclose(out);
}
END_TEST

START_TEST(what_fails_leaves_what_was_there)
{
    struct replacement replacement;
    FILE *out;
    struct stat st;
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    for (int there = 0; there < 2; there++) {
        ck_assert_int_eq(replacement_begin(&replacement, "file", &out), 0);
        (void)fputs("no", out);
        ck_assert_int_eq(replacement_end(&replacement, out, -EIO), -EIO);
        ck_assert_int_eq(stat("file", &st), there - 1);
        ck_assert_int_eq(replacement_begin(&replacement, "file", &out), 0);
        (void)fputs("new", out);
        ck_assert_int_eq(replacement_end(&replacement, out, 0), 0);
        ck_assert_int_eq(stat("file", &st), 0);
        ck_assert_int_eq(st.st_size, 3);
        ck_assert_int_eq(access(replacement.beside, F_OK), -1);
    }
    ck_assert_int_eq(unlink("file"), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* A write that is larger than the buffer goes past it, and leaves nothing for fclose() to fail with. */
START_TEST(what_does_not_fit_leaves_what_was_there)
{
    static char data[1 << 20];
    static const struct rlimit small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    static const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    struct replacement replacement;
    FILE *out;
    char file[] = "/tmp/coffer-replacement-XXXXXX";
    int fd = mkstemp(file);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(replacement_begin(&replacement, file, &out), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    (void)fwrite(data, 1, sizeof data, out);
    int status = replacement_end(&replacement, out, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    ck_assert_int_lt(status, 0);
    struct stat st;
    ck_assert_int_eq(stat(file, &st), 0);
    ck_assert_int_eq(st.st_size, 0);
    ck_assert_int_eq(access(replacement.beside, F_OK), -1);
    ck_assert_int_eq(unlink(file), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replacement");
    TCase *tests = tcase_create("replacement");
    tcase_add_test(tests, an_early_failure_is_one_at_the_end);
    tcase_add_test(tests, what_fails_leaves_what_was_there);
    tcase_add_test(tests, what_does_not_fit_leaves_what_was_there);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
