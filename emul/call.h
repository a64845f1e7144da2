/*
 * The seam between a transport (the ptrace loop) and the meaning of calls.
 *
 * A transport fills in a caller and a call, asks view_call() for an answer and
 * carries it out. emul/ sees plain data and these callbacks only, so that it
 * can be tested without a tracee.
 */
#ifndef COFFER_EMUL_CALL_H
#define COFFER_EMUL_CALL_H

#include "filter/ia32.h"
#include "filter/table.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct view;
struct fs_context;

/* Credentials that decide file access; read from /proc/TID/status by the transport. */
struct credentials {
    uid_t ruid, euid, suid, fsuid;
    gid_t rgid, egid, sgid, fsgid;
    uint64_t capabilities; /* CapEff */
    uint64_t permitted;    /* CapPrm */
    int group_count;
    gid_t *groups; /* owned by whoever owns the struct */
};

struct thread_facts {
    const struct fs_context *fs; /* borrowed */
    uint64_t program;            /* as in struct caller */
    bool stopped;                /* by job control */
    bool pinned;                 /* it is kept on a CPU; cpus is what it may use as it knows it */
    cpu_set_t cpus;
    bool alone; /* no other thread uses its descriptors */
};

/* What emul/ may ask of the process that made the call. */
struct caller_ops {
    /* Copies up to size bytes from the caller's memory; short where unmapped memory begins. Bytes read or -errno. */
    ssize_t (*read)(void *context, uint64_t address, void *buffer, size_t size);
    /* Copies size bytes to the caller's memory, obeying its page protection. 0 or -EFAULT. */
    int (*write)(void *context, uint64_t address, const void *data, size_t size);
    /* A duplicate of the caller's descriptor (pidfd_getfd), O_CLOEXEC, owned by us; or -EBADF and the like. */
    int (*dup_fd)(void *context, int fd);
    /*
     * Puts data where no thread of the caller can change it and returns its address there; it stays until the
     * call has ended. Several pieces may be placed for one call. 0, or -ENOMEM and the like.
     */
    int (*place)(void *context, const void *data, size_t size, uint64_t *address);
    /* What the transport knows of a thread of the view; false when it is none. Or NULL. */
    bool (*thread)(void *context, pid_t tid, struct thread_facts *facts);
};

struct caller {
    const struct caller_ops *ops;
    void *context;
    pid_t tid, tgid;
    struct fs_context *fs;          /* borrowed; working directory, root and umask */
    const struct credentials *cred; /* borrowed */
    uint64_t program;               /* which exec it stems from: 1 is the command's, and its children's by fork */
    bool takes_grants;              /* the transport can answer an open with a descriptor of ours: ANSWER_GRANT */
    bool starting;                  /* it is about to become the command that the user named */
};

struct call {
    long number;                /* of x86-64, also when a 32-bit program made the call by another */
    const struct call_row *row; /* never NULL, verdict VERDICT_STOP */
    uint64_t args[6];           /* as the row describes them, whatever the shape */
    enum shape shape;           /* of what they point to */
};

enum answer_kind {
    ANSWER_CONTINUE, /* the kernel carries the call out as the caller made it */
    ANSWER_RESULT,   /* the call is not made; result is what it returns */
    ANSWER_REWRITE,  /* the kernel carries it out with args[]; the transport restores the caller's registers at exit */
    ANSWER_GRANT,    /* once the caller waits for it, view_call_grant() opens what the call then returns */
    ANSWER_WAIT,     /* ask again when the worker process `worker` has ended */
};

/* What an exit stop, or a successful exec, has to finish. Opaque to the transport, but stored by it. */
enum finish_kind {
    FINISH_NONE,
    FINISH_OPEN,         /* a file of the layer is opened; see open_finish.c */
    FINISH_OPEN_MADE,    /* one that was made over a whiteout */
    FINISH_OPEN_MODE,    /* the same, and it gets its final mode when it is open */
    FINISH_OPEN_EMPTIED, /* one of a lower tree, whose copy is empty */
    FINISH_CHDIR,
    FINISH_RECV_ADDR,
    FINISH_BIND, /* a socket that was bound under a temporary name gets its own */
    FINISH_EXEC,
    FINISH_LISTENER,
    FINISH_BOUND, /* a socket has got an address: what is bound here may be connected to */
    FINISH_SENDMMSG,
    FINISH_SENDMMSG_ONE, /* its first message alone was sent */
    FINISH_FORGET,       /* a file that was made for this call alone goes */
};

struct finish {
    enum finish_kind kind;
    int fd; /* owned; -1 when unused */
    uint32_t mode;
    void *directory; /* a counted struct directory, owned */
    char *text;      /* malloc()ed, owned */
};

/* What is to be opened for a caller who could not come to it by any path: see open_grant.c. */
struct grant;

struct answer {
    enum answer_kind kind;
    int64_t result;      /* of ANSWER_RESULT: >= 0 or -errno */
    uint64_t args[6];    /* of ANSWER_REWRITE */
    bool want_exit;      /* with CONTINUE or REWRITE: call view_call_exit() at the exit stop */
    bool again;          /* set by view_call_exit(): what was decided no longer holds, the call is to be made again */
    pid_t worker;        /* of ANSWER_WAIT */
    struct grant *grant; /* of ANSWER_GRANT; owned */
    struct finish finish;
};

/* Decides one call. *answer is filled in; never fails: a call that cannot be handled is refused in the answer. */
void view_call(struct view *view, struct caller *caller, const struct call *call, struct answer *answer);

/*
 * Finishes a call whose answer had want_exit, at its exit stop. *result is what the kernel returned (-errno or >= 0)
 * and may be changed. Not called when the caller died; then answer_release() is enough.
 */
void view_call_exit(struct view *view, struct caller *caller, const struct call *call, struct answer *answer,
                    int64_t *result);

/*
 * The caller of a call that was answered with ANSWER_GRANT waits for its descriptor, and nothing but its death can end
 * that. Opens it, once: a descriptor of our own, or -errno for the caller. *cloexec: how it is to have it.
 */
int view_call_grant(struct view *view, struct caller *caller, struct answer *answer, bool *cloexec);

/*
 * After a successful exec (PTRACE_EVENT_EXEC) whose answer was `answer` (a zeroed one if the exec went through
 * untouched): returns the text that AT_EXECFN must show, or NULL to leave it. The text belongs to the answer.
 */
const char *view_exec_name(const struct answer *answer);

/* Releases what an answer owns; harmless on one that owns nothing. */
void answer_release(struct answer *answer);

/*
 * A child of the supervisor ended that is no tracee: true when it was a worker of this view, whose waiting calls
 * (answer.worker == pid) must now be asked again with view_call().
 */
bool view_worker_done(struct view *view, pid_t pid, int status);

/* The working directory, root and umask of a process: shared by CLONE_FS, copied by fork. Counted. */
struct fs_context *fs_context_new(struct view *view, const char *cwd, mode_t umask, int *error);
struct fs_context *fs_context_copy(const struct fs_context *fs); /* NULL when out of memory */
struct fs_context *fs_context_share(struct fs_context *fs);
void fs_context_release(struct fs_context *fs);
/* The working directory in the view. 0 or -errno. */
int fs_context_cwd(const struct fs_context *fs, char path[PATH_MAX]);

#endif
