/*
 * The access ACL of a directory that its owner closed to himself: what it says of the owner is what the mode says.
 */
#include "emul/closed.h"

#include "emul/cleanup.h"
#include "emul/object.h"
#include "emul/overlay.h"
#include "emul/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

/* The form of the attribute (linux/posix_acl_xattr.h): a version, and entries. */
enum { VERSION_SIZE = 4, USER_OBJ = 0x01, GROUP_OBJ = 0x04, MASK = 0x10, OTHER = 0x20 };

struct acl_entry {
    uint16_t tag, permissions;
    uint32_t id;
};

static char *find(char *acl, size_t size, uint16_t tag, struct acl_entry *entry)
{
    for (size_t at = VERSION_SIZE; at + sizeof *entry <= size; at += sizeof *entry) {
        memcpy(entry, acl + at, sizeof *entry);
        if (entry->tag == tag)
            return acl + at;
    }
    return NULL;
}

/* The mode that goes with it; false for what is no ACL. */
static bool mode_of(char *acl, size_t size, mode_t *mode)
{
    struct acl_entry user, group, other;
    bool has_group = find(acl, size, MASK, &group) != NULL || find(acl, size, GROUP_OBJ, &group) != NULL;
    if (find(acl, size, USER_OBJ, &user) == NULL || !has_group || find(acl, size, OTHER, &other) == NULL)
        return false;
    *mode = (mode_t)((user.permissions & 7) << 6 | (group.permissions & 7) << 3 | (other.permissions & 7));
    return true;
}

static void put_owner(char *acl, size_t size, mode_t mode)
{
    struct acl_entry entry;
    char *at = find(acl, size, USER_OBJ, &entry);
    entry.permissions = (uint16_t)(mode >> 6 & 7);
    if (at != NULL)
        memcpy(at, &entry, sizeof entry);
}

void closed_show_acl(int fd, char *acl, size_t size)
{
    struct stat st;
    if (geteuid() != 0 && sys_fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && S_ISDIR(st.st_mode) &&
        object_override(fd, &st) == 1)
        put_owner(acl, size, st.st_mode);
}

/* As closed_chmod() does it: the note first. */
static int set_noted(int fd, char *acl, size_t size, int flags, const struct stat *was, bool noted, mode_t mode)
{
    struct stat shown = *was;
    shown.st_mode = (was->st_mode & ~(mode_t)0777) | mode;
    int error = object_override_set(fd, &shown);
    if (error < 0)
        return error;
    put_owner(acl, size, mode | S_IRWXU);
    error = sys_fsetxattr(fd, XATTR_ACCESS_ACL, acl, size, flags);
    if (error < 0)
        (void)(noted ? object_override_set(fd, was) : sys_fremovexattr(fd, XATTR_OVERRIDE));
    return error;
}

int closed_set_acl(int fd, const void *value, size_t size, int flags)
{
    struct stat st;
    mode_t mode;
    cleanup_free char *acl = geteuid() == 0 ? NULL : malloc(size + 1);
    if (acl == NULL || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0 || !S_ISDIR(st.st_mode))
        return sys_fsetxattr(fd, XATTR_ACCESS_ACL, value, size, flags);
    memcpy(acl, value, size);
    int noted = object_override(fd, &st);
    if (noted < 0)
        return noted;
    if (!mode_of(acl, size, &mode) || (noted == 0 && !closed_is(S_IFDIR | mode)))
        return sys_fsetxattr(fd, XATTR_ACCESS_ACL, value, size, flags);
    return set_noted(fd, acl, size, flags, &st, noted == 1, mode);
}
