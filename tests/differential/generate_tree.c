/* The tree that a script begins with. */
#include "model.h"

#include <string.h>

static void new_path(const struct model *model, const char *prefix, int number, char *into)
{
    const struct name *dir = percent(75) ? pick_name(model, "d") : NULL;

    if (dir != NULL && strlen(dir->path) > 60)
        dir = NULL;
    if (percent(4))
        (void)snprintf(into, PATH_ROOM, "%s%s%s", dir == NULL ? "" : dir->path, dir == NULL ? "" : "/",
                       chance_new_name());
    else
        (void)snprintf(into, PATH_ROOM, "%s%s%s%d", dir == NULL ? "" : dir->path, dir == NULL ? "" : "/", prefix,
                       number);
    for (int i = 0; model_find(model, into) != NULL && i < 1000; i++)
        (void)snprintf(into, PATH_ROOM, "%s%d", prefix, 100 + i);
}

/* Objects that their owner may not read: seldom for an ordinary user, whose supervisor cannot copy them. */
static const char *unusual_mode(const struct model *model, const char *readable, const char *unreadable)
{
    return chance_word(percent(model->root ? 40 : 8) ? unreadable : readable);
}

static const char *owner(const struct model *model)
{
    if (!model->root)
        return "1000 1000";
    static const char *const owners[] = {"0 0", "0 0", "1000 1000", "1000 0", "2000 3000"};
    return owners[chance(5)];
}

static void tree_dir(struct model *model, int number)
{
    char path[PATH_ROOM];

    new_path(model, "d", number, path);
    printf("+ dir %s %s %s\n", path,
           percent(80) ? "0755" : unusual_mode(model, "0700 0777 1777 2775 2777 0555", "0311 0444 0000"), owner(model));
    model_add(model, path, 'd');
}

static void tree_file(struct model *model, int number)
{
    char path[PATH_ROOM];

    new_path(model, "f", number, path);
    if (percent(4))
        printf("+ script %s %s %s\n", path, unusual_mode(model, "0755 0700 0644", "0111"), owner(model));
    else
        printf("+ file %s %s %s %s\n", path,
               percent(80) ? "0644" : unusual_mode(model, "0600 0666 0755 0444 4755 2755", "0000 0200"), owner(model),
               chance_word("0 1 20 100 100 500 4096 5000 70000 40000000"));
    model_add(model, path, 'f');
    if (percent(15))
        printf("+ xattr %s user.%s %s\n", path, chance_word("one two"), chance_word("value another"));
}

static void tree_link(struct model *model, int number)
{
    char path[PATH_ROOM], text[2 * PATH_ROOM], meant[PATH_ROOM], dir[PATH_ROOM];

    new_path(model, "l", number, path);
    (void)snprintf(dir, sizeof dir, "%s", path);
    *(strrchr(dir, '/') == NULL ? dir : strrchr(dir, '/')) = '\0';
    generate_path(model, 0, dir, percent(50) ? 'd' : 'a', text, meant);
    if (strcmp(text, "@empty") == 0 || strcmp(text, "@null") == 0 || strcmp(text, "@bad") == 0 ||
        strncmp(text, "@f", 2) == 0 || strncmp(text, "@cwd", 4) == 0 || strchr(text, '{') != NULL)
        (void)snprintf(text, sizeof text, "nowhere");
    printf("+ symlink %s %s\n", path, text);
    model_add(model, path, 'l');
}

static void tree_other(struct model *model, int number)
{
    char path[PATH_ROOM];
    const struct name *file = pick_name(model, "f");

    new_path(model, "o", number, path);
    if (percent(50)) {
        printf("+ fifo %s 0644 %s\n", path, owner(model));
        model_add(model, path, 'p');
    } else if (percent(50)) {
        printf("+ socket %s 0755 %s\n", path, owner(model));
        model_add(model, path, 's');
    } else if (file != NULL && percent(20)) {
        printf("+ hardlink %s %s\n", path, file->path);
        model_add(model, path, 'f');
    }
}

void generate_tree(struct model *model)
{
    int dirs = 2 + (int)chance(8), files = 3 + (int)chance(10), links = (int)chance(7), others = (int)chance(3);

    for (int i = 0; i < dirs; i++)
        tree_dir(model, i);
    for (int i = 0; i < files; i++)
        tree_file(model, i);
    for (int i = 0; i < links; i++)
        tree_link(model, i);
    for (int i = 0; i < others; i++)
        tree_other(model, i);
    if (percent(20) && dirs > 0)
        printf("+ xattr %s user.one onadirectory\n", pick_name(model, "d") == NULL ? "." : pick_name(model, "d")->path);
}
