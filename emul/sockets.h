/*
 * Sockets that are files: what call_socket.c has for calls whose addresses are judged.
 */
#ifndef COFFER_EMUL_SOCKETS_H
#define COFFER_EMUL_SOCKETS_H

#include "emul/address.h"
#include "emul/view_internal.h"

/*
 * Where an address that is a path leads in the view, as far as the policy lets the caller go there: `address` becomes
 * the one for the kernel. bind(): the name is a new one. 0 or -errno.
 */
int socket_path_judge(struct view *view, struct caller *caller, bool bind, struct address *address,
                      struct answer *answer);

#endif
