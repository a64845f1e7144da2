/* The names of flags in scripts. */
#include "actor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

/* clang-format off */
static const struct {
    const char *name;
    uint64_t value;
} names[] = {
#define FLAG(name) {#name, (uint64_t)(name)}
    FLAG(O_RDONLY), FLAG(O_WRONLY), FLAG(O_RDWR), FLAG(O_CREAT), FLAG(O_EXCL), FLAG(O_TRUNC), FLAG(O_APPEND),
    FLAG(O_NONBLOCK), FLAG(O_DIRECTORY), FLAG(O_NOFOLLOW), FLAG(O_PATH), FLAG(O_TMPFILE), FLAG(O_NOATIME),
    FLAG(O_CLOEXEC), FLAG(O_SYNC), FLAG(RESOLVE_BENEATH), FLAG(RESOLVE_IN_ROOT), FLAG(RESOLVE_NO_SYMLINKS),
    FLAG(RESOLVE_NO_MAGICLINKS), FLAG(RESOLVE_NO_XDEV), FLAG(RESOLVE_CACHED), FLAG(AT_SYMLINK_NOFOLLOW),
    FLAG(AT_SYMLINK_FOLLOW), FLAG(AT_EMPTY_PATH), FLAG(AT_NO_AUTOMOUNT), FLAG(AT_EACCESS), FLAG(AT_REMOVEDIR),
    FLAG(AT_STATX_FORCE_SYNC), FLAG(AT_STATX_DONT_SYNC), FLAG(RENAME_NOREPLACE), FLAG(RENAME_EXCHANGE), FLAG(F_OK),
    FLAG(R_OK), FLAG(W_OK), FLAG(X_OK), FLAG(S_IFREG), FLAG(S_IFIFO), FLAG(S_IFSOCK), FLAG(S_IFDIR), FLAG(SEEK_SET),
    FLAG(SEEK_CUR), FLAG(SEEK_END), FLAG(SEEK_DATA), FLAG(SEEK_HOLE), FLAG(FALLOC_FL_KEEP_SIZE),
    FLAG(FALLOC_FL_PUNCH_HOLE), FLAG(FALLOC_FL_ZERO_RANGE), FLAG(FALLOC_FL_COLLAPSE_RANGE),
    FLAG(FALLOC_FL_INSERT_RANGE), FLAG(XATTR_CREATE), FLAG(XATTR_REPLACE), FLAG(LOCK_SH), FLAG(LOCK_EX), FLAG(LOCK_UN),
    FLAG(LOCK_NB), FLAG(F_RDLCK), FLAG(F_WRLCK), FLAG(F_UNLCK), FLAG(SOCK_STREAM), FLAG(SOCK_DGRAM),
};
/* clang-format on */

static uint64_t one_flag(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
            return names[i].value;
    return strtoull(name, NULL, 0);
}

uint64_t flags_parse(const char *text)
{
    uint64_t flags = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "|");

        flags |= one_flag(text, length);
        text += length + (text[length] == '|');
    }
    return flags;
}
