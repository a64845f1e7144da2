#include "supervisor/notes.h"

#include "emul/cleanup.h"
#include "supervisor/caller.h"
#include "supervisor/hashes.h"
#include "supervisor/loop.h"
#include "supervisor/record/recorder.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct notes {
    struct recorder *recorder; /* borrowed */
    struct hashes *hashes;     /* NULL: none are wanted */
    pid_t tid;                 /* whose call has been looked at and is not settled; 0: nobody's */
    struct observed observed;  /* of that */
};

struct noted {
    enum handler handler;
    const char *call;
    bool exchanged;
    int flags; /* of an open */
    struct noted_path {
        bool used, by_descriptor, resolved, exists, in_layer, directory;
        const char *path, *said; /* in texts */
    } path[2];
    char texts[];
};

struct notes *notes_new(struct recorder *recorder)
{
    struct notes *notes = calloc(1, sizeof *notes);
    if (notes == NULL) {
        error_errno("record", -ENOMEM);
        return NULL;
    }
    notes->recorder = recorder;
    if (recorder_hashes(recorder) == 0)
        return notes;
    notes->hashes = hashes_new(recorder, recorder_hashes(recorder), &notes->observed);
    if (notes->hashes != NULL)
        return notes;
    free(notes);
    return NULL;
}

void notes_free(struct notes *notes)
{
    if (notes != NULL)
        hashes_free(notes->hashes);
    free(notes);
}

void notes_end(struct notes *notes, int layer_fs)
{
    hashes_end(notes->hashes, layer_fs);
}

void noted_free(struct noted *noted)
{
    free(noted);
}

static bool names_address(enum handler handler)
{
    return handler == HANDLER_SEND_ADDR || handler == HANDLER_SENDMSG;
}

/* False: the call has to wait for a file that is being hashed. */
static bool observe(struct notes *notes, struct task *task, struct caller *caller)
{
    struct view *view = task->supervisor->view;
    if (notes->hashes == NULL) {
        view_observe(view, caller, &task->call, &notes->observed);
        return true;
    }
    do {
        hashes_begin(notes->hashes, task);
        view_observe(view, caller, &task->call, &notes->observed);
        if (hashes_look(notes->hashes))
            return true;
    } while (!hashes_wait(notes->hashes));
    return false;
}

bool notes_call(struct task *task, struct caller *caller)
{
    struct notes *notes = task->supervisor->notes;
    if (notes == NULL)
        return true;
    enum handler handler = task->call.row->handler;
    notes->tid = 0;
    if (!table_observed(task->call.row))
        return true;
    if (names_address(handler)) {
        if (!view_observe_address(task->supervisor->view, caller, &task->call, &notes->observed.path[0]))
            return true;
        notes->observed.path[1].used = false;
    } else if (handler == HANDLER_ACCEPT) {
        notes->observed.path[0].used = notes->observed.path[1].used = false;
    } else if (!observe(notes, task, caller)) {
        return false;
    }
    notes->tid = task->tid;
    return true;
}

static bool is_directory(const struct observed_path *path)
{
    return path->looked && path->error == 0 && S_ISDIR(path->st.st_mode);
}

static size_t text_size(const char *text)
{
    return text[0] == '\0' ? 0 : strlen(text) + 1;
}

static const char *keep(char **at, const char *text)
{
    size_t size = text_size(text);
    char *kept = *at;
    if (size == 0)
        return NULL;
    memcpy(kept, text, size);
    *at += size;
    return kept;
}

/* What is needed at the exit of a call; NULL without memory. */
static struct noted *note(const struct task *task, const struct notes *notes)
{
    const struct observed *observed = &notes->observed;
    size_t size = 0;
    for (int i = 0; i < 2; i++)
        if (observed->path[i].used)
            size += text_size(observed->path[i].path) + text_size(observed->path[i].said);
    struct noted *noted = calloc(1, sizeof *noted + size);
    if (noted == NULL)
        return NULL;
    char *at = noted->texts;
    noted->handler = task->call.row->handler;
    noted->call = task->call.row->name;
    noted->flags = observed->flags;
    for (int i = 0; i < 2; i++) {
        const struct observed_path *path = &observed->path[i];
        if (!path->used)
            continue;
        noted->path[i] = (struct noted_path){
            .used = true,
            .by_descriptor = path->by_descriptor,
            .resolved = path->resolved,
            .exists = path->looked && path->error == 0,
            .in_layer = path->in_layer && recorder_is_of_view(notes->recorder),
            .directory = is_directory(path),
            .path = keep(&at, path->path),
            .said = path->by_descriptor ? NULL : keep(&at, path->said),
        };
    }
    return noted;
}

static bool is_place(enum handler handler)
{
    return handler == HANDLER_CHDIR || handler == HANDLER_FCHDIR || handler == HANDLER_CHROOT;
}

/* By the row: file_getattr and file_setattr have one handler. */
static bool looks(const struct call_row *row)
{
    static const bool asks[HANDLER_COUNT] = {
        [HANDLER_STAT] = true,   [HANDLER_ACCESS] = true,   [HANDLER_READLINK] = true,  [HANDLER_STATFS] = true,
        [HANDLER_HANDLE] = true, [HANDLER_GETXATTR] = true, [HANDLER_LISTXATTR] = true, [HANDLER_INOTIFY] = true,
    };
    return asks[row->handler] || (row->handler == HANDLER_FILE_ATTR && row->path[0].intent == INTENT_LOOK);
}

/* What an open is, if it succeeds. */
static enum record_kind open_kind(int flags, bool exists, bool directory)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    if ((flags & O_PATH) != 0)
        return RECORD_LOOK;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return RECORD_LOOK; /* of the directory: the file has no name */
    if ((flags & O_CREAT) != 0 && !exists)
        return RECORD_CREATE;
    if (writes)
        return RECORD_WRITE;
    return directory || (flags & O_DIRECTORY) != 0 ? RECORD_LIST : RECORD_READ;
}

static enum record_kind kind_of(const struct noted *noted)
{
    static const enum record_kind kinds[HANDLER_COUNT] = {
        [HANDLER_MKDIR] = RECORD_CREATE,         [HANDLER_MKNOD] = RECORD_CREATE,
        [HANDLER_SYMLINK] = RECORD_CREATE,       [HANDLER_UNLINK] = RECORD_DELETE,
        [HANDLER_RENAME] = RECORD_RENAME,        [HANDLER_LINK] = RECORD_LINK,
        [HANDLER_TRUNCATE] = RECORD_WRITE,       [HANDLER_EXEC] = RECORD_EXEC,
        [HANDLER_ACCEPT] = RECORD_ACCEPT,        [HANDLER_SEND_ADDR] = RECORD_CONNECT,
        [HANDLER_SENDMSG] = RECORD_CONNECT,      [HANDLER_CHMOD] = RECORD_METADATA,
        [HANDLER_FCHMOD] = RECORD_METADATA,      [HANDLER_CHOWN] = RECORD_METADATA,
        [HANDLER_FCHOWN] = RECORD_METADATA,      [HANDLER_UTIMENS] = RECORD_METADATA,
        [HANDLER_SETXATTR] = RECORD_METADATA,    [HANDLER_FSETXATTR] = RECORD_METADATA,
        [HANDLER_REMOVEXATTR] = RECORD_METADATA, [HANDLER_FREMOVEXATTR] = RECORD_METADATA,
        [HANDLER_IOCTL_FLAGS] = RECORD_METADATA, [HANDLER_FILE_ATTR] = RECORD_METADATA,
    };
    if (noted->handler == HANDLER_OPEN)
        return open_kind(noted->flags, noted->path[0].exists, noted->path[0].directory);
    if (strcmp(noted->call, "bind") == 0)
        return RECORD_BIND;
    return kinds[noted->handler] == 0 ? RECORD_LOOK : kinds[noted->handler];
}

static bool is_absence(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

static unsigned flags_of(const struct noted *noted, enum record_kind kind)
{
    const struct noted_path *path = &noted->path[0];
    bool both = noted->handler == HANDLER_OPEN && (noted->flags & (O_ACCMODE | O_TRUNC)) == O_RDWR;
    unsigned flags = path->in_layer ? RECORD_IN_LAYER : 0;
    if (path->directory || (kind == RECORD_CREATE && noted->handler == HANDLER_MKDIR))
        flags |= RECORD_DIRECTORY;
    if (both && (kind == RECORD_WRITE || kind == RECORD_CREATE))
        flags |= RECORD_FOR_BOTH;
    if (noted->exchanged)
        flags |= RECORD_EXCHANGED;
    if (path->used && !path->resolved)
        flags |= RECORD_UNRESOLVED;
    return flags;
}

/* As it was said, where that tells more than the path. */
static const char *said_of(const struct noted_path *path)
{
    return path->said == NULL || path->path == NULL || strcmp(path->said, path->path) == 0 ? NULL : path->said;
}

/* A socket that is bound to a path makes it. */
static void tell_socket(struct notes *notes, pid_t pid, const struct noted *noted)
{
    static const char prefix[] = "unix:";
    const char *path = noted->path[0].path;
    struct record_event event = {.kind = RECORD_CREATE, .call = noted->call};
    if (path == NULL || strncmp(path, prefix, strlen(prefix)) != 0 || path[strlen(prefix)] != '/')
        return;
    event.path = path + strlen(prefix);
    event.flags = flags_of(noted, event.kind);
    recorder_add(notes->recorder, pid, &event);
}

static void tell(struct notes *notes, pid_t pid, const struct noted *noted, int error, unsigned more_flags)
{
    enum record_kind kind = kind_of(noted);
    bool one_path = kind != RECORD_RENAME && kind != RECORD_LINK && kind != RECORD_CREATE;
    /* What is there is not absent: the interpreter of a script is, or a file is no directory. */
    if (is_absence(error) && one_path && kind < RECORD_CONNECT && !noted->path[0].exists)
        kind = RECORD_ABSENT;
    struct record_event event = {
        .kind = kind,
        .flags = flags_of(noted, kind) | more_flags,
        .call = noted->call,
        .error = error,
        .path = noted->path[0].path,
        .path2 = noted->path[1].path,
        .said = said_of(&noted->path[0]),
        .said2 = said_of(&noted->path[1]),
    };
    if (event.path != NULL)
        recorder_add(notes->recorder, pid, &event);
}

/* Of access and its like: whether it asks no more than whether something is there. */
static bool asks_presence(const struct call *call)
{
    return (uint32_t)call->args[call->row->path[0].path + 1] == F_OK;
}

/*
 * Whether one knows before what the kernel will say: something that only looks, where the look has told. What creates,
 * changes or removes is never taken for done.
 */
static bool is_certain(const struct task *task, const struct observed *observed, int *error)
{
    const struct observed_path *path = &observed->path[0];
    const struct call_row *row = task->call.row;
    *error = -path->error;
    if (row->handler == HANDLER_OPEN) {
        if ((observed->flags & (O_CREAT | O_TRUNC | O_ACCMODE)) != O_RDONLY || !path->used || !path->looked)
            return false;
        if (path->error != 0)
            return true;
        bool plain = S_ISREG(path->st.st_mode) && (observed->flags & (O_DIRECTORY | O_PATH)) == 0;
        *error = path->closed ? EACCES : 0;
        return plain || S_ISDIR(path->st.st_mode);
    }
    if (row->handler == HANDLER_EXEC)
        return path->looked && path->error != 0;
    if (looks(row) && path->by_descriptor)
        return true;
    if (row->handler == HANDLER_ACCESS && path->looked && path->error == 0)
        return asks_presence(&task->call);
    if (row->handler == HANDLER_READLINK && path->looked && path->error == 0 && !S_ISLNK(path->st.st_mode))
        *error = EINVAL;
    return looks(row) && path->looked;
}

/* Datagrams are many, and nobody waits for what becomes of them. */
static bool is_datagram(const struct task *task)
{
    return names_address(task->call.row->handler) && strncmp(task->call.row->name, "send", 4) == 0;
}

bool notes_settled(struct task *task)
{
    struct notes *notes = task->supervisor->notes;
    const struct answer *answer = &task->answer;
    if (notes == NULL || notes->tid != task->tid || answer->kind == ANSWER_WAIT)
        return false;
    notes->tid = 0;
    int error = 0;
    bool answered = answer->kind == ANSWER_RESULT;
    bool predicted = !answered && (is_datagram(task) || is_certain(task, &notes->observed, &error));
    if (looks(task->call.row) && notes->observed.path[0].by_descriptor)
        return false; /* as fstat: nothing is named */
    struct noted *noted = note(task, notes);
    if (noted == NULL) {
        recorder_lost(notes->recorder, -ENOMEM);
        return false;
    }
    noted->exchanged = noted->handler == HANDLER_RENAME && strcmp(noted->call, "renameat2") == 0 &&
                       (task->call.args[4] & RENAME_EXCHANGE) != 0;
    if (!answered && !predicted) {
        noted_free(task->noted);
        task->noted = noted;
        return true;
    }
    if (answered)
        error = answer->result < 0 ? (int)-answer->result : 0;
    tell(notes, task->process->tgid, noted, error, predicted ? RECORD_PREDICTED : 0);
    noted_free(noted);
    return false;
}

/* What the walks of calls to come know of the host's directories is brought into line. */
static void follow_change(struct task *task, const struct noted *noted)
{
    static const bool changes_directory[HANDLER_COUNT] = {
        [HANDLER_UNLINK] = true, [HANDLER_MKDIR] = true, [HANDLER_SYMLINK] = true,
        [HANDLER_RENAME] = true, [HANDLER_CHMOD] = true, [HANDLER_CHOWN] = true,
    };
    struct view *view = task->supervisor->view;
    struct caller caller = caller_of(task);
    const char *path = noted->path[0].path, *other = noted->path[1].path;
    if (is_place(noted->handler))
        view_observed_place(view, &caller);
    else if (path != NULL && changes_directory[noted->handler] && (noted->handler != HANDLER_RENAME || other != NULL))
        view_observed_change(view, &caller, path, noted->handler == HANDLER_RENAME ? other : NULL, noted->exchanged);
}

static void tell_accept(struct task *task, struct noted *noted, int descriptor)
{
    char words[ADDRESS_WORDS];
    struct caller caller = caller_of(task);
    if (!view_observe_peer(&caller, descriptor, words))
        return;
    noted->path[0].path = words;
    tell(task->supervisor->notes, task->process->tgid, noted, 0, 0);
}

/* What the run has written to is no file of before; by its descriptor, as names may have changed hands. */
static void settle_made(struct notes *notes, const struct task *task, const struct noted *noted, int64_t result)
{
    bool writes = (noted->flags & O_ACCMODE) != O_RDONLY || (noted->flags & (O_TRUNC | O_CREAT)) != 0;
    if (noted->handler == HANDLER_OPEN && (writes || (noted->flags & O_TMPFILE) == O_TMPFILE))
        hashes_opened(notes->hashes, task, (int)result);
    else if (noted->handler == HANDLER_MKNOD && noted->path[0].path != NULL && !recorder_is_of_view(notes->recorder))
        hashes_made(notes->hashes, noted->path[0].path);
}

void notes_exit(struct task *task, int64_t result)
{
    struct notes *notes = task->supervisor->notes;
    struct noted *noted = task->noted;
    if (notes == NULL || noted == NULL)
        return;
    task->noted = NULL;
    int error = result < 0 ? (int)-result : 0;
    if (noted->handler == HANDLER_ACCEPT) {
        if (result >= 0)
            tell_accept(task, noted, (int)result);
    } else if (noted->handler != HANDLER_EXEC || error != 0) {
        if (noted->handler == HANDLER_SEND_ADDR && error == EINPROGRESS)
            error = 0; /* begun, and nobody waits here */
        if (noted->handler != HANDLER_FCHDIR)
            tell(notes, task->process->tgid, noted, error, 0);
        if (error == 0 && strcmp(noted->call, "bind") == 0)
            tell_socket(notes, task->process->tgid, noted);
        if (error == 0 && !recorder_is_of_view(notes->recorder))
            follow_change(task, noted);
        if (error == 0 && notes->hashes != NULL)
            settle_made(notes, task, noted, result);
    }
    noted_free(noted);
    if (recorder_gives_up(notes->recorder))
        loop_end_all(task->supervisor);
}

enum { WORDS_MAX = 1 << 16 };

/* What /proc has of a process, up to WORDS_MAX bytes and a NUL; *cut: there is more. NULL: nothing. */
static char *read_words(pid_t pid, const char *name, size_t *size, bool *cut)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *words = fd < 0 ? NULL : malloc(WORDS_MAX + 1);
    ssize_t got = 1;
    *size = 0;
    while (words != NULL && got > 0 && *size < WORDS_MAX) {
        got = read(fd, words + *size, WORDS_MAX - *size);
        if (got > 0)
            *size += (size_t)got;
    }
    if (words == NULL)
        return NULL;
    *cut = *cut || *size == WORDS_MAX;
    if (*size > 0 && words[*size - 1] != '\0')
        words[(*size)++] = '\0';
    return words;
}

/* The files that the kernel read for it: what was named, the program that runs for a script, and its ELF interpreter.
 */
static void tell_program(struct task *task, const char *program)
{
    struct notes *notes = task->supervisor->notes;
    struct caller caller = caller_of(task);
    struct observed_path *interpreter = &notes->observed.path[0];
    struct record_event map = {.kind = RECORD_MAP, .call = "execve", .path = program};
    if (task->noted != NULL && task->noted->path[0].path != NULL) {
        tell(notes, task->process->tgid, task->noted, 0, 0);
        if (strcmp(task->noted->path[0].path, program) != 0)
            recorder_add(notes->recorder, task->process->tgid, &map);
    }
    if (notes->hashes != NULL)
        hashes_program(notes->hashes, task, program);
    view_observe_interpreter(task->supervisor->view, &caller, interpreter);
    if (notes->hashes != NULL)
        hashes_interpreter(notes->hashes);
    map.path = interpreter->path;
    map.said = strcmp(interpreter->path, interpreter->said) == 0 ? NULL : interpreter->said;
    map.flags = interpreter->in_layer && recorder_is_of_view(notes->recorder) ? RECORD_IN_LAYER : 0;
    if (interpreter->used && interpreter->path[0] != '\0')
        recorder_add(notes->recorder, task->process->tgid, &map);
}

void notes_executed(struct task *task)
{
    struct notes *notes = task->supervisor->notes;
    char program[PATH_MAX], cwd[PATH_MAX];
    pid_t pid = task->process->tgid;
    bool cut = false;
    if (notes == NULL)
        return;
    struct record_event event = {.kind = RECORD_EXECUTED, .call = "execve"};
    cleanup_free char *words = read_words(pid, "cmdline", &event.executed.words_size, &cut);
    cleanup_free char *environment = NULL;
    if (recorder_wants_environment(notes->recorder))
        environment = read_words(pid, "environ", &event.executed.environment_size, &cut);
    (void)view_observe_link(task->supervisor->view, pid, "exe", program);
    event.path = program;
    event.flags = cut ? RECORD_CUT : 0;
    event.executed.words = words;
    event.executed.environment = environment;
    event.executed.cwd = fs_context_cwd(task->fs, cwd) == 0 ? cwd : NULL;
    recorder_add(notes->recorder, pid, &event);
    tell_program(task, program);
    noted_free(task->noted);
    task->noted = NULL;
}

void notes_started(struct supervisor *supervisor, pid_t pid, pid_t parent, bool shares_memory)
{
    if (supervisor->notes != NULL)
        recorder_start(supervisor->notes->recorder, pid, parent, shares_memory);
}

void notes_ended(struct supervisor *supervisor, pid_t pid, int status, const struct rusage *usage)
{
    if (supervisor->notes != NULL)
        recorder_exit(supervisor->notes->recorder, pid, status, usage);
}

void notes_violation(struct violations *violations, const struct violation *violation)
{
    char *text = NULL;
    size_t length = 0;
    char rule[PATH_MAX];
    struct notes *notes = violations->supervisor == NULL ? NULL : violations->supervisor->notes;
    FILE *out = notes == NULL ? NULL : open_memstream(&text, &length);
    if (out == NULL)
        return;
    violation_put(out, violations, violation);
    struct policy_rule found = {.file = ""};
    if (violation->rule > 0)
        found = policy_rule_get(violations->policy, violation->rule);
    (void)snprintf(rule, sizeof rule, "%s:%u: %.*s", found.file, found.line, (int)found.text_length, found.text);
    struct record_event event = {
        .kind = RECORD_VIOLATION,
        .call = violation->call,
        .error = violation->error,
        .path = violation->path,
        .said = violation->said,
        .violation = {.rule = violation->rule > 0 ? rule : NULL},
    };
    if (fclose(out) == 0) {
        event.violation.text = text;
        recorder_add(notes->recorder, violation->pid, &event);
    }
    free(text);
}
