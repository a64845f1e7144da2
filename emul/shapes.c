#include "emul/shapes.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

/* The kernel's names for them: compat_msghdr and so on, in include/linux/compat.h and arch/x86/include/asm/compat.h. */
struct message32 {
    uint32_t name;
    int32_t name_length;
    uint32_t vector, vector_length, control, control_length, flags;
};

_Static_assert(sizeof(struct message32) == SHAPE_MESSAGE32_SIZE, "as 32-bit programs have it");

struct many_messages32 {
    struct message32 message;
    uint32_t length;
};

struct time32 {
    int32_t seconds;
    int32_t fraction; /* nanoseconds or microseconds */
};

struct old_stat {
    uint16_t device, inode, mode, links, user, group, special;
    uint32_t size, accessed, modified, changed;
};

struct small_stat {
    uint32_t device, inode;
    uint16_t mode, links, user, group;
    uint32_t special, size, block_size, blocks;
    uint32_t accessed, accessed_ns, modified, modified_ns, changed, changed_ns;
    uint32_t unused[2];
};

struct large_stat {
    uint64_t device;
    uint8_t padding1[4];
    uint32_t low_inode, mode, links, user, group;
    uint64_t special;
    uint8_t padding2[4];
    int64_t size;
    uint32_t block_size;
    int64_t blocks;
    uint32_t accessed, accessed_ns, modified, modified_ns, changed, changed_ns;
    uint64_t inode;
} __attribute__((packed));

_Static_assert(sizeof(struct old_stat) == 32 && sizeof(struct small_stat) == 64 && sizeof(struct large_stat) == 96,
               "what the kernel writes");

static bool read_all(struct caller *caller, uint64_t address, void *buffer, size_t size)
{
    return caller->ops->read(caller->context, address, buffer, size) == (ssize_t)size;
}

static void *pointer_of(uint32_t address)
{
    return (void *)(uintptr_t)address;
}

int shape_read_pointer(struct caller *caller, const struct call *call, uint64_t address, uint64_t *pointer)
{
    /* The lower half comes first. */
    *pointer = 0;
    return read_all(caller, address, pointer, shape_is_32(call) ? sizeof(uint32_t) : sizeof *pointer) ? 0 : -EFAULT;
}

int shape_read_part(struct caller *caller, const struct call *call, uint64_t vector, uint64_t index, struct iovec *part)
{
    uint32_t small[2];
    if (!shape_is_32(call))
        return read_all(caller, vector + index * sizeof *part, part, sizeof *part) ? 0 : -EFAULT;
    if (!read_all(caller, vector + index * sizeof small, small, sizeof small))
        return -EFAULT;
    *part = (struct iovec){pointer_of(small[0]), small[1]};
    return 0;
}

int64_t shape_seek_result(struct caller *caller, const struct call *call, int64_t position)
{
    if (position < 0)
        return position;
    if (call->shape == SHAPE_32_LLSEEK)
        return caller->ops->write(caller->context, call->args[3], &position, sizeof position);
    return shape_is_32(call) && position > SHAPE_SMALL_FILE_MAX ? -EOVERFLOW : position;
}

/* fs.overflowuid, and its counterpart of groups, unless somebody changed them. */
static uint16_t short_id(uint32_t id)
{
    return id > UINT16_MAX ? 65534 : (uint16_t)id;
}

/* cp_old_stat() in fs/stat.c */
static int write_old_stat(struct caller *caller, uint64_t address, const struct stat *st)
{
    struct old_stat old = {
        .device = (uint16_t)(major(st->st_dev) << 8 | minor(st->st_dev)),
        .inode = (uint16_t)st->st_ino,
        .mode = (uint16_t)st->st_mode,
        .links = (uint16_t)st->st_nlink,
        .user = short_id(st->st_uid),
        .group = short_id(st->st_gid),
        .special = (uint16_t)(major(st->st_rdev) << 8 | minor(st->st_rdev)),
        .size = (uint32_t)st->st_size,
        .accessed = (uint32_t)st->st_atim.tv_sec,
        .modified = (uint32_t)st->st_mtim.tv_sec,
        .changed = (uint32_t)st->st_ctim.tv_sec,
    };
    if (old.inode != st->st_ino || old.links != st->st_nlink)
        return -EOVERFLOW;
    return caller->ops->write(caller->context, address, &old, sizeof old);
}

/* cp_compat_stat() */
static int write_stat32(struct caller *caller, uint64_t address, const struct stat *st)
{
    struct small_stat small = {
        .device = (uint32_t)st->st_dev,
        .inode = (uint32_t)st->st_ino,
        .mode = (uint16_t)st->st_mode,
        .links = (uint16_t)st->st_nlink,
        .user = short_id(st->st_uid),
        .group = short_id(st->st_gid),
        .special = (uint32_t)st->st_rdev,
        .size = (uint32_t)st->st_size,
        .block_size = (uint32_t)st->st_blksize,
        .blocks = (uint32_t)st->st_blocks,
        .accessed = (uint32_t)st->st_atim.tv_sec,
        .accessed_ns = (uint32_t)st->st_atim.tv_nsec,
        .modified = (uint32_t)st->st_mtim.tv_sec,
        .modified_ns = (uint32_t)st->st_mtim.tv_nsec,
        .changed = (uint32_t)st->st_ctim.tv_sec,
        .changed_ns = (uint32_t)st->st_ctim.tv_nsec,
    };
    if (small.inode != st->st_ino || small.links != st->st_nlink || st->st_size > SHAPE_SMALL_FILE_MAX)
        return -EOVERFLOW;
    return caller->ops->write(caller->context, address, &small, sizeof small);
}

/* cp_stat64() in arch/x86/kernel/sys_ia32.c, which leaves the padding as it was. */
static int write_stat64(struct caller *caller, uint64_t address, const struct stat *st)
{
    struct large_stat large;
    if (!read_all(caller, address, &large, sizeof large))
        return -EFAULT;
    large.device = st->st_dev;
    large.low_inode = (uint32_t)st->st_ino;
    large.mode = st->st_mode;
    large.links = (uint32_t)st->st_nlink;
    large.user = st->st_uid;
    large.group = st->st_gid;
    large.special = st->st_rdev;
    large.size = st->st_size;
    large.block_size = (uint32_t)st->st_blksize;
    large.blocks = st->st_blocks;
    large.accessed = (uint32_t)st->st_atim.tv_sec;
    large.accessed_ns = (uint32_t)st->st_atim.tv_nsec;
    large.modified = (uint32_t)st->st_mtim.tv_sec;
    large.modified_ns = (uint32_t)st->st_mtim.tv_nsec;
    large.changed = (uint32_t)st->st_ctim.tv_sec;
    large.changed_ns = (uint32_t)st->st_ctim.tv_nsec;
    large.inode = st->st_ino;
    return caller->ops->write(caller->context, address, &large, sizeof large);
}

int shape_write_stat(struct caller *caller, const struct call *call, uint64_t address, const struct stat *st)
{
    if (call->shape == SHAPE_32_OLD_STAT)
        return write_old_stat(caller, address, st);
    if (call->shape == SHAPE_32_STAT)
        return write_stat32(caller, address, st);
    if (call->shape == SHAPE_32_STAT64)
        return write_stat64(caller, address, st);
    /* The kernel's and glibc's struct stat are the same on x86-64. */
    return caller->ops->write(caller->context, address, st, sizeof *st);
}

/* Two times of 8 or 16 bytes, of which the second number is still in the call's own unit. */
static int read_pair(struct caller *caller, const struct call *call, uint64_t address, struct timespec times[2])
{
    struct time32 small[2];
    if (!shape_is_32(call) || call->shape == SHAPE_32_TIME64) {
        if (!read_all(caller, address, times, 2 * sizeof *times))
            return -EFAULT;
        /* get_timespec64() in kernel/time/time.c: a 32-bit program has padding there. */
        for (int i = 0; i < 2 && shape_is_32(call); i++)
            times[i].tv_nsec &= UINT32_MAX;
        return 0;
    }
    if (!read_all(caller, address, small, sizeof small))
        return -EFAULT;
    for (int i = 0; i < 2; i++)
        times[i] = (struct timespec){small[i].seconds, small[i].fraction};
    return 0;
}

static int read_seconds(struct caller *caller, const struct call *call, uint64_t address, struct timespec times[2])
{
    struct utimbuf seconds;
    int32_t small[2];
    if (shape_is_32(call) ? !read_all(caller, address, small, sizeof small)
                          : !read_all(caller, address, &seconds, sizeof seconds))
        return -EFAULT;
    times[0] = (struct timespec){shape_is_32(call) ? small[0] : seconds.actime, 0};
    times[1] = (struct timespec){shape_is_32(call) ? small[1] : seconds.modtime, 0};
    return 0;
}

_Static_assert(sizeof(struct timeval) == sizeof(struct timespec), "two longs");

int shape_read_times(struct caller *caller, const struct call *call, uint64_t address, struct timespec times[2])
{
    if (call->number == SYS_utime)
        return read_seconds(caller, call, address, times);
    int error = read_pair(caller, call, address, times);
    for (int i = 0; i < 2 && error == 0 && call->number != SYS_utimensat; i++) {
        if (times[i].tv_nsec < 0 || times[i].tv_nsec >= 1000000)
            error = -EINVAL;
        times[i].tv_nsec *= 1000;
    }
    return error;
}

bool shape_read_message(struct caller *caller, const struct call *call, uint64_t address, struct msghdr *message)
{
    struct message32 small;
    if (!shape_is_32(call))
        return read_all(caller, address, message, sizeof *message);
    if (!read_all(caller, address, &small, sizeof small))
        return false;
    *message = (struct msghdr){
        .msg_name = pointer_of(small.name),
        .msg_namelen = (socklen_t)small.name_length,
        .msg_iov = pointer_of(small.vector),
        .msg_iovlen = small.vector_length,
        .msg_control = pointer_of(small.control),
        .msg_controllen = small.control_length,
        .msg_flags = (int)small.flags,
    };
    return true;
}

int shape_place_message(struct caller *caller, const struct call *call, const struct msghdr *message, uint64_t *address)
{
    const struct message32 small = {
        .name = (uint32_t)(uintptr_t)message->msg_name,
        .name_length = (int32_t)message->msg_namelen,
        .vector = (uint32_t)(uintptr_t)message->msg_iov,
        .vector_length = (uint32_t)message->msg_iovlen,
        .control = (uint32_t)(uintptr_t)message->msg_control,
        .control_length = (uint32_t)message->msg_controllen,
        .flags = (uint32_t)message->msg_flags,
    };
    if (shape_is_32(call))
        return caller->ops->place(caller->context, &small, sizeof small, address);
    return caller->ops->place(caller->context, message, sizeof *message, address);
}

size_t shape_message_length_offset(const struct call *call)
{
    return shape_is_32(call) ? offsetof(struct message32, name_length) : offsetof(struct msghdr, msg_namelen);
}

size_t shape_message_distance(const struct call *call)
{
    return shape_is_32(call) ? sizeof(struct many_messages32) : sizeof(struct mmsghdr);
}
