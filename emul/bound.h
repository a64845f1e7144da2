/*
 * The addresses that sockets of the view are bound to: a rule that lets a program listen lets it connect to itself.
 *
 * Knows addresses of the network, and abstract names. Sockets that are files of the layer are of the view anyway.
 */
#ifndef COFFER_EMUL_BOUND_H
#define COFFER_EMUL_BOUND_H

#include "emul/address.h"
#include "emul/view_internal.h"

/* A socket of the view, of which fd is a duplicate, may have got an address. */
void bound_remember(struct view *view, int fd);

/* Whether a socket of the view has this address now. */
bool bound_inside(struct view *view, const struct address *address);

/* Whether anybody on this machine has the abstract name. */
bool bound_by_somebody(const struct address *address);

/* Whether a socket that is none of the view's waits for somebody at the port, or under the abstract name. */
bool bound_outside(const struct view *view, const struct address *address);

void bound_free(struct view *view);

#endif
