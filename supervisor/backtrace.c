#include "supervisor/backtrace.h"

#include "emul/cleanup.h"
#include "supervisor/backtrace_unwind.h"
#include "supervisor/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

/*
 * Everybody waits meanwhile. What a program can make this compute is bounded by CPU time, which a machine with much to
 * do does not use up; the other bound is for files that do not come.
 */
enum { COMPUTING_US = 500000, PATIENCE_MS = 5000, TEXT_MAX = 16384, DATA_MAX = 1 << 30 };

/* What a 64-bit program has in cs. */
enum { CODE_64 = 0x33 };

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* From now on this process reads files, writes to what is open, and ends. */
static bool confine(void)
{
    static const int calls[] = {
        SCMP_SYS(read),     SCMP_SYS(pread64),       SCMP_SYS(write),        SCMP_SYS(close),  SCMP_SYS(fstat),
        SCMP_SYS(stat),     SCMP_SYS(newfstatat),    SCMP_SYS(lseek),        SCMP_SYS(mmap),   SCMP_SYS(munmap),
        SCMP_SYS(mremap),   SCMP_SYS(mprotect),      SCMP_SYS(madvise),      SCMP_SYS(brk),    SCMP_SYS(futex),
        SCMP_SYS(readlink), SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn), SCMP_SYS(getpid), SCMP_SYS(exit_group),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return false;
    int status = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls && status == 0; i++)
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    const uint64_t changes = O_ACCMODE | O_CREAT | O_TRUNC;
    if (status == 0)
        status =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, changes, O_RDONLY));
    if (status == 0)
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, changes, O_RDONLY));
    return status == 0 && seccomp_load(filter) == 0;
}

static void limit(__rlimit_resource_t resource, rlim_t most)
{
    const struct rlimit limits = {most, most};
    (void)setrlimit(resource, &limits);
}

/* The process that reads the stack: the descriptors that it needs are all that it has. */
static _Noreturn void work(pid_t tid, const struct user_regs_struct *registers, int memory, int out)
{
    enum { MEMORY = 3, OUT = 4, BEYOND = 64 };
    int kept = fcntl(out, F_DUPFD, BEYOND);
    if (kept < 0 || dup2(memory, BEYOND - 1) < 0 || dup2(BEYOND - 1, MEMORY) < 0 || dup2(kept, OUT) < 0 ||
        syscall(SYS_close_range, OUT + 1, ~0U, 0) < 0 || syscall(SYS_close_range, 0, MEMORY - 1, 0) < 0)
        _exit(1);
    const struct itimerval computing = {.it_value.tv_usec = COMPUTING_US};
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGPROF);
    if (signal(SIGPROF, SIG_DFL) == SIG_ERR || sigprocmask(SIG_UNBLOCK, &ends, NULL) < 0 ||
        setitimer(ITIMER_PROF, &computing, NULL) < 0)
        _exit(1);
    limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__
    limit(RLIMIT_DATA, DATA_MAX);
#endif
    char *text = malloc(TEXT_MAX);
    if (text == NULL || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !confine())
        _exit(1);
    size_t length = backtrace_unwind(tid, registers, MEMORY, text, TEXT_MAX);
    for (size_t done = 0; done < length;) {
        ssize_t put = write(OUT, text + done, length - done);
        if (put <= 0)
            _exit(1);
        done += (size_t)put;
    }
    _exit(0);
}

/* What comes until the other end is closed, or the time is over. */
static size_t read_in_time(int fd, char *text, size_t size)
{
    const int64_t end = now_ms() + PATIENCE_MS;
    size_t length = 0;
    while (length < size) {
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        int64_t left = end - now_ms();
        if (left <= 0)
            return 0;
        int ready = poll(&wanted, 1, (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t got = ready <= 0 ? -1 : read(fd, text + length, size - length);
        if (got < 0)
            return 0;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return length;
}

static int open_memory(pid_t tid)
{
    char path[sizeof "/proc//mem" + 3 * sizeof tid];
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)tid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

char *backtrace_take(pid_t tid, bool *late)
{
    struct user_regs_struct registers;
    cleanup_fd int memory = open_memory(tid);
    cleanup_free char *text = malloc(TEXT_MAX + 1);
    int ends[2];
    if (text == NULL || memory < 0 || trace_get_registers(tid, &registers) < 0 || registers.cs != CODE_64 ||
        pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    pid_t worker = fork();
    if (worker == 0)
        work(tid, &registers, memory, ends[1]);
    (void)close(ends[1]);
    size_t length = worker < 0 ? 0 : read_in_time(ends[0], text, TEXT_MAX);
    (void)close(ends[0]);
    if (worker > 0) {
        (void)kill(worker, SIGKILL);
        int status = 0;
        while (waitpid(worker, &status, __WNOTHREAD) < 0 && errno == EINTR)
            continue;
        *late = WIFSIGNALED(status) && length == 0;
    }
    text[length] = '\0';
    return length == 0 ? NULL : steal_ptr(&text);
}
