/*
 * Calls by the interface of 32-bit programs: made by one of them, through the vdso (syscall()) and by `int $0x80` in
 * turn, or by a 64-bit program with `int $0x80`. What they point to must lie in low memory: see keep().
 */
#ifndef COFFER_TESTS_IA32_H
#define COFFER_TESTS_IA32_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static inline long ia32_int80(long number, const uintptr_t *arguments)
{
    long result = number;
#ifdef __x86_64__
    register uintptr_t sixth __asm__("r13") = arguments[5];
    __asm__ volatile("mov %%rbp, %%r12\n\tmov %%r13, %%rbp\n\tint $0x80\n\tmov %%r12, %%rbp"
                     : "+a"(result)
                     : "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2]), "S"(arguments[3]), "D"(arguments[4]),
                       "r"(sixth)
                     : "memory", "r8", "r9", "r10", "r11", "r12");
#else
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2]), "S"(arguments[3]), "D"(arguments[4])
                     : "memory");
#endif
    return result;
}

/* The result, or -1 with errno. */
static inline long ia32_call(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f)
{
    const uintptr_t arguments[6] = {a, b, c, d, e, f};
    long result;
#ifndef __x86_64__
    static unsigned turn;
    if (f != 0 || ++turn % 2)
        return syscall(number, a, b, c, d, e, f);
#endif
    result = ia32_int80(number, arguments);
    if ((int)result < 0 && (int)result >= -4095) {
        errno = -(int)result;
        return -1;
    }
    return result;
}

#define IA32(...) IA32_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define IA32_(number, a, b, c, d, e, f, ...)                                                                           \
    ia32_call((number), (uintptr_t)(a), (uintptr_t)(b), (uintptr_t)(c), (uintptr_t)(d), (uintptr_t)(e), (uintptr_t)(f))

static inline void ia32_is_missing(int signal)
{
    (void)signal;
    _exit(77);
}

/* Low memory; ends the program where this kernel has no such calls. */
static inline char *ia32_begin(size_t size)
{
    signal(SIGSEGV, ia32_is_missing);
    char *low = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    const uintptr_t none[6] = {0};
    if (low == MAP_FAILED || ia32_int80(20, none) != getpid())
        _exit(77);
    signal(SIGSEGV, SIG_DFL);
    return low;
}

#endif
