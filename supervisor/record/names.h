/*
 * What a run has done to the tree of names, as far as its events say: where what now has a name comes from.
 *
 * Only names that were changed are held, and the directories above them. Everything else is as it was: so a run that
 * reads a million files and makes ten costs ten. A directory that was renamed takes all that lies below along.
 *
 * Paths are absolute and resolved: names_path() says which may be given.
 */
#ifndef COFFER_SUPERVISOR_RECORD_NAMES_H
#define COFFER_SUPERVISOR_RECORD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names;

enum names_state {
    NAMES_ORIGINAL, /* it is what it was before the run, perhaps under another name; or nobody knows of it */
    NAMES_MADE,     /* the run made it, or changed its content */
    NAMES_GONE,     /* the run took it away */
};

struct names_place {
    enum names_state state;
    bool changed;       /* the name itself was made by the run, or what it names was changed */
    bool in_new;        /* no such name is known, and the directory above is one that the run made */
    bool directory;     /* of a name that was changed: it is known to be one */
    const char *origin; /* NAMES_ORIGINAL: its name before the run, until the next call; NULL: the same */
};

/* NULL without memory. */
struct names *names_new(void);
void names_free(struct names *names);

/* Whether a path is one that can be held: absolute, without "//", "." and "..", not too long. */
bool names_path(const char *path);

/* What has the name. 0 or -ENOMEM. */
int names_find(struct names *names, const char *path, struct names_place *place);

/* Changes, each 0 or -ENOMEM. What cannot be, such as a directory that moves below itself, changes nothing. */
int names_create(struct names *names, const char *path, bool directory); /* something new */
int names_change(struct names *names, const char *path);                 /* the content, for all of its names */
int names_delete(struct names *names, const char *path);
int names_link(struct names *names, const char *path, const char *path2);
int names_rename(struct names *names, const char *path, const char *path2, bool directory);
int names_exchange(struct names *names, const char *path, const char *path2);

/*
 * Calls `each` for every name that the run made and that is there, or whose content it changed; stops when that returns
 * other than 0, and returns that. 0, or -ENOMEM.
 */
int names_each(struct names *names, int (*each)(void *context, const char *path, bool directory), void *context);

#endif
