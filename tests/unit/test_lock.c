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
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

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
    make_file("outside/one.key");
    ck_assert_int_eq(mkdir("outside/secret", 0755), 0);
    make_file("outside/secret/key");
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
    if (lock_governs_truncate())
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
    /* All other names are the supervisor's to make and to remove. */
    wrong += expect("mkdir inside", result(mkdir("layer/fs/directory", 0755)), -EACCES);
    wrong += expect("symlink inside", result(symlink("x", "layer/fs/link")), -EACCES);
    wrong += expect("rename inside", result(rename("layer/fs/new", "layer/fs/other")), -EACCES);
    wrong += expect("whiteout inside", result(mknod("layer/fs/gone", S_IFCHR, makedev(0, 0))), -EACCES);
    wrong += expect("unlink inside", result(unlink("layer/fs/new")), -EACCES);
    wrong += expect("rmdir inside", result(rmdir("layer/fs/sub")), -EACCES);
    wrong += expect("link from outside", result(link("outside/file", "layer/fs/link")) == 0 ? 0 : -EACCES, -EACCES);
    return wrong;
}

static int change_as_supervisor(void)
{
    int wrong = 0;
    wrong += expect("write in the layer", opens("layer/fs/file", O_WRONLY | O_TRUNC), 0);
    wrong += expect("create in the layer", opens("layer/new", O_WRONLY | O_CREAT), 0);
    wrong += expect("mkdir", result(mkdir("layer/fs/directory", 0755)), 0);
    wrong += expect("rename", result(rename("layer/new", "layer/fs/directory/new")), 0);
    wrong += expect("whiteout", result(mknod("layer/fs/gone", S_IFCHR, makedev(0, 0))), 0);
    wrong += expect("unlink", result(unlink("layer/fs/directory/new")), 0);
    wrong += expect("rmdir", result(rmdir("layer/fs/directory")), 0);
    wrong += expect("write outside", opens("outside/file", O_WRONLY), -EACCES);
    wrong += expect("create outside", opens("outside/new", O_WRONLY | O_CREAT), -EACCES);
    wrong += expect("mkdir outside", result(mkdir("outside/directory", 0755)), -EACCES);
    wrong += expect("unlink outside", result(unlink("outside/file")), -EACCES);
    wrong += expect("rename to outside", result(rename("layer/beside", "outside/beside")), -EACCES);
    wrong += expect("read outside", opens("outside/file", O_RDONLY), 0);
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

static unsigned losses;

static void count_loss(void *data, const char *what, const char *why)
{
    (void)data;
    (void)fprintf(stderr, "%s: %s\n", what, why);
    losses++;
}

typedef int make_rules(const struct lock_places *places);

/* What `check` counted as wrong, in a child that has engaged the lock. */
static int wrong_under(make_rules *make, const char *rules_text, int (*check)(void))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct policy *policy = NULL;
        char here[256];
        if (getcwd(here, sizeof here) == NULL)
            _exit(100);
        const struct policy_options options = {.directory = here};
        if (rules_text != NULL && (policy_new(&policy, &options) < 0 ||
                                   policy_append(policy, "test", rules_text, strlen(rules_text), POLICY_TRUSTED) < 0))
            _exit(101);
        cleanup_fd int layer = open("layer", O_PATH | O_DIRECTORY | O_CLOEXEC);
        cleanup_fd int fs = open("layer/fs", O_PATH | O_DIRECTORY | O_CLOEXEC);
        const struct lock_places places = {.layer = layer,
                                           .layer_fs = fs,
                                           .layer_work = -1,
                                           .aliases = -1,
                                           .policy = policy,
                                           .network = policy != NULL,
                                           .lose = count_loss};
        int rules = make(&places);
        if (rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || lock_enter(rules) < 0)
            _exit(102);
        _exit(check());
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int wrong_when_locked(int (*check)(void))
{
    return wrong_under(lock_for_programs, NULL, check);
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

static int read_what_is_left(void)
{
    int wrong = 0;
    wrong += expect("hidden", opens("outside/secret/key", O_RDONLY), -EACCES);
    wrong += expect("hidden, by the descriptor of a directory", opens("/proc/self/cwd/outside/secret/key", O_RDONLY),
                    -EACCES);
    wrong += expect("refused by a pattern", opens("outside/one.key", O_RDONLY), -EACCES);
    wrong += expect("beside it", opens("outside/file", O_RDONLY), 0);
    wrong += expect("a directory beside it", opens("outside/empty", O_RDONLY | O_DIRECTORY), 0);
    wrong += expect("the directory of both", opens("outside", O_RDONLY | O_DIRECTORY), 0);
    wrong += expect("the layer", opens("layer/fs/file", O_RDONLY), 0);
    wrong += expect("what is far away", opens("/etc/passwd", O_RDONLY), 0);
    wrong += expect("/proc", opens("/proc/self/status", O_RDONLY), 0);
    wrong += expect("to write", opens("outside/file", O_WRONLY), -EACCES);
    return wrong;
}

static int write_directly(void)
{
    int wrong = 0;
    wrong += expect("write", opens("outside/empty/new", O_WRONLY | O_CREAT), 0);
    wrong += expect("mkdir", result(mkdir("outside/empty/directory", 0755)), 0);
    wrong += expect("a single file", opens("outside/file", O_WRONLY), 0);
    wrong += expect("its removal", result(unlink("outside/file")), -EACCES);
    wrong += expect("what is not there", opens("outside/later", O_WRONLY | O_CREAT), -EACCES);
    wrong += expect("elsewhere", opens("outside/one.key", O_WRONLY), -EACCES);
    return wrong;
}

static int copy_program(const char *from, const char *to)
{
    char buffer[65536];
    ssize_t length;
    cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
    cleanup_fd int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    while ((length = read(in, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, (size_t)length) != length)
            return -1;
    return (int)length;
}

static int execute_what_is_left(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    char *const none[] = {NULL};
    int wrong = 0;
    (void)execve("outside/true", argv, none);
    wrong += expect("a program that is refused", -errno, -EACCES);
    (void)execve("/bin/true", argv, none);
    return wrong + 1;
}

static int use_ports(void)
{
    int wrong = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_port = htons(1);
    wrong += expect("connect", result(connect(fd, (struct sockaddr *)&address, sizeof address)), -EACCES);
    address.sin_port = htons(2);
    wrong += expect("connect where it is allowed", result(connect(fd, (struct sockaddr *)&address, sizeof address)),
                    -ECONNREFUSED);
    address.sin_port = htons(34567);
    wrong += expect("bind", result(bind(fd, (struct sockaddr *)&address, sizeof address)), -EACCES);
    (void)close(fd);
    return wrong;
}

START_TEST(the_supervisor_changes_the_layer_alone)
{
    ck_assert_int_eq(wrong_under(lock_for_supervisor, NULL, change_as_supervisor), 0);
}
END_TEST

START_TEST(what_is_hidden_cannot_be_read)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "read hide ./outside/secret/**\nread deny ./outside/*.key\nwrite layer /**\n",
                                 read_what_is_left),
                     0);
}
END_TEST

START_TEST(what_is_direct_can_be_written)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "write deny /**\nwrite direct ./outside/empty/**\nwrite direct ./outside/file\n"
                                 "write direct ./outside/later\n",
                                 write_directly),
                     0);
}
END_TEST

static int create_beside_exception(void)
{
    int wrong = expect("create", opens("outside/empty/new", O_WRONLY | O_CREAT), 0);
    wrong += expect("elsewhere", opens("outside/file", O_WRONLY), -EACCES);
    return wrong + expect("it was told", (int)losses, 1);
}

/* Landlock cannot take away again: the supervisor alone does. */
START_TEST(an_exception_is_told)
{
    ck_assert_int_eq(mkdir("outside/empty/kept", 0755), 0);
    ck_assert_int_eq(
        wrong_under(lock_for_programs,
                    "write deny /**\nwrite direct ./outside/empty/**\nwrite deny ./outside/empty/kept/**\n",
                    create_beside_exception),
        0);
    (void)unlink("outside/empty/new");
    ck_assert_int_eq(rmdir("outside/empty/kept"), 0);
}
END_TEST

static int write_up_to_ceiling(void)
{
    int wrong = expect("create", opens("outside/empty/new", O_WRONLY | O_CREAT), 0);
    wrong += expect("elsewhere", opens("outside/file", O_WRONLY), -EACCES);
    return wrong + expect("hidden, for now", opens("outside/secret/key", O_RDONLY), 0);
}

/* A lock cannot be loosened, and rules of run time may. */
START_TEST(ceilings_are_left_open)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "control open\nwrite deny /**\nread hide ./outside/secret/**\n"
                                 "ceiling write direct ./outside/empty/**\nceiling read allow ./outside/secret/key\n",
                                 write_up_to_ceiling),
                     0);
}
END_TEST

static int told_of_missing(void)
{
    return expect("what is not there is told", (int)losses, 2);
}

static int read_up_to_ceiling(void)
{
    int wrong = expect("below the ceiling", opens("outside/file", O_RDONLY), 0);
    return wrong + expect("what a later ceiling forbids", opens("outside/secret/key", O_RDONLY), -EACCES);
}

/* Of the ceilings that match, the last one counts. */
START_TEST(a_ceiling_may_be_lowered)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "control open\nread hide ./outside/file\nread deny ./outside/secret/**\n"
                                 "ceiling read allow ./outside/**\nceiling read deny ./outside/secret/**\n",
                                 read_up_to_ceiling),
                     0);
}
END_TEST

static int nothing_is_loosened(void)
{
    int wrong = expect("hidden", opens("outside/secret/key", O_RDONLY), -EACCES);
    wrong += expect("create", opens("outside/empty/new", O_WRONLY | O_CREAT), -EACCES);
    return wrong + expect("nothing is told", (int)losses, 0);
}

/* Without control nobody comes up to them. */
START_TEST(ceilings_count_with_control_alone)
{
    ck_assert_int_eq(
        wrong_under(lock_for_programs,
                    "write deny /**\nread hide ./outside/secret/**\nceiling write direct ./outside/empty/**\n"
                    "ceiling read allow /**\nceiling write direct ./outside/missing/**\n",
                    nothing_is_loosened),
        0);
}
END_TEST

START_TEST(what_is_not_there_is_told)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "write deny /**\nwrite direct ./outside/later/**\nwrite direct ./outside/*.log\n",
                                 told_of_missing),
                     0);
}
END_TEST

START_TEST(what_is_refused_cannot_be_executed)
{
    ck_assert_int_eq(copy_program("/bin/true", "outside/true"), 0);
    ck_assert_int_eq(wrong_under(lock_for_programs, "exec deny ./**\n", execute_what_is_left), 0);
}
END_TEST

START_TEST(ports_are_what_is_allowed)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "connect deny *\nconnect allow 127.0.0.0/8:2\nconnect allow unix:*\nbind deny *\n",
                                 use_ports),
                     0);
}
END_TEST

/* Ceilings count by themselves: a rule that stands behind them takes nothing from them, and one of them does. */
START_TEST(ports_are_left_open_by_ceilings)
{
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "control open\nceiling connect allow *:1-2\nceiling connect deny *:1\n"
                                 "ceiling bind allow *:34567\nceiling bind deny *\nconnect deny *\nbind deny *\n",
                                 use_ports),
                     0);
    ck_assert_int_eq(wrong_under(lock_for_programs,
                                 "ceiling connect allow *\nceiling bind allow *\nconnect deny *\nconnect allow *:2\n"
                                 "bind deny *\n",
                                 use_ports),
                     0);
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
        tcase_add_test(lock, what_is_hidden_cannot_be_read);
        tcase_add_test(lock, what_is_direct_can_be_written);
        tcase_add_test(lock, an_exception_is_told);
        tcase_add_test(lock, what_is_not_there_is_told);
        tcase_add_test(lock, ceilings_are_left_open);
        tcase_add_test(lock, a_ceiling_may_be_lowered);
        tcase_add_test(lock, ceilings_count_with_control_alone);
        tcase_add_test(lock, what_is_refused_cannot_be_executed);
        if (lock_renames())
            tcase_add_test(lock, the_supervisor_changes_the_layer_alone);
        if (lock_governs_tcp()) {
            tcase_add_test(lock, ports_are_what_is_allowed);
            tcase_add_test(lock, ports_are_left_open_by_ceilings);
        }
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
