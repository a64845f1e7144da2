#include "policy/lock_internal.h"

#include "policy/devices.h"
#include "policy/lock_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t write_data = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;

static const uint64_t change_names = LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                                     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                                     LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;

/*
 * What programs do in the layer by calls of their own: they open files, and bind sockets. All other names are made and
 * removed by the supervisor, so that nothing of the layer's format, and no device, can be planted there.
 */
static const uint64_t change_layer = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK;

static const uint64_t read_and_execute =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;

/* What a rule for something that is no directory may say. */
static const uint64_t of_files = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;

#ifdef COFFER_TEST_HOOKS
/* A test may want to have an older kernel: COFFER_LANDLOCK_ABI=N. */
static long no_newer_than_wanted(long abi)
{
    const char *wanted = getenv("COFFER_LANDLOCK_ABI");
    long most = wanted == NULL ? abi : strtol(wanted, NULL, 10);
    return abi < most ? abi : most;
}
#endif

int lock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
#ifdef COFFER_TEST_HOOKS
    abi = no_newer_than_wanted(abi);
#endif
    return abi < 0 ? 0 : (int)abi;
}

bool lock_renames(void)
{
    return lock_abi() >= ABI_REFER;
}

bool lock_governs_truncate(void)
{
    return lock_abi() >= ABI_TRUNCATE;
}

bool lock_governs_tcp(void)
{
    return lock_abi() >= ABI_TCP;
}

bool lock_scopes_signals(void)
{
    return lock_abi() >= ABI_SCOPE;
}

/*
 * Without REFER (ABI 1) renaming to another directory is refused everywhere, without TRUNCATE (before ABI 3)
 * truncate() is not governed at all: the rest still holds.
 */
static uint64_t handled_writes(int abi)
{
    uint64_t handled = write_data | change_names;
    if (abi < ABI_REFER)
        handled &= ~LANDLOCK_ACCESS_FS_REFER;
    if (abi < ABI_TRUNCATE)
        handled &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
    return handled;
}

int lock_add(int rules, const struct ruleset_attributes *attributes, int beneath, uint64_t accesses)
{
    struct stat st;
    if (fstat(beneath, &st) < 0)
        return -errno;
    accesses &= attributes->handled_fs & (S_ISDIR(st.st_mode) ? UINT64_MAX : of_files);
    struct landlock_path_beneath_attr rule = {.allowed_access = accesses, .parent_fd = beneath};
    if (accesses == 0)
        return 0;
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int lock_add_path(int rules, const struct ruleset_attributes *attributes, const char *path, uint64_t accesses)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return 0;
    int status = lock_add(rules, attributes, fd, accesses);
    (void)close(fd);
    return status;
}

/* A device or a directory of devices; anything else that somebody put at such a path gets no right. */
static int add_device(int rules, const struct ruleset_attributes *attributes, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || (!S_ISDIR(st.st_mode) && (!S_ISCHR(st.st_mode) || !device_may_write(st.st_rdev))))
        return 0;
    return lock_add_path(rules, attributes, path, write_data);
}

/* A terminal that is elsewhere (a console, a pts file system mounted at another place). */
static int add_terminal(int rules, const struct ruleset_attributes *attributes)
{
    static const int streams[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    int status = 0;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0] && status == 0; i++) {
        char path[256];
        struct stat st;
        if (isatty(streams[i]) && ttyname_r(streams[i], path, sizeof path) == 0 && stat(path, &st) == 0 &&
            S_ISCHR(st.st_mode))
            status = lock_add_path(rules, attributes, path, write_data);
    }
    return status;
}

static int add_devices(int rules, const struct ruleset_attributes *attributes)
{
    int status = 0;
    for (const char *const *path = device_paths; status == 0 && *path != NULL; path++)
        status = add_device(rules, attributes, *path);
    return status < 0 ? status : add_terminal(rules, attributes);
}

static int add_if_open(int rules, const struct ruleset_attributes *attributes, int beneath, uint64_t accesses)
{
    return beneath < 0 ? 0 : lock_add(rules, attributes, beneath, accesses);
}

/* The size that an ABI knows: the kernel takes longer structs only with members that it knows. */
static int create(int abi, const struct ruleset_attributes *attributes)
{
    size_t size = abi < ABI_TCP     ? sizeof attributes->handled_fs
                  : abi < ABI_SCOPE ? offsetof(struct ruleset_attributes, scoped)
                                    : sizeof *attributes;
    long rules = syscall(SYS_landlock_create_ruleset, attributes, size, 0);
    return rules < 0 ? -errno : (int)rules;
}

static int finish(int rules, int status)
{
    if (status == 0)
        return rules;
    (void)close(rules);
    return status;
}

int lock_for_programs(const struct lock_places *places)
{
    int abi = lock_abi();
    if (abi == 0)
        return -ENOSYS;
    struct ruleset_attributes attributes = {.handled_fs = handled_writes(abi) | lock_files_read(places->policy)};
    lock_net_attributes(places, abi, &attributes);
    int rules = create(abi, &attributes);
    if (rules < 0)
        return rules;
    int status = add_if_open(rules, &attributes, places->layer_fs, change_layer | read_and_execute);
    if (status == 0)
        status = add_if_open(rules, &attributes, places->layer_work, read_and_execute);
    if (status == 0)
        status = add_if_open(rules, &attributes, places->aliases, read_and_execute);
    for (size_t i = 0; i < places->readable_count && status == 0; i++)
        status = lock_add(rules, &attributes, places->readable[i], read_and_execute);
    if (status == 0)
        status = add_devices(rules, &attributes);
    if (status == 0)
        status = lock_files_rules(rules, places, &attributes, write_data | change_names);
    if (status == 0)
        status = lock_net_rules(rules, places, &attributes);
    return finish(rules, status);
}

/*
 * What the supervisor reads the programs do not see. It writes to their memory by way of /proc; and its domain holds
 * for the programs as well, which are started in it, so it must not refuse what they may do.
 */
int lock_for_supervisor(const struct lock_places *places)
{
    int abi = lock_abi();
    if (abi < ABI_REFER) /* it could not move what is finished to its place */
        return abi == 0 ? -ENOSYS : -EOPNOTSUPP;
    const struct ruleset_attributes attributes = {.handled_fs = handled_writes(abi)};
    const struct lock_places quiet = {.policy = places->policy};
    int rules = create(abi, &attributes);
    if (rules < 0)
        return rules;
    int status = add_if_open(rules, &attributes, places->layer, write_data | change_names);
    if (status == 0)
        status = add_if_open(rules, &attributes, places->aliases, write_data | change_names);
    if (status == 0)
        status = lock_add_path(rules, &attributes, "/proc", LANDLOCK_ACCESS_FS_WRITE_FILE);
    if (status == 0)
        status = add_devices(rules, &attributes);
    if (status == 0)
        status = lock_files_rules(rules, &quiet, &attributes, write_data | change_names);
    return finish(rules, status);
}

int lock_enter(int rules)
{
    return syscall(SYS_landlock_restrict_self, rules, 0) < 0 ? -errno : 0;
}
