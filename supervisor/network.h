/*
 * --net none: no socket but those of this machine's own file system.
 */
#ifndef COFFER_SUPERVISOR_NETWORK_H
#define COFFER_SUPERVISOR_NETWORK_H

/*
 * From now on the calling thread, and what it becomes, can make AF_UNIX sockets only; others fail with
 * EACCES. It must have no_new_privs. 0 or -errno.
 */
int network_refuse(void);

#endif
