/*
 * The seccomp filter of coffer itself: what it never calls once its command has started.
 */
#ifndef COFFER_FILTER_OWN_CALLS_H
#define COFFER_FILTER_OWN_CALLS_H

/*
 * Takes them from all threads of this process, for good, and from all that it forks: they fail with EPERM. It gets no
 * new privileges from then on. 0 or -errno, and then nothing has changed but that.
 */
int own_calls_limit(void);

#endif
