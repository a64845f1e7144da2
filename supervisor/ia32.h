/*
 * Calls of 32-bit programs: from their registers to a call as the table describes it, and back.
 */
#ifndef COFFER_SUPERVISOR_IA32_H
#define COFFER_SUPERVISOR_IA32_H

#include "supervisor/task.h"
#include "supervisor/trace.h"

/* The numbers of some calls. */
enum { IA32_IPC = 117, IA32_CLONE = 120, IA32_VFORK = 190, IA32_MMAP2 = 192 };

/* The call as the rows describe it, but for what lies in memory; false when its number is not known. */
bool ia32_fill(const struct trace_call *made, struct call *call);

/*
 * What the filter does with a call (table_verdict()); call is filled in, but for VERDICT_UNKNOWN. *error as of
 * table_verdict(). A socketcall() is judged as what it does.
 */
enum verdict ia32_judge(const struct task *task, const struct trace_call *made, struct call *call, int *error);

/*
 * The kernel makes a socketcall() that was judged, with these arguments: places them where no thread can change them
 * any more, and says where they are. 0, or -ENOMEM and the like.
 */
int ia32_place_block(struct task *task, const uint64_t args[6], uint64_t *address);

/* Whether a socketcall() that the kernel may make as it is would have it read again what was judged. */
bool ia32_is_judged_block(const struct call *call);

#endif
