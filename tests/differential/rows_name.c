/* Names that come and go. */
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

OP(mkdir, syscall(SYS_mkdir, P(0), N(1)))
OP(mkdirat, syscall(SYS_mkdirat, D(0), P(1), N(2)))
OP(mknod, syscall(SYS_mknod, P(0), N(1) | N(2), 0))
OP(mknodat, syscall(SYS_mknodat, D(0), P(1), N(2) | N(3), 0))
OP(link, syscall(SYS_link, P(0), P(1)))
OP(linkat, syscall(SYS_linkat, D(0), P(1), D(2), P(3), FL(4)))
OP(symlink, syscall(SYS_symlink, P(0), P(1)))
OP(symlinkat, syscall(SYS_symlinkat, P(0), D(1), P(2)))
OP(unlink, syscall(SYS_unlink, P(0)))
OP(rmdir, syscall(SYS_rmdir, P(0)))
OP(unlinkat, syscall(SYS_unlinkat, D(0), P(1), FL(2)))
OP(rename, syscall(SYS_rename, P(0), P(1)))
OP(renameat, syscall(SYS_renameat, D(0), P(1), D(2), P(3)))
OP(renameat2, syscall(SYS_renameat2, D(0), P(1), D(2), P(3), FL(4)))

/* Directories in each other, until the path is longer than the kernel takes in one piece. */
static long make_deep(const char *path, long levels)
{
    static const char name[] =
        "a-rather-long-name-so-that-not-too-many-directories-are-needed-for-a-path-that-is-longer-"
        "than-the-kernel-takes-in-one-piece";
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (; fd >= 0 && levels > 0; levels--) {
        int next = mkdirat(fd, name, 0755) != 0 && errno != EEXIST ? -1 : openat(fd, name, O_RDONLY | O_DIRECTORY);

        close(fd);
        fd = next;
    }
    if (fd < 0)
        return -1;
    return close(fd);
}

OP(deep, make_deep(P(0), N(1) & 127))

#define TYPES ";S_IFREG S_IFIFO S_IFSOCK 0 S_IFDIR"
/* clang-format off */
const struct row rows_name[] = {
    ROW(mkdir, "NM", 20, NULL),
    ROW(mkdirat, "DNM", 15, NULL),
    ROW(mknod, "NEM", 5, TYPES),
    ROW(mknodat, "DNEM", 5, TYPES),
    ROW(link, "PN", 12, NULL),
    ROW(linkat, "DPDNA", 12, "AT_SYMLINK_FOLLOW AT_EMPTY_PATH"),
    ROW(symlink, "LN", 10, NULL),
    ROW(symlinkat, "LDN", 8, NULL),
    ROW(unlink, "P", 20, NULL),
    ROW(rmdir, "P", 14, NULL),
    ROW(unlinkat, "DPA", 18, "AT_REMOVEDIR"),
    ROW(rename, "PN", 30, NULL),
    ROW(renameat, "DPDN", 15, NULL),
    ROW(renameat2, "DPDNA", 20, "RENAME_NOREPLACE RENAME_EXCHANGE"),
    ROW(deep, "PZ", 1, NULL),
    ROW_END,
};
/* clang-format on */
