/*
 * execve, execveat.
 *
 * A program that the host has goes through untouched. One in the layer is executed where it is, and AT_EXECFN is put
 * right afterwards. For "#!" scripts that the kernel would not find, or whose interpreter it would not, coffer does
 * what the kernel does: it executes the interpreter with the script as an argument.
 */
#include "emul/arguments.h"
#include "emul/known.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HEAD_SIZE   256   /* BINPRM_BUF_SIZE */
#define SCRIPTS_MAX 5     /* how deep interpreters may be scripts themselves: exec_binprm() in fs/exec.c */
#define ARGV_MAX    65536 /* pointers; more would not fit where they are placed */

/* One "#!" line. */
struct shebang {
    char interpreter[HEAD_SIZE];
    char argument[HEAD_SIZE]; /* "" when there is none */
};

/* The program that will really be executed, and what goes before the caller's arguments. */
struct program {
    struct taken *taken;  /* of the call's own path */
    struct walked walked; /* of the interpreter, when scripts > 0 */
    int scripts;
    struct shebang lines[SCRIPTS_MAX];
    bool rewrite;        /* the kernel would not come to the same end by itself */
    char copy[PATH_MAX]; /* "" or a copy with another ELF interpreter */
};

static bool parse_shebang(const char *head, size_t size, struct shebang *line)
{
    const char *end = memchr(head, '\n', size);
    const char *at = head + 2;
    if (size < 2 || head[0] != '#' || head[1] != '!')
        return false;
    if (end == NULL)
        end = head + size;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    size_t length = 0;
    while (at + length < end && at[length] != ' ' && at[length] != '\t' && at[length] != '\0')
        length++;
    memcpy(line->interpreter, at, length);
    line->interpreter[length] = '\0';
    at += length;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    size_t rest = strnlen(at, (size_t)(end - at));
    memcpy(line->argument, at, rest);
    line->argument[rest] = '\0';
    return length > 0;
}

/* Reads the beginning of the entry's file. Bytes, or -errno. */
static ssize_t read_head(struct view *view, const struct entry *entry, char head[HEAD_SIZE], int *fd)
{
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    *fd = dirfd < 0 ? dirfd : sys_openat2(dirfd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, SYS_BENEATH);
    if (*fd < 0)
        return *fd;
    ssize_t got = pread(*fd, head, HEAD_SIZE, 0);
    return got < 0 ? -errno : got;
}

/* Whether the interpreter that an ELF program names is one that the layer changed. */
static int check_elf(struct view *view, struct caller *caller, struct program *program, const struct entry *entry,
                     int fd, const char *head, ssize_t size)
{
    char interpreter[PATH_MAX], real[PATH_MAX];
    struct walked walked;
    int error = 0;
    if (size > EI_CLASS && head[EI_CLASS] == ELFCLASS32) {
        refuse_notice(view, caller, "%s: 32-bit programs do not run in a view", program->taken->path);
        return -ENOEXEC;
    }
    bool plain = entry->tree == view->host && caller->fs->root == view->root;
    if (elf_interpreter(fd, interpreter) <= 0)
        return 0;
    walk(view, caller, AT_FDCWD, interpreter, WALK_FOLLOW | WALK_LOOK, &walked);
    if (walked.kind == WALK_ENTRY && walked.entry.tree >= 0 && walked.entry.tree != view->host) {
        error = real_path(view, caller, walked.entry.dir, walked.entry.tree, walked.entry.name, real);
        if (error == 0)
            error = elf_copy_with_interpreter(view, entry, real, program->copy);
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
    bool user = (st.st_mode & S_ISUID) != 0 && st.st_uid != caller->cred->fsuid;
    bool group = (st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st.st_gid != caller->cred->fsgid;
    if (user || group)
        refuse_notice(view, caller, "%s: runs without its set-%s-id bit", program->taken->path,
                      user ? "user" : "group");
}

/* Follows "#!" lines from the file that was named to the program that will run. 0 or -errno. */
static int find_program(struct view *view, struct caller *caller, struct program *program)
{
    const struct walked *walked = &program->taken->walked;
    for (;;) {
        char head[HEAD_SIZE];
        cleanup_fd int fd = -1;
        const struct entry *entry = &walked->entry;
        if (walked->kind == WALK_ERROR)
            return walked->error;
        if (walked->kind == WALK_RAW)
            return 0;
        if (entry->tree < 0)
            return -ENOENT;
        if (S_ISLNK(entry->st.st_mode))
            return -ELOOP; /* execveat() with AT_SYMLINK_NOFOLLOW */
        if (walked->slash && !S_ISDIR(entry->st.st_mode))
            return -ENOTDIR;
        if (!S_ISREG(entry->st.st_mode))
            return -EACCES;
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
            return check_elf(view, caller, program, entry, fd, head, size);
        if (program->scripts == SCRIPTS_MAX)
            return -ELOOP;
        if (!parse_shebang(head, (size_t)size, &program->lines[program->scripts]))
            return 0;
        int error = may_access(view, caller, entry, 1);
        if (error == 0 && is_being_written(fd))
            error = -ETXTBSY;
        if (error < 0)
            return error;
        struct walked next;
        walk(view, caller, AT_FDCWD, program->lines[program->scripts].interpreter, WALK_FOLLOW | WALK_LOOK, &next);
        if (program->scripts++ > 0)
            walked_release(view, &program->walked);
        program->walked = next;
        walked = &program->walked;
    }
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
static int append_caller_arguments(struct caller *caller, struct argument_list *list, uint64_t address)
{
    for (size_t i = 1; address != 0; i++) {
        uint64_t pointer;
        if (i > 1 && list->count + 1 >= ARGV_MAX)
            return -E2BIG;
        if (i == 1) {
            if (caller->ops->read(caller->context, address, &pointer, sizeof pointer) != (ssize_t)sizeof pointer)
                return -EFAULT;
            if (pointer == 0)
                break;
        }
        if (caller->ops->read(caller->context, address + i * 8, &pointer, sizeof pointer) != (ssize_t)sizeof pointer)
            return -EFAULT;
        if (pointer == 0)
            break;
        list->pointers[list->count++] = pointer;
    }
    list->pointers[list->count++] = 0;
    return 0;
}

static int place_arguments(struct caller *caller, const struct program *program, uint64_t argv, uint64_t *address)
{
    struct argument_list list = {.pointers = malloc((ARGV_MAX + 16) * sizeof *list.pointers)};
    if (list.pointers == NULL)
        return -ENOMEM;
    /* The last interpreter is the program; each script is the argument of the one that interprets it. */
    for (int i = program->scripts - 1; i >= 0; i--) {
        push(caller, &list, program->lines[i].interpreter);
        if (program->lines[i].argument[0] != '\0')
            push(caller, &list, program->lines[i].argument);
    }
    push(caller, &list, program->taken->path);
    int error = list.error;
    if (error == 0)
        error = append_caller_arguments(caller, &list, argv);
    if (error == 0)
        error = caller->ops->place(caller->context, list.pointers, list.count * sizeof *list.pointers, address);
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
        error = place_arguments(caller, program, call->args[taken->argument + 1], &argv);
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
    answer->finish.kind = FINISH_EXEC;
    answer->finish.text = strdup(taken->path);
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
        int error = taken->by_descriptor ? 0 : find_program(view, caller, program);
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
