#include "supervisor/notes_internal.h"

#include "emul/cleanup.h"
#include "supervisor/caller.h"
#include "supervisor/hashes.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool notes_give_up(const struct supervisor *supervisor)
{
    return supervisor->notes != NULL && recorder_gives_up(supervisor->notes->recorder);
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
    if (noted_names_address(handler)) {
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
        bool plain = S_ISREG(path->st.st_mode) && (observed->flags & (O_DIRECTORY | O_PATH | O_NOATIME)) == 0;
        *error = path->closed ? EACCES : 0;
        return plain || S_ISDIR(path->st.st_mode);
    }
    if (row->handler == HANDLER_EXEC)
        return path->looked && path->error != 0;
    if (looks(row) && path->by_descriptor)
        return true;
    if (row->handler == HANDLER_ACCESS && path->looked && path->error == 0)
        return asks_presence(&task->call);
    if ((row->handler == HANDLER_GETXATTR || row->handler == HANDLER_STATFS) && path->error == 0)
        return false; /* an attribute may be missing */
    if (row->handler == HANDLER_READLINK && path->looked && path->error == 0 && !S_ISLNK(path->st.st_mode))
        *error = EINVAL;
    return looks(row) && path->looked;
}

/* Datagrams are many, and nobody waits for what becomes of them. */
static bool is_datagram(const struct task *task)
{
    return noted_names_address(task->call.row->handler) && strncmp(task->call.row->name, "send", 4) == 0;
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
    struct noted *noted = noted_new(task, notes);
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
    noted_tell(notes, task->process->tgid, noted, error, predicted ? RECORD_PREDICTED : 0);
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
    noted_tell(task->supervisor->notes, task->process->tgid, noted, 0, 0);
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
            noted_tell(notes, task->process->tgid, noted, error, 0);
        if (error == 0 && strcmp(noted->call, "bind") == 0)
            noted_tell_socket(notes, task->process->tgid, noted);
        if (error == 0 && !recorder_is_of_view(notes->recorder))
            follow_change(task, noted);
        if (error == 0 && notes->hashes != NULL)
            settle_made(notes, task, noted, result);
    }
    noted_free(noted);
}
