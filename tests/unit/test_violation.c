/*
 * What is refused: what is told of it, what is counted as equal, what a call gets, and that memory is bounded. The
 * process table, the terminal and the unwinder are not there.
 */
#include "supervisor/ask.h"
#include "supervisor/backtrace.h"
#include "supervisor/notes.h"
#include "supervisor/supervisor.h"
#include "supervisor/violation.h"

#include "emul/cleanup.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the user would say, and what he was asked. */
static enum ask_answer user_says;
static char user_asked[512], user_key[512];

struct task *task_find(struct supervisor *supervisor, pid_t tid)
{
    (void)supervisor;
    (void)tid;
    return NULL;
}

void notes_violation(struct violations *violations, const struct violation *violation)
{
    (void)violations;
    (void)violation;
}

char *backtrace_take(pid_t tid, bool *late)
{
    (void)tid;
    *late = true;
    return NULL;
}

enum ask_answer ask_user(struct ask **place, struct supervisor *supervisor, const char *key, const char *question)
{
    (void)place;
    (void)supervisor;
    (void)snprintf(user_key, sizeof user_key, "%s", key);
    (void)snprintf(user_asked, sizeof user_asked, "%s", question);
    return user_says;
}

/* What goes to standard error between begin_hearing() and heard(). */
static FILE *ear;
static int real_error;

static void begin_hearing(void)
{
    ear = tmpfile();
    ck_assert_ptr_nonnull(ear);
    real_error = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(ear), STDERR_FILENO), 0);
}

static char *heard(void)
{
    static char text[65536];
    ck_assert_int_ge(dup2(real_error, STDERR_FILENO), 0);
    (void)close(real_error);
    rewind(ear);
    text[fread(text, 1, sizeof text - 1, ear)] = '\0';
    (void)fclose(ear);
    return text;
}

static unsigned lines_of(const char *text)
{
    unsigned count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static struct violations violations;

static void setup_with(const char *rules)
{
    ck_assert_int_eq(policy_new(&violations.policy, NULL), 0);
    ck_assert_int_eq(policy_append(violations.policy, "rules", rules, strlen(rules), POLICY_TRUSTED), 0);
}

static void setup(void)
{
    violations = (struct violations){0};
    setup_with("write deny /a/**\nread deny /b\n");
}

static void teardown(void)
{
    violations_free(&violations);
    policy_free(violations.policy);
}

static int refuse(const char *call, enum policy_action action, const char *path)
{
    const struct view_violation refused = {
        .tid = getpid(),
        .call = call,
        .action = action,
        .path = path,
        .said = path,
        .decision = policy_decide(violations.policy, action, path),
    };
    return violation_refused(&violations, &refused);
}

START_TEST(equal_ones_are_one)
{
    begin_hearing();
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(refuse("mkdir", POLICY_WRITE, "/a/x"), -EACCES);
    ck_assert_int_eq(refuse("rmdir", POLICY_WRITE, "/a/x"), -EACCES);
    ck_assert_int_eq(refuse("mkdir", POLICY_WRITE, "/a/y"), -EACCES);
    ck_assert_int_eq(refuse("open", POLICY_READ, "/b"), -EACCES);
    ck_assert_uint_eq(lines_of(heard()), 4);
    ck_assert_uint_eq(HASH_COUNT(violations.seen), 4);
    ck_assert_uint_eq(violations.seen->count, 1000);
    ck_assert_uint_eq(violations.violated, 1003);

    begin_hearing();
    violations_summary(&violations);
    const char *text = heard();
    ck_assert_ptr_nonnull(strstr(text, "coffer: refused 1000 times: "));
    ck_assert_ptr_nonnull(strstr(text, ": mkdir: cannot write /a/x: rules:1: write deny /a/**\n"));
    ck_assert_ptr_nonnull(strstr(text, "coffer: refused 3 times: other things\n"));
}
END_TEST

START_TEST(a_hint_is_given_once_and_can_be_typed)
{
    begin_hearing();
    (void)refuse("mkdir", POLICY_WRITE, "/a/b c/x");
    (void)refuse("mkdir", POLICY_WRITE, "/a/b c/y");
    (void)refuse("open", POLICY_READ, "/b");
    const char *text = heard();
    ck_assert_ptr_nonnull(strstr(text, "; -w /a/b\\ c allows it\n"));
    ck_assert_ptr_nonnull(strstr(text, "/a/b c/y: rules:1: write deny /a/**\n"));
    ck_assert_ptr_nonnull(strstr(text, "; the rule 'read allow /b' allows it\n"));
}
END_TEST

/* The rule that the last line heard proposes, as it would be typed; it must be one. */
static const char *proposed(char *text)
{
    char *rule = strstr(text, "; the rule '");
    ck_assert_ptr_nonnull(rule);
    rule += strlen("; the rule '");
    char *end = strstr(rule, "' allows it\n");
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    ck_assert_int_eq(policy_append(violations.policy, "typed", rule, strlen(rule), POLICY_TRUSTED), 0);
    return rule;
}

START_TEST(a_rule_that_is_proposed_is_one)
{
    teardown();
    violations = (struct violations){0};
    setup_with("read deny /**\nconnect deny *\nbind deny *\n");
    begin_hearing();
    (void)refuse("open", POLICY_READ, "/a b\\\"*\302\233");
    ck_assert_str_eq(proposed(heard()), "read allow /a\\040b\\\\\\\"\\*\\302\\233");
    ck_assert_int_eq(policy_decide(violations.policy, POLICY_READ, "/a b\\\"*\302\233").verdict, POLICY_ALLOW);
    begin_hearing();
    (void)refuse("bind", POLICY_BIND, "unix:@a name:1");
    ck_assert_str_eq(proposed(heard()), "bind allow unix:@a\\040name\\:1");
    begin_hearing();
    (void)refuse("connect", POLICY_CONNECT, "/run/a socket");
    ck_assert_str_eq(proposed(heard()), "connect allow unix:/run/a\\040socket");
}
END_TEST

START_TEST(nothing_is_proposed_against_rules_of_run_time)
{
    static const char rule[] = "read deny /c";
    char why[256];
    ck_assert_int_eq(policy_add(violations.policy, "/dev/coffer", rule, strlen(rule), false, why, sizeof why), 0);
    begin_hearing();
    (void)refuse("open", POLICY_READ, "/c");
    ck_assert_ptr_null(strstr(heard(), "allows it"));
    begin_hearing();
    (void)refuse("open", POLICY_READ, "/b");
    ck_assert_ptr_nonnull(strstr(heard(), "allows it"));
}
END_TEST

START_TEST(notices_are_told_alike_but_are_no_violations)
{
    begin_hearing();
    violation_notice(&violations, getpid(), "mount: not in a view");
    violation_notice(&violations, getpid(), "mount: not in a view");
    const char *text = heard();
    ck_assert_uint_eq(lines_of(text), 1);
    ck_assert_ptr_nonnull(strstr(text, "]: mount: not in a view\n"));
    ck_assert_uint_eq(violations.refused, 2);
    ck_assert_uint_eq(violations.violated, 0);
}
END_TEST

START_TEST(nothing_steers_the_terminal)
{
    begin_hearing();
    (void)refuse("mkdir", POLICY_WRITE, "/a/\033[1m\n\xc2\x9b\xff");
    violation_notice(&violations, getpid(), "a\033b\nc");
    const char *text = heard();
    ck_assert_uint_eq(lines_of(text), 2);
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text, "/a/\\033[1m\\n\\302\\233\\377: "));
}
END_TEST

START_TEST(quiet_refusals_are_not_counted)
{
    policy_free(violations.policy);
    setup_with("quiet write /a/**\non-violation kill\n");
    begin_hearing();
    ck_assert_int_eq(refuse("mkdir", POLICY_WRITE, "/a/x"), -EACCES);
    ck_assert_str_eq(heard(), "");
    ck_assert_uint_eq(violations.refused, 0);
}
END_TEST

START_TEST(the_error_is_the_policy_s)
{
    policy_free(violations.policy);
    setup_with("write deny /a/**\non-violation errno EROFS\n");
    violations.quiet = true;
    ck_assert_int_eq(refuse("mkdir", POLICY_WRITE, "/a/x"), -EROFS);
    ck_assert_int_eq(violations.seen->error, EROFS);
}
END_TEST

START_TEST(the_user_is_asked_where_the_call_can_wait)
{
    static struct supervisor supervisor;
    policy_free(violations.policy);
    setup_with("write deny /a/**\non-violation ask\n");
    violations.supervisor = &supervisor;
    violations.quiet = true;

    user_says = ASK_ALLOW;
    ck_assert_int_eq(refuse("mkdir", POLICY_WRITE, "/a/x"), -EACCES);
    ck_assert_str_eq(user_asked, "");

    violations_begin(&violations, getpid());
    ck_assert_int_eq(refuse("mkdir", POLICY_WRITE, "/a/x"), 0);
    ck_assert(!violations_end(&violations));
    ck_assert_str_eq(user_key, "write /a/x");
    ck_assert_ptr_nonnull(strstr(user_asked, "]: mkdir: cannot write /a/x: rules:1: write deny /a/**\n"));

    /* Not known yet: nothing is counted, and an answer about something else in the same call changes nothing. */
    unsigned long before = violations.refused;
    violations_begin(&violations, getpid());
    user_says = ASK_UNKNOWN;
    (void)refuse("rename", POLICY_WRITE, "/a/x");
    user_says = ASK_NOBODY;
    (void)refuse("rename", POLICY_WRITE, "/a/y");
    ck_assert(violations_end(&violations));
    ck_assert_uint_eq(violations.refused, before);
}
END_TEST

START_TEST(memory_is_bounded)
{
    char path[4096];
    violations.quiet = true;
    for (int i = 0; i < 20000; i++) {
        int length = snprintf(path, sizeof path, "/a/%d/", i);
        memset(path + length, 'x', sizeof path - (size_t)length - 1);
        path[sizeof path - 1] = '\0';
        (void)refuse("mkdir", POLICY_WRITE, path);
    }
    ck_assert_uint_eq(violations.refused, 20000);
    ck_assert_uint_eq(violations.unlisted + HASH_COUNT(violations.seen), 20000);
    ck_assert_uint_le(violations.size, (16 << 20) + 16384);
    ck_assert_uint_ge(HASH_COUNT(violations.seen), 1000);
}
END_TEST

START_TEST(backtraces_that_are_late_end)
{
    static struct supervisor supervisor;
    violations.supervisor = &supervisor;
    violations.backtrace = true;
    violations.quiet = true;
    for (int i = 0; i < 20; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/a/%d", i);
        (void)refuse("mkdir", POLICY_WRITE, path);
    }
    ck_assert_uint_eq(violations.late, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("violation");
    TCase *tests = tcase_create("violations");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, equal_ones_are_one);
    tcase_add_test(tests, a_hint_is_given_once_and_can_be_typed);
    tcase_add_test(tests, a_rule_that_is_proposed_is_one);
    tcase_add_test(tests, nothing_is_proposed_against_rules_of_run_time);
    tcase_add_test(tests, notices_are_told_alike_but_are_no_violations);
    tcase_add_test(tests, nothing_steers_the_terminal);
    tcase_add_test(tests, quiet_refusals_are_not_counted);
    tcase_add_test(tests, the_error_is_the_policy_s);
    tcase_add_test(tests, the_user_is_asked_where_the_call_can_wait);
    tcase_add_test(tests, memory_is_bounded);
    tcase_add_test(tests, backtraces_that_are_late_end);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
