/*
 * The scratch of an address space: memory of the tracee which the tracee can read and only the
 * supervisor can write. What a rewritten call points to lies here, so that no other thread can change
 * it between the decision and the kernel's reading it.
 */
#ifndef COFFER_SUPERVISOR_SCRATCH_H
#define COFFER_SUPERVISOR_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SCRATCH_SLOT_SIZE = 4096, SCRATCH_SLOTS = 256, SCRATCH_SIZE = SCRATCH_SLOT_SIZE * SCRATCH_SLOTS };
enum { SCRATCH_WORDS = SCRATCH_SLOTS / 64 };

/* An address space: shared by threads and by a vfork()ed child until it calls exec. Counted. */
struct address_space {
    int count;
    uint64_t scratch;             /* its address, 0 when there is none */
    uint64_t parking;             /* the address of its parking place (see move.h), 0 when there is none */
    bool parking_written;         /* the code is there */
    uint64_t used[SCRATCH_WORDS]; /* a bit a slot; slot 0 is kept for the name of the program */
    int memory_fd;                /* /proc/PID/mem, opened when it is first needed; -1 */
    bool ia32;                    /* of a 32-bit program */
    int dumpable;                 /* what PR_GET_DUMPABLE answers */
};

/* What one call has placed. All zero: nothing. */
struct scratch_pieces {
    uint64_t slots[SCRATCH_WORDS];
    uint64_t next, end; /* where a further small piece fits into a slot that is already this call's */
};

/* A new address space; NULL when out of memory. */
struct address_space *address_space_new(uint64_t scratch, uint64_t parking);
/* For a fork: the same addresses and none of the pieces that calls of the parent have placed. */
struct address_space *address_space_copy(const struct address_space *space);
struct address_space *address_space_share(struct address_space *space);
void address_space_release(struct address_space *space); /* NULL is fine */

/* Places data for a call of thread tid, which is stopped. 0, or -ENOMEM and the like. */
int scratch_place(struct address_space *space, pid_t tid, struct scratch_pieces *pieces, const void *data, size_t size,
                  uint64_t *address);

/* Places the program's name, for as long as the address space lives; text is less than SCRATCH_SLOT_SIZE long. */
int scratch_place_name(struct address_space *space, pid_t tid, const char *text, uint64_t *address);

/* Writes the code of the parking place, where that has not been done. 0 or -errno. */
int scratch_write_parking(struct address_space *space, pid_t tid);

/* The call has ended: frees what it had placed. */
void scratch_release(struct address_space *space, struct scratch_pieces *pieces);

#endif
