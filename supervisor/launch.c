#include "supervisor/launch.h"

#include "emul/cleanup.h"
#include "filter/program.h"
#include "policy/capabilities.h"
#include "policy/lock.h"
#include "supervisor/command.h"
#include "supervisor/control.h"
#include "supervisor/exec.h"
#include "supervisor/grant.h"
#include "supervisor/notes.h"
#include "supervisor/placement.h"
#include "supervisor/search_path.h"
#include "supervisor/text.h"
#include "supervisor/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { HIDDEN_FD_MAX = 4096, HIDDEN_FD_ELSE = 1023, HIDDEN_FD_BEYOND = 8, HIDDEN_FD_MIN = 16 };

/* Whether a process of the view may get an identity other than coffer's own: no set-id bit gives one there. */
static bool may_become_another(void)
{
    uid_t real, effective, saved;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (getresuid(&real, &effective, &saved) < 0 || syscall(SYS_capget, &header, data) < 0)
        return true;
    return real == 0 || real != effective || real != saved || (data[0].permitted & 1u << CAP_SETUID) != 0;
}

int launch_hidden_fd(void)
{
    struct rlimit limit;
    if (!may_become_another())
        return -1;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -1;
    if (limit.rlim_cur < HIDDEN_FD_MIN)
        return -1;
    /* The table of descriptors is as long as the highest of them. */
    if (limit.rlim_cur > HIDDEN_FD_MAX)
        return HIDDEN_FD_ELSE;
    /* Daemons close one number after another, and not all stop at the limit. */
    rlim_t beyond = limit.rlim_cur + HIDDEN_FD_BEYOND;
    return (int)(beyond < limit.rlim_max ? beyond : limit.rlim_cur - 1);
}

/* Past the limit, which holds for new descriptors alone. 0 or -errno. */
static int keep_layer(const struct launch *launch)
{
    struct rlimit limit, raised;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    raised = limit;
    if (limit.rlim_cur <= (rlim_t)launch->hidden_fd)
        raised.rlim_cur = (rlim_t)launch->hidden_fd + 1;
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0 || dup2(launch->layer_fs, launch->hidden_fd) < 0 ||
        setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    return 0;
}

/* In the child: a step that coffer cannot do without has failed. */
static _Noreturn void give_up(const char *what, int status)
{
    error_errno(what, status);
    _exit(STATUS_COFFER_FAILED);
}

/* The kernel writes a core file where the process is, by no call: without the lock that may be on the host. */
static void forbid_core_files(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) < 0)
        give_up("cannot forbid core files", -errno);
}

static void engage_lock(const struct launch *launch)
{
    if (launch->lock < 0) {
        forbid_core_files();
        return;
    }
    int status = lock_enter(launch->lock);
    if (status < 0)
        give_up("lock: cannot be engaged (--lock=off goes without)", status);
}

/* Descriptors keep the rights they were opened with: none of the caller's goes into the view but 0, 1 and 2. */
static void keep_descriptors(const struct launch *launch)
{
    unsigned first = STDERR_FILENO + 1;
    if (launch->hidden_fd >= 0) {
        int status = keep_layer(launch);
        if (status < 0)
            give_up("cannot keep the layer open", status);
        if ((unsigned)launch->hidden_fd > first)
            (void)syscall(SYS_close_range, first, (unsigned)launch->hidden_fd - 1, 0);
        first = (unsigned)launch->hidden_fd + 1;
    }
    (void)syscall(SYS_close_range, first, ~0U, 0);
}

/*
 * execvp(3) says EACCES when a directory of $PATH may not be searched, even if the command is nowhere: to a person, as
 * to the shell, that is "not found".
 */
static bool is_nowhere(const char *name)
{
    char path[PATH_MAX];
    return !search_path_find(name, false, path);
}

static void confine_child(const struct launch *launch)
{
    engage_lock(launch);
    keep_descriptors(launch);
    int status = capabilities_drop();
    if (status < 0)
        give_up("cannot drop capabilities", status);
}

/* What the forked child needs to know. */
struct child {
    const struct launch *launch;
    int go; /* a byte comes here when it is attached */
};

static void become_command(void *context)
{
    const struct child *child = context;
    const struct launch *launch = child->launch;
    char go;
    signals_in_child(launch->signals);
    if (read(child->go, &go, 1) != 1)
        _exit(STATUS_COFFER_FAILED);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        give_up("no_new_privs", -errno);
    if (!launch->observes)
        confine_child(launch);
    int status = launch->observes ? program_install(launch->program) : program_install_listening(launch->program);
    if (status >= 0 && !launch->observes)
        grant_keep_listener(status);
    else if (status < 0 && status != -ENOENT)
        give_up("cannot install the system-call filter", status);

    (void)execvp(launch->argv[0], launch->argv);
    status = -errno;
    if (status == -EACCES && is_nowhere(launch->argv[0]))
        status = -ENOENT;
    error_errno(launch->argv[0], status);
    _exit(status == -ENOENT || status == -ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE);
}

static void raise_limit(int resource)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit((__rlimit_resource_t)resource, &limit);
    }
}

/*
 * Once the command is forked, which keeps its own: descriptors of the supervisor grow with the processes that it
 * serves, and what it copies may be longer than what the command may write.
 */
static void raise_limits(void)
{
    raise_limit(RLIMIT_NOFILE);
    raise_limit(RLIMIT_FSIZE);
}

/* Attaches from the first tracer's thread, which this is. */
static int attach(struct supervisor *supervisor, struct fs_context *fs, uint64_t scratch)
{
    struct task *task = task_add(&supervisor->tracers[0], supervisor->main, TASK_RUNNING);
    if (task == NULL) {
        fs_context_release(fs);
        return -ENOMEM;
    }
    task->allowed = supervisor->cpus;
    int status = task_found(task, fs, scratch, getauxval(AT_SYSINFO_EHDR) + supervisor->parking_offset);
    if (status == 0)
        status = trace_seize(supervisor->main);
    if (status == 0) {
        supervisor->main_pidfd = (int)syscall(SYS_pidfd_open, supervisor->main, 0);
        status = supervisor->main_pidfd < 0 ? -errno : 0;
    }
    if (status < 0) {
        task_remove(task);
    } else {
        notes_started(supervisor, supervisor->main, 0, false);
        placement_pin(task);
    }
    return status;
}

static void explain(int status)
{
    if (status == -EPERM)
        error_line("ptrace", "not permitted; allow it with 'sysctl kernel.yama.ptrace_scope=1', or in a container with "
                             "--cap-add=SYS_PTRACE");
    else
        error_errno("cannot supervise the command", status);
}

/*
 * The child waits for a byte on *go. Its program has no exec of its own that could map the scratch for the calls of
 * execvp(), so it inherits one at the same address.
 */
static int fork_command(const struct launch *launch, struct supervisor *supervisor, struct fs_context *fs, int *go)
{
    void *scratch = mmap(NULL, SCRATCH_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int pair[2];
    int status = scratch == MAP_FAILED ? -ENOMEM : 0;
    if (status == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        status = -errno;
    if (status == 0) {
        struct child child = {.launch = launch, .go = pair[1]};
        *go = pair[0];
        status = control_start(supervisor, launch->signals, become_command, &child);
        (void)close(pair[1]);
    }
    if (status < 0)
        fs_context_release(fs);
    else
        status = attach(supervisor, fs, (uint64_t)(uintptr_t)scratch);
    if (scratch != MAP_FAILED)
        (void)munmap(scratch, SCRATCH_SIZE);
    return status;
}

int launch_command(const struct launch *launch, struct supervisor *supervisor, struct fs_context *fs)
{
    cleanup_fd int go = -1;
    supervisor->system_call_offset = exec_find_system_call();
    supervisor->parking_offset = exec_find_parking();
    signals_block(launch->signals);
    int status = fork_command(launch, supervisor, fs, &go);
    if (status < 0) {
        explain(status);
        if (supervisor->main > 0) {
            (void)kill(supervisor->main, SIGKILL);
            (void)waitpid(supervisor->main, NULL, 0);
        }
        control_end(supervisor);
        signals_restore(launch->signals);
        return status;
    }
    raise_limits();
    /* Nobody but root looks into the supervisor, with the lock or without: it holds what programs must not have. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signals_install();
    control_begin(supervisor);
    /* Should it fail, the child is dead, and its tracer will hear of it. */
    (void)send(go, "", 1, MSG_NOSIGNAL);
    return 0;
}
