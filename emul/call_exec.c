/*
 * execve, execveat.
 *
 * A program that the host has goes through untouched. One in the layer is executed where it is, and AT_EXECFN is put
 * right afterwards. For "#!" scripts that the kernel would not find, or whose interpreter it would not, coffer does
 * what the kernel does: it executes the interpreter with the script as an argument.
 */
#include "emul/arguments.h"
#include "emul/known.h"
#include "emul/rules.h"
#include "emul/shapes.h"
#include "emul/shebang.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SCRIPTS_MAX 5     /* how deep interpreters may be scripts themselves: exec_binprm() in fs/exec.c */
#define ARGV_MAX    65536 /* pointers; more would not fit where they are placed */

/* The program that will really be executed, and what goes before the caller's arguments. */
struct program {
    struct taken *taken;  /* of the call's own path */
    struct walked walked; /* of the interpreter, when scripts > 0 */
    int scripts;
    struct shebang lines[SCRIPTS_MAX];
    bool rewrite;        /* the kernel would not come to the same end by itself */
    bool lost;           /* a script that its interpreter could not open: its descriptor is closed by then */
    char copy[PATH_MAX]; /* "" or a copy with another ELF interpreter */
    char name[PATH_MAX + sizeof "/dev/fd/-2147483648/"]; /* of the file that was named, as the kernel tells it on */
};

/* Reads the beginning of a file; behind its end come zeros. Bytes, or -errno. */
static ssize_t read_start(int fd, char head[SHEBANG_SIZE])
{
    memset(head, 0, SHEBANG_SIZE);
    ssize_t got = pread(fd, head, SHEBANG_SIZE, 0);
    return got < 0 ? -errno : got;
}

static ssize_t read_head(struct view *view, const struct entry *entry, char head[SHEBANG_SIZE], int *fd)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    /* That coffer looks is no access of the program's: the kernel sets the time when it executes it. */
    bool unseen = view->own_root || entry->st.st_uid == view->own.fsuid;
    *fd = dirfd < 0 ? dirfd : sys_openat2(dirfd, entry->name, flags | (unseen ? O_NOATIME : 0), 0, SYS_BENEATH);
    if (*fd == -EPERM && unseen)
        *fd = sys_openat2(dirfd, entry->name, flags, 0, SYS_BENEATH);
    return *fd < 0 ? *fd : read_start(*fd, head);
}

/*
 * Whether the interpreter that an ELF program names is one that the layer changed, or that of a root directory which
 * the kernel knows nothing of (call_chroot()).
 */
static int check_elf(struct view *view, struct caller *caller, struct program *program, const struct entry *entry,
                     int fd)
{
    char interpreter[PATH_MAX], real[PATH_MAX];
    struct walked walked;
    int error = 0;
    bool plain = entry->tree == view->host && caller->fs->root == view->root;
    if (elf_interpreter(fd, interpreter) <= 0)
        return 0;
    walk(view, caller, AT_FDCWD, interpreter, WALK_FOLLOW | WALK_LOOK, &walked);
    if (walked.kind == WALK_ENTRY && walked.entry.tree >= 0 && (walked.entry.tree != view->host || !walked.pure)) {
        error = real_path(view, caller, walked.entry.dir, walked.entry.tree, walked.entry.name, real);
        if (error == 0)
            error = elf_copy_with_interpreter(view, caller, entry, real, program->copy);
        program->rewrite = true;
    } else if ((walked.kind == WALK_ENTRY && walked.entry.tree < 0) || walked.kind == WALK_ERROR) {
        error = -ENOENT;
    } else if (plain && walked.kind == WALK_ENTRY) {
        known_program_add(view, &entry->st);
    }
    walked_release(view, &walked);
    return error;
}

/*
 * Whether somebody has the file open for writing: then it is busy, and a read lease on it cannot be had (fcntl(2)).
 * The kernel itself looks only at the file that it is asked to execute.
 */
static bool is_being_written(int fd)
{
    bool busy = fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN;
    if (!busy)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return busy;
}

/* Whoever waits for the program's usual rights finds out here why it does not have them. */
static void tell_of_set_id(struct view *view, const struct caller *caller, const struct program *program,
                           const struct entry *entry)
{
    struct stat st = entry->st;
    if ((st.st_mode & (S_ISUID | S_ISGID)) == 0)
        return;
    (void)entry_stat(view, entry, &st);
    bool user = (st.st_mode & S_ISUID) != 0 && st.st_uid != caller->cred->euid;
    bool group = (st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st.st_gid != caller->cred->egid;
    if (user || group)
        refuse_notice(view, caller, "%s: runs without its set-%s-id bit", program->taken->path,
                      user ? "user" : "group");
}

/* Goes on to the interpreter that a script's first line names. */
static void enter_interpreter(struct view *view, struct caller *caller, struct program *program)
{
    struct walked next;
    walk(view, caller, AT_FDCWD, program->lines[program->scripts].interpreter, WALK_FOLLOW | WALK_LOOK, &next);
    if (program->scripts++ > 0)
        walked_release(view, &program->walked);
    program->walked = next;
}

/* Follows "#!" lines from the file that was named to the program that will run. 0 or -errno. */
static int find_program(struct view *view, struct caller *caller, struct program *program)
{
    const struct walked *walked = program->scripts > 0 ? &program->walked : &program->taken->walked;
    for (;;) {
        char head[SHEBANG_SIZE];
        cleanup_fd int fd = -1;
        const struct entry *entry = &walked->entry;
        if (walked->kind == WALK_ERROR)
            return walked->error;
        if (walked->kind == WALK_RAW)
            return walked->host_path[0] == '\0' ? 0 : rules_ask_link(view, caller, POLICY_EXEC, walked->host_path);
        if (entry->tree < 0)
            return -ENOENT;
        if (S_ISLNK(entry->st.st_mode))
            return -ELOOP; /* execveat() with AT_SYMLINK_NOFOLLOW */
        if (walked->slash && !S_ISDIR(entry->st.st_mode))
            return -ENOTDIR;
        if (!S_ISREG(entry->st.st_mode))
            return -EACCES;
        int go = caller->starting ? RULES_GO
                                  : rules_ask(view, caller, POLICY_EXEC, entry->dir, entry->name, program->taken->path);
        if (go < 0)
            return go;
        program->rewrite = program->rewrite || !walked->pure;
        tell_of_set_id(view, caller, program, entry);
        if (entry->tree == view->host && caller->fs->root == view->root && known_program(view, &entry->st))
            return 0;
        ssize_t size = read_head(view, entry, head, &fd);
        if (size == -EACCES) {
            /* Unreadable: it would run undumpable, and the supervisor could not read the paths it names. */
            if (may_access(view, caller, entry, 1) == 0)
                refuse_notice(view, caller, "%s: a program that may be executed but not read", program->taken->path);
            return -EACCES;
        }
        if (size < 0)
            return (int)size;
        if (size >= 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
            return check_elf(view, caller, program, entry, fd);
        if (program->scripts == SCRIPTS_MAX)
            return -ELOOP;
        if (!shebang_parse(head, &program->lines[program->scripts]))
            return 0;
        int error = may_access(view, caller, entry, 1);
        if (error == 0 && is_being_written(fd))
            error = -ETXTBSY;
        if (error == 0 && program->lost)
            error = -ENOENT;
        if (error < 0)
            return error;
        enter_interpreter(view, caller, program);
        walked = &program->walked;
    }
}

/*
 * A file by its descriptor alone is found by the kernel; but of a script, the interpreter may be one of the view. 0 or
 * -errno.
 */
static int find_by_descriptor(struct view *view, struct caller *caller, struct program *program)
{
    char path[32], head[SHEBANG_SIZE];
    struct stat st;
    cleanup_fd int own = caller->ops->dup_fd(caller->context, program->taken->dirfd);
    if (own < 0 || sys_fstatat(own, "", &st, AT_EMPTY_PATH) < 0 || !S_ISREG(st.st_mode))
        return 0;
    int go = rules_ask_descriptor(view, caller, POLICY_EXEC, own);
    if (go < 0)
        return go;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", own); /* it may be O_PATH */
    cleanup_fd int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0 || read_start(fd, head) < 0 || program->lost || !shebang_parse(head, &program->lines[0]) ||
        (st.st_mode & 0111) == 0)
        return 0;
    enter_interpreter(view, caller, program);
    return find_program(view, caller, program);
}

struct argument_list {
    uint64_t *pointers;
    size_t count;
    int error;
};

static void push(struct caller *caller, struct argument_list *list, const char *text)
{
    if (list->error == 0)
        list->error = caller->ops->place(caller->context, text, strlen(text) + 1, &list->pointers[list->count++]);
}

/* The caller's own argv, after what goes before it. argv[0] is dropped: binfmt_script.c does so. */
static int append_caller_arguments(struct caller *caller, const struct call *call, struct argument_list *list,
                                   uint64_t address)
{
    const uint64_t size = shape_is_32(call) ? 4 : 8;
    for (size_t i = 1; address != 0; i++) {
        uint64_t pointer;
        if (i > 1 && list->count + 1 >= ARGV_MAX)
            return -E2BIG;
        if (i == 1) {
            if (shape_read_pointer(caller, call, address, &pointer) < 0)
                return -EFAULT;
            if (pointer == 0)
                break;
        }
        if (shape_read_pointer(caller, call, address + i * size, &pointer) < 0)
            return -EFAULT;
        if (pointer == 0)
            break;
        list->pointers[list->count++] = pointer;
    }
    list->pointers[list->count++] = 0;
    return 0;
}

static int place_pointers(struct caller *caller, const struct call *call, struct argument_list *list, uint64_t *address)
{
    if (!shape_is_32(call))
        return caller->ops->place(caller->context, list->pointers, list->count * sizeof *list->pointers, address);
    cleanup_free uint32_t *small = malloc(list->count * sizeof *small);
    if (small == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        small[i] = (uint32_t)list->pointers[i];
    return caller->ops->place(caller->context, small, list->count * sizeof *small, address);
}

static int place_arguments(struct caller *caller, const struct call *call, const struct program *program, uint64_t argv,
                           uint64_t *address)
{
    struct argument_list list = {.pointers = malloc((ARGV_MAX + 16) * sizeof *list.pointers)};
    if (list.pointers == NULL)
        return -ENOMEM;
    /* The last interpreter is the program; each script is the argument of the one that interprets it. */
    for (int i = program->scripts - 1; i >= 0; i--) {
        push(caller, &list, program->lines[i].interpreter);
        if (program->lines[i].has_argument)
            push(caller, &list, program->lines[i].argument);
    }
    push(caller, &list, program->name);
    int error = list.error;
    if (error == 0)
        error = append_caller_arguments(caller, call, &list, argv);
    if (error == 0)
        error = place_pointers(caller, call, &list, address);
    free(list.pointers);
    return error;
}

static void rewrite_exec(struct view *view, struct caller *caller, const struct call *call, struct program *program,
                         struct answer *answer)
{
    char path[PATH_MAX];
    const struct taken *taken = program->taken;
    const struct walked *walked = program->scripts > 0 ? &program->walked : &taken->walked;
    const char *real = program->copy;
    uint64_t argv = 0;
    int error = 0;
    if (walked->kind == WALK_RAW)
        real = walked->host_path;
    else if (real[0] == '\0') {
        error = real_path(view, caller, walked->entry.dir, walked->entry.tree, walked->entry.name, path);
        real = path;
    }
    if (error == 0 && program->scripts > 0)
        error = place_arguments(caller, call, program, call->args[taken->argument + 1], &argv);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    char link[PATH_MAX];
    answer_path(caller, call, answer, taken->argument, exec_named(view, real, taken->path, link));
    if (answer->kind != ANSWER_REWRITE)
        return;
    if (program->scripts > 0)
        answer->args[taken->argument + 1] = argv;
    if (call->number == SYS_execveat)
        answer->args[4] = 0; /* what was named is settled: the path may end in a link of ours, and is not empty */
    answer->finish.kind = FINISH_EXEC;
    answer->finish.text = strdup(program->name);
}

/* Whether a descriptor of the caller is closed by an exec. */
static bool closes_on_exec(const struct caller *caller, int fd)
{
    char path[64], text[256];
    (void)snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)caller->tid, fd);
    cleanup_fd int info = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    ssize_t length = info < 0 ? info : read(info, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    const char *flags = strstr(text, "flags:");
    return flags != NULL && (strtoul(flags + strlen("flags:"), NULL, 8) & O_CLOEXEC) != 0;
}

/* alloc_bprm() in fs/exec.c: a path below a descriptor is told on as one that begins at /dev/fd. */
static void name_program(const struct caller *caller, struct program *program)
{
    const struct taken *taken = program->taken;
    if (taken->dirfd == AT_FDCWD || taken->path[0] == '/') {
        (void)snprintf(program->name, sizeof program->name, "%s", taken->path);
        return;
    }
    (void)snprintf(program->name, sizeof program->name, "/dev/fd/%d%s%s", taken->dirfd,
                   taken->path[0] == '\0' ? "" : "/", taken->path);
    program->lost = closes_on_exec(caller, taken->dirfd);
}

void call_exec(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken *taken = malloc(sizeof *taken);
    struct program *program = calloc(1, sizeof *program);
    bool at = call->number == SYS_execveat;
    unsigned follow = at && ((int)call->args[4] & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : WALK_FOLLOW;
    if (taken == NULL || program == NULL) {
        answer_result(answer, -ENOMEM);
    } else if (take_path(view, caller, call, 0, follow | WALK_LOOK, taken, answer)) {
        program->taken = taken;
        name_program(caller, program);
        int error =
            taken->by_descriptor ? find_by_descriptor(view, caller, program) : find_program(view, caller, program);
        if (error < 0)
            answer_result(answer, error);
        else if (program->rewrite || (taken->walked.kind == WALK_RAW && !taken->by_descriptor && !taken->walked.pure))
            rewrite_exec(view, caller, call, program, answer);
        else
            answer_continue(answer);
        if (program->scripts > 0)
            walked_release(view, &program->walked);
        taken_release(view, taken);
    }
    free(program);
    free(taken);
}
