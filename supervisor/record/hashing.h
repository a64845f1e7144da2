/*
 * Hashing what a run reads, before it changes it, beside the run.
 *
 * Threads of their own, with little claim to the CPUs, read files by descriptors that are opened for them. Their number
 * is bounded, and so are the files that are remembered. The functions are called by one thread at a time (under the
 * supervisor's lock); only `wake` comes from one of the threads.
 */
#ifndef COFFER_SUPERVISOR_RECORD_HASHING_H
#define COFFER_SUPERVISOR_RECORD_HASHING_H

#include "supervisor/record/digest.h"

#include <sched.h>
#include <sys/stat.h>

struct hashing;

struct hashing_options {
    unsigned algorithms;         /* see digest.h */
    const cpu_set_t *cpus;       /* where the threads may run; NULL: where the caller does */
    void (*wake)(void *context); /* one has ended since hashing_wait() was called */
    void *context;
};

/* What has been done about the content that a file had before the run changed it. */
enum hashing_progress {
    HASHING_NEW,     /* nothing */
    HASHING_PENDING, /* a thread has it, or will */
    HASHING_DONE,    /* all there is to do: it was hashed, or cannot be, or there was no such file */
};

/* One that has ended. Released by hashing_release(). */
struct hashing_result {
    const char *path;
    enum record_state state;
    bool in_layer;
    const struct digests *digests; /* NULL: it changed meanwhile, or could not be read */
};

/* NULL: no memory, or libcrypto lacks an algorithm. */
struct hashing *hashing_new(const struct hashing_options *options);
/* Ends the threads; what has not been computed is dropped. Harmless for NULL. */
void hashing_free(struct hashing *hashing);

enum hashing_progress hashing_progress(const struct hashing *hashing, const struct stat *st);

/* Whether one more may be added. */
bool hashing_has_room(struct hashing *hashing);
/* Whether any is on its way. */
bool hashing_is_busy(struct hashing *hashing);

/*
 * What is to be hashed. Takes the descriptor, open for reading on a regular file whose stat is `st`, and copies the
 * path. With `urgent` before all others. Of RECORD_BEFORE once a file; of one that cannot be had nothing comes. False:
 * there is no room, or no memory; the descriptor is closed.
 */
struct hashing_file {
    int fd;
    const struct stat *st;
    const char *path;
    enum record_state state;
    bool urgent, in_layer;
    bool touched; /* see hashing_touch() */
};
bool hashing_add(struct hashing *hashing, const struct hashing_file *file);
/* The same at once, in the calling thread. */
bool hashing_add_now(struct hashing *hashing, const struct hashing_file *file);

/* Nothing (more) is to be done about what the file was: the run has made it, or it cannot be read. */
void hashing_settle(struct hashing *hashing, const struct stat *st);

/* What is pending comes next. */
void hashing_hurry(struct hashing *hashing, const struct stat *st);
/* The run is about to change the file's ctime, and not its content. */
void hashing_touch(struct hashing *hashing, const struct stat *st);

/* Has `wake` called when the next one ends. False: one has ended already, or none is on its way. */
bool hashing_wait(struct hashing *hashing);
/* Returns when one has ended since the last call of hashing_next(), or none is on its way. */
void hashing_sleep(struct hashing *hashing);

/* The next one that has ended; false: none at the moment. */
bool hashing_next(struct hashing *hashing, struct hashing_result *result);
/* Of the last one that hashing_next() gave. */
void hashing_release(struct hashing *hashing);

#endif
