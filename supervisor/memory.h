/*
 * The memory of a tracee, as the tracee itself could read and write it.
 */
#ifndef COFFER_SUPERVISOR_MEMORY_H
#define COFFER_SUPERVISOR_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Copies up to size bytes; short where unmapped memory begins. Returns the bytes read, -EFAULT when
 * there were none, -EPERM when the kernel lets nobody read this process (undumpable), -ESRCH.
 */
ssize_t memory_read(pid_t tid, uint64_t address, void *buffer, size_t size);

/* As memory_read(), but everything or -EFAULT. Returns 0 or -errno. */
int memory_read_all(pid_t tid, uint64_t address, void *buffer, size_t size);

/* Copies size bytes to the tracee, obeying its page protection. 0, -EFAULT, -EPERM, -ESRCH. */
int memory_write(pid_t tid, uint64_t address, const void *data, size_t size);

#endif
