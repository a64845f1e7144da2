/*
 * A layer on disk: what opening makes, stands and refuses. Run as "test_layer --open MODE SPEC [hold]", it is
 * the program that holds a layer or is cut off (COFFER_FAULT).
 */
#include "emul/journal.h"
#include "emul/journal_file.h"
#include "emul/layer_base.h"
#include "emul/layer_store.h"
#include "emul/tree.h"
#include "tests/unit/scratch_layer.h"

#include <sched.h>
#include <sys/mount.h>

static char home[SCRATCH_PATH];
static struct layer layer;
static struct layer_error error;
static char *command[] = {(char *)(uintptr_t) "/usr/bin/my tool", (char *)(uintptr_t) "\xff", NULL};

static void setup(void)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(home, sizeof home, "%.900s/coffer-test-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    ck_assert_ptr_nonnull(mkdtemp(home));
    ck_assert_int_eq(setenv("XDG_STATE_HOME", home, 1), 0);
    error.text[0] = '\0';
}

static void teardown(void)
{
    scratch_remove(home);
}

static char *store(const char *name)
{
    return path_of("%s/coffer/layers/%s", home, name);
}

static int open_layer(const char *spec, enum layer_open_mode mode)
{
    return layer_open(&layer, spec, mode, mode == LAYER_RUN ? command : NULL, &error);
}

static void make_layer(const char *name)
{
    ck_assert_msg(open_layer(name, LAYER_RUN) == 0, "%s", error.text);
    layer_close(&layer);
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

START_TEST(a_new_layer_is_named_after_its_command)
{
    char first[NAME_MAX + 1];
    struct stat st;
    ck_assert_int_eq(open_layer(NULL, LAYER_RUN), 0);
    ck_assert_int_eq(strncmp(layer.name, "my_tool-", 8), 0);
    ck_assert_str_eq(layer.path, path_of("%s", store(layer.name)));
    (void)snprintf(first, sizeof first, "%s", layer.name);
    layer_close(&layer);
    ck_assert_int_eq(open_layer(NULL, LAYER_RUN), 0);
    ck_assert_str_ne(layer.name, first);
    layer_close(&layer);
    ck_assert_int_eq(stat(store(first), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(open_layer(NULL, LAYER_READ), 0);
    ck_assert_str_ne(layer.name, first);
    layer_close(&layer);
}
END_TEST

START_TEST(names_and_places_that_cannot_be_are_refused)
{
    ck_assert_int_lt(open_layer("", LAYER_RUN), 0);
    ck_assert_int_lt(open_layer(".hidden", LAYER_RUN), 0);
    ck_assert_int_lt(open_layer(path_of("%s/no/such/parent", home), LAYER_RUN), 0);
    ck_assert_int_eq(open_layer("missing", LAYER_READ), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error.text, "no such layer"));
    ck_assert_int_eq(open_layer(NULL, LAYER_READ), -ENOENT);
    put_file(path_of("%s/file", home), "", 0600);
    ck_assert_int_lt(open_layer(path_of("%s/file", home), LAYER_RUN), 0);
    put_dir(path_of("%s/full", home));
    put_file(path_of("%s/full/precious", home), "", 0600);
    ck_assert_int_lt(open_layer(path_of("%s/full", home), LAYER_RUN), 0);
    ck_assert_ptr_nonnull(strstr(error.text, "not a layer"));
    ck_assert(!exists(path_of("%s/full/lock", home)));
    put_dir(path_of("%s/empty", home));
    make_layer(path_of("%s/empty", home));
}
END_TEST

/* Starts this program on a layer; COFFER_FAULT as given. Its pid, or with hold once it holds the lock. */
static pid_t start(const char *mode, const char *spec, const char *fault, bool hold)
{
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (fault != NULL)
            (void)setenv("COFFER_FAULT", fault, 1);
        (void)dup2(ready[1], STDOUT_FILENO);
        (void)close(ready[0]);
        (void)close(ready[1]);
        (void)execl("/proc/self/exe", "test_layer", "--open", mode, spec, hold ? "hold" : NULL, (char *)NULL);
        _exit(99);
    }
    char byte;
    (void)close(ready[1]);
    (void)!read(ready[0], &byte, 1);
    (void)close(ready[0]);
    return pid;
}

START_TEST(one_run_at_a_time_and_any_number_of_readers)
{
    make_layer("busy");
    pid_t pid = start("run", "busy", NULL, true);
    ck_assert_int_eq(open_layer("busy", LAYER_RUN), -EBUSY);
    ck_assert_ptr_nonnull(strstr(error.text, path_of("in use by process %d", pid)));
    ck_assert_int_eq(open_layer("busy", LAYER_WRITE), -EBUSY);
    ck_assert_int_eq(open_layer("busy", LAYER_READ), 0);
    ck_assert_int_eq(layer_lock_holder(layer.dir_fd), pid);
    ck_assert_int_eq(layer.work_fd, -1);
    layer_close(&layer);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(open_layer("busy", LAYER_RUN), 0);
    layer_close(&layer);
}
END_TEST

START_TEST(another_format_and_damage_are_told_apart)
{
    make_layer("odd");
    put_file(store("odd/layer.json"), "{\"format\": 99}", 0600);
    ck_assert_int_eq(open_layer("odd", LAYER_RUN), -EPROTONOSUPPORT);
    ck_assert_ptr_nonnull(strstr(error.text, "format 99"));
    static const char *const texts[] = {"", "{", "[]", "{\"format\": \"1\"}", "{\"format\": 1", "null"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_file(store("odd/layer.json"), texts[i], 0600);
        ck_assert_int_eq(open_layer("odd", LAYER_RUN), -EBADMSG);
    }
    ck_assert_int_eq(unlink(store("odd/layer.json")), 0);
    ck_assert_int_eq(open_layer("odd", LAYER_RUN), -EINVAL);
    ck_assert_int_eq(symlink("/etc/passwd", store("odd/layer.json")), 0);
    ck_assert_int_eq(open_layer("odd", LAYER_RUN), -EBADMSG);
}
END_TEST

START_TEST(garbage_in_work_goes_at_the_next_run)
{
    make_layer("l");
    put_file(path_of("%s/precious", home), "", 0600);
    put_dir(store("l/work/a"));
    put_dir(store("l/work/a/b"));
    put_file(store("l/work/a/b/c"), "", 0);
    put_link(store("l/work/link"), home);
    put_link(store("l/work/a/link"), path_of("%s/precious", home));
    ck_assert_int_eq(chmod(store("l/work/a/b"), 0), 0);
    ck_assert_int_eq(chmod(store("l/work/a"), 0), 0);
    ck_assert_int_eq(open_layer("l", LAYER_READ), 0);
    layer_close(&layer);
    ck_assert(exists(store("l/work/a")));
    make_layer("l");
    ck_assert(!exists(store("l/work/a")));
    ck_assert(!exists(store("l/work/link")));
    ck_assert(exists(path_of("%s/precious", home)));
}
END_TEST

START_TEST(trees_of_any_depth_are_removed)
{
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    make_layer("deep");
    int start_dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(chdir(store("deep/work")), 0);
    for (int i = 0; i < 3000; i++) {
        ck_assert_int_eq(mkdir(name, 0700), 0);
        ck_assert_int_eq(chdir(name), 0);
    }
    ck_assert_int_eq(fchdir(start_dir), 0);
    (void)close(start_dir);
    make_layer("deep");
    ck_assert_int_eq(rmdir(store("deep/work")), 0);
}
END_TEST

START_TEST(killed_at_any_step_a_layer_opens_again)
{
    bool killed = true;
    for (unsigned step = 0; killed; step++) {
        int status;
        pid_t pid = start("run", "l", path_of("%u:KILL", step), false);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        killed = WIFSIGNALED(status);
        ck_assert_msg(open_layer("l", LAYER_RUN) == 0, "step %u: %s", step, error.text);
        ck_assert_int_eq(layer_base_note(&layer, "/x", NULL), 0);
        ck_assert_int_eq(layer_remove(&layer), 0);
        layer_close(&layer);
        ck_assert(!exists(store("l")));
    }
}
END_TEST

START_TEST(a_full_disk_leaves_nothing_half)
{
    for (unsigned step = 0; step < 25; step++) {
        int status;
        pid_t pid = start("run", "l", path_of("%u:28", step), false);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status), "step %u: %x", step, status);
        ck_assert_msg(open_layer("l", LAYER_RUN) == 0, "step %u: %s", step, error.text);
        ck_assert_int_eq(layer_remove(&layer), 0);
        layer_close(&layer);
    }
}
END_TEST

static const struct layer_base *found(const struct layer_bases *bases, const char *path)
{
    const struct layer_base *base = layer_bases_find(bases, path);
    ck_assert_msg(base != NULL, "no record of %s", path);
    return base;
}

START_TEST(base_records_survive_odd_paths_and_torn_tails)
{
    struct layer_bases *bases;
    struct stat st;
    ck_assert_int_eq(stat("/", &st), 0);
    ck_assert_int_eq(open_layer("l", LAYER_RUN), 0);
    ck_assert_int_eq(layer_base_note(&layer, "/a\nb\\c d", &st), 0);
    ck_assert_int_eq(layer_base_note(&layer, "/twice", NULL), 0);
    ck_assert_int_eq(layer_base_note(&layer, "/twice", &st), 0);
    off_t whole = lseek(layer.base_fd, 0, SEEK_END);
    ck_assert_int_eq(layer_base_note(&layer, "/torn", &st), 0);
    off_t end = lseek(layer.base_fd, 0, SEEK_END);
    for (off_t cut = end - 1; cut > whole; cut--) {
        ck_assert_int_eq(ftruncate(layer.base_fd, cut), 0);
        ck_assert_int_eq(layer_base_note(&layer, "/after", &st), 0);
        ck_assert_int_eq(layer_bases_load(&layer, &bases), 0);
        ck_assert_ptr_null(layer_bases_find(bases, "/tor"));
        ck_assert_uint_eq(found(bases, "/a\nb\\c d")->ino, st.st_ino);
        ck_assert_int_eq(found(bases, "/a\nb\\c d")->ctime.tv_nsec, st.st_ctim.tv_nsec);
        ck_assert_uint_eq(found(bases, "/twice")->mode, 0);
        ck_assert_uint_eq(found(bases, "/after")->mode, st.st_mode);
        ck_assert_ptr_null(layer_bases_find(bases, "/other"));
        layer_bases_free(bases);
    }
    layer_close(&layer);
}
END_TEST

static bool is_twice(const char *path, void *data)
{
    (void)data;
    return strcmp(path, "/twice") == 0;
}

START_TEST(forgotten_records_are_gone_and_new_ones_count)
{
    struct layer_bases *bases;
    struct stat st;
    ck_assert_int_eq(stat("/", &st), 0);
    ck_assert_int_eq(open_layer("l", LAYER_RUN), 0);
    ck_assert_int_eq(layer_base_note(&layer, "/twice", NULL), 0);
    ck_assert_int_eq(layer_base_note(&layer, "/once", NULL), 0);
    ck_assert_int_eq(layer_base_forget(&layer, is_twice, NULL), 0);
    ck_assert_int_eq(layer_base_note(&layer, "/twice", &st), 0);
    ck_assert_int_eq(layer_bases_load(&layer, &bases), 0);
    ck_assert_uint_eq(found(bases, "/twice")->mode, st.st_mode);
    ck_assert_uint_eq(found(bases, "/once")->mode, 0);
    layer_bases_free(bases);
    layer_close(&layer);
}
END_TEST

START_TEST(garbage_in_base_and_journal_is_not_believed)
{
    struct layer_bases *bases;
    struct journal journal;
    make_layer("l");
    int fd = open(store("l/base"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    const char junk[] = "junk\n\n81a4 1 2 3 4.5 6.7 00000000 /x\n\0\0\n644 1 1 1 1.1 1.1 /y\n%s%n";
    ck_assert_int_eq(write(fd, junk, sizeof junk), (ssize_t)sizeof junk);
    (void)close(fd);
    ck_assert_int_eq(open_layer("l", LAYER_WRITE), 0);
    ck_assert_int_eq(layer_bases_load(&layer, &bases), 0);
    ck_assert_ptr_null(layer_bases_find(bases, "/x"));
    ck_assert_ptr_null(layer_bases_find(bases, "/y"));
    layer_bases_free(bases);
    ck_assert_int_eq(journal_load(&layer, &journal), -ENOENT);
    static const char *const texts[] = {"", "R", "R/", "Zjunk", "ffff", "G"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_file(store("l/journal"), texts[i], 0600);
        ck_assert_int_eq(journal_load(&layer, &journal), -EKEYREJECTED);
        ck_assert_int_eq(journal_file_write(&layer, texts[i], strlen(texts[i])), 0);
        ck_assert_int_eq(journal_load(&layer, &journal), -EBADMSG);
    }
    layer_close(&layer);
    ck_assert_int_eq(open_layer("l", LAYER_RUN), -EBUSY);
    ck_assert_ptr_nonnull(strstr(error.text, "commit"));
}
END_TEST

START_TEST(the_list_has_every_layer_the_newest_first)
{
    struct layer_list list;
    make_layer("one");
    (void)usleep(20000);
    make_layer("two");
    put_file(store("one/fs/f"), "123", 0600);
    put_dir(store("damaged"));
    put_dir(store(".removed-t1"));
    ck_assert_int_eq(layer_list_load(&list, true), 0);
    ck_assert_uint_eq(list.count, 3);
    bool two = false;
    for (size_t i = 0; i < list.count; i++) {
        two = two || strcmp(list.layers[i].name, "two") == 0;
        if (strcmp(list.layers[i].name, "one") == 0)
            ck_assert(two && list.layers[i].files == 1 && list.layers[i].running == 0);
    }
    layer_list_free(&list);
    make_layer("three");
    ck_assert(!exists(store(".removed-t1")));
}
END_TEST

/* A file system for this test alone; false where that needs more rights than it has. */
static bool mount_for_test(const char *dir, const char *type, unsigned long flags)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", dir, type, flags, NULL) == 0;
}

START_TEST(a_file_system_without_attributes_is_told)
{
    char *dir = path_of("%s/ramfs", home);
    put_dir(dir);
    if (!mount_for_test(dir, "ramfs", 0))
        return;
    ck_assert_int_eq(open_layer(path_of("%s/l", dir), LAYER_RUN), -ENOTSUP);
    ck_assert_ptr_nonnull(strstr(error.text, "extended attributes"));
    ck_assert(!exists(path_of("%s/l", dir)));
    (void)umount2(dir, MNT_DETACH);
}
END_TEST

START_TEST(a_read_only_file_system_is_told)
{
    char *dir = path_of("%s/tmpfs", home);
    put_dir(dir);
    if (!mount_for_test(dir, "tmpfs", 0))
        return;
    make_layer(path_of("%s/l", dir));
    ck_assert_int_eq(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    ck_assert_int_eq(open_layer(path_of("%s/l", dir), LAYER_RUN), -EROFS);
    ck_assert_ptr_nonnull(strstr(error.text, "Read-only file system"));
    ck_assert_int_eq(open_layer(path_of("%s/l", dir), LAYER_READ), 0);
    layer_close(&layer);
    ck_assert_int_eq(open_layer(path_of("%s/new", dir), LAYER_RUN), -EROFS);
    (void)umount2(dir, MNT_DETACH);
}
END_TEST

static int open_command(int argc, char **argv)
{
    if (open_layer(argv[3], strcmp(argv[2], "run") == 0 ? LAYER_RUN : LAYER_WRITE) < 0)
        return 2;
    if (argc > 4) {
        (void)!write(STDOUT_FILENO, "x", 1);
        (void)pause();
    }
    layer_close(&layer);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "--open") == 0)
        return open_command(argc, argv);
    Suite *suite = suite_create("layer");
    TCase *cases = tcase_create("layer");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_new_layer_is_named_after_its_command);
    tcase_add_test(cases, names_and_places_that_cannot_be_are_refused);
    tcase_add_test(cases, one_run_at_a_time_and_any_number_of_readers);
    tcase_add_test(cases, another_format_and_damage_are_told_apart);
    tcase_add_test(cases, garbage_in_work_goes_at_the_next_run);
    tcase_add_test(cases, trees_of_any_depth_are_removed);
    tcase_add_test(cases, killed_at_any_step_a_layer_opens_again);
    tcase_add_test(cases, a_full_disk_leaves_nothing_half);
    tcase_add_test(cases, base_records_survive_odd_paths_and_torn_tails);
    tcase_add_test(cases, forgotten_records_are_gone_and_new_ones_count);
    tcase_add_test(cases, garbage_in_base_and_journal_is_not_believed);
    tcase_add_test(cases, the_list_has_every_layer_the_newest_first);
    tcase_add_test(cases, a_file_system_without_attributes_is_told);
    tcase_add_test(cases, a_read_only_file_system_is_told);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
