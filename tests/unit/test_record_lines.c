/*
 * The formats that are a line an event: what each kind becomes, odd names, and records that are damaged.
 */
#include "tests/unit/build_record.h"
#include "tests/unit/record_place.h"

#include "supervisor/record/formats.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

static char *text;
static size_t text_size;
static struct format_context context;

static void setup(void)
{
    record_place_enter();
    struct build build = {.files = 1, .hashes = true, .odd = true};
    build_write(RECORD, &build);
}

static void teardown(void)
{
    free(text);
    text = NULL;
    record_place_leave();
}

static int make(const char *format)
{
    const struct format *found = format_find(format);
    ck_assert_ptr_nonnull(found);
    ck_assert(found->no_database);
    free(text);
    context = (struct format_context){.record = RECORD, .out = open_memstream(&text, &text_size)};
    int status = found->write(&context);
    ck_assert_int_eq(fclose(context.out), 0);
    return status;
}

/* The first line that has the word, as JSON. */
static json_t *line_with(const char *word)
{
    const char *found = strstr(text, word), *start = found;
    ck_assert_msg(found != NULL, "no %s in %s", word, text);
    while (start > text && start[-1] != '\n')
        start--;
    json_t *line = json_loadb(start, strcspn(start, "\n"), 0, NULL);
    ck_assert_ptr_nonnull(line);
    return line;
}

static const char *string_of(const json_t *line, const char *key)
{
    const char *string = json_string_value(json_object_get(line, key));
    return string == NULL ? "(none)" : string;
}

START_TEST(a_line_of_json_an_event)
{
    ck_assert_int_eq(make("jsonl"), 0);
    size_t lines = 0;
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1, lines++) {
        json_t *line = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json_is_object(line), "%.*s", (int)(end - at), at);
        json_decref(line);
    }
    ck_assert_uint_eq(lines, 56);
    json_auto_t *absent = line_with("GNUmakefile");
    ck_assert_str_eq(string_of(absent, "event"), "absent");
    ck_assert_str_eq(string_of(absent, "path"), "/home/u/p/GNUmakefile");
    ck_assert_str_eq(string_of(absent, "said"), "GNUmakefile");
    ck_assert_str_eq(string_of(absent, "error"), "ENOENT");
    json_auto_t *killed = line_with("KILL");
    ck_assert_str_eq(string_of(killed, "event"), "exit");
    ck_assert_int_eq(json_integer_value(json_object_get(killed, "process")), 2);
}
END_TEST

START_TEST(odd_bytes_stand_in_hexadecimal)
{
    ck_assert_int_eq(make("jsonl"), 0);
    json_auto_t *line = line_with("path_hex");
    const char *hex = string_of(line, "path_hex");
    char bytes[sizeof BUILD_ODD] = "";
    ck_assert_uint_eq(strlen(hex), 2 * strlen(BUILD_ODD));
    for (size_t i = 0; i + 1 < sizeof bytes; i++) {
        unsigned byte;
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (char)byte;
    }
    ck_assert_str_eq(bytes, BUILD_ODD);
}
END_TEST

static const char *const strace_lines[] = {
    "1001  0.002000 execve(\"/usr/bin/make\", [\"make\", \"-j2\"]) = 0\n",
    " openat(\"GNUmakefile\"</home/u/p/GNUmakefile>) = -1 ENOENT (No such file or directory)\n",
    " openat(\"src/f0.c\"</home/u/p/src/f0.c>, O_RDONLY) = 0\n",
    " openat(\"/home/u/p/bad\\377\\\"\\\\ \\n\\33&<>|{}\\302\\233.txt\", O_WRONLY|O_CREAT) = 0\n",
    "1001  0.010000 vfork() = 1010\n",
    " newfstatat(\"/home/u/p/Makefile\") = 0 /* and 3 more */\n",
    " symlink(\"final\", \"/home/u/p/link\") = 0\n",
    " rename(\"/home/u/p/new~\", \"/home/u/p/final\") = 0\n",
    " openat(\"/home/u/p/log\", O_RDWR) = 0\n",
    " --- refused \"/home/u/.ssh/id\" ---\n",
    " +++ killed by SIGKILL +++\n",
    "1001  0.054000 +++ exited with 2 +++\n",
};

START_TEST(lines_like_strace)
{
    ck_assert_int_eq(make("strace"), 0);
    for (size_t i = 0; i < sizeof strace_lines / sizeof strace_lines[0]; i++)
        ck_assert_msg(strstr(text, strace_lines[i]) != NULL, "no %sin %s", strace_lines[i], text);
    for (const char *p = text; *p != '\0'; p++)
        ck_assert_msg(*p == '\n' || (*p >= ' ' && *p < 0x7f), "byte %02x", (unsigned char)*p);
}
END_TEST

START_TEST(what_can_be_read_of_a_damaged_record)
{
    static const char *const names[] = {"jsonl", "strace"};
    struct stat about;
    ck_assert_int_eq(stat(RECORD, &about), 0);
    ck_assert_int_eq(truncate(RECORD, about.st_size - 40), 0);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(make(names[i]), -EUCLEAN);
        ck_assert_msg(strstr(context.why, "damaged from byte ") != NULL, "%s", context.why);
        ck_assert_ptr_nonnull(strstr(text, "damaged"));
    }
}
END_TEST

START_TEST(no_record_at_all)
{
    int fd = open(RECORD, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "something else\n", 15), 15);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(make("jsonl"), -EBADMSG);
    ck_assert_str_eq(context.why, "record: not a record");
    ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_lines");
    TCase *tests = tcase_create("lines");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_line_of_json_an_event);
    tcase_add_test(tests, odd_bytes_stand_in_hexadecimal);
    tcase_add_test(tests, lines_like_strace);
    tcase_add_test(tests, what_can_be_read_of_a_damaged_record);
    tcase_add_test(tests, no_record_at_all);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
