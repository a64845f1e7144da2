/*
 * Calls with addresses in a run whose policy judges them: what is judged is a copy, and the kernel reads that.
 */
#ifndef COFFER_EMUL_JUDGED_H
#define COFFER_EMUL_JUDGED_H

#include "emul/sockets.h"

call_handler judged_send_addr, judged_sendmsg, judged_sendmmsg;

/* The exit of a sendmmsg() whose first message alone was sent: its result. */
int64_t finish_sendmmsg_one(struct caller *caller, const struct call *call, const struct answer *answer,
                            int64_t result);

#endif
