/*
 * See stale.h. What is remembered of each such file is a descriptor of its copy, so that neither a later name nor the
 * removal of the file matters.
 */
#include "emul/stale.h"

#include "emul/shapes.h"

#include "emul/view_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* READ_MAX: of one call; a shorter result than was asked for is allowed to any of them, and the lock is held. */
enum { STALE_MAX = 64, READ_MAX = 1 << 20, PIECE = 1 << 14 };

struct stale {
    UT_hash_handle hh;
    struct inode_key original;
    int copy; /* open to read, owned */
};

static struct stale *find(struct view *view, const struct stat *st)
{
    struct inode_key key = inode_key_of(st);
    struct stale *stale = NULL;
    HASH_FIND(hh, view->stale, &key, sizeof key, stale);
    return stale;
}

static void forget(struct view *view, struct stale *stale)
{
    HASH_DEL(view->stale, stale);
    (void)close(stale->copy);
    free(stale);
}

/* The kernel gives a write lease only to the one who has the file open alone (fcntl(2)), and none on what it executes.
 */
bool lower_is_held(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
        return true;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

int lower_open(int dirfd, const char *name)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    int fd = sys_openat2(dirfd, name, flags | O_NOATIME, 0, SYS_BENEATH);
    return fd == -EPERM ? sys_openat2(dirfd, name, flags, 0, SYS_BENEATH) : fd;
}

static int reopen(int fd)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return sys_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
}

void stale_note(struct view *view, int dirfd, const char *name, const struct stat *original, const struct entry *entry)
{
    struct stat st;
    if (!S_ISREG(original->st_mode) || find(view, original) != NULL)
        return;
    cleanup_fd int lower = lower_open(dirfd, name);
    if (lower < 0 || !lower_is_held(lower) || sys_fstatat(lower, "", &st, AT_EMPTY_PATH) < 0 ||
        st.st_ino != original->st_ino || st.st_dev != original->st_dev)
        return;
    cleanup_fd int upper = upper_open_path(view, entry);
    if (upper >= 0)
        stale_add(view, original, upper);
}

void stale_add(struct view *view, const struct stat *original, int upper)
{
    if (find(view, original) != NULL)
        return;
    cleanup_fd int copy = reopen(upper);
    struct stale *stale = copy < 0 ? NULL : calloc(1, sizeof *stale);
    if (stale == NULL)
        return;
    if (HASH_COUNT(view->stale) >= STALE_MAX)
        forget(view, view->stale); /* the oldest */
    stale->original = inode_key_of(original);
    stale->copy = steal_fd(&copy);
    HASH_ADD(hh, view->stale, original, sizeof stale->original, stale);
    view->stale_news = true;
}

int stale_copy(struct view *view, const struct stat *original)
{
    const struct stale *stale = find(view, original);
    return stale == NULL ? -ENOENT : stale->copy;
}

void stale_free(struct view *view)
{
    while (view->stale != NULL)
        forget(view, view->stale);
}

bool view_stale_news(struct view *view)
{
    bool news = view->stale_news;
    view->stale_news = false;
    return news;
}

bool view_stale_descriptor(struct view *view, pid_t pid, int fd)
{
    char link[64];
    struct stat st;
    (void)snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, fd);
    return sys_fstatat(AT_FDCWD, link, &st, 0) == 0 && find(view, &st) != NULL;
}

/* ---- what was read is replaced ---- */

struct reading {
    struct caller *caller;
    const struct call *call;
    int copy;
    off_t at;
    size_t left;
};

/* Fills one buffer of the caller. Bytes, fewer at the end of the file; or -errno. */
static ssize_t fill(struct reading *reading, uint64_t address, size_t size)
{
    char piece[PIECE];
    size_t done = 0;
    if (size == 0)
        (void)pread(reading->copy, piece, 0, reading->at); /* it may set the time of access */
    while (done < size && reading->left > 0) {
        size_t wanted = size - done < sizeof piece ? size - done : sizeof piece;
        if (wanted > reading->left)
            wanted = reading->left;
        ssize_t count = pread(reading->copy, piece, wanted, reading->at);
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        if (reading->caller->ops->write(reading->caller->context, address + done, piece, (size_t)count) < 0)
            return -EFAULT;
        done += (size_t)count;
        reading->at += count;
        reading->left -= (size_t)count;
    }
    return (ssize_t)done;
}

/* The same for the buffers of readv() and its like. */
static ssize_t fill_vector(struct reading *reading, uint64_t address, uint64_t count)
{
    ssize_t done = 0;
    if (count > UIO_MAXIOV)
        return -EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        struct iovec part;
        if (shape_read_part(reading->caller, reading->call, address, i, &part) < 0)
            return -EFAULT;
        ssize_t got = fill(reading, (uint64_t)(uintptr_t)part.iov_base, part.iov_len);
        if (got < 0)
            return done > 0 ? done : got;
        done += got;
        if ((size_t)got < part.iov_len)
            break;
    }
    return done;
}

enum kind {
    KIND_OTHER,
    KIND_READ,
    KIND_READ_AT,
    KIND_READ_VECTOR,
    KIND_READ_VECTOR_AT,
    KIND_SEEK,
};

static enum kind kind_of(const struct call *call)
{
    switch (call->number) {
    case SYS_read:
        return KIND_READ;
    case SYS_pread64:
        return KIND_READ_AT;
    case SYS_readv:
        return KIND_READ_VECTOR;
    case SYS_preadv:
        return KIND_READ_VECTOR_AT;
    case SYS_preadv2:
        return call->args[3] == UINT64_MAX ? KIND_READ_VECTOR : KIND_READ_VECTOR_AT;
    case SYS_lseek:
        return KIND_SEEK;
    default:
        return KIND_OTHER;
    }
}

/* Positions that are counted from the end, or that depend on what the file holds. */
static void seek_again(const struct stale *stale, int fd, struct caller *caller, const struct call *call,
                       int64_t *result)
{
    int whence = (int)call->args[2];
    if (whence != SEEK_END && whence != SEEK_DATA && whence != SEEK_HOLE)
        return;
    off_t at = lseek(stale->copy, (off_t)call->args[1], whence);
    *result = shape_seek_result(caller, call, at < 0 ? -errno : lseek(fd, at, SEEK_SET));
}

/* Whether reading sets the time of access is a matter of the descriptor. */
static void take_access_flag(const struct stale *stale, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(stale->copy, F_SETFL, flags & O_NOATIME);
}

static void read_again(const struct stale *stale, int fd, struct caller *caller, const struct call *call,
                       enum kind kind, int64_t *result)
{
    bool vector = kind == KIND_READ_VECTOR || kind == KIND_READ_VECTOR_AT;
    bool moves = kind == KIND_READ || kind == KIND_READ_VECTOR;
    off_t at = moves ? lseek(fd, 0, SEEK_CUR) - *result : (off_t)call->args[3];
    if (at < 0)
        return;
    take_access_flag(stale, fd);
    struct reading reading = {.caller = caller, .call = call, .copy = stale->copy, .at = at, .left = READ_MAX};
    ssize_t count = vector ? fill_vector(&reading, call->args[1], call->args[2] & UINT32_MAX)
                           : fill(&reading, call->args[1], call->args[2]);
    if (moves && count >= 0)
        (void)lseek(fd, at + count, SEEK_SET);
    *result = count;
}

void view_stale_exit(struct view *view, struct caller *caller, const struct call *call, int64_t *result)
{
    struct stat st;
    enum kind kind = kind_of(call);
    if (kind == KIND_OTHER || *result < 0)
        return;
    cleanup_fd int fd = caller->ops->dup_fd(caller->context, (int)call->args[0]);
    const struct stale *stale = fd < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0 ? NULL : find(view, &st);
    if (stale == NULL)
        return;
    if (kind == KIND_SEEK)
        seek_again(stale, fd, caller, call, result);
    else
        read_again(stale, fd, caller, call, kind, result);
}
