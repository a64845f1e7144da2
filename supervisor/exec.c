#include "supervisor/exec.h"

#include "filter/numbers.h"
#include "supervisor/ia32.h"
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

/* The code segment of 32-bit user programs. */
enum { USER_CODE_32 = 0x23 };

enum { VDSO_PAGE = 4096, PARKING_ROOM = 16 };

enum injection_step {
    STEP_EXEC_EXIT, /* the exec itself has to return first: it sets rax */
    STEP_ENTRY,     /* of mmap */
    STEP_EXIT,
    STEP_SEAL_ENTRY, /* of mseal */
    STEP_SEAL_EXIT,
};

struct injection {
    enum injection_step step;
    bool ia32;                         /* the program is a 32-bit one */
    uint64_t system_call;              /* the address of a `syscall` instruction, or of an `int $0x80` */
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

/* The place of an instruction of two bytes, as an offset; 0 when there is none. */
static uint64_t find_instruction(const unsigned char *code, uint64_t begin, uint64_t end, unsigned char first,
                                 unsigned char second)
{
    for (uint64_t at = begin; at + 1 < end; at++)
        if (code[at] == first && code[at + 1] == second)
            return at;
    return 0;
}

/* Room for a parking place at the end of the page in which a vdso ends; its section headers are the last of it. */
static uint64_t parking_after(uint64_t sections, uint64_t count, uint64_t size)
{
    if (sections == 0 || move_parking_size > PARKING_ROOM)
        return 0;
    uint64_t end = sections + count * size;
    return (end + VDSO_PAGE - 1) / VDSO_PAGE * VDSO_PAGE - PARKING_ROOM;
}

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
        uint64_t end = program[i].p_offset + program[i].p_filesz;
        uint64_t at = find_instruction(vdso, program[i].p_offset, end, 0x0f, 0x05);
        if (at != 0)
            return at;
    }
    return 0;
}

uint64_t exec_find_parking(void)
{
    const Elf64_Ehdr *header = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
    return header == NULL ? 0 : parking_after(header->e_shoff, header->e_shnum, header->e_shentsize);
}

/*
 * The same of the vdso of 32-bit programs, which coffer itself does not have: in the memory of the first one, before it
 * has run. Its one `int $0x80` is in __kernel_vsyscall.
 */
static void find_ia32(struct supervisor *supervisor, pid_t tid, uint64_t vdso)
{
    union {
        Elf32_Ehdr header;
        unsigned char bytes[4 * VDSO_PAGE];
    } image;
    memset(&image, 0, sizeof image);
    ssize_t size = memory_read(tid, vdso, image.bytes, sizeof image.bytes);
    const Elf32_Ehdr *header = &image.header;
    if (size < VDSO_PAGE || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_entry >= (uint64_t)size)
        return;
    supervisor->ia32_system_call_offset = find_instruction(image.bytes, header->e_entry, (uint64_t)size, 0xcd, 0x80);
    supervisor->ia32_parking_offset = parking_after(header->e_shoff, header->e_shnum, header->e_shentsize);
}

/* A window on words of the tracee's memory, which have 4 bytes or 8; read a page at a time. */
struct words {
    pid_t tid;
    size_t size; /* of a word */
    uint64_t begin, end;
    unsigned char buffer[VDSO_PAGE];
};

/* The word at an address; false where there is no memory. */
static bool word_at(struct words *words, uint64_t address, uint64_t *word)
{
    if (address < words->begin || address + words->size > words->end) {
        ssize_t got = memory_read(words->tid, address, words->buffer, sizeof words->buffer);
        if (got < (ssize_t)words->size)
            return false;
        words->begin = address;
        words->end = address + (uint64_t)got;
    }
    *word = 0;
    memcpy(word, words->buffer + (address - words->begin), words->size);
    return true;
}

/* argc, argv..., NULL, envp..., NULL, then pairs of the auxiliary vector up to AT_NULL. */
static bool read_start(pid_t tid, uint64_t stack, size_t size, struct start *start)
{
    struct words words = {.tid = tid, .size = size};
    uint64_t word;
    if (!word_at(&words, stack, &word))
        return false;
    uint64_t address = stack + (word + 2) * size;
    do {
        if (!word_at(&words, address, &word))
            return false;
        address += size;
    } while (word != 0);

    for (;; address += 2 * size) {
        uint64_t value;
        if (!word_at(&words, address, &word) || !word_at(&words, address + size, &value))
            return false;
        if (word == AT_NULL)
            return true;
        if (word == AT_SYSINFO_EHDR)
            start->vdso = value;
        else if (word == AT_EXECFN)
            start->name_entry = address + size;
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

/* Where in the vdso the call can be made from; 0 when that cannot be found. */
static uint64_t find_places(struct task *task, bool ia32, uint64_t vdso)
{
    struct supervisor *supervisor = task->supervisor;
    if (ia32 && supervisor->ia32_system_call_offset == 0)
        find_ia32(supervisor, task->tid, vdso);
    uint64_t parking = ia32 ? supervisor->ia32_parking_offset : supervisor->parking_offset;
    uint64_t system_call = ia32 ? supervisor->ia32_system_call_offset : supervisor->system_call_offset;
    if (parking != 0)
        task->space->parking = vdso + parking;
    return system_call == 0 ? 0 : vdso + system_call;
}

void exec_begin(struct task *task)
{
    struct user_regs_struct registers;
    struct start start = {0};
    if (trace_get_registers(task->tid, &registers) < 0)
        return;
    bool ia32 = registers.cs == USER_CODE_32;
    task->space->ia32 = ia32;
    if (!read_start(task->tid, registers.rsp, ia32 ? 4 : 8, &start) || start.vdso == 0)
        return;
    uint64_t system_call = find_places(task, ia32, start.vdso);
    if (task->supervisor->observes)
        return; /* no call of it will be another one */
    struct injection *injection = system_call == 0 ? NULL : calloc(1, sizeof *injection);
    if (injection == NULL)
        return;
    injection->step = STEP_EXEC_EXIT;
    injection->ia32 = ia32;
    injection->system_call = system_call;
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
    registers.rdx = PROT_READ;
    if (injection->ia32) {
        registers.rax = IA32_MMAP2;
        registers.rbx = 0;
        registers.rcx = SCRATCH_SIZE;
        registers.rsi = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        registers.rdi = UINT32_MAX;
        registers.rbp = 0;
    } else {
        registers.rax = SYS_mmap;
        registers.rdi = 0;
        registers.rsi = SCRATCH_SIZE;
        registers.r10 = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        registers.r8 = (uint64_t)-1;
        registers.r9 = 0;
    }
    (void)trace_set_registers(task->tid, &registers);
}

/*
 * What is placed must stay as it is: the program may not make the mapping writable, nor put another in its place. Linux
 * 6.10 or newer; the call fails on others. It is not made where a filter that the program has inherited might kill it.
 */
static void enter_seal(struct task *task, const struct injection *injection)
{
    struct user_regs_struct registers = injection->registers;
    registers.rip = injection->system_call;
    registers.rax = __NR_mseal;
    registers.rdx = 0;
    if (injection->ia32) {
        registers.rbx = task->space->scratch;
        registers.rcx = SCRATCH_SIZE;
    } else {
        registers.rdi = task->space->scratch;
        registers.rsi = SCRATCH_SIZE;
    }
    (void)trace_set_registers(task->tid, &registers);
}

/* The name stays in the scratch for as long as the program runs. Where it cannot be placed, the real one is shown. */
static void show_name(struct task *task, const struct injection *injection)
{
    const char *name = view_exec_name(&task->answer);
    uint64_t address;
    if (name == NULL || injection->name_entry == 0 || scratch_place_name(task->space, task->tid, name, &address) < 0)
        return;
    (void)memory_write(task->tid, injection->name_entry, &address, injection->ia32 ? 4 : 8);
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
        if (task->space->scratch == 0 || task->process->has_filter)
            break;
        enter_seal(task, injection);
        injection->step = STEP_SEAL_ENTRY;
        return;
    case STEP_SEAL_ENTRY:
        injection->step = STEP_SEAL_EXIT;
        return;
    case STEP_SEAL_EXIT:
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
