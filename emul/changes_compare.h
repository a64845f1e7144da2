/*
 * How one object of a layer differs from the host's of the same name.
 */
#ifndef COFFER_EMUL_CHANGES_COMPARE_H
#define COFFER_EMUL_CHANGES_COMPARE_H

#include "emul/changes.h"

/*
 * Compares `name` in two directories. fd: the layer's object, O_PATH; upper and host: what stat
 * says of both. *kind: CHANGE_NONE, CHANGE_CONTENT, CHANGE_TYPE or CHANGE_METADATA. 0 or -errno.
 */
int changes_compare(int upper_dir, int host_dir, const char *name, int fd, const struct stat *upper,
                    const struct stat *host, enum change_kind *kind);

#endif
