/*
 * From stops to events: what the loop tells the recorder of calls and processes.
 *
 * What a call names is looked at when it is stopped, before anything has come of it (view_observe()). Of what only
 * looks, that look is what is recorded; of what changes something, the result is waited for at the exit stop.
 */
#ifndef COFFER_SUPERVISOR_NOTES_H
#define COFFER_SUPERVISOR_NOTES_H

#include "supervisor/supervisor.h"
#include "supervisor/violation.h"

struct recorder;

/* A call whose result is waited for. */
struct noted;

/* Room for looking at one call; its text is long. One a recorder. */
struct notes;
/* NULL: a line has been printed. */
struct notes *notes_new(struct recorder *recorder);
void notes_free(struct notes *notes); /* harmless for NULL */
/* After the last process: adds what is only known at the end. `layer_fs`: the files of a view's layer, or -1. */
void notes_end(struct notes *notes, int layer_fs);

/* All of these do nothing where supervisor->notes is NULL. */

/*
 * A call was stopped and is about to be decided: by emul/, and none of the supervisor's own. False: not yet; it waits
 * for HASHES_WORKER.
 */
bool notes_call(struct task *task, struct caller *caller);
/* It has been decided: task->answer. True when its result is to be seen at an exit stop: task->noted. */
bool notes_settled(struct task *task);
/* That is the exit stop. */
void notes_exit(struct task *task, int64_t result);
/* Its exec has succeeded; before task->noted and the answer are released. */
void notes_executed(struct task *task);

/* Whether the record cannot be written, and the command is to end for that. */
bool notes_give_up(const struct supervisor *supervisor);

/* A process begins or ends. */
void notes_started(struct supervisor *supervisor, pid_t pid, pid_t parent, bool shares_memory);
void notes_ended(struct supervisor *supervisor, pid_t pid, int status, const struct rusage *usage);

/* A rule refused something: the line that the user has seen. */
void notes_violation(struct violations *violations, const struct violation *violation);

/* Releases what a task has noted; harmless for NULL. */
void noted_free(struct noted *noted);

#endif
