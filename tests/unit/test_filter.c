/*
 * The table against what libseccomp knows, the seccomp program against the table,
 * and the kernel against both.
 */
#include "filter/document.h"
#include "filter/ia32.h"
#include "filter/program.h"
#include "filter/table.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS_TO_WALK 600
#define X32_BIT         0x40000000u
#define GARBAGE         UINT64_C(0xdeadbeef00000000)

/* ---- the table ---- */

START_TEST(every_known_number_has_a_row)
{
    for (int number = 0; number < NUMBERS_TO_WALK; number++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number);
        if (!name)
            continue;
        const struct call_row *row = table_row(number);
        ck_assert_msg(row != NULL, "%s (%d) has no row", name, number);
        ck_assert_str_eq(row->name, name);
        free(name);
    }
}
END_TEST

START_TEST(every_known_number_of_ia32_has_a_row)
{
    for (int number = 0; number < NUMBERS_TO_WALK; number++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86, number);
        if (!name)
            continue;
        const struct ia32_call *call = ia32_call(number);
        ck_assert_msg(call != NULL, "%s (%d) has no row", name, number);
        ck_assert_str_eq(call->name, name);
        ck_assert_ptr_nonnull(ia32_row(call));
        free(name);
    }
    ck_assert_uint_eq(ia32_size(), 470);
    ck_assert_str_eq(ia32_call(469)->name, "file_setattr");
    ck_assert_ptr_null(ia32_call(-1));
    ck_assert_ptr_null(ia32_call(222));
    ck_assert_ptr_null(ia32_call(470));
}
END_TEST

/* Which arguments of a call are paths is for its row to say: a name that is the same must mean the same row. */
START_TEST(calls_of_one_name_share_a_row)
{
    for (long number = 0; number < (long)ia32_size(); number++) {
        const struct ia32_call *call = ia32_call(number);
        for (long other = 0; call != NULL && other < (long)table_size(); other++) {
            const struct call_row *row = table_row(other);
            if (row != NULL && strcmp(row->name, call->name) == 0) {
                ck_assert_msg(call->number == other, "%s is another call than on x86-64", call->name);
                ck_assert_str_eq(ia32_row(call)->name, call->name);
            }
        }
    }
}
END_TEST

START_TEST(what_socketcall_does_has_rows)
{
    static const char *const names[] = {"socket",      "bind",        "connect",    "listen",     "accept",
                                        "getsockname", "getpeername", "socketpair", "sendto",     "recvfrom",
                                        "sendto",      "recvfrom",    "shutdown",   "setsockopt", "getsockopt",
                                        "sendmsg",     "recvmsg",     "accept4",    "recvmmsg",   "sendmmsg"};
    const struct call_row *row = ia32_row(ia32_call(102));
    long number;
    unsigned count;
    ck_assert(!ia32_socketcall(0, &number, &count));
    ck_assert(!ia32_socketcall(21, &number, &count));
    for (uint64_t operation = 1; operation <= 20; operation++) {
        const uint64_t arguments[6] = {operation};
        int error;
        ck_assert(ia32_socketcall(operation, &number, &count));
        ck_assert_str_eq(table_row(number)->name, names[operation - 1]);
        ck_assert_uint_le(count, 6);
        /* SEND and RECV have no address. */
        bool can_stop = table_row(number)->handler != HANDLER_NONE && operation != 9 && operation != 10;
        ck_assert_int_eq(table_verdict(row, arguments, &error) == VERDICT_STOP, can_stop);
    }
}
END_TEST

START_TEST(rows_reach_the_newest_kernel)
{
    ck_assert_uint_eq(table_size(), 470);
    ck_assert_str_eq(table_row(0)->name, "read");
    ck_assert_str_eq(table_row(451)->name, "cachestat");
    ck_assert_str_eq(table_row(469)->name, "file_setattr");
    for (long number = 424; number < 470; number++)
        ck_assert_msg(table_row(number) != NULL, "%ld has no row", number);
    ck_assert_ptr_null(table_row(-1));
    ck_assert_ptr_null(table_row(400));
    ck_assert_ptr_null(table_row(470));
    ck_assert_ptr_null(table_row(X32_BIT));
}
END_TEST

static void check_path(const char *name, const struct path_argument *path)
{
    ck_assert_msg(path->path >= -1 && path->path <= 5 && path->dirfd >= -1 && path->dirfd <= 5 && path->flags >= -1 &&
                      path->flags <= 5,
                  "%s: an argument number is out of range", name);
    if (path->follow == FOLLOW_UNLESS_NOFOLLOW || path->follow == FOLLOW_IF_FOLLOW)
        ck_assert_msg(path->flags >= 0, "%s: follows by flags that it does not have", name);
}

static bool fails(int verdict)
{
    return verdict == VERDICT_FAIL || verdict == VERDICT_TELL;
}

static void check_tests(const struct call_row *row)
{
    size_t count = 0;
    ck_assert_ptr_nonnull(row->tests);
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++, count++) {
        ck_assert_msg(test->words != NULL && test->argument <= 5 && test->argument2 <= 5, "%s", row->name);
        ck_assert_msg(fails(test->verdict) == (test->error != 0), "%s: test errno", row->name);
        ck_assert_msg(test->verdict != VERDICT_STOP || row->handler != HANDLER_NONE, "%s: no handler", row->name);
        ck_assert_msg((test->value & ~test->mask) == 0, "%s: a test can never hold", row->name);
    }
    ck_assert_uint_le(count, ARGUMENT_TESTS_MAX);
    ck_assert_msg(count == 0 || row->verdict == VERDICT_PASS, "%s: tests on a row that does not pass", row->name);
    ck_assert_msg(row->handler == HANDLER_NONE || row->verdict == VERDICT_STOP || count > 0, "%s never stops",
                  row->name);
}

START_TEST(every_row_is_complete)
{
    bool used[HANDLER_COUNT] = {[HANDLER_NONE] = true};
    for (size_t number = 0; number < table_size(); number++) {
        const struct call_row *row = table_row((long)number);
        if (!row)
            continue;
        ck_assert_msg(row->verdict != VERDICT_UNKNOWN, "%s has no verdict", row->name);
        ck_assert_msg(row->verdict != VERDICT_STOP || row->handler != HANDLER_NONE, "%s has no handler", row->name);
        ck_assert_msg(row->verdict == VERDICT_STOP || (row->why && *row->why), "%s gives no reason", row->name);
        ck_assert_msg(fails(row->verdict) == (row->error != 0), "%s: errno", row->name);
        ck_assert_msg(row->fd >= -1 && row->fd <= 5, "%s: descriptor", row->name);
        check_path(row->name, &row->path[0]);
        check_path(row->name, &row->path[1]);
        check_tests(row);
        used[row->handler] = true;
    }
    for (size_t handler = 0; handler < HANDLER_COUNT; handler++)
        ck_assert_msg(used[handler], "handler %zu has no row", handler);
}
END_TEST

/* A call with a path stops or is refused. */
START_TEST(no_passing_row_has_a_path)
{
    for (size_t number = 0; number < table_size(); number++) {
        const struct call_row *row = table_row((long)number);
        ck_assert_msg(!row || row->verdict != VERDICT_PASS || row->path[0].path < 0, "%s passes and has a path",
                      row ? row->name : "");
    }
}
END_TEST

/* Calls of which the manual pages say that they take a path, and what must be left of them. */
START_TEST(no_call_with_a_path_is_forgotten)
{
    static const char *const path_calls[] = {
        "open",          "openat",         "openat2",
        "creat",         "stat",           "lstat",
        "newfstatat",    "statx",          "access",
        "faccessat",     "faccessat2",     "readlink",
        "readlinkat",    "statfs",         "chdir",
        "chroot",        "mkdir",          "mkdirat",
        "mknod",         "mknodat",        "unlink",
        "unlinkat",      "rmdir",          "rename",
        "renameat",      "renameat2",      "link",
        "linkat",        "symlink",        "symlinkat",
        "truncate",      "chmod",          "fchmodat",
        "fchmodat2",     "chown",          "lchown",
        "fchownat",      "utime",          "utimes",
        "futimesat",     "utimensat",      "getxattr",
        "lgetxattr",     "getxattrat",     "listxattr",
        "llistxattr",    "listxattrat",    "setxattr",
        "lsetxattr",     "setxattrat",     "removexattr",
        "lremovexattr",  "removexattrat",  "file_getattr",
        "file_setattr",  "execve",         "inotify_add_watch",
        "execveat",      "acct",           "swapon",
        "swapoff",       "mount",          "umount2",
        "pivot_root",    "quotactl",       "uselib",
        "open_tree",     "open_tree_attr", "move_mount",
        "fspick",        "mount_setattr",  "name_to_handle_at",
        "fanotify_mark",
    };
    for (size_t i = 0; i < sizeof(path_calls) / sizeof(path_calls[0]); i++) {
        const struct call_row *found = NULL;
        for (size_t number = 0; number < table_size() && !found; number++) {
            const struct call_row *row = table_row((long)number);
            if (row && strcmp(row->name, path_calls[i]) == 0)
                found = row;
        }
        ck_assert_msg(found != NULL, "%s has no row", path_calls[i]);
        ck_assert_msg(fails(found->verdict) || found->path[0].path >= 0, "%s has no path", path_calls[i]);
    }
}
END_TEST

START_TEST(the_page_lists_every_row)
{
    char *text = NULL;
    size_t size = 0, rows = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    table_document(out);
    ck_assert_int_eq(fclose(out), 0);
    for (size_t number = 0; number < table_size(); number++)
        rows += table_row((long)number) != NULL;
    for (size_t number = 0; number < ia32_size(); number++)
        rows += ia32_call((long)number) != NULL;
    for (const char *line = text; (line = strstr(line, "\n| ")) != NULL; line++)
        lines++;
    ck_assert_uint_eq(lines, rows + 2); /* and the headings */
    ck_assert_ptr_nonnull(strstr(text, "| 425 | io_uring_setup | ENOSYS |"));
    ck_assert_ptr_null(strstr(text, "(null)"));
    free(text);
}
END_TEST

/* ---- the program, run by a small interpreter ---- */

static struct sock_fprog program;

static void build_program(void)
{
    ck_assert_int_eq(program_build(&(struct program_options){.judges_addresses = true}, &program), 0);
}

static void free_program(void)
{
    free(program.filter);
    program.filter = NULL;
}

static bool jump_is_taken(const struct sock_filter *instruction, uint32_t accumulator)
{
    switch (BPF_OP(instruction->code)) {
    case BPF_JEQ:
        return accumulator == instruction->k;
    case BPF_JGT:
        return accumulator > instruction->k;
    case BPF_JGE:
        return accumulator >= instruction->k;
    case BPF_JSET:
        return (accumulator & instruction->k) != 0;
    default:
        ck_abort_msg("unexpected jump %#x", instruction->code);
    }
}

/* *reads_arguments: whether the kernel's cache would give up on this call. */
static uint32_t interpret(const struct seccomp_data *data, bool *reads_arguments)
{
    uint32_t accumulator = 0;
    *reads_arguments = false;
    for (size_t at = 0; at < program.len; at++) {
        const struct sock_filter *instruction = &program.filter[at];
        switch (instruction->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&accumulator, (const char *)data + instruction->k, sizeof(accumulator));
            *reads_arguments |= instruction->k >= offsetof(struct seccomp_data, instruction_pointer);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            accumulator &= instruction->k;
            break;
        case BPF_JMP | BPF_JA:
            at += instruction->k;
            break;
        case BPF_RET | BPF_K:
            return instruction->k;
        default:
            if (BPF_CLASS(instruction->code) != BPF_JMP)
                ck_abort_msg("unexpected instruction %#x", instruction->code);
            at += jump_is_taken(instruction, accumulator) ? instruction->jt : instruction->jf;
        }
    }
    ck_abort_msg("the program does not end");
}

static uint32_t action_of(int verdict, int error)
{
    switch ((enum verdict)verdict) {
    case VERDICT_PASS:
        return SECCOMP_RET_ALLOW;
    case VERDICT_STOP:
    case VERDICT_TELL:
        return SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL;
    case VERDICT_FAIL:
        return SECCOMP_RET_ERRNO | (uint32_t)error;
    case VERDICT_UNKNOWN:
        break;
    }
    return SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN;
}

static uint32_t run_program(uint32_t number, uint32_t arch, const uint64_t arguments[6])
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch};
    for (size_t i = 0; i < 6; i++)
        data.args[i] = arguments[i];
    bool reads_arguments;
    return interpret(&data, &reads_arguments);
}

static void compare_with_row(uint32_t arch, long number, const struct call_row *row, const uint64_t arguments[6])
{
    int error;
    enum verdict verdict = table_verdict(row, arguments, &error);
    /* An assertion that holds costs a system call, and there are very many. */
    if (run_program((uint32_t)number, arch, arguments) != action_of((int)verdict, error))
        ck_abort_msg("%s(%#llx, %#llx, %#llx, %#llx, %#llx): the program differs from the table", row->name,
                     (unsigned long long)arguments[0], (unsigned long long)arguments[1],
                     (unsigned long long)arguments[2], (unsigned long long)arguments[3],
                     (unsigned long long)arguments[4]);
}

/* A value near what some test looks for, so that both of its sides are seen. */
static uint64_t interesting_value(const struct call_row *row, unsigned argument)
{
    uint64_t value = 0;
    size_t count = 0;
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++, count++)
        ;
    if (count > 0) {
        const struct argument_test *test = &row->tests[(size_t)random() % count];
        if (test->argument == argument)
            value = test->value;
        else if (test->argument2 == (int)argument)
            value = test->value2;
    }
    switch (random() % 8) {
    case 0:
        return value ^ (UINT64_C(1) << (random() % 64));
    case 1:
        return value | GARBAGE;
    case 2:
        return value | (uint64_t)random();
    case 3:
        return 0;
    case 4:
        return UINT64_MAX;
    case 5:
        return (uint64_t)(uint32_t)AT_FDCWD;
    default:
        return value;
    }
}

START_TEST(program_does_what_the_rows_say)
{
    srandom(1);
    for (size_t number = 0; number < table_size(); number++) {
        const struct call_row *row = table_row((long)number);
        size_t rounds = row && row->tests->verdict != VERDICT_UNKNOWN ? 20000 : 20;
        for (size_t round = 0; round < rounds; round++) {
            uint64_t arguments[6];
            for (unsigned i = 0; i < 6; i++)
                arguments[i] = row ? interesting_value(row, i) : (uint64_t)random();
            if (row)
                compare_with_row(AUDIT_ARCH_X86_64, (long)number, row, arguments);
            else
                ck_assert_uint_eq(run_program((uint32_t)number, AUDIT_ARCH_X86_64, arguments),
                                  SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN);
        }
    }
}
END_TEST

/*
 * What a 64-bit program has in the upper halves of its registers is nothing to the kernel: it must not get through by
 * that. A stop that is not needed does no harm.
 */
static void compare_upper_halves(long number, const struct call_row *row, const uint64_t arguments[6])
{
    uint64_t filled[6];
    int error;
    uint32_t wanted = action_of((int)table_verdict(row, arguments, &error), 0) | (uint32_t)error;
    for (unsigned i = 0; i < 6; i++)
        filled[i] = arguments[i] | (random() % 2 ? GARBAGE : 0);
    uint32_t got = run_program((uint32_t)number, AUDIT_ARCH_I386, filled);
    if (got != wanted && (wanted != SECCOMP_RET_ALLOW || got != action_of(VERDICT_STOP, 0)))
        ck_abort_msg("%s: %#x, not %#x, by the upper halves", row->name, got, wanted);
}

START_TEST(program_does_what_the_rows_of_ia32_say)
{
    srandom(1);
    for (long number = 0; number < (long)ia32_size(); number++) {
        const struct ia32_call *call = ia32_call(number);
        const struct call_row *row = call == NULL ? NULL : ia32_row(call);
        size_t rounds = row && row->tests->verdict != VERDICT_UNKNOWN ? 2000 : 2;
        for (size_t round = 0; round < rounds; round++) {
            uint64_t arguments[6];
            for (unsigned i = 0; i < 6; i++)
                arguments[i] = (uint32_t)(row ? interesting_value(row, i) : (uint64_t)random());
            if (row) {
                compare_with_row(AUDIT_ARCH_I386, number, row, arguments);
                compare_upper_halves(number, row, arguments);
            } else {
                ck_assert_uint_eq(run_program((uint32_t)number, AUDIT_ARCH_I386, arguments),
                                  SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN);
            }
        }
    }
}
END_TEST

/* Both marks make an open wait for the listener, whatever the upper halves hold; one alone, or another call, does not.
 */
START_TEST(marked_opens_wait_for_the_listener)
{
    static const uint64_t plain[6];
    const uint64_t one[6] = {[5] = PROGRAM_GRANT_5}, other[6] = {[4] = PROGRAM_GRANT_4};
    const uint64_t both[6] = {[4] = GARBAGE | PROGRAM_GRANT_4, [5] = PROGRAM_GRANT_5};
    for (long number = 0; number < (long)(table_size() + ia32_size()); number++) {
        bool is_64 = number < (long)table_size();
        uint32_t arch = is_64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386;
        uint32_t made = (uint32_t)(is_64 ? number : number - (long)table_size());
        const struct ia32_call *call = is_64 ? NULL : ia32_call((long)made);
        const struct call_row *row = is_64 ? table_row(number) : call == NULL ? NULL : ia32_row(call);
        bool opens = row != NULL && row->handler == HANDLER_OPEN;
        ck_assert_int_eq(run_program(made, arch, both) == SECCOMP_RET_USER_NOTIF, opens);
        if (!opens)
            continue;
        ck_assert_uint_eq(run_program(made, arch, plain), SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL);
        ck_assert_uint_eq(run_program(made, arch, one), SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL);
        ck_assert_uint_eq(run_program(made, arch, other), SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL);
    }
}
END_TEST

START_TEST(program_stops_unknown_numbers)
{
    static const uint64_t none[6];
    static const uint32_t beyond[] = {470, 471, 512, 547, 999, 0x3fffffff, 0x80000000u, 0xffffffffu};
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
        ck_assert_uint_eq(run_program(beyond[i], AUDIT_ARCH_X86_64, none), SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN);
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
        ck_assert_uint_eq(run_program(beyond[i], AUDIT_ARCH_I386, none), SECCOMP_RET_TRACE | PROGRAM_TRACE_UNKNOWN);
}
END_TEST

START_TEST(program_stops_foreign_calls)
{
    static const uint64_t none[6];
    static const uint32_t numbers[] = {0, 1, 5, 39, 165, 425, 469, 470, 520, 999};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ck_assert_uint_eq(run_program(numbers[i] | X32_BIT, AUDIT_ARCH_X86_64, none),
                          SECCOMP_RET_TRACE | PROGRAM_TRACE_FOREIGN_ARCH);
        ck_assert_uint_eq(run_program(numbers[i], AUDIT_ARCH_AARCH64, none),
                          SECCOMP_RET_TRACE | PROGRAM_TRACE_FOREIGN_ARCH);
    }
}
END_TEST

/* The kernel caches "allow" where the way to it reads neither arguments nor the instruction pointer. */
static void check_cacheable(uint32_t arch, long number, const struct call_row *row)
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch};
    bool reads_arguments;
    (void)interpret(&data, &reads_arguments);
    /* An open stops, or waits: nothing of it could be kept. */
    bool may_read = row && (row->tests->verdict != VERDICT_UNKNOWN || row->handler == HANDLER_OPEN);
    ck_assert_msg(!reads_arguments || may_read, "%ld reads arguments", number);
}

START_TEST(calls_without_tests_read_no_argument)
{
    for (long number = 0; number < (long)table_size(); number++)
        check_cacheable(AUDIT_ARCH_X86_64, number, table_row(number));
    for (long number = 0; number < (long)ia32_size(); number++)
        check_cacheable(AUDIT_ARCH_I386, number, ia32_call(number) ? ia32_row(ia32_call(number)) : NULL);
}
END_TEST

/* ---- the kernel ---- */

/* What a call gives under the program: its result, or -errno. */
static long call6(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    long result = syscall(number, a, b, c, d, e, 0);
    return result < 0 ? -errno : result;
}

#define CALL(...) CALL_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, ...)                                                                              \
    call6((number), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e))

static int failures;

/* No assertion of Check's here: it would open and write files through the program. */
#define EXPECT(expression, wanted)                                                                                     \
    do {                                                                                                               \
        long got_ = (expression);                                                                                      \
        if (got_ != (wanted)) {                                                                                        \
            dprintf(STDERR_FILENO, "%s: %ld, not %ld\n", #expression, got_, (long)(wanted));                           \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

static void expect_passing_calls(int pair[2])
{
    char byte = 'x';
    EXPECT(CALL(SYS_getpid) > 0, 1);
    EXPECT(CALL(SYS_write, pair[0], &byte, 1), 1);
    EXPECT(CALL(SYS_read, pair[1], &byte, 1), 1);
    EXPECT(CALL(SYS_sendto, pair[0], &byte, 1, MSG_DONTWAIT), 1);
    EXPECT(CALL(SYS_ioctl, pair[1], FIONREAD, &(int){0}), 0);
    EXPECT(CALL(SYS_ioctl, pair[1], GARBAGE | FIONREAD, &(int){0}), 0);
    EXPECT(CALL(SYS_prctl, PR_GET_NO_NEW_PRIVS), 1);
    EXPECT(CALL(SYS_unshare, CLONE_FILES), 0);
    EXPECT(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), -ENOSYS);
}

/* Nobody traces here: SECCOMP_RET_TRACE is ENOSYS. */
static void expect_stopping_calls(int pair[2])
{
    struct stat status;
    EXPECT(CALL(SYS_open, "/", O_RDONLY), -ENOSYS);
    EXPECT(CALL(SYS_openat, AT_FDCWD, "/", O_RDONLY), -ENOSYS);
    EXPECT(CALL(SYS_newfstatat, AT_FDCWD, "/", &status, 0), -ENOSYS);
    EXPECT(CALL(SYS_newfstatat, pair[0], "", &status, AT_EMPTY_PATH), -ENOSYS);
    EXPECT(CALL(SYS_fstat, pair[0], &status), -ENOSYS);
    EXPECT(CALL(SYS_statx, pair[0], "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, 0), -ENOSYS);
    EXPECT(CALL(452, AT_FDCWD, "/nonexistent", 0, 0), -ENOSYS); /* fchmodat2 */
    EXPECT(CALL(463, AT_FDCWD, "/nonexistent", 0, "user.a"), -ENOSYS);
    EXPECT(CALL(SYS_sendto, pair[0], "x", 1, MSG_DONTWAIT, &status), -ENOSYS);
    EXPECT(CALL(SYS_prctl, GARBAGE | PR_GET_DUMPABLE), -ENOSYS);
    EXPECT(CALL(SYS_unshare, CLONE_FS), -ENOSYS);
    EXPECT(CALL(SYS_umask, 022), -ENOSYS);
    EXPECT(CALL(SYS_setgroups, 0, NULL), -ENOSYS);
    EXPECT(CALL(SYS_mount, "none", "/nonexistent", "tmpfs", 0, NULL), -ENOSYS);
    EXPECT(CALL(467, AT_FDCWD, "/"), -ENOSYS); /* open_tree_attr */
    EXPECT(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL), -ENOSYS);
    EXPECT(CALL(SYS_seccomp, GARBAGE | SECCOMP_SET_MODE_FILTER, GARBAGE | SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL),
           -ENOSYS);
    EXPECT(CALL(SYS_clone, CLONE_UNTRACED | SIGCHLD), -ENOSYS);
    EXPECT(CALL(SYS_clone, CLONE_PARENT | SIGCHLD), -ENOSYS);
    EXPECT(CALL(SYS_clone, CLONE_NEWUSER | SIGCHLD), -ENOSYS);
    EXPECT(CALL(SYS_unshare, CLONE_NEWUSER), -ENOSYS);
    EXPECT(CALL(SYS_unshare, CLONE_NEWNS | CLONE_FS), -ENOSYS);
    EXPECT(CALL(SYS_name_to_handle_at, AT_FDCWD, "/"), -ENOSYS);
}

static void expect_refused_calls(int pair[2])
{
    EXPECT(CALL(425, 8, NULL), -ENOSYS); /* io_uring_setup */
    EXPECT(CALL(SYS_ioctl, pair[0], TIOCSTI, "x"), -EPERM);
    EXPECT(CALL(SYS_ioctl, pair[0], GARBAGE | TIOCSTI, "x"), -EPERM);
    EXPECT(CALL(SYS_ioctl, pair[0], TIOCLINUX, "x"), -EPERM);
    EXPECT(CALL(999), -ENOSYS);
    EXPECT(CALL(400), -ENOSYS);
    EXPECT(CALL(-1), -ENOSYS);
    EXPECT(CALL(X32_BIT | 39), -ENOSYS);
    EXPECT(CALL(X32_BIT | 520), -ENOSYS);
}

static void install_program(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || program_install(&program))
        _exit(100);
}

static int wait_for(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

START_TEST(kernel_obeys_the_program)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        install_program();
        expect_passing_calls(pair);
        expect_stopping_calls(pair);
        expect_refused_calls(pair);
        _exit(failures ? 1 : 0);
    }
    int status = wait_for(child);
    close(pair[0]);
    close(pair[1]);
    ck_assert_msg(WIFEXITED(status), "the child was killed by signal %d", WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static long ia32(long number, uint64_t a, uint64_t b)
{
    __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    return (int)number;
}

/* Where the kernel is built without ia32 the instruction is a SIGSEGV; SIGSYS would mean that the program kills. */
START_TEST(kernel_obeys_the_program_for_ia32)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        install_program();
        EXPECT(ia32(20, 0, 0), getpid());
        EXPECT(ia32(5, 0, O_RDONLY), -ENOSYS);                /* open: nobody traces here */
        EXPECT(ia32(102, 3, 0), -ENOSYS);                     /* socketcall: connect */
        EXPECT(ia32(102, 13, 0), -EFAULT);                    /* shutdown */
        EXPECT(ia32(425, 8, 0), -ENOSYS);                     /* io_uring_setup */
        EXPECT(ia32(22, 0, 0), -ENOSYS);                      /* umount: told of */
        EXPECT(ia32(124, 0, 0), -EPERM);                      /* adjtimex */
        EXPECT(ia32(54, 0, TIOCSTI), -EPERM);                 /* ioctl */
        EXPECT(ia32(54, GARBAGE, GARBAGE | TIOCSTI), -EPERM); /* as the kernel reads it */
        EXPECT(ia32(120, GARBAGE | CLONE_UNTRACED, 0), -ENOSYS);
        EXPECT(ia32(222, 0, 0), -ENOSYS);
        EXPECT(ia32(999, 0, 0), -ENOSYS);
        _exit(failures ? 1 : 0);
    }
    int status = wait_for(child);
    ck_assert_msg((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
                      (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV),
                  "wait status %#x", (unsigned)status);
}
END_TEST

/* Without rules about addresses sockets cost what they did; with them the calls that have none stop as well. */
START_TEST(sockets_without_addresses_pass_where_nothing_is_judged)
{
    static const long numbers[] = {SYS_socket, SYS_socketpair, SYS_listen, SYS_setsockopt};
    const uint64_t arguments[6] = {AF_INET, 0 /* IPPROTO_IP */, 4 /* IP_OPTIONS */};
    struct sock_fprog judging = program;
    struct sock_fprog plain;
    ck_assert_int_eq(program_build(&(struct program_options){.judges_addresses = false}, &plain), 0);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        program = plain;
        ck_assert_uint_eq(run_program((uint32_t)numbers[i], AUDIT_ARCH_X86_64, arguments), SECCOMP_RET_ALLOW);
        program = judging;
        ck_assert_uint_eq(run_program((uint32_t)numbers[i], AUDIT_ARCH_X86_64, arguments),
                          SECCOMP_RET_TRACE | PROGRAM_TRACE_CALL);
    }
    free(plain.filter);
}
END_TEST

static Suite *filter_suite(void)
{
    Suite *suite = suite_create("filter");

    TCase *table = tcase_create("table");
    tcase_add_test(table, every_known_number_has_a_row);
    tcase_add_test(table, every_known_number_of_ia32_has_a_row);
    tcase_add_test(table, calls_of_one_name_share_a_row);
    tcase_add_test(table, what_socketcall_does_has_rows);
    tcase_add_test(table, rows_reach_the_newest_kernel);
    tcase_add_test(table, every_row_is_complete);
    tcase_add_test(table, no_passing_row_has_a_path);
    tcase_add_test(table, no_call_with_a_path_is_forgotten);
    tcase_add_test(table, the_page_lists_every_row);
    suite_add_tcase(suite, table);

    TCase *generated = tcase_create("program");
    tcase_add_checked_fixture(generated, build_program, free_program);
    tcase_set_timeout(generated, 300);
    tcase_add_test(generated, program_does_what_the_rows_say);
    tcase_add_test(generated, program_does_what_the_rows_of_ia32_say);
    tcase_add_test(generated, marked_opens_wait_for_the_listener);
    tcase_add_test(generated, sockets_without_addresses_pass_where_nothing_is_judged);
    tcase_add_test(generated, program_stops_unknown_numbers);
    tcase_add_test(generated, program_stops_foreign_calls);
    tcase_add_test(generated, calls_without_tests_read_no_argument);
    tcase_add_test(generated, kernel_obeys_the_program);
    tcase_add_test(generated, kernel_obeys_the_program_for_ia32);
    suite_add_tcase(suite, generated);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(filter_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
