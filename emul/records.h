/*
 * The records of a listing, in the form that the caller's call has.
 */
#ifndef COFFER_EMUL_RECORDS_H
#define COFFER_EMUL_RECORDS_H

#include "emul/call.h"

#include <stddef.h>

struct raw_entry { /* struct linux_dirent64, getdents64(2) */
    uint64_t ino;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

enum record_form {
    RECORD_64,     /* getdents64 */
    RECORD_OLD,    /* getdents */
    RECORD_32,     /* getdents of 32-bit programs */
    RECORD_32_ONE, /* readdir */
};

/* The caller's buffer, being filled. */
struct output {
    char *data;
    size_t size, used;
    enum record_form form;
    int error; /* why the last record was not taken: -EINVAL (no room) or -EOVERFLOW */
};

/* One record; here and next are positions. False, and output->error, when it is not taken. */
bool record_emit(struct output *out, const char *name, uint64_t ino, uint8_t type, int64_t here, int64_t next);

/*
 * getdents64 as a 32-bit program makes it: some file systems give it other positions, which fit into 31 bits. size is
 * at most what fits into 32 bits. Bytes or -errno.
 */
int64_t record_read_ia32(int fd, void *buffer, size_t size);

#endif
