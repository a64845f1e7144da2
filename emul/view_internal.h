/*
 * What the parts of the view share. Only emul/ includes this.
 *
 * A view is a list of trees: number 0 is the upper directory of the running
 * layer, then the layers it was laid over, topmost first, and last the host. A
 * directory of the view (struct directory) knows in which trees it exists.
 */
#ifndef COFFER_EMUL_VIEW_INTERNAL_H
#define COFFER_EMUL_VIEW_INTERNAL_H

#include "emul/call.h"
#include "emul/cleanup.h"
#include "emul/closed.h"
#include "emul/layer.h"
#include "emul/object.h"
#include "emul/overlay.h"
#include "emul/sys.h"
#include "emul/tree.h"
#include "emul/view.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <uthash.h>

#define LINKS_MAX 40 /* the kernel's MAXSYMLINKS */

#define TREES_MAX (VIEW_LAYERS_MAX + 2)
#define UPPER     0 /* the number of the upper tree */

struct tree {
    int fd;       /* O_PATH; owned by the layer, or by the view for the host */
    dev_t dev;    /* of its top directory; unused for the host */
    char *prefix; /* host path that view paths are appended to: "" for the host */
};

/* A directory of the view, known by its parent and its name there. Counted. */
struct directory {
    UT_hash_handle hh;
    struct directory *parent;        /* counted; NULL for the root */
    struct directory *older, *newer; /* least recently used order, of unused and used alike */
    unsigned refs;
    unsigned heard;    /* inotify watches on it: see listener.c */
    unsigned children; /* cached entries whose parent this is */
    bool hashed;       /* reachable by name; false once it is removed or replaced */
    bool dead;         /* removed from the view */
    bool proc;         /* in procfs: never cached, names there are per process */
    bool watched;      /* an ancestor of a hidden path, or holds special names: no short cuts through it */
    bool meta_known;
    bool lock_asked, lock_misses; /* see lock_known.c */
    uint64_t serial;              /* its own, also when another one lay at this address before */
    uint32_t trees;               /* bit t: exists in tree t and is not hidden by a tree above */
    int upper_fd, host_fd;        /* O_PATH, -1 until they are needed: see directory_fd() */
    int *over_fd;                 /* of the layers between, or NULL */
    struct directory_meta {
        uid_t uid;
        gid_t gid;
        mode_t mode;
        bool override;          /* what only an attribute tells */
        bool foreign;           /* and the group is another one than the directory has */
        bool default_acl;       /* of a directory of a layer: new objects inherit an ACL from it */
    } meta;                     /* of the topmost tree, with its override */
    struct policy_place *place; /* counted, or NULL: see rules.c */
    uint64_t place_epoch;
    struct directory_key *key; /* owned: the parent's address and the name */
    size_t key_length;
    struct view *view;
};

struct directory_key {
    uint64_t parent;
    char name[];
};

struct job {
    struct job *next;
    pid_t pid;
    char *key;
    bool done;
    int error;
    int notes; /* what it copied; owned */
};

enum { KNOWN_PATHS = 256, KNOWN_TEXT = 192, KNOWN_NAMES = 1024, KNOWN_PROGRAMS = 256 };

/* See known.c. */
struct known_path {
    uint64_t structure, start, identity, expires;
    struct directory *dir; /* where it leads; not counted: structure tells whether it still is one */
    int links;             /* symbolic links on the way */
    bool pure;             /* as of struct walked, for a walk that began so */
    size_t length;
    char text[KNOWN_TEXT];
};

struct known_name {
    uint64_t hash, expires;
};

struct known_program {
    uint64_t structure, expires;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
};

struct inode_key {
    dev_t dev;
    ino_t ino;
};
struct inode_key inode_key_of(const struct stat *st);

/* A host directory that was renamed in the view: descriptors opened on it before still show its host path. */
struct moved {
    struct moved *next;
    struct directory *dir; /* held: where it is now */
    char host_path[];
};

/* See deep.c. */
enum { DEEP_KNOWN = 16 };
struct deep_known {
    dev_t dev;
    ino_t ino;
    struct directory *dir; /* held */
};

/* What the policy says of the network as a whole, as far as its rules have been looked at. */
struct network_rules {
    uint32_t known;                 /* how many rules, plus one */
    bool judged;                    /* some address may be refused */
    struct policy_decision open[2]; /* connect and bind: to and from anywhere in the network? */
};

/* Who may add rules. */
struct control {
    enum policy_control mode;
    uint64_t program; /* of POLICY_CONTROL_EXEC: the number of the one that may */
    bool existed;     /* it was not closed from the start: it is there, be it locked */
};

struct view {
    struct layer *layer;
    struct tree trees[TREES_MAX];
    int tree_count;
    int host; /* number of the host's tree, always the last */

    struct directory *cache; /* uthash */
    struct directory *root;
    struct directory *oldest, *newest;
    unsigned cached, open_fds, fd_limit;

    char *hidden[VIEW_LAYERS_MAX + 1]; /* one more for the aliases of sockets */
    int hidden_count;
    int hidden_fd;
    int proc_fd;        /* "/proc" */
    bool upper_empty;   /* no layer has anything yet: every descriptor is of the host, and as it says */
    bool reads_pass;    /* chdir() is not stopped: see fs_context_refresh() */
    bool own_root;      /* the supervisor's fsuid is 0 */
    bool upper_private; /* a process of another user cannot search its way to the upper directory */
    struct credentials own;
    bool foreign;     /* the thread has a caller's identity at the moment */
    mode_t umask_now; /* the process's umask at the moment: see umask_enter() */
    struct job *jobs;
    int job_notes; /* in a worker: where it notes what it copies; -1: this is none */
    unsigned job_copies, job_held;
    struct moved *moved; /* latest first */
    struct deep_known deep[DEEP_KNOWN];
    unsigned deep_next;
    struct listener *listeners;         /* see listener.c */
    struct copy *copies, *copies_upper; /* uthash; see copies.c */
    struct stale *stale;                /* uthash; see stale.c */
    bool stale_news;
    struct origin *origins, *linked; /* uthash; see origins.c */
    struct remains *remains;         /* uthash; see remains.c */
    unsigned remains_shown;          /* of them, those that still have a name */
    off_t origins_read;              /* how much of LAYER/origins they are of */
    struct layer_bases *records;     /* LAYER/base, or NULL until it is needed: see withheld.c */
    uint32_t records_rules;          /* how many rules there were when it was read */
    int links_fd;                    /* LAYER/links, O_PATH; -1: there is none */
    struct listing_slot *listings;   /* readings under way; see listing.c */
    uint64_t changes;                /* counts the names that were made and removed */
    uint64_t structure; /* counts the changes of directories, their rights, symbolic links and host files */
    uint64_t serials;   /* of directories, so far */
    struct known_path known_paths[KNOWN_PATHS];
    struct known_name known_names[KNOWN_NAMES];
    struct known_program known_programs[KNOWN_PROGRAMS];
    struct exec_copy *exec_copies; /* see elf.c */
    char whiteout[32];             /* its name in LAYER/work; see upper.c */
    char alias_dir[64];            /* see socket_name.c; "" until it is needed */
    unsigned alias_count;
    unsigned proc_copies;          /* made so far; see proc_file.c */
    struct exec_link *exec_links;  /* uthash; see exec_name.c */
    unsigned exec_link_count;      /* made so far */
    struct said_name *said_names;  /* uthash; see socket_name.c */
    struct bound *bound;           /* latest first; see bound.c */
    struct network_rules network;  /* see rules_network.c */
    struct policy *policy;         /* borrowed; NULL: everything may be read, and is written to the layer */
    struct lock_known *lock_known; /* NULL: the lock leaves reading alone */
    struct control control;        /* see control_file.c */
    uint32_t rules_looked_at;      /* of the policy, for refused_actions: see rules.c */
    unsigned refused_actions;
    bool learns;             /* what is refused goes on after all */
    uint64_t place_epoch;    /* what directories remember of their places in it is of this time */
    const struct call *call; /* the one that is being served */
    view_violated *violated;
    view_notice *notice;
    void *notice_context;
};

struct fs_context {
    struct view *view;
    unsigned refs;
    struct directory *cwd, *root; /* counted */
    bool cwd_in_layer;            /* the kernel's working directory is not the host's, though the host has it too */
    bool cwd_apart;               /* it is another one: the kernel could not be led to it */
    mode_t umask;
};

/* The caller's working directory, where no stop tells of its changes. */
void fs_context_refresh(struct view *view, struct caller *caller);

/* What a name is in the view. */
struct entry {
    struct directory *dir; /* counted; the directory that holds the name */
    char name[NAME_MAX + 1];
    int tree;       /* the topmost tree that has it; -1: absent */
    uint32_t trees; /* of a directory: all trees that show through */
    bool whiteout;  /* the upper tree has a whiteout here */
    bool masked;    /* some tree has, so that the host's name does not show */
    struct stat st; /* of the topmost tree's object, as it is there */
};

enum last_kind { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

/* The end of a walk. */
enum walk_kind {
    WALK_ENTRY, /* entry says what the name is; with LAST_DOT and the like, entry.dir is the directory itself */
    WALK_RAW,   /* a host object that views do not touch (procfs, a pipe): host_path names it */
    WALK_ERROR, /* error says which */
};

struct walked {
    enum walk_kind kind;
    int error;   /* -errno */
    bool pure;   /* the kernel, walking the host from where the caller stands, comes to the same end */
    bool looked; /* entry.tree and what follows are filled in */
    bool late;   /* the error is about the last name: the directory that would hold it was found */
    bool slash;  /* the path ended in a slash: it must be a directory */
    enum last_kind last;
    struct entry entry;
    char host_path[PATH_MAX]; /* WALK_RAW */
};

#define WALK_FOLLOW      1u /* follow a symbolic link that is the last component */
#define WALK_LOOK        2u /* fill the entry in even when the walk is pure */
#define WALK_NO_SYMLINKS 4u /* openat2's RESOLVE_* of the same names */
#define WALK_BENEATH     8u
#define WALK_IN_ROOT     16u
#define WALK_NO_MAGIC    32u
#define WALK_NO_XDEV     64u
#define WALK_EMPTY       128u  /* an empty path names the directory of dirfd itself */
#define WALK_UNJUDGED    1024u /* coffer's own question: the right to search is not asked for */
#define WALK_FILE        512u  /* the last name is to be a file: a slash behind it is EISDIR, whatever it is */
#define WALK_PARENT      256u  /* the last name is to be made or removed: a trailing slash does not follow it */

/* ---- directories (directory.c) ---- */
struct directory *directory_hold(struct directory *dir);
void directory_release(struct view *view, struct directory *dir);
/* directory_release() where the view is not at hand. */
void directory_drop(struct directory *dir);
/* The cached child, held, or NULL. */
struct directory *directory_find(struct view *view, struct directory *parent, const char *name, size_t length);
/* A child that is known to exist in `trees`, held; cached unless it lies in procfs. NULL: out of memory. */
struct directory *directory_add(struct view *view, struct directory *parent, const char *name, size_t length,
                                uint32_t trees);
/* A directory that was removed before anybody cached it: it has no name, and none in it but "..". Held, or NULL. */
struct directory *directory_make_dead(struct view *view, struct directory *parent);
/* An O_PATH descriptor of the directory in a tree, borrowed, or -errno. */
int directory_fd(struct view *view, struct directory *dir, int tree);
/* Hands a descriptor that was opened on the way to the cache, which owns it from then on. */
void directory_keep_fd(struct view *view, struct directory *dir, int tree, int fd);
/* Its view path, without a trailing slash but for the root. 0 or -ENAMETOOLONG. */
int directory_path(const struct directory *dir, char path[PATH_MAX]);
/* That of a name in it; "" is the directory itself. 0 or -ENAMETOOLONG. */
int directory_name_path(const struct directory *dir, const char *name, char path[PATH_MAX]);
bool directory_is_below(const struct directory *dir, const struct directory *ancestor);
/* The name is gone from the view: the entry (if cached) is dead, and so is all below it. */
void directory_forget(struct view *view, struct directory *parent, const char *name);
/* A directory moved, complete in the upper tree or in the host's. */
void directory_moved(struct view *view, struct directory *old_parent, const char *old_name,
                     struct directory *new_parent, const char *new_name, int tree);
/* Two names changed places; those that are directories are complete in that tree. */
void directory_exchanged(struct view *view, struct directory *parent, const char *name, struct directory *other_parent,
                         const char *other_name, int tree);
/* Everything cached at and below dir is looked up anew (a worker changed it). */
void directory_refresh(struct view *view, struct directory *dir);
void directory_cache_clear(struct view *view);
/* What is cached on the way to a path that has just been hidden takes no short cuts any more. */
void directory_watch(struct view *view, const char *path);
/* Owner and mode of a removed one: those of the object that fd is open on. */
void directory_remember(struct view *view, struct directory *dir, bool in_layer, int fd);
/* Owner and mode in the view. 0 or -errno. */
int directory_meta_get(struct view *view, struct directory *dir, struct directory_meta *meta);

/* ---- lookup (lookup.c) ---- */
/* Fills entry in for a name of dir. 0 (absent counts as 0) or -errno. entry->dir is held on success. */
int lookup(struct view *view, struct directory *dir, const char *name, struct entry *entry);
void entry_release(struct view *view, struct entry *entry);
/* Whether a tree below the upper one shows this name (what a whiteout would have to hide). 1, 0 or -errno. */
int lookup_lower_has(struct view *view, struct directory *dir, const char *name);
/* Whether a name of the host is coffer's own store, or hidden by a rule. */
bool lookup_is_hidden(struct view *view, struct directory *dir, const char *name);
/* Whether the object is a whiteout of the overlayfs format. */
bool stat_is_whiteout(const struct stat *st);
/* Whether the directory `name` in dirfd is opaque. 1, 0 or -errno. */
int name_is_opaque(int dirfd, const char *name);
/* The entry of a directory's own name, or for the root a special one with name "". Held. */
int entry_of_directory(struct view *view, struct directory *dir, struct entry *entry);
/* The directory that an entry is, held. *error says why not (-ENOTDIR, -ENOENT...). */
struct directory *entry_directory(struct view *view, const struct entry *entry, int *error);
/* stat of an entry as the view shows it (identity of merged directories, overrides). */
int entry_stat(struct view *view, const struct entry *entry, struct stat *st);

/* ---- walking (walk.c, proc.c) ---- */
/* Walks a path of the caller. walked_release() when done. */
void walk(struct view *view, struct caller *caller, int dirfd, const char *path, unsigned flags, struct walked *walked);
/* Continues a walk at a given directory instead of dirfd. */
void walk_from(struct view *view, struct caller *caller, struct directory *start, bool pure, const char *path,
               unsigned flags, struct walked *walked);
void walked_release(struct view *view, struct walked *walked);
/* The directory that a descriptor of the caller is open on, held; NULL with *error. *raw is set for none-view objects.
 */
struct directory *walk_descriptor(struct view *view, struct caller *caller, int fd, int *error);
/* The same; *in_layer: it is a layer's directory that it is open on, though the host may have one as well. */
struct directory *walk_start(struct view *view, struct caller *caller, int fd, bool *in_layer, int *error);
/* The directory at an absolute view path, symbolic links followed from the view's root; held, or NULL with *error. */
struct directory *view_directory(struct view *view, struct caller *caller, const char *path, int *error);

/* What a descriptor of the caller is open on. */
struct object {
    int fd;         /* our own copy, owned */
    struct stat st; /* of what it is open on */
    bool named;     /* it has a path, now or before it was removed; else a pipe, a socket, a memfd */
    bool in_upper;  /* it is open on an object of the upper tree; then neither st nor entry is filled in */
    bool in_layer;  /* it is open on an object of one of the view's layers */
    bool raw;       /* in /proc */
    bool found;     /* entry is the name in the view of this very object */
    struct entry entry;
    struct directory *dir; /* in_upper: the directory that it is, held, if something of it is cached */
};
int descriptor_object(struct view *view, struct caller *caller, int fd, struct object *object);
/* The same for what a path below /proc leads to that a walk could not name: a magic link of the caller's own. */
int magic_object(struct view *view, struct caller *caller, const char *host_path, struct object *object);
/* Notes the owner and mode of a removed directory: of what a descriptor of the caller, or AT_FDCWD, is open on. */
void removed_remember(struct view *view, const struct caller *caller, int fd, struct directory *dir);
/* What dots lead to from a directory that was removed, to which a walk came: dirfd, or AT_FDCWD, and the path. */
int removed_object(struct view *view, struct caller *caller, int dirfd, const char *path, struct object *object);
void object_release(struct view *view, struct object *object);
/* Whether the name at an absolute view path is this object, or the copy of it. */
bool view_has_object(struct view *view, struct caller *caller, const char *path, const struct stat *st);
/* A directory, by a descriptor of ours, whose path is too long for /proc; held, or NULL with *error. */
struct directory *deep_directory(struct view *view, struct caller *caller, int fd, int *error);
void deep_free(struct view *view);
/* Turns a host path (as /proc shows it) into a view path, in place. */
enum host_path_kind {
    HOST_PATH_HOST,  /* the view has it at the same path */
    HOST_PATH_UPPER, /* it lies in the upper tree */
    HOST_PATH_OVER,  /* it lies in one of the layers below */
    HOST_PATH_MOVED, /* a host directory that the view has elsewhere now, or below one */
};
enum host_path_kind view_path_of_host(const struct view *view, char path[PATH_MAX]);
/* The directory of a path that /proc shows for a descriptor; held, or NULL with *error. */
struct directory *described_directory(struct view *view, struct caller *caller, const char *text,
                                      enum host_path_kind kind, int *error);
/* Notes that the directory which the host has at a path is `dir` in the view from now on. */
void view_note_moved(struct view *view, const char *host_path, struct directory *dir);
/* Whether the entry, found where the kernel says that an object is, is that object or its copy. */
bool entry_is_object(struct view *view, const struct entry *entry, enum host_path_kind kind, const struct stat *st);

/* ---- what the kernel shows (shown.c, proc.c) ---- */
/* An object as the kernel shows it, and then as the view does. */
struct shown {
    char path[PATH_MAX]; /* may end in " (deleted)" */
    dev_t dev;
    ino_t ino;
};
/*
 * `link`: the magic link in /proc that leads to the object, so that dev and ino need not be filled in, and stay what
 * they are; or NULL.
 */
void shown_object(struct view *view, struct caller *caller, const char *link, struct shown *shown);
bool shown_as_deleted(const char *path);
/* Puts " (deleted)" behind a path, once. */
void shown_delete(char path[PATH_MAX]);
/* A path of the view as the caller is shown it: from its root on, where it leads there (d_path() in fs/d_path.c). */
void shown_to(const struct fs_context *reader, char path[PATH_MAX]);
/* What a path below /proc says after the process ("fd/3" of "/proc/7/task/8/fd/3"), and the thread; or NULL. */
const char *proc_member(const char *host_path, pid_t *tid);
/* Whether the caller may look at a process is for the kernel to judge: until identity_leave(). */
void proc_enter_reader(struct view *view, struct caller *caller, const char *proc_path);
/* The text of a magic link of a process ("cwd", "exe", "fd/3"), as a path of the view. Length or -errno. */
ssize_t proc_link(struct view *view, struct caller *caller, const char *proc_path, char text[PATH_MAX]);
/* If `rest` (a path below /proc) reaches a magic link: see proc.c. */
enum proc_step { PROC_PLAIN, PROC_LINK, PROC_UP, PROC_WITHHELD };
enum proc_step proc_classify(struct view *view, struct caller *caller, const char *path, bool follow_last,
                             char host_path[PATH_MAX], char target[PATH_MAX], const char **rest);

/* ---- where an object is, for a rewritten argument ---- */
/* Whether the caller, of another user than coffer, cannot search its way to the layer's directory. */
bool view_is_closed_to(const struct view *view, const struct caller *caller);
/* The host path of a name in a tree. 0 or -ENAMETOOLONG. */
int real_path(struct view *view, const struct caller *caller, struct directory *dir, int tree, const char *name,
              char path[PATH_MAX]);
/* The tree whose directory stands for a merged one in descriptors and as working directory. */
int real_tree(const struct view *view, uint32_t trees);

/* What a copy of a file of /proc stands for: replaces its path by the original's. See proc_file.c. */
bool proc_copy_origin(const struct view *view, char path[PATH_MAX]);
/* Such a copy is open now, or never will be: it goes. */
void proc_copy_finish(const struct answer *answer);

/* ---- identity (identity.c) ---- */
/* Whether the kernel judges the supervisor's own calls as it would the caller's. */
bool identity_is_own(const struct view *view, const struct credentials *cred);
void identity_enter(struct view *view, const struct credentials *cred);
/* For looking at another process: none of the supervisor's capabilities that the caller does not have helps. */
void identity_enter_reader(struct view *view, const struct credentials *cred);
void identity_leave(struct view *view);
/* As access(2) asks: the real user, with all that he could take up if he is root. Borrows the groups. */
struct credentials identity_real(const struct credentials *cred);
/* The umask of the caller, for calls of ours that create what he asked for. */
void umask_enter(struct view *view, const struct caller *caller);
/* Back to none: directories and files of our own have the modes that they are made with. */
void umask_leave(struct view *view);
/* ---- permission (permission.c) ---- */
#define CAPABILITY(number) (UINT64_C(1) << (number))
/* Whether the caller has one of these capabilities, and the supervisor can use it for him. */
bool is_capable(const struct view *view, const struct credentials *cred, uint64_t capabilities);
bool in_groups(const struct credentials *cred, gid_t gid);
/* Whether every directory is open to him. */
bool searches_everywhere(const struct view *view, const struct credentials *cred);
/* access(2) of an entry or directory with the caller's effective identity; mask of R_OK, W_OK, X_OK. 0 or -errno. */
int may_access(struct view *view, const struct caller *caller, const struct entry *entry, int mask);
int may_access_dir(struct view *view, const struct caller *caller, struct directory *dir, int mask);
/*
 * Of a directory of a layer, perhaps removed, by a descriptor of ours: where the kernel would judge by rights that it
 * does not show (closed.h). 0, also where the kernel may judge, or -errno.
 */
int may_access_object(struct view *view, const struct caller *caller, int fd, int mask);
/* may_access_dir() for searching a directory that a layer has: without a call in the common cases. */
int may_search(struct view *view, const struct caller *caller, struct directory *dir);
/* Whether the caller, on the host, could not search his way to a directory that he can reach in the view. */
bool way_is_closed(struct view *view, const struct caller *caller, struct directory *dir);
/* The same for an object, which may be a directory that he could not read there. */
bool host_is_closed(struct view *view, const struct caller *caller, const struct entry *entry);
/*
 * Whether the caller, in the view, could not search his way from the root to a directory, though he came to it: he was
 * another user when he came to where he stands.
 */
bool path_is_closed(struct view *view, const struct caller *caller, struct directory *dir);
/* STATX_ATTR_IMMUTABLE and STATX_ATTR_APPEND of an object of the host: then the kernel refuses root as well. */
uint64_t fixed_attributes(struct view *view, const struct entry *entry);
/* Whether the caller may change the entry's metadata as its owner. 0 or -EPERM. */
int may_own(struct view *view, const struct caller *caller, const struct entry *entry);
/* Whether a new name may be made in dir. */
int may_create(struct view *view, const struct caller *caller, struct directory *dir);
/* A symbolic link at the end of a path, in a directory that everybody writes to (fs.protected_symlinks). 0 or -errno.
 */
int may_follow(struct view *view, const struct caller *caller, struct directory *dir, int tree, const char *name);
/* An open that would create, of what is there (fs.protected_regular, fs.protected_fifos). 0 or -errno. */
int may_open_again(struct view *view, const struct caller *caller, const struct entry *entry);
/* Whether an object may get another name (fs.protected_hardlinks). 0 or -EPERM. */
int may_link(struct view *view, const struct caller *caller, const struct entry *entry);
/* Whether the entry may be removed from its directory (sticky bit, mount points). */
int may_remove(struct view *view, const struct caller *caller, const struct entry *entry);

/* ---- mounts of the host (mounts.c) ---- */
bool is_mount_point(struct view *view, const struct entry *entry);
/* The number of the mount that a directory lies on, or what it has under a name. 0 or -errno. */
int mount_of_directory(struct view *view, struct directory *dir, uint64_t *mount);
int mount_of_name(struct view *view, struct directory *dir, const char *name, uint64_t *mount);
/* Whether two directories lie on different mounts: then nothing is renamed or linked from one to the other. */
bool is_other_mount(struct view *view, struct directory *one, struct directory *other);

/* ---- the upper tree (upper.c, copyup.c) ---- */
/* Makes dir exist in the upper tree. An O_PATH descriptor of it there, borrowed, or -errno. */
int upper_directory(struct view *view, struct directory *dir);
/*
 * Makes the entry exist in the upper tree (regular files with their data unless `empty`), and updates it. Returns 0,
 * -errno, or a worker's pid > 0: ask again when it has ended.
 */
int copy_up(struct view *view, struct entry *entry, bool empty);
/* The same for a directory with all that is below it; then it is opaque. */
int copy_up_tree(struct view *view, struct entry *entry);
/* An O_PATH descriptor of the entry's object in the upper tree, owned by the caller. */
int upper_open_path(struct view *view, const struct entry *entry);
/* Puts a whiteout where dir has `name`, over whatever the upper tree has there. */
int upper_whiteout(struct view *view, struct directory *dir, const char *name);
/* Removes what the upper tree has at the name (a directory with its whiteouts). */
int upper_remove(struct view *view, struct directory *dir, const char *name);
/*
 * Removes the whiteouts in and below a directory of the upper tree that hides all that lies below it: they hide
 * nothing, and the kernel's overlayfs would list them. Those that cannot be removed stay.
 */
void upper_drop_whiteouts(int parent, const char *name);
/* Notes what the host had at this name, once, before it is shadowed. */
int upper_note_base(struct view *view, struct directory *dir, const char *name);
/* Copies owner, mode, times and extended attributes of an object of a tree, whose stat is st, to one in the upper tree.
 */
int copy_metadata(struct view *view, int from, int tree, int to, const struct stat *st);
/* What dirfd, of the upper tree, has at a name: where that is closed to an ordinary user himself (closed.h), it is
 * opened.
 */
void upper_open_closed(struct view *view, int dirfd, const char *name, struct stat *st);
/* Marks a directory of the upper tree: what lies below it in the trees below does not show. 0 or -errno. */
int upper_hide_lower(int fd);
/* Moves LAYER/work/temp to a free name of dir in the upper tree; dir's times stay. */
int upper_place(struct view *view, const char *temp, struct directory *dir, const char *name);

/* ---- copies and their originals (copies.c) ---- */
/* `upper` is the copy of a lower file from now on. */
void copies_note(struct view *view, const struct stat *original, const struct stat *upper);
/* The name of an entry is removed, or given to another object. */
void copies_gone(struct view *view, const struct entry *entry);
/* The copy was taken back: the original is as if it had never been copied. */
void copies_undo(struct view *view, const struct stat *upper);
/* An object of the upper tree has this name now. */
void copies_named(struct view *view, const struct stat *upper, struct directory *dir, const char *name);
/* What the object of an entry in the upper tree is to a lower file. */
enum copy_state { COPY_UNKNOWN, COPY_THIS, COPY_OTHER };
/* Whether anything is known of a lower file's copy: that it was made, or that the file was removed. */
bool copies_know(struct view *view, const struct stat *original);
enum copy_state copies_judge(struct view *view, const struct stat *original, const struct entry *entry);
/* The name that the copy of a lower file was given; the entry is held. false: not known, or no longer. */
bool copies_find(struct view *view, const struct stat *original, struct entry *entry);
/* The path that the copy of a lower file had last, where that is not the original's. */
bool copies_last_name(struct view *view, const struct stat *original, char path[PATH_MAX]);
void copies_free(struct view *view);

/* ---- descriptors on the originals of copies (stale.c, stale.h) ---- */
/* A file to be read by coffer alone: that sets no time of access where the kernel lets the reader choose. Owned, or
 * -errno. */
int lower_open(int dirfd, const char *name);
/* Whether anybody else has a file open, mapped or executes it; true where the kernel does not tell. */
bool lower_is_held(int fd);
/* The lower file `name` in dirfd, whose stat is `original`, has been copied; the copy is that of the entry. */
void stale_note(struct view *view, int dirfd, const char *name, const struct stat *original, const struct entry *entry);
/* The same of one that somebody holds open; `upper` is open on the copy, and stays the caller's. */
void stale_add(struct view *view, const struct stat *original, int upper);
/* The copy of a lower file that somebody held open when it was copied, whatever its name now; borrowed, or -ENOENT. */
int stale_copy(struct view *view, const struct stat *original);
void stale_free(struct view *view);

/* ---- what copies were before (origins.c) ---- */
/* Takes in the records of a layer of the view, and those that a worker added. 0 or -errno. */
int origins_load(struct view *view, int tree, const struct layer *layer);
void origins_refresh(struct view *view);
void origins_free(struct view *view);
/* Notes that the finished object which fd is open on is the copy of a lower one. 0 or -errno. */
int origins_note(struct view *view, int fd, const struct stat *original);
/* The same for LAYER/work/temp, copied from a file of several names that becomes one file again: see origins.c. */
int origins_note_linked(struct view *view, const char *temp, const struct stat *original, nlink_t names);
/* Takes LAYER/work/temp away, a copy that did not come to its place, and what was noted of it. */
void origins_undo(struct view *view, const char *temp);
/* Whether an object, or the copy of it, may have another number or more names than its own stat says. */
bool origins_know(struct view *view, const struct stat *st);
/* Puts the number and count of names into the stat of an object of a layer; name may be "" for dirfd itself. */
void origins_show(struct view *view, int dirfd, const char *name, struct stat *st);
/* The number alone, of what a directory of a tree lists. */
uint64_t origins_show_ino(struct view *view, int tree, int dirfd, const char *name, uint64_t ino);
/* If a lower file of several names was copied by another of them: makes this name one of the copy's. */
bool origins_follow_link(struct view *view, struct directory *dir, const char *name, const struct stat *st);
/* An O_PATH descriptor of the copy of a lower file of several names, or -errno. */
int origins_open_linked(struct view *view, const struct stat *original);
/* A name was removed, or given to another object: of a file of several names, it has one less. */
void origins_gone(struct view *view, const struct entry *entry);

/* ---- names that files of the host have lost in the view (remains.c) ---- */
void remains_add(struct view *view, dev_t dev, ino_t ino, nlink_t names);
void remains_removed(struct view *view, const struct stat *st);
bool remains_know(const struct view *view, const struct stat *st);
/* Puts the count of names into the stat of a lower file. */
void remains_show(const struct view *view, struct stat *st);
void remains_free(struct view *view);

/* ---- programs that run (text_busy.c) ---- */
/* -ETXTBSY when what is to be opened to write is a file of a lower tree that is being executed, else 0. */
int text_busy(struct view *view, const struct entry *entry);

/* ---- jobs (job.c) ---- */
/* Runs work(view, entry) in a worker process. Its pid, or -errno. A job for the same key is joined. */
int job_run(struct view *view, const char *key, int (*work)(struct view *view, struct entry *entry),
            struct entry *entry);
/* A finished job's error for this key, and forgets the job; false when there is none. */
bool job_take(struct view *view, const char *key, int *error);
void job_free(struct job *job);

/* ---- what workers copied (job_notes.c) ---- */
/* A descriptor that a worker inherits; owned, or -errno. */
int job_notes_make(void);
/* In a worker: the object of a lower tree has been copied; the entry is that of the copy. */
void job_note_copy(struct view *view, int tree, const struct stat *original, const struct entry *entry);
/* In the supervisor, when the worker has ended. */
void job_notes_take(struct view *view, int fd);

/* ---- listing (listing.c) ---- */
void listing_cache_free(struct view *view);
/* Whether the merged directory shows no name. 1, 0 or -errno. */
int listing_is_empty(struct view *view, struct directory *dir);
/* Calls each(context, name) for every name of the merged directory but "." and "..". */
int listing_each(struct view *view, struct directory *dir, int (*each)(void *context, const char *name, uint8_t type),
                 void *context);

/* ---- answers (answer.c) ---- */
ssize_t read_path(struct caller *caller, uint64_t address, char path[PATH_MAX]);
void answer_result(struct answer *answer, int64_t result);
void answer_continue(struct answer *answer);
/* REWRITE with one path argument replaced by text. */
void answer_path(struct caller *caller, const struct call *call, struct answer *answer, int argument, const char *text);
void refuse_notice(struct view *view, const struct caller *caller, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Copies a result to the caller's memory and answers `result`, or -EFAULT. */
void answer_bytes(struct caller *caller, struct answer *answer, uint64_t address, const void *data, size_t size,
                  int64_t result);

/* ---- the handlers, one a family (call_*.c) ---- */
typedef void call_handler(struct view *view, struct caller *caller, const struct call *call, struct answer *answer);
call_handler call_open, call_stat, call_fstat, call_access, call_readlink, call_statfs, call_handle, call_getdents,
    call_chdir, call_fchdir, call_chroot, call_getcwd, call_umask, call_mkdir, call_mknod, call_unlink, call_rename,
    call_link, call_symlink, call_truncate, call_chmod, call_fchmod, call_chown, call_fchown, call_utimens,
    call_getxattr, call_fgetxattr, call_listxattr, call_flistxattr, call_setxattr, call_fsetxattr, call_removexattr,
    call_fremovexattr, call_ioctl_flags, call_file_attr, call_inotify, call_exec, call_send_addr, call_sendmsg,
    call_socket, call_recv_addr;

/* ---- exec (elf.c) ---- */
/*
 * A program whose ELF interpreter was changed in the layer: a copy of it that names the layer's. `interpreter` is where
 * that really is. The copy's path goes into path. 0 or -errno.
 */
int elf_copy_with_interpreter(struct view *view, const struct caller *caller, const struct entry *entry,
                              const char *interpreter, char path[PATH_MAX]);
/* The view path that such a copy stands for, or NULL. */
const char *elf_copy_origin(const struct view *view, const char *path);
/* The PT_INTERP of an ELF file. Its length, 0 when it has none, -ENOEXEC for what is no 64-bit ELF. */
ssize_t elf_interpreter(int fd, char path[PATH_MAX]);
void elf_copies_free(struct view *view);

/* ---- names of processes (exec_name.c) ---- */
/*
 * A path by which the kernel executes `path` and calls the process as if it had executed `called`: path itself, or one
 * made in link.
 */
const char *exec_named(struct view *view, const char *path, const char *called, char link[PATH_MAX]);
void exec_names_free(struct view *view);

/* ---- pseudo-terminals (pty.c) ---- */
/* Whether st is that of the slave side of a terminal whose master side the caller's process holds. */
bool pty_is_own(const struct caller *caller, const struct stat *st);

/* ---- AF_UNIX names (socket_name.c) ---- */
struct sockaddr_un;
/* Fills name in for a host path, through a short alias when it is too long. The address's length or -errno. */
int socket_name_make(struct view *view, const char *dir_path, const char *name, struct sockaddr_un *address);
/* The same for a socket that is only to be reached: an alias of its own. */
int socket_name_alias(struct view *view, const char *path, struct sockaddr_un *address);
/* The socket that the kernel knows as `bound` was called `said` by its owner, and shall be shown so. */
void socket_name_remember(struct view *view, const struct sockaddr_un *bound, const struct sockaddr_un *said,
                          unsigned said_length);
/* Turns a host name that the kernel shows into the view's, in place. The new length of the address. */
unsigned socket_name_show(const struct view *view, struct sockaddr_un *address, unsigned length);
/* Makes the directory of the aliases, which everybody can search: view->alias_dir. 0 or -errno. */
int socket_alias_directory(struct view *view);
void socket_aliases_remove(struct view *view);
/* A host path is no part of the view from now on. 0 or -ENOMEM and the like. */
int view_hide(struct view *view, const char *path);

void finish_sendmmsg(struct caller *caller, const struct call *call, const struct answer *answer);
int finish_bind(struct view *view, const struct answer *answer);
void finish_recv_addr(struct view *view, struct caller *caller, const struct call *call, uint32_t room, int64_t result);

#endif
