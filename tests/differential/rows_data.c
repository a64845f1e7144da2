/* Open files: data, positions, locks. */
#include "row.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ROOM = 1 << 18 };
static _Thread_local char bytes[ROOM];

static long say_data(long length)
{
    int error = errno;

    if (length > 0)
        say(" #%08x", text_hash(bytes, (size_t)length, 2166136261U));
    errno = error;
    return length;
}

static size_t room(long asked)
{
    return asked < 0 || asked > ROOM ? ROOM : (size_t)asked;
}

OP(read, say_data(read(F(0), bytes, room(N(1)))))
OP(pread, say_data(pread(F(0), bytes, room(N(1)), N(2))))
OP(write, write(F(0), P(1), strlen(P(1))))
OP(pwrite, pwrite(F(0), P(1), strlen(P(1)), N(2)))
OP(lseek, lseek(F(0), N(1), FL(2)))
OP(ftruncate, ftruncate(F(0), N(1)))
OP(fallocate, fallocate(F(0), FL(1), N(2), N(3)))
OP(fsync, fsync(F(0)))

static long close_slot(const struct operation *op)
{
    struct slot *slot = &slots[(op->arguments[0][1] - '0') % SLOTS];
    long result = close(slot->fd);

    *slot = (struct slot){.fd = -1, .kind = '-'};
    return result;
}

OP(close, close_slot(op))
OP(dup, slot_fill(op, 0, fcntl(F(1), F_DUPFD_CLOEXEC, 0)))
OP(copy_file_range, copy_file_range(F(0), NULL, F(1), NULL, room(N(2)), 0))
OP(sendfile, sendfile(F(0), F(1), NULL, room(N(2))))

static long read_path(const char *path)
{
    int fd = (int)syscall(SYS_open, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    long length = fd < 0 ? -1 : say_data(read(fd, bytes, ROOM));

    if (fd >= 0)
        close(fd);
    return length;
}

static long write_path(const char *path, int flags, const char *data)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0644);
    long length = fd < 0 ? -1 : write(fd, data, strlen(data));

    if (fd >= 0)
        close(fd);
    return length;
}

/* Through a shared mapping. */
static long write_mapped(int fd, const char *data)
{
    char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct stat st;

    if (mapped == MAP_FAILED)
        return -1;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        memcpy(mapped, data, (size_t)st.st_size < strlen(data) ? (size_t)st.st_size : strlen(data));
    return munmap(mapped, 4096);
}

OP(readfile, read_path(P(0)))
OP(writefile, write_path(P(0), FL(1), P(2)))
OP(mapwrite, write_mapped(F(0), P(1)))

static long lock(int fd, int command, long type, long start, long length)
{
    struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    long result = fcntl(fd, command, &lock);
    int error = errno;

    if (result == 0 && (command == F_GETLK || command == F_OFD_GETLK)) {
        say(" type %d", lock.l_type);
        if (lock.l_type != F_UNLCK)
            say(" %ld %ld", (long)lock.l_start, (long)lock.l_len);
    }
    errno = error;
    return result;
}

OP(flock, flock(F(0), FL(1) | LOCK_NB))
OP(setlk, lock(F(0), F_SETLK, N(1), N(2), N(3)))
OP(getlk, lock(F(0), F_GETLK, N(1), N(2), N(3)))
OP(ofd_setlk, lock(F(0), F_OFD_SETLK, N(1), N(2), N(3)))

#define WHENCE  ";SEEK_SET SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE 9"
#define RANGES  ";0 0 FALLOC_FL_KEEP_SIZE FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE FALLOC_FL_ZERO_RANGE"
#define LOCKS   ";F_RDLCK F_WRLCK F_UNLCK"
#define CREATES "O_CREAT O_TRUNC O_APPEND O_EXCL O_NOFOLLOW"
/* clang-format off */
const struct row rows_data[] = {
    ROW(read, "FZ", 10, NULL),
    ROW(pread, "FZZ", 6, NULL),
    ROW(write, "FB", 12, NULL),
    ROW(pwrite, "FBZ", 6, NULL),
    ROW(lseek, "FZE", 6, WHENCE),
    ROW(ftruncate, "FZ", 6, NULL),
    ROW(fallocate, "FEZZ", 4, RANGES),
    ROW(fsync, "F", 1, NULL),
    ROW(close, "F", 12, NULL),
    ROW(dup, "SF", 6, NULL),
    ROW(copy_file_range, "FFZ", 4, NULL),
    ROW(sendfile, "FFZ", 2, NULL),
    ROW(readfile, "P", 25, NULL),
    ROW(writefile, "PAB", 30, CREATES),
    ROW(mapwrite, "FB", 3, NULL),
    ROW(flock, "FE", 4, ";LOCK_SH LOCK_EX LOCK_UN"),
    ROW(setlk, "FEZZ", 4, LOCKS),
    ROW(getlk, "FEZZ", 3, LOCKS),
    ROW(ofd_setlk, "FEZZ", 2, LOCKS),
    ROW_END,
};
/* clang-format on */
