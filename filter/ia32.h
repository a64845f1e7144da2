/*
 * The calls of 32-bit programs (ia32), and of `int $0x80` in 64-bit ones.
 *
 * They are the same calls under other numbers, some of them with arguments or structs of another form. So an entry
 * here is a number and the row of table.h that it means; verdicts, tests and handlers come from there.
 */
#ifndef COFFER_FILTER_IA32_H
#define COFFER_FILTER_IA32_H

#include "filter/table.h"

#include <stdbool.h>

/* The form of a call's arguments, and of the structs that they point to. */
enum shape {
    SHAPE_64,             /* of a 64-bit program: what the rows describe */
    SHAPE_32,             /* pointers, longs and times of 4 bytes; else as the row says. So are all that follow. */
    SHAPE_32_IDS,         /* users and groups of 16 bits */
    SHAPE_32_OFFSET,      /* an offset or a length with a sign in argument 1 */
    SHAPE_32_POSITION,    /* a position in arguments 3 and 4 */
    SHAPE_32_LLSEEK,      /* an offset in arguments 1 and 2, where the result goes, from where */
    SHAPE_32_LENGTH_PAIR, /* a length in arguments 1 and 2 */
    SHAPE_32_OLD_STAT,    /* struct __old_kernel_stat */
    SHAPE_32_STAT,        /* struct stat */
    SHAPE_32_STAT64,      /* struct stat64 */
    SHAPE_32_STATFS64,    /* the size of the struct in argument 1 */
    SHAPE_32_TIME64,      /* times of 8 bytes */
    SHAPE_32_READDIR,     /* one struct old_linux_dirent */
    SHAPE_32_SOCKET,      /* socketcall: the arguments lie in memory */
};

struct ia32_call {
    const char *name; /* NULL: no such call */
    int16_t number;   /* of x86-64, for handlers; -1: none */
    uint8_t shape;
    const struct call_row *own; /* a row of its own, or NULL: that of `number` */
};

/* The highest number plus one. */
size_t ia32_size(void);

/* The call of a number, or NULL when it is not known. */
const struct ia32_call *ia32_call(long number);

/* The row that decides about a call; never NULL. */
const struct call_row *ia32_row(const struct ia32_call *call);

/* What a socketcall() does: the number of x86-64 and how many arguments lie in memory; false when there is none. */
bool ia32_socketcall(uint64_t operation, long *number, unsigned *count);

#endif
