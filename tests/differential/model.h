/*
 * What the generator believes of the tree: which names there are, where each actor stands and what its descriptors
 * hold. It takes every operation to have succeeded, and so errs; that only makes more operations fail.
 */
#ifndef COFFER_DIFFERENTIAL_MODEL_H
#define COFFER_DIFFERENTIAL_MODEL_H

#include "actor.h"

enum { NAMES_MAX = 200, PATH_ROOM = 600 };

struct name {
    char path[PATH_ROOM]; /* from the top, without a slash at either end; "" is the top */
    char kind;            /* d f l p s */
};

struct held {
    char kind; /* 0: the slot is empty */
    char path[PATH_ROOM];
};

struct player {
    bool present;
    int shares; /* the actor whose slots and directory are meant: a thread has those of its process */
    char cwd[PATH_ROOM];
    struct held held[SLOTS];
};

struct model {
    bool root;
    struct name name[NAMES_MAX];
    int names;
    struct player player[ACTORS];
};

/* model.c */
void model_add(struct model *model, const char *path, char kind);
void model_remove(struct model *model, const char *path);
void model_move(struct model *model, const char *from, const char *to);
const struct name *model_find(const struct model *model, const char *path);

/* chance.c */
void chance_seed(uint64_t seed, uint64_t number);
unsigned chance(unsigned below);
bool percent(unsigned probability);
const char *chance_word(const char *words);
const char *chance_new_name(void);
void chance_flags(const char *choices, char *into, size_t size);

/* generate_path.c */
void generate_path(const struct model *model, int actor, const char *base, char kind, char *into, char *meant);
const struct name *pick_name(const struct model *model, const char *kinds);

/* generate_tree.c */
void generate_tree(struct model *model);

#endif
