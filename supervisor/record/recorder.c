#include "supervisor/record/recorder.h"

#include "emul/cleanup.h"
#include "supervisor/record/store.h"
#include "supervisor/text.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

/*
 * Facts that are remembered, of all processes together, and bytes of their names, which may be long: some ten megabytes
 * for a build, and no more than three times that. More are said again.
 */
enum { FACTS_MAX = 1 << 16, FACTS_SIZE_MAX = 16 << 20 };

/* What has been said of a process. */
struct fact {
    UT_hash_handle hh; /* in its process */
    uint64_t count;    /* how often more */
    size_t size;       /* of key */
    enum record_kind kind;
    unsigned flags;
    const char *call; /* of the table */
    int error;
    const char *texts[4]; /* path, path2, said, said2: in the key, or NULL */
    char key[];
};

struct known_process {
    UT_hash_handle hh; /* by pid */
    pid_t pid;
    uint32_t number;
    struct fact *facts;
};

struct recorder {
    struct record_writer *writer;
    struct known_process *processes;
    const char *path; /* borrowed */
    uint64_t began;   /* ns of CLOCK_MONOTONIC */
    uint32_t numbers; /* of processes, so far */
    size_t facts, facts_size;
    uint64_t lost;
    int error; /* of the writer, which takes nothing any more; or 0 */
    bool told; /* the user knows that something is missing */
    bool streams, environment, view, stop_on_error;
    unsigned hashes;
    char key[4 * PATH_MAX]; /* of the event that is looked for */
};

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* The user is told at once, and once. */
void recorder_lost(struct recorder *recorder, int error)
{
    recorder->lost++;
    if (recorder->told)
        return;
    recorder->told = true;
    error_errno(recorder->path, error);
    if (recorder->stop_on_error)
        error_text("the record is not complete: the command is ended");
    else if (recorder->error != 0)
        error_text("the record cannot be written any further: the command goes on (--on-record-error=stop ends it)");
    else
        error_text("an event is missing in the record: the command goes on (--on-record-error=stop ends it)");
}

static void write_event(struct recorder *recorder, struct record_event *event)
{
    event->time = now_ns(CLOCK_MONOTONIC) - recorder->began;
    if (recorder->error == 0)
        recorder->error = record_writer_add(recorder->writer, event);
    if (recorder->error < 0)
        recorder_lost(recorder, recorder->error);
}

static struct known_process *find(const struct recorder *recorder, pid_t pid)
{
    struct known_process *process;
    HASH_FIND(hh, recorder->processes, &pid, sizeof pid, process);
    return process;
}

uint32_t recorder_process(const struct recorder *recorder, pid_t pid)
{
    const struct known_process *process = find(recorder, pid);
    return process == NULL ? 0 : process->number;
}

/* Says how often what was said of a process has happened again, and forgets it. */
static void forget(struct recorder *recorder, struct known_process *process)
{
    struct fact *fact, *next;
    HASH_ITER(hh, process->facts, fact, next)
    {
        struct record_event event = {
            .kind = RECORD_REPEAT,
            .of = fact->kind,
            .process = process->number,
            .flags = fact->flags,
            .call = fact->call,
            .error = fact->error,
            .count = fact->count,
            .path = fact->texts[0],
            .path2 = fact->texts[1],
            .said = fact->texts[2],
            .said2 = fact->texts[3],
        };
        if (fact->count > 0)
            write_event(recorder, &event);
        HASH_DEL(process->facts, fact);
        recorder->facts--;
        recorder->facts_size -= fact->size;
        free(fact);
    }
}

static void forget_all(struct recorder *recorder)
{
    struct known_process *process, *next;
    HASH_ITER(hh, recorder->processes, process, next)
    {
        forget(recorder, process);
    }
}

/* What makes a fact another one; its texts follow, each with a NUL, those that are there. */
struct fact_key {
    enum record_kind kind;
    unsigned flags;
    int error;
    uint32_t sizes[4];
    const char *call;
};

/* Puts the key into recorder->key. Its size; 0: the texts are too long to be remembered. */
static size_t fill_key(struct recorder *recorder, const struct record_event *event)
{
    const char *const texts[4] = {event->path, event->path2, event->said, event->said2};
    struct fact_key key;
    size_t size = sizeof key;
    memset(&key, 0, sizeof key);
    key.kind = event->kind;
    key.flags = event->flags;
    key.error = event->error;
    key.call = event->call;
    for (int i = 0; i < 4; i++) {
        size_t length = texts[i] == NULL ? 0 : strlen(texts[i]) + 1;
        if (length > sizeof recorder->key - size)
            return 0;
        key.sizes[i] = (uint32_t)length;
        if (length > 0)
            memcpy(recorder->key + size, texts[i], length);
        size += length;
    }
    memcpy(recorder->key, &key, sizeof key);
    return size;
}

static struct fact *new_fact(const struct recorder *recorder, size_t size)
{
    struct fact_key key;
    struct fact *fact = calloc(1, sizeof *fact + size);
    if (fact == NULL)
        return NULL;
    memcpy(&key, recorder->key, sizeof key);
    memcpy(fact->key, recorder->key, size);
    fact->size = size;
    fact->kind = key.kind;
    fact->flags = key.flags;
    fact->call = key.call;
    fact->error = key.error;
    const char *at = fact->key + sizeof key;
    for (int i = 0; i < 4; i++) {
        fact->texts[i] = key.sizes[i] == 0 ? NULL : at;
        at += key.sizes[i];
    }
    return fact;
}

/* Whether the event has been said before: then it is counted. Else it is remembered, where there is room. */
static bool is_known(struct recorder *recorder, const struct record_event *event, struct known_process *process)
{
    struct fact *fact;
    size_t size = fill_key(recorder, event);
    if (size == 0)
        return false;
    HASH_FIND(hh, process->facts, recorder->key, size, fact);
    if (fact != NULL) {
        fact->count++;
        return true;
    }
    if (recorder->facts >= FACTS_MAX || recorder->facts_size >= FACTS_SIZE_MAX)
        forget_all(recorder);
    fact = new_fact(recorder, size);
    if (fact != NULL) {
        HASH_ADD_KEYPTR(hh, process->facts, fact->key, size, fact);
        recorder->facts++;
        recorder->facts_size += size;
    }
    return false;
}

/* The order of these is what matters; each is told for itself. */
static bool can_repeat(enum record_kind kind)
{
    return kind >= RECORD_READ && kind <= RECORD_ACCEPT && kind != RECORD_CREATE && kind != RECORD_DELETE &&
           kind != RECORD_RENAME && kind != RECORD_LINK;
}

void recorder_add(struct recorder *recorder, pid_t pid, struct record_event *event)
{
    struct known_process *process = find(recorder, pid);
    event->process = process == NULL ? 0 : process->number;
    if (recorder->streams || process == NULL || !can_repeat(event->kind) || !is_known(recorder, event, process))
        write_event(recorder, event);
}

void recorder_start(struct recorder *recorder, pid_t pid, pid_t parent, bool shares_memory)
{
    struct known_process *process = find(recorder, pid);
    if (process == NULL) {
        process = calloc(1, sizeof *process);
        if (process == NULL) {
            recorder_lost(recorder, -ENOMEM);
            return;
        }
        process->pid = pid;
        HASH_ADD(hh, recorder->processes, pid, sizeof process->pid, process);
    }
    process->number = ++recorder->numbers;
    struct record_event event = {
        .kind = RECORD_START,
        .process = process->number,
        .start = {.pid = pid, .parent = recorder_process(recorder, parent), .thread_like = shares_memory},
    };
    write_event(recorder, &event);
}

static uint64_t microseconds(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

static void remove_process(struct recorder *recorder, struct known_process *process)
{
    forget(recorder, process);
    HASH_DEL(recorder->processes, process);
    free(process);
}

void recorder_exit(struct recorder *recorder, pid_t pid, int status, const struct rusage *usage)
{
    struct known_process *process = find(recorder, pid);
    if (process == NULL)
        return;
    struct record_event event = {
        .kind = RECORD_EXIT,
        .process = process->number,
        .exit = {.status = status,
                 .user_us = microseconds(&usage->ru_utime),
                 .system_us = microseconds(&usage->ru_stime),
                 .max_resident_kb = (uint64_t)usage->ru_maxrss,
                 .block_in = (uint64_t)usage->ru_inblock,
                 .block_out = (uint64_t)usage->ru_oublock},
    };
    remove_process(recorder, process);
    write_event(recorder, &event);
}

uint32_t recorder_processes(const struct recorder *recorder)
{
    return recorder->numbers;
}

bool recorder_wants_environment(const struct recorder *recorder)
{
    return recorder->environment;
}

unsigned recorder_hashes(const struct recorder *recorder)
{
    return recorder->hashes;
}

int recorder_descriptor(const struct recorder *recorder)
{
    return record_writer_descriptor(recorder->writer);
}

bool recorder_is_of_view(const struct recorder *recorder)
{
    return recorder->view;
}

bool recorder_gives_up(const struct recorder *recorder)
{
    return recorder->lost > 0 && recorder->stop_on_error;
}

/* The words one behind the other, each with its NUL; NULL without memory. */
static char *join(char *const *argv, size_t *size)
{
    *size = 0;
    for (char *const *word = argv; *word != NULL; word++)
        *size += strlen(*word) + 1;
    char *words = malloc(*size + 1), *at = words;
    for (char *const *word = argv; words != NULL && *word != NULL; word++) {
        memcpy(at, *word, strlen(*word) + 1);
        at += strlen(*word) + 1;
    }
    return words;
}

static void write_begin(struct recorder *recorder, const struct recorder_options *options)
{
    char host[256] = "";
    struct record_event event = {.kind = RECORD_BEGIN};
    cleanup_free char *words = join(options->argv, &event.begin.command_size);
    cleanup_free char *cwd = getcwd(NULL, 0);
    const struct passwd *user = getpwuid(geteuid());
    (void)gethostname(host, sizeof host - 1);
    event.begin.epoch = now_ns(CLOCK_REALTIME);
    event.begin.command = words;
    event.begin.cwd = cwd;
    event.begin.host = host;
    event.begin.user = user == NULL ? NULL : user->pw_name;
    event.begin.version = COFFER_VERSION;
    event.begin.view = options->view;
    event.begin.streams = options->streams;
    write_event(recorder, &event);
}

struct recorder *recorder_new(const struct recorder_options *options)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        error_errno(options->path, -ENOMEM);
        return NULL;
    }
    recorder->path = options->path;
    recorder->streams = options->streams;
    recorder->environment = options->environment;
    recorder->view = options->view;
    recorder->stop_on_error = options->stop_on_error;
    recorder->hashes = options->hashes;
    recorder->began = now_ns(CLOCK_MONOTONIC);
    int status = record_writer_open(&recorder->writer, options->path);
    if (status < 0) {
        error_errno(options->path, status);
        free(recorder);
        return NULL;
    }
    /* It is for the user's eyes, as /proc/PID/environ is. */
    if (options->environment)
        (void)fchmod(record_writer_descriptor(recorder->writer), S_IRUSR | S_IWUSR);
    write_begin(recorder, options);
    return recorder;
}

bool recorder_free(struct recorder *recorder, int status)
{
    struct known_process *process, *next;
    HASH_ITER(hh, recorder->processes, process, next)
    {
        remove_process(recorder, process);
    }
    struct record_event event = {.kind = RECORD_END, .end = {.status = status, .lost = recorder->lost}};
    bool whole = recorder->error == 0;
    if (whole)
        write_event(recorder, &event);
    int closed = record_writer_close(recorder->writer);
    if (closed < 0 && recorder->error == 0) {
        error_errno(recorder->path, closed);
        whole = false;
    }
    whole = whole && recorder->lost == 0;
    free(recorder);
    return whole;
}
