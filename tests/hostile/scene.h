/* What stands outside of the views for each attempt, and whether it was touched. */
#ifndef COFFER_TESTS_HOSTILE_SCENE_H
#define COFFER_TESTS_HOSTILE_SCENE_H

#include "attempt.h"

struct stage {
    char directory[3000];
    char token[64]; /* the secret */
    char *before;   /* the tree, as it was */
    pid_t outsider;
    void *memory;   /* where the outsider's lies, at the same address there */
    int tell, told; /* pipes to and from the outsider */
    char *outsider_before;
    int sockets[6];
};

/* Makes the directory and all in it, as DIRECTORY/NAME, with what the attempt needs. */
void stage_make(struct stage *stage, const char *directory, const char *name, const char *alias,
                const struct attempt *attempt, enum group group);

/* To be called when everything was planted. */
void stage_ready(struct stage *stage);

bool stage_tree_changed(const struct stage *stage);
bool stage_outsider_changed(const struct stage *stage);
bool stage_listener_reached(const struct stage *stage);
void stage_end(struct stage *stage);

/* Reads what stage_make() left for the attempt in its directory. */
void scene_enter(const char *directory);

#endif
