/*
 * Descriptors that programs hold open on a file of a lower tree while the view already shows a copy of it.
 *
 * On a kernel file system they would read what others write to the file. Here the kernel reads the original, so a
 * transport that can see such a process's calls corrects what they gave. Which processes hold one is for the transport
 * to find out: whenever view_stale_news() says that there may be a new one.
 */
#ifndef COFFER_EMUL_STALE_H
#define COFFER_EMUL_STALE_H

#include "emul/call.h"

/* Whether files were copied, since it was last asked, that somebody has open. */
bool view_stale_news(struct view *view);

/* Whether a descriptor of a process is open on such a file. */
bool view_stale_descriptor(struct view *view, pid_t pid, int fd);

/*
 * Corrects a call that the kernel has carried out: what read() and its like put into the caller's memory, the position,
 * and *result (-errno or >= 0). call->row is not looked at. Any call that has nothing to do with such a descriptor is
 * left as it is.
 */
void view_stale_exit(struct view *view, struct caller *caller, const struct call *call, int64_t *result);

#endif
