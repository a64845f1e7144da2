/*
 * The unwinder of backtrace.c: for a process of its own.
 */
#ifndef COFFER_SUPERVISOR_BACKTRACE_UNWIND_H
#define COFFER_SUPERVISOR_BACKTRACE_UNWIND_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/user.h>

/* Writes a line a frame; memory is a descriptor of /proc/TID/mem. Returns the length. Uses globals. */
size_t backtrace_unwind(pid_t tid, const struct user_regs_struct *registers, int memory, char *text, size_t size);

#endif
