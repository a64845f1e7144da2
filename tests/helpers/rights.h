/*
 * What the rights_*.c programs share: `setup` makes a tree in the current directory, `probe` makes calls there as
 * several users and prints what each gave. Setup and probe may each run natively or in a view, so that what is changed
 * lies on the host or in the layer alone; the outputs of the probes must be equal. Run by tests/programs/rights.sh.
 */
#ifndef COFFER_TESTS_RIGHTS_H
#define COFFER_TESTS_RIGHTS_H

#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "ops.h"

enum { ALICE = 1000, BOB = 1001, TEAM = 500, OTHERS = 501 };

#define CAP(name) (UINT64_C(1) << (name))

/* Fails the test: setup must succeed as it stands. */
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        if ((long)(call) < 0) {                                                                                        \
            printf("%s: %s\n", #call, strerrorname_np(errno));                                                         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline void effective(uint64_t wanted)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    MUST(syscall(SYS_capget, &header, data));
    data[0].effective = (uint32_t)wanted & data[0].permitted;
    data[1].effective = (uint32_t)(wanted >> 32) & data[1].permitted;
    MUST(syscall(SYS_capset, &header, data));
}

/* Runs body in a child of its own, as a user with no other group than his and TEAM if he is in it. */
static inline void as(const char *who, uid_t uid, bool team, uint64_t capabilities, void (*body)(void))
{
    const gid_t groups[] = {TEAM};

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        printf("== %s\n", who);
        MUST(setgroups(team ? 1 : 0, groups));
        MUST(setresgid(uid, uid, uid));
        MUST(prctl(PR_SET_KEEPCAPS, 1));
        MUST(setresuid(uid, uid, uid));
        effective(capabilities);
        body();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        printf("%s ended with %d\n", who, status);
}

static inline void make_file(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    put(path, "content");
    MUST(lchown(path, uid, gid));
    MUST(chmod(path, mode));
}

static inline void make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    MUST(mkdir(path, 0755));
    MUST(lchown(path, uid, gid));
    MUST(chmod(path, mode));
}

static inline void make_link(const char *target, const char *path, uid_t uid)
{
    MUST(symlink(target, path));
    MUST(lchown(path, uid, uid));
}

static inline int rights_main(int argc, char **argv, void (*setup)(void), void (*probe)(void))
{
    begin();
    if (argc == 2 && strcmp(argv[1], "setup") == 0)
        setup();
    else if (argc == 2 && strcmp(argv[1], "probe") == 0)
        probe();
    else
        return 2;
    return 0;
}

#endif
