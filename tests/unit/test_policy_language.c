/*
 * The rule language: what rules are understood as, and what is said about those that are wrong.
 */
#include "tests/unit/scratch_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(without_rules_defaults_decide)
{
    struct policy *policy = scratch_policy("# nothing\n\n   \t\n");
    assert_read(policy, "/", "allow");
    assert_write(policy, "/etc/passwd", "layer");
    assert_exec(policy, "/bin/sh", "allow");
    ck_assert_uint_eq(policy_decide(policy, POLICY_READ, "/x").rule, 0);
    policy_free(policy);
}
END_TEST

START_TEST(the_last_rule_that_matches_decides)
{
    struct policy *policy = scratch_policy("read deny /**\n"
                                           "read allow /usr/**   # a comment\n"
                                           "read hide /usr/secret\r\n"
                                           "write direct /usr/secret");
    assert_read(policy, "/etc", "deny");
    assert_read(policy, "/usr", "allow");
    assert_read(policy, "/usr/lib/x", "allow");
    assert_read(policy, "/usr/secret", "hide");
    assert_read(policy, "/usr/secret/below", "allow");
    assert_write(policy, "/usr/secret", "direct");
    ck_assert_uint_eq(policy_decide(policy, POLICY_READ, "/usr/secret").rule, 3);
    ck_assert_uint_eq(policy_rule_get(policy, 3).line, 3);
    policy_free(policy);
}
END_TEST

START_TEST(beginnings_stand_for_directories)
{
    struct policy *policy =
        scratch_policy("read hide ~/a\nread hide ./b\nread hide $SET/c\nread hide ${SET}/d\n"
                       "read hide ${NOT_SET:-~/e}/f\nread hide ${EMPTY:-/g}x\nread hide ~\nread deny .\n"
                       "read hide **/h\nread hide $SET\n");
    static const char *const hidden[] = {"/home/u/a", "/work/b", "/set/c", "/set/d", "/home/u/e/f",
                                         "/gx",       "/home/u", "/h",     "/x/y/h", "/set"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_read(policy, hidden[i], "hide");
    assert_read(policy, "/work", "deny");
    policy_free(policy);
}
END_TEST

START_TEST(values_of_variables_are_no_globs)
{
    struct policy *policy = scratch_policy("read hide $STARS/*\n");
    assert_read(policy, "/s*a?[r]\\s/x", "hide");
    assert_read(policy, "/sxaxrs/x", "allow");
    policy_free(policy);
}
END_TEST

START_TEST(escapes_are_those_of_ls)
{
    struct policy *policy =
        scratch_policy("read hide /a\\ b\\n\\\\\\*\\303\\251\nread hide /x\\#y#z\nread deny /\\~/\\$\\[\n");
    assert_read(policy, "/a b\n\\*\303\251", "hide");
    assert_read(policy, "/x#y#z", "hide");
    assert_read(policy, "/~/$[", "deny");
    policy_free(policy);
}
END_TEST

START_TEST(a_quoted_path_is_that_path)
{
    static const char path[] = "/a b/*?[x]\\#~$\"'{}\n\t\177\303\251\377/c";
    char *quoted = policy_quote(path);
    char text[256];
    (void)snprintf(text, sizeof text, "read hide %s", quoted);
    struct policy *policy = scratch_policy(text);
    assert_read(policy, path, "hide");
    ck_assert(policy_rule_matches(policy, 1, path));
    policy_free(policy);
    free(quoted);
}
END_TEST

START_TEST(slashes_and_dots_say_nothing)
{
    struct policy *policy = scratch_policy("read hide //a/./b//\nread deny /c/**/**/**/d\n");
    assert_read(policy, "/a/b", "hide");
    assert_read(policy, "//a/./b/", "hide");
    assert_read(policy, "/c/d", "deny");
    assert_read(policy, "/c/x/y/d", "deny");
    /* Nobody may ask with "..": such a path gets what is strictest. */
    assert_read(policy, "/a/../x", "hide");
    assert_write(policy, "/a/..", "deny");
    policy_free(policy);
}
END_TEST

START_TEST(quiet_refuses)
{
    struct policy *policy = scratch_policy("write direct /**\nquiet write /a/**\nwrite layer /a/b\n");
    assert_write(policy, "/a/x", "deny quiet");
    assert_write(policy, "/a/b", "layer");
    policy_free(policy);
}
END_TEST

START_TEST(violations_are_answered_as_said)
{
    struct policy *policy = scratch_policy("");
    ck_assert_int_eq(policy_on_violation(policy).answer, POLICY_ANSWER_ERRNO);
    ck_assert_int_eq(policy_on_violation(policy).error, EACCES);
    policy_free(policy);
    policy = scratch_policy("on-violation kill\non-violation errno EPERM\n");
    ck_assert_int_eq(policy_on_violation(policy).answer, POLICY_ANSWER_ERRNO);
    ck_assert_int_eq(policy_on_violation(policy).error, EPERM);
    policy_free(policy);
    policy = scratch_policy("on-violation ask");
    ck_assert_int_eq(policy_on_violation(policy).answer, POLICY_ANSWER_ASK);
    policy_free(policy);
}
END_TEST

static const struct {
    const char *text, *problem;
} wrong[] = {
    {"read", "1:5: end of line found, allow, hide or deny expected"},
    {"\n  reed allow /x",
     "2:3: 'reed' found, read, write, exec, connect, bind, on-violation, quiet, ceiling, control or include expected"},
    {"read layer /x", "1:6: 'layer' found, allow, hide or deny expected"},
    {"write hide /x", "1:7: 'hide' found, layer, direct, deny or ignore expected"},
    {"exec direct /x", "1:6: 'direct' found, allow or deny expected"},
    {"read allow", "1:11: end of line found, a pattern expected"},
    {"read allow /a b", "1:15: 'b' found, the end of the line ('\\ ' is a blank in a name) expected"},
    {"read allow x", "1:12: a pattern begins with '/', '~/', './', '$NAME', '${NAME}' or '**/'"},
    {"read allow ../x", "1:12: a pattern begins with '/', '~/', './', '$NAME', '${NAME}' or '**/'"},
    {"read allow ~u/x", "1:12: a pattern begins with '/', '~/', './', '$NAME', '${NAME}' or '**/'"},
    {"read allow /a/../b", "1:17: no '..' can be matched: the path itself expected"},
    {"read allow /a/..", "1:17: no '..' can be matched: the path itself expected"},
    {"read allow /a**", "1:14: '**' is part of a name: '/**/' or, within a name, '*' expected"},
    {"read allow /**a", "1:13: '**' is part of a name: '/**/' or, within a name, '*' expected"},
    {"read allow /[ab", "1:13: '[' without ']': a set of characters, or '\\[', expected"},
    {"read allow /[a/]", "1:13: '[' without ']': a set of characters, or '\\[', expected"},
    {"read allow /[[:alpha:]]", "1:14: no classes such as [:alpha:] here: characters, or ranges of them, expected"},
    {"read allow /a\\000", "1:14: no name can have this byte"},
    {"read allow /a\\057", "1:14: no name can have this byte"},
    {"read allow /a\\q",
     "1:14: no escape: \\ooo (octal, below \\400), one of \\a \\b \\f \\n \\r \\t \\v, or '\\' before a sign expected"},
    {"read allow /a\\", "1:14: nothing behind the backslash"},
    {"read allow $NOT_SET/x", "1:12: $NOT_SET is not set: give it a value, or write ${NOT_SET:-DEFAULT}"},
    {"read allow ${EMPTY}/x", "1:12: $EMPTY is not set: give it a value, or write ${EMPTY:-DEFAULT}"},
    {"read allow $RELATIVE/x", "1:12: $RELATIVE is 'here', which is no absolute path"},
    {"read allow ${SET/x", "1:12: '${' without '}'"},
    {"read allow ${SET!}/x", "1:17: '}' or ':-' and a default expected behind the name"},
    {"read allow $/x", "1:12: no name of a variable: $NAME, ${NAME} or ${NAME:-DEFAULT} expected"},
    {"quiet reed /x", "1:7: 'reed' found, read, write, exec, connect or bind expected"},
    {"quiet read", "1:11: end of line found, a pattern expected"},
    {"ceiling write hide /x", "1:15: 'hide' found, layer, direct, deny or ignore expected"},
    {"on-violation", "1:13: end of line found, errno, kill or ask expected"},
    {"on-violation errno ENOTHING", "1:20: 'ENOTHING' found, the name of an error, such as EACCES or EPERM, expected"},
    {"on-violation kill now", "1:19: 'now' found, the end of the line ('\\ ' is a blank in a name) expected"},
    {"include", "1:8: end of line found, the name of a file expected"},
    {"include no-such-profile", "1:9: 'no-such-profile' found, a file or a profile that exists expected"},
    {"include /dev", "1:9: '/dev' cannot be read: Is a directory"},
    {"connect allow", "1:14: end of line found, an address expected"},
    {"connect allow 1.2.3.4:70000",
     "1:23: no port here: a number up to 65535, two of them as in 80-443, or '*' expected"},
    {"connect allow 1.2.3.4:9-8",
     "1:23: no port here: a number up to 65535, two of them as in 80-443, or '*' expected"},
    {"connect allow 1.2.3.4/33:1", "1:23: a number of bits from 0 to 32 expected"},
    {"connect allow [::/129]:1", "1:19: a number of bits from 0 to 128 expected"},
    {"connect allow [::1", "1:19: ']' expected behind the address"},
    {"connect allow [::1]80", "1:20: ':' and a port expected behind the address"},
    {"bind allow unix:x", "1:17: a pattern begins with '/', '~/', './', '$NAME', '${NAME}' or '**/'"},
    {"bind allow unix:@a[", "1:19: '[' without ']': a set of characters, or '\\[', expected"},
};

START_TEST(what_is_wrong_is_said)
{
    char expected[512];
    struct policy *policy = scratch_empty();
    (void)snprintf(expected, sizeof expected, "text:%s", wrong[_i].problem);
    ck_assert_int_eq(policy_append(policy, "text", wrong[_i].text, strlen(wrong[_i].text), POLICY_TRUSTED), -EINVAL);
    ck_assert_str_eq(scratch_problem, expected);
    ck_assert_int_eq(scratch_problems, 1);
    policy_free(policy);
}
END_TEST

START_TEST(every_error_is_found_and_nothing_is_added)
{
    static const char text[] = "read hide /x\nfoo\non-violation kill\nread allow y\nwrite deny /z\nbar\n";
    struct policy *policy = scratch_empty();
    ck_assert_int_eq(policy_append(policy, "text", text, sizeof text - 1, POLICY_TRUSTED), -EINVAL);
    ck_assert_int_eq(scratch_problems, 3);
    ck_assert_uint_eq(policy_rule_count(policy), 0);
    ck_assert_int_eq(policy_on_violation(policy).answer, POLICY_ANSWER_ERRNO);
    assert_read(policy, "/x", "allow");
    policy_free(policy);
}
END_TEST

START_TEST(bounds_hold)
{
    static char text[70000];
    struct policy *policy = scratch_empty();
    memset(text, 'a', sizeof text);
    memcpy(text, "read allow /", 12);
    ck_assert_int_eq(policy_append(policy, "text", text, sizeof text, POLICY_TRUSTED), -EINVAL);
    ck_assert_str_eq(scratch_problem, "text:1:32767: the line goes on, at most 32766 bytes expected");
    ck_assert_int_eq(policy_append(policy, "text", "read\0", 5, POLICY_TRUSTED), -EINVAL);
    ck_assert_str_eq(scratch_problem, "text:1:5: a byte 0 found, text expected");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 == 0 ? 'x' : '\n';
    scratch_problems = 0;
    ck_assert_int_eq(policy_append(policy, "text", text, sizeof text, POLICY_TRUSTED), -EINVAL);
    ck_assert_int_eq(scratch_problems, 100);
    policy_free(policy);
}
END_TEST

static char top[] = "/tmp/test_policy.XXXXXX";

static void make(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(files_include_files)
{
    struct policy_options options = {.home = "/home/u", .profiles = "profiles", .report = scratch_report};
    struct policy *policy;
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    ck_assert_int_eq(mkdir("sub", 0755), 0);
    ck_assert_int_eq(mkdir("profiles", 0755), 0);
    make("main", "include sub/one\nread hide /main\n");
    make("sub/one", "read hide /one\ninclude two\ninclude two\ninclude mine\ninclude secrets\n");
    make("sub/two", "read hide /two\n");
    make("profiles/mine", "read hide /mine\n");
    make("cycle", "include sub/../cycle\n");
    make("sub/wrong", "\nread\n");
    make("outer", "include sub/wrong\ninclude nowhere\n");
    ck_assert_int_eq(symlink("cycle", "link"), 0);

    ck_assert_int_eq(policy_new(&policy, &options), 0);
    ck_assert_int_eq(policy_load_file(policy, "main"), 0);
    assert_read(policy, "/one", "hide");
    assert_read(policy, "/two", "hide");
    assert_read(policy, "/mine", "hide");
    assert_read(policy, "/main", "hide");
    assert_read(policy, "/home/u/.ssh/id_rsa", "hide");
    ck_assert_str_eq(policy_rule_get(policy, 1).file, "sub/one");
    ck_assert_str_eq(policy_rule_get(policy, 4).file, "profiles/mine");
    ck_assert_str_eq(policy_rule_get(policy, 5).file, "secrets");

    scratch_problems = 0;
    ck_assert_int_eq(policy_load_file(policy, "link"), -EINVAL);
    ck_assert_str_eq(scratch_problem,
                     "link:1:9: 'sub/../cycle' includes itself: a file that is not being read already expected");
    ck_assert_int_eq(policy_load_file(policy, "outer"), -EINVAL);
    ck_assert_str_eq(scratch_problem, "outer:2:9: 'nowhere' found, a file or a profile that exists expected");
    ck_assert_int_eq(scratch_problems, 3);
    ck_assert_int_eq(policy_load_file(policy, "absent"), -EINVAL);
    ck_assert_str_eq(scratch_problem, "absent:0:0: No such file or directory");
    ck_assert_int_eq(policy_load_profile(policy, "absent"), -ENOENT);
    policy_free(policy);
    static const char *const files[] = {"main",  "sub/one",   "sub/two", "profiles/mine",
                                        "cycle", "sub/wrong", "outer",   "link"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        ck_assert_int_eq(unlink(files[i]), 0);
    ck_assert_int_eq(rmdir("sub"), 0);
    ck_assert_int_eq(rmdir("profiles"), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(top), 0);
}
END_TEST

START_TEST(built_in_profiles_are_right)
{
    size_t count = 0;
    for (const char *name; (name = policy_profile_name(count)) != NULL; count++) {
        struct policy *policy = scratch_empty();
        int status = policy_load_profile(policy, name);
        ck_assert_msg(status == 0, "%s", scratch_problem);
        policy_free(policy);
    }
    ck_assert_uint_eq(count, 5);
    struct policy *policy = scratch_empty();
    ck_assert_int_eq(policy_load_profile(policy, "untrusted"), 0);
    static const char *const hidden[] = {
        "/home/u/.ssh/id_rsa",
        "/home/u/.gnupg",
        "/home/u/.aws/credentials",
        "/home/u/.kube/config",
        "/home/u/.netrc",
        "/home/u/.docker/config.json",
        "/home/u/.mozilla/firefox/x/logins.json",
        "/home/u/.config/chromium/Default",
        "/home/u/.config/google-chrome-beta/x",
        "/home/u/.thunderbird/x",
        "/home/u/.bash_history",
        "/etc/shadow",
        "/etc/shadow-",
        "/home/u/.config/gcloud/x",
        "/home/u/.git-credentials",
        "/home/u/.npmrc",
        "/home/u/.pypirc",
        "/home/u/.password-store/x/y.gpg",
    };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_read(policy, hidden[i], "hide");
    assert_read(policy, "/home/u/.docker", "allow");
    assert_read(policy, "/home/u/.bashrc", "allow");
    assert_write(policy, "/home/u/.bashrc", "layer");
    assert_write(policy, "/dev/pts/3", "direct");
    policy_free(policy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_language");
    TCase *tcase = tcase_create("language");
    tcase_add_test(tcase, without_rules_defaults_decide);
    tcase_add_test(tcase, the_last_rule_that_matches_decides);
    tcase_add_test(tcase, beginnings_stand_for_directories);
    tcase_add_test(tcase, values_of_variables_are_no_globs);
    tcase_add_test(tcase, escapes_are_those_of_ls);
    tcase_add_test(tcase, a_quoted_path_is_that_path);
    tcase_add_test(tcase, slashes_and_dots_say_nothing);
    tcase_add_test(tcase, quiet_refuses);
    tcase_add_test(tcase, violations_are_answered_as_said);
    tcase_add_loop_test(tcase, what_is_wrong_is_said, 0, (int)(sizeof wrong / sizeof wrong[0]));
    tcase_add_test(tcase, every_error_is_found_and_nothing_is_added);
    tcase_add_test(tcase, bounds_hold);
    tcase_add_test(tcase, files_include_files);
    tcase_add_test(tcase, built_in_profiles_are_right);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
