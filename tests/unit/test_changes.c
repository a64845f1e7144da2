/*
 * What a layer changes, as diff tells it: every pair of objects, and layers that somebody forged.
 */
#include "tests/unit/scratch_layer.h"

static struct scratch scratch;
static struct lines lines;

static void setup(void)
{
    scratch_make(&scratch);
}

static void teardown(void)
{
    scratch_done(&scratch);
}

static const struct {
    char upper, host;
    const char *same; /* content of the layer's, when it is not "new" */
    const char *expected;
} pairs[] = {
    {'f', 'f', NULL, "M x\n"},
    {'f', 'f', "old", ""},
    {'f', 'e', NULL, "T x\n"},
    {'f', 'l', NULL, "T x\n"},
    {'f', '-', NULL, "A x\n"},
    {'d', 'f', NULL, "T x\nA x/in\n"},
    {'d', 'e', NULL, "M x/in\n"},
    {'d', 'e', "old", ""},
    {'d', 'l', NULL, "T x\nA x/in\n"},
    {'d', '-', NULL, "A x\nA x/in\n"},
    {'l', 'f', NULL, "T x\n"},
    {'l', 'e', NULL, "T x\n"},
    {'l', 'l', NULL, "M x\n"},
    {'l', 'l', "old", ""},
    {'l', '-', NULL, "A x\n"},
    {'-', 'f', NULL, ""},
    {'-', 'e', NULL, ""},
    {'-', 'l', NULL, ""},
    {'-', '-', NULL, ""},
    {'o', 'f', NULL, "T x\nA x/in\n"},
    {'o', 'e', NULL, "M x/in\nD x/other\n"},
    {'o', 'e', "old", "D x/other\n"},
    {'o', 'l', NULL, "T x\nA x/in\n"},
    {'o', '-', NULL, "A x\nA x/in\n"},
    {'w', 'f', NULL, "D x\n"},
    {'w', 'e', NULL, "D x\n"},
    {'w', 'l', NULL, "D x\n"},
    {'w', '-', NULL, ""},
};

START_TEST(every_pair)
{
    put_kind(path_of("%s/x", scratch.upper), pairs[_i].upper, pairs[_i].same == NULL ? "new" : pairs[_i].same);
    put_kind(path_of("%s/x", scratch.host), pairs[_i].host, "old");
    ck_assert_msg(strcmp(diff_lines(&scratch, &lines, NULL, 0), pairs[_i].expected) == 0,
                  "%c over %c: expected \"%s\" but got \"%s\"", pairs[_i].upper, pairs[_i].host, pairs[_i].expected,
                  lines.text);
}
END_TEST

START_TEST(mode_owner_time_and_attributes_are_metadata)
{
    static const char *const names[] = {"mode", "time", "xattr", "owner"};
    for (size_t i = 0; i < 4; i++) {
        put_file(path_of("%s/%s", scratch.host, names[i]), "same", 0644);
        put_file(path_of("%s/%s", scratch.upper, names[i]), "same", 0644);
    }
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    ck_assert_int_eq(chmod(path_of("%s/mode", scratch.upper), 0755), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, path_of("%s/time", scratch.upper), times, 0), 0);
    ck_assert_int_eq(setxattr(path_of("%s/xattr", scratch.upper), "user.mine", "1", 1, 0), 0);
    put_override(path_of("%s/owner", scratch.upper), "4711:4711:0644");
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "m mode\nm owner\nm time\nm xattr\n");
}
END_TEST

START_TEST(directories_differ_by_mode_but_not_by_time)
{
    put_dir(path_of("%s/d", scratch.host));
    put_dir(path_of("%s/d", scratch.upper));
    const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path_of("%s/d", scratch.upper), times, 0), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    ck_assert_int_eq(chmod(path_of("%s/d", scratch.upper), 0700), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "m d\n");
}
END_TEST

START_TEST(forged_attributes_are_not_believed)
{
    static const char *const texts[] = {"",    "x",           "0:0", "0:0:", "-1:0:0644", "99999999999:0:0644",
                                        ":::", "0:0:0644junk"};
    put_file(path_of("%s/f", scratch.host), "same", 0644);
    put_file(path_of("%s/f", scratch.upper), "same", 0644);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_override(path_of("%s/f", scratch.upper), texts[i]);
        ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    }
    char *long_text = calloc(1, 2000);
    memset(long_text, '7', 1999);
    put_override(path_of("%s/f", scratch.upper), long_text);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    put_dir(path_of("%s/d", scratch.host));
    put_file(path_of("%s/d/kept", scratch.host), "", 0644);
    put_dir(path_of("%s/d", scratch.upper));
    put_opaque(path_of("%s/d", scratch.upper), "q");
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    free(long_text);
}
END_TEST

START_TEST(the_order_is_that_of_whole_paths)
{
    put_dir(path_of("%s/a", scratch.upper));
    put_file(path_of("%s/a/z", scratch.upper), "", 0644);
    put_file(path_of("%s/a-b", scratch.upper), "", 0644);
    put_file(path_of("%s/a.c", scratch.upper), "", 0644);
    put_file(path_of("%s/a0", scratch.upper), "", 0644);
    put_file(path_of("%s/B", scratch.upper), "", 0644);
    put_file(path_of("%s/\xff", scratch.upper), "", 0644);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "A B\nA a\nA a-b\nA a.c\nA a/z\nA a0\nA \xff\n");
}
END_TEST

START_TEST(names_may_hold_anything)
{
    put_file(path_of("%s/a\nb", scratch.upper), "", 0644);
    put_whiteout(path_of("%s/ x", scratch.upper));
    put_file(path_of("%s/ x", scratch.host), "", 0644);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "D  x\nA a\nb\n");
}
END_TEST

START_TEST(opacity_reaches_all_the_way_down)
{
    put_dir(path_of("%s/d", scratch.host));
    put_dir(path_of("%s/d/sub", scratch.host));
    put_file(path_of("%s/d/sub/hidden", scratch.host), "", 0644);
    put_dir(path_of("%s/d", scratch.upper));
    put_opaque(path_of("%s/d", scratch.upper), "y");
    put_dir(path_of("%s/d/sub", scratch.upper));
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "D d/sub/hidden\n");
}
END_TEST

START_TEST(whiteouts_may_be_files_where_the_directory_says_so)
{
    put_dir(path_of("%s/d", scratch.host));
    put_file(path_of("%s/d/gone", scratch.host), "1", 0644);
    put_dir(path_of("%s/d", scratch.upper));
    put_file(path_of("%s/d/gone", scratch.upper), "", 0644);
    ck_assert_int_eq(setxattr(path_of("%s/d/gone", scratch.upper), "user.overlay.whiteout", "y", 1, 0), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "M d/gone\n");
    put_opaque(path_of("%s/d", scratch.upper), "x");
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "D d/gone\n");
}
END_TEST

START_TEST(paths_limit_what_is_told)
{
    put_dir(path_of("%s/d", scratch.upper));
    put_file(path_of("%s/d/a", scratch.upper), "", 0644);
    put_file(path_of("%s/d/b", scratch.upper), "", 0644);
    put_file(path_of("%s/da", scratch.upper), "", 0644);
    char *one[] = {path_of("%s/d", scratch.host)};
    char *two[] = {path_of("%s/d/b", scratch.host), path_of("%s/da", scratch.host)};
    char *none[] = {path_of("%s/none", scratch.host)};
    ck_assert_str_eq(diff_lines(&scratch, &lines, one, 1), "A d\nA d/a\nA d/b\n");
    ck_assert_str_eq(diff_lines(&scratch, &lines, two, 2), "A d/b\nA da\n");
    ck_assert_str_eq(diff_lines(&scratch, &lines, none, 1), "");
}
END_TEST

START_TEST(links_on_the_host_are_not_followed)
{
    put_dir(path_of("%s/real", scratch.host));
    put_file(path_of("%s/real/f", scratch.host), "old", 0644);
    put_link(path_of("%s/d", scratch.host), "real");
    put_dir(path_of("%s/d", scratch.upper));
    put_file(path_of("%s/d/f", scratch.upper), "old", 0644);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "T d\nA d/f\n");
}
END_TEST

START_TEST(files_without_read_permission_are_compared)
{
    put_file(path_of("%s/f", scratch.host), "same", 0644);
    put_file(path_of("%s/f", scratch.upper), "same", 0644);
    put_override(path_of("%s/f", scratch.upper), path_of("%u:%u:0644", getuid(), getgid()));
    ck_assert_int_eq(chmod(path_of("%s/f", scratch.upper), 0), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    struct stat st;
    ck_assert_int_eq(stat(path_of("%s/f", scratch.upper), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("changes");
    TCase *cases = tcase_create("changes");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, every_pair, 0, (int)(sizeof pairs / sizeof *pairs));
    tcase_add_test(cases, mode_owner_time_and_attributes_are_metadata);
    tcase_add_test(cases, directories_differ_by_mode_but_not_by_time);
    tcase_add_test(cases, forged_attributes_are_not_believed);
    tcase_add_test(cases, the_order_is_that_of_whole_paths);
    tcase_add_test(cases, names_may_hold_anything);
    tcase_add_test(cases, opacity_reaches_all_the_way_down);
    tcase_add_test(cases, whiteouts_may_be_files_where_the_directory_says_so);
    tcase_add_test(cases, paths_limit_what_is_told);
    tcase_add_test(cases, links_on_the_host_are_not_followed);
    tcase_add_test(cases, files_without_read_permission_are_compared);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
