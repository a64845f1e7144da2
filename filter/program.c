/*
 * From the table to the seccomp program.
 *
 * libseccomp makes the decision trees, one for the calls of 64-bit programs and one for those of 32-bit ones. Its
 * default action is "allow": only so can a row say "goes through unless", because libseccomp cannot express the
 * negation of several conditions on one argument. That this leaves no door open is seen to in two places: every number
 * without a row gets a rule of its own, and a short head before libseccomp's programs takes all numbers beyond the
 * tables. Such a call stops, so that its ENOSYS does not come without a word to the user.
 *
 * libseccomp knows the numbers of ia32 by its own list of names, which ends before the newest calls, and has ideas of
 * its own about socketcall(). So the second tree is built as if its numbers were those of x86-64, and the architecture
 * that it asks for is put right in the finished program. What it compares are 64 bits then, of which a 64-bit program
 * that says `int $0x80` may fill the upper half with anything: equality is tested with masks of 32 bits, inequality
 * ends in a stop that was not needed.
 */
#include "filter/program.h"

#include "emul/cleanup.h"
#include "filter/ia32.h"
#include "filter/table.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Within this file: a stop of an open, which becomes a way to open_tail. */
#define TRACE_OPEN 4

#define X32_BIT         0x40000000u /* __X32_SYSCALL_BIT, which <asm/unistd.h> types differently over time */
#define NEGATIVE_NUMBER 0x80000000u /* syscall(-1) and its like have the x32 bit too, and are not x32 */

static void release_context(scmp_filter_ctx *context)
{
    if (*context)
        seccomp_release(*context);
}

static uint32_t action_of(enum verdict verdict, uint16_t error)
{
    switch (verdict) {
    case VERDICT_PASS:
        return SCMP_ACT_ALLOW;
    case VERDICT_STOP:
        return SCMP_ACT_TRACE(PROGRAM_TRACE_CALL);
    case VERDICT_TELL:
        return SCMP_ACT_TRACE(PROGRAM_TRACE_CALL);
    case VERDICT_FAIL:
        return SCMP_ACT_ERRNO(error);
    case VERDICT_UNKNOWN:
        break;
    }
    return SCMP_ACT_TRACE(PROGRAM_TRACE_UNKNOWN);
}

static struct scmp_arg_cmp equal(unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static int add_test(scmp_filter_ctx context, int number, const struct argument_test *test)
{
    struct scmp_arg_cmp conditions[2];
    unsigned count = 1;

    if (test->compare == COMPARE_NOT_EQUAL)
        conditions[0] = (struct scmp_arg_cmp){.arg = test->argument, .op = SCMP_CMP_NE, .datum_a = test->value};
    else
        conditions[0] = equal(test->argument, test->mask, test->value);
    if (test->argument2 >= 0)
        conditions[count++] = equal((unsigned)test->argument2, test->mask2, test->value2);
    return seccomp_rule_add_exact_array(context, action_of((enum verdict)test->verdict, test->error), number, count,
                                        conditions);
}

static int add_tests(const struct program_options *options, scmp_filter_ctx context, int number,
                     const struct argument_test *tests)
{
    int error = 0;
    for (const struct argument_test *test = tests; !error && test->verdict != VERDICT_UNKNOWN; test++)
        if (options->judges_addresses || !test->judged)
            error = add_test(context, number, test);
    return error;
}

static int add_row(const struct program_options *options, scmp_filter_ctx context, int number,
                   const struct call_row *row)
{
    if (!row)
        return seccomp_rule_add_exact_array(context, action_of(VERDICT_UNKNOWN, 0), number, 0, NULL);
    if (options->signals_scoped && row->handler == HANDLER_SIGNAL)
        return 0;
    if (options->observes && !table_observed(row))
        return 0;
    if (options->records && row->handler == HANDLER_ACCEPT)
        return seccomp_rule_add_exact_array(context, action_of(VERDICT_STOP, 0), number, 0, NULL);
    bool passes = options->reads_pass && !(options->access_stops && row->handler == HANDLER_ACCESS);
    const struct argument_test *reading = passes ? table_reading_tests(row) : NULL;
    if (reading)
        return add_tests(options, context, number, reading);
    /* Without conditions: libseccomp would drop every conditional rule of the same call. */
    if (row->verdict != VERDICT_PASS) {
        if (row->tests->verdict != VERDICT_UNKNOWN)
            return -EINVAL;
        bool opens = row->verdict == VERDICT_STOP && row->handler == HANDLER_OPEN;
        uint32_t action = opens ? SCMP_ACT_TRACE(TRACE_OPEN) : action_of((enum verdict)row->verdict, row->error);
        return seccomp_rule_add_exact_array(context, action, number, 0, NULL);
    }
    return add_tests(options, context, number, row->tests);
}

/*
 * The head: sends the numbers of each table on to its program, of which that of x86-64 follows at once. The kernel's
 * cache of calls that are always allowed makes the way for these no longer.
 */
static const struct sock_filter head_template[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 7),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0 /* ia32_size() */, 6, 0),
    BPF_STMT(BPF_JMP | BPF_JA, 0 /* to the program of ia32 */),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0 /* table_size() */, 0, 4),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, NEGATIVE_NUMBER, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | PROGRAM_TRACE_FOREIGN_ARCH),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN),
};
#define HEAD_LENGTH (sizeof(head_template) / sizeof(head_template[0]))
/* Instructions that are filled in. */
#define HEAD_IA32_SIZE  4
#define HEAD_TO_IA32    5
#define HEAD_TABLE_SIZE 7

/* The tail: an open that the supervisor has marked waits for the listener, any other stops. */
static const struct sock_filter open_tail[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROGRAM_GRANT_5, 0, 3),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROGRAM_GRANT_4, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL),
};
#define TAIL_LENGTH (sizeof(open_tail) / sizeof(open_tail[0]))

static int read_all(int fd, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t count = pread(fd, (char *)buffer + done, size - done, (off_t)done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? -errno : -EIO;
        done += (size_t)count;
    }
    return 0;
}

/* What libseccomp made, in memory that is the caller's to free. The number of instructions or -errno. */
static int export_tree(scmp_filter_ctx context, struct sock_filter **tree)
{
    struct stat status;
    cleanup_fd int fd = memfd_create("coffer-filter", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = seccomp_export_bpf(context, fd);
    if (error)
        return error;
    if (fstat(fd, &status))
        return -errno;
    size_t count = (size_t)status.st_size / sizeof(**tree);
    if (count > BPF_MAXINSNS)
        return -E2BIG;
    *tree = calloc(count, sizeof(**tree));
    if (!*tree)
        return -ENOMEM;
    error = read_all(fd, *tree, count * sizeof(**tree));
    return error ? error : (int)count;
}

static const struct call_row *row_of_ia32(long number)
{
    const struct ia32_call *call = ia32_call(number);
    return call ? ia32_row(call) : NULL;
}

/* The tree for the numbers below `size`, of which `row_of` says the rows. */
static int build_tree(const struct program_options *options, size_t size, const struct call_row *(*row_of)(long number),
                      struct sock_filter **tree)
{
    __attribute__((cleanup(release_context))) scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    if (!context)
        return -ENOMEM;

    int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRACE(PROGRAM_TRACE_FOREIGN_ARCH));
    if (!error)
        error = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);
    if (!error)
        error = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    for (size_t number = 0; !error && number < size; number++)
        error = add_row(options, context, (int)number, row_of((long)number));
    return error ? error : export_tree(context, tree);
}

/* The one instruction of a tree that asks for the architecture asks for ia32 instead. */
static int make_ia32(struct sock_filter *tree, size_t count)
{
    struct sock_filter *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (tree[i].code != (BPF_JMP | BPF_JEQ | BPF_K) || tree[i].k != AUDIT_ARCH_X86_64)
            continue;
        if (found)
            return -EINVAL;
        found = &tree[i];
    }
    if (!found)
        return -EINVAL;
    found->k = AUDIT_ARCH_I386;
    return 0;
}

/* libseccomp knows no action that would depend on an argument of a call that always stops. */
static void lead_opens_to_tail(struct sock_filter *filter, size_t tail)
{
    for (size_t i = 0; i < tail; i++)
        if (filter[i].code == (BPF_RET | BPF_K) && filter[i].k == (SECCOMP_RET_TRACE | TRACE_OPEN))
            filter[i] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(tail - i - 1));
}

int program_build(const struct program_options *options, struct sock_fprog *program)
{
    cleanup_free struct sock_filter *tree = NULL, *ia32 = NULL;
    int length = build_tree(options, table_size(), table_row, &tree);
    int ia32_length = length < 0 ? length : build_tree(options, ia32_size(), row_of_ia32, &ia32);
    if (ia32_length < 0 || !tree || !ia32)
        return ia32_length < 0 ? ia32_length : -EINVAL;
    int error = make_ia32(ia32, (size_t)ia32_length);
    if (error)
        return error;

    size_t tail = HEAD_LENGTH + (size_t)length + (size_t)ia32_length, count = tail + TAIL_LENGTH;
    if (count > BPF_MAXINSNS)
        return -E2BIG;
    struct sock_filter *filter = calloc(count, sizeof(*filter));
    if (!filter)
        return -ENOMEM;
    memcpy(filter, head_template, sizeof(head_template));
    memcpy(filter + HEAD_LENGTH, tree, (size_t)length * sizeof(*filter));
    memcpy(filter + HEAD_LENGTH + length, ia32, (size_t)ia32_length * sizeof(*filter));
    memcpy(filter + tail, open_tail, sizeof(open_tail));
    lead_opens_to_tail(filter, tail);
    filter[HEAD_IA32_SIZE].k = (uint32_t)ia32_size();
    filter[HEAD_TO_IA32].k = (uint32_t)(HEAD_LENGTH - HEAD_TO_IA32 - 1) + (uint32_t)length;
    filter[HEAD_TABLE_SIZE].k = (uint32_t)table_size();
    program->len = (unsigned short)count;
    program->filter = filter;
    return 0;
}

int program_install(const struct sock_fprog *program)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) ? -errno : 0;
}

int program_install_listening(const struct sock_fprog *program)
{
    /* Once its call is taken up, a caller that waits is not interrupted but by its death: what is done for it is done.
     */
    const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    if (listener >= 0)
        return (int)listener;
    int error = program_install(program);
    return error < 0 ? error : -ENOENT;
}
