/*
 * The bytes of regular files: comparing and copying them.
 */
#include "emul/cleanup.h"
#include "emul/object.h"
#include "emul/sys.h"

#include <errno.h>
#include <string.h>

enum { BLOCK = 128 * 1024 };

int object_same_content(int a, int b)
{
    cleanup_free char *left = malloc(2 * (size_t)BLOCK);
    if (left == NULL)
        return -ENOMEM;
    char *right = left + BLOCK;
    for (;;) {
        ssize_t got = sys_read_full(a, left, BLOCK);
        ssize_t other = sys_read_full(b, right, BLOCK);
        if (got < 0 || other < 0)
            return got < 0 ? (int)got : (int)other;
        if (got != other || memcmp(left, right, (size_t)got) != 0)
            return 0;
        if (got == 0)
            return 1;
    }
}

static int copy_by_hand(int from, int to, off_t left)
{
    cleanup_free char *buffer = malloc(BLOCK);
    if (buffer == NULL)
        return -ENOMEM;
    while (left > 0) {
        ssize_t got = sys_read_full(from, buffer, left < BLOCK ? (size_t)left : BLOCK);
        if (got <= 0)
            return (int)got;
        int status = sys_write_all(to, buffer, (size_t)got);
        if (status < 0)
            return status;
        left -= got;
    }
    return 0;
}

/* Copies `left` bytes from where both files stand; less when the source ends before. */
static int copy_extent(int from, int to, off_t left)
{
    enum { STEP = 1 << 26 };
    while (left > 0) {
        ssize_t copied = sys_copy_range(from, to, left < STEP ? (size_t)left : STEP);
        /* Two file systems, or ones that cannot: EXDEV, EINVAL, EOPNOTSUPP, ENOSYS; ETXTBSY and EPERM are odd files. */
        if (copied == -EXDEV || copied == -EINVAL || copied == -EOPNOTSUPP || copied == -ENOSYS || copied == -EPERM)
            return copy_by_hand(from, to, left);
        if (copied <= 0)
            return copied < 0 ? (int)copied : copy_by_hand(from, to, left);
        left -= copied;
    }
    return 0;
}

int object_copy_data(int from, int to, off_t size)
{
    off_t at = 0;
    while (at < size) {
        off_t data = lseek(from, at, SEEK_DATA);
        off_t hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
        if (data < 0 && errno == ENXIO)
            break; /* only a hole is left */
        if (data < 0)
            data = at; /* a file system that cannot tell */
        if (hole < 0 || hole > size)
            hole = size;
        if (data >= size)
            break;
        if (lseek(from, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0)
            return -errno;
        int status = copy_extent(from, to, hole - data);
        if (status < 0)
            return status;
        at = hole;
    }
    return sys_ftruncate(to, size);
}
