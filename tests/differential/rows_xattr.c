/* Extended attributes. */
#include "row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIZE_MAX_ASKED = 8192 };

static long set(long number, uintptr_t object, const struct operation *op)
{
    const char *value = arg_text(op, 2);

    return syscall(number, object, arg_text(op, 1), value, strlen(value), N(3));
}

static long get(long number, uintptr_t object, const struct operation *op)
{
    char value[SIZE_MAX_ASKED];
    long size = N(2) < (long)sizeof value ? N(2) : (long)sizeof value;
    long length = syscall(number, object, arg_text(op, 1), value, size);
    int error = errno;

    if (length > 0 && size > 0) {
        say(" ");
        say_bytes(value, (size_t)length);
    }
    errno = error;
    return length;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static long list(long number, uintptr_t object, const struct operation *op)
{
    char buffer[SIZE_MAX_ASKED];
    char *names[SIZE_MAX_ASKED / 8] = {NULL};
    size_t count = 0;
    long size = N(1) < (long)sizeof buffer ? N(1) : (long)sizeof buffer;
    long length = syscall(number, object, buffer, size);
    int error = errno;

    for (char *at = buffer; size > 0 && at < buffer + length && count < sizeof names / sizeof *names;
         at += strlen(at) + 1)
        names[count++] = at;
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++)
        say(" %s", names[i]);
    errno = error;
    return length;
}

#define PATHS(i) ((uintptr_t)arg_path(op, i))
#define FDS(i)   ((uintptr_t)arg_fd(op, i))
OP(setxattr, set(SYS_setxattr, PATHS(0), op))
OP(lsetxattr, set(SYS_lsetxattr, PATHS(0), op))
OP(fsetxattr, set(SYS_fsetxattr, FDS(0), op))
OP(getxattr, get(SYS_getxattr, PATHS(0), op))
OP(lgetxattr, get(SYS_lgetxattr, PATHS(0), op))
OP(fgetxattr, get(SYS_fgetxattr, FDS(0), op))
OP(listxattr, list(SYS_listxattr, PATHS(0), op))
OP(llistxattr, list(SYS_llistxattr, PATHS(0), op))
OP(flistxattr, list(SYS_flistxattr, FDS(0), op))
OP(removexattr, syscall(SYS_removexattr, PATHS(0), arg_text(op, 1)))
OP(lremovexattr, syscall(SYS_lremovexattr, PATHS(0), arg_text(op, 1)))
OP(fremovexattr, syscall(SYS_fremovexattr, FDS(0), arg_text(op, 1)))

#define HOW ";0 0 0 XATTR_CREATE XATTR_REPLACE 3"
/* clang-format off */
const struct row rows_xattr[] = {
    ROW(setxattr, "PXVE", 5, HOW),
    ROW(lsetxattr, "PXVE", 3, HOW),
    ROW(fsetxattr, "FXVE", 4, HOW),
    ROW(getxattr, "PXK", 3, NULL),
    ROW(lgetxattr, "PXK", 2, NULL),
    ROW(fgetxattr, "FXK", 3, NULL),
    ROW(listxattr, "PK", 3, NULL),
    ROW(llistxattr, "PK", 2, NULL),
    ROW(flistxattr, "FK", 3, NULL),
    ROW(removexattr, "PX", 3, NULL),
    ROW(lremovexattr, "PX", 2, NULL),
    ROW(fremovexattr, "FX", 3, NULL),
    ROW_END,
};
/* clang-format on */
