/*
 * Directories that their owner closed to himself.
 *
 * An ordinary user's supervisor has no more rights than the user. So a directory of his layer is always open to him:
 * where the view's mode lacks any of u+rwx, the directory has these rights nevertheless, and what it shows stands in
 * its user.containers.override_stat. Whether a program may is for permission.c to judge.
 */
#ifndef COFFER_EMUL_CLOSED_H
#define COFFER_EMUL_CLOSED_H

#include "emul/layer.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Whether an ordinary user could not work in a directory of this mode. */
bool closed_is(mode_t mode);
/*
 * Sets the mode that an object of the layer shows. The note comes before the mode: what a crash leaves shows the old
 * mode or the new one. 0 or -errno.
 */
int closed_chmod(int fd, mode_t mode);
/* The access ACL of an object of the layer, whose attribute was read into acl: as it shows. */
void closed_show_acl(int fd, char *acl, size_t size);
/* Sets it, and with it the mode. 0 or -errno. */
int closed_set_acl(int fd, const void *value, size_t size, int flags);
/*
 * A directory below LAYER/fs that is closed for real (made by a call of the caller's, or by an earlier coffer), which
 * st is of: opens it, and notes what it shows. It may stay what it is, without harm to anything else.
 */
void closed_open(struct layer *layer, int fd, struct stat *st);
/* What a run that was killed had opened and not noted is closed again; before work/ is emptied. */
void closed_again(struct layer *layer);

#endif
