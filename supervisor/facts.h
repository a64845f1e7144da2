/*
 * What a report says of a process: who it is, who started it, what it was told to do. Read from /proc, at a stop.
 */
#ifndef COFFER_SUPERVISOR_FACTS_H
#define COFFER_SUPERVISOR_FACTS_H

#include "supervisor/task.h"

#include <stddef.h>
#include <sys/types.h>

enum { FACTS_NAME_SIZE = 32, FACTS_PARENTS_MAX = 16, FACTS_COMMAND_MAX = 2048 };

struct facts_parent {
    pid_t pid;
    char name[FACTS_NAME_SIZE];
};

struct facts {
    pid_t parent;
    int parent_count;
    struct facts_parent *parents; /* from the nearest to the command that coffer started */
    size_t command_length;
    bool command_cut;
    char *command; /* its words, each with a NUL behind it */
};

/* The name of a process as ps shows it, raw; "?" when it is not known. */
void facts_name(pid_t pid, char name[FACTS_NAME_SIZE]);

/*
 * The words of /proc/PID/NAME ("cmdline", "environ"), each with its NUL: the program's own memory, which says what it
 * likes. At most `most` bytes; *cut is set where there are more. In fresh memory, NULL without.
 */
char *facts_words(pid_t pid, const char *name, size_t most, size_t *size, bool *cut);

/* All but the name. Only processes of the view are told of. facts_free() releases what it holds. */
void facts_read(struct facts *facts, pid_t pid, struct supervisor *supervisor);
void facts_free(struct facts *facts);

/* The bytes that are held. */
size_t facts_size(const struct facts *facts);

#endif
