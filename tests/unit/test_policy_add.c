/*
 * Rules that a program adds while it runs: it tightens at will, loosens as far as ceilings let it, and hears at once
 * what is wrong; then nothing has been added.
 */
#include "policy/internal.h"
#include "tests/unit/scratch_policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { ADDED_MAX = 10000 };

static char why[256];

static int add(struct policy *policy, const char *text)
{
    return policy_add(policy, "program", text, strlen(text), false, why, sizeof why);
}

/* The rule is refused with these words, and leaves no trace. */
static void assert_refused(struct policy *policy, const char *text, const char *words)
{
    uint32_t rules = policy_rule_count(policy);
    ck_assert_msg(add(policy, text) == -EPERM, "added: %s", text);
    ck_assert_msg(strstr(why, words) != NULL, "%s: %s", text, why);
    ck_assert_msg(policy_rule_count(policy) == rules, "%s", text);
}

static void assert_added(struct policy *policy, const char *text, uint32_t count)
{
    uint32_t rules = policy_rule_count(policy);
    ck_assert_msg(add(policy, text) == 0, "%s: %s", text, why);
    ck_assert_str_eq(why, "");
    ck_assert_uint_eq(policy_rule_count(policy), rules + count);
}

static const char *address_verdict(struct policy *policy, enum policy_action action, const char *text)
{
    struct sockaddr_storage address;
    socklen_t length = policy_address_read(text, &address);
    ck_assert_uint_gt(length, 0);
    return policy_verdict_name(
        policy_decide_address(policy, action, (const struct sockaddr *)&address, length).verdict);
}

START_TEST(tightening_needs_no_ceiling)
{
    struct policy *policy = scratch_policy("read allow /**\nwrite direct /**\nexec allow /**\nconnect allow *\n");
    assert_added(policy, "read hide /secret/**", 1);
    assert_added(policy, "write layer /a/**\nwrite ignore /a/b/**\nwrite deny /a/c/**", 3);
    assert_added(policy, "quiet exec /bin/id", 1);
    assert_added(policy, "connect deny 10.0.0.0/8:*", 1);
    assert_read(policy, "/secret/x", "hide");
    assert_write(policy, "/a/x", "layer");
    assert_write(policy, "/a/b/x", "ignore");
    assert_write(policy, "/a/c/x", "deny");
    assert_exec(policy, "/bin/id", "deny quiet");
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "10.1.2.3:80"), "deny");
    /* What the program tightened itself it may loosen again, no further than it was. */
    assert_added(policy, "read allow /secret/**\nwrite direct /a/**", 2);
    assert_read(policy, "/secret/x", "allow");
    assert_write(policy, "/a/c/x", "direct");
    policy_free(policy);
}
END_TEST

START_TEST(loosening_ends_at_the_ceiling)
{
    struct policy *policy = scratch_policy("write deny /**\nread hide /secret/**\nread deny /denied/**\nexec deny /**\n"
                                           "ceiling write layer /work/**\nceiling write direct /work/out/**\n"
                                           "ceiling read deny /secret/some/**\n");
    assert_refused(policy, "write direct /work/x", "ceiling");
    assert_refused(policy, "write layer /elsewhere/**", "ceiling");
    assert_refused(policy, "write layer /**", "ceiling");
    assert_refused(policy, "write layer /*/x", "ceiling");
    assert_refused(policy, "write ignore /elsewhere", "ceiling");
    assert_refused(policy, "read allow /secret/some/x", "ceiling");
    assert_refused(policy, "read deny /secret/x", "ceiling");
    assert_refused(policy, "read allow /denied/**", "ceiling");
    assert_refused(policy, "exec allow /bin/true", "ceiling");
    assert_added(policy, "write layer /work/x", 1);
    assert_added(policy, "write direct /work/out/**", 1);
    assert_added(policy, "read deny /secret/some/**", 1);
    assert_write(policy, "/work/x", "layer");
    assert_write(policy, "/work/y", "deny");
    assert_write(policy, "/work/out/x", "direct");
    assert_read(policy, "/secret/some/x", "deny");
    assert_read(policy, "/secret/x", "hide");
    policy_free(policy);
}
END_TEST

START_TEST(the_last_ceiling_that_matches_counts)
{
    struct policy *policy = scratch_policy("write deny /**\nread allow /**\nceiling write direct /work/**\n"
                                           "ceiling write deny /work/.git/**\nceiling read hide /**\n");
    assert_refused(policy, "write direct /work/.git/config", "ceiling");
    /* A ceiling tightens nothing by itself. */
    assert_read(policy, "/x", "allow");
    assert_added(policy, "read allow /x", 1);
    assert_read(policy, "/x", "allow");
    /* Judged where it begins; what it says of other places it cannot do. */
    assert_added(policy, "write direct /work/**", 1);
    assert_write(policy, "/work/x", "direct");
    assert_write(policy, "/work/.git/config", "deny limited");
    policy_free(policy);
}
END_TEST

START_TEST(a_pattern_is_judged_by_what_it_means)
{
    struct policy *policy = scratch_policy("read hide /secret/**\nread hide /home/u/key\nread hide /set/**\n"
                                           "write deny /**\nceiling write layer /work/**\n");
    static const char *const loose[] = {
        "read allow /secret",          "read allow /secret/",     "read allow //secret/x", "read allow /se\\143ret/x",
        "read allow \\/\\s\\ecret/x",  "read allow ~/key",        "read allow $SET/x",     "read allow ${SET}",
        "read allow ${NONE:-/secret}", "read\tallow\t/secret/**",
    };
    for (size_t i = 0; i < sizeof loose / sizeof loose[0]; i++) {
        int status = add(policy, loose[i]);
        ck_assert_msg(status == 0 || status == -EPERM, "%s", loose[i]);
        assert_read(policy, "/secret", "hide");
        ck_assert_str_eq(policy_verdict_name(policy_decide(policy, POLICY_READ, "/secret/x").verdict), "hide");
        ck_assert_str_eq(policy_verdict_name(policy_decide(policy, POLICY_READ, "/home/u/key").verdict), "hide");
        ck_assert_str_eq(policy_verdict_name(policy_decide(policy, POLICY_READ, "/set/x").verdict), "hide");
    }
    /* Those that name the place itself are told so. */
    assert_refused(policy, "read allow /se\\143ret/x", "ceiling");
    assert_refused(policy, "read allow ~/key", "ceiling");
    assert_refused(policy, "read allow $SET/x", "ceiling");
    assert_added(policy, "write layer ./x", 1);
    assert_write(policy, "/work/x", "layer");
    /* Globs that begin elsewhere are no way in. */
    assert_added(policy, "read allow /**\nread allow /?ecret/**\nread allow /*/x\nread allow /[s]ecret/x", 4);
    ck_assert_str_eq(policy_verdict_name(policy_decide(policy, POLICY_READ, "/secret/x").verdict), "hide");
    policy_free(policy);
}
END_TEST

START_TEST(a_link_is_the_place_that_it_leads_to)
{
    char directory[] = "/tmp/coffer-add.XXXXXX", text[512], target[64], link[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(target, sizeof target, "%s/kept", directory);
    (void)snprintf(link, sizeof link, "%s/way", directory);
    ck_assert_int_eq(symlink(target, link), 0);
    (void)snprintf(text, sizeof text, "write deny /**\nceiling write direct %s/**\nceiling write deny %s/**\n",
                   directory, target);
    struct policy *policy = scratch_policy(text);
    (void)snprintf(text, sizeof text, "write direct %s/**", link);
    (void)add(policy, text);
    (void)snprintf(text, sizeof text, "%s/file", target);
    ck_assert_str_eq(policy_verdict_name(policy_decide(policy, POLICY_WRITE, text).verdict), "deny");
    (void)unlink(link);
    (void)rmdir(directory);
    policy_free(policy);
}
END_TEST

START_TEST(addresses_have_ceilings)
{
    struct policy *policy = scratch_policy("connect deny *\nbind deny *\nceiling connect allow 127.0.0.0/8:*\n"
                                           "ceiling connect deny 127.0.0.1:22\nceiling connect allow unix:/run/x/*\n"
                                           "ceiling connect allow unix:@mine-[0-9]\n");
    assert_refused(policy, "connect allow 10.0.0.1:80", "ceiling");
    assert_refused(policy, "connect allow 127.0.0.1:22", "ceiling");
    assert_refused(policy, "connect allow [::1]:80", "ceiling");
    assert_refused(policy, "connect allow unix:@name", "ceiling");
    assert_refused(policy, "connect allow unix:@n\\ame", "ceiling");
    assert_refused(policy, "connect allow unix:@mine-", "ceiling");
    assert_added(policy, "connect allow unix:@mine-1", 1);
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "unix:@mine-1"), "allow");
    assert_refused(policy, "connect allow unix:/run/y", "ceiling");
    assert_refused(policy, "bind allow 127.0.0.1:80", "ceiling");
    assert_added(policy, "connect allow 127.0.0.1:80", 1);
    assert_added(policy, "connect allow unix:/run/x/socket", 1);
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "127.0.0.1:80"), "allow");
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "127.0.0.1:81"), "deny");
    /* An address that stands for many is added, and holds below the ceiling alone. */
    ck_assert_int_eq(add(policy, "connect allow *"), 0);
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "127.0.0.1:81"), "allow");
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "[::ffff:127.0.0.1]:81"), "allow");
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "127.0.0.1:22"), "deny");
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "10.0.0.1:80"), "deny");
    ck_assert_int_eq(add(policy, "connect allow unix:@n*"), 0);
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "unix:@name"), "deny");
    ck_assert_int_eq(add(policy, "connect allow unix:@**"), 0);
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "unix:@name"), "deny");
    ck_assert_str_eq(address_verdict(policy, POLICY_CONNECT, "unix:@x"), "deny");
    policy_free(policy);
}
END_TEST

START_TEST(only_rules_are_added_and_all_or_none)
{
    struct policy *policy = scratch_policy("control exec\nread allow /**\nwrite deny /**\n");
    static const char *const wrong[] = {
        "read",
        "read deny",
        "read maybe /x",
        "read deny x",
        "deny read /x",
        "write hide /x",
        "read deny /x /y",
        "read deny $NONE/x",
        "read deny /x/../y",
        "read deny /[x",
        "connect deny nowhere",
        "connect deny 127.0.0.0/33:1",
        "quiet /x",
        "ceiling write direct /**",
        "control open",
        "control closed",
        "on-violation kill",
        "include trace",
        "include /etc/passwd",
        "read deny /a\nwrite direct",
        "\1\2\3",
        "read deny /a\nceiling read allow /**",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(policy, wrong[i], "");
        ck_assert_msg(why[0] != '\0', "nothing is said of %s", wrong[i]);
    }
    assert_refused(policy, "", "no rule found");
    assert_refused(policy, "\n \n# read deny /x\n", "no rule found");
    assert_refused(policy, "read deny /a\nwrite layer /x", "ceiling");
    assert_read(policy, "/a", "allow");
    assert_write(policy, "/x", "deny");
    ck_assert_int_eq(policy_control(policy), POLICY_CONTROL_EXEC);
    policy_free(policy);
}
END_TEST

START_TEST(what_is_said_fits_its_room)
{
    struct policy *policy = scratch_policy("write deny /**\n");
    char small[8];
    const char *rule = "write direct /x";
    memset(small, 'x', sizeof small);
    ck_assert_int_eq(policy_add(policy, "program", rule, strlen(rule), false, small, 5), -EPERM);
    ck_assert_str_eq(small, "no c");
    ck_assert_int_eq(small[5], 'x');
    /* No byte behind the text is looked at, and none in it ends it. */
    static const char bytes[] = "write deny /x\0\nwrite direct /y";
    ck_assert_int_eq(policy_add(policy, "program", bytes, sizeof bytes - 1, false, why, sizeof why), -EPERM);
    ck_assert_int_eq(policy_add(policy, "program", bytes, 13, false, why, sizeof why), 0);
    ck_assert_uint_eq(policy_rule_count(policy), 2);
    /* A long one is refused, or is a rule; it breaks nothing. */
    size_t length = 1 << 17;
    char *text = malloc(length + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', length);
    memcpy(text, "write deny /", 12);
    text[length] = '\0';
    int status = policy_add(policy, "program", text, length, false, why, sizeof why);
    ck_assert(status == 0 || status == -EPERM);
    ck_assert_uint_eq(policy_rule_count(policy), status == 0 ? 3 : 2);
    free(text);
    policy_free(policy);
}
END_TEST

START_TEST(where_reads_are_not_asked_about_no_rule_needs_them)
{
    struct policy *policy =
        scratch_policy("read allow /**\nwrite deny /**\nwrite direct /out/**\nceiling write layer /**\n");
    static const char *const refused[] = {"read hide /x", "read deny /x", "write layer /out/x", "quiet read /x",
                                          "write deny /out/a\nread hide /y"};
    static const char *const added[] = {"write deny /out/x", "write ignore /out/y", "exec deny /x", "read allow /x"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ck_assert_msg(policy_add(policy, "program", refused[i], strlen(refused[i]), true, why, sizeof why) == -EPERM,
                      "%s", refused[i]);
        ck_assert_msg(strstr(why, "reads") != NULL, "%s: %s", refused[i], why);
    }
    ck_assert_uint_eq(policy_rule_count(policy), 4);
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++)
        ck_assert_msg(policy_add(policy, "program", added[i], strlen(added[i]), true, why, sizeof why) == 0, "%s: %s",
                      added[i], why);
    policy_free(policy);
}
END_TEST

/* Rules about COUNT places, the first of which has the number FIRST; the caller frees it. */
static char *many(unsigned first, unsigned count)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    for (unsigned i = first; i < first + count; i++)
        (void)fprintf(out, "write deny /x/%u\n", i);
    (void)fclose(out);
    return text;
}

START_TEST(as_many_as_can_be)
{
    struct policy *policy = scratch_policy("read allow /**\n");
    /* The newest once more is none; another one between, and it is. */
    assert_added(policy, "read deny /x", 1);
    for (int i = 0; i < 10; i++)
        assert_added(policy, "read deny /x", 0);
    assert_added(policy, "read deny /y", 1);
    assert_added(policy, "read deny /x", 1);
    char *text = many(0, ADDED_MAX - 4);
    assert_added(policy, text, ADDED_MAX - 4);
    free(text);
    assert_refused(policy, "read deny /a\nread deny /b", "too many rules: at most 10000");
    assert_added(policy, "read deny /a", 1);
    assert_refused(policy, "read deny /b", "too many");
    assert_added(policy, "read deny /a", 0);
    assert_read(policy, "/b", "allow");
    assert_write(policy, "/x/9995", "deny");
    /* Those of the file do not count. */
    policy_free(policy);
    text = many(0, ADDED_MAX + 1);
    policy = scratch_policy(text);
    free(text);
    assert_added(policy, "read deny /a", 1);
    policy_free(policy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_add");
    TCase *tcase = tcase_create("add");
    tcase_add_test(tcase, tightening_needs_no_ceiling);
    tcase_add_test(tcase, loosening_ends_at_the_ceiling);
    tcase_add_test(tcase, the_last_ceiling_that_matches_counts);
    tcase_add_test(tcase, a_pattern_is_judged_by_what_it_means);
    tcase_add_test(tcase, a_link_is_the_place_that_it_leads_to);
    tcase_add_test(tcase, addresses_have_ceilings);
    tcase_add_test(tcase, only_rules_are_added_and_all_or_none);
    tcase_add_test(tcase, what_is_said_fits_its_room);
    tcase_add_test(tcase, where_reads_are_not_asked_about_no_rule_needs_them);
    tcase_add_test(tcase, as_many_as_can_be);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
