/*
 * What the parts of the notes share. Only supervisor/notes*.c include this.
 */
#ifndef COFFER_SUPERVISOR_NOTES_INTERNAL_H
#define COFFER_SUPERVISOR_NOTES_INTERNAL_H

#include "supervisor/notes.h"
#include "supervisor/record/recorder.h"

struct notes {
    struct recorder *recorder; /* borrowed */
    struct hashes *hashes;     /* NULL: none are wanted */
    pid_t tid;                 /* whose call has been looked at and is not settled; 0: nobody's */
    struct observed observed;  /* of that */
};

struct noted {
    enum handler handler;
    const char *call;
    bool exchanged;
    int flags; /* of an open */
    struct noted_path {
        bool used, by_descriptor, resolved, exists, in_layer, to_layer, directory;
        const char *path, *said; /* in texts */
    } path[2];
    char texts[];
};

/* ---- what a call that has been looked at is as an event (notes_event.c) ---- */
/* What is needed of notes->observed at the exit of the task's call; NULL without memory. */
struct noted *noted_new(const struct task *task, const struct notes *notes);
/* Whether something is bound or connected to by the call. */
bool noted_names_address(enum handler handler);
/* Gives it to the recorder with what came of it: an errno, or 0. */
void noted_tell(struct notes *notes, pid_t pid, const struct noted *noted, int error, unsigned more_flags);
/* The name that a bind has made in the file system. */
void noted_tell_socket(struct notes *notes, pid_t pid, const struct noted *noted);

#endif
