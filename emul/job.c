/*
 * Worker processes for what takes long: a large copy-up, the copy of a whole directory.
 *
 * A worker is a plain fork of the supervisor: it works on its own copy of the
 * view's state and ends; what it did is seen on disk. waitpid() in the transport's loop
 * reports it, so nothing else is needed to wake up.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct job *find(struct view *view, const char *key)
{
    for (struct job *job = view->jobs; job != NULL; job = job->next)
        if (strcmp(job->key, key) == 0)
            return job;
    return NULL;
}

void job_free(struct job *job)
{
    if (job->notes >= 0)
        (void)close(job->notes);
    free(job->key);
    free(job);
}

int job_run(struct view *view, const char *key, int (*work)(struct view *view, struct entry *entry),
            struct entry *entry)
{
    struct job *job = find(view, key);
    if (job != NULL)
        return job->pid;
    job = calloc(1, sizeof *job);
    if (job != NULL)
        job->notes = -1;
    if (job == NULL || (job->key = strdup(key)) == NULL) {
        free(job);
        return -ENOMEM;
    }
    pid_t parent = getpid();
    job->notes = job_notes_make();
    job->pid = fork();
    if (job->pid == 0) {
        view->job_notes = job->notes;
        /* If the supervisor was killed, a worker must not go on writing. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EIO);
        _exit(-work(view, entry));
    }
    if (job->pid < 0) {
        int error = -errno;
        job_free(job);
        return error;
    }
    job->next = view->jobs;
    view->jobs = job;
    return job->pid;
}

bool job_take(struct view *view, const char *key, int *error)
{
    struct job *job = find(view, key);
    if (job == NULL || !job->done)
        return false;
    for (struct job **slot = &view->jobs; *slot != NULL; slot = &(*slot)->next) {
        if (*slot == job) {
            *slot = job->next;
            break;
        }
    }
    *error = job->error;
    job_free(job);
    return true;
}

bool view_worker_done(struct view *view, pid_t pid, int status)
{
    for (struct job *job = view->jobs; job != NULL; job = job->next) {
        if (job->pid != pid || job->done)
            continue;
        job->done = true;
        job->error = WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
        /* What it noted, it noted in its own memory and on disk. */
        origins_refresh(view);
        if (job->notes >= 0)
            job_notes_take(view, job->notes);
        return true;
    }
    return false;
}
