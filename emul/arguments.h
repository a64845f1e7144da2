/*
 * From a row's description of its path arguments to the end of a walk.
 */
#ifndef COFFER_EMUL_ARGUMENTS_H
#define COFFER_EMUL_ARGUMENTS_H

#include "emul/view_internal.h"

/* How a handler wants failures answered. */
#define TAKE_CHANGE                                                                                                    \
    0x10000u /* the call changes something: an error is answered, never left to the kernel to find again */
#define TAKE_DEFAULT 0x20000u /* add WALK_FOLLOW by the row's rule */

struct taken {
    struct walked walked;
    char path[PATH_MAX]; /* as the caller said it */
    int dirfd;           /* AT_FDCWD when the row has none */
    int argument;        /* the path's argument number */
    uint64_t flags;      /* of the row's flags argument, 0 when there is none */
    bool by_descriptor; /* the path was empty and AT_EMPTY_PATH given: dirfd itself is meant; walked is not filled in */
};

/* Whether the row's rule, with the flags of a call, follows a link at the end of the path. */
bool path_follows(const struct path_argument *row, uint64_t flags);

/*
 * Walks path argument `index` of a call. true: look at taken (walked is an entry or raw, or by_descriptor), and
 * taken_release() it. false: the answer is already there.
 */
bool take_path(struct view *view, struct caller *caller, const struct call *call, int index, unsigned flags,
               struct taken *taken, struct answer *answer);
void taken_release(struct view *view, struct taken *taken);

/*
 * An object of the host that the caller could not come to there, since a directory is open in the view alone: he gets
 * at the copy in the layer, and *tree is UPPER. 0, -errno or a worker's pid.
 */
int move_to_layer(struct view *view, struct caller *caller, struct walked *walked, int *tree);

/* The call goes on where the object really is: untouched if the walk was pure, else with its path argument rewritten.
 */
void answer_at(struct view *view, struct caller *caller, const struct call *call, struct taken *taken, int tree,
               struct answer *answer);
/* The same for an entry that is somewhere in the trees, or a raw walk, whose real place is where the kernel looks. */
void answer_real(struct view *view, struct caller *caller, const struct call *call, struct taken *taken,
                 struct answer *answer);
/* Asks the policy for a change of a raw object (procfs): refused with a notice. */
void answer_raw_change(struct view *view, struct caller *caller, const struct taken *taken, struct answer *answer);

#endif
