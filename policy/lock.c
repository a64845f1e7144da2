#include "policy/lock.h"

#include "policy/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since ABI 3; older headers lack it. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* struct landlock_ruleset_attr as of ABI 6; older headers lack the later members. */
struct ruleset_attributes {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

#define SCOPE_SIGNAL (1ULL << 1)

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_SCOPE = 6 };

static const uint64_t write_data = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;

static const uint64_t change_names = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                     LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;

int lock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

bool lock_scopes_signals(void)
{
    return lock_abi() >= ABI_SCOPE;
}

/*
 * Without REFER (ABI 1) renaming to another directory is refused everywhere, without TRUNCATE (before ABI 3)
 * truncate() is not governed at all: the rest still holds.
 */
static uint64_t handled_accesses(int abi)
{
    uint64_t handled = write_data | change_names;
    if (abi < ABI_REFER)
        handled &= ~LANDLOCK_ACCESS_FS_REFER;
    if (abi < ABI_TRUNCATE)
        handled &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
    return handled;
}

static int add_rule(int rules, int beneath, uint64_t accesses)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = accesses, .parent_fd = beneath};
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/* A device or a directory of devices; anything else that somebody put at such a path gets no right. */
static int add_device(int rules, const char *path, uint64_t accesses)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return 0;
    struct stat st;
    int status = fstat(fd, &st) < 0 ? -errno : 0;
    if (status == 0 && (S_ISDIR(st.st_mode) || (S_ISCHR(st.st_mode) && device_may_write(st.st_rdev))))
        status = add_rule(rules, fd, accesses);
    (void)close(fd);
    return status;
}

/* A terminal that is elsewhere (a console, a pts file system mounted at another place). */
static int add_terminal(int rules, uint64_t accesses)
{
    static const int streams[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        char path[256];
        if (!isatty(streams[i]) || ttyname_r(streams[i], path, sizeof path) != 0)
            continue;
        int fd = open(path, O_PATH | O_CLOEXEC);
        struct stat st;
        int status = 0;
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode))
            status = add_rule(rules, fd, accesses);
        if (fd >= 0)
            (void)close(fd);
        if (status < 0)
            return status;
    }
    return 0;
}

static int add_rules(int rules, int layer_fs, uint64_t handled)
{
    int status = add_rule(rules, layer_fs, handled);
    for (const char *const *path = device_paths; status == 0 && *path != NULL; path++)
        status = add_device(rules, *path, handled & write_data);
    return status < 0 ? status : add_terminal(rules, handled & write_data);
}

int lock_engage(int layer_fs)
{
    int abi = lock_abi();
    if (abi == 0)
        return -ENOSYS;
    struct ruleset_attributes attributes = {.handled_fs = handled_accesses(abi)};
    /* The size that ABI 1 knows: the kernel takes longer structs only with members that it knows. */
    size_t size = sizeof attributes.handled_fs;
    if (abi >= ABI_SCOPE) {
        /* No signals to processes outside, the supervisor included. */
        attributes.scoped = SCOPE_SIGNAL;
        size = sizeof attributes;
    }
    long rules = syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (rules < 0)
        return -errno;

    int status = add_rules((int)rules, layer_fs, attributes.handled_fs);
    if (status == 0 && syscall(SYS_landlock_restrict_self, (int)rules, 0) < 0)
        status = -errno;
    (void)close((int)rules);
    return status;
}
