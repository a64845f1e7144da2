/*
 * What an open says beside its path: flags and mode, of all its forms.
 */
#ifndef COFFER_EMUL_OPENING_H
#define COFFER_EMUL_OPENING_H

#include "emul/view_internal.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#define OPENING_LARGE_FILE 0100000 /* the kernel's O_LARGEFILE, which is 0 in 64-bit programs */
#define OPENING_FLAGS_KNOWN                                                                                            \
    ((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC |         \
                FASYNC | O_DIRECT | OPENING_LARGE_FILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |   \
                O_TMPFILE))

struct opening {
    int flags;
    mode_t mode;
    unsigned walk;       /* WALK_* that the resolve flags ask for */
    int flags_argument;  /* -1: creat and openat2 */
    bool small;          /* by a 32-bit program, without O_LARGEFILE */
    struct open_how how; /* of openat2 */
};

/* Reads and checks them as the kernel does before it looks at the path. 0 or -errno. */
int opening_read(struct caller *caller, const struct call *call, struct opening *opening);

static inline bool wants_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
}

static inline int access_mask(int flags)
{
    static const int masks[4] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};
    return masks[flags & O_ACCMODE] | ((flags & O_TRUNC) != 0 ? W_OK : 0);
}

#endif
