/* Texts in a page: what no name may do to it, and each once. */
#include "supervisor/record/page_text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static char *written(void (*write)(FILE *out, const void *what), const void *what)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(out);
    write(out, what);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static void write_text(FILE *out, const void *what)
{
    page_text_write(out, what);
}

static void write_texts(FILE *out, const void *what)
{
    page_texts_write(out, what);
}

static void check_text(const char *text, const char *wanted)
{
    char *seen = written(write_text, text);
    ck_assert_str_eq(seen, wanted);
    free(seen);
}

START_TEST(test_nothing_ends_the_script)
{
    check_text("</script>", "\"\\u003c/script\\u003e\"");
    check_text("<!--&'", "\"\\u003c!--\\u0026\\u0027\"");
    check_text("\xe2\x80\xa8-\xe2\x80\xa9-\xe2\x80\xaa", "\"\\u2028-\\u2029-\xe2\x80\xaa\"");
}
END_TEST

START_TEST(test_any_bytes_are_json)
{
    check_text("", "\"\"");
    check_text("a\"b\\c\nd\x01\x7f", "\"a\\\"b\\\\c\\u000ad\\u0001\\u007f\"");
    check_text("caf\xc3\xa9", "\"caf\xc3\xa9\"");
    check_text("\xff\x80z\xc3", "\"\\udcff\\udc80z\\udcc3\"");
    check_text("\xed\xb2\x80", "\"\\udced\\udcb2\\udc80\""); /* U+DC80 itself, which is no UTF-8 */
}
END_TEST

START_TEST(test_a_text_is_there_once)
{
    struct page_texts texts = {0};
    static const char *const words[] = {"gcc", "-c", "gcc", "", "-c", ""};
    static const size_t numbers[] = {0, 1, 0, 2, 1, 2};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t number = 99;
        ck_assert_int_eq(page_texts_number(&texts, words[i], &number), 0);
        ck_assert_uint_eq(number, numbers[i]);
    }
    char *seen = written(write_texts, &texts);
    ck_assert_str_eq(seen, "[\"gcc\",\n\"-c\",\n\"\"]");
    free(seen);
    page_texts_free(&texts);
    ck_assert_uint_eq(texts.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_page");
    TCase *tests = tcase_create("texts");
    tcase_add_test(tests, test_nothing_ends_the_script);
    tcase_add_test(tests, test_any_bytes_are_json);
    tcase_add_test(tests, test_a_text_is_there_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
