#include "supervisor/facts.h"

#include "emul/cleanup.h"
#include "supervisor/credentials.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Up to size bytes of a file of a process, which the kernel gives a page at a time; 0 when there is nothing to read. */
static size_t read_file(pid_t pid, const char *name, char *buffer, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : 1;
    size_t length = 0;
    while (got > 0 && length < size) {
        got = read(fd, buffer + length, size - length);
        length += got > 0 ? (size_t)got : 0;
    }
    return length;
}

char *facts_words(pid_t pid, const char *name, size_t most, size_t *size, bool *cut)
{
    char *words = malloc(most + 2);
    *size = 0;
    if (words == NULL)
        return NULL;
    size_t length = read_file(pid, name, words, most + 1);
    if (length > most) {
        *cut = true;
        length = most;
    }
    if (length > 0 && words[length - 1] != '\0')
        words[length++] = '\0';
    *size = length;
    return words;
}

void facts_name(pid_t pid, char name[FACTS_NAME_SIZE])
{
    size_t length = read_file(pid, "comm", name, FACTS_NAME_SIZE - 1);
    if (length > 0 && name[length - 1] == '\n')
        length--;
    if (length == 0)
        name[length++] = '?';
    name[length] = '\0';
}

void facts_read(struct facts *facts, pid_t pid, struct supervisor *supervisor)
{
    struct facts_parent parents[FACTS_PARENTS_MAX];
    struct relations relations;
    *facts = (struct facts){0};
    facts->command = facts_words(pid, "cmdline", FACTS_COMMAND_MAX, &facts->command_length, &facts->command_cut);
    while (facts->parent_count < FACTS_PARENTS_MAX && credentials_read_relations(pid, &relations) == 0) {
        if (facts->parent == 0)
            facts->parent = relations.parent;
        /* The row ends with the command; that of a process whose parent has ended, before one outside of the view. */
        if (task_find(supervisor, relations.parent) == NULL)
            break;
        pid = relations.parent;
        parents[facts->parent_count].pid = pid;
        facts_name(pid, parents[facts->parent_count++].name);
    }
    size_t size = (size_t)facts->parent_count * sizeof *facts->parents;
    facts->parents = malloc(size + 1);
    if (facts->parents == NULL)
        facts->parent_count = 0;
    else
        memcpy(facts->parents, parents, size);
}

void facts_free(struct facts *facts)
{
    free(facts->parents);
    free(facts->command);
    *facts = (struct facts){0};
}

size_t facts_size(const struct facts *facts)
{
    return facts->command_length + (size_t)facts->parent_count * sizeof *facts->parents;
}
