#include "supervisor/hashes.h"

#include "emul/cleanup.h"
#include "emul/sys.h"
#include "supervisor/record/file_system.h"
#include "supervisor/record/hashing.h"
#include "supervisor/record/outputs.h"
#include "supervisor/supervisor.h"
#include "supervisor/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

/* What is read in the stop itself, in less time than it takes to hand it over. */
enum { AT_ONCE_MAX = 64 * 1024 };

/* Larger files, and large ones that are mostly holes, take hours to read, while a program may wait. */
static const off_t SIZE_MOST = (off_t)64 << 30, HOLES_MOST = (off_t)1 << 30, BLOCK_SIZE = 512;

/* What a call does to the file that a path names. */
enum role {
    ROLE_NONE,
    ROLE_READ,   /* uses its content */
    ROLE_CHANGE, /* is about to change it */
    ROLE_LOSE,   /* takes a name of it away: who holds it open still has the content */
    ROLE_TOUCH,  /* changes its ctime */
    ROLE_TIMES,  /* sets its times, by which one sees that it is as it was */
};

struct hashes {
    struct recorder *recorder; /* borrowed, as are the next two */
    struct observed *observed;
    struct supervisor *supervisor;
    const struct task *task; /* whose call is observed */
    struct hashing *hashing;
    struct file_systems file_systems;
    struct observe_wish wish;
    struct timespec began; /* by the clock of the file systems */
    unsigned algorithms;
    bool waits; /* the call has to */
    bool tried; /* to make `hashing` */
};

static enum role open_role(int flags)
{
    if ((flags & O_PATH) != 0 || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return ROLE_NONE;
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0 ? ROLE_CHANGE : ROLE_READ;
}

static enum role role_of(const struct hashes *hashes)
{
    static const enum role roles[HANDLER_COUNT] = {
        [HANDLER_EXEC] = ROLE_READ,          [HANDLER_TRUNCATE] = ROLE_CHANGE, [HANDLER_UNLINK] = ROLE_LOSE,
        [HANDLER_RENAME] = ROLE_LOSE,        [HANDLER_LINK] = ROLE_TOUCH,      [HANDLER_CHMOD] = ROLE_TOUCH,
        [HANDLER_CHOWN] = ROLE_TOUCH,        [HANDLER_SETXATTR] = ROLE_TOUCH,  [HANDLER_REMOVEXATTR] = ROLE_TOUCH,
        [HANDLER_FCHMOD] = ROLE_TOUCH,       [HANDLER_FCHOWN] = ROLE_TOUCH,    [HANDLER_FSETXATTR] = ROLE_TOUCH,
        [HANDLER_FREMOVEXATTR] = ROLE_TOUCH, [HANDLER_UTIMENS] = ROLE_TIMES,   [HANDLER_IOCTL_FLAGS] = ROLE_TOUCH,
        [HANDLER_FILE_ATTR] = ROLE_TOUCH,
    };
    if (hashes->task == NULL)
        return ROLE_READ; /* the interpreter of a program */
    enum handler handler = hashes->task->call.row->handler;
    return handler == HANDLER_OPEN ? open_role(hashes->observed->flags) : roles[handler];
}

static bool is_view(const struct hashes *hashes)
{
    return recorder_is_of_view(hashes->recorder);
}

/* A layer of before holds files of before; what has been written there since is the run's. */
static bool is_of_run(const struct hashes *hashes, const struct stat *st)
{
    return st->st_ctim.tv_sec > hashes->began.tv_sec ||
           (st->st_ctim.tv_sec == hashes->began.tv_sec && st->st_ctim.tv_nsec >= hashes->began.tv_nsec);
}

/* The call goes on when the file has been hashed, or there is nothing (more) to do. */
static void meet_pending(struct hashes *hashes, const struct stat *st, enum role role)
{
    if (role == ROLE_LOSE || role == ROLE_TOUCH)
        hashing_touch(hashes->hashing, st);
    if (role != ROLE_CHANGE && role != ROLE_TIMES)
        return;
    hashing_hurry(hashes->hashing, st);
    hashes->waits = true;
}

static bool wants(void *context, const struct observed_path *path)
{
    struct hashes *hashes = context;
    enum role role = role_of(hashes);
    if (role == ROLE_NONE || hashes->hashing == NULL)
        return false;
    enum hashing_progress progress = hashing_progress(hashes->hashing, &path->st);
    if (progress == HASHING_PENDING)
        meet_pending(hashes, &path->st, role);
    if (progress != HASHING_NEW)
        return false;
    /* In a view a changed mode makes a copy, which is no file of before. */
    if (((role == ROLE_TOUCH || role == ROLE_TIMES) && !is_view(hashes)) || (role == ROLE_READ && path->closed))
        return false;
    if (is_view(hashes) && path->in_layer && is_of_run(hashes, &path->st))
        return false;
    hashes->waits = hashes->waits || !hashing_has_room(hashes->hashing);
    return !hashes->waits;
}

/* The descriptor is O_PATH, and that of a regular file. A descriptor for reading, or -errno. */
static int open_for_reading(struct hashes *hashes, int fd, struct stat *st, enum file_system_kind *kind)
{
    if (fstat(fd, st) < 0)
        return -errno;
    *kind = file_system_kind(&hashes->file_systems, fd, st->st_dev);
    if (!S_ISREG(st->st_mode) || *kind == FILE_SYSTEM_PSEUDO)
        return -EINVAL;
    /* Opened here, it would wait for a program that may wait for us. */
    if (*kind == FILE_SYSTEM_PROGRAM)
        return -EDEADLK;
    if (st->st_size > SIZE_MOST || (st->st_size > HOLES_MOST && st->st_blocks < st->st_size / BLOCK_SIZE / 2))
        return -EFBIG;
    int opened = sys_open_again(fd, O_RDONLY | O_NONBLOCK | O_NOATIME, 0);
    return opened == -EPERM ? sys_open_again(fd, O_RDONLY | O_NONBLOCK, 0) : opened;
}

/* Has a file hashed that the run is about to use. */
static void take(struct hashes *hashes, int fd, const char *path, bool in_layer, enum role role)
{
    struct stat st;
    enum file_system_kind kind = FILE_SYSTEM_PSEUDO;
    struct hashing_file file = {
        .fd = open_for_reading(hashes, fd, &st, &kind),
        .st = &st,
        .path = path,
        .state = RECORD_BEFORE,
        .urgent = role == ROLE_CHANGE,
        .in_layer = in_layer,
        .touched = role == ROLE_LOSE,
    };
    if ((file.fd == -EMFILE || file.fd == -ENFILE) && hashing_is_busy(hashes->hashing)) {
        hashes->waits = true;
        return;
    }
    if (file.fd < 0) {
        hashing_settle(hashes->hashing, &st);
        return;
    }
    bool at_once = file.urgent && st.st_size <= AT_ONCE_MAX && kind == FILE_SYSTEM_OWN;
    if (at_once ? !hashing_add_now(hashes->hashing, &file) : !hashing_add(hashes->hashing, &file))
        hashing_settle(hashes->hashing, &st);
    else
        hashes->waits = hashes->waits || (file.urgent && !at_once);
}

/* Takes in what has been computed. */
static void collect(struct hashes *hashes)
{
    struct hashing_result result;
    while (hashing_next(hashes->hashing, &result)) {
        for (unsigned i = 1; result.digests != NULL && i < RECORD_HASH_COUNT; i++) {
            if ((result.digests->algorithms & 1U << i) == 0)
                continue;
            struct record_event event = {
                .kind = RECORD_HASH,
                .flags = result.in_layer ? RECORD_IN_LAYER : 0,
                .path = result.path,
                .hash = {.algorithm = (enum record_hash)i,
                         .state = result.state,
                         .size = result.digests->size,
                         .digest_size = result.digests->of[i].size},
            };
            memcpy(event.hash.digest, result.digests->of[i].bytes, result.digests->of[i].size);
            recorder_add(hashes->recorder, 0, &event);
        }
    }
}

/* From a thread of the hashing: those that wait are observed again. */
static void wake(void *context)
{
    const struct hashes *hashes = context;
    struct supervisor *supervisor = hashes->supervisor;
    struct task *task;
    (void)pthread_mutex_lock(&supervisor->lock);
    DL_FOREACH2(supervisor->parked, task, next_parked)
    {
        if (task->answer.worker != HASHES_WORKER)
            continue;
        task->worker_done = true;
        tracer_ring(task->tracer);
    }
    (void)pthread_mutex_unlock(&supervisor->lock);
}

struct hashes *hashes_new(struct recorder *recorder, unsigned algorithms, struct observed *observed)
{
    struct hashes *hashes = calloc(1, sizeof *hashes);
    /* Loads the library, while nobody is confined. */
    struct digester *digester = digester_new(algorithms, NULL);
    digester_free(digester);
    if (hashes == NULL || digester == NULL) {
        error_text("--hash: libcrypto (libssl3) is not there, or cannot compute this");
        free(hashes);
        return NULL;
    }
    *hashes = (struct hashes){
        .recorder = recorder,
        .observed = observed,
        .algorithms = algorithms,
        .wish = {.wants = wants, .context = hashes},
    };
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &hashes->began);
    observed->path[0].wish = observed->path[1].wish = &hashes->wish;
    return hashes;
}

void hashes_free(struct hashes *hashes)
{
    if (hashes == NULL)
        return;
    hashing_free(hashes->hashing);
    free(hashes);
}

/* What the command has inherited to write to is the run's, whoever made it. */
static void settle_inherited(struct hashes *hashes)
{
    enum { INHERITED_MOST = 1024 };
    struct stat st;
    for (int fd = 0; fd < INHERITED_MOST; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC) != 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
            hashing_settle(hashes->hashing, &st);
    }
}

/* Not before the command was forked: it has the limits, and the threads are the supervisor's. */
static void start(struct hashes *hashes, struct supervisor *supervisor)
{
    const struct hashing_options options = {
        .algorithms = hashes->algorithms,
        .cpus = &supervisor->cpus,
        .wake = wake,
        .context = hashes,
    };
    hashes->tried = true;
    hashes->supervisor = supervisor;
    hashes->hashing = hashing_new(&options);
    if (hashes->hashing == NULL)
        error_text("--hash: no memory; the record has no digests");
    else
        settle_inherited(hashes);
}

void hashes_begin(struct hashes *hashes, struct task *task)
{
    if (!hashes->tried)
        start(hashes, task->supervisor);
    hashes->task = task;
    hashes->waits = false;
    if (hashes->hashing != NULL)
        collect(hashes);
}

/* A change by a descriptor: whether the file is on its way is only asked while one is. */
static void look_at_descriptor(struct hashes *hashes, const struct observed_path *path)
{
    char name[64];
    struct stat st;
    const struct call *call = &hashes->task->call;
    enum role role = role_of(hashes);
    int place = call->row->fd >= 0 ? call->row->fd : call->row->path[0].dirfd; /* futimens() gives no path */
    if (!path->by_descriptor || place < 0 || role < ROLE_TOUCH || !hashing_is_busy(hashes->hashing))
        return;
    (void)snprintf(name, sizeof name, "/proc/%d/fd/%d", (int)hashes->task->tid, (int)call->args[place]);
    if (sys_fstatat(AT_FDCWD, name, &st, 0) == 0 && hashing_progress(hashes->hashing, &st) == HASHING_PENDING)
        meet_pending(hashes, &st, role);
}

bool hashes_look(struct hashes *hashes)
{
    if (hashes->hashing == NULL)
        return true;
    for (int i = 0; i < 2; i++) {
        struct observed_path *path = &hashes->observed->path[i];
        cleanup_fd int fd = path->fd;
        path->fd = -1;
        if (fd >= 0)
            take(hashes, fd, path->path, path->in_layer && is_view(hashes), role_of(hashes));
    }
    look_at_descriptor(hashes, &hashes->observed->path[0]);
    return !hashes->waits;
}

bool hashes_wait(struct hashes *hashes)
{
    return hashing_wait(hashes->hashing);
}

void hashes_opened(struct hashes *hashes, const struct task *task, int fd)
{
    char name[64];
    struct stat st;
    if (hashes->hashing == NULL)
        return;
    (void)snprintf(name, sizeof name, "/proc/%d/fd/%d", (int)task->tid, fd);
    if (sys_fstatat(AT_FDCWD, name, &st, 0) == 0 && S_ISREG(st.st_mode))
        hashing_settle(hashes->hashing, &st);
}

void hashes_made(struct hashes *hashes, const char *path)
{
    struct stat st;
    if (hashes->hashing != NULL && sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        hashing_settle(hashes->hashing, &st);
}

/* It cannot wait: where there is no room, a later call may find some. */
static void take_program(struct hashes *hashes, int fd, const char *path)
{
    struct stat st;
    if (fd < 0 || path[0] != '/' || fstat(fd, &st) < 0)
        return;
    bool of_run = is_view(hashes) && is_of_run(hashes, &st);
    if (!of_run && hashing_progress(hashes->hashing, &st) == HASHING_NEW && hashing_has_room(hashes->hashing))
        take(hashes, fd, path, false, ROLE_READ);
}

void hashes_program(struct hashes *hashes, const struct task *task, const char *program)
{
    char name[64];
    if (hashes->hashing == NULL)
        return;
    hashes->task = NULL;
    (void)snprintf(name, sizeof name, "/proc/%d/exe", (int)task->tid);
    cleanup_fd int fd = sys_openat(AT_FDCWD, name, O_PATH, 0);
    take_program(hashes, fd, program);
}

void hashes_interpreter(struct hashes *hashes)
{
    struct observed_path *path = &hashes->observed->path[0];
    cleanup_fd int fd = path->fd;
    path->fd = -1;
    if (hashes->hashing != NULL && fd >= 0)
        take_program(hashes, fd, path->path);
}

/* Where the run has left a file: in the layer, else on the host. O_PATH, or -errno. */
static int open_output(const char *path, int layer_fs, bool *in_layer)
{
    const uint64_t as_it_is = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    int fd = layer_fs < 0 ? -ENOENT : sys_openat2(layer_fs, path + 1, O_PATH | O_NOFOLLOW, 0, SYS_BENEATH);
    *in_layer = fd >= 0;
    return fd == -ENOENT ? sys_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0, as_it_is) : fd;
}

struct ending {
    struct hashes *hashes;
    int layer_fs;
};

static int hash_output(void *context, const char *path)
{
    const struct ending *ending = context;
    struct hashes *hashes = ending->hashes;
    struct stat st;
    enum file_system_kind kind;
    struct hashing_file file = {.st = &st, .path = path, .state = RECORD_AFTER};
    while (!hashing_has_room(hashes->hashing)) {
        hashing_sleep(hashes->hashing);
        collect(hashes);
    }
    cleanup_fd int fd = open_output(path, ending->layer_fs, &file.in_layer);
    file.fd = fd < 0 ? fd : open_for_reading(hashes, fd, &st, &kind);
    if (file.fd >= 0)
        (void)hashing_add(hashes->hashing, &file);
    return 0;
}

static void wait_for_all(struct hashes *hashes)
{
    while (hashing_is_busy(hashes->hashing)) {
        hashing_sleep(hashes->hashing);
        collect(hashes);
    }
    collect(hashes);
}

void hashes_end(struct hashes *hashes, int layer_fs)
{
    char record[64];
    struct ending ending = {hashes, layer_fs};
    if (hashes == NULL || hashes->hashing == NULL || recorder_gives_up(hashes->recorder))
        return;
    (void)snprintf(record, sizeof record, "/proc/self/fd/%d", recorder_descriptor(hashes->recorder));
    wait_for_all(hashes);
    int status = outputs_each(record, hash_output, &ending);
    if (status < 0)
        error_errno("--hash: what the command has made", status);
    wait_for_all(hashes);
}
