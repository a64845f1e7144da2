/*
 * Random operations on a tree of files, to be played natively and in a view.
 *
 * A script is a tree and a list of operations, in text. The actor makes the tree, plays the operations and prints what
 * each gave, so that what was printed natively and in the view can be compared. What may differ between two equal runs
 * is not printed: numbers of descriptors and inodes, the current time, the order of a directory.
 */
#ifndef COFFER_DIFFERENTIAL_ACTOR_H
#define COFFER_DIFFERENTIAL_ACTOR_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    ACTORS = 4,    /* processes and threads of one script */
    SLOTS = 8,     /* descriptors that one process holds by name: f0, f1... */
    ARGUMENTS = 8, /* of one operation, at most */
};

struct operation;

/*
 * One kind of operation. `kinds` has a letter for each argument: S the slot to fill, F a slot to use, D a directory
 * descriptor, P a path, N a path that is to become a name, L the text of a link, and what generate.c says of the rest.
 */
struct row {
    const char *name;
    const char *kinds;
    long (*run)(const struct operation *op);
    int weight;          /* how often it is generated */
    const char *choices; /* flags for the letters A (any of them) and E (one of them); what stands after ';' is for E */
};

struct operation {
    int actor;
    const struct row *row;
    char *arguments[ARGUMENTS];
    int count;
};

struct script {
    char *title; /* what stands after "script" */
    char **tree; /* lines that begin with '+', without it */
    size_t tree_count;
    struct operation *operations;
    size_t count;
};

/* rows.c */
extern const struct row *const row_tables[];
const struct row *row_find(const char *name);

/* script.c */
struct script *scripts_read(FILE *file, size_t *count);
char *split_word(char **rest);

/* flags.c: "O_RDWR|O_CREAT", "017" and the like. */
uint64_t flags_parse(const char *text);

/* text.c: bytes as printable words; "\xHH", and {N...} for N times. */
char *text_decode(const char *text, char *into, size_t size);
void text_encode(const char *bytes, size_t length, char *into, size_t size);
unsigned text_hash(const void *bytes, size_t length, unsigned seed);

/* path.c */
int path_know_top(void); /* before the first path_stays_inside(); 0, or -1 and errno */
const char *path_expand(const char *text);
const char *path_shown(const char *text);
bool path_stays_inside(int dirfd, const char *path);

/* stage.c: the state of the process that plays. */
struct slot {
    int fd;
    char kind; /* 'd' directory, 'p' O_PATH, 'r' regular and read-only, 's' socket, '-' other */
};
extern struct slot slots[SLOTS];
extern bool native;    /* played on the real file system: paths that leave the tree are refused */
extern char top[];     /* the tree's own directory, absolute */
extern int channel[2]; /* a pair of sockets that all processes of a script share */
void play_script(const struct script *script, const char *directory);
void play_as(int actor);
int actor_start(int actor);
void actor_absent(int actor);

/* output.c */
void output_open(void);
void output_start(void);
void output_print(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_bytes(const char *bytes, size_t length);
void say_stat(const struct stat *st, int dirfd, const char *path, int flags);

/* arguments.c: what an operation's arguments stand for. */
const char *arg_path(const struct operation *op, int index);
const char *arg_text(const struct operation *op, int index);
int arg_dir(const struct operation *op, int index);
int arg_fd(const struct operation *op, int index);
long arg_number(const struct operation *op, int index);
int arg_flags(const struct operation *op, int index);
long slot_fill(const struct operation *op, int index, long fd);

/* walk.c */
void walk_tree(const char *directory, const char *shown, bool exact);

/* tree.c */
int tree_make(const struct script *script, const char *directory, const char *shown);
int tree_remove(const char *directory);

/* generate.c */
void generate_script(uint64_t seed, unsigned long number, bool root);

#endif
