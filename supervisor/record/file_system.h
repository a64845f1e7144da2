/*
 * What kind of file system a file lies on, as far as reading it goes.
 */
#ifndef COFFER_SUPERVISOR_RECORD_FILE_SYSTEM_H
#define COFFER_SUPERVISOR_RECORD_FILE_SYSTEM_H

#include <sys/types.h>

enum file_system_kind {
    FILE_SYSTEM_OWN,     /* the kernel alone reads it */
    FILE_SYSTEM_SERVED,  /* another machine has to answer */
    FILE_SYSTEM_PROGRAM, /* a program has to (FUSE): one of the run, perhaps, whose own calls are stopped */
    FILE_SYSTEM_PSEUDO,  /* the kernel makes its content up, and reading may have effects: procfs, sysfs, tracefs */
};

/* Those that were asked for last. Begins as zeros. */
struct file_systems {
    unsigned count, next;
    struct {
        dev_t device;
        enum file_system_kind kind;
    } known[16];
};

/* That of an open file, which may be O_PATH, on `device`. One that the kernel does not tell is FILE_SYSTEM_PSEUDO. */
enum file_system_kind file_system_kind(struct file_systems *systems, int fd, dev_t device);

#endif
