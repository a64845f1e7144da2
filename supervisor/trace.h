/*
 * Every ptrace request that coffer makes. Each function returns 0 or -errno; -ESRCH means that the
 * thread is gone (or was killed while it was stopped): its end is reported by waitpid() and nothing
 * else needs to be done.
 */
#ifndef COFFER_SUPERVISOR_TRACE_H
#define COFFER_SUPERVISOR_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* A system call as the kernel shows it at a seccomp stop. */
struct trace_call {
    uint32_t arch; /* AUDIT_ARCH_... */
    uint64_t number;
    uint64_t args[6];
};

/* Attaches to a running child with every option the loop relies on; children of it are attached by the kernel. */
int trace_seize(pid_t tid);

/* Makes a running tracee that was attached by trace_seize() stop, with an EVENT_HALT. */
int trace_interrupt(pid_t tid);

/* Lets go of a stopped tracee, which runs on. */
int trace_detach(pid_t tid);

/* The call at whose seccomp stop the thread is. */
int trace_get_call(pid_t tid, struct trace_call *call);

/* Sets the call as it is by PTRACE_SET_SYSCALL_INFO, to see whether this kernel knows the request. */
int trace_set_call_again(pid_t tid);

/* At a seccomp stop: the call is not made, and returns result (>= 0 or -errno). */
int trace_answer(pid_t tid, int64_t result);

/* One of the six argument registers of a call, which is one of ia32 or not; index 0 to 5. */
int trace_set_argument(pid_t tid, bool ia32, int index, uint64_t value);

/*
 * At an exit stop: the call that was made and what it returned. -EAGAIN at an entry stop. The argument registers are as
 * the tracee left them, which is as the call was made (a system call keeps them).
 */
int trace_get_made_call(pid_t tid, struct trace_call *call, int64_t *result);

/* At the stop of an interruption: a call that it has ended with EINTR is made again. */
int trace_make_again(pid_t tid);

/* What the call returned, at its exit stop. */
int trace_get_result(pid_t tid, int64_t *result);
int trace_set_result(pid_t tid, int64_t result);

/* Goes on, and a signal other than 0 is delivered. */
int trace_continue(pid_t tid, int signal);

/* As trace_continue, to the next entry or exit of a system call. */
int trace_continue_to_call(pid_t tid, int signal);

/* Leaves a thread of a stopped process stopped, and listens for what becomes of it. */
int trace_listen(pid_t tid);

/* What an event stop tells: the new child's tid, the former tid of a thread that called exec. */
int trace_message(pid_t tid, pid_t *message);

int trace_get_registers(pid_t tid, struct user_regs_struct *registers);
int trace_set_registers(pid_t tid, const struct user_regs_struct *registers);
/* Makes them those of a call that is to be made again: as they were before the `syscall` instruction, of two bytes. */
void trace_rewind_call(struct user_regs_struct *registers);

/* The blocked signals, a bit a signal as the kernel has them. */
int trace_get_mask(pid_t tid, uint64_t *mask);
int trace_set_mask(pid_t tid, uint64_t mask);

/* One word of memory, whatever its page protection; address is a multiple of 8. */
int trace_write_word(pid_t tid, uint64_t address, uint64_t word);

#endif
