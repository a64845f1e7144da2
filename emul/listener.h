/*
 * Who watches a directory by inotify, and how to change it unheard.
 */
#ifndef COFFER_EMUL_LISTENER_H
#define COFFER_EMUL_LISTENER_H

#include "emul/view_internal.h"

/* Process tgid watches the upper tree's part of dir: IN_* events `mask`, by its descriptor fd, as number wd. */
void listener_note(struct view *view, struct directory *dir, pid_t tgid, int fd, int wd, uint32_t mask);
/* Until listener_unmute() nobody hears these events in dir. Costs nothing where nobody watches. */
void listener_mute(struct view *view, struct directory *dir, uint32_t events);
void listener_unmute(struct view *view, struct directory *dir);
/* The directory `name` is about to be removed, perhaps with marks of the layer in it: its watches hear of that alone.
 */
void listener_last(struct view *view, struct directory *parent, const char *name);
/* At the end of an inotify_add_watch. */
void finish_listener(struct view *view, const struct caller *caller, const struct call *call,
                     const struct answer *answer, int64_t result);
void listeners_free(struct view *view);

#endif
