/*
 * What coffer takes from itself: it fails in every thread and in what is forked, and what it needs goes on.
 */
#include "filter/own_calls.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void refused(long result, const char *call)
{
    ck_assert_msg(result == -1 && errno == EPERM, "%s: %ld, %s", call, result, strerror(errno));
}

/* A call is refused before the kernel looks at anything: so each has arguments that it would refuse otherwise. */
#define REFUSED(...) refused(syscall(__VA_ARGS__), #__VA_ARGS__)

/* Made before: a socket that is connected, and another one. */
static int pair[2], datagrams;

static void try_refused(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    char *none[] = {NULL};
    refused(execve("/nonexistent", none, none), "execve");
    REFUSED(SYS_execveat, -1, "", none, none, 0);
    REFUSED(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    REFUSED(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, NULL);
    REFUSED(SYS_connect, datagrams, &address, sizeof address);
    REFUSED(SYS_bind, datagrams, &address, sizeof address);
    REFUSED(SYS_accept4, datagrams, NULL, NULL, 0);
    REFUSED(SYS_sendto, datagrams, "x", 1, 0, &address, sizeof address);
    REFUSED(SYS_sendmsg, datagrams, NULL, 0);
    REFUSED(SYS_sendmmsg, datagrams, NULL, 0, 0);
    REFUSED(SYS_mount, NULL, NULL, NULL, 0, NULL);
    REFUSED(SYS_umount2, NULL, 0);
    REFUSED(428 /* open_tree */, -1, NULL, 0);
    REFUSED(442 /* mount_setattr */, -1, NULL, 0, NULL, 0);
    REFUSED(SYS_chroot, NULL);
    REFUSED(SYS_unshare, CLONE_FILES);
    REFUSED(SYS_setns, -1, 0);
    REFUSED(SYS_bpf, -1, NULL, 0);
    REFUSED(SYS_perf_event_open, NULL, 0, 0, 0, 0);
    REFUSED(425 /* io_uring_setup */, 0, NULL);
    REFUSED(SYS_open_by_handle_at, -1, NULL, 0);
    REFUSED(SYS_keyctl, -1);
    REFUSED(SYS_finit_module, -1, NULL, 0);
    REFUSED(SYS_kexec_load, 0, 0, NULL, -1);
    REFUSED(SYS_reboot, 0, 0, 0, NULL);
    REFUSED(SYS_ioctl, -1, TIOCSTI, "x");
    REFUSED(SYS_ioctl, -1, TIOCLINUX | 0x100000000L, "x");
    REFUSED(SYS_getpid | 0x40000000);
}

static void *thread_tries(void *begin)
{
    if (begin != NULL)
        (void)sem_wait(begin);
    try_refused();
    return NULL;
}

static void limit(void)
{
    ck_assert_int_eq(own_calls_limit(), 0);
    ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

static void set_up(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_ge(datagrams, 0);
}

static void in_child(void (*work)(void))
{
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        work();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(what_is_not_needed_fails_everywhere)
{
    sem_t begin;
    pthread_t before, after;
    ck_assert_int_eq(sem_init(&begin, 0, 0), 0);
    ck_assert_int_eq(pthread_create(&before, NULL, thread_tries, &begin), 0);
    limit();
    try_refused();
    (void)sem_post(&begin);
    ck_assert_int_eq(pthread_create(&after, NULL, thread_tries, NULL), 0);
    ck_assert_int_eq(pthread_join(before, NULL), 0);
    ck_assert_int_eq(pthread_join(after, NULL), 0);
    in_child(try_refused);
    /* Once more it is what it was. */
    limit();
    try_refused();
}
END_TEST

/* The supervisor's own work. */
static void try_needed(void)
{
    char directory[] = "/tmp/coffer-own.XXXXXX", byte = 'x', read_back = 0;
    struct iovec here = {&read_back, 1}, there = {&byte, 1};
    ck_assert_ptr_nonnull(mkdtemp(directory));
    int dir = open(directory, O_RDONLY | O_DIRECTORY);
    ck_assert_int_ge(dir, 0);
    ck_assert_int_eq(mkdirat(dir, "one", 0700), 0);
    ck_assert_int_eq(mknodat(dir, "fifo", S_IFIFO | 0600, 0), 0);
    ck_assert_int_eq((int)syscall(SYS_renameat2, dir, "one", dir, "two", 1), 0);
    ck_assert_int_eq(unlinkat(dir, "two", AT_REMOVEDIR), 0);
    ck_assert_int_eq(unlinkat(dir, "fifo", 0), 0);
    ck_assert_int_eq(rmdir(directory), 0);
    ck_assert_int_eq(send(pair[0], &byte, 1, MSG_NOSIGNAL), 1);
    ck_assert_int_eq(read(pair[1], &read_back, 1), 1);
    ck_assert_int_eq(process_vm_readv(getpid(), &here, 1, &there, 1, 0), 1);
    ck_assert_int_eq(ioctl(pair[1], FIONREAD, &dir), 0);
    int status;
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            (void)getppid();
    }
    ck_assert_int_eq(ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_EXITKILL), 0);
    ck_assert_int_eq(ptrace(PTRACE_INTERRUPT, child, NULL, NULL), 0);
    ck_assert_int_eq(waitpid(child, &status, __WALL), child);
    ck_assert(WIFSTOPPED(status));
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, __WALL), child);
}

START_TEST(what_is_needed_goes_on)
{
    limit();
    try_needed();
    in_child(try_needed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("own_calls");
    TCase *tcase = tcase_create("own_calls");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, what_is_not_needed_fails_everywhere);
    tcase_add_test(tcase, what_is_needed_goes_on);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
