/*
 * Which files of a run are hashed, and when: what a call is about to do to them, and what has become of them.
 *
 * Nothing here fails a call: what cannot be opened or remembered is left out. Under the supervisor's lock, but for
 * hashes_end().
 */
#ifndef COFFER_SUPERVISOR_HASHES_H
#define COFFER_SUPERVISOR_HASHES_H

#include "emul/observe.h"
#include "supervisor/record/recorder.h"
#include "supervisor/task.h"

struct hashes;

/* The worker that calls wait for until files have been hashed: see TASK_PARKED. */
enum { HASHES_WORKER = -3 };

/*
 * For what will be observed in `observed`, whose wishes are set. NULL without memory, or libcrypto; a line has been
 * printed.
 */
struct hashes *hashes_new(struct recorder *recorder, unsigned algorithms, struct observed *observed);
void hashes_free(struct hashes *hashes); /* harmless for NULL */

/* Before a call of the task is observed. */
void hashes_begin(struct hashes *hashes, struct task *task);
/* It has been. False: it has to wait, and to be observed again. */
bool hashes_look(struct hashes *hashes);
/* Whether somebody will wake those that wait; else they are to be observed again at once. */
bool hashes_wait(struct hashes *hashes);

/* A call has succeeded that may have made a file or written to one: an open, whose descriptor is fd, or mknod. */
void hashes_opened(struct hashes *hashes, const struct task *task, int fd);
void hashes_made(struct hashes *hashes, const char *path);

/* What a process has become: its program, and the interpreter of that, which is observed in path[0]. */
void hashes_program(struct hashes *hashes, const struct task *task, const char *program);
void hashes_interpreter(struct hashes *hashes);

/*
 * The last process has ended: all that is on its way is waited for, and what the run has made or changed is hashed.
 * `layer_fs`: the files of the view's layer, or -1. After the tracers, and not under the lock.
 */
void hashes_end(struct hashes *hashes, int layer_fs);

#endif
