#include "supervisor/facts.h"

#include "emul/cleanup.h"
#include "supervisor/credentials.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Up to size bytes of a file of a process; 0 when there is nothing to read. */
static size_t read_file(pid_t pid, const char *name, char *buffer, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, buffer, size);
    return length < 0 ? 0 : (size_t)length;
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

/* The command line is the program's own memory, and says what it likes. */
static void read_command(struct facts *facts, pid_t pid)
{
    char buffer[FACTS_COMMAND_MAX + 1];
    size_t length = read_file(pid, "cmdline", buffer, sizeof buffer);
    facts->command_cut = length > FACTS_COMMAND_MAX;
    if (facts->command_cut)
        length = FACTS_COMMAND_MAX;
    facts->command = malloc(length + 1);
    if (facts->command == NULL)
        return;
    memcpy(facts->command, buffer, length);
    if (length > 0 && buffer[length - 1] != '\0')
        facts->command[length++] = '\0';
    facts->command_length = length;
}

void facts_read(struct facts *facts, pid_t pid, struct supervisor *supervisor)
{
    struct facts_parent parents[FACTS_PARENTS_MAX];
    struct relations relations;
    *facts = (struct facts){0};
    read_command(facts, pid);
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
