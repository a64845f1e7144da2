#include "supervisor/record/hashing.h"

#include "emul/cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

enum {
    THREADS_MAX = 2,
    NICE = 10,
    OPEN_MAX_JOBS = 128,        /* descriptors at once, where the limit allows for many more */
    FILES_MAX = 1 << 20,        /* that are remembered, of some 100 bytes each; others are not hashed */
    DESCRIPTORS_OF_OTHERS = 32, /* that the supervisor needs */
};

struct job;

/* By device and number. */
struct known_file {
    UT_hash_handle hh;
    struct file_key {
        uint64_t device, number;
    } key;
    struct job *job; /* while it is pending */
};

struct job {
    struct job *prev, *next;
    struct known_file *file; /* of RECORD_BEFORE */
    int fd;                  /* -1 when it has ended */
    int error;
    enum record_state state;
    bool in_layer, touched;
    bool taken; /* by a thread */
    struct stat st;
    struct digests digests;
    char path[];
};

struct hashing {
    struct hashing_options options;
    struct digester *digester; /* of the caller's thread */
    atomic_bool cancelled;
    struct known_file *files;
    struct job *shown; /* what hashing_next() gave last */

    /* The rest is the threads', too. */
    pthread_mutex_t lock;
    pthread_cond_t work, ended;
    struct job *queue, *finished;
    atomic_uint finished_count;
    unsigned open, open_max;
    bool over, waited_for;
    unsigned worker_count;
    struct worker {
        struct hashing *hashing;
        struct digester *digester;
        pthread_t thread;
    } workers[THREADS_MAX];
};

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether nobody has written to it since it was opened. The run's own links and modes change ctime. */
static bool is_unchanged(const struct job *job, const struct stat *now, bool touched)
{
    return now->st_size == job->st.st_size && same_time(&now->st_mtim, &job->st.st_mtim) &&
           (touched || same_time(&now->st_ctim, &job->st.st_ctim));
}

static void compute(struct hashing *hashing, struct digester *digester, struct job *job)
{
    struct stat now;
    int error = digester_file(digester, job->fd, (uint64_t)job->st.st_size, &job->digests);
    if (error == 0 && fstat(job->fd, &now) < 0)
        error = -errno;
    (void)close(job->fd);
    job->fd = -1;
    (void)pthread_mutex_lock(&hashing->lock);
    bool touched = job->touched;
    (void)pthread_mutex_unlock(&hashing->lock);
    if (error == 0 && !is_unchanged(job, &now, touched))
        error = -ESTALE;
    job->error = error;
}

static void finish(struct hashing *hashing, struct job *job)
{
    DL_APPEND(hashing->finished, job);
    atomic_fetch_add(&hashing->finished_count, 1);
}

/* Under the lock, which is let go of meanwhile. */
static void serve(struct hashing *hashing, struct digester *digester)
{
    struct job *job = hashing->queue;
    DL_DELETE(hashing->queue, job);
    job->taken = true;
    (void)pthread_mutex_unlock(&hashing->lock);
    compute(hashing, digester, job);
    (void)pthread_mutex_lock(&hashing->lock);
    hashing->open--;
    finish(hashing, job);
    bool wake = hashing->waited_for;
    hashing->waited_for = false;
    (void)pthread_cond_broadcast(&hashing->ended);
    if (!wake)
        return;
    (void)pthread_mutex_unlock(&hashing->lock);
    hashing->options.wake(hashing->options.context);
    (void)pthread_mutex_lock(&hashing->lock);
}

static void *run_thread(void *context)
{
    const struct worker *worker = context;
    struct hashing *hashing = worker->hashing;
    /* It begins where its maker is bound to. */
    if (hashing->options.cpus != NULL)
        (void)sched_setaffinity(0, sizeof *hashing->options.cpus, hashing->options.cpus);
    (void)!nice(NICE); /* of the thread */
    (void)pthread_mutex_lock(&hashing->lock);
    while (!hashing->over) {
        if (hashing->queue != NULL)
            serve(hashing, worker->digester);
        else
            (void)pthread_cond_wait(&hashing->work, &hashing->lock);
    }
    (void)pthread_mutex_unlock(&hashing->lock);
    return NULL;
}

static void start_worker(struct hashing *hashing)
{
    struct worker *worker = &hashing->workers[hashing->worker_count];
    sigset_t all, mask;
    worker->hashing = hashing;
    worker->digester = digester_new(hashing->options.algorithms, &hashing->cancelled);
    if (worker->digester == NULL)
        return;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
    if (pthread_create(&worker->thread, NULL, run_thread, worker) == 0)
        hashing->worker_count++;
    else
        digester_free(steal_ptr(&worker->digester));
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static unsigned open_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= DESCRIPTORS_OF_OTHERS)
        return 1;
    rlim_t part = (limit.rlim_cur - DESCRIPTORS_OF_OTHERS) / 4;
    return part == 0 ? 1 : part > OPEN_MAX_JOBS ? OPEN_MAX_JOBS : (unsigned)part;
}

struct hashing *hashing_new(const struct hashing_options *options)
{
    struct hashing *hashing = calloc(1, sizeof *hashing);
    if (hashing == NULL)
        return NULL;
    hashing->options = *options;
    hashing->open_max = open_max();
    (void)pthread_mutex_init(&hashing->lock, NULL);
    (void)pthread_cond_init(&hashing->work, NULL);
    (void)pthread_cond_init(&hashing->ended, NULL);
    hashing->digester = digester_new(options->algorithms, &hashing->cancelled);
    if (hashing->digester != NULL)
        return hashing;
    hashing_free(hashing);
    return NULL;
}

static void free_job(struct job *job)
{
    if (job->fd >= 0)
        (void)close(job->fd);
    free(job);
}

void hashing_free(struct hashing *hashing)
{
    struct job *job, *next_job;
    struct known_file *file, *next;
    if (hashing == NULL)
        return;
    atomic_store(&hashing->cancelled, true);
    (void)pthread_mutex_lock(&hashing->lock);
    hashing->over = true;
    (void)pthread_cond_broadcast(&hashing->work);
    (void)pthread_mutex_unlock(&hashing->lock);
    for (unsigned i = 0; i < hashing->worker_count; i++) {
        (void)pthread_join(hashing->workers[i].thread, NULL);
        digester_free(hashing->workers[i].digester);
    }
    DL_FOREACH_SAFE(hashing->queue, job, next_job)
    {
        free_job(job);
    }
    DL_FOREACH_SAFE(hashing->finished, job, next_job)
    {
        free_job(job);
    }
    hashing_release(hashing);
    HASH_ITER(hh, hashing->files, file, next)
    {
        HASH_DEL(hashing->files, file);
        free(file);
    }
    digester_free(hashing->digester);
    (void)pthread_mutex_destroy(&hashing->lock);
    (void)pthread_cond_destroy(&hashing->work);
    (void)pthread_cond_destroy(&hashing->ended);
    free(hashing);
}

static struct known_file *find(const struct hashing *hashing, const struct stat *st)
{
    const struct file_key key = {st->st_dev, st->st_ino};
    struct known_file *file;
    HASH_FIND(hh, hashing->files, &key, sizeof key, file);
    return file;
}

static struct known_file *find_or_add(struct hashing *hashing, const struct stat *st)
{
    struct known_file *file = find(hashing, st);
    if (file != NULL || HASH_COUNT(hashing->files) >= FILES_MAX)
        return file;
    file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->key = (struct file_key){st->st_dev, st->st_ino};
    HASH_ADD(hh, hashing->files, key, sizeof file->key, file);
    return file;
}

/* Files beyond those that are remembered could have been changed already. */
enum hashing_progress hashing_progress(const struct hashing *hashing, const struct stat *st)
{
    const struct known_file *file = find(hashing, st);
    if (file == NULL)
        return HASH_COUNT(hashing->files) < FILES_MAX ? HASHING_NEW : HASHING_DONE;
    return file->job == NULL ? HASHING_DONE : HASHING_PENDING;
}

void hashing_settle(struct hashing *hashing, const struct stat *st)
{
    (void)find_or_add(hashing, st);
}

static unsigned open_now(struct hashing *hashing)
{
    (void)pthread_mutex_lock(&hashing->lock);
    unsigned open = hashing->open;
    (void)pthread_mutex_unlock(&hashing->lock);
    return open;
}

bool hashing_is_busy(struct hashing *hashing)
{
    return open_now(hashing) > 0;
}

bool hashing_has_room(struct hashing *hashing)
{
    return open_now(hashing) < hashing->open_max;
}

/* Takes the descriptor. NULL: it has been closed. */
static struct job *new_job(struct hashing *hashing, const struct hashing_file *wanted)
{
    size_t length = strlen(wanted->path) + 1;
    struct job *job = calloc(1, sizeof *job + length);
    struct known_file *file = wanted->state == RECORD_BEFORE && job != NULL ? find_or_add(hashing, wanted->st) : NULL;
    if (job == NULL || (wanted->state == RECORD_BEFORE && file == NULL)) {
        (void)close(wanted->fd);
        free(job);
        return NULL;
    }
    job->file = file;
    job->fd = wanted->fd;
    job->state = wanted->state;
    job->in_layer = wanted->in_layer;
    job->touched = wanted->touched;
    job->st = *wanted->st;
    memcpy(job->path, wanted->path, length);
    return job;
}

bool hashing_add_now(struct hashing *hashing, const struct hashing_file *file)
{
    struct job *job = new_job(hashing, file);
    if (job == NULL)
        return false;
    compute(hashing, hashing->digester, job);
    (void)pthread_mutex_lock(&hashing->lock);
    finish(hashing, job);
    (void)pthread_mutex_unlock(&hashing->lock);
    return true;
}

bool hashing_add(struct hashing *hashing, const struct hashing_file *file)
{
    if (hashing->worker_count < THREADS_MAX && (hashing->worker_count == 0 || hashing_is_busy(hashing)))
        start_worker(hashing);
    if (hashing->worker_count == 0)
        return hashing_add_now(hashing, file);
    struct job *job = new_job(hashing, file);
    if (job == NULL)
        return false;
    if (job->file != NULL)
        job->file->job = job;
    (void)pthread_mutex_lock(&hashing->lock);
    if (file->urgent)
        DL_PREPEND(hashing->queue, job);
    else
        DL_APPEND(hashing->queue, job);
    hashing->open++;
    (void)pthread_cond_signal(&hashing->work);
    (void)pthread_mutex_unlock(&hashing->lock);
    return true;
}

void hashing_hurry(struct hashing *hashing, const struct stat *st)
{
    const struct known_file *file = find(hashing, st);
    if (file == NULL || file->job == NULL)
        return;
    (void)pthread_mutex_lock(&hashing->lock);
    if (!file->job->taken) {
        DL_DELETE(hashing->queue, file->job);
        DL_PREPEND(hashing->queue, file->job);
    }
    (void)pthread_mutex_unlock(&hashing->lock);
}

void hashing_touch(struct hashing *hashing, const struct stat *st)
{
    const struct known_file *file = find(hashing, st);
    if (file == NULL || file->job == NULL)
        return;
    (void)pthread_mutex_lock(&hashing->lock);
    file->job->touched = true;
    (void)pthread_mutex_unlock(&hashing->lock);
}

bool hashing_wait(struct hashing *hashing)
{
    (void)pthread_mutex_lock(&hashing->lock);
    bool comes = hashing->open > 0 && hashing->finished == NULL;
    hashing->waited_for = hashing->waited_for || comes;
    (void)pthread_mutex_unlock(&hashing->lock);
    return comes;
}

void hashing_sleep(struct hashing *hashing)
{
    (void)pthread_mutex_lock(&hashing->lock);
    while (hashing->open > 0 && hashing->finished == NULL)
        (void)pthread_cond_wait(&hashing->ended, &hashing->lock);
    (void)pthread_mutex_unlock(&hashing->lock);
}

void hashing_release(struct hashing *hashing)
{
    if (hashing->shown != NULL)
        free_job(steal_ptr(&hashing->shown));
}

bool hashing_next(struct hashing *hashing, struct hashing_result *result)
{
    hashing_release(hashing);
    if (atomic_load(&hashing->finished_count) == 0)
        return false;
    (void)pthread_mutex_lock(&hashing->lock);
    struct job *job = hashing->finished;
    DL_DELETE(hashing->finished, job);
    (void)pthread_mutex_unlock(&hashing->lock);
    atomic_fetch_sub(&hashing->finished_count, 1);
    if (job->file != NULL)
        job->file->job = NULL;
    hashing->shown = job;
    *result = (struct hashing_result){
        .path = job->path,
        .state = job->state,
        .in_layer = job->in_layer,
        .digests = job->error == 0 ? &job->digests : NULL,
    };
    return true;
}
