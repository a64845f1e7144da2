/*
 * Decisions: globs, places that a walk carries along, what may differ below a directory, rules of run time, and that a
 * decision costs the same however many rules there are.
 */
#include "policy/internal.h"
#include "tests/unit/scratch_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(globs_stay_within_a_component)
{
    struct policy *policy =
        scratch_policy("read hide /a/*.o\nread hide /b/?\nread hide /c/[a-cx\\]]\nread hide /d/[!a-c]\n"
                       "read hide /e/x*y*z\nread hide /f/*\nread hide /g/a[]b]*\nread hide /*/h\n");
    static const struct {
        const char *path, *verdict;
    } cases[] = {
        {"/a/x.o", "hide"},
        {"/a/.o", "hide"},
        {"/a/x.oo", "allow"},
        {"/a/b/x.o", "allow"},
        {"/a", "allow"},
        {"/b/x", "hide"},
        {"/b/\303\251", "hide"},
        {"/b/\377", "hide"},
        {"/b/xy", "allow"},
        {"/b", "allow"},
        {"/b/\303\251\251", "allow"},
        {"/c/b", "hide"},
        {"/c/]", "hide"},
        {"/c/d", "allow"},
        {"/d/d", "hide"},
        {"/d/a", "allow"},
        {"/e/xyz", "hide"},
        {"/e/x.yy.zz", "hide"},
        {"/e/xz", "allow"},
        {"/f/x", "hide"},
        {"/f/.x", "hide"},
        {"/f", "allow"},
        {"/f/x/y", "allow"},
        {"/g/a]1", "hide"},
        {"/g/ac", "allow"},
        {"/any/h", "hide"},
        {"/h", "allow"},
        {"/any/h/h", "allow"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(strcmp(scratch_verdict(policy, POLICY_READ, cases[i].path), cases[i].verdict) == 0, "%s",
                      cases[i].path);
    policy_free(policy);
}
END_TEST

START_TEST(two_stars_cross_components)
{
    struct policy *policy =
        scratch_policy("read hide /a/**\nread hide /b/**/x\nread hide **/.git/**\nread deny /c/**/d/**/e\n");
    static const char *const hidden[] = {"/a", "/a/b/c", "/b/x", "/b/1/2/x", "/.git", "/q/r/.git/objects/00"};
    static const char *const shown[] = {"/", "/ab", "/b", "/b/x/y", "/q/r", "/q/.gitx"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_read(policy, hidden[i], "hide");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        assert_read(policy, shown[i], "allow");
    assert_read(policy, "/c/d/d/d/1/2/e", "deny");
    assert_read(policy, "/c/e", "allow");
    policy_free(policy);
}
END_TEST

START_TEST(places_decide_as_paths_do)
{
    struct policy *policy =
        scratch_policy("read allow /**\nread hide /home/*/.ssh/**\nwrite deny /usr/**\nread deny **/core\n");
    struct policy_place *root = policy_root(policy);
    struct policy_place *home = policy_step(policy, root, "home", 4);
    struct policy_place *user = policy_step(policy, home, "u", 1);
    struct policy_place *other = policy_step(policy, home, "v", 1);
    struct policy_place *ssh = policy_step(policy, user, ".ssh", 4);
    struct policy_place *core = policy_step(policy, user, "core", 4);
    ck_assert_ptr_eq(user, other); /* nothing tells them apart */
    ck_assert_int_eq(policy_place_decide(user, POLICY_READ).verdict, POLICY_ALLOW);
    ck_assert_int_eq(policy_place_decide(ssh, POLICY_READ).verdict, POLICY_HIDE);
    ck_assert_int_eq(policy_place_decide(core, POLICY_READ).verdict, POLICY_DENY);
    ck_assert_int_eq(policy_place_decide(core, POLICY_WRITE).verdict, POLICY_LAYER);
    ck_assert(policy_place_below(user, POLICY_READ));
    ck_assert(!policy_place_below(user, POLICY_WRITE));
    ck_assert(policy_place_below(root, POLICY_WRITE));
    ck_assert(policy_place_current(policy, user));
    ck_assert_int_eq(policy_append(policy, "more", "read hide /home/u", 17, POLICY_TRUSTED), 0);
    ck_assert(!policy_place_current(policy, user));
    struct policy_place *again = policy_root(policy);
    ck_assert(policy_place_current(policy, again));
    struct policy_place *const held[] = {root, home, user, other, ssh, core, again};
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        policy_place_release(policy, held[i]);
    ck_assert_uint_eq(policy->place_count, 1); /* the root, which the policy itself holds */
    policy_free(policy);
}
END_TEST

START_TEST(directories_of_one_verdict_are_known)
{
    struct policy *policy =
        scratch_policy("read hide /a/b/**\nread allow /c/**\nread deny /a/b/c\nread hide /a/b/**\n"
                       "write direct /w/**\nwrite layer /w/x\nwrite direct /w/**\nquiet exec /q/*\n");
    ck_assert(policy_below(policy, POLICY_READ, "/"));
    ck_assert(policy_below(policy, POLICY_READ, "/a"));
    /* The rule about /a/b/c is older than the one that covers it. */
    ck_assert(!policy_below(policy, POLICY_READ, "/a/b"));
    ck_assert(!policy_below(policy, POLICY_READ, "/a/b/c"));
    ck_assert(!policy_below(policy, POLICY_READ, "/c"));
    ck_assert(!policy_below(policy, POLICY_READ, "/elsewhere"));
    ck_assert(!policy_below(policy, POLICY_WRITE, "/a"));
    ck_assert(!policy_below(policy, POLICY_WRITE, "/w"));
    ck_assert(policy_below(policy, POLICY_WRITE, "/"));
    ck_assert(policy_below(policy, POLICY_EXEC, "/q"));
    ck_assert(!policy_below(policy, POLICY_EXEC, "/q/x/y"));
    policy_free(policy);
}
END_TEST

static void append(struct policy *policy, const char *text, enum policy_trust trust, int expected)
{
    ck_assert_int_eq(policy_append(policy, "run time", text, strlen(text), trust), expected);
}

START_TEST(rules_of_run_time_loosen_no_further_than_ceilings)
{
    struct policy *policy =
        scratch_policy("write deny /**\nread hide /secret/**\nceiling write layer /**\nceiling write direct /tmp/**\n"
                       "ceiling read deny /secret/**\nexec deny /bin/**\nwrite direct /mine/**\n");
    append(policy, "write direct /**\nread allow /secret/**\nexec allow /bin/**\nread deny /home/**", POLICY_CONFINED,
           0);
    assert_write(policy, "/etc/x", "layer limited");
    assert_write(policy, "/tmp/x", "direct");
    assert_write(policy, "/mine/x", "direct"); /* as it was: nothing is tightened by a ceiling */
    assert_read(policy, "/secret/x", "deny limited");
    assert_exec(policy, "/bin/sh", "deny limited"); /* no ceiling: nothing may be loosened */
    assert_read(policy, "/home/x", "deny");         /* to tighten is always allowed */
    ck_assert(policy_below(policy, POLICY_WRITE, "/etc"));
    append(policy, "write deny /mine/x", POLICY_CONFINED, 0);
    assert_write(policy, "/mine/x", "deny");
    append(policy, "write ignore /etc/**", POLICY_TRUSTED, 0);
    assert_write(policy, "/etc/x", "ignore");
    append(policy, "write direct /etc/**", POLICY_CONFINED, 0);
    assert_write(policy, "/etc/x", "layer limited");
    policy_free(policy);
}
END_TEST

START_TEST(rules_of_run_time_set_nothing_else)
{
    static const char *const refused[] = {"ceiling read allow /**", "include secrets", "on-violation errno EPERM"};
    struct policy *policy = scratch_policy("");
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        append(policy, refused[i], POLICY_CONFINED, -EINVAL);
    ck_assert_uint_eq(policy_rule_count(policy), 0);
    policy_free(policy);
}
END_TEST

START_TEST(a_text_that_is_refused_leaves_nothing)
{
    struct policy *policy = scratch_policy("read hide /x");
    size_t files = policy->file_count;
    for (int i = 0; i < 3000; i++)
        append(policy, "read allow /x\nwrong", POLICY_CONFINED, -EINVAL);
    ck_assert_uint_eq(policy->file_count, files);
    assert_read(policy, "/x", "hide");
    policy_free(policy);
}
END_TEST

START_TEST(links_before_globs_are_followed)
{
    char top[] = "/tmp/test_policy.XXXXXX";
    char text[512];
    char path[256];
    struct policy_options options = {.report = scratch_report, .resolve = true};
    struct policy *policy;
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    ck_assert_int_eq(mkdir("re*al", 0755), 0);
    ck_assert_int_eq(symlink("re*al", "link"), 0);
    ck_assert_int_eq(policy_new(&policy, &options), 0);
    (void)snprintf(text, sizeof text, "read hide %s/link/x/*.o\nread deny %s/link\nread allow %s/lin*/y", top, top,
                   top);
    append(policy, text, POLICY_TRUSTED, 0);
    (void)snprintf(path, sizeof path, "%s/re*al/x/1.o", top);
    assert_read(policy, path, "hide");
    ck_assert(policy_rule_matches(policy, 1, path));
    (void)snprintf(path, sizeof path, "%s/link/x/1.o", top);
    assert_read(policy, path, "hide");
    (void)snprintf(path, sizeof path, "%s/re*al", top);
    assert_read(policy, path, "deny");
    (void)snprintf(path, sizeof path, "%s/reXal", top);
    assert_read(policy, path, "allow");
    ck_assert_ptr_null(policy_rule_get(policy, 3).resolved);
    policy_free(policy);
    ck_assert_int_eq(unlink("link"), 0);
    ck_assert_int_eq(rmdir("re*al"), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(top), 0);
}
END_TEST

/* What a decision looks at, with this many rules that differ where the pattern has a %. */
static uint64_t looked_at(const char *pattern, int count, const char *path)
{
    struct policy *policy = scratch_empty();
    struct bytes text = {0};
    for (int i = 0; i < count; i++) {
        char number[16];
        int length = snprintf(number, sizeof number, "%d", i + 100000);
        bytes_add(&text, "read hide ", 10);
        for (const char *byte = pattern; *byte != '\0'; byte++)
            bytes_add(&text, *byte == '%' ? number : byte, *byte == '%' ? (size_t)length : 1);
        bytes_add_byte(&text, '\n');
    }
    ck_assert_int_eq(policy_append(policy, "text", text.data, text.length, POLICY_TRUSTED), 0);
    free(text.data);
    uint64_t before = policy->looked;
    (void)policy_decide(policy, POLICY_READ, path);
    uint64_t looked = policy->looked - before;
    policy_free(policy);
    return looked;
}

START_TEST(a_decision_costs_the_same_with_any_number_of_rules)
{
    static const char *const patterns[] = {
        "/srv/data/d%", "/srv/d%/**",         "**/d%/x",        "/srv/data/*.%", "/srv/data/%-*",
        "/srv/%*.%/*",  "/srv/data/**/d%/**", "/srv/data/same",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        uint64_t few = looked_at(patterns[i], 10, "/srv/data/100005.100005");
        uint64_t many = looked_at(patterns[i], 100000, "/srv/data/100005.100005");
        ck_assert_msg(few == many, "%s: %lu with 10, %lu with 100000", patterns[i], few, many);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_decide");
    TCase *tcase = tcase_create("decide");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, globs_stay_within_a_component);
    tcase_add_test(tcase, two_stars_cross_components);
    tcase_add_test(tcase, places_decide_as_paths_do);
    tcase_add_test(tcase, directories_of_one_verdict_are_known);
    tcase_add_test(tcase, rules_of_run_time_loosen_no_further_than_ceilings);
    tcase_add_test(tcase, rules_of_run_time_set_nothing_else);
    tcase_add_test(tcase, a_text_that_is_refused_leaves_nothing);
    tcase_add_test(tcase, links_before_globs_are_followed);
    tcase_add_test(tcase, a_decision_costs_the_same_with_any_number_of_rules);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
