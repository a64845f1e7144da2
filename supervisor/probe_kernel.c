/*
 * Probes that need neither a tracee nor the layers' file system.
 */
#include "supervisor/probe.h"

#include "emul/cleanup.h"
#include "emul/sys.h"
#include "policy/lock.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

struct action {
    const char *name;
    uint32_t value;
    enum probe_need need;
    const char *remark;
};

static const struct action actions[] = {
    {"seccomp-trace", SECCOMP_RET_TRACE, PROBE_NEEDED, "a sensitive call wakes the supervisor"},
    {"seccomp-errno", SECCOMP_RET_ERRNO, PROBE_NEEDED, "a refused call costs no wake-up"},
    {"seccomp-kill-process", SECCOMP_RET_KILL_PROCESS, PROBE_TOLD, "not used by coffer's own filter"},
    {"seccomp-trap", SECCOMP_RET_TRAP, PROBE_TOLD, "not used by coffer's own filter"},
    {"seccomp-log", SECCOMP_RET_LOG, PROBE_TOLD, "not used by coffer's own filter"},
    {"seccomp-user-notif", SECCOMP_RET_USER_NOTIF, PROBE_TOLD, "refused to programs in a view: it would cancel a stop"},
};

static void probe_seccomp(struct probe_report *report)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        uint32_t value = actions[i].value;
        int error = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &value) < 0 ? -errno : 0;
        probe_add_error(report, actions[i].name, actions[i].need, error, actions[i].remark);
    }
}

/* What later versions of Landlock cover. */
static const struct {
    const char *name;
    bool (*covers)(void);
    const char *what, *without;
} parts[] = {
    {"lock-supervisor", lock_renames, "coffer itself can change the layer alone", ": from Linux 5.19 on"},
    {"lock-truncate", lock_governs_truncate, "files outside cannot be truncated",
     ": from Linux 6.2 on; till then the supervisor's to refuse"},
    {"lock-tcp", lock_governs_tcp, "TCP ports that no rule allows are closed",
     ": from Linux 6.7 on; till then the supervisor's to refuse"},
    {"lock-scopes", lock_scopes_signals, "signals and abstract sockets stay inside",
     ": from Linux 6.12 on; till then the supervisor's to refuse"},
};

static void probe_landlock(struct probe_report *report)
{
    int abi = lock_abi();
    if (abi <= 0) {
        probe_add(report, "landlock", PROBE_USED, PROBE_NO, NULL, "no lock: --lock=require does not start");
        return;
    }
    char value[16];
    (void)snprintf(value, sizeof value, "ABI %d", abi);
    probe_add(report, "landlock", PROBE_USED, PROBE_YES, value,
              "the kernel itself keeps writes in the layer, and what is hidden from being read");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        probe_add(report, parts[i].name, PROBE_USED, parts[i].covers() ? PROBE_YES : PROBE_NO, NULL, "%s%s",
                  parts[i].what, parts[i].covers() ? "" : parts[i].without);
}

/* The first line of a file, or "" when it cannot be read. */
static void read_line(const char *path, char *line, size_t size)
{
    cleanup_file FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, (int)size, file) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
}

static void probe_yama(struct probe_report *report)
{
    static const char *const meaning[] = {
        "any process of the same user may be traced",
        "children may be traced, which is all that coffer asks",
        "only a process with CAP_SYS_PTRACE may trace",
        "nobody may trace until the next boot",
    };
    char line[16];
    read_line("/proc/sys/kernel/yama/ptrace_scope", line, sizeof line);
    if (line[0] < '0' || line[0] > '3') {
        probe_add(report, "yama-scope", PROBE_TOLD, PROBE_YES, "none", "Yama does not restrict ptrace");
        return;
    }
    size_t scope = (size_t)(line[0] - '0');
    probe_add(report, "yama-scope", PROBE_TOLD, scope < 2 ? PROBE_YES : PROBE_NO, line, "%s", meaning[scope]);
}

static void probe_container(struct probe_report *report)
{
    char line[32];
    const char *variable = getenv("container");
    read_line("/run/systemd/container", line, sizeof line);
    if (line[0] == '\0' && variable != NULL)
        (void)snprintf(line, sizeof line, "%s", variable);
    if (line[0] == '\0' && sys_faccessat(AT_FDCWD, "/.dockerenv", F_OK, 0) == 0)
        (void)snprintf(line, sizeof line, "docker");
    if (line[0] == '\0' && sys_faccessat(AT_FDCWD, "/run/.containerenv", F_OK, 0) == 0)
        (void)snprintf(line, sizeof line, "podman");
    if (line[0] == '\0')
        probe_add(report, "container", PROBE_TOLD, PROBE_NO, "none seen", "%s", "");
    else
        probe_add(report, "container", PROBE_TOLD, PROBE_YES, line, "its own seccomp filter may forbid ptrace");
}

static int try_user_namespace(void *context)
{
    (void)context;
    return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

void probe_kernel(struct probe_report *report)
{
    struct utsname name;
    if (uname(&name) == 0)
        probe_add(report, "kernel", PROBE_TOLD, PROBE_YES, name.release, "%s", name.machine);
    probe_seccomp(report);
    probe_landlock(report);
    probe_yama(report);
    probe_container(report);

    cleanup_fd int dir = sys_openat2(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH);
    probe_add_error(report, "openat2", PROBE_NEEDED, dir < 0 ? dir : 0, "paths are resolved beneath held directories");
    probe_add_error(report, "user-namespaces", PROBE_TOLD, probe_in_child(try_user_namespace, NULL),
                    "coffer needs none");
}
