/*
 * What was done is kept as a tree of names for each action. A directory is *folded*, into DIRECTORY/ and two stars,
 * where names were made in it, which will be others the next time, or where it would take many rules.
 */
#include "supervisor/learn.h"

#include "emul/cleanup.h"
#include "emul/program_files.h"
#include "supervisor/text.h"
#include "supervisor/violation.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

enum { RULES_OF_DIRECTORY = 3, NAMES_MAX = 1000000 };

struct name {
    UT_hash_handle hh; /* among its siblings */
    struct name *children;
    bool done;   /* something was done to it */
    bool made;   /* and it is not there any more */
    bool folded; /* one rule for it and all below */
    char text[];
};

/* A secret, or an address. */
struct single {
    UT_hash_handle hh; /* by action and text, in the order in which they came */
    enum policy_action action;
    const char *text; /* in the key, behind the action */
    char key[];
};

struct learned {
    struct name *roots[POLICY_CONNECT]; /* of read, write and exec */
    struct single *addresses, *secrets;
    size_t count, lost;
};

struct learned *learned_new(void)
{
    return calloc(1, sizeof(struct learned));
}

static void free_names(struct name *names)
{
    struct name *name, *next;
    HASH_ITER(hh, names, name, next)
    {
        HASH_DEL(names, name);
        free_names(name->children);
        free(name);
    }
}

static void free_singles(struct single *singles)
{
    struct single *single, *next;
    HASH_ITER(hh, singles, single, next)
    {
        HASH_DEL(singles, single);
        free(single);
    }
}

void learned_free(struct learned *learned)
{
    if (learned == NULL)
        return;
    for (size_t i = 0; i < POLICY_CONNECT; i++)
        free_names(learned->roots[i]);
    free_singles(learned->addresses);
    free_singles(learned->secrets);
    free(learned);
}

/* The one of this text, or NULL. */
static struct name *look(struct name *names, const char *text, size_t length)
{
    struct name *name;
    HASH_FIND(hh, names, text, length, name);
    return name;
}

/* The name of a component, which is made; NULL without memory. */
static struct name *name_of(struct learned *learned, struct name **names, const char *text, size_t length)
{
    struct name *name = look(*names, text, length);
    if (name != NULL)
        return name;
    name = learned->count < NAMES_MAX ? calloc(1, sizeof *name + length + 1) : NULL;
    if (name == NULL)
        return NULL;
    memcpy(name->text, text, length);
    HASH_ADD_KEYPTR(hh, *names, name->text, length, name);
    learned->count++;
    return name;
}

static void note_single(struct learned *learned, struct single **singles, enum policy_action action, const char *text)
{
    struct single *known;
    size_t length = strlen(text) + 1;
    cleanup_free struct single *single = calloc(1, sizeof *single + length + 1);
    if (single == NULL) {
        learned->lost++;
        return;
    }
    single->action = action;
    single->text = single->key + 1;
    single->key[0] = (char)action;
    memcpy(single->key + 1, text, length);
    HASH_FIND(hh, *singles, single->key, length, known);
    if (known != NULL)
        return;
    if (learned->count >= NAMES_MAX) {
        learned->lost++;
        return;
    }
    known = steal_ptr(&single);
    HASH_ADD_KEYPTR(hh, *singles, known->key, length, known);
    learned->count++;
}

/* Below /proc, processes have other numbers the next time. */
static bool is_process(const char *path, const char *component, size_t length)
{
    return component - path == 6 && strncmp(path, "/proc/", 6) == 0 && strspn(component, "0123456789") >= length;
}

static void note(struct learned *learned, enum policy_action action, const char *path)
{
    if (*path != '/' || action >= POLICY_CONNECT) {
        note_single(learned, &learned->addresses, action, path);
        return;
    }
    struct name *name = name_of(learned, &learned->roots[action], "", 0);
    for (const char *at = path + strspn(path, "/"); *at != '\0' && name != NULL; at += strspn(at, "/")) {
        size_t length = strcspn(at, "/");
        name = is_process(path, at, length) ? name_of(learned, &name->children, "*", 1)
                                            : name_of(learned, &name->children, at, length);
        at += length;
    }
    if (name == NULL)
        learned->lost++;
    else
        name->done = true;
}

int learned_pass(void *context, const struct view_violation *refused)
{
    const struct violations *violations = context;
    note(violations->learned, refused->action, refused->path);
    /* While it is learned, a socket that was made lies in the layer, and nobody asks who connects to it. */
    if (refused->action == POLICY_BIND && *refused->path == '/')
        note(violations->learned, POLICY_CONNECT, refused->path);
    return 0;
}

static const struct name *find(const struct name *name, const char *path)
{
    for (const char *at = path + strspn(path, "/"); *at != '\0' && name != NULL; at += strspn(at, "/")) {
        size_t length = strcspn(at, "/");
        name = look(name->children, at, length);
        at += length;
    }
    return name;
}

/* Where names for a while are made, whoever owns it. */
static bool is_temporary(const char *path)
{
    static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm", "/dev/pts"};
    const char *own = getenv("TMPDIR");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(path, places[i]) == 0)
            return true;
    return own != NULL && strcmp(path, own) == 0;
}

/* Directories of which nobody means all: the top ones, a home, and those that hold what belongs to many programs. */
static bool is_broad(const char *path)
{
    static const char *const below_home[] = {"", "/.config", "/.cache", "/.local", "/.local/share", "/.local/state"};
    const char *home = getenv("HOME");
    const char *second = *path == '\0' ? NULL : strchr(path + 1, '/');
    size_t length = home == NULL ? 0 : strlen(home);
    if (second == NULL || (strchr(second + 1, '/') == NULL && strncmp(path, "/home/", 6) == 0))
        return true;
    for (size_t i = 0; i < sizeof below_home / sizeof below_home[0]; i++)
        if (length > 1 && strncmp(path, home, length) == 0 && strcmp(path + length, below_home[i]) == 0)
            return true;
    return false;
}

/* What the tree of an action is folded with. */
struct folding {
    const struct name *written; /* NULL: it is the tree of what was written itself */
    struct policy *secrets;
    struct learned *learned;
    enum policy_action action;
    char path[PATH_MAX];
};

static bool is_made(const struct folding *folding, bool done)
{
    struct stat st;
    const struct name *written = folding->written == NULL ? NULL : find(folding->written, folding->path);
    if (!done || (folding->written != NULL && (written == NULL || !written->done)))
        return false;
    return lstat(folding->path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* A secret is no part of the tree. */
static void take_secret(struct folding *folding, struct name *name)
{
    const char *path = folding->path[0] == '\0' ? "/" : folding->path;
    if (!name->done || policy_decide(folding->secrets, POLICY_READ, path).verdict != POLICY_HIDE)
        return;
    note_single(folding->learned, &folding->learned->secrets, folding->action, path);
    name->done = false;
}

/* Returns how many rules the name and what is below it take. `length` is that of its path. */
static size_t fold(struct folding *folding, struct name *name, size_t length)
{
    struct name *child;
    size_t rules = 0;
    bool makes = false;
    take_secret(folding, name);
    name->made = is_made(folding, name->done);
    rules += name->done;
    for (child = name->children; child != NULL; child = child->hh.next) {
        size_t more = strlen(child->text) + 1;
        if (length + more >= sizeof folding->path)
            continue;
        folding->path[length] = '/';
        memcpy(folding->path + length + 1, child->text, more);
        rules += fold(folding, child, length + more);
        makes = makes || child->made;
        folding->path[length] = '\0';
    }
    bool may = !is_broad(folding->path) || (makes && is_temporary(folding->path));
    name->folded =
        name->children != NULL && rules > 0 && (name->made || (may && (makes || rules > RULES_OF_DIRECTORY)));
    return name->folded ? 1 : rules;
}

enum { PROGRAM_FILES = 4 };

/*
 * What the kernel opens itself to execute a program, the file and its interpreters, is not asked about; its lock wants
 * to see it allowed, to be read as well.
 */
static void note_programs(struct learned *learned, const struct name *name, char path[PATH_MAX], size_t length)
{
    const struct name *child;
    int fds[PROGRAM_FILES];
    int count = name->done ? program_files_open(path, fds, PROGRAM_FILES) : 0;
    for (int i = 0; i < count; i++) {
        char link[64];
        char found[PATH_MAX];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fds[i]);
        ssize_t size = readlink(link, found, sizeof found - 1);
        (void)close(fds[i]);
        if (size <= 0)
            continue;
        found[size] = '\0';
        note(learned, POLICY_EXEC, found);
        note(learned, POLICY_READ, found);
    }
    for (child = name->children; child != NULL; child = child->hh.next) {
        size_t more = strlen(child->text) + 1;
        if (length + more >= PATH_MAX)
            continue;
        path[length] = '/';
        memcpy(path + length + 1, child->text, more);
        note_programs(learned, child, path, length + more);
        path[length] = '\0';
    }
}

struct writing {
    FILE *out;
    struct policy *secrets;
    enum policy_action action;
    bool holds_secrets;
    char path[PATH_MAX];
};

static void put_path(struct writing *writing, const struct name *name, const char *end)
{
    const char *path = writing->path;
    cleanup_free char *quoted = policy_quote(*path == '\0' && *end == '\0' ? "/" : path);
    /* The stars that stand for processes are ours. */
    static const char process[] = "/proc/\\*";
    const bool is_process = quoted != NULL && strncmp(quoted, process, strlen(process)) == 0;
    /* In a directory that is not the command's own. */
    const bool layer = writing->action == POLICY_WRITE && name->made;
    if (quoted == NULL)
        return;
    (void)fprintf(writing->out, "%s %s ", policy_action_name(writing->action),
                  layer                             ? "layer"
                  : writing->action == POLICY_WRITE ? "direct"
                                                    : "allow");
    (void)fprintf(writing->out, "%s%s%s%s\n", is_process ? "/proc/*" : "", quoted + (is_process ? strlen(process) : 0),
                  end, layer ? "   # 'direct' would need it to be there before" : "");
}

static int by_text(const struct name *left, const struct name *right)
{
    return strcmp(left->text, right->text);
}

static void put_names(struct writing *writing, struct name *name, size_t length)
{
    struct name *child;
    if (name->folded) {
        put_path(writing, name, "/**");
        writing->holds_secrets = writing->holds_secrets || policy_below(writing->secrets, POLICY_READ, writing->path);
        return;
    }
    if (name->done)
        put_path(writing, name, "");
    HASH_SRT(hh, name->children, by_text);
    for (child = name->children; child != NULL; child = child->hh.next) {
        size_t more = strlen(child->text) + 1;
        if (length + more >= sizeof writing->path)
            continue;
        writing->path[length] = '/';
        memcpy(writing->path + length + 1, child->text, more);
        put_names(writing, child, length + more);
        writing->path[length] = '\0';
    }
}

/* A socket that was made has a directory that stays. Fresh memory, or NULL. */
static char *socket_word(const char *path)
{
    struct stat st;
    char *word = NULL;
    const char *slash = strrchr(path, '/');
    const bool stays = lstat(path, &st) == 0 || slash == path;
    cleanup_free char *place = stays ? strdup(path) : strndup(path, (size_t)(slash - path));
    cleanup_free char *quoted = place == NULL ? NULL : policy_quote(place);
    return quoted == NULL || asprintf(&word, "unix:%s%s", quoted, stays ? "" : "/**") < 0 ? NULL : word;
}

/* An address as the language has it. */
static char *address_word(const char *text)
{
    static const char abstract[] = "unix:@";
    char *word = NULL;
    const char *path = strncmp(text, "unix:/", 6) == 0 ? text + 5 : text;
    if (*path == '/')
        return socket_word(path);
    if (strncmp(text, abstract, strlen(abstract)) != 0)
        return strdup(text);
    cleanup_free char *quoted = policy_quote(text + strlen(abstract));
    return quoted == NULL || asprintf(&word, "%s%s", abstract, quoted) < 0 ? NULL : word;
}

/* Those that the language has no word for are left to the reader. */
static void put_addresses(const struct learned *learned, FILE *out)
{
    const struct single *single;
    for (single = learned->addresses; single != NULL; single = single->hh.next) {
        struct policy *trial;
        char *text = NULL;
        cleanup_free char *word = address_word(single->text);
        if (word == NULL || asprintf(&text, "%s allow %s", policy_action_name(single->action), word) < 0)
            continue;
        cleanup_free char *rule = text;
        bool known = policy_new(&trial, NULL) == 0;
        bool fits = known && policy_append(trial, "", rule, strlen(rule), POLICY_TRUSTED) == 0;
        if (known)
            policy_free(trial);
        if (fits) {
            (void)fprintf(out, "%s\n", rule);
            continue;
        }
        (void)fputs("# not a rule: ", out);
        text_plain(out, rule);
        (void)fputc('\n', out);
    }
}

static void put_secrets(const struct learned *learned, FILE *out)
{
    const struct single *single;
    if (learned->secrets != NULL)
        (void)fprintf(out, "# These were used, and may hold keys, passwords or what is private. Take the # away where\n"
                           "# the command is meant to have them.\n");
    for (single = learned->secrets; single != NULL; single = single->hh.next) {
        cleanup_free char *quoted = policy_quote(single->text);
        const char *verdict = single->action == POLICY_WRITE ? "direct" : "allow";
        if (quoted != NULL)
            (void)fprintf(out, "#%s %s %s\n", policy_action_name(single->action), verdict, quoted);
    }
}

void learned_write(struct learned *learned, struct policy *secrets, FILE *out)
{
    static const char *const first[POLICY_CONNECT] = {
        [POLICY_READ] = "read deny /**", [POLICY_WRITE] = "\nwrite deny /**", [POLICY_EXEC] = "\nexec deny /**"};
    char path[PATH_MAX] = "";
    if (learned->roots[POLICY_EXEC] != NULL)
        note_programs(learned, learned->roots[POLICY_EXEC], path, 0);
    for (enum policy_action action = POLICY_READ; action < POLICY_CONNECT; action++) {
        struct folding folding = {.learned = learned, .secrets = secrets, .action = action};
        struct writing writing = {.out = out, .secrets = secrets, .action = action};
        static const struct name nothing;
        if (action != POLICY_WRITE)
            folding.written = learned->roots[POLICY_WRITE] == NULL ? &nothing : learned->roots[POLICY_WRITE];
        (void)fprintf(out, "%s\n", first[action]);
        if (learned->roots[action] != NULL) {
            (void)fold(&folding, learned->roots[action], 0);
            put_names(&writing, learned->roots[action], 0);
        }
        if (writing.holds_secrets && action == POLICY_READ)
            (void)fprintf(out,
                          "# Not what may hold keys and passwords, though it lies in one of these.\ninclude secrets\n");
    }
    (void)fprintf(out, "\nconnect deny *\nbind deny *\n");
    put_addresses(learned, out);
    if (learned->secrets != NULL)
        (void)fputc('\n', out);
    put_secrets(learned, out);
    if (learned->lost > 0)
        (void)fprintf(out, "# %zu things more: there was no room to note them.\n", learned->lost);
}
