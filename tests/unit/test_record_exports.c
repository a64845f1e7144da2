/*
 * The formats that are made from the database: trace events, drawings, statements.
 */
#include "tests/unit/build_record.h"
#include "tests/unit/record_place.h"

#include "supervisor/record/formats.h"
#include "supervisor/record/load.h"

#include <errno.h>
#include <jansson.h>

static char *text;
static size_t text_size;
static struct format_context context;
static struct record_loaded loaded;

static void load(unsigned files, bool hashes)
{
    struct build build = {.files = files, .hashes = hashes, .odd = true};
    build_write(RECORD, &build);
    ck_assert_msg(record_load(&loaded, RECORD, NULL, NULL) == 0, "%s", loaded.why);
}

static void teardown(void)
{
    record_loaded_close(&loaded);
    free(text);
    text = NULL;
    record_place_leave();
}

static int make(const char *format)
{
    const struct format *found = format_find(format);
    ck_assert_ptr_nonnull(found);
    free(text);
    context = (struct format_context){.record = RECORD, .database = loaded.database};
    context.out = open_memstream(&text, &text_size);
    int status = found->write(&context);
    ck_assert_int_eq(fclose(context.out), 0);
    return status;
}

/* The format as JSON, which the caller gives up. */
static json_t *make_json(const char *format)
{
    json_error_t error;
    ck_assert_msg(make(format) == 0, "%s", context.why);
    json_t *document = json_loadb(text, text_size, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(document != NULL, "%s at %d", error.text, error.position);
    return document;
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *string_of(const json_t *object, const char *key)
{
    const char *string = json_string_value(json_object_get(object, key));
    return string == NULL ? "(none)" : string;
}

static bool has_phase(const json_t *event, char phase)
{
    return string_of(event, "ph")[0] == phase;
}

/* Whether two slices have a lane for themselves, each. */
static bool apart(const json_t *a, const json_t *b)
{
    json_int_t a_end = number_of(a, "ts") + number_of(a, "dur"), b_end = number_of(b, "ts") + number_of(b, "dur");
    return number_of(a, "tid") != number_of(b, "tid") || a_end <= number_of(b, "ts") || b_end <= number_of(a, "ts");
}

START_TEST(slices_of_a_lane_follow_each_other)
{
    load(3, false);
    json_auto_t *document = make_json("trace");
    json_t *events = json_object_get(document, "traceEvents"), *a, *b;
    size_t i, j, slices = 0;
    json_int_t lanes = 0;
    json_array_foreach(events, i, a)
    {
        slices += has_phase(a, 'X');
        lanes = number_of(a, "tid") > lanes ? number_of(a, "tid") : lanes;
        json_array_foreach(events, j, b) ck_assert(i >= j || !has_phase(a, 'X') || !has_phase(b, 'X') || apart(a, b));
    }
    ck_assert_uint_eq(slices, 11);
    ck_assert_int_eq(lanes, 3); /* make, gcc, and cc1 or as */
}
END_TEST

START_TEST(nobody_is_alive_at_the_end)
{
    load(3, false);
    /* The record keeps microseconds: a process may end in the one in which it began. */
    ck_assert_int_eq(sqlite3_exec(loaded.database, "UPDATE process SET end = start WHERE parent = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_gt(sqlite3_changes(loaded.database), 0);
    json_auto_t *document = make_json("trace");
    const json_t *event;
    json_int_t alive = -1;
    size_t i;
    json_array_foreach(json_object_get(document, "traceEvents"), i, event)
    {
        if (has_phase(event, 'C'))
            alive = number_of(json_object_get(event, "args"), "alive");
    }
    ck_assert_int_eq(alive, 0);
}
END_TEST

/* The slice of a process. */
static json_t *slice_of(json_t *events, json_int_t process)
{
    size_t i;
    json_t *event;
    json_array_foreach(events, i, event) if (has_phase(event, 'X') && number_of(json_object_get(event, "args"),
                                                                                "process") == process) return event;
    return NULL;
}

START_TEST(instants_lie_on_their_process)
{
    load(3, false);
    json_auto_t *document = make_json("trace");
    json_t *events = json_object_get(document, "traceEvents"), *event;
    size_t i, instants = 0;
    json_array_foreach(events, i, event)
    {
        if (!has_phase(event, 'i'))
            continue;
        json_t *slice = slice_of(events, number_of(json_object_get(event, "args"), "process"));
        json_int_t time = number_of(event, "ts"), start = number_of(slice, "ts");
        ck_assert_int_eq(number_of(event, "tid"), number_of(slice, "tid"));
        ck_assert(time >= start && time <= start + number_of(slice, "dur"));
        instants++;
    }
    ck_assert_uint_ge(instants, 40);
    ck_assert_ptr_nonnull(strstr(text, "\"name\":\"create f0.o\""));
    ck_assert_ptr_nonnull(strstr(text, "\"error\":\"ECONNREFUSED\""));
}
END_TEST

/* Not by strstr(): under AddressSanitizer that looks at all of the text each time. */
static unsigned count(const char *word)
{
    size_t length = strlen(word);
    unsigned found = 0;
    for (const char *at = text; *at != '\0'; at++)
        found += *at == *word && strncmp(at, word, length) == 0;
    return found;
}

START_TEST(instants_have_a_limit)
{
    load(1, false);
    /* Put there by hand: to record and load so many takes longer than the format does. */
    const char *many = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 101000) "
                       "INSERT INTO event (time, process, kind, path) SELECT 3000000, 1,"
                       " iif(n > 41000, 'create', 'look'), 1 FROM number";
    ck_assert_int_eq(sqlite3_exec(loaded.database, many, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(make("trace"), 0);
    ck_assert_uint_le(count("\"ph\":\"i\""), 100010);
    ck_assert_uint_ge(count("\"ph\":\"i\",\"cat\":\"create\""), 60000);
    ck_assert_ptr_nonnull(strstr(text, "\"left_out\":{\"look\":"));
}
END_TEST

START_TEST(a_small_drawing_has_all)
{
    load(2, false);
    ck_assert_int_eq(make("dot"), 0);
    static const char *const there[] = {
        "label=\"src/f0.c\"",   "label=\"cc1\\nsrc/f1.c\"",
        "label=\"/tmp/cc1.s\"", "label=\"out/f1.o\"",
        "label=\"final\"",      "label=\"bad\\\\377\\\"\\\\\\\\ \\\\n\\\\033&amp;<>|{}\\\\302\\\\233.txt\"",
    };
    static const char *const missing[] = {"GNUmakefile", "stdio.h", "new~", "ld-linux"};
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++)
        ck_assert_msg(count(there[i]) == 1, "%s in %s", there[i], text);
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        ck_assert_msg(count(missing[i]) == 0, "%s in %s", missing[i], text);
}
END_TEST

START_TEST(words_that_are_left_out_are_said_to_be)
{
    load(1, false);
    const char *words =
        "UPDATE process SET command = iif(command LIKE '%cc1%', json_array('cc1', printf('%.60c', 'x')),"
        " json_array('as', printf('%.60c', 'y'), 'z'))";
    ck_assert_int_eq(sqlite3_exec(loaded.database, words, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(make("dot"), 0);
    ck_assert_msg(strstr(text, "xxx\"") != NULL && strstr(text, "xxx ...") == NULL, "%s", text);
    ck_assert_msg(strstr(text, "yyy ...\"") != NULL && strstr(text, "yyy z") == NULL, "%s", text);
}
END_TEST

START_TEST(a_large_drawing_stays_small)
{
    load(1000, false);
    ck_assert_int_eq(make("dot"), 0);
    ck_assert_uint_le(count("label="), 200);
    ck_assert_ptr_nonnull(strstr(text, "label=\"cc1 (1000 times)\""));
    ck_assert_ptr_nonnull(strstr(text, "label=\"src/\\n1000 files\""));
    ck_assert_ptr_nonnull(strstr(text, "label=\"stale\""));
}
END_TEST

START_TEST(a_drawing_of_the_system_alone)
{
    struct build build = {.files = 0};
    ck_assert_int_eq(record_writer_open(&build.writer, RECORD), 0);
    build_begin(&build);
    build_file(&build, 1, RECORD_READ, "openat", "/etc/passwd");
    ck_assert_int_eq(record_writer_close(build.writer), 0);
    ck_assert_int_eq(record_load(&loaded, RECORD, NULL, NULL), 0);
    ck_assert_int_eq(make("dot"), 0);
    ck_assert_ptr_nonnull(strstr(text, "label=\"/etc/passwd\""));
}
END_TEST

/* The member of an array that has the name. */
static json_t *named(const json_t *array, const char *name, size_t which)
{
    size_t i;
    json_t *member;
    json_array_foreach(array, i,
                       member) if (strcmp(string_of(member, "name"), name) == 0 && which-- == 0) return member;
    return NULL;
}

static const char *digest_of(const json_t *array, const char *name, const char *algorithm)
{
    return string_of(json_object_get(named(array, name, 0), "digest"), algorithm);
}

START_TEST(a_trace_of_what_ran)
{
    load(2, true);
    json_auto_t *document = make_json("intoto");
    json_t *subject = json_object_get(document, "subject"), *log;
    ck_assert_str_eq(string_of(document, "_type"), "https://in-toto.io/Statement/v1");
    ck_assert_uint_eq(json_array_size(subject), 5);
    ck_assert_uint_eq(strlen(digest_of(subject, "out/f1.o", "sha256")), 64);
    ck_assert_uint_eq(strlen(digest_of(subject, "out/f1.o", "gitBlob")), 40);
    ck_assert_ptr_nonnull(
        strstr(text, "\"uri\":\"file:///home/u/p/bad%FF%22%5C%20%0A%1B%26%3C%3E%7C%7B%7D%C2%9B.txt\""));
    log = json_object_get(json_object_get(document, "predicate"), "monitorLog");
    json_t *files = json_object_get(log, "fileAccess");
    ck_assert_ptr_nonnull(named(files, "/home/u/p/log", 1));
    ck_assert_ptr_null(named(files, "/home/u/p/GNUmakefile", 0));
    ck_assert_ptr_nonnull(named(files, "/home/u/p/stale", 0));
    json_t *connection = json_array_get(json_object_get(log, "network"), 1);
    ck_assert_str_eq(string_of(connection, "ip"), "::1");
    ck_assert_int_eq(number_of(connection, "port"), 53);
    ck_assert_uint_eq(json_array_size(json_object_get(log, "process")), 16);
}
END_TEST

START_TEST(where_the_outputs_come_from)
{
    load(2, true);
    json_auto_t *document = make_json("slsa");
    json_t *predicate = json_object_get(document, "predicate");
    json_t *definition = json_object_get(predicate, "buildDefinition"), *run = json_object_get(predicate, "runDetails");
    json_t *inputs = json_object_get(definition, "resolvedDependencies");
    json_t *parameters = json_object_get(definition, "externalParameters");
    ck_assert_uint_eq(strlen(digest_of(inputs, "/home/u/p/Makefile", "sha256")), 64);
    ck_assert_ptr_nonnull(named(inputs, "/usr/include/stdio.h", 0));
    ck_assert_ptr_null(named(inputs, "/home/u/p/out/f0.o", 0));
    ck_assert_ptr_null(named(inputs, "/tmp/cc0.s", 0));
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(parameters, "command"), 1)), "-j2");
    ck_assert_ptr_nonnull(named(json_object_get(run, "byproducts"), "/home/u/p/link", 0));
    ck_assert_str_eq(string_of(json_object_get(run, "metadata"), "startedOn"), "2023-11-14T22:13:20.123456789Z");
}
END_TEST

START_TEST(no_statement_without_digests)
{
    static const char *const names[] = {"intoto", "slsa"};
    load(2, false);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(make(names[i]), -ENODATA);
        ck_assert_msg(strstr(context.why, "--hash") != NULL, "%s", context.why);
        ck_assert_str_eq(text, "");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_exports");
    TCase *tests = tcase_create("exports");
    tcase_add_checked_fixture(tests, record_place_enter, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, slices_of_a_lane_follow_each_other);
    tcase_add_test(tests, nobody_is_alive_at_the_end);
    tcase_add_test(tests, instants_lie_on_their_process);
    tcase_add_test(tests, instants_have_a_limit);
    tcase_add_test(tests, a_small_drawing_has_all);
    tcase_add_test(tests, words_that_are_left_out_are_said_to_be);
    tcase_add_test(tests, a_large_drawing_stays_small);
    tcase_add_test(tests, a_drawing_of_the_system_alone);
    tcase_add_test(tests, a_trace_of_what_ran);
    tcase_add_test(tests, where_the_outputs_come_from);
    tcase_add_test(tests, no_statement_without_digests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
