/*
 * A process that has engaged the lock changes nothing but what lies in the layer and the devices.
 */
#include "emul/cleanup.h"
#include "policy/devices.h"
#include "policy/lock.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ABI_REFER = 2, ABI_TRUNCATE = 3 };

/* A directory with layer/fs, and beside it outside/ with something to damage. */
static char top[] = "/tmp/test_lock.XXXXXX";

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "content", 7), 7);
    ck_assert_int_eq(close(fd), 0);
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    static const char *const directories[] = {"layer", "layer/fs", "layer/fs/sub", "outside", "outside/empty"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        ck_assert_int_eq(mkdir(directories[i], 0755), 0);
    make_file("outside/file");
    make_file("layer/fs/file");
    make_file("layer/beside");
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void tear_down(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    (void)close(fd);
    return 0;
}

static int result(int returned)
{
    return returned < 0 ? -errno : 0;
}

/* Each prints what went wrong and counts it: assertions belong to the parent. */
static int expect(const char *what, int got, int wanted)
{
    if (got == wanted)
        return 0;
    (void)fprintf(stderr, "%s: got %s, wanted %s\n", what, strerror(-got), strerror(-wanted));
    return 1;
}

static int change_outside(void)
{
    int wrong = 0;
    wrong += expect("write outside", opens("outside/file", O_WRONLY), -EACCES);
    wrong += expect("append outside", opens("outside/file", O_WRONLY | O_APPEND), -EACCES);
    wrong += expect("create outside", opens("outside/new", O_WRONLY | O_CREAT), -EACCES);
    wrong += expect("unlink outside", result(unlink("outside/file")), -EACCES);
    wrong += expect("rmdir outside", result(rmdir("outside/empty")), -EACCES);
    wrong += expect("mkdir outside", result(mkdir("outside/directory", 0755)), -EACCES);
    wrong += expect("symlink outside", result(symlink("x", "outside/link")), -EACCES);
    wrong += expect("rename outside", result(rename("outside/file", "outside/other")), -EACCES);
    wrong += expect("write beside fs", opens("layer/beside", O_WRONLY), -EACCES);
    wrong += expect("create beside fs", opens("layer/new", O_WRONLY | O_CREAT), -EACCES);
    if (lock_abi() >= ABI_TRUNCATE)
        wrong += expect("truncate outside", result(truncate("outside/file", 0)), -EACCES);
    wrong += expect("read outside", opens("outside/file", O_RDONLY), 0);
    return wrong;
}

static int change_inside(void)
{
    int wrong = 0;
    wrong += expect("write inside", opens("layer/fs/file", O_WRONLY | O_TRUNC), 0);
    wrong += expect("create inside", opens("layer/fs/new", O_WRONLY | O_CREAT), 0);
    wrong += expect("truncate inside", result(truncate("layer/fs/file", 0)), 0);
    wrong += expect("mkdir inside", result(mkdir("layer/fs/directory", 0755)), 0);
    wrong += expect("rename inside", result(rename("layer/fs/new", "layer/fs/other")), 0);
    wrong += expect("whiteout inside", result(mknod("layer/fs/gone", S_IFCHR, makedev(0, 0))), 0);
    wrong += expect("unlink inside", result(unlink("layer/fs/other")), 0);
    wrong += expect("rmdir inside", result(rmdir("layer/fs/directory")), 0);
    if (lock_abi() >= ABI_REFER)
        wrong += expect("rename between directories", result(rename("layer/fs/file", "layer/fs/sub/file")), 0);
    /* The kernel's answer where only the right to move between hierarchies is missing. */
    wrong += expect("link from outside", result(link("outside/file", "layer/fs/link")), -EXDEV);
    return wrong;
}

static int write_devices(void)
{
    int wrong = 0;
    wrong += expect("/dev/null", opens("/dev/null", O_WRONLY | O_TRUNC), 0);
    wrong += expect("/dev/zero", opens("/dev/zero", O_RDWR), 0);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal >= 0 && unlockpt(terminal) == 0)
        wrong += expect("a pseudo-terminal", opens(ptsname(terminal), O_RDWR | O_NOCTTY), 0);
    return wrong;
}

/* What `check` counted as wrong, in a child that has engaged the lock. */
static int wrong_when_locked(int (*check)(void))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        cleanup_fd int fs = open("layer/fs", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || lock_engage(fs) < 0)
            _exit(100);
        _exit(check());
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(nothing_outside_can_be_changed)
{
    ck_assert_int_eq(wrong_when_locked(change_outside), 0);
}
END_TEST

START_TEST(the_layer_can_be_changed)
{
    ck_assert_int_eq(wrong_when_locked(change_inside), 0);
}
END_TEST

START_TEST(devices_can_be_written)
{
    ck_assert_int_eq(wrong_when_locked(write_devices), 0);
}
END_TEST

START_TEST(only_harmless_devices_are_named)
{
    struct stat st;
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(device_may_write(st.st_rdev));
    ck_assert(device_may_write(makedev(136, 7)));   /* /dev/pts/7 */
    ck_assert(!device_may_write(makedev(1, 1)));    /* /dev/mem */
    ck_assert(!device_may_write(makedev(8, 0)));    /* /dev/sda */
    ck_assert(!device_may_write(makedev(5, 1)));    /* /dev/console */
    ck_assert(!device_may_write(makedev(10, 200))); /* /dev/net/tun */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *devices = tcase_create("devices");
    tcase_add_test(devices, only_harmless_devices_are_named);
    suite_add_tcase(suite, devices);

    if (lock_abi() > 0) {
        TCase *lock = tcase_create("lock");
        tcase_add_checked_fixture(lock, set_up, tear_down);
        tcase_add_test(lock, nothing_outside_can_be_changed);
        tcase_add_test(lock, the_layer_can_be_changed);
        tcase_add_test(lock, devices_can_be_written);
        suite_add_tcase(suite, lock);
    } else {
        (void)fprintf(stderr, "no Landlock on this kernel: the lock itself is not tested\n");
    }

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
