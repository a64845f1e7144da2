/*
 * Starts the command: a child that is traced, locked and filtered before it becomes the command.
 */
#ifndef COFFER_SUPERVISOR_LAUNCH_H
#define COFFER_SUPERVISOR_LAUNCH_H

#include "supervisor/signals.h"
#include "supervisor/supervisor.h"

#include <linux/filter.h>

struct launch {
    char *const *argv;
    const struct sock_fprog *program; /* the table's filter */
    int layer_fs;                     /* the layer's upper directory */
    int hidden_fd;                    /* under which number the command keeps layer_fs, or -1 */
    int lock;                         /* the rules of the lock, or -1 */
    bool observes;                    /* it is only recorded: it keeps its descriptors and rights, and has no lock */
    bool reads_pass;                  /* calls that can only look are not stopped */
    struct signals *signals;          /* of coffer itself; filled in by launch_command() */
};

/*
 * The number to use as hidden_fd: beyond the limit where that may be, so that programs do not meet it, nor close it
 * with all others that they may have. -1: there is none, or nobody in the view needs it to come to the layer.
 */
int launch_hidden_fd(void);

/*
 * Forks the command and attaches to it; it then runs until its first stop. fs becomes the first task's.
 * supervisor->main and its like are set and the signals taken; what was there before is in
 * *launch->signals. Returns 0, or -errno when nothing was started (a line has been printed).
 */
int launch_command(const struct launch *launch, struct supervisor *supervisor, struct fs_context *fs);

#endif
