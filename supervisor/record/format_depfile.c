/*
 * `--format depfile`: rules for make and ninja, as `gcc -MD -MP` writes them for one compilation.
 *
 * The files on the right are those that were there before the run and that it left as they were: what the run itself
 * changes would be newer than its target for ever. Each has an empty rule as well, so that its deletion is no error.
 */
#include "emul/cleanup.h"
#include "supervisor/record/depfile_name.h"
#include "supervisor/record/flow.h"
#include "supervisor/record/formats.h"
#include "supervisor/record/sql.h"
#include "supervisor/text.h"

#include <errno.h>
#include <string.h>
#include <uthash.h>

/* Files that the same tasks made, and so have the same rule. */
struct rule {
    UT_hash_handle hh;
    struct flow_tasks tasks; /* the key is what `tasks` points to */
    sqlite3_int64 *targets;
    size_t count, room;
};

struct depfile {
    struct format_context *context;
    struct flow *flow;
    struct rule *rules; /* uthash */
    sqlite3_stmt *input, *name;
    char *cwd;
    bool any; /* of a rule: something stands on its right */
};

/* Not the kernel's files, which are no files, and whose times say nothing. */
#define A_FILE                                                                                                         \
    " AND NOT directory AND name NOT GLOB '/proc/*' AND name NOT GLOB '/sys/*'"                                        \
    " AND (name NOT GLOB '/dev/*' OR name GLOB '/dev/shm/*')"

static const char outputs[] = "SELECT id, name FROM file JOIN path ON id = path WHERE output" A_FILE " ORDER BY name";

/* A name with a '=' comes last: right behind the colon it would be an assignment. */
static const char all_inputs[] =
    "SELECT name FROM file JOIN path ON id = path WHERE input AND NOT output AND NOT deleted"
    " AND NOT temporary" A_FILE " ORDER BY instr(name, '=') > 0, name";

static const char one_input[] = "SELECT name FROM file JOIN path ON id = path WHERE id = ? AND input AND NOT output"
                                " AND NOT deleted AND NOT temporary" A_FILE;

/* As compilers name it: from where the command ran, when it lies below. */
static const char *shown(const struct depfile *depfile, const char *name)
{
    size_t length = depfile->cwd == NULL ? 0 : strlen(depfile->cwd);
    bool below = length > 1 && strncmp(name, depfile->cwd, length) == 0 && name[length] == '/';
    return below && name[length + 1] != '\0' ? name + length + 1 : name;
}

static bool name_fits(const struct depfile *depfile, const char *word)
{
    return depfile_name_fits(word) && !depfile_name_finds_others(depfile->cwd, word);
}

static bool target_fits(const struct depfile *depfile, const char *word)
{
    return depfile_target_fits(word) && !depfile_name_finds_others(depfile->cwd, word);
}

static void put_input(struct depfile *depfile, const char *name)
{
    const char *word = shown(depfile, name);
    /* make takes `a: b=c` for a variable. */
    if (!name_fits(depfile, word) || (!depfile->any && strchr(word, '=') != NULL)) {
        error_line(word, "cannot stand in a rule for make: left out");
        return;
    }
    (void)fputs(" \\\n  ", depfile->context->out);
    depfile_name_put(depfile->context->out, word);
    depfile->any = true;
}

static int put_numbered(void *context, sqlite3_int64 path)
{
    struct depfile *depfile = context;
    (void)sqlite3_bind_int64(depfile->input, 1, path);
    int status = sql_row(depfile->input);
    if (status == 1)
        put_input(depfile, sql_name(depfile->input, 0));
    (void)sqlite3_reset(depfile->input);
    return status < 0 ? status : 0;
}

/* What follows the colon of the one rule. */
static int put_all_inputs(struct depfile *depfile)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status = sql_prepare(depfile->context->database, all_inputs, &rows);
    while (status == 0 && (status = sql_row(rows)) == 1) {
        put_input(depfile, sql_name(rows, 0));
        status = 0;
    }
    (void)fputc('\n', depfile->context->out);
    return status;
}

static int put_empty_rules(struct depfile *depfile)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status = sql_prepare(depfile->context->database, all_inputs, &rows);
    while (status == 0 && (status = sql_row(rows)) == 1) {
        const char *word = shown(depfile, sql_name(rows, 0));
        if (target_fits(depfile, word)) {
            (void)fputc('\n', depfile->context->out);
            depfile_name_put(depfile->context->out, word);
            (void)fputs(":\n", depfile->context->out);
        }
        status = 0;
    }
    return status;
}

static int add_target(struct rule *rule, sqlite3_int64 path)
{
    if (rule->count == rule->room) {
        size_t room = rule->room * 2 + 8;
        sqlite3_int64 *targets = realloc(rule->targets, room * sizeof *targets);
        if (targets == NULL)
            return -ENOMEM;
        rule->targets = targets;
        rule->room = room;
    }
    rule->targets[rule->count++] = path;
    return 0;
}

/* The rule of these tasks, whose list it takes. */
static int add_to_rule(struct depfile *depfile, struct flow_tasks *tasks, sqlite3_int64 path)
{
    struct rule *rule;
    size_t size = tasks->count * sizeof *tasks->tasks;
    HASH_FIND(hh, depfile->rules, tasks->tasks, size, rule);
    if (rule == NULL) {
        rule = calloc(1, sizeof *rule);
        if (rule == NULL)
            return -ENOMEM;
        rule->tasks = *tasks;
        *tasks = (struct flow_tasks){.count = 0};
        HASH_ADD_KEYPTR(hh, depfile->rules, rule->tasks.tasks, size, rule);
    }
    return add_target(rule, path);
}

static int gather_rules(struct depfile *depfile)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status = sql_prepare(depfile->context->database, outputs, &rows);
    while (status == 0 && (status = sql_row(rows)) == 1) {
        struct flow_tasks tasks = {.count = 0};
        sqlite3_int64 path = sqlite3_column_int64(rows, 0);
        const char *word = shown(depfile, sql_name(rows, 1));
        if (!target_fits(depfile, word)) {
            error_line(word, "cannot be the target of a rule for make: left out");
            status = 0;
            continue;
        }
        status = flow_makers(depfile->flow, path, &tasks);
        if (status == 0 && tasks.count > 0)
            status = add_to_rule(depfile, &tasks, path);
        free(tasks.tasks);
    }
    return status;
}

static int put_target(struct depfile *depfile, sqlite3_int64 path)
{
    (void)sqlite3_bind_int64(depfile->name, 1, path);
    int status = sql_row(depfile->name);
    if (status == 1)
        depfile_name_put(depfile->context->out, shown(depfile, sql_name(depfile->name, 0)));
    (void)sqlite3_reset(depfile->name);
    return status < 0 ? status : 0;
}

static int put_right(struct depfile *depfile, const struct rule *rule)
{
    struct flow_tasks tasks = {.count = 0};
    int status = 0;
    depfile->any = false;
    for (size_t i = 0; i < rule->tasks.count && status == 0; i++)
        status = flow_add(&tasks, rule->tasks.tasks[i]);
    if (status == 0)
        status = flow_close(depfile->flow, &tasks);
    if (status == 0)
        status = flow_read(depfile->flow, &tasks, put_numbered, depfile);
    free(tasks.tasks);
    return status;
}

static int put_rule(struct depfile *depfile, const struct rule *rule)
{
    int status = 0;
    for (size_t i = 0; i < rule->count && status == 0; i++) {
        (void)fputs(i == 0 ? "" : " ", depfile->context->out);
        status = put_target(depfile, rule->targets[i]);
    }
    (void)fputc(':', depfile->context->out);
    if (status == 0)
        status = put_right(depfile, rule);
    (void)fputs("\n\n", depfile->context->out);
    return status;
}

static int put_rules(struct depfile *depfile)
{
    struct rule *rule;
    struct rule *next;
    int status = gather_rules(depfile);
    if (status == 0 && depfile->rules == NULL) {
        (void)snprintf(depfile->context->why, sizeof depfile->context->why,
                       "the command left no file that could be a target; name one by --target");
        return -ENOENT;
    }
    HASH_ITER(hh, depfile->rules, rule, next)
    if (status == 0)
        status = put_rule(depfile, rule);
    return status;
}

static int put_one_rule(struct depfile *depfile, const char *target)
{
    if (!target_fits(depfile, target)) {
        (void)snprintf(depfile->context->why, sizeof depfile->context->why,
                       "--target: make cannot have a target of that name");
        return -EINVAL;
    }
    depfile_name_put(depfile->context->out, target);
    (void)fputc(':', depfile->context->out);
    return put_all_inputs(depfile);
}

static int prepare(struct depfile *depfile)
{
    sqlite3 *database = depfile->context->database;
    int status = sql_prepare(database, one_input, &depfile->input);
    if (status == 0)
        status = sql_prepare(database, "SELECT name FROM path WHERE id = ?", &depfile->name);
    return status < 0 ? status : flow_new(&depfile->flow, database);
}

static void finish(struct depfile *depfile)
{
    struct rule *rule;
    struct rule *next;
    HASH_ITER(hh, depfile->rules, rule, next)
    {
        HASH_DEL(depfile->rules, rule);
        free(rule->tasks.tasks);
        free(rule->targets);
        free(rule);
    }
    (void)sqlite3_finalize(depfile->input);
    (void)sqlite3_finalize(depfile->name);
    flow_free(depfile->flow);
}

int format_depfile(struct format_context *context)
{
    cleanup_free char *cwd = sql_meta(context->database, "cwd");
    struct depfile depfile = {.context = context, .cwd = cwd};
    int status = prepare(&depfile);
    if (status == 0)
        status = context->target != NULL ? put_one_rule(&depfile, context->target) : put_rules(&depfile);
    if (status == 0)
        status = put_empty_rules(&depfile);
    finish(&depfile);
    return status;
}
