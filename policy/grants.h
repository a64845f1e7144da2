/*
 * What Landlock can say of a policy. Landlock only allows: what a rule lets a directory have, everything below it has,
 * and nothing takes it away again. So a directory of which some is refused cannot be granted; the names in it can, one
 * by one, as far as they are there now.
 */
#ifndef COFFER_POLICY_GRANTS_H
#define COFFER_POLICY_GRANTS_H

#include "policy/policy.h"

/* Rights, as bits. */
enum {
    GRANT_READ = 1,  /* read allow: files and directories */
    GRANT_WRITE = 2, /* write direct; what goes to a layer needs no right on the host */
    GRANT_EXEC = 4,  /* exec allow */
    GRANT_ALL = 7,
};

/* What the grants leave out of what the policy allows; never more than the policy allows is granted. */
enum grant_loss {
    GRANT_LOSS_LIST,   /* the names in this directory cannot be listed, since those of one below must not be */
    GRANT_LOSS_LATER,  /* what is made in this directory later, or put in the place of a name, has no right */
    GRANT_LOSS_LIMIT,  /* nothing in this directory is granted: there is too much to look at */
    GRANT_LOSS_UNREAD, /* nothing in this directory is granted: it cannot be read */
    GRANT_LOSS_LINKED, /* this file is refused, but has other names, which may be granted */
};

struct grants {
    /* A directory with everything below it, or a single file, open with O_PATH. Not zero ends the walk. */
    int (*grant)(void *data, int fd, const char *path, bool directory, unsigned rights);
    /* May be NULL. */
    void (*lose)(void *data, enum grant_loss loss, const char *path, unsigned rights);
    void *data;
    unsigned rights;          /* which of them are asked for */
    unsigned directories_max; /* to look at, 0: 4096 */
    unsigned grants_max;      /* 0: 16384 */
};

/*
 * Walks down from `root` (a directory's path, usually "/") through what is partly refused. Symbolic links are not
 * followed: what they lead to is found under its own name. Returns 0, what grant() returned, or -errno.
 */
int policy_grants(struct policy *policy, const char *root, const struct grants *grants);

#endif
