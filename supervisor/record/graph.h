/*
 * Which processes and files hang together, as a graph that is small enough to be looked at: what is alike becomes one
 * node, the more so the larger the record is.
 */
#ifndef COFFER_SUPERVISOR_RECORD_GRAPH_H
#define COFFER_SUPERVISOR_RECORD_GRAPH_H

#include "supervisor/record/format.h"

#include <uthash.h>

enum graph_class { GRAPH_PROCESS, GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_TEMPORARY, GRAPH_DELETED };

/* What an edge stands for: one of these or several. */
enum { GRAPH_READS = 1, GRAPH_WRITES = 2, GRAPH_DELETES = 4, GRAPH_EXECUTES = 8 };

struct graph_node {
    enum graph_class class;
    size_t number;                      /* from 0, as they were met */
    char *name;                         /* program, file or directory */
    char *command;                      /* a process: JSON array, where all that it stands for have the same; or NULL */
    char *called;                       /* a process: as it was started, lines_called() */
    char *first_file;                   /* name is a directory, and this the first of `count` files in it; or NULL */
    uint64_t count;                     /* processes, or files */
    int64_t last;                       /* file that was counted last */
    struct graph_node *first, *another; /* neighbours: with one alone a temporary file links nothing */
    UT_hash_handle hh;
    char key[];
};

struct graph_edge {
    struct graph_edge_ends {
        struct graph_node *from, *to;
    } ends;
    unsigned what;
    UT_hash_handle hh;
};

struct graph {
    struct graph_node *nodes;
    struct graph_edge *edges;
    size_t shown;     /* nodes that are to be drawn: graph_shows() */
    size_t left_out;  /* edges of nodes that there was no room for */
    bool with_system; /* files of the system stand in it: there was nothing else */
};

/* Most nodes of a drawing that can be read. */
enum { GRAPH_NODES_MAX = 200 };

/* Makes it from the database. 0 or -errno. The caller frees it, in any case. */
int graph_make(struct graph *graph, struct format_context *context);
void graph_free(struct graph *graph);

/* Whether a node is to be drawn: temporary files are only where they go from one process to another. */
bool graph_shows(const struct graph_node *node);

#endif
