/*
 * What ptrace gives: one child is traced, stopped by a seccomp filter of its own and answered, as in a view.
 */
#include "supervisor/probe.h"

#include "emul/cleanup.h"
#include "emul/sys.h"
#include "supervisor/event.h"
#include "supervisor/trace.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* What the child's getppid() is answered with; no process has this id. */
#define PROBE_ANSWER 0x40000007

/* Each 0 or -errno; -ECANCELED: not reached. */
struct trace_results {
    int attach, stop, get_info, set_info, read, force, answer;
};

struct traced {
    pid_t pid;
    char *page; /* the same address in both processes; read-only */
};

/* The child: waits to be attached, then makes one call that its filter hands to the tracer. */
static int child_run(int ready)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    char byte = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)alarm(10);
    if (read(ready, &byte, 1) != 1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return errno;
    return syscall(SYS_getppid) == PROBE_ANSWER ? 0 : EPROTO;
}

/* Waits for the seccomp stop. 0, or -errno: the child's own, when it ended instead. */
static int wait_stop(pid_t pid)
{
    int status = 0;
    for (;;) {
        if (waitpid(pid, &status, __WALL) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (WIFEXITED(status))
            return WEXITSTATUS(status) != 0 ? -WEXITSTATUS(status) : -EPROTO;
        struct event event = event_decode(pid, status);
        if (event.kind == EVENT_ENDED)
            return -EPROTO;
        if (event.kind == EVENT_CALL)
            return 0;
        int error = trace_continue(pid, 0);
        if (error < 0)
            return error;
    }
}

static void try_syscall_info(const struct traced *child, struct trace_results *results)
{
    struct trace_call call;
    results->get_info = trace_get_call(child->pid, &call);
    if (results->get_info == 0 && call.number != SYS_getppid)
        results->get_info = -EPROTO;
    if (results->get_info == 0)
        results->set_info = trace_set_call_again(child->pid);
}

static int read_child(const struct traced *child, char *byte)
{
    struct iovec here = {.iov_base = byte, .iov_len = 1};
    struct iovec there = {.iov_base = child->page, .iov_len = 1};
    ssize_t got = process_vm_readv(child->pid, &here, 1, &there, 1, 0);
    return got < 0 ? -errno : (got == 1 ? 0 : -EIO);
}

/* A write through /proc/PID/mem that the page's own protection forbids; since 6.12 the kernel can be told to refuse. */
static int force_write(const struct traced *child)
{
    char path[64], byte = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)child->pid);
    cleanup_fd int memory = sys_openat(AT_FDCWD, path, O_RDWR, 0);
    if (memory < 0)
        return memory;
    if (pwrite(memory, "w", 1, (off_t)(uintptr_t)child->page) != 1)
        return errno != 0 ? -errno : -EIO;
    int error = read_child(child, &byte);
    return error != 0 ? error : (byte == 'w' ? 0 : -EIO);
}

/* Answers the call as a view does: no call is made, the result is set, no exit stop. */
static int answer_call(const struct traced *child)
{
    int error = trace_answer(child->pid, PROBE_ANSWER);
    return error < 0 ? error : trace_continue(child->pid, 0);
}

static int wait_exit(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, __WALL) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    if (WIFSTOPPED(status))
        return -EPROTO;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static void trace_child(const struct traced *child, int ready, struct trace_results *results)
{
    char byte = 0;
    results->attach = trace_seize(child->pid);
    if (results->attach != 0 || sys_write_all(ready, "x", 1) != 0)
        return;
    results->stop = wait_stop(child->pid);
    if (results->stop != 0)
        return;
    try_syscall_info(child, results);
    results->read = read_child(child, &byte);
    results->force = force_write(child);
    results->answer = answer_call(child);
    if (results->answer == 0)
        results->answer = wait_exit(child->pid);
}

/* Forks the child, traces it and gets rid of it. 0, or -errno when there was no child. */
static int trace_one(struct trace_results *results)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    cleanup_fd int reader = ends[0];
    cleanup_fd int writer = ends[1];
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    struct traced child = {0};
    child.page = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (child.page == MAP_FAILED)
        return -errno;
    child.pid = fork();
    if (child.pid == 0)
        _exit(child_run(reader));
    int error = child.pid < 0 ? -errno : 0;
    if (error == 0) {
        trace_child(&child, writer, results);
        /* It is gone already when all went well; a zombie of ours keeps the number from being used again. */
        (void)kill(child.pid, SIGKILL);
        while (waitpid(child.pid, NULL, __WALL) > 0)
            continue;
    }
    (void)munmap(child.page, size);
    return error;
}

static void add(struct probe_report *report, const char *name, enum probe_need need, int error, const char *remark)
{
    if (error == -ECANCELED)
        probe_add(report, name, need, PROBE_UNTRIED, NULL, "%s", remark);
    else
        probe_add_error(report, name, need, error, remark);
}

void probe_tracee(struct probe_report *report)
{
    const int no = -ECANCELED;
    struct trace_results results = {no, no, no, no, no, no, no};
    int error = trace_one(&results);
    add(report, "ptrace", PROBE_NEEDED, error != 0 ? error : results.attach, "a child is attached with PTRACE_SEIZE");
    add(report, "ptrace-stop", PROBE_NEEDED, results.stop, "a seccomp filter stops it");
    add(report, "ptrace-answer", PROBE_NEEDED, results.answer, "its call is answered without being made");
    add(report, "ptrace-get-syscall-info", PROBE_NEEDED, results.get_info, "Linux 5.3");
    add(report, "ptrace-set-syscall-info", PROBE_USED, results.set_info, "Linux 6.16; registers are set without it");
    add(report, "process-vm-readv", PROBE_NEEDED, results.read, "paths are read from the program's memory");
    add(report, "proc-mem-force", PROBE_USED, results.force, "writes to a page that is read-only to the program");
}
