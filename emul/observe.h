/*
 * Looking on: what a call names, and what is there, without a say in what becomes of it. For records.
 */
#ifndef COFFER_EMUL_OBSERVE_H
#define COFFER_EMUL_OBSERVE_H

#include "emul/address.h"
#include "emul/call.h"

#include <sys/stat.h>

struct observed_path;

/* Whether somebody wants a descriptor of a regular file that was found; all but `fd` of the path is filled in. */
struct observe_wish {
    bool (*wants)(void *context, const struct observed_path *path);
    void *context;
};

struct observed_path {
    const struct observe_wish *wish; /* given by the caller, or NULL */
    int fd;             /* O_PATH, of what the wish wanted, or -1; the caller's to close before the next look */
    bool used;          /* the call has such an argument */
    bool by_descriptor; /* it names its object by a descriptor alone */
    bool resolved;      /* no link is left in path: else it is what was said, from the root on */
    bool looked;        /* error and st are filled in; else nobody knows before the kernel does */
    bool closed;        /* of an open: the caller may not read what is there */
    bool in_layer;      /* what is there lies in a layer */
    bool to_layer;      /* what the call changes, or makes, does so in the layer; only of calls that may */
    int error;          /* 0: something is there; or -errno, as a look for it would fail */
    struct stat st;     /* mode, size and identity of what is there */
    char said[PATH_MAX];
    char path[PATH_MAX]; /* "": it has none (a pipe, a bad address) */
};

struct observed {
    struct observed_path path[2];
    int flags; /* of an open: O_*; of others 0 */
};

/* What the path arguments of a call name at the moment, and of a call by descriptor what that is open on. */
void view_observe(struct view *view, struct caller *caller, const struct call *call, struct observed *observed);

/*
 * Where the kernel carries calls out as they are made: a name has changed, by a call that succeeded. What is known of
 * the host's directories is brought into line. `other`: of a rename, the new name, else NULL. Paths as observed.
 */
void view_observed_change(struct view *view, struct caller *caller, const char *path, const char *other,
                          bool exchanged);

/* The same: the caller's working directory or root is another one. */
void view_observed_place(struct view *view, struct caller *caller);

/*
 * The other end that a call names (bind, connect, sendto, sendmsg), in words; the path of a socket is resolved. False:
 * none, or it cannot be read.
 */
bool view_observe_address(struct view *view, struct caller *caller, const struct call *call,
                          struct observed_path *path);
/* That of a socket of the caller's, in words. */
bool view_observe_peer(struct caller *caller, int fd, char words[ADDRESS_WORDS]);

/* The interpreter that the kernel reads for the program that the caller has become; path->used: it has one. */
void view_observe_interpreter(struct view *view, struct caller *caller, struct observed_path *path);

/* The path that the kernel shows for a link of a process ("exe", "cwd", "fd/3"), as the view has it. 0 or -errno. */
int view_observe_link(struct view *view, pid_t tid, const char *link, char path[PATH_MAX]);

#endif
