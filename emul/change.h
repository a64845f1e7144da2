/*
 * The one way to change an object's content or metadata: find it, ask whether the caller may, copy it up, and act
 * on a descriptor of the copy.
 */
#ifndef COFFER_EMUL_CHANGE_H
#define COFFER_EMUL_CHANGE_H

#include "emul/arguments.h"

/* Whether the caller may make this change of an object that is not in the layer yet. 0 or -errno. */
typedef int change_judge(struct view *view, const struct caller *caller, const struct entry *entry,
                         const void *request);
/* Carries the change out on fd (O_PATH, in the layer), with the caller's identity. 0 or -errno. */
typedef int change_act(int fd, const void *request);

struct change {
    change_judge *judge;
    change_act *act;
    change_act *act_direct; /* on the host itself, where the policy says "write direct"; NULL: as act */
    const void *request;
    bool opens_data; /* the content changes: it must be a regular file */
    bool by_caller; /* of a file with a name the caller's own call does it, on the copy: his limits and signals count */
    bool appends;   /* what may be done to an append-only file too */
};

/* The object that path argument 0 of the call names. `flags`: WALK_FOLLOW, TAKE_DEFAULT. */
void change_path(struct view *view, struct caller *caller, const struct call *call, unsigned flags,
                 const struct change *change, struct answer *answer);
/*
 * The object that a descriptor of the caller is open on. O_PATH descriptors are good for *at calls with AT_EMPTY_PATH
 * only (open(2)): the others get EBADF.
 */
void change_descriptor(struct view *view, struct caller *caller, int fd, bool path_allowed, const struct change *change,
                       struct answer *answer);

/* Judges that serve several changes. */
change_judge judge_owner, judge_writer;

#endif
