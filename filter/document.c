/*
 * The table in words, for docs/syscalls.md.
 */
#include "filter/document.h"

#include "filter/ia32.h"
#include "filter/table.h"

#include <stdbool.h>
#include <string.h>

/* What a handler does with a stop, for a reader who does not know the code. */
static const char *const handler_words[HANDLER_COUNT] = {
    [HANDLER_NONE] = "",
    [HANDLER_OPEN] = "opens in the view",
    [HANDLER_STAT] = "answers from the view",
    [HANDLER_FSTAT] = "answers from the view",
    [HANDLER_ACCESS] = "answers from the view",
    [HANDLER_READLINK] = "answers from the view",
    [HANDLER_STATFS] = "answers from the view",
    [HANDLER_HANDLE] = "`EOPNOTSUPP`: a handle would name the host's object; first what is wrong with the path",
    [HANDLER_GETDENTS] = "lists the merged directory",
    [HANDLER_CHDIR] = "moves the working directory in the view",
    [HANDLER_FCHDIR] = "moves the working directory in the view",
    [HANDLER_CHROOT] = "moves the root in the view",
    [HANDLER_GETCWD] = "tells the view path",
    [HANDLER_UMASK] = "keeps the mask known",
    [HANDLER_MKDIR] = "makes the name in the layer",
    [HANDLER_MKNOD] = "makes the name in the layer",
    [HANDLER_UNLINK] = "removes the name in the layer",
    [HANDLER_RENAME] = "renames in the layer",
    [HANDLER_LINK] = "links in the layer",
    [HANDLER_SYMLINK] = "makes the name in the layer",
    [HANDLER_TRUNCATE] = "changes the layer's copy",
    [HANDLER_CHMOD] = "changes the layer's copy",
    [HANDLER_FCHMOD] = "changes the layer's copy",
    [HANDLER_CHOWN] = "changes the layer's copy",
    [HANDLER_FCHOWN] = "changes the layer's copy",
    [HANDLER_UTIMENS] = "changes the layer's copy",
    [HANDLER_GETXATTR] = "answers from the view",
    [HANDLER_FGETXATTR] = "answers from the view",
    [HANDLER_LISTXATTR] = "answers from the view",
    [HANDLER_FLISTXATTR] = "answers from the view",
    [HANDLER_SETXATTR] = "changes the layer's copy",
    [HANDLER_FSETXATTR] = "changes the layer's copy",
    [HANDLER_REMOVEXATTR] = "changes the layer's copy",
    [HANDLER_FREMOVEXATTR] = "changes the layer's copy",
    [HANDLER_IOCTL_FLAGS] = "changes the layer's copy",
    [HANDLER_FILE_ATTR] = "reads the view, changes the layer's copy",
    [HANDLER_INOTIFY] = "watches the object of the view",
    [HANDLER_EXEC] = "runs the program of the view",
    [HANDLER_SEND_ADDR] = "judges the address; finds a socket's path in the view",
    [HANDLER_SENDMSG] = "judges the address; finds a socket's path in the view",
    [HANDLER_SOCKET] = "judges what would go round the addresses",
    [HANDLER_RECV_ADDR] = "tells the view path of a socket",
    [HANDLER_ACCEPT] = "tells the view path of a socket",
    [HANDLER_IDENTITY] = "changes the identity in the view",
    [HANDLER_CLONE3] = "reads the flags in memory",
    [HANDLER_UNSHARE_FS] = "keeps the working directory's sharing known",
    [HANDLER_TARGET] = "only on processes of the view",
    [HANDLER_SIGNAL] = "only to processes of the view; where the lock sees to that, it goes through",
    [HANDLER_OWN_FILTER] = "notes that the program has a filter of its own",
    [HANDLER_CLOSE_RANGE] = "leaves the descriptor that leads to the layer open",
    [HANDLER_AFFINITY] = "the CPUs that the program may use, not the one that it is kept on",
    [HANDLER_DUMPABLE] = "keeps the memory readable, answers as asked",
};

static const char *const intent_words[] = {
    [INTENT_LOOK] = "looked at", [INTENT_OPEN] = "opened",  [INTENT_CHANGE] = "changed",
    [INTENT_CREATE] = "made",    [INTENT_REMOVE] = "taken", [INTENT_EXEC] = "run",
};

static const char *const follow_words[] = {
    [FOLLOW_ALWAYS] = "followed",
    [FOLLOW_NEVER] = "not followed",
    [FOLLOW_UNLESS_NOFOLLOW] = "followed unless AT_SYMLINK_NOFOLLOW",
    [FOLLOW_IF_FOLLOW] = "followed if AT_SYMLINK_FOLLOW",
    [FOLLOW_BY_OPEN_FLAGS] = "followed as the open flags say",
};

/* EPERM, not "Operation not permitted": the page is read beside manual pages. */
static const char *error_name(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "an error";
}

static void print_outcome(FILE *out, int verdict, int error)
{
    switch ((enum verdict)verdict) {
    case VERDICT_PASS:
        fputs("pass", out);
        break;
    case VERDICT_STOP:
        fputs("stop", out);
        break;
    case VERDICT_FAIL:
        fputs(error_name(error), out);
        break;
    case VERDICT_TELL:
        fprintf(out, "%s and a notice", error_name(error));
        break;
    case VERDICT_UNKNOWN:
        fputs("ENOSYS", out);
        break;
    }
}

/* How long the part of "request is TIOCSTI" before its last word is. */
static size_t subject_length(const char *words)
{
    const char *space = strrchr(words, ' ');
    return space ? (size_t)(space - words) + 1 : 0;
}

/* One more condition with the same outcome; what it shares with the one before is not said again. */
static void print_alternative(FILE *out, const char *previous, const char *words)
{
    size_t shared = subject_length(words);
    if (shared != subject_length(previous) || strncmp(previous, words, shared) != 0)
        shared = 0;
    fprintf(out, " or %s", words + shared);
}

static void print_verdict(FILE *out, const struct call_row *row)
{
    const struct argument_test *previous = NULL;
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++) {
        if (previous && previous->verdict == test->verdict && previous->error == test->error &&
            previous->judged == test->judged) {
            print_alternative(out, previous->words, test->words);
        } else {
            if (previous)
                fputs("; ", out);
            if (test->judged)
                fputs("where the policy judges addresses: ", out);
            print_outcome(out, test->verdict, test->error);
            fprintf(out, " if %s", test->words);
        }
        previous = test;
    }
    if (previous)
        fputs("; else ", out);
    print_outcome(out, row->verdict, row->error);
}

static void print_path(FILE *out, const struct path_argument *path)
{
    fprintf(out, "; path in argument %d", path->path);
    if (path->dirfd >= 0)
        fprintf(out, " below the directory in argument %d", path->dirfd);
    fprintf(out, " is %s, a last symbolic link %s", intent_words[path->intent], follow_words[path->follow]);
}

static void print_row(FILE *out, size_t number, const struct call_row *row)
{
    fprintf(out, "| %zu | %s | ", number, row->name);
    print_verdict(out, row);
    fputs(" | ", out);
    if (row->handler == HANDLER_NONE) {
        fprintf(out, "%s |\n", row->why);
        return;
    }
    fputs(handler_words[row->handler], out);
    for (size_t i = 0; i < sizeof(row->path) / sizeof(row->path[0]); i++) {
        if (row->path[i].path >= 0)
            print_path(out, &row->path[i]);
    }
    if (row->fd >= 0)
        fprintf(out, "; descriptor in argument %d", row->fd);
    if (row->verdict == VERDICT_PASS)
        fprintf(out, "; passing: %s", row->why);
    fputs(" |\n", out);
}

/* The form of the arguments, where it is not as the row of x86-64 says. */
static const char *const shape_words[] = {
    [SHAPE_64] = "",
    [SHAPE_32] = "",
    [SHAPE_32_IDS] = "users and groups of 16 bits",
    [SHAPE_32_OFFSET] = "",
    [SHAPE_32_POSITION] = "the position in arguments 3 and 4",
    [SHAPE_32_LLSEEK] = "the offset in arguments 1 and 2, the result in memory",
    [SHAPE_32_LENGTH_PAIR] = "the length in arguments 1 and 2",
    [SHAPE_32_OLD_STAT] = "the oldest `struct stat`",
    [SHAPE_32_STAT] = "the old `struct stat`",
    [SHAPE_32_STAT64] = "`struct stat64`",
    [SHAPE_32_STATFS64] = "`struct statfs64`, its size in argument 1",
    [SHAPE_32_TIME64] = "times of 64 bits",
    [SHAPE_32_READDIR] = "one name at a time",
    [SHAPE_32_SOCKET] = "the operation in argument 0, its arguments in memory",
};

static void print_ia32_row(FILE *out, size_t number, const struct ia32_call *call)
{
    const struct call_row *row = ia32_row(call);
    fprintf(out, "| %zu | %s | %s | ", number, call->name,
            call->own || strcmp(row->name, call->name) == 0 ? "" : row->name);
    if (!call->own && row->tests->verdict != VERDICT_UNKNOWN)
        fputs("as above", out);
    else
        print_verdict(out, row);
    fprintf(out, " | %s |\n", shape_words[call->shape]);
}

static void print_ia32(FILE *out)
{
    fputs(
        "\n## 32-bit programs\n\n"
        "Calls of 32-bit programs, and those that a 64-bit program makes with `int $0x80`: the same calls under other\n"
        "numbers. \"As\" names the row above that says what becomes of it, where the name is not the same.\n\n"
        "| number | name | as | verdict | form of the arguments |\n"
        "|---:|---|---|---|---|\n",
        out);
    for (size_t number = 0; number < ia32_size(); number++) {
        const struct ia32_call *call = ia32_call((long)number);
        if (call)
            print_ia32_row(out, number, call);
    }
}

static bool can_stop(const struct call_row *row)
{
    bool tells = row->verdict == VERDICT_TELL;
    for (const struct argument_test *test = row->tests; test->verdict != VERDICT_UNKNOWN; test++)
        tells = tells || test->verdict == VERDICT_TELL;
    return tells || row->handler != HANDLER_NONE;
}

void table_document(FILE *out)
{
    size_t rows = 0, stops = 0;
    for (size_t number = 0; number < table_size(); number++) {
        const struct call_row *row = table_row((long)number);
        rows += row != NULL;
        stops += row && can_stop(row);
    }
    fprintf(out,
            "# System calls\n\n"
            "What coffer does with each system call of x86-64. This page is printed from the table in\n"
            "`filter/table.c`, from which the seccomp program and the dispatch of stops are made too.\n\n"
            "* **pass**: goes through untouched, without a stop.\n"
            "* **stop**: the supervisor answers it; for some calls only when an argument asks for it.\n"
            "* **an errno**: refused in the filter, without a stop; with a stop where the user gets a notice.\n"
            "* A number that is not listed stops, and gets ENOSYS and a notice. So do calls of x32.\n\n"
            "Arguments are counted from 0. %zu calls, of which %zu can stop.\n\n"
            "| number | name | verdict | how, or why |\n"
            "|---:|---|---|---|\n",
            rows, stops);
    for (size_t number = 0; number < table_size(); number++) {
        const struct call_row *row = table_row((long)number);
        if (row)
            print_row(out, number, row);
    }
    print_ia32(out);
}
