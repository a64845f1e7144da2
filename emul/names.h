/*
 * Making and removing names: what mkdir, mknod, symlink, link, unlink, rmdir and rename share.
 */
#ifndef COFFER_EMUL_NAMES_H
#define COFFER_EMUL_NAMES_H

#include "emul/arguments.h"

/* What to make. mode holds the type; its permission bits are as the caller said them, before his umask. */
struct creation {
    mode_t mode;
    const char *target; /* of a symbolic link */
    int link_from;      /* of a hard link: an O_PATH descriptor of the object, else -1 */
    dev_t device;       /* of a device node */
    int error;          /* 0, or what it fails with if nothing else is wrong */
};

/* Takes a path whose last name is to be made or removed; see take_path(). */
bool take_name(struct view *view, struct caller *caller, const struct call *call, int index, struct taken *taken,
               struct answer *answer);
/* Makes the name that taken ends at. 0 or -errno. */
int name_create(struct view *view, struct caller *caller, const struct taken *taken, const struct creation *creation);
/* Whether what is made in a directory gets a group that only an attribute tells. */
bool inherits_noted_group(const struct directory_meta *parent);
/*
 * Makes in LAYER/work, under a name that goes into temp, what would be made in dir, which the upper tree has: owner,
 * mode and ACL are those that it would have there. 0 or -errno; then there may be something of that name.
 */
int name_make_apart(struct view *view, struct caller *caller, struct directory *dir, const struct creation *creation,
                    char temp[32]);
/* Removes a name that may be removed (may_remove()); a directory must be empty. 0 or -errno. */
int name_remove(struct view *view, const struct caller *caller, const struct entry *entry, const char *said);

#endif
