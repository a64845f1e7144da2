/*
 * What a record holds: one struct for everything that is noted, as the writer takes it and the reader gives it back.
 *
 * Names and texts are bytes that a program chose: any but NUL, of any encoding. Whoever prints them escapes them.
 */
#ifndef COFFER_SUPERVISOR_RECORD_EVENT_H
#define COFFER_SUPERVISOR_RECORD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are those of the file: never change one, add at the end. */
enum record_kind {
    RECORD_BEGIN = 1, /* of the run: the first event of a record */
    RECORD_END,       /* of the run: the last one of a record that is whole */
    /* Processes. */
    RECORD_START,    /* a process begins: by fork and its like */
    RECORD_EXECUTED, /* it became another program; followed by RECORD_EXEC and RECORD_MAP for the files of that */
    RECORD_EXIT,
    /* Files. */
    RECORD_READ,     /* opened for reading; whether it was read, nobody saw */
    RECORD_WRITE,    /* opened for writing, or truncated: it was there before */
    RECORD_CREATE,   /* a new name: by open, mkdir, mknod, symlink, bind */
    RECORD_DELETE,   /* unlink, rmdir */
    RECORD_RENAME,   /* path to path2; exchanged both ways with RECORD_EXCHANGED */
    RECORD_LINK,     /* path2 is a new name of what path names */
    RECORD_METADATA, /* mode, owner, times, attributes */
    RECORD_LIST,     /* a directory opened to be read */
    RECORD_LOOK,     /* asked about: stat, access, readlink, chdir */
    RECORD_EXEC,     /* executed, or tried to */
    RECORD_MAP,      /* the kernel read it for an exec: interpreter of a script, or of a dynamic program */
    RECORD_ABSENT,   /* looked for by whatever call, and not there (ENOENT or ENOTDIR) */
    /* The network: path is the address in words: 10.0.0.1:80, [::1]:53, unix:/run/x, unix:@abstract. */
    RECORD_CONNECT, /* connect, or a datagram to an address */
    RECORD_BIND,
    RECORD_ACCEPT, /* path is the other end */
    /* What others add. */
    RECORD_REPEAT,    /* a fact of before was seen `count` times more; `of` says the kind, the rest is that fact's */
    RECORD_HASH,      /* of path's content; state says when */
    RECORD_VIOLATION, /* a rule refused something; text is the reason, path what it was about */
    RECORD_KIND_COUNT,
};

enum {
    RECORD_IN_LAYER = 1 << 0,  /* of a view: what was changed, was it in the layer; anything else lies there */
    RECORD_DIRECTORY = 1 << 1, /* it is a directory */
    RECORD_EXCHANGED = 1 << 2, /* of RECORD_RENAME */
    RECORD_PREDICTED = 1 << 3, /* what came of it is what the supervisor found just before, not what the call said */
    RECORD_FOR_BOTH = 1 << 4,  /* of RECORD_WRITE and RECORD_CREATE: opened for reading as well; not with O_TRUNC */
    RECORD_CUT = 1 << 5,       /* text was longer than is kept */
    RECORD_UNRESOLVED = 1 << 6 /* path is no resolved one: as the program said it, or as /proc shows it */
};

enum record_hash { RECORD_SHA256 = 1, RECORD_BLAKE2B, RECORD_GIT_BLOB, RECORD_HASH_COUNT };
enum record_state { RECORD_BEFORE = 1, RECORD_AFTER }; /* this run changed the file; the end of the run */

enum { RECORD_DIGEST_MAX = 64 };

/*
 * Members that a kind has no use for are 0 or NULL. Pointers given to the writer are read in the call; those that the
 * reader gives are valid until the next event is read.
 */
struct record_event {
    enum record_kind kind;
    uint64_t time;    /* ns since RECORD_BEGIN */
    uint32_t process; /* numbered from 1, the command's; not used again as pids are. 0: none */
    unsigned flags;
    const char *call; /* name of the system call, or NULL; lower case, digits and _ */
    int error;        /* errno of a call that failed; 0 */
    uint64_t count;   /* of RECORD_REPEAT: 1 and more */
    enum record_kind of;
    const char *path;  /* resolved, absolute in the view */
    const char *path2; /* of RECORD_RENAME and RECORD_LINK; a symbolic link's text */
    const char *said;  /* as the program said it; NULL: the same as path, or by a descriptor */
    const char *said2;
    union {
        struct {
            uint64_t epoch;          /* ns since 1970 */
            const char *command;     /* words, each with its NUL */
            size_t command_size;     /* bytes of command */
            const char *cwd;         /* of coffer */
            const char *host, *user; /* names */
            const char *version;     /* of coffer */
            bool view;               /* coffer run: else everything went straight through */
            bool streams;            /* each event stands for itself: no RECORD_REPEAT */
        } begin;
        struct {
            int status;    /* of the command, as wait(2) gives it */
            uint64_t lost; /* events that could not be written */
        } end;
        struct {
            uint32_t parent;
            int32_t pid;
            bool thread_like; /* by vfork, or sharing the address space */
        } start;
        struct {
            const char *words; /* argv, each with its NUL; RECORD_CUT */
            size_t words_size;
            const char *environment; /* NAME=VALUE, each with its NUL; NULL: not asked for */
            size_t environment_size;
            const char *cwd;
        } executed; /* path is the program */
        struct {
            int status;                  /* as wait(2) gives it */
            uint64_t user_us, system_us; /* CPU time, with children that were waited for */
            uint64_t max_resident_kb;
            uint64_t block_in, block_out; /* of getrusage(2) */
        } exit;
        struct {
            enum record_hash algorithm;
            enum record_state state;
            uint64_t size; /* of the file */
            size_t digest_size;
            unsigned char digest[RECORD_DIGEST_MAX];
        } hash;
        struct {
            const char *rule; /* FILE:LINE and the rule's text, or what else refused it */
            const char *text; /* the line that the user saw */
        } violation;
    };
};

/* A short word for a kind: "read", "absent"; formats and options use it. */
const char *record_kind_word(enum record_kind kind);
/* The kind of such a word, or 0. */
enum record_kind record_kind_of_word(const char *word);

/* "sha256", "blake2b", "git"; NULL for what is none of them. */
const char *record_hash_word(enum record_hash algorithm);

/* The digest of RECORD_HASH in hexadecimal digits. */
struct record_digits {
    char text[2 * RECORD_DIGEST_MAX + 1];
};
struct record_digits record_digest_digits(const struct record_event *event);

#endif
