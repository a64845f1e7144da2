/*
 * What Landlock can be told of a policy, on a tree that is really there; and that the kernel, told so, refuses what the
 * policy refuses.
 */
#include "policy/grants.h"
#include "policy/lock.h"
#include "tests/unit/scratch_policy.h"

#include "emul/cleanup.h"
#include "emul/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[PATH_MAX];

static void make_file(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(close(fd), 0);
}

static void set_up(void)
{
    char made[] = "/tmp/test_grants.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(made));
    ck_assert_ptr_nonnull(realpath(made, top));
    ck_assert_int_eq(chdir(top), 0);
    static const char *const directories[] = {"home", "home/.ssh", "home/work", "home/work/deep", "usr", "empty"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        ck_assert_int_eq(mkdir(directories[i], 0755), 0);
    static const char *const files[] = {"home/.ssh/key", "home/.netrc",      "home/.profile",
                                        "home/work/a",   "home/work/deep/b", "usr/program"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        make_file(files[i]);
    ck_assert_int_eq(symlink("home", "link"), 0);
}

static void tear_down(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(tree_remove(AT_FDCWD, top), 0);
}

/* A policy about the tree: . is its root. */
static struct policy *tree_policy(const char *text)
{
    struct policy_options options = {.home = top, .directory = top, .report = scratch_report};
    struct policy *policy;
    ck_assert_int_eq(policy_new(&policy, &options), 0);
    int status = policy_append(policy, "text", text, strlen(text), POLICY_TRUSTED);
    ck_assert_msg(status == 0, "%s", scratch_problem);
    return policy;
}

/* What was granted and lost, a line each, sorted. */
struct seen {
    char *lines[64];
    int count;
};

static void note(struct seen *seen, char *line)
{
    ck_assert_int_lt(seen->count, 64);
    int at = seen->count++;
    for (; at > 0 && strcmp(seen->lines[at - 1], line) > 0; at--)
        seen->lines[at] = seen->lines[at - 1];
    seen->lines[at] = line;
}

static const char *below_top(const char *path)
{
    size_t length = strlen(top);
    if (strncmp(path, top, length) != 0)
        return path;
    return path[length] == '\0' ? "/" : path + length;
}

static int note_grant(void *data, int fd, const char *path, bool directory, unsigned rights)
{
    char *line;
    struct stat st;
    struct stat by_path;
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_int_eq(lstat(path, &by_path), 0);
    ck_assert_uint_eq(st.st_ino, by_path.st_ino);
    ck_assert_int_eq(S_ISDIR(st.st_mode), directory);
    ck_assert_int_gt(asprintf(&line, "grant %s%s %s%s%s", below_top(path), directory ? " and below" : "",
                              (rights & GRANT_READ) != 0 ? "r" : "", (rights & GRANT_WRITE) != 0 ? "w" : "",
                              (rights & GRANT_EXEC) != 0 ? "x" : ""),
                     0);
    note(data, line);
    return 0;
}

static void note_loss(void *data, enum grant_loss loss, const char *path, unsigned rights)
{
    static const char *const names[] = {[GRANT_LOSS_LIST] = "list",
                                        [GRANT_LOSS_LATER] = "later",
                                        [GRANT_LOSS_LIMIT] = "limit",
                                        [GRANT_LOSS_UNREAD] = "unread",
                                        [GRANT_LOSS_LINKED] = "linked"};
    char *line;
    ck_assert_int_gt(asprintf(&line, "lose %s %s %u", names[loss], below_top(path), rights), 0);
    note(data, line);
}

/* All of it as one text. */
static char *grants_of(const char *rules, unsigned rights, unsigned directories_max)
{
    static char text[4096];
    struct seen seen = {.count = 0};
    struct policy *policy = tree_policy(rules);
    struct grants grants = {
        .grant = note_grant, .lose = note_loss, .data = &seen, .rights = rights, .directories_max = directories_max};
    ck_assert_int_eq(policy_grants(policy, top, &grants), 0);
    text[0] = '\0';
    for (int i = 0; i < seen.count; i++) {
        size_t length = strlen(text);
        (void)snprintf(text + length, sizeof text - length, "%s\n", seen.lines[i]);
        free(seen.lines[i]);
    }
    policy_free(policy);
    return text;
}

START_TEST(one_verdict_is_one_grant)
{
    ck_assert_str_eq(grants_of("write direct /**\n", GRANT_ALL, 0), "grant / and below rwx\n");
    ck_assert_str_eq(grants_of("", GRANT_ALL, 0), "grant / and below rx\n");
    ck_assert_str_eq(grants_of("read deny /**\nexec deny /**\n", GRANT_ALL, 0), "");
}
END_TEST

START_TEST(what_is_partly_refused_is_taken_apart)
{
    ck_assert_str_eq(grants_of("read hide ~/home/.ssh/**\nread hide ~/home/.netrc\n", GRANT_READ, 0),
                     "grant /empty and below r\n"
                     "grant /home/.profile r\n"
                     "grant /home/work and below r\n"
                     "grant /usr and below r\n"
                     "lose later / 1\n"
                     "lose later /home 1\n"
                     "lose list / 1\n"
                     "lose list /home 1\n");
}
END_TEST

START_TEST(rights_are_taken_apart_each_for_itself)
{
    ck_assert_str_eq(grants_of("write deny /**\nwrite direct ./home/work/**\nexec deny ./home/**\n", GRANT_ALL, 0),
                     "grant / and below r\n"
                     "grant /empty and below x\n"
                     "grant /home/work and below w\n"
                     "grant /usr and below x\n"
                     "lose later / 4\n");
}
END_TEST

START_TEST(what_is_made_later_has_the_rights_of_what_no_rule_speaks_of)
{
    ck_assert_str_eq(grants_of("write deny /**\nwrite direct ./home/work/**\nwrite deny ./home/work\n", GRANT_WRITE, 0),
                     "grant /home/work/a w\n"
                     "grant /home/work/deep and below w\n"
                     "lose later /home/work 2\n");
    ck_assert_str_eq(grants_of("write deny /**\nwrite direct ./home/work/*\n", GRANT_WRITE, 0),
                     "grant /home/work/a w\n"
                     "lose later /home/work/deep 2\n");
}
END_TEST

START_TEST(globs_are_what_is_there)
{
    ck_assert_str_eq(grants_of("read deny /**\nread allow ./home/.p*\nread allow ./home/*/deep/**\n", GRANT_READ, 0),
                     "grant /home/.profile r\n"
                     "grant /home/work/deep and below r\n");
}
END_TEST

START_TEST(bounds_hold)
{
    ck_assert_str_eq(grants_of("read hide **/secret\n", GRANT_READ, 1),
                     "lose later / 1\n"
                     "lose limit /empty 1\nlose limit /home 1\nlose limit /usr 1\n"
                     "lose list / 1\n");
}
END_TEST

START_TEST(other_names_of_what_is_refused_are_told)
{
    ck_assert_int_eq(link("home/.netrc", "usr/same"), 0);
    char *text = grants_of("read hide ./home/.netrc\n", GRANT_READ, 0);
    ck_assert_msg(strstr(text, "lose linked /home/.netrc 1\n") != NULL, "%s", text);
}
END_TEST

/* --- the kernel */

static int add_rule(void *data, int fd, const char *path, bool directory, unsigned rights)
{
    (void)path;
    (void)rights;
    struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE};
    if (directory)
        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    const int *rules = data;
    return syscall(SYS_landlock_add_rule, *rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

static int try_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    (void)close(fd);
    return 0;
}

static int wrong_in_domain(struct policy *policy)
{
    static const struct {
        const char *path;
        int result;
    } cases[] = {
        {"home/.ssh/key", EACCES}, {"home/.ssh", EACCES}, {"home/.netrc", EACCES},           {"home/.profile", 0},
        {"home/work/a", 0},        {"usr/program", 0},    {"link/work/deep/b", 0},           {"link/.netrc", EACCES},
        {"home", EACCES},          {"home/work", 0},      {"home/work/../.ssh/key", EACCES},
    };
    uint64_t handled = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    struct grants grants = {.grant = add_rule, .data = &rules, .rights = GRANT_READ};
    if (rules < 0 || policy_grants(policy, top, &grants) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_landlock_restrict_self, rules, 0) < 0)
        return 100;
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int result = try_open(cases[i].path);
        if (result == cases[i].result)
            continue;
        (void)fprintf(stderr, "%s: %s\n", cases[i].path, strerror(result));
        wrong++;
    }
    return wrong;
}

START_TEST(the_kernel_refuses_what_the_policy_refuses)
{
    struct policy *policy = tree_policy("read hide ./home/.ssh/**\nread hide ./home/.netrc\n");
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(wrong_in_domain(policy));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    policy_free(policy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_grants");
    TCase *tcase = tcase_create("grants");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, one_verdict_is_one_grant);
    tcase_add_test(tcase, what_is_partly_refused_is_taken_apart);
    tcase_add_test(tcase, rights_are_taken_apart_each_for_itself);
    tcase_add_test(tcase, what_is_made_later_has_the_rights_of_what_no_rule_speaks_of);
    tcase_add_test(tcase, globs_are_what_is_there);
    tcase_add_test(tcase, bounds_hold);
    tcase_add_test(tcase, other_names_of_what_is_refused_are_told);
    if (lock_abi() > 0)
        tcase_add_test(tcase, the_kernel_refuses_what_the_policy_refuses);
    else
        (void)fprintf(stderr, "no Landlock on this kernel: what it makes of the grants is not tested\n");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
