/*
 * Lines as strace -f writes them, for eyes and scripts that know those: PID SECONDS call("path"...) = 0. What a record
 * does not have is left away: descriptors, most flags, and calls that are about no name.
 */
#include "supervisor/record/formats.h"

#include "emul/cleanup.h"
#include "supervisor/record/follow.h"
#include "supervisor/record/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <uthash.h>

struct named {
    uint32_t process;
    int32_t pid;
    UT_hash_handle hh;
};

/* As strace does: what is no printable ASCII in octal, as short as what follows allows. `also`: escaped, too. */
static void put_bytes(FILE *out, const char *text, const char *also)
{
    static const char bytes[] = "\n\t\r\f\v\"\\", letters[] = "ntrfv\"\\";
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        const char *letter = strchr(bytes, *p);
        bool digit_follows = p[1] >= '0' && p[1] <= '7';
        if (letter != NULL)
            (void)fprintf(out, "\\%c", letters[letter - bytes]);
        else if (*p < ' ' || *p >= 0x7f || strchr(also, *p) != NULL)
            (void)fprintf(out, digit_follows ? "\\%03o" : "\\%o", *p);
        else
            (void)fputc(*p, out);
    }
}

static void put_quoted(FILE *out, const char *text)
{
    (void)fputc('"', out);
    put_bytes(out, text, "");
    (void)fputc('"', out);
}

/* What the program said, and behind it, as strace -y does for descriptors, what that was. */
static void put_name(FILE *out, const char *said, const char *path)
{
    const char *first = said != NULL ? said : path;
    if (first == NULL)
        return;
    put_quoted(out, first);
    if (path == NULL || strcmp(first, path) == 0)
        return;
    (void)fputc('<', out);
    put_bytes(out, path, "<>");
    (void)fputc('>', out);
}

static void put_head(struct follow *follow, uint32_t process, uint64_t time)
{
    struct named **names = follow->data, *named = NULL;
    HASH_FIND(hh, *names, &process, sizeof process, named);
    FILE *out = follow->context->out;
    if (named != NULL)
        (void)fprintf(out, "%-5" PRId32, named->pid);
    else
        (void)fprintf(out, "?%-4" PRIu32, process);
    (void)fprintf(out, " %" PRIu64 ".%06" PRIu64 " ", time / 1000000000, time / 1000 % 1000000);
}

static void put_result(FILE *out, int error)
{
    char room[16];
    if (error == 0)
        (void)fputs(" = 0", out);
    else
        (void)fprintf(out, " = -1 %s (%s)", lines_error(error, room), strerror(error));
}

/* Those flags of an open that the kind of event says. */
static const char *open_flags(const struct record_event *event, enum record_kind kind)
{
    bool both = (event->flags & RECORD_FOR_BOTH) != 0;
    if (event->call == NULL || strncmp(event->call, "open", 4) != 0)
        return "";
    if (kind == RECORD_READ)
        return ", O_RDONLY";
    if (kind == RECORD_LIST)
        return ", O_RDONLY|O_DIRECTORY";
    if (kind == RECORD_WRITE)
        return both ? ", O_RDWR" : ", O_WRONLY";
    return kind != RECORD_CREATE ? "" : both ? ", O_RDWR|O_CREAT" : ", O_WRONLY|O_CREAT";
}

static void put_call(FILE *out, const struct record_event *event, enum record_kind kind)
{
    const char *word = record_kind_word(kind);
    (void)fprintf(out, "%s(", event->call != NULL ? event->call : word != NULL ? word : "?");
    bool text_first = kind == RECORD_CREATE && event->path2 != NULL; /* symlink("text", "path") */
    if (text_first) {
        put_quoted(out, event->path2);
        (void)fputs(", ", out);
    }
    put_name(out, event->said, event->path);
    if (!text_first && (event->path2 != NULL || event->said2 != NULL)) {
        (void)fputs(", ", out);
        put_name(out, event->said2, event->path2);
    }
    (void)fprintf(out, "%s)", open_flags(event, kind));
    put_result(out, event->error);
}

static int put_start(struct follow *follow, const struct record_event *event)
{
    struct named **names = follow->data, *named = NULL;
    HASH_FIND(hh, *names, &event->process, sizeof event->process, named);
    if (named == NULL) {
        named = calloc(1, sizeof *named);
        if (named == NULL)
            return -ENOMEM;
        named->process = event->process;
        HASH_ADD(hh, *names, process, sizeof named->process, named);
    }
    named->pid = event->start.pid;
    if (event->start.parent == 0)
        return 0;
    put_head(follow, event->start.parent, event->time);
    const char *call = event->call != NULL ? event->call : event->start.thread_like ? "vfork" : "fork";
    (void)fprintf(follow->context->out, "%s() = %" PRId32 "\n", call, event->start.pid);
    return 0;
}

static void put_executed(FILE *out, const struct record_event *event)
{
    (void)fprintf(out, "%s(", event->call != NULL ? event->call : "execve");
    put_name(out, event->said, event->path);
    (void)fputs(", [", out);
    for (size_t at = 0; event->executed.words != NULL && at < event->executed.words_size;) {
        cleanup_free char *word = strndup(event->executed.words + at, event->executed.words_size - at);
        if (word == NULL)
            break;
        (void)fputs(at == 0 ? "" : ", ", out);
        put_quoted(out, word);
        at += strlen(word) + 1;
    }
    (void)fputs((event->flags & RECORD_CUT) != 0 ? ", ...])" : "])", out);
    put_result(out, event->error);
}

static void put_exit(FILE *out, int status)
{
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (!WIFSIGNALED(status))
        (void)fprintf(out, "+++ exited with %d +++", WEXITSTATUS(status));
    else if (name == NULL)
        (void)fprintf(out, "+++ killed by SIG_%d +++", WTERMSIG(status));
    else
        (void)fprintf(out, "+++ killed by SIG%s%s +++", name, WCOREDUMP(status) ? " (core dumped)" : "");
}

static void put_note(FILE *out, const char *what, const char *path)
{
    (void)fprintf(out, "--- %s ", what);
    put_name(out, NULL, path);
    (void)fputs(" ---", out);
}

/* Events that strace would see nothing of, or in another line. */
static bool is_silent(const struct record_event *event)
{
    bool said_by_executed = event->kind == RECORD_EXEC && event->error == 0;
    return event->kind == RECORD_BEGIN || event->kind == RECORD_END || event->kind == RECORD_HASH || said_by_executed;
}

static int put_event(struct follow *follow, const struct record_event *event, const struct record_damage *damage)
{
    FILE *out = follow->context->out;
    if (event == NULL) {
        (void)fprintf(out, "--- %s ---\n", follow_damage(damage).text);
        return 0;
    }
    if (is_silent(event))
        return 0;
    if (event->kind == RECORD_START)
        return put_start(follow, event);
    put_head(follow, event->process, event->time);
    if (event->kind == RECORD_EXECUTED)
        put_executed(out, event);
    else if (event->kind == RECORD_EXIT)
        put_exit(out, event->exit.status);
    else if (event->kind == RECORD_MAP)
        put_note(out, "map", event->path);
    else if (event->kind == RECORD_VIOLATION)
        put_note(out, "refused", event->path);
    else
        put_call(out, event, event->kind == RECORD_REPEAT ? event->of : event->kind);
    if (event->kind == RECORD_REPEAT)
        (void)fprintf(out, " /* and %" PRIu64 " more */", event->count);
    (void)fputc('\n', out);
    return 0;
}

int format_strace(struct format_context *context)
{
    struct named *names = NULL;
    struct follow follow = {.context = context, .put = put_event, .data = &names};
    int status = follow_record(&follow);
    struct named *first = names;
    HASH_CLEAR(hh, names);
    for (struct named *named = first, *next; named != NULL; named = next) {
        next = named->hh.next;
        free(named);
    }
    return status;
}
