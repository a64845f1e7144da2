/*
 * The structs that arguments point to, in the form that the caller's call has (enum shape): a function a family, which
 * knows that of 64-bit programs and those of 32-bit ones.
 */
#ifndef COFFER_EMUL_SHAPES_H
#define COFFER_EMUL_SHAPES_H

#include "emul/call.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* What a 32-bit program that does not say O_LARGEFILE may have in a file. */
#define SHAPE_SMALL_FILE_MAX INT64_C(0x7fffffff)

enum { SHAPE_STATFS64_SIZE = 84, SHAPE_MESSAGE32_SIZE = 28 };

/* Whether pointers have 4 bytes. */
static inline bool shape_is_32(const struct call *call)
{
    return call->shape != SHAPE_64;
}

/* The pointer at an address. 0 or -EFAULT. */
int shape_read_pointer(struct caller *caller, const struct call *call, uint64_t address, uint64_t *pointer);

/* An element of the vector of readv and its like. 0 or -EFAULT. */
int shape_read_part(struct caller *caller, const struct call *call, uint64_t vector, uint64_t index,
                    struct iovec *part);

/* What a seek returns that came to a position, or to -errno. */
int64_t shape_seek_result(struct caller *caller, const struct call *call, int64_t position);

/* The answer to a stat call: 0, or -EOVERFLOW where a number does not fit, or -EFAULT. */
int shape_write_stat(struct caller *caller, const struct call *call, uint64_t address, const struct stat *st);

/* The times of utime, utimes, futimesat and utimensat; address is not 0. 0, -EFAULT or -EINVAL. */
int shape_read_times(struct caller *caller, const struct call *call, uint64_t address, struct timespec times[2]);

/* A message header; its pointers and lengths are the caller's. False where there is no memory. */
bool shape_read_message(struct caller *caller, const struct call *call, uint64_t address, struct msghdr *message);
/* Puts a header where no thread of the caller can change it (caller_ops.place). */
int shape_place_message(struct caller *caller, const struct call *call, const struct msghdr *message,
                        uint64_t *address);
/* Where the length of the name is in a header, and how far apart the headers of sendmmsg and recvmmsg are. */
size_t shape_message_length_offset(const struct call *call);
size_t shape_message_distance(const struct call *call);

#endif
