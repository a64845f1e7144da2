/*
 * Reads scripts:
 *
 *     script TITLE
 *     + KIND ARGUMENT...            one object of the tree (tree.c)
 *     ACTOR OPERATION ARGUMENT...   one operation
 *
 * Empty lines and lines that begin with '#' are for the reader.
 */
#include "actor.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

char *split_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \n");

    if (*word == '\0')
        return NULL;
    *rest = word + strcspn(word, " \n");
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

static void *grown(void *array, size_t count, size_t size)
{
    /* Doubled whenever the count is a power of two. */
    if ((count & (count - 1)) != 0)
        return array;
    array = realloc(array, (count == 0 ? 1 : 2 * count) * size);
    if (array == NULL)
        err(2, "scripts");
    return array;
}

static void add_operation(struct script *script, char *line)
{
    struct operation op = {.count = 0};
    char *actor = split_word(&line), *name = split_word(&line), *word;

    if (name == NULL || (op.row = row_find(name)) == NULL)
        errx(2, "no operation: %s", name == NULL ? actor : name);
    op.actor = atoi(actor);
    while (op.count < ARGUMENTS && (word = split_word(&line)) != NULL)
        op.arguments[op.count++] = word;
    if ((size_t)op.count != strlen(op.row->kinds) || op.actor < 0 || op.actor >= ACTORS)
        errx(2, "%s: wrong arguments", name);
    script->operations = grown(script->operations, script->count, sizeof op);
    script->operations[script->count++] = op;
}

struct script *scripts_read(FILE *file, size_t *count)
{
    struct script *scripts = NULL;
    char *line = NULL;
    size_t room = 0;

    *count = 0;
    while (getline(&line, &room, file) > 0) {
        char *copy = strdup(line);

        if (copy == NULL)
            err(2, "scripts");
        if (strncmp(copy, "script", 6) == 0) {
            scripts = grown(scripts, *count, sizeof *scripts);
            scripts[(*count)++] = (struct script){.title = copy + 6 + strspn(copy + 6, " ")};
            copy[strcspn(copy, "\n")] = '\0';
        } else if (*count == 0 || *copy == '#' || *copy == '\n') {
            free(copy);
        } else if (*copy == '+') {
            struct script *script = &scripts[*count - 1];

            script->tree = grown(script->tree, script->tree_count, sizeof *script->tree);
            script->tree[script->tree_count++] = copy + 1;
        } else {
            add_operation(&scripts[*count - 1], copy);
        }
    }
    free(line);
    return scripts;
}
