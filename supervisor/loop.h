/*
 * The loop: takes one event after the other and lets the tracee go on.
 */
#ifndef COFFER_SUPERVISOR_LOOP_H
#define COFFER_SUPERVISOR_LOOP_H

#include "supervisor/supervisor.h"

/* Serves until the last tracee has ended. */
void loop_run(struct supervisor *supervisor);

#endif
