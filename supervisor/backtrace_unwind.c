#include "supervisor/backtrace_unwind.h"

#include "emul/cleanup.h"

#include <libunwind-ptrace.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { FRAMES_MAX = 32, NAME_ROOM = 256 };

/*
 * The functions of libunwind-ptrace know what lies where in a process and find the tables and names in its files. They
 * are given registers and memory by these, since only a tracer may use ptrace. Their argument is not ours to choose.
 */
static const struct user_regs_struct *stopped;
static int memory_fd;

static const size_t register_offsets[] = {
    [UNW_X86_64_RAX] = offsetof(struct user_regs_struct, rax),
    [UNW_X86_64_RDX] = offsetof(struct user_regs_struct, rdx),
    [UNW_X86_64_RCX] = offsetof(struct user_regs_struct, rcx),
    [UNW_X86_64_RBX] = offsetof(struct user_regs_struct, rbx),
    [UNW_X86_64_RSI] = offsetof(struct user_regs_struct, rsi),
    [UNW_X86_64_RDI] = offsetof(struct user_regs_struct, rdi),
    [UNW_X86_64_RBP] = offsetof(struct user_regs_struct, rbp),
    [UNW_X86_64_RSP] = offsetof(struct user_regs_struct, rsp),
    [UNW_X86_64_R8] = offsetof(struct user_regs_struct, r8),
    [UNW_X86_64_R9] = offsetof(struct user_regs_struct, r9),
    [UNW_X86_64_R10] = offsetof(struct user_regs_struct, r10),
    [UNW_X86_64_R11] = offsetof(struct user_regs_struct, r11),
    [UNW_X86_64_R12] = offsetof(struct user_regs_struct, r12),
    [UNW_X86_64_R13] = offsetof(struct user_regs_struct, r13),
    [UNW_X86_64_R14] = offsetof(struct user_regs_struct, r14),
    [UNW_X86_64_R15] = offsetof(struct user_regs_struct, r15),
    [UNW_X86_64_RIP] = offsetof(struct user_regs_struct, rip),
};

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *argument)
{
    (void)space;
    (void)argument;
    if (write || number < 0 || (size_t)number >= sizeof register_offsets / sizeof *register_offsets)
        return -UNW_EBADREG;
    memcpy(value, (const char *)stopped + register_offsets[number], sizeof *value);
    return 0;
}

static int access_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write, void *argument)
{
    (void)space;
    (void)number;
    (void)value;
    (void)write;
    (void)argument;
    return -UNW_EBADREG;
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *argument)
{
    (void)space;
    (void)argument;
    if (write || address > INT64_MAX)
        return -UNW_EINVAL;
    return pread(memory_fd, value, sizeof *value, (off_t)address) == sizeof *value ? 0 : -UNW_EINVAL;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
    (void)space;
    (void)cursor;
    (void)argument;
    return -UNW_EINVAL;
}

/* Writes the name of the file that is mapped at an address. */
static void put_file(FILE *out, FILE *maps, uint64_t address)
{
    cleanup_free char *line = NULL;
    size_t room = 0;
    rewind(maps);
    while (getline(&line, &room, maps) >= 0) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx", &from, &to) != 2 || address < from || address >= to)
            continue;
        char *name = strpbrk(line, "/[");
        if (name != NULL) {
            name[strcspn(name, "\n")] = '\0';
            (void)fprintf(out, " (%s)", name);
        }
        return;
    }
}

static void put_frame(FILE *out, FILE *maps, unw_cursor_t *cursor, int number)
{
    char name[NAME_ROOM];
    unw_word_t address = 0, offset = 0;
    (void)unw_get_reg(cursor, UNW_REG_IP, &address);
    (void)fprintf(out, "#%d 0x%lx", number, (unsigned long)address);
    int status = unw_get_proc_name(cursor, name, sizeof name, &offset);
    name[sizeof name - 1] = '\0';
    if (status == 0 || status == -UNW_ENOMEM) { /* the latter: it was too long */
        for (char *byte = name; *byte != '\0'; byte++)
            if (*byte == '\n')
                *byte = '?';
        (void)fprintf(out, " %s+0x%lx", name, (unsigned long)offset);
    }
    put_file(out, maps, address);
    (void)fputc('\n', out);
}

size_t backtrace_unwind(pid_t tid, const struct user_regs_struct *registers, int memory, char *text, size_t size)
{
    static unw_accessors_t accessors;
    unw_cursor_t cursor;
    char path[64];
    accessors = _UPT_accessors;
    accessors.access_reg = access_register;
    accessors.access_fpreg = access_float;
    accessors.access_mem = access_memory;
    accessors.resume = resume;
    stopped = registers;
    memory_fd = memory;
    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)tid);
    FILE *maps = fopen(path, "re");
    FILE *out = fmemopen(text, size, "w");
    unw_addr_space_t space = unw_create_addr_space(&accessors, 0);
    void *process = _UPT_create(tid);
    if (maps == NULL || out == NULL || space == NULL || process == NULL || unw_init_remote(&cursor, space, process) < 0)
        return 0;
    for (int i = 0; i < FRAMES_MAX; i++) {
        put_frame(out, maps, &cursor, i);
        if (unw_step(&cursor) <= 0)
            break;
    }
    (void)fflush(out);
    long length = ftell(out);
    return length < 0 ? 0 : (size_t)length;
}
