/* What a file is: modes, owners, times, length. */
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

OP(chmod, syscall(SYS_chmod, P(0), N(1)))
OP(fchmod, syscall(SYS_fchmod, F(0), N(1)))
OP(fchmodat, syscall(SYS_fchmodat, D(0), P(1), N(2)))
OP(fchmodat2, syscall(SYS_fchmodat2, D(0), P(1), N(2), FL(3)))
OP(chown, syscall(SYS_chown, P(0), N(1), N(2)))
OP(lchown, syscall(SYS_lchown, P(0), N(1), N(2)))
OP(fchown, syscall(SYS_fchown, F(0), N(1), N(2)))
OP(fchownat, syscall(SYS_fchownat, D(0), P(1), N(2), N(3), FL(4)))
OP(truncate, syscall(SYS_truncate, P(0), N(1)))

/* "ATIME:MTIME", each of them now, omit, wrong, or seconds with or without ".nanoseconds". "null", "bad": the pointer.
 */
static void *times_parse(const char *text, struct timespec times[2])
{
    if (strcmp(text, "null") == 0)
        return NULL;
    if (strcmp(text, "bad") == 0)
        return (void *)8;
    for (int i = 0; i < 2; i++, text = strchr(text, ':') == NULL ? text : strchr(text, ':') + 1) {
        const char *point = text + strcspn(text, ".:");

        times[i] = (struct timespec){.tv_sec = strtol(text, NULL, 10)};
        if (strncmp(text, "now", 3) == 0)
            times[i].tv_nsec = UTIME_NOW;
        else if (strncmp(text, "omit", 4) == 0)
            times[i].tv_nsec = UTIME_OMIT;
        else if (strncmp(text, "wrong", 5) == 0)
            times[i].tv_nsec = 1234567890;
        else if (*point == '.')
            times[i].tv_nsec = strtol(point + 1, NULL, 10);
    }
    return times;
}

/* The same times for the call that takes microseconds, or seconds alone. */
static long set_times(long number, int dirfd, const char *path, const char *text, int flags)
{
    struct timespec times[2];
    struct timeval micro[2];
    struct utimbuf seconds;
    void *given = times_parse(text, times);

    for (int i = 0; given == times && i < 2; i++)
        micro[i] = (struct timeval){.tv_sec = times[i].tv_sec, .tv_usec = times[i].tv_nsec / 1000};
    if (given == times)
        seconds = (struct utimbuf){.actime = times[0].tv_sec, .modtime = times[1].tv_sec};
    if (number == SYS_utimensat)
        return syscall(number, dirfd, path, given, flags);
    if (number == SYS_futimesat)
        return syscall(number, dirfd, path, given == times ? micro : given);
    if (number == SYS_utimes)
        return syscall(number, path, given == times ? micro : given);
    return syscall(number, path, given == times ? &seconds : given);
}

OP(utime, set_times(SYS_utime, AT_FDCWD, P(0), op->arguments[1], 0))
OP(utimes, set_times(SYS_utimes, AT_FDCWD, P(0), op->arguments[1], 0))
OP(futimesat, set_times(SYS_futimesat, D(0), P(1), op->arguments[2], 0))
OP(utimensat, set_times(SYS_utimensat, D(0), P(1), op->arguments[2], FL(3)))
OP(futimens, set_times(SYS_utimensat, F(0), NULL, op->arguments[1], 0))

#define AT_BOTH "AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH"
/* clang-format off */
const struct row rows_change[] = {
    ROW(chmod, "PM", 12, NULL),
    ROW(fchmod, "FM", 8, NULL),
    ROW(fchmodat, "DPM", 6, NULL),
    ROW(fchmodat2, "DPMA", 6, AT_BOTH),
    ROW(chown, "PUU", 5, NULL),
    ROW(lchown, "PUU", 4, NULL),
    ROW(fchown, "FUU", 5, NULL),
    ROW(fchownat, "DPUUA", 6, AT_BOTH),
    ROW(truncate, "PZ", 6, NULL),
    ROW(utime, "PT", 2, NULL),
    ROW(utimes, "PT", 2, NULL),
    ROW(futimesat, "DPT", 3, NULL),
    ROW(utimensat, "DPTA", 10, AT_BOTH),
    ROW(futimens, "FT", 6, NULL),
    ROW_END,
};
/* clang-format on */
