#include "supervisor/trace.h"

#include <errno.h>
#include <linux/audit.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

/* PTRACE_SET_SYSCALL_INFO, since Linux 6.16. */
enum { SET_SYSCALL_INFO = 0x4212 };

/* Where the six arguments of a system call are: of x86-64, and of ia32. */
static const size_t argument_offsets[2][6] = {
    {
        offsetof(struct user_regs_struct, rdi),
        offsetof(struct user_regs_struct, rsi),
        offsetof(struct user_regs_struct, rdx),
        offsetof(struct user_regs_struct, r10),
        offsetof(struct user_regs_struct, r8),
        offsetof(struct user_regs_struct, r9),
    },
    {
        offsetof(struct user_regs_struct, rbx),
        offsetof(struct user_regs_struct, rcx),
        offsetof(struct user_regs_struct, rdx),
        offsetof(struct user_regs_struct, rsi),
        offsetof(struct user_regs_struct, rdi),
        offsetof(struct user_regs_struct, rbp),
    },
};

/*
 * The system call itself: glibc's ptrace() returns what PEEK requests read as its value, so that an
 * error can only be told by errno.
 */
static int request(long what, pid_t tid, uint64_t address, uint64_t data)
{
    long result = syscall(SYS_ptrace, what, (long)tid, address, data);
    return result < 0 ? -errno : 0;
}

static uint64_t pointer(const void *address)
{
    return (uint64_t)(uintptr_t)address;
}

int trace_seize(pid_t tid)
{
    return request(PTRACE_SEIZE, tid, 0,
                   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
}

int trace_interrupt(pid_t tid)
{
    return request(PTRACE_INTERRUPT, tid, 0, 0);
}

int trace_detach(pid_t tid)
{
    return request(PTRACE_DETACH, tid, 0, 0);
}

int trace_set_call_again(pid_t tid)
{
    struct __ptrace_syscall_info info;
    long size = syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, (long)tid, sizeof info, &info);
    return size < 0 ? -errno : request(SET_SYSCALL_INFO, tid, sizeof info, pointer(&info));
}

int trace_get_call(pid_t tid, struct trace_call *call)
{
    struct __ptrace_syscall_info info;
    long size = syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, (long)tid, sizeof info, &info);
    if (size < 0)
        return -errno;
    if (info.op != PTRACE_SYSCALL_INFO_SECCOMP)
        return -EIO;

    call->arch = info.arch;
    call->number = info.seccomp.nr;
    for (int i = 0; i < 6; i++)
        call->args[i] = info.seccomp.args[i];
    return 0;
}

int trace_get_made_call(pid_t tid, struct trace_call *call, int64_t *result)
{
    struct __ptrace_syscall_info info;
    struct user_regs_struct registers;
    long size = syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, (long)tid, sizeof info, &info);
    if (size < 0)
        return -errno;
    if (info.op != PTRACE_SYSCALL_INFO_EXIT)
        return -EAGAIN;
    int status = trace_get_registers(tid, &registers);
    if (status < 0)
        return status;
    *call = (struct trace_call){
        .arch = info.arch,
        .number = registers.orig_rax,
    };
    for (int i = 0; i < 6; i++)
        memcpy(&call->args[i], (const char *)&registers + argument_offsets[info.arch == AUDIT_ARCH_I386][i],
               sizeof call->args[i]);
    *result = info.exit.rval;
    return 0;
}

int trace_make_again(pid_t tid)
{
    struct user_regs_struct registers;
    int status = trace_get_registers(tid, &registers);
    if (status < 0 || (int64_t)registers.orig_rax < 0 || (int)registers.rax != -EINTR)
        return status;
    registers.rip -= 2; /* as the kernel does it for every kind of entry */
    registers.rax = registers.orig_rax;
    return trace_set_registers(tid, &registers);
}

/*
 * Two words instead of all registers: half the time of GETREGS and SETREGS. PTRACE_SET_SYSCALL_INFO
 * would not do: it does not set a result at a seccomp stop. With the number -1 the kernel makes no
 * call, leaves rax alone and does not take a result such as -EINTR for a call to be restarted.
 */
int trace_answer(pid_t tid, int64_t result)
{
    int status = request(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, orig_rax), (uint64_t)-1);
    return status < 0 ? status : trace_set_result(tid, result);
}

int trace_set_argument(pid_t tid, bool ia32, int index, uint64_t value)
{
    return request(PTRACE_POKEUSER, tid, argument_offsets[ia32][index], value);
}

int trace_get_result(pid_t tid, int64_t *result)
{
    return request(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rax), pointer(result));
}

int trace_set_result(pid_t tid, int64_t result)
{
    return request(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, rax), (uint64_t)result);
}

int trace_continue(pid_t tid, int signal)
{
    return request(PTRACE_CONT, tid, 0, (uint64_t)signal);
}

int trace_continue_to_call(pid_t tid, int signal)
{
    return request(PTRACE_SYSCALL, tid, 0, (uint64_t)signal);
}

int trace_listen(pid_t tid)
{
    return request(PTRACE_LISTEN, tid, 0, 0);
}

int trace_message(pid_t tid, pid_t *message)
{
    unsigned long value = 0;
    int status = request(PTRACE_GETEVENTMSG, tid, 0, pointer(&value));
    *message = (pid_t)value;
    return status;
}

int trace_get_registers(pid_t tid, struct user_regs_struct *registers)
{
    return request(PTRACE_GETREGS, tid, 0, pointer(registers));
}

int trace_set_registers(pid_t tid, const struct user_regs_struct *registers)
{
    return request(PTRACE_SETREGS, tid, 0, pointer(registers));
}

void trace_rewind_call(struct user_regs_struct *registers)
{
    registers->rip -= 2;
    registers->rax = registers->orig_rax;
    registers->orig_rax = (uint64_t)-1;
}

int trace_get_mask(pid_t tid, uint64_t *mask)
{
    return request(PTRACE_GETSIGMASK, tid, sizeof *mask, pointer(mask));
}

int trace_set_mask(pid_t tid, uint64_t mask)
{
    return request(PTRACE_SETSIGMASK, tid, sizeof mask, pointer(&mask));
}

int trace_write_word(pid_t tid, uint64_t address, uint64_t word)
{
    return request(PTRACE_POKEDATA, tid, address, word);
}
