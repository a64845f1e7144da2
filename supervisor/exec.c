#include "supervisor/exec.h"

#include "supervisor/memory.h"
#include "supervisor/move.h"
#include "supervisor/supervisor.h"
#include "supervisor/trace.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The code segment of 64-bit user programs; a 32-bit program has another one, and gets no scratch. */
enum { USER_CODE_64 = 0x33 };

enum { VDSO_PAGE = 4096, PARKING_ROOM = 16 };

enum injection_step {
    STEP_EXEC_EXIT, /* the exec itself has to return first: it sets rax */
    STEP_ENTRY,     /* of mmap */
    STEP_EXIT,
};

struct injection {
    enum injection_step step;
    uint64_t system_call;              /* the address of a `syscall` instruction */
    uint64_t name_entry;               /* the address of AT_EXECFN's value on the stack, 0: none */
    uint64_t mask;                     /* the signals that the program blocks */
    bool stop_held;                    /* a SIGSTOP is kept back */
    struct user_regs_struct registers; /* with which the program begins */
};

/* What is of interest on the stack of a new program. */
struct start {
    uint64_t vdso;
    uint64_t name_entry;
};

uint64_t exec_find_system_call(void)
{
    const unsigned char *vdso = (const unsigned char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (vdso == NULL)
        return 0;
    const Elf64_Ehdr *header = (const void *)vdso;
    const Elf64_Phdr *program = (const void *)(vdso + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (program[i].p_type != PT_LOAD || !(program[i].p_flags & PF_X))
            continue;
        for (uint64_t at = program[i].p_offset; at + 1 < program[i].p_offset + program[i].p_filesz; at++)
            if (vdso[at] == 0x0f && vdso[at + 1] == 0x05)
                return at;
    }
    return 0;
}

uint64_t exec_find_parking(void)
{
    const Elf64_Ehdr *header = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
    if (header == NULL || header->e_shoff == 0 || move_parking_size > PARKING_ROOM)
        return 0;
    uint64_t end = header->e_shoff + (uint64_t)header->e_shnum * header->e_shentsize;
    return (end + VDSO_PAGE - 1) / VDSO_PAGE * VDSO_PAGE - PARKING_ROOM;
}

/* A window on words of the tracee's memory, read a page at a time. */
struct words {
    pid_t tid;
    uint64_t begin;
    size_t count;
    uint64_t buffer[512];
};

/* The word at an address that is a multiple of 8; false where there is no memory. */
static bool word_at(struct words *words, uint64_t address, uint64_t *word)
{
    if (address < words->begin || address >= words->begin + words->count * sizeof *word) {
        ssize_t got = memory_read(words->tid, address, words->buffer, sizeof words->buffer);
        if (got < (ssize_t)sizeof *word)
            return false;
        words->begin = address;
        words->count = (size_t)got / sizeof *word;
    }
    *word = words->buffer[(address - words->begin) / sizeof *word];
    return true;
}

/* argc, argv..., NULL, envp..., NULL, then pairs of the auxiliary vector up to AT_NULL. */
static bool read_start(pid_t tid, uint64_t stack, struct start *start)
{
    struct words words = {.tid = tid};
    uint64_t word;
    if (!word_at(&words, stack, &word))
        return false;
    uint64_t address = stack + (word + 2) * sizeof word;
    do {
        if (!word_at(&words, address, &word))
            return false;
        address += sizeof word;
    } while (word != 0);

    for (;; address += 2 * sizeof word) {
        uint64_t value;
        if (!word_at(&words, address, &word) || !word_at(&words, address + sizeof word, &value))
            return false;
        if (word == AT_NULL)
            return true;
        if (word == AT_SYSINFO_EHDR)
            start->vdso = value;
        else if (word == AT_EXECFN)
            start->name_entry = address + sizeof word;
    }
}

void exec_abandon(struct task *task)
{
    free(task->injection);
    task->injection = NULL;
}

/* All signals but SIGKILL and SIGSTOP are blocked meanwhile: they stay pending and are neither lost nor seen early. */
static int block_signals(struct task *task, struct injection *injection)
{
    int status = trace_get_mask(task->tid, &injection->mask);
    return status < 0 ? status : trace_set_mask(task->tid, ~UINT64_C(0));
}

void exec_begin(struct task *task)
{
    struct user_regs_struct registers;
    if (task->supervisor->system_call_offset == 0 || trace_get_registers(task->tid, &registers) < 0 ||
        registers.cs != USER_CODE_64)
        return;
    struct start start = {0};
    if (!read_start(task->tid, registers.rsp, &start) || start.vdso == 0)
        return;

    struct injection *injection = calloc(1, sizeof *injection);
    if (injection == NULL)
        return;
    if (task->supervisor->parking_offset != 0)
        task->space->parking = start.vdso + task->supervisor->parking_offset;
    injection->step = STEP_EXEC_EXIT;
    injection->system_call = start.vdso + task->supervisor->system_call_offset;
    injection->name_entry = start.name_entry;
    if (block_signals(task, injection) < 0) {
        free(injection);
        return;
    }
    task->injection = injection;
}

static void enter_mmap(struct task *task, const struct injection *injection)
{
    struct user_regs_struct registers = injection->registers;
    registers.rip = injection->system_call;
    registers.rax = SYS_mmap;
    registers.rdi = 0;
    registers.rsi = SCRATCH_SIZE;
    registers.rdx = PROT_READ;
    registers.r10 = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    registers.r8 = (uint64_t)-1;
    registers.r9 = 0;
    (void)trace_set_registers(task->tid, &registers);
}

/* The name stays in the scratch for as long as the program runs. Where it cannot be placed, the real one is shown. */
static void show_name(struct task *task, const struct injection *injection)
{
    const char *name = view_exec_name(&task->answer);
    uint64_t address;
    if (name == NULL || injection->name_entry == 0 || scratch_place_name(task->space, task->tid, name, &address) < 0)
        return;
    (void)memory_write(task->tid, injection->name_entry, &address, sizeof address);
}

/* The program's own filter may have refused it: then nothing can be placed, and what needs that is refused. */
static uint64_t mapped_address(const struct task *task)
{
    int64_t result = -ENOMEM;
    (void)trace_get_result(task->tid, &result);
    return result > 0 ? (uint64_t)result : 0;
}

static void leave(struct task *task, struct injection *injection)
{
    (void)trace_set_registers(task->tid, &injection->registers);
    (void)trace_set_mask(task->tid, injection->mask);
    show_name(task, injection);
    if (injection->stop_held)
        (void)syscall(SYS_tgkill, task->process->tgid, task->tid, SIGSTOP);
}

void exec_step(struct task *task)
{
    struct injection *injection = task->injection;
    switch (injection->step) {
    case STEP_EXEC_EXIT:
        (void)trace_get_registers(task->tid, &injection->registers);
        enter_mmap(task, injection);
        injection->step = STEP_ENTRY;
        return;
    case STEP_ENTRY:
        injection->step = STEP_EXIT;
        return;
    case STEP_EXIT:
        task->space->scratch = mapped_address(task);
        break;
    }
    leave(task, injection);
    exec_abandon(task);
}

bool exec_hold_signal(struct task *task, int signal)
{
    if (task->injection == NULL || signal != SIGSTOP)
        return false;
    task->injection->stop_held = true;
    return true;
}
