/*
 * Random scripts. Letters of arguments beside those of actor.h: O open flags, M a mode, R resolve flags, A any of the
 * row's choices, E one of those after ';', W the flags of faccessat2, U an owner, T times, X and V an attribute, K how
 * much room there is for it, Z a length or position, B data, Y an actor.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

/* One operation on its way. */
struct draft {
    struct model *model;
    const struct row *row;
    int actor;
    struct player *player; /* whose slots and directory are used */
    const char *base;      /* directory of the next path, NULL: unknown */
    char meant[2][PATH_ROOM];
    int paths;
    int filled; /* the slot that is filled, -1: none */
    int used;   /* the slot that is used first */
    char flags[256];
};

static int any_slot(const struct player *player, const char *kinds)
{
    for (int tries = 0; tries < 10; tries++) {
        int slot = (int)chance(SLOTS);

        if (player->held[slot].kind != 0 && strchr(kinds, player->held[slot].kind) != NULL)
            return slot;
    }
    return (int)chance(SLOTS);
}

static bool row_is(const struct draft *draft, const char *start)
{
    return strncmp(draft->row->name, start, strlen(start)) == 0;
}

static void draft_dir(struct draft *draft)
{
    int slot = any_slot(draft->player, "d");

    draft->base = draft->player->cwd;
    if (percent(55) || draft->player->held[slot].kind == 0) {
        printf(" cwd");
    } else if (percent(3)) {
        printf(" %s", chance_word("-1 99 -2"));
    } else {
        printf(" f%d", slot);
        draft->used = slot;
        draft->base = draft->player->held[slot].kind == 'd' ? draft->player->held[slot].path : NULL;
    }
}

static char wanted_kind(const struct draft *draft, char letter)
{
    static const char *const of_dirs[] = {"chdir", "rmdir", "list", "sweep", "seekdir", "deep"};
    static const char *const of_files[] = {"readfile", "writefile", "truncate", "exec"};

    if (letter == 'N')
        return 'n';
    for (size_t i = 0; i < sizeof of_dirs / sizeof *of_dirs; i++)
        if (row_is(draft, of_dirs[i]))
            return 'd';
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++)
        if (row_is(draft, of_files[i]))
            return 'f';
    return 'a';
}

static void draft_path(struct draft *draft, char letter)
{
    char path[2 * PATH_ROOM], *meant = draft->meant[draft->paths > 1 ? 1 : draft->paths];

    generate_path(draft->model, draft->actor, draft->base, wanted_kind(draft, letter), path, meant);
    draft->paths++;
    printf(" %s", path);
}

static void draft_open_flags(struct draft *draft)
{
    const char *mode = chance_word("O_RDONLY O_RDONLY O_WRONLY O_RDWR O_RDWR O_RDWR 3");

    (void)snprintf(draft->flags, sizeof draft->flags, "%s", mode);
    if (percent(10))
        (void)snprintf(draft->flags, sizeof draft->flags, "O_PATH");
    else if (percent(8))
        (void)snprintf(draft->flags, sizeof draft->flags, "%s|O_TMPFILE", percent(80) ? "O_RDWR" : "O_RDONLY");
    for (unsigned times = chance(3); times > 0; times--) {
        strcat(draft->flags, "|");
        strcat(draft->flags,
               chance_word(
                   "O_CREAT O_CREAT O_CREAT O_EXCL O_TRUNC O_APPEND O_NOFOLLOW O_DIRECTORY O_PATH O_NOATIME O_SYNC"));
    }
    printf(" %s", draft->flags);
}

static void draft_slot(struct draft *draft)
{
    static const char *const of_dirs[] = {"fchdir", "getdents", "rewinddir"};
    const char *kinds = "dfx";

    if (row_is(draft, "read") || row_is(draft, "write") || row_is(draft, "p") || row_is(draft, "ftr") ||
        row_is(draft, "fal") || row_is(draft, "map") || row_is(draft, "copy") || row_is(draft, "send"))
        kinds = "f";
    for (size_t i = 0; i < sizeof of_dirs / sizeof *of_dirs; i++)
        if (row_is(draft, of_dirs[i]))
            kinds = "d";
    int slot = any_slot(draft->player, kinds);
    if (draft->used < 0)
        draft->used = slot;
    if (percent(1))
        printf(" %s", chance_word("-1 99"));
    else
        printf(" f%d", slot);
}

static void draft_link_text(struct draft *draft)
{
    char path[2 * PATH_ROOM], meant[PATH_ROOM];

    generate_path(draft->model, draft->actor, draft->player->cwd, 'a', path, meant);
    printf(" %s", path[0] == '@' && path[1] == 'f' ? "gone" : path);
}

static void draft_times(void)
{
    static const char *const words[] = {"now",          "omit",  "1100000000", "1200000000.123456789",
                                        "1300000000.5", "wrong", "-5"};
    const char *one = words[chance(percent(90) ? 5 : 7)], *other = words[chance(percent(90) ? 5 : 7)];

    if (percent(15))
        printf(" %s", percent(80) ? "null" : "bad");
    else
        printf(" %s:%s", one, other);
}

static void draft_attribute(const struct draft *draft)
{
    if (percent(90))
        printf(" user.%s", chance_word("one two three"));
    else
        printf(
            " %s",
            chance_word(
                draft->model->root
                    ? "trusted.x user. bad user.{250n} user.{251n} system.posix_acl_access security.x @null @empty"
                    : "trusted.x user. bad user.{250n} user.{251n} system.posix_acl_access security.x @null @empty"));
}

static void draft_flags(const struct draft *draft, char letter)
{
    char flags[256];

    if (letter == 'W')
        chance_flags("AT_EACCESS AT_SYMLINK_NOFOLLOW AT_EMPTY_PATH", flags, sizeof flags);
    else if (letter == 'R')
        chance_flags("RESOLVE_BENEATH RESOLVE_IN_ROOT RESOLVE_NO_SYMLINKS RESOLVE_NO_MAGICLINKS RESOLVE_NO_XDEV", flags,
                     sizeof flags);
    else
        chance_flags(draft->row->choices, flags, sizeof flags);
    printf(" %s", flags);
}

static void draft_value(const struct draft *draft, char letter)
{
    if (letter == 'M' && row_is(draft, "openat2") && strstr(draft->flags, "O_CREAT") == NULL && percent(95))
        printf(" 0");
    else if (letter == 'M')
        printf(
            " %s",
            chance_word("0644 0644 0755 0600 0700 0777 0000 0444 0555 0222 01777 02755 04755 06777 0070 0007 017777"));
    else if (letter == 'U')
        printf(" %s",
               chance_word(draft->model->root ? "0 0 1000 1000 2000 -1 -1 3000" : "1000 1000 1000 -1 -1 0 2000"));
    else if (letter == 'V')
        printf(" %s", chance_word("one two @empty {100v} {3000v}"));
    else if (letter == 'K')
        printf(" %s", chance_word("0 4096 4096 3 8192"));
    else if (letter == 'Z')
        printf(" %s", chance_word("0 1 7 10 50 100 512 1000 4096 8000 100000 -1"));
    else if (letter == 'B')
        printf(" %s%u", percent(90) ? "data" : "{1000longer}", chance(1000));
    else if (letter == 'E')
        printf(" %s", chance_word(strchr(draft->row->choices, ';') + 1));
}

static void draft_argument(struct draft *draft, char letter)
{
    if (letter == 'S')
        printf(" f%d", draft->filled = (int)chance(SLOTS));
    else if (letter == 'D')
        draft_dir(draft);
    else if (letter == 'P' || letter == 'N')
        draft_path(draft, letter);
    else if (letter == 'F')
        draft_slot(draft);
    else if (letter == 'L')
        draft_link_text(draft);
    else if (letter == 'O')
        draft_open_flags(draft);
    else if (letter == 'T')
        draft_times();
    else if (letter == 'X')
        draft_attribute(draft);
    else if (letter == 'A' || letter == 'R' || letter == 'W')
        draft_flags(draft, letter);
    else
        draft_value(draft, letter);
}

static void hold(struct draft *draft, char kind, const char *path)
{
    struct held *held = &draft->player->held[draft->filled];

    held->kind = kind;
    (void)snprintf(held->path, sizeof held->path, "%s", path);
}

/* What an open leaves behind. */
static void believe_open(struct draft *draft)
{
    const char *path = draft->meant[0];
    const struct name *name = model_find(draft->model, path);

    if (path[0] == '@')
        return;
    if (name == NULL && strstr(draft->flags, "O_CREAT") == NULL && !row_is(draft, "creat"))
        return;
    if (name == NULL)
        model_add(draft->model, path, 'f');
    hold(draft, name == NULL ? 'f' : name->kind == 'd' ? 'd' : name->kind == 'f' ? 'f' : 'x', path);
}

static void believe_names(struct draft *draft)
{
    struct model *model = draft->model;
    const struct name *name = model_find(model, draft->meant[0]);

    if (row_is(draft, "mkdir"))
        model_add(model, draft->meant[0], 'd');
    else if (row_is(draft, "mknod"))
        model_add(model, draft->meant[0], 'p');
    else if (row_is(draft, "symlink"))
        model_add(model, draft->meant[0], 'l');
    else if (row_is(draft, "writefile"))
        model_add(model, draft->meant[0], 'f');
    else if (row_is(draft, "link") && name != NULL)
        model_add(model, draft->meant[1], name->kind);
    else if (row_is(draft, "rename") && name != NULL)
        model_move(model, draft->meant[0], draft->meant[1]);
    else if ((row_is(draft, "unlink") && name != NULL && name->kind != 'd') || (row_is(draft, "rmdir") && percent(30)))
        model_remove(model, draft->meant[0]);
}

static void believe_descriptors(struct draft *draft)
{
    struct held *used = draft->used < 0 ? NULL : &draft->player->held[draft->used];

    if (row_is(draft, "chdir") && draft->meant[0][0] != '@' && model_find(draft->model, draft->meant[0]) != NULL)
        (void)snprintf(draft->player->cwd, PATH_ROOM, "%s", draft->meant[0]);
    else if (row_is(draft, "fchdir") && used != NULL && used->kind == 'd')
        (void)snprintf(draft->player->cwd, PATH_ROOM, "%s", used->path);
    else if (row_is(draft, "close") && used != NULL)
        used->kind = 0;
    else if (row_is(draft, "dup") && used != NULL && used->kind != 0)
        hold(draft, used->kind, used->path);
    else if (row_is(draft, "bind") || row_is(draft, "connect") || row_is(draft, "accept") || row_is(draft, "receive"))
        hold(draft, 'x', "");
}

static const struct row *choose_row(void)
{
    int total = 0;

    for (const struct row *const *table = row_tables; *table != NULL; table++)
        for (const struct row *row = *table; row->name != NULL; row++)
            total += row->weight;
    int wanted = (int)chance((unsigned)total);
    for (const struct row *const *table = row_tables; *table != NULL; table++)
        for (const struct row *row = *table; row->name != NULL; row++)
            if ((wanted -= row->weight) < 0)
                return row;
    return NULL;
}

static bool holds_any(const struct player *player)
{
    for (int slot = 0; slot < SLOTS; slot++)
        if (player->held[slot].kind != 0)
            return true;
    return false;
}

static void generate_operation(struct model *model, int actor)
{
    struct draft draft = {.model = model, .row = choose_row(), .actor = actor, .filled = -1, .used = -1};

    draft.player = &model->player[model->player[actor].shares];
    while (strchr(draft.row->kinds, 'F') != NULL && !holds_any(draft.player) && percent(95))
        draft.row = choose_row();
    draft.base = draft.player->cwd;
    printf("%d %s", actor, draft.row->name);
    for (const char *letter = draft.row->kinds; *letter != '\0'; letter++)
        draft_argument(&draft, *letter);
    printf("\n");
    if (row_is(&draft, "open") || row_is(&draft, "creat"))
        believe_open(&draft);
    believe_names(&draft);
    believe_descriptors(&draft);
}

/* A further process or thread. */
static void generate_actor(struct model *model, int parent, int actor)
{
    bool thread = percent(30);

    printf("%d %s %d\n", parent, thread ? "thread" : "fork", actor);
    model->player[actor] = model->player[model->player[parent].shares];
    model->player[actor].present = true;
    model->player[actor].shares = thread ? model->player[parent].shares : actor;
    if (!thread && model->root && percent(50))
        printf("%d become\n", actor);
}

void generate_script(uint64_t seed, unsigned long number, bool root)
{
    static struct model model;
    int actors = 1;

    chance_seed(seed, number);
    memset(&model, 0, sizeof model);
    model.root = root;
    model.player[0].present = true;
    printf("script %s seed %llu number %lu\n", root ? "root" : "user", (unsigned long long)seed, number);
    generate_tree(&model);
    int count = 10 + (int)chance(50), several = percent(35);
    for (int i = 0; i < count; i++) {
        int actor = (int)chance((unsigned)actors);

        if (several && actors < ACTORS && percent(8))
            generate_actor(&model, actor, actors++);
        else
            generate_operation(&model, actor);
    }
}
