/*
 * The record as a file: written as it happens, read one event after the other.
 *
 * The file is a header and blocks. A block is read without any other: names that it uses are spelled in it. What is
 * complete in the file is still read when coffer was killed, the disk was full, or a part of the file was destroyed.
 * docs/record.md has the format.
 */
#ifndef COFFER_SUPERVISOR_RECORD_STORE_H
#define COFFER_SUPERVISOR_RECORD_STORE_H

#include "supervisor/record/event.h"

#include <sys/types.h>

struct record_writer;
struct record_reader;

/*
 * Makes or empties a regular file and begins a record in it. 0 or -errno: nothing has been left behind then.
 * -EINVAL: it is no regular file. SIGXFSZ must be ignored, or a limit kills. Not safe for several threads at once:
 * callers lock.
 */
int record_writer_open(struct record_writer **writer, const char *path);

/*
 * Adds an event; its time must not be before that of the last one; an earlier one is taken for that. Microseconds are
 * kept. Texts are cut after 1 MiB and names after 64 KiB (RECORD_CUT). Once this returns 0 the event is in the kernel's
 * hands: kill -9 does not lose it. 0 or -errno (-ENOSPC, -EIO, -EFBIG): what was written before stays readable, and
 * later calls fail with the same. -EINVAL, once: the event makes no sense.
 */
int record_writer_add(struct record_writer *writer, const struct record_event *event);

/* Bytes of the file so far, and events. */
uint64_t record_writer_size(const struct record_writer *writer);
uint64_t record_writer_count(const struct record_writer *writer);

/* Open on the file, and the writer's: for who wants to read what has been written. */
int record_writer_descriptor(const struct record_writer *writer);

/* Cuts the file to what has been written and closes it; harmless for NULL. 0 or -errno. */
int record_writer_close(struct record_writer *writer);

/* What is wrong with a part of the file. */
struct record_damage {
    uint64_t offset, size; /* bytes; size 0: to the end */
    const char *what;      /* "cut off", "checksum", ...; static */
};

/* Opens a record of any origin. 0, -errno, or -EBADMSG: it is none. */
int record_reader_open(struct record_reader **reader, const char *path);
void record_reader_close(struct record_reader *reader);

/*
 * The next event. 1: there is one; 0: no more; -EUCLEAN: *damage says which part could not be read, and the next call
 * goes on behind it; -errno: the file cannot be read.
 */
int record_reader_next(struct record_reader *reader, struct record_event *event, struct record_damage *damage);

#endif
