#include "supervisor/notes_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void noted_free(struct noted *noted)
{
    free(noted);
}

bool noted_names_address(enum handler handler)
{
    return handler == HANDLER_SEND_ADDR || handler == HANDLER_SENDMSG;
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
struct noted *noted_new(const struct task *task, const struct notes *notes)
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
            .to_layer = path->to_layer && recorder_is_of_view(notes->recorder),
            .directory = is_directory(path),
            .path = keep(&at, path->path),
            .said = path->by_descriptor ? NULL : keep(&at, path->said),
        };
    }
    return noted;
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

/* What was changed, was it in the layer; of anything else, does it lie there. */
static bool is_of_layer(const struct noted *noted, enum record_kind kind, int error)
{
    bool changes = kind >= RECORD_WRITE && kind <= RECORD_METADATA;
    bool second = kind == RECORD_RENAME || kind == RECORD_LINK;
    return changes ? error == 0 && noted->path[second].to_layer : noted->path[0].in_layer;
}

static unsigned flags_of(const struct noted *noted, enum record_kind kind, int error)
{
    const struct noted_path *path = &noted->path[0];
    bool both = noted->handler == HANDLER_OPEN && (noted->flags & (O_ACCMODE | O_TRUNC)) == O_RDWR;
    unsigned flags = is_of_layer(noted, kind, error) ? RECORD_IN_LAYER : 0;
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
void noted_tell_socket(struct notes *notes, pid_t pid, const struct noted *noted)
{
    static const char prefix[] = "unix:";
    const char *path = noted->path[0].path;
    struct record_event event = {.kind = RECORD_CREATE, .call = noted->call};
    if (path == NULL || strncmp(path, prefix, strlen(prefix)) != 0 || path[strlen(prefix)] != '/')
        return;
    event.path = path + strlen(prefix);
    event.flags = flags_of(noted, event.kind, 0);
    recorder_add(notes->recorder, pid, &event);
}

void noted_tell(struct notes *notes, pid_t pid, const struct noted *noted, int error, unsigned more_flags)
{
    enum record_kind kind = kind_of(noted);
    bool one_path = kind != RECORD_RENAME && kind != RECORD_LINK && kind != RECORD_CREATE;
    /* What is there is not absent: the interpreter of a script is, or a file is no directory. */
    if (is_absence(error) && one_path && kind < RECORD_CONNECT && !noted->path[0].exists)
        kind = RECORD_ABSENT;
    struct record_event event = {
        .kind = kind,
        .flags = flags_of(noted, kind, error) | more_flags,
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
