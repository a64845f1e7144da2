#include "supervisor/scratch.h"

#include "supervisor/move.h"
#include "supervisor/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_ALIGNMENT = 16 };

struct address_space *address_space_new(uint64_t scratch, uint64_t parking)
{
    struct address_space *space = calloc(1, sizeof *space);
    if (space == NULL)
        return NULL;
    space->count = 1;
    space->scratch = scratch;
    space->parking = parking;
    space->used[0] = 1;
    space->memory_fd = -1;
    space->dumpable = 1;
    return space;
}

struct address_space *address_space_copy(const struct address_space *space)
{
    struct address_space *copy = address_space_new(space->scratch, space->parking);
    /* Whether the parking place was written before the fork is not known: another thread may have been there since. */
    if (copy != NULL) {
        copy->dumpable = space->dumpable;
        copy->ia32 = space->ia32;
    }
    return copy;
}

struct address_space *address_space_share(struct address_space *space)
{
    space->count++;
    return space;
}

void address_space_release(struct address_space *space)
{
    if (space == NULL || --space->count > 0)
        return;
    if (space->memory_fd >= 0)
        (void)close(space->memory_fd);
    free(space);
}

static int open_memory(pid_t tid)
{
    char path[sizeof "/proc//mem" + 3 * sizeof tid];
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)tid);
    return open(path, O_RDWR | O_CLOEXEC);
}

/*
 * The slow way: word by word. Needed where /proc/PID/mem cannot be opened (it belongs to root once the
 * tracee has changed its identity, and the supervisor may be acting as somebody else just now; or no
 * descriptor is left), and where the kernel was told that writes through it obey page protection.
 */
static int write_words(pid_t tid, uint64_t address, const void *data, size_t size)
{
    for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t length = size - done < sizeof word ? size - done : sizeof word;
        memcpy(&word, (const char *)data + done, length);
        int status = trace_write_word(tid, address + done, word);
        if (status < 0)
            return status == -EIO ? -ENOMEM : status;
    }
    return 0;
}

static int write_scratch(struct address_space *space, pid_t tid, uint64_t address, const void *data, size_t size)
{
    if (space->memory_fd < 0)
        space->memory_fd = open_memory(tid);
    if (space->memory_fd >= 0 && pwrite(space->memory_fd, data, size, (off_t)address) == (ssize_t)size)
        return 0;
    return write_words(tid, address, data, size);
}

static int slot_used(const struct address_space *space, size_t slot)
{
    return (int)(space->used[slot / 64] >> (slot % 64) & 1);
}

/* The first of `count` free slots in a row, or 0. */
static size_t find_slots(const struct address_space *space, size_t count)
{
    size_t run = 0;
    for (size_t slot = 1; slot < SCRATCH_SLOTS; slot++) {
        run = slot_used(space, slot) ? 0 : run + 1;
        if (run == count)
            return slot + 1 - count;
    }
    return 0;
}

static int take_slots(struct address_space *space, struct scratch_pieces *pieces, size_t size)
{
    if (size > SCRATCH_SIZE)
        return -ENOMEM;
    size_t count = (size + SCRATCH_SLOT_SIZE - 1) / SCRATCH_SLOT_SIZE;
    size_t first = find_slots(space, count);
    if (first == 0)
        return -ENOMEM;

    for (size_t slot = first; slot < first + count; slot++) {
        uint64_t bit = UINT64_C(1) << (slot % 64);
        space->used[slot / 64] |= bit;
        pieces->slots[slot / 64] |= bit;
    }
    pieces->next = space->scratch + first * SCRATCH_SLOT_SIZE;
    pieces->end = pieces->next + count * SCRATCH_SLOT_SIZE;
    return 0;
}

int scratch_place(struct address_space *space, pid_t tid, struct scratch_pieces *pieces, const void *data, size_t size,
                  uint64_t *address)
{
    if (space->scratch == 0)
        return -ENOMEM;
    size_t room = size > 0 ? size : 1; /* an empty piece has an address as well */
    if (pieces->end - pieces->next < room) {
        int status = take_slots(space, pieces, room);
        if (status < 0)
            return status;
    }

    int status = write_scratch(space, tid, pieces->next, data, size);
    if (status < 0)
        return status;
    *address = pieces->next;
    pieces->next += (room + PIECE_ALIGNMENT - 1) / PIECE_ALIGNMENT * PIECE_ALIGNMENT;
    if (pieces->next > pieces->end)
        pieces->next = pieces->end;
    return 0;
}

int scratch_place_name(struct address_space *space, pid_t tid, const char *text, uint64_t *address)
{
    size_t size = strlen(text) + 1;
    if (space->scratch == 0 || size > SCRATCH_SLOT_SIZE)
        return -ENOMEM;
    *address = space->scratch;
    return write_scratch(space, tid, space->scratch, text, size);
}

int scratch_write_parking(struct address_space *space, pid_t tid)
{
    if (space->parking_written)
        return 0;
    int status = write_scratch(space, tid, space->parking, move_parking_code, move_parking_size);
    space->parking_written = status == 0;
    return status;
}

void scratch_release(struct address_space *space, struct scratch_pieces *pieces)
{
    if (pieces->end == 0)
        return;
    for (size_t i = 0; i < SCRATCH_WORDS; i++)
        space->used[i] &= ~pieces->slots[i];
    memset(pieces, 0, sizeof *pieces);
}
