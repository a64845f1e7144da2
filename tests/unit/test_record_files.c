/*
 * What each path was to a run: events in their order, and the classes that the table `file` gives to paths then.
 */
#include "supervisor/record/ancestry.h"
#include "supervisor/record/load_rows.h"
#include "supervisor/record/names.h"
#include "supervisor/record/sql.h"
#include "supervisor/record/texts.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static sqlite3 *database;
static struct load_rows *rows;
static uint64_t now;

static void setup(void)
{
    size_t length;
    ck_assert_int_eq(sqlite3_open(":memory:", &database), SQLITE_OK);
    ck_assert_int_eq(sql_execute(database, record_text_find("schema.sql", &length)), 0);
    rows = load_rows_new(database);
    ck_assert_ptr_nonnull(rows);
    now = 0;
}

static void teardown(void)
{
    load_rows_free(rows);
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
}

static void add(enum record_kind kind, const char *path, const char *path2, unsigned flags, int error)
{
    const struct record_event event = {
        .kind = kind, .time = ++now, .process = 1, .path = path, .path2 = path2, .flags = flags, .error = error};
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
}

static void did(enum record_kind kind, const char *path)
{
    add(kind, path, NULL, 0, 0);
}

static void moved(const char *path, const char *path2)
{
    add(RECORD_RENAME, path, path2, 0, 0);
}

static void end(void)
{
    ck_assert_int_eq(load_rows_end(rows, 0), 0);
}

/* The classes of a path, in the order of the columns; "" for none. */
static void expect(const char *path, const char *classes)
{
    char text[128] = "";
    sqlite3_stmt *row = NULL;
    ck_assert_int_eq(sql_prepare(database,
                                 "SELECT iif(input, ' input', '') || iif(output, ' output', '') ||"
                                 " iif(temporary, ' temporary', '') || iif(deleted, ' deleted', '') ||"
                                 " iif(absent, ' absent', '') || iif(looked, ' looked', '') ||"
                                 " iif(metadata, ' metadata', '') || iif(directory, ' directory', '')"
                                 " FROM file JOIN path ON id = path WHERE name = ?",
                                 &row),
                     0);
    sql_bind_name(row, 1, path);
    if (sql_row(row) == 1)
        (void)snprintf(text, sizeof text, "%s", sql_name(row, 0));
    (void)sqlite3_finalize(row);
    ck_assert_msg(strcmp(*text == ' ' ? text + 1 : text, classes) == 0, "%s is \"%s\", not \"%s\"", path, text,
                  classes);
}

START_TEST(one_event_each)
{
    did(RECORD_READ, "/r");
    did(RECORD_EXEC, "/x");
    did(RECORD_MAP, "/m");
    did(RECORD_LIST, "/l");
    did(RECORD_LOOK, "/k");
    did(RECORD_WRITE, "/w");
    did(RECORD_CREATE, "/c");
    did(RECORD_DELETE, "/d");
    did(RECORD_METADATA, "/t");
    add(RECORD_ABSENT, "/a", NULL, 0, ENOENT);
    add(RECORD_WRITE, "/both", NULL, RECORD_FOR_BOTH, 0);
    add(RECORD_READ, "/denied", NULL, 0, EACCES);
    add(RECORD_CREATE, "/exists", NULL, RECORD_DIRECTORY, EEXIST);
    end();
    expect("/r", "input");
    expect("/x", "input");
    expect("/m", "input");
    expect("/l", "input directory");
    expect("/k", "looked");
    expect("/w", "output");
    expect("/c", "output");
    expect("/d", "deleted");
    expect("/t", "metadata");
    expect("/a", "absent");
    expect("/both", "input output");
    expect("/denied", "looked");
    expect("/exists", "looked directory");
}
END_TEST

START_TEST(what_the_run_made_is_no_input)
{
    did(RECORD_CREATE, "/made");
    did(RECORD_READ, "/made");
    did(RECORD_CREATE, "/gone");
    did(RECORD_READ, "/gone");
    did(RECORD_DELETE, "/gone");
    did(RECORD_READ, "/changed");
    did(RECORD_WRITE, "/changed");
    did(RECORD_WRITE, "/emptied");
    did(RECORD_READ, "/emptied");
    end();
    expect("/made", "output");
    expect("/gone", "temporary");
    expect("/changed", "input output");
    expect("/emptied", "output");
}
END_TEST

START_TEST(absent_and_then_made)
{
    add(RECORD_ABSENT, "/later", NULL, 0, ENOENT);
    did(RECORD_CREATE, "/later");
    add(RECORD_ABSENT, "/briefly", NULL, 0, ENOENT);
    did(RECORD_CREATE, "/briefly");
    did(RECORD_DELETE, "/briefly");
    add(RECORD_ABSENT, "/briefly", NULL, 0, ENOENT);
    did(RECORD_DELETE, "/before");
    add(RECORD_ABSENT, "/before", NULL, 0, ENOENT);
    add(RECORD_ABSENT, "/target", NULL, 0, ENOENT);
    did(RECORD_CREATE, "/source");
    moved("/source", "/target");
    end();
    expect("/later", "output");
    expect("/briefly", "temporary");
    expect("/before", "deleted");
    expect("/target", "output");
    expect("/source", "temporary");
}
END_TEST

START_TEST(deleted_and_made_again)
{
    did(RECORD_READ, "/a");
    did(RECORD_DELETE, "/a");
    did(RECORD_CREATE, "/a");
    did(RECORD_READ, "/a");
    did(RECORD_CREATE, "/b");
    did(RECORD_DELETE, "/b");
    did(RECORD_CREATE, "/b");
    did(RECORD_DELETE, "/c");
    did(RECORD_CREATE, "/c");
    did(RECORD_DELETE, "/c");
    end();
    expect("/a", "input output");
    expect("/b", "output");
    expect("/c", "deleted");
}
END_TEST

/* As editors and compilers write: what was there before is replaced. */
START_TEST(renamed_over)
{
    did(RECORD_READ, "/f");
    did(RECORD_CREATE, "/f.tmp");
    moved("/f.tmp", "/f");
    did(RECORD_READ, "/f");
    did(RECORD_LOOK, "/backup");
    moved("/backup", "/backup~");
    did(RECORD_READ, "/backup~");
    end();
    expect("/f", "input output");
    expect("/f.tmp", "temporary");
    /* What was read is what lay at the old name. */
    expect("/backup", "input deleted");
    expect("/backup~", "output");
}
END_TEST

START_TEST(renamed_directory)
{
    add(RECORD_CREATE, "/d", NULL, RECORD_DIRECTORY, 0);
    add(RECORD_CREATE, "/d/e", NULL, RECORD_DIRECTORY, 0);
    did(RECORD_CREATE, "/d/e/f");
    did(RECORD_CREATE, "/d/e/g");
    did(RECORD_DELETE, "/d/e/g");
    add(RECORD_RENAME, "/d", "/n", RECORD_DIRECTORY, 0);
    did(RECORD_READ, "/n/e/f");
    moved("/n/e", "/e");
    end();
    expect("/d", "temporary directory");
    expect("/d/e/f", "temporary");
    expect("/d/e/g", "temporary");
    expect("/n", "output directory");
    expect("/n/e/f", "temporary");
    expect("/e", "output directory");
    /* No event has this name. */
    expect("/e/f", "output");
    expect("/e/g", "");
}
END_TEST

START_TEST(renamed_directory_of_before)
{
    did(RECORD_READ, "/old/read");
    add(RECORD_RENAME, "/old", "/new", RECORD_DIRECTORY, 0);
    did(RECORD_READ, "/new/more");
    did(RECORD_WRITE, "/new/written");
    did(RECORD_DELETE, "/new/deleted");
    add(RECORD_ABSENT, "/new/nothing", NULL, 0, ENOENT);
    add(RECORD_CREATE, "/old", NULL, RECORD_DIRECTORY, 0);
    did(RECORD_CREATE, "/old/read");
    end();
    expect("/old", "output directory");
    expect("/old/read", "input output");
    expect("/old/more", "input deleted");
    expect("/new", "output directory");
    expect("/new/more", "output");
    expect("/new/written", "output");
    expect("/old/written", "deleted");
    expect("/old/deleted", "deleted");
    expect("/new/nothing", "absent");
}
END_TEST

START_TEST(exchanged)
{
    did(RECORD_CREATE, "/new");
    add(RECORD_RENAME, "/new", "/old", RECORD_EXCHANGED, 0);
    did(RECORD_READ, "/old");
    did(RECORD_READ, "/new");
    did(RECORD_DELETE, "/new");
    end();
    /* /new is what /old was. */
    expect("/old", "input output");
    expect("/new", "temporary");
}
END_TEST

START_TEST(hard_links)
{
    did(RECORD_LOOK, "/a");
    add(RECORD_LINK, "/a", "/b", 0, 0);
    did(RECORD_READ, "/b");
    did(RECORD_WRITE, "/b");
    did(RECORD_READ, "/a");
    did(RECORD_CREATE, "/x");
    add(RECORD_LINK, "/x", "/y", 0, 0);
    did(RECORD_DELETE, "/x");
    did(RECORD_READ, "/y");
    did(RECORD_READ, "/kept");
    add(RECORD_LINK, "/kept", "/copy", 0, 0);
    end();
    /* Written under the other name. */
    expect("/a", "input output");
    expect("/b", "output");
    expect("/x", "temporary");
    expect("/y", "output");
    expect("/kept", "input");
    expect("/copy", "output");
}
END_TEST

/* Two names of one file: rename(2) does nothing then. */
START_TEST(renamed_to_itself)
{
    did(RECORD_CREATE, "/a");
    add(RECORD_LINK, "/a", "/b", 0, 0);
    moved("/a", "/b");
    moved("/b", "/b");
    end();
    expect("/a", "output");
    expect("/b", "output");
}
END_TEST

/* What no kernel does, a record that somebody else made may say. */
START_TEST(what_cannot_be)
{
    moved("/a", "/a/b");
    moved("/a/b", "/a");
    moved("/", "/x");
    moved("/x", "/");
    add(RECORD_LINK, "/", "/y", 0, 0);
    did(RECORD_DELETE, "/");
    did(RECORD_CREATE, "/");
    did(RECORD_WRITE, "/");
    add(RECORD_RENAME, "/p/q", "/p", RECORD_EXCHANGED, 0);
    did(RECORD_DELETE, "/never/there");
    did(RECORD_DELETE, "/never/there");
    moved("/never/there", "/never/two");
    for (const char *const *path = (const char *const[]){"", "relative", "/a/../b", "/a//b", "/a/", "/.", "//", NULL};
         *path != NULL; path++) {
        did(RECORD_CREATE, *path);
        moved(*path, "/good");
        moved("/good", *path);
    }
    add(RECORD_RENAME, "/without", NULL, 0, 0);
    did(RECORD_CREATE, NULL);
    end();
    expect("/a/../b", "");
    expect("/never/two", "output");
}
END_TEST

/* A directory into which a directory is moved, and so on: nothing goes by the depth of the stack. */
/* With little stack: what calls itself for each directory has none left long before the last one. */
START_TEST(deep)
{
    enum { LEVELS = 20000, STACK = 512 * 1024 };
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_STACK, &limit), 0);
    limit.rlim_cur = STACK;
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
    struct names *names = names_new();
    struct names_place place;
    char inner[64];
    char outer[64];
    ck_assert_int_eq(names_create(names, "/0/f", false), 0);
    for (int i = 0; i < LEVELS; i++) {
        (void)snprintf(inner, sizeof inner, "/%d", i);
        (void)snprintf(outer, sizeof outer, "/%d/d", i + 1);
        ck_assert_int_eq(names_rename(names, inner, outer, true), 0);
    }
    ck_assert_int_eq(names_find(names, "/20000/d/d", &place), 0);
    ck_assert_int_eq(place.state, NAMES_ORIGINAL);
    ck_assert_str_eq(place.origin, "/19998");
    names_free(names);
}
END_TEST

START_TEST(repeats_add_to_the_first)
{
    struct record_event event = {.kind = RECORD_REPEAT, .of = RECORD_READ, .process = 1, .path = "/r", .count = 5};
    did(RECORD_READ, "/r");
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    /* The first was lost with a damaged part. */
    event.path = "/lost";
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    event.of = RECORD_CREATE;
    event.path = "/made";
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    event.of = RECORD_CONNECT;
    event.path = "10.0.0.1:80";
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    event.of = RECORD_HASH;
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    end();
    ck_assert_int_eq(
        sql_number(database, "SELECT sum(count) FROM event JOIN path p ON p.id = path WHERE name = ?", "/r"), 6);
    ck_assert_int_eq(sql_number(database, "SELECT count(*) FROM event", NULL), 3);
    ck_assert_int_eq(sql_number(database, "SELECT count FROM connection", NULL), 10);
    expect("/lost", "input");
    /* A process that only its events name. */
    ck_assert_int_eq(sql_number(database, "SELECT count(*) FROM process WHERE id = 1", NULL), 1);
}
END_TEST

/* What was said otherwise, or opened in another way, is a fact of its own, and has its own count. */
START_TEST(repeats_add_to_what_was_said_so)
{
    struct record_event event = {.kind = RECORD_READ, .process = 1, .path = "/r"};
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    event.said = "r";
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    event.flags = RECORD_PREDICTED;
    ck_assert_int_eq(load_rows_add(rows, &event), 0);
    event.kind = RECORD_REPEAT;
    event.of = RECORD_READ;
    for (event.count = 10; event.count <= 20; event.count += 10) {
        ck_assert_int_eq(load_rows_add(rows, &event), 0);
        event.flags = 0;
    }
    end();
    ck_assert_int_eq(sql_number(database, "SELECT count FROM event WHERE said IS NULL", NULL), 1);
    ck_assert_int_eq(sql_number(database, "SELECT count FROM event WHERE said = 'r' AND flags = 8", NULL), 11);
    ck_assert_int_eq(sql_number(database, "SELECT count FROM event WHERE said = 'r' AND flags = 0", NULL), 21);
}
END_TEST

/* A name that is no UTF-8 is a BLOB, and the same name is the same path. */
START_TEST(odd_bytes)
{
    did(RECORD_CREATE, "/\xff/\n");
    did(RECORD_READ, "/\xff/\n");
    add(RECORD_RENAME, "/\xff", "/\xfe", RECORD_DIRECTORY, 0);
    end();
    ck_assert_int_eq(sql_number(database, "SELECT count(*) FROM path WHERE typeof(name) = 'blob'", NULL), 4);
    expect("/\xfe/\n", "output");
}
END_TEST

static void expect_ancestry(const char *path, size_t count, ...)
{
    struct ancestry ancestry;
    va_list list;
    ck_assert_int_eq(ancestry_of(&ancestry, database, path), 0);
    ck_assert_uint_eq(ancestry.count, count);
    va_start(list, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(ancestry.events[i], va_arg(list, int));
    va_end(list);
    ancestry_free(&ancestry);
}

START_TEST(who_made_it)
{
    did(RECORD_CREATE, "/t");                            /* 1 */
    moved("/t", "/f");                                   /* 2 */
    did(RECORD_CREATE, "/t");                            /* 3: another one */
    did(RECORD_WRITE, "/f");                             /* 4 */
    did(RECORD_CREATE, "/d/g");                          /* 5 */
    moved("/d", "/e");                                   /* 6 */
    did(RECORD_CREATE, "/d/g");                          /* 7 */
    add(RECORD_LINK, "/e/g", "/h", 0, 0);                /* 8 */
    add(RECORD_RENAME, "/h", "/f", RECORD_EXCHANGED, 0); /* 9 */
    did(RECORD_READ, "/f");                              /* 10 */
    end();
    expect_ancestry("/t", 3, 1, 2, 3);
    expect_ancestry("/e/g", 2, 5, 6);
    /* Both ways through the exchange. */
    expect_ancestry("/f", 7, 1, 2, 4, 5, 6, 8, 9);
    expect_ancestry("/none", 0);
}
END_TEST

START_TEST(who_made_it_by_its_other_name)
{
    did(RECORD_CREATE, "/d/a");                 /* 1 */
    add(RECORD_LINK, "/d/a", "/b", 0, 0);       /* 2 */
    did(RECORD_WRITE, "/d/a");                  /* 3 */
    add(RECORD_LINK, "/d/a", "/c", 0, 0);       /* 4 */
    did(RECORD_DELETE, "/d/a");                 /* 5 */
    did(RECORD_CREATE, "/d/a");                 /* 6: another file */
    add(RECORD_LINK, "/d/a", "/e", 0, 0);       /* 7 */
    moved("/d", "/away");                       /* 8 */
    did(RECORD_CREATE, "/d/a");                 /* 9: and another */
    add(RECORD_LINK, "/d/a", "/f", 0, 0);       /* 10 */
    add(RECORD_DELETE, "/d/a", NULL, 0, EPERM); /* 11 */
    did(RECORD_WRITE, "/d/a");                  /* 12 */
    moved("/g", "/d/a");                        /* 13 */
    did(RECORD_WRITE, "/d/a");                  /* 14 */
    end();
    expect_ancestry("/b", 3, 1, 2, 3);
    expect_ancestry("/c", 3, 1, 3, 4);
    expect_ancestry("/e", 5, 1, 3, 5, 6, 7);
    expect_ancestry("/f", 7, 1, 3, 5, 6, 9, 10, 12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_files");
    TCase *tcase = tcase_create("files");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, one_event_each);
    tcase_add_test(tcase, what_the_run_made_is_no_input);
    tcase_add_test(tcase, absent_and_then_made);
    tcase_add_test(tcase, deleted_and_made_again);
    tcase_add_test(tcase, renamed_over);
    tcase_add_test(tcase, renamed_directory);
    tcase_add_test(tcase, renamed_directory_of_before);
    tcase_add_test(tcase, exchanged);
    tcase_add_test(tcase, hard_links);
    tcase_add_test(tcase, renamed_to_itself);
    tcase_add_test(tcase, what_cannot_be);
    tcase_add_test(tcase, deep);
    tcase_add_test(tcase, repeats_add_to_the_first);
    tcase_add_test(tcase, repeats_add_to_what_was_said_so);
    tcase_add_test(tcase, odd_bytes);
    tcase_add_test(tcase, who_made_it);
    tcase_add_test(tcase, who_made_it_by_its_other_name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
