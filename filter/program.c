/*
 * From the table to the seccomp program.
 *
 * libseccomp makes the decision tree. Its default action is "allow": only so can
 * a row say "goes through unless", because libseccomp cannot express the negation
 * of several conditions on one argument. That this leaves no door open is seen to
 * in two places: every number without a row gets a rule of its own, and a short
 * head before libseccomp's program takes all numbers beyond the table. Such a call
 * stops, so that its ENOSYS does not come without a word to the user.
 */
#include "filter/program.h"

#include "emul/cleanup.h"
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

static int add_row(scmp_filter_ctx context, int number, const struct call_row *row)
{
    if (!row)
        return seccomp_rule_add_exact_array(context, action_of(VERDICT_UNKNOWN, 0), number, 0, NULL);
    /* Without conditions: libseccomp would drop every conditional rule of the same call. */
    if (row->verdict != VERDICT_PASS) {
        if (row->tests->verdict != VERDICT_UNKNOWN)
            return -EINVAL;
        return seccomp_rule_add_exact_array(context, action_of((enum verdict)row->verdict, row->error), number, 0,
                                            NULL);
    }
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++) {
        int error = add_test(context, number, test);
        if (error)
            return error;
    }
    return 0;
}

/* The head: lets the numbers of the table, and other architectures, on to libseccomp's program. */
static const struct sock_filter head_template[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0 /* table_size() */, 0, 4),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, NEGATIVE_NUMBER, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | PROGRAM_TRACE_FOREIGN_ARCH),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN),
};
#define HEAD_LENGTH     (sizeof(head_template) / sizeof(head_template[0]))
#define HEAD_TABLE_SIZE 3 /* the instruction that compares with table_size() */

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

static int export_program(scmp_filter_ctx context, struct sock_fprog *program)
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

    size_t count = HEAD_LENGTH + (size_t)status.st_size / sizeof(struct sock_filter);
    if (count > BPF_MAXINSNS)
        return -E2BIG;
    cleanup_free struct sock_filter *filter = calloc(count, sizeof(*filter));
    if (!filter)
        return -ENOMEM;
    memcpy(filter, head_template, sizeof(head_template));
    filter[HEAD_TABLE_SIZE].k = (uint32_t)table_size();
    error = read_all(fd, filter + HEAD_LENGTH, (count - HEAD_LENGTH) * sizeof(*filter));
    if (error)
        return error;

    program->len = (unsigned short)count;
    program->filter = steal_ptr(&filter);
    return 0;
}

int program_build(struct sock_fprog *program)
{
    __attribute__((cleanup(release_context))) scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    if (!context)
        return -ENOMEM;

    int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRACE(PROGRAM_TRACE_FOREIGN_ARCH));
    if (!error)
        error = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);
    if (!error)
        error = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    for (size_t number = 0; !error && number < table_size(); number++)
        error = add_row(context, (int)number, table_row((long)number));
    return error ? error : export_program(context, program);
}

int program_install(const struct sock_fprog *program)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) ? -errno : 0;
}
