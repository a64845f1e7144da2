#include "supervisor/wait.h"

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * wait4(2) takes no signal mask, so a signal that comes between the look at *rung and the call would be lost. The look
 * and the call are therefore one piece of code whose bounds are known: a handler that interrupts it before the
 * `syscall` instruction was executed sends it back to the look; once the kernel is in the call, it returns EINTR
 * itself.
 */
long coffer_wait(const atomic_int *rung, int *status, long options, struct rusage *usage);
extern const char coffer_wait_look[], coffer_wait_done[];

__asm__(".text\n"
        ".globl coffer_wait, coffer_wait_look, coffer_wait_done\n"
        ".hidden coffer_wait, coffer_wait_look, coffer_wait_done\n"
        ".type coffer_wait, @function\n"
        "coffer_wait:\n"
        "    mov %rdi, %r8\n"
        "    mov $-1, %rdi\n"  /* any child */
        "    mov %rcx, %r10\n" /* which the instruction overwrites */
        "coffer_wait_look:\n"
        "    cmpl $0, (%r8)\n"
        "    jne 1f\n"
        "    mov $61, %eax\n" /* wait4 */
        "    syscall\n"
        "coffer_wait_done:\n"
        "    ret\n"
        "1:  mov $-4, %rax\n" /* EINTR */
        "    ret\n"
        ".size coffer_wait, . - coffer_wait\n");

static void on_bell(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ucontext_t *interrupted = context;
    greg_t *at = &interrupted->uc_mcontext.gregs[REG_RIP];
    if (*at >= (greg_t)(uintptr_t)coffer_wait_look && *at < (greg_t)(uintptr_t)coffer_wait_done)
        *at = (greg_t)(uintptr_t)coffer_wait_look;
}

void wait_prepare(void)
{
    struct sigaction action = {.sa_sigaction = on_bell, .sa_flags = SA_SIGINFO};
    (void)sigaction(BELL_SIGNAL, &action, NULL);
}

pid_t wait_event(const atomic_int *rung, int *status, struct rusage *usage)
{
    return (pid_t)coffer_wait(rung, status, __WALL | __WNOTHREAD, usage);
}

void wait_bell(atomic_int *rung)
{
    (void)syscall(SYS_futex, rung, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

void wait_ring(pthread_t thread, atomic_int *rung)
{
    if (atomic_exchange(rung, 1) != 0)
        return;
    (void)syscall(SYS_futex, rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    (void)pthread_kill(thread, BELL_SIGNAL);
}
