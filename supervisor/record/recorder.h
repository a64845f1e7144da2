/*
 * The recorder: takes what happened, says once what happens again, and writes it.
 *
 * Everything here is called under the supervisor's lock. What could not be written is counted; a record never makes a
 * call of a program fail.
 */
#ifndef COFFER_SUPERVISOR_RECORD_RECORDER_H
#define COFFER_SUPERVISOR_RECORD_RECORDER_H

#include "emul/observe.h"
#include "supervisor/record/event.h"

#include <sys/resource.h>

struct recorder;

struct recorder_options {
    const char *path; /* of the record */
    char *const *argv;
    bool view;          /* of coffer run: else everything goes straight through */
    bool streams;       /* each event for itself, none is counted */
    bool environment;   /* with the environment of each program */
    bool stop_on_error; /* a record that cannot be written ends the command */
    unsigned hashes;    /* of files, see digest.h; 0: none */
};

/* Begins a record. NULL: a line has been printed. */
struct recorder *recorder_new(const struct recorder_options *options);

/* Ends it with the command's wait status. False when something is missing in it: a line has been printed. */
bool recorder_free(struct recorder *recorder, int status);

/* Ended with everything on the way: the command is to end. */
bool recorder_gives_up(const struct recorder *recorder);

/* Writes an event of a process, or counts it where an equal one has been written. Fills in time and process. */
void recorder_add(struct recorder *recorder, pid_t pid, struct record_event *event);

/* An event could not be noted: -ENOMEM and the like. */
void recorder_lost(struct recorder *recorder, int error);

/* A process begins, by its pid; the parent is 0 for the command's. vfork: it shares the memory of its parent. */
void recorder_start(struct recorder *recorder, pid_t pid, pid_t parent, bool shares_memory);
void recorder_exit(struct recorder *recorder, pid_t pid, int status, const struct rusage *usage);

/* The number of a process in the record; 0: it is not known. */
uint32_t recorder_process(const struct recorder *recorder, pid_t pid);

/* How many processes there have been. */
uint32_t recorder_processes(const struct recorder *recorder);

bool recorder_wants_environment(const struct recorder *recorder);
/* The set of algorithms that files are hashed by; 0: none. */
unsigned recorder_hashes(const struct recorder *recorder);
/* Open on the record, and the recorder's. */
int recorder_descriptor(const struct recorder *recorder);
bool recorder_is_of_view(const struct recorder *recorder);

#endif
