/*
 * Path resolution in a view, without a tracee: what a name is, where a path ends, and when the kernel comes to the
 * same end by itself.
 */
#include "tests/unit/scratch_view.h"

#include <linux/capability.h>

static struct scratch_view sv;

static void setup(void)
{
    memset(&sv, 0, sizeof sv);
    scratch_make(&sv.scratch);
}

static void teardown(void)
{
    if (sv.view != NULL)
        view_end(&sv);
    (void)chdir("/");
    scratch_done(&sv.scratch);
}

static void begin(void)
{
    ck_assert_int_eq(view_begin(&sv), 0);
}

static char *host(const char *name)
{
    return path_of("%s/%s", sv.scratch.host, name);
}

static char *upper(const char *name)
{
    return path_of("%s/%s", sv.scratch.upper, name);
}

START_TEST(the_topmost_tree_counts)
{
    put_file(host("both"), "host", 0644);
    put_file(upper("both"), "layer", 0644);
    put_file(host("lower"), "host", 0644);
    put_file(upper("added"), "layer", 0644);
    put_file(host("gone"), "host", 0644);
    put_whiteout(upper("gone"));
    put_dir(host("changed"));
    put_file(upper("changed"), "a file now", 0644);
    begin();
    ck_assert_str_eq(view_read(&sv, "both"), "layer");
    ck_assert_str_eq(view_read(&sv, "lower"), "host");
    ck_assert_str_eq(view_read(&sv, "added"), "layer");
    ck_assert_str_eq(view_read(&sv, "gone"), "ENOENT");
    ck_assert_str_eq(view_read(&sv, "changed"), "a file now");
    ck_assert_str_eq(view_read(&sv, "never"), "ENOENT");
    ck_assert_int_eq(view_lstat(&sv, "gone"), -ENOENT);
    ck_assert_str_eq(view_names(&sv, "."), "added both changed lower ");
}
END_TEST

START_TEST(directories_merge_unless_opaque)
{
    put_dir(host("merged"));
    put_file(host("merged/host"), "1", 0644);
    put_dir(host("merged/deep"));
    put_file(host("merged/deep/host"), "1", 0644);
    put_dir(upper("merged"));
    put_file(upper("merged/layer"), "2", 0644);
    put_dir(host("opaque"));
    put_file(host("opaque/host"), "1", 0644);
    put_dir(upper("opaque"));
    put_file(upper("opaque/layer"), "2", 0644);
    put_opaque(upper("opaque"), "y");
    begin();
    ck_assert_str_eq(view_names(&sv, "merged"), "deep host layer ");
    ck_assert_str_eq(view_names(&sv, "merged/deep"), "host ");
    ck_assert_str_eq(view_names(&sv, "opaque"), "layer ");
    ck_assert_str_eq(view_read(&sv, "opaque/host"), "ENOENT");
    ck_assert_str_eq(view_read(&sv, "merged/deep/host"), "1");
}
END_TEST

START_TEST(only_what_no_layer_touched_is_pure)
{
    put_dir(host("d"));
    put_dir(host("d/e"));
    put_file(host("d/e/f"), "1", 0644);
    put_file(host("f"), "1", 0644);
    put_file(host("both"), "1", 0644);
    put_file(upper("both"), "2", 0644);
    put_file(host("gone"), "1", 0644);
    put_whiteout(upper("gone"));
    put_dir(upper("new"));
    put_dir(host("merged"));
    put_dir(upper("merged"));
    put_link(upper("link"), "f");
    put_link(host("hostlink"), "f");
    begin();
    ck_assert(is_pure(&sv, "f"));
    ck_assert(is_pure(&sv, "d/e/f"));
    ck_assert(is_pure(&sv, "d/e/missing"));
    ck_assert(is_pure(&sv, host("d/e")));
    ck_assert(is_pure(&sv, "d/../f"));
    ck_assert(is_pure(&sv, "hostlink"));
    ck_assert(is_pure(&sv, "missing"));
    ck_assert(is_pure(&sv, "/usr"));
    ck_assert(is_pure(&sv, "merged"));
    ck_assert(!is_pure(&sv, "both"));
    ck_assert(!is_pure(&sv, "gone"));
    ck_assert(!is_pure(&sv, "new"));
    ck_assert(!is_pure(&sv, "link"));
    /* Touched from now on. */
    ck_assert_int_eq(view_write(&sv, "d/e/f", "2"), 0);
    ck_assert(!is_pure(&sv, "d/e/f"));
    ck_assert_int_eq(view_unlink(&sv, "d/e/f"), 0);
    ck_assert(!is_pure(&sv, "d/e/f"));
}
END_TEST

/* Every pair of trees that a link and what it leads to may lie in. */
START_TEST(links_lead_from_tree_to_tree)
{
    const char *at = (_i & 1) != 0 ? sv.scratch.host : sv.scratch.upper;
    const char *target = (_i & 2) != 0 ? sv.scratch.host : sv.scratch.upper;
    put_dir(path_of("%s/d", target));
    put_file(path_of("%s/d/f", target), "found", 0644);
    put_link(path_of("%s/relative", at), "d/f");
    put_link(path_of("%s/absolute", at), host("d/f"));
    put_link(path_of("%s/directory", at), "./d/");
    put_link(path_of("%s/twice", at), "directory/../absolute");
    put_link(path_of("%s/dangling", at), "nowhere");
    begin();
    ck_assert_str_eq(view_read(&sv, "relative"), "found");
    ck_assert_str_eq(view_read(&sv, "absolute"), "found");
    ck_assert_str_eq(view_read(&sv, "directory/f"), "found");
    ck_assert_str_eq(view_read(&sv, "twice"), "found");
    ck_assert_str_eq(view_read(&sv, "dangling"), "ENOENT");
    ck_assert_str_eq(view_read(&sv, "relative/"), "ENOTDIR");
    ck_assert_int_eq(view_open(&sv, "relative", O_RDONLY | O_NOFOLLOW), -ELOOP);
    ck_assert_str_eq(view_names(&sv, "directory"), "f ");
    /* A file is made where a dangling link leads. */
    ck_assert_int_eq(view_write(&sv, "dangling", "made"), 0);
    ck_assert_str_eq(view_read(&sv, "nowhere"), "made");
    ck_assert_int_eq(access(host("nowhere"), F_OK), -1);
}
END_TEST

START_TEST(forty_links_and_no_more)
{
    put_file(host("link0"), "end", 0644);
    for (int i = 1; i <= 41; i++)
        put_link(path_of("%s/link%d", i % 2 == 0 ? sv.scratch.host : sv.scratch.upper, i), path_of("link%d", i - 1));
    put_link(upper("self"), "self");
    begin();
    ck_assert_str_eq(view_read(&sv, "link40"), "end");
    ck_assert_str_eq(view_read(&sv, "link41"), "ELOOP");
    ck_assert_str_eq(view_read(&sv, "self"), "ELOOP");
    ck_assert_str_eq(view_read(&sv, "self/x"), "ELOOP");
    ck_assert_int_eq(view_lstat(&sv, "self"), 0);
}
END_TEST

START_TEST(names_have_at_most_255_bytes)
{
    char longest[NAME_MAX + 1], longer[NAME_MAX + 2], deep[PATH_MAX];
    memset(longest, 'n', NAME_MAX);
    longest[NAME_MAX] = '\0';
    memset(longer, 'n', NAME_MAX + 1);
    longer[NAME_MAX + 1] = '\0';
    begin();
    ck_assert_int_eq(view_mkdir(&sv, longest), 0);
    ck_assert_int_eq(view_write(&sv, path_of("%s/%s", longest, longest), "x"), 0);
    ck_assert_int_eq(view_mkdir(&sv, longer), -ENAMETOOLONG);
    ck_assert_int_eq(view_lstat(&sv, path_of("%s/%s", longest, longer)), -ENAMETOOLONG);
    ck_assert_int_eq(view_lstat(&sv, path_of("missing/%s", longer)), -ENOENT);
    memset(deep, '/', sizeof deep);
    deep[PATH_MAX - 1] = '\0';
    ck_assert_int_eq(view_lstat(&sv, deep), 0);
    char *too_deep = malloc(PATH_MAX + 1);
    memset(too_deep, '/', PATH_MAX);
    too_deep[PATH_MAX] = '\0';
    ck_assert_int_eq(view_lstat(&sv, too_deep), -ENAMETOOLONG);
    free(too_deep);
    ck_assert_int_eq(view_lstat(&sv, ""), -ENOENT);
    ck_assert_int_eq(made(&sv, SYS_lstat, 8, 8, 0, 0), -EFAULT);
}
END_TEST

START_TEST(dot_dot_goes_up_in_the_view)
{
    put_dir(host("d"));
    put_file(host("f"), "f", 0644);
    put_dir(upper("new"));
    put_dir(upper("new/deep"));
    put_link(upper("link"), "new/deep");
    put_file(upper("new/g"), "g", 0644);
    begin();
    ck_assert_str_eq(view_read(&sv, "d/../f"), "f");
    ck_assert_str_eq(view_read(&sv, "new/deep/../../f"), "f");
    ck_assert_str_eq(view_read(&sv, "new/deep/../g"), "g");
    ck_assert_str_eq(view_read(&sv, "link/../g"), "g");
    ck_assert_str_eq(view_read(&sv, "link/.././g"), "g");
    ck_assert_str_eq(view_read(&sv, "f/.."), "ENOTDIR");
    ck_assert_str_eq(view_read(&sv, "f/."), "ENOTDIR");
    ck_assert_str_eq(view_read(&sv, "missing/../f"), "ENOENT");
    ck_assert_str_eq(view_read(&sv, path_of("/../..%s/f", sv.scratch.host)), "f");
    ck_assert_int_eq(view_chdir(&sv, "new/deep"), 0);
    ck_assert_str_eq(view_read(&sv, "../g"), "g");
    ck_assert_str_eq(view_read(&sv, "../../f"), "f");
}
END_TEST

START_TEST(a_slash_at_the_end_wants_a_directory)
{
    put_dir(upper("d"));
    put_file(upper("f"), "f", 0644);
    put_link(upper("link"), "d");
    begin();
    ck_assert_int_eq(view_lstat(&sv, "d/"), 0);
    ck_assert_int_eq(view_lstat(&sv, "f/"), -ENOTDIR);
    ck_assert_int_eq(view_lstat(&sv, "missing/"), -ENOENT);
    ck_assert_int_eq(view_mkdir(&sv, "made///"), 0);
    ck_assert_int_eq(view_open(&sv, "file/", O_WRONLY | O_CREAT), -EISDIR);
    ck_assert_int_eq(view_unlink(&sv, "f/"), -ENOTDIR);
    ck_assert_int_eq(view_rmdir(&sv, "link/"), -ENOTDIR);
    ck_assert_int_eq(view_rmdir(&sv, "made/"), 0);
    ck_assert_int_eq(view_rmdir(&sv, "d/."), -EINVAL);
    ck_assert_int_eq(view_rmdir(&sv, "d/.."), -ENOTEMPTY);
    ck_assert_int_eq(view_rmdir(&sv, "/"), -EBUSY);
}
END_TEST

START_TEST(openat2_may_narrow_the_walk)
{
    put_dir(upper("d"));
    put_file(upper("d/f"), "f", 0644);
    put_link(upper("d/out"), "../top");
    put_link(upper("d/absolute"), "/f");
    put_link(upper("d/inside"), "f");
    put_file(upper("top"), "top", 0644);
    begin();
    ck_assert_int_eq(view_chdir(&sv, "d"), 0);
    ck_assert_int_eq(walk_errno(&sv, "f", WALK_BENEATH | WALK_FOLLOW), 0);
    ck_assert_int_eq(walk_errno(&sv, "inside", WALK_BENEATH | WALK_FOLLOW), 0);
    ck_assert_int_eq(walk_errno(&sv, "../top", WALK_BENEATH | WALK_FOLLOW), EXDEV);
    ck_assert_int_eq(walk_errno(&sv, "out", WALK_BENEATH | WALK_FOLLOW), EXDEV);
    ck_assert_int_eq(walk_errno(&sv, "absolute", WALK_BENEATH | WALK_FOLLOW), EXDEV);
    ck_assert_int_eq(walk_errno(&sv, "/f", WALK_BENEATH | WALK_FOLLOW), EXDEV);
    ck_assert_int_eq(walk_errno(&sv, "inside", WALK_NO_SYMLINKS | WALK_FOLLOW), ELOOP);
    ck_assert_int_eq(walk_errno(&sv, "inside", WALK_NO_SYMLINKS), 0);
    struct walked walked;
    walk(sv.view, &sv.caller, AT_FDCWD, "absolute", WALK_IN_ROOT | WALK_FOLLOW | WALK_LOOK, &walked);
    ck_assert_int_eq(walked.kind, WALK_ENTRY);
    ck_assert_int_eq(walked.entry.tree, UPPER);
    ck_assert_str_eq(walked.entry.name, "f");
    walked_release(sv.view, &walked);
}
END_TEST

START_TEST(descriptors_lead_into_the_view)
{
    put_dir(host("d"));
    put_file(host("d/f"), "host", 0644);
    put_dir(upper("new"));
    put_file(upper("new/f"), "layer", 0644);
    begin();
    static const char *const names[] = {"d", "new"};
    for (size_t i = 0; i < 2; i++) {
        struct stat st;
        int fd = (int)view_open(&sv, names[i], O_RDONLY | O_DIRECTORY);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(made(&sv, SYS_mkdirat, (uint64_t)fd, ADDRESS("made"), 0755, 0), 0);
        ck_assert_int_eq(view_stat(&sv, path_of("%s/made", names[i]), &st), 0);
        ck_assert_int_eq(made(&sv, SYS_newfstatat, (uint64_t)fd, ADDRESS("../d/f"), ADDRESS(&st), 0), 0);
        ck_assert_int_eq(made(&sv, SYS_mkdirat, (uint64_t)fd, ADDRESS("f/x"), 0755, 0), -ENOTDIR);
        (void)close(fd);
    }
    ck_assert_int_eq(access(host("d/made"), F_OK), -1);
    ck_assert_int_eq(made(&sv, SYS_mkdirat, 999, ADDRESS("x"), 0755, 0), -EBADF);
    int file = (int)view_open(&sv, "d/f", O_RDONLY);
    ck_assert_int_eq(made(&sv, SYS_mkdirat, (uint64_t)file, ADDRESS("x"), 0755, 0), -ENOTDIR);
    (void)close(file);
}
END_TEST

START_TEST(the_layer_is_not_in_the_view)
{
    struct stat st;
    begin();
    ck_assert_int_eq(view_stat(&sv, sv.scratch.layer, &st), -ENOENT);
    ck_assert_int_eq(view_stat(&sv, path_of("%s/fs", sv.scratch.layer), &st), -ENOENT);
    ck_assert_int_eq(view_stat(&sv, path_of("%s/host/../layer/fs", sv.scratch.dir), &st), -ENOENT);
    ck_assert_int_eq(view_stat(&sv, "../layer", &st), -ENOENT);
    ck_assert_str_eq(view_names(&sv, ".."), "host ");
    ck_assert_int_eq(view_chdir(&sv, ".."), 0);
    ck_assert_int_eq(view_stat(&sv, "layer/fs", &st), -ENOENT);
    ck_assert_int_eq(view_stat(&sv, "host/.", &st), 0);
}
END_TEST

START_TEST(a_removed_working_directory_holds_nothing)
{
    char cwd[PATH_MAX];
    bool from_host = _i == 0;
    put_dir(from_host ? host("d") : upper("d"));
    begin();
    ck_assert_int_eq(view_chdir(&sv, "d"), 0);
    ck_assert_int_eq(view_rmdir(&sv, host("d")), 0);
    ck_assert_int_eq(view_open(&sv, "new", O_WRONLY | O_CREAT), -ENOENT);
    ck_assert_int_eq(view_mkdir(&sv, "new"), -ENOENT);
    ck_assert_int_eq(view_lstat(&sv, "new"), -ENOENT);
    ck_assert_int_eq(view_lstat(&sv, "."), 0);
    ck_assert_int_eq(made(&sv, SYS_getcwd, ADDRESS(cwd), sizeof cwd, 0, 0), -ENOENT);
    ck_assert_int_eq(view_lstat(&sv, "../d"), -ENOENT);
    /* A directory that takes the name is another one. */
    ck_assert_int_eq(view_mkdir(&sv, host("d")), 0);
    ck_assert_int_eq(view_mkdir(&sv, "new"), -ENOENT);
    ck_assert_int_eq(view_chdir(&sv, host("d")), 0);
    ck_assert_int_eq(view_mkdir(&sv, "new"), 0);
    ck_assert_int_gt(made(&sv, SYS_getcwd, ADDRESS(cwd), sizeof cwd, 0, 0), 0);
    ck_assert_str_eq(cwd, host("d"));
}
END_TEST

START_TEST(a_renamed_working_directory_moves_along)
{
    char cwd[PATH_MAX];
    put_dir(host("a"));
    put_dir(host("a/b"));
    put_file(host("a/b/f"), "f", 0644);
    begin();
    ck_assert_int_eq(view_chdir(&sv, "a/b"), 0);
    ck_assert_int_eq(view_rename(&sv, host("a"), host("z")), 0);
    ck_assert_int_gt(made(&sv, SYS_getcwd, ADDRESS(cwd), sizeof cwd, 0, 0), 0);
    ck_assert_str_eq(cwd, host("z/b"));
    ck_assert_str_eq(view_read(&sv, "f"), "f");
    ck_assert_int_eq(view_write(&sv, "new", "new"), 0);
    ck_assert_str_eq(view_read(&sv, host("z/b/new")), "new");
    ck_assert_int_eq(access(host("a/b/new"), F_OK), -1);
}
END_TEST

/* A new root, with a link that points out of it by an absolute path. */
static void enter_jail(void)
{
    put_dir(host("jail"));
    put_dir(host("jail/etc"));
    put_file(host("jail/etc/f"), "inside", 0644);
    put_link(host("jail/link"), "/etc/f");
    put_file(host("outside"), "outside", 0644);
    begin();
    sv.cred.capabilities |= 1u << CAP_SYS_CHROOT;
    ck_assert_int_eq(made(&sv, SYS_chroot, ADDRESS("jail"), 0, 0, 0), 0);
    ck_assert_int_eq(view_chdir(&sv, "/"), 0);
}

START_TEST(a_new_root_holds_absolute_paths_and_links)
{
    char cwd[PATH_MAX];
    enter_jail();
    ck_assert_str_eq(view_read(&sv, "/etc/f"), "inside");
    ck_assert_str_eq(view_read(&sv, "/../etc/f"), "inside");
    ck_assert_str_eq(view_read(&sv, "/link"), "inside");
    ck_assert_str_eq(view_read(&sv, "link"), "inside");
    ck_assert_int_eq(view_write(&sv, "/new", "new"), 0);
    ck_assert_str_eq(view_read(&sv, "etc/../new"), "new");
    ck_assert_int_gt(made(&sv, SYS_getcwd, ADDRESS(cwd), sizeof cwd, 0, 0), 0);
    ck_assert_str_eq(cwd, "/");
    ck_assert_int_eq(access(host("jail/new"), F_OK), -1);
}
END_TEST

START_TEST(dot_dot_does_not_leave_a_new_root)
{
    enter_jail();
    ck_assert_str_eq(view_read(&sv, "../outside"), "ENOENT");
    ck_assert_str_eq(view_read(&sv, "../etc/f"), "inside");
    ck_assert_str_eq(view_read(&sv, "etc/../../outside"), "ENOENT");
}
END_TEST

/* path, follow the last component, what it is, what is left or where it is; @ stands for the process. */
static const struct {
    const char *path;
    bool follow;
    enum proc_step step;
    const char *expected;
} proc_paths[] = {
    {"/proc/meminfo", true, PROC_PLAIN, "/proc/meminfo"},
    {"/proc/./sys//kernel/", true, PROC_PLAIN, "/proc/sys/kernel"},
    {"/proc/self", false, PROC_PLAIN, "/proc/self"},
    {"/proc/self", true, PROC_PLAIN, "/proc/@"},
    {"/proc/self/", false, PROC_PLAIN, "/proc/@"},
    {"/proc/self/status", false, PROC_PLAIN, "/proc/@/status"},
    {"/proc/thread-self/comm", false, PROC_PLAIN, "/proc/@/task/@/comm"},
    {"/proc/self/cwd", false, PROC_PLAIN, "/proc/@/cwd"},
    {"/proc/self/cwd", true, PROC_LINK, ""},
    {"/proc/self/cwd/", false, PROC_LINK, ""},
    {"/proc/self/cwd/a/b", false, PROC_LINK, "a/b"},
    {"/proc/self/root/etc", false, PROC_LINK, "etc"},
    {"/proc/thread-self/cwd/../x", false, PROC_LINK, "../x"},
    {"/proc/self/fd/../cwd/x", false, PROC_LINK, "x"},
    {"/proc/self/fd/000", true, PROC_PLAIN, "/proc/@/fd/000"},
    {"/proc/self/fdinfo/0", true, PROC_PLAIN, "/proc/@/fdinfo/0"},
    {"/proc/cwd", true, PROC_PLAIN, "/proc/cwd"},
    {"/proc/self/attr/cwd", true, PROC_PLAIN, "/proc/@/attr/cwd"},
    {"/proc/self/../../etc", true, PROC_UP, "/etc"},
    {"/proc/..", true, PROC_UP, ""},
};

START_TEST(names_in_proc_are_told_apart)
{
    char host_path[PATH_MAX], target[PATH_MAX], shown[PATH_MAX];
    const char *rest = "";
    begin();
    enum proc_step got =
        proc_classify(sv.view, &sv.caller, proc_paths[_i].path, proc_paths[_i].follow, host_path, target, &rest);
    ck_assert_msg(got == proc_paths[_i].step, "%s: %d", proc_paths[_i].path, (int)got);
    const char *expected = proc_paths[_i].expected;
    size_t used = 0;
    for (; *expected != '\0'; expected++)
        used += (size_t)(*expected == '@' ? snprintf(shown + used, sizeof shown - used, "%d", getpid())
                                          : snprintf(shown + used, sizeof shown - used, "%c", *expected));
    shown[used] = '\0';
    ck_assert_str_eq(got == PROC_PLAIN ? host_path : rest, shown);
}
END_TEST

START_TEST(proc_links_lead_into_the_view)
{
    char link[64], text[PATH_MAX];
    put_file(host("f"), "host", 0644);
    put_file(upper("f"), "layer", 0644);
    begin();
    ck_assert_str_eq(view_read(&sv, "/proc/self/cwd/f"), "layer");
    ck_assert_str_eq(view_read(&sv, path_of("/proc/self/root%s/f", sv.scratch.host)), "layer");
    ck_assert_str_eq(view_read(&sv, path_of("/proc/%d/cwd/f", getpid())), "layer");
    int fd = (int)view_open(&sv, "f", O_RDONLY);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ck_assert_str_eq(view_read(&sv, link), "layer");
    int64_t length = made(&sv, SYS_readlink, ADDRESS(link), ADDRESS(text), sizeof text, 0);
    ck_assert_int_gt(length, 0);
    text[length] = '\0';
    ck_assert_str_eq(text, host("f"));
    (void)close(fd);
}
END_TEST

START_TEST(a_host_file_is_not_written_through_proc)
{
    char link[64];
    put_file(host("f (deleted)"), "old", 0644);
    begin();
    int fd = (int)view_open(&sv, "f (deleted)", O_RDONLY);
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int64_t again = view_open(&sv, link, O_WRONLY);
    if (again >= 0)
        (void)write((int)again, "NEW", 3);
    char content[4] = "";
    int check = open(host("f (deleted)"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(read(check, content, 3), 3);
    ck_assert_str_eq(content, "old");
}
END_TEST

START_TEST(a_descriptor_of_a_removed_directory_is_not_its_successor)
{
    put_dir(host("d"));
    begin();
    int fd = (int)view_open(&sv, "d", O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(view_rmdir(&sv, "d"), 0);
    ck_assert_int_eq(view_mkdir(&sv, "d"), 0);
    ck_assert_int_eq(made(&sv, SYS_mkdirat, (uint64_t)fd, ADDRESS("x"), 0755, 0), -ENOENT);
    (void)close(fd);
}
END_TEST

/* For an ordinary user: root may search any directory. */
START_TEST(a_closed_directory_closes_what_is_below)
{
    put_dir(upper("a"));
    put_dir(upper("a/b"));
    put_file(upper("a/b/f"), "f", 0644);
    begin();
    ck_assert_str_eq(view_read(&sv, "a/b/f"), "f");
    ck_assert_int_eq(made(&sv, SYS_chmod, ADDRESS("a"), 0, 0, 0), 0);
    int64_t seen = view_lstat(&sv, "a/b/f");
    ck_assert_int_eq(made(&sv, SYS_chmod, ADDRESS("a"), 0755, 0, 0), 0);
    ck_assert_int_eq(seen, -EACCES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("walk");
    TCase *cases = tcase_create("walk");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, the_topmost_tree_counts);
    tcase_add_test(cases, directories_merge_unless_opaque);
    tcase_add_test(cases, only_what_no_layer_touched_is_pure);
    tcase_add_loop_test(cases, links_lead_from_tree_to_tree, 0, 4);
    tcase_add_test(cases, forty_links_and_no_more);
    tcase_add_test(cases, names_have_at_most_255_bytes);
    tcase_add_test(cases, dot_dot_goes_up_in_the_view);
    tcase_add_test(cases, a_slash_at_the_end_wants_a_directory);
    tcase_add_test(cases, openat2_may_narrow_the_walk);
    tcase_add_test(cases, descriptors_lead_into_the_view);
    tcase_add_test(cases, the_layer_is_not_in_the_view);
    tcase_add_loop_test(cases, a_removed_working_directory_holds_nothing, 0, 2);
    tcase_add_test(cases, a_renamed_working_directory_moves_along);
    tcase_add_loop_test(cases, names_in_proc_are_told_apart, 0, (int)(sizeof proc_paths / sizeof *proc_paths));
    tcase_add_test(cases, proc_links_lead_into_the_view);
    tcase_add_test(cases, a_new_root_holds_absolute_paths_and_links);
    if (geteuid() != 0)
        tcase_add_test(cases, a_closed_directory_closes_what_is_below);
    tcase_add_test(cases, dot_dot_does_not_leave_a_new_root);
    tcase_add_test(cases, a_host_file_is_not_written_through_proc);
    tcase_add_test(cases, a_descriptor_of_a_removed_directory_is_not_its_successor);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
