/*
 * A view over a scratch layer, and a caller in this very process: a transport without ptrace.
 *
 * made() asks the view about a call as the loop does and carries the answer out by making the call itself, so a test
 * does to the view what a traced program would do. The caller's memory is this process's own, and so are its
 * descriptors and its real working directory.
 */
#ifndef COFFER_TESTS_SCRATCH_VIEW_H
#define COFFER_TESTS_SCRATCH_VIEW_H

#include "emul/view_internal.h"
#include "filter/table.h"
#include "tests/unit/scratch_layer.h"

#include <sys/syscall.h>
#include <sys/uio.h>

#define PLACES_MAX 8

/* ck_assert() for what also runs outside of a test. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

struct scratch_view {
    struct scratch scratch;
    struct layer layer;
    struct layer over[2];
    int over_count;
    struct view *view;
    struct caller caller;
    struct credentials cred;
    enum answer_kind kind; /* of the last call */
    char *places[PLACES_MAX];
    int place_count;
    char notice[PATH_MAX + 256]; /* the last one; "" */
};

/* By the kernel and not with memcpy(): short where memory ends, as a tracee's is. */
static inline ssize_t own_read(void *context, uint64_t address, void *buffer, size_t size)
{
    const struct iovec to = {buffer, size}, from = {(void *)(uintptr_t)address, size};
    (void)context;
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    return got < 0 ? -errno : got;
}

static inline int own_write(void *context, uint64_t address, const void *data, size_t size)
{
    const struct iovec from = {(void *)(uintptr_t)data, size}, to = {(void *)(uintptr_t)address, size};
    (void)context;
    return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

static inline int own_dup_fd(void *context, int fd)
{
    (void)context;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

static inline int own_place(void *context, const void *data, size_t size, uint64_t *address)
{
    struct scratch_view *sv = context;
    if (sv->place_count == PLACES_MAX)
        return -ENOMEM;
    char *place = malloc(size);
    if (place == NULL)
        return -ENOMEM;
    memcpy(place, data, size);
    sv->places[sv->place_count++] = place;
    *address = (uint64_t)(uintptr_t)place;
    return 0;
}

static const struct caller_ops own_ops = {own_read, own_write, own_dup_fd, own_place, NULL};

static inline void keep_notice(void *context, pid_t pid, const char *text)
{
    struct scratch_view *sv = context;
    (void)pid;
    (void)snprintf(sv->notice, sizeof sv->notice, "%s", text);
}

/* Opens the view of a scratch directory that exists, with the working directory DIR/host. 0, or -errno of a step. */
static inline int view_begin(struct scratch_view *sv)
{
    struct layer_error error;
    struct view_options options = {
        .layer = &sv->layer, .hidden_fd = -1, .notice = keep_notice, .notice_context = sv, .hidden_count = 1};
    char *argv[] = {(char *)(uintptr_t) "test", NULL};
    int status = layer_open(&sv->layer, sv->scratch.layer, LAYER_RUN, argv, &error);
    if (status < 0)
        return status;
    options.hidden[0] = sv->layer.path;
    for (int i = 0; i < sv->over_count; i++) {
        options.over[options.over_count++] = &sv->over[i];
        options.hidden[options.hidden_count++] = sv->over[i].path;
    }
    status = view_new(&sv->view, &options);
    if (status < 0) {
        layer_close(&sv->layer);
        return status;
    }
    sv->cred = sv->view->own;
    sv->caller = (struct caller){&own_ops, sv, getpid(), getpid(), NULL, &sv->cred, 1, false, false};
    sv->caller.fs = fs_context_new(sv->view, sv->scratch.host, 022, &status);
    if (sv->caller.fs == NULL || chdir(sv->scratch.host) < 0)
        return status < 0 ? status : -errno;
    return 0;
}

static inline void forget_places(struct scratch_view *sv)
{
    while (sv->place_count > 0)
        free(sv->places[--sv->place_count]);
}

static inline void view_end(struct scratch_view *sv)
{
    forget_places(sv);
    fs_context_release(sv->caller.fs);
    view_free(sv->view);
    layer_close(&sv->layer);
    for (int i = 0; i < sv->over_count; i++)
        layer_close(&sv->over[i]);
}

/* Asks the view until it no longer waits for a worker. */
static inline void ask(struct scratch_view *sv, struct call *call, struct answer *answer)
{
    forget_places(sv);
    view_call(sv->view, &sv->caller, call, answer);
    while (answer->kind == ANSWER_WAIT) {
        int status;
        pid_t worker = answer->worker;
        REQUIRE(waitpid(worker, &status, 0) == worker);
        REQUIRE(view_worker_done(sv->view, worker, status));
        answer_release(answer);
        forget_places(sv);
        view_call(sv->view, &sv->caller, call, answer);
    }
    sv->kind = answer->kind;
}

/* What a program in the view gets from this call: >= 0 or -errno. */
static inline int64_t made(struct scratch_view *sv, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct call call = {.number = number, .row = table_row(number), .args = {a, b, c, d}};
    struct answer answer;
    int error;
    if (table_verdict(call.row, call.args, &error) == VERDICT_PASS) {
        long passed = syscall(number, a, b, c, d);
        sv->kind = ANSWER_CONTINUE;
        return passed < 0 ? -errno : passed;
    }
    ask(sv, &call, &answer);
    if (answer.kind == ANSWER_RESULT) {
        answer_release(&answer);
        return answer.result;
    }
    const uint64_t *args = answer.kind == ANSWER_REWRITE ? answer.args : call.args;
    int64_t result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
    if (result < 0)
        result = -errno;
    if (answer.want_exit)
        view_call_exit(sv->view, &sv->caller, &call, &answer, &result);
    else
        answer_release(&answer);
    return result;
}

#define ADDRESS(pointer) ((uint64_t)(uintptr_t)(pointer))

static inline int64_t view_open(struct scratch_view *sv, const char *path, int flags)
{
    return made(sv, SYS_open, ADDRESS(path), (uint64_t)(unsigned)(flags | O_CLOEXEC), 0644, 0);
}

static inline int64_t view_stat(struct scratch_view *sv, const char *path, struct stat *st)
{
    return made(sv, SYS_stat, ADDRESS(path), ADDRESS(st), 0, 0);
}

static inline int64_t view_lstat(struct scratch_view *sv, const char *path)
{
    struct stat st;
    return made(sv, SYS_lstat, ADDRESS(path), ADDRESS(&st), 0, 0);
}

static inline int64_t view_mkdir(struct scratch_view *sv, const char *path)
{
    return made(sv, SYS_mkdir, ADDRESS(path), 0755, 0, 0);
}

static inline int64_t view_rmdir(struct scratch_view *sv, const char *path)
{
    return made(sv, SYS_rmdir, ADDRESS(path), 0, 0, 0);
}

static inline int64_t view_unlink(struct scratch_view *sv, const char *path)
{
    return made(sv, SYS_unlink, ADDRESS(path), 0, 0, 0);
}

static inline int64_t view_symlink(struct scratch_view *sv, const char *target, const char *path)
{
    return made(sv, SYS_symlink, ADDRESS(target), ADDRESS(path), 0, 0);
}

static inline int64_t view_rename(struct scratch_view *sv, const char *from, const char *to)
{
    return made(sv, SYS_rename, ADDRESS(from), ADDRESS(to), 0, 0);
}

static inline int64_t view_chdir(struct scratch_view *sv, const char *path)
{
    return made(sv, SYS_chdir, ADDRESS(path), 0, 0, 0);
}

/* Writes a whole file in the view. 0 or -errno. */
static inline int64_t view_write(struct scratch_view *sv, const char *path, const char *text)
{
    int64_t fd = view_open(sv, path, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return fd;
    REQUIRE(write((int)fd, text, strlen(text)) == (ssize_t)strlen(text));
    REQUIRE(close((int)fd) == 0);
    return 0;
}

/* The content of a file in the view, or why it cannot be read, in a buffer of this function's. */
static inline const char *view_read(struct scratch_view *sv, const char *path)
{
    static char text[256];
    int64_t fd = view_open(sv, path, O_RDONLY);
    if (fd < 0)
        return strerrorname_np((int)-fd);
    ssize_t got = read((int)fd, text, sizeof text - 1);
    text[got < 0 ? 0 : got] = '\0';
    (void)close((int)fd);
    return text;
}

/* Walks a path, and says whether the kernel would come to the same end. The walk must succeed. */
static inline bool is_pure(struct scratch_view *sv, const char *path)
{
    struct walked walked;
    walk(sv->view, &sv->caller, AT_FDCWD, path, WALK_FOLLOW, &walked);
    ck_assert_msg(walked.kind != WALK_ERROR, "%s: %s", path, strerrorname_np(-walked.error));
    bool pure = walked.pure;
    walked_release(sv->view, &walked);
    return pure;
}

/* The errno of a walk, 0 when it came to an end. */
static inline int walk_errno(struct scratch_view *sv, const char *path, unsigned flags)
{
    struct walked walked;
    walk(sv->view, &sv->caller, AT_FDCWD, path, flags, &walked);
    int error = walked.kind == WALK_ERROR ? walked.error : 0;
    walked_release(sv->view, &walked);
    return -error;
}

struct view_record { /* struct linux_dirent64, getdents64(2) */
    uint64_t ino;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

/* The names of a directory as the view lists it, sorted, a space after each; without "." and "..". */
static inline const char *view_names(struct scratch_view *sv, const char *path)
{
    static char text[4096];
    _Alignas(8) char buffer[4096];
    char *names[64];
    int count = 0;
    int64_t fd = view_open(sv, path, O_RDONLY | O_DIRECTORY), got;
    if (fd < 0)
        return strerrorname_np((int)-fd);
    while ((got = made(sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), sizeof buffer, 0)) > 0) {
        for (int64_t at = 0; at < got;) {
            const struct view_record *record = (const void *)(buffer + at);
            at += record->size;
            if (strcmp(record->name, ".") == 0 || strcmp(record->name, "..") == 0)
                continue;
            ck_assert_int_lt(count, 64);
            int slot = count++;
            for (; slot > 0 && strcmp(names[slot - 1], record->name) > 0; slot--)
                names[slot] = names[slot - 1];
            names[slot] = strdup(record->name);
        }
    }
    ck_assert_int_eq(got, 0);
    (void)close((int)fd);
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s ", names[i]);
        free(names[i]);
    }
    return text;
}

#endif
