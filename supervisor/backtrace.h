/*
 * --backtrace: where in a program a call was made.
 *
 * Programs choose what their memory and their files hold, and libunwind reads both: so it runs in a process of its own
 * that can do nothing but read and answer, and that is killed when it takes too long.
 */
#ifndef COFFER_SUPERVISOR_BACKTRACE_H
#define COFFER_SUPERVISOR_BACKTRACE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The stack of a thread that is stopped and traced by the calling thread, a line a frame, the innermost first:
 * "#0 0x7f12a mkdir+0x7 (/usr/lib/libc.so.6)". Fresh memory, or NULL when nothing could be found out; *late becomes
 * true when it took too long.
 */
char *backtrace_take(pid_t tid, bool *late);

#endif
