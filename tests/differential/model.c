/* The names that a tree is believed to have. */
#include "model.h"

#include <string.h>

const struct name *model_find(const struct model *model, const char *path)
{
    for (int i = 0; i < model->names; i++)
        if (strcmp(model->name[i].path, path) == 0)
            return &model->name[i];
    return NULL;
}

void model_add(struct model *model, const char *path, char kind)
{
    if (model->names == NAMES_MAX || path[0] == '\0' || path[0] == '@' || model_find(model, path) != NULL)
        return;
    (void)snprintf(model->name[model->names].path, PATH_ROOM, "%s", path);
    model->name[model->names++].kind = kind;
}

/* Whether path is `above` or lies below it; what follows then. */
static const char *below(const char *path, const char *above)
{
    size_t length = strlen(above);

    if (length == 0 || strncmp(path, above, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path + length;
}

void model_remove(struct model *model, const char *path)
{
    int kept = 0;

    for (int i = 0; i < model->names; i++)
        if (below(model->name[i].path, path) == NULL)
            model->name[kept++] = model->name[i];
    model->names = kept;
}

static void moved(char *path, const char *from, const char *to)
{
    const char *rest = below(path, from);
    char text[2 * PATH_ROOM];

    if (rest == NULL)
        return;
    (void)snprintf(text, sizeof text, "%s%s", to, rest);
    if (strlen(text) < PATH_ROOM)
        memcpy(path, text, strlen(text) + 1);
}

void model_move(struct model *model, const char *from, const char *to)
{
    if (below(to, from) != NULL)
        return;
    model_remove(model, to);
    for (int i = 0; i < model->names; i++)
        moved(model->name[i].path, from, to);
    for (int actor = 0; actor < ACTORS; actor++) {
        moved(model->player[actor].cwd, from, to);
        for (int slot = 0; slot < SLOTS; slot++)
            moved(model->player[actor].held[slot].path, from, to);
    }
}
