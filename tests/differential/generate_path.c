/* Paths to what there is and what there is not, in all the ways in which a path can be written. */
#include "model.h"

#include <string.h>

/* A name of one of the kinds, or NULL. */
const struct name *pick_name(const struct model *model, const char *kinds)
{
    for (int tries = 0; tries < 12 && model->names > 0; tries++) {
        const struct name *name = &model->name[chance((unsigned)model->names)];

        if (strchr(kinds, name->kind) != NULL)
            return name;
    }
    return NULL;
}

/* What the path shall lead to, from the top; "" is the top itself. */
static void choose_target(const struct model *model, char kind, char *into)
{
    const struct name *name = NULL;
    const char *kinds = kind == 'd' ? "dl" : kind == 'f' ? "ffl" : "dflps";

    if (kind != 'n' || percent(25))
        name = percent(85) ? pick_name(model, kinds) : pick_name(model, "dflps");
    if (name != NULL && percent(92)) {
        (void)snprintf(into, PATH_ROOM, "%s", name->path);
        return;
    }
    name = percent(80) ? pick_name(model, percent(90) ? "d" : "dfl") : NULL;
    (void)snprintf(into, PATH_ROOM, "%.400s%s%s", name == NULL ? "" : name->path, name == NULL ? "" : "/",
                   chance_new_name());
}

static const char *common(const char *target, const char *base, int *up)
{
    size_t shared = 0;

    for (size_t i = 0;; i++) {
        bool end_of_base = base[i] == '\0' || base[i] == '/', end_of_target = target[i] == '\0' || target[i] == '/';

        if (end_of_base && end_of_target)
            shared = i;
        if (base[i] == '\0' || target[i] == '\0' || base[i] != target[i])
            break;
    }
    const char *rest = base + shared;
    *up = 0;
    if (base[0] != '\0' && shared == 0)
        *up = 1;
    for (; *rest != '\0'; rest++)
        *up += *rest == '/';
    return target + shared + (target[shared] == '/');
}

/* The target as seen from base: "../x/y". */
static void relative(const char *target, const char *base, char *into, size_t size)
{
    int up;
    const char *rest = common(target, base, &up);

    into[0] = '\0';
    for (; up > 0 && strlen(into) + 4 < size; up--)
        (void)snprintf(into + strlen(into), size - strlen(into), "../");
    (void)snprintf(into + strlen(into), size - strlen(into), "%s", rest);
    if (into[0] == '\0')
        (void)snprintf(into, size, ".");
}

static bool write_through(const struct model *model, int actor, const char *target, char *into)
{
    const struct player *player = &model->player[model->player[actor].shares];
    int slot = (int)chance(SLOTS);
    char rest[2 * PATH_ROOM - 16];

    if (percent(40)) {
        relative(target, player->cwd, rest, sizeof rest);
        (void)snprintf(into, 2 * PATH_ROOM, "@cwd/%s", rest);
        return true;
    }
    if (player->held[slot].kind == 0)
        return false;
    relative(target, player->held[slot].path, rest, sizeof rest);
    if (player->held[slot].kind != 'd' || percent(20))
        (void)snprintf(into, 2 * PATH_ROOM, "@f%d", slot);
    else
        (void)snprintf(into, 2 * PATH_ROOM, "@f%d/%s", slot, rest);
    return true;
}

static void replace(char *path, const char *start, const char *middle, const char *end)
{
    char text[2 * PATH_ROOM + 8];
    int length = snprintf(text, sizeof text, "%.*s%s%.*s", PATH_ROOM, start, middle, PATH_ROOM, end);

    if (length < 2 * PATH_ROOM)
        memcpy(path, text, (size_t)length + 1);
}

/* Slashes and dots that change nothing, or do. */
static void decorate(char *path)
{
    static const char *const ends[] = {"/", "/.", "//", "/./", "/..", "/../."};
    char *slash = strchr(path, '/');

    if (percent(8) && strlen(path) + 8 < PATH_ROOM)
        (void)strcat(path, ends[chance(percent(80) ? 2 : 6)]);
    if (path[0] == '@')
        return;
    if (percent(4) && slash != NULL) {
        *slash = '\0';
        replace(path, path, percent(50) ? "//" : percent(50) ? "/./" : "/../", slash + 1);
    }
    if (percent(3))
        replace(path, "./", "", path);
}

/* A path of an operation whose directory is base; NULL: unknown. What is meant by it, from the top, goes to `meant`. */
void generate_path(const struct model *model, int actor, const char *base, char kind, char *into, char *meant)
{
    choose_target(model, kind, meant);
    if (percent(3)) {
        (void)snprintf(
            into, 2 * PATH_ROOM, "%s",
            chance_word("@empty @empty . .. @null @bad {255z} {256z} {4090/} {5000./} {60n0/} {500./}x ./ ../"));
        meant[0] = '@';
        return;
    }
    if (base == NULL || percent(18) || (percent(6) && !write_through(model, actor, meant, into)))
        (void)snprintf(into, 2 * PATH_ROOM, "@top/%s", meant);
    else
        relative(meant, base, into, 2 * PATH_ROOM);
    decorate(into);
}
