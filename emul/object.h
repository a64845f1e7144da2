/*
 * One object of a layer or of the host: its metadata and extended attributes, and the
 * marks of the overlayfs format. Works on descriptors only, O_PATH ones too.
 */
#ifndef COFFER_EMUL_OBJECT_H
#define COFFER_EMUL_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * stat of an object of a layer as the view shows it: owner and mode come from
 * user.containers.override_stat where that is there and well-formed. 0 or -errno.
 */
int object_stat(int fd, struct stat *st);

/* Applies the owner and mode that a layer's object is said to have to its stat. 1, 0 when nothing is said, or -errno.
 */
int object_override(int fd, struct stat *st);
/* Notes the owner and the mode that a file or directory of a layer shall show. 0 or -errno. */
int object_override_set(int fd, const struct stat *st);
/* Whether reading an attribute failed because the object has none: no other failure may pass for that. */
bool object_xattr_is_absent(ssize_t status);

/* Whether an extended attribute belongs to the format of layers, and is shown to nobody. */
bool object_xattr_is_format(const char *name);

/* 'y' or 'x' when the directory has user.overlay.opaque with that value, else 0, or -errno. */
int object_opaque(int fd);

/* Whether `name` in the layer's directory dir is a whiteout; marked: the directory is opaque=x. 1, 0 or -errno. */
int object_is_whiteout(int dir, const char *name, const struct stat *st, bool marked);

struct object_xattr {
    char *name;
    char *value;
    size_t size;
};

/* The extended attributes of an object but for coffer's and overlayfs's own and the security modules' labels. */
struct object_xattrs {
    struct object_xattr *items; /* sorted by name */
    size_t count;
};

/*
 * 0 (also where the file system has none) or -errno. object_xattrs_free() releases it. lend: an owner who may not read
 * the object is lent that right; never on the host, whose inodes stay as they are: there what cannot be read is left
 * out.
 */
int object_xattrs_load(int fd, bool lend, struct object_xattrs *xattrs);
void object_xattrs_free(struct object_xattrs *xattrs);
const struct object_xattr *object_xattrs_find(const struct object_xattrs *xattrs, const char *name);
bool object_xattrs_equal(const struct object_xattrs *a, const struct object_xattrs *b);

/*
 * Gives `to` the extended attributes of `from` and takes away its others. *lost counts those
 * that the file system or the kernel would not take. lend is that of object_xattrs_load() for `from`. 0 or -errno.
 */
int object_xattrs_copy(int from, bool lend, int to, size_t *lost);

/*
 * Gives `to` owner, mode, extended attributes and times of `from` in a layer, whose stat (with its override) is st;
 * times may be left out. An owner that this user may not give is left, without set-id bits then.
 */
int object_copy_metadata(int from, int to, const struct stat *st, bool times, size_t *lost);

/* Opens `name` in dir for reading with flags such as O_DIRECTORY, lending its owner the right to for that moment. */
int object_open_readable(int dir, const char *name, int flags);

/* Whether two open regular files of one size hold the same bytes. 1, 0 or -errno. */
int object_same_content(int a, int b);

/* Copies the data of a regular file, from and to standing at 0; holes stay holes. 0 or -errno. */
int object_copy_data(int from, int to, off_t size);

#endif
