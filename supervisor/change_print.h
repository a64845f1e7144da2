/*
 * One change of a layer as text for people or for programs.
 */
#ifndef COFFER_SUPERVISOR_CHANGE_PRINT_H
#define COFFER_SUPERVISOR_CHANGE_PRINT_H

#include "emul/changes.h"
#include "supervisor/record/changers.h"

#include <stdint.h>

struct change_totals {
    int format; /* the caller's */
    uint64_t added, changed, deleted, metadata;
    int64_t bytes;
};

/* Who made a change, as far as records tell. */
struct change_by {
    struct changer found[CHANGERS_MAX];
    size_t count;
};

/* "A /path", odd bytes escaped; "A /path  by cc[12], mv[13]" where it is known who made the change. */
void change_print_line(const struct change *change, const struct change_by *by);

/* The same with the bytes gained or lost, and adds to the totals. */
void change_print_stat(const struct change *change, struct change_totals *totals);
void change_print_totals(const struct change_totals *totals);

/*
 * One JSON object: change, path, type, mode, uid, gid, size, mtime, and target of a symbolic link; by, a list of
 * program and pid, where that is known. When
 * the path is not UTF-8, "path" has U+FFFD for odd bytes and "path_hex" has all bytes in hexadecimal.
 */
void change_print_json(const struct change *change, const struct change_by *by);

/* A unified diff of regular files, made by diff(1), and of targets of symbolic links. */
void change_print_text(const struct change *change);

#endif
