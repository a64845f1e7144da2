#include "supervisor/record/load_rows.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "supervisor/record/files.h"
#include "supervisor/record/path_ids.h"
#include "supervisor/record/sql.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

enum statement {
    ADD_META,
    ADD_PROCESS,
    ADD_EXEC,
    SET_PROGRAM,
    SET_EXIT,
    ADD_EVENT,
    REPEAT_EVENT,
    ADD_CONNECTION,
    REPEAT_CONNECTION,
    ADD_HASH,
    ADD_VIOLATION,
    STATEMENT_COUNT,
};

/* Numbers of processes are the record's: one that is there twice, or not at all, is no error. */
static const char *const texts[STATEMENT_COUNT] = {
    [ADD_META] = "INSERT OR REPLACE INTO meta VALUES (?, ?)",
    [ADD_PROCESS] = "INSERT OR IGNORE INTO process (id, start, parent, pid, program, command) VALUES (?1, ?2, ?3, ?4,"
                    " (SELECT program FROM process WHERE id = ?3), (SELECT command FROM process WHERE id = ?3))",
    [ADD_EXEC] = "INSERT INTO exec (process, time, program, command, cwd, environment, cut)"
                 " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [SET_PROGRAM] = "INSERT INTO process (id, program, command) VALUES (?1, ?2, ?3)"
                    " ON CONFLICT (id) DO UPDATE SET program = ?2, command = ?3",
    [SET_EXIT] = "INSERT INTO process (id, end, exit_code, signal, user_us, system_us, max_resident_kb)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET end = ?2, exit_code = ?3,"
                 " signal = ?4, user_us = ?5, system_us = ?6, max_resident_kb = ?7",
    [ADD_EVENT] = "INSERT INTO event (time, process, kind, call, path, path2, error, count, said, said2, flags)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [REPEAT_EVENT] = "UPDATE event SET count = count + ?8 WHERE id = (SELECT id FROM event WHERE process IS ?2"
                     " AND path IS ?5 AND kind = ?3 AND call IS ?4 AND path2 IS ?6 AND error = ?7"
                     " AND said IS ?9 AND said2 IS ?10 AND flags = ?11 ORDER BY id LIMIT 1)",
    [ADD_CONNECTION] = "INSERT INTO connection (time, process, kind, call, address, error, count)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [REPEAT_CONNECTION] = "UPDATE connection SET count = count + ?7 WHERE id = (SELECT id FROM connection"
                          " WHERE process IS ?2 AND kind = ?3 AND call IS ?4 AND address = ?5 AND error = ?6"
                          " ORDER BY id LIMIT 1)",
    [ADD_HASH] = "INSERT OR REPLACE INTO hash VALUES (?, ?, ?, ?, ?)",
    [ADD_VIOLATION] = "INSERT INTO violation (time, process, call, path, rule, text) VALUES (?, ?, ?, ?, ?, ?)",
};

struct load_rows {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct path_ids *ids;
    struct files *files;
    bool complete;
};

struct load_rows *load_rows_new(sqlite3 *database)
{
    struct load_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    rows->database = database;
    rows->ids = path_ids_new(database);
    rows->files = rows->ids == NULL ? NULL : files_new(rows->ids);
    int status = rows->files == NULL ? -ENOMEM : 0;
    for (size_t i = 0; i < STATEMENT_COUNT && status == 0; i++)
        status = sql_prepare(database, texts[i], &rows->statements[i]);
    if (status == 0)
        return rows;
    load_rows_free(rows);
    return NULL;
}

void load_rows_free(struct load_rows *rows)
{
    if (rows == NULL)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(rows->statements[i]);
    files_free(rows->files);
    path_ids_free(rows->ids);
    free(rows);
}

static void bind_number(sqlite3_stmt *statement, int parameter, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, parameter, (sqlite3_int64)number);
}

/* Words, each with its NUL, as a JSON array in fresh memory; NULL for none. */
static char *json_of_words(const char *words, size_t size)
{
    if (words == NULL)
        return NULL;
    json_t *array = json_array();
    for (size_t at = 0; at < size; at += strlen(words + at) + 1)
        (void)json_array_append_new(array, json_text(words + at));
    char *text = json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return text;
}

static int add_meta(struct load_rows *rows, const char *key, const char *value)
{
    sqlite3_stmt *statement = rows->statements[ADD_META];
    sql_bind_name(statement, 1, key);
    sql_bind_name(statement, 2, value);
    return sql_run(statement);
}

static int add_meta_number(struct load_rows *rows, const char *key, uint64_t value)
{
    sqlite3_stmt *statement = rows->statements[ADD_META];
    sql_bind_name(statement, 1, key);
    bind_number(statement, 2, value);
    return sql_run(statement);
}

static int on_begin(struct load_rows *rows, const struct record_event *event)
{
    cleanup_free char *command = json_of_words(event->begin.command, event->begin.command_size);
    const char *const names[][2] = {{"version", event->begin.version},
                                    {"command", command},
                                    {"cwd", event->begin.cwd},
                                    {"host", event->begin.host},
                                    {"user", event->begin.user}};
    int status = add_meta_number(rows, "format", 1);
    for (size_t i = 0; i < sizeof names / sizeof *names && status == 0; i++)
        status = add_meta(rows, names[i][0], names[i][1]);
    if (status == 0)
        status = add_meta_number(rows, "start", event->begin.epoch);
    if (status == 0)
        status = add_meta_number(rows, "view", event->begin.view);
    return status;
}

static int on_end(struct load_rows *rows, const struct record_event *event)
{
    int status = event->end.status;
    rows->complete = true;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    int result = add_meta_number(rows, "status", (uint64_t)code);
    return result < 0 ? result : add_meta_number(rows, "lost", event->end.lost);
}

static int on_start(struct load_rows *rows, const struct record_event *event)
{
    sqlite3_stmt *statement = rows->statements[ADD_PROCESS];
    bind_number(statement, 1, event->process);
    bind_number(statement, 2, event->time);
    sql_bind_id(statement, 3, event->start.parent);
    sql_bind_id(statement, 4, event->start.pid);
    return sql_run(statement);
}

static int on_executed(struct load_rows *rows, const struct record_event *event)
{
    cleanup_free char *command = json_of_words(event->executed.words, event->executed.words_size);
    cleanup_free char *environment = json_of_words(event->executed.environment, event->executed.environment_size);
    sqlite3_int64 path = path_ids_get(rows->ids, event->path);
    if (path < 0)
        return (int)path;
    sqlite3_stmt *statement = rows->statements[ADD_EXEC];
    bind_number(statement, 1, event->process);
    bind_number(statement, 2, event->time);
    sql_bind_id(statement, 3, path);
    sql_bind_name(statement, 4, command);
    sql_bind_name(statement, 5, event->executed.cwd);
    sql_bind_name(statement, 6, environment);
    bind_number(statement, 7, (event->flags & RECORD_CUT) != 0);
    int status = sql_run(statement);
    if (status < 0)
        return status;
    statement = rows->statements[SET_PROGRAM];
    bind_number(statement, 1, event->process);
    sql_bind_name(statement, 2, event->path);
    sql_bind_name(statement, 3, command);
    return sql_run(statement);
}

static int on_exit_event(struct load_rows *rows, const struct record_event *event)
{
    sqlite3_stmt *statement = rows->statements[SET_EXIT];
    int status = event->exit.status;
    bind_number(statement, 1, event->process);
    bind_number(statement, 2, event->time);
    if (WIFSIGNALED(status))
        (void)sqlite3_bind_int(statement, 4, WTERMSIG(status));
    else
        (void)sqlite3_bind_int(statement, 3, WEXITSTATUS(status));
    bind_number(statement, 5, event->exit.user_us);
    bind_number(statement, 6, event->exit.system_us);
    bind_number(statement, 7, event->exit.max_resident_kb);
    return sql_run(statement);
}

/* What tells a fact about a file from another, in the places that ADD_EVENT and REPEAT_EVENT share. */
static void bind_fact(sqlite3_stmt *statement, const struct record_event *event, enum record_kind kind,
                      const sqlite3_int64 paths[2])
{
    sql_bind_id(statement, 2, event->process);
    sql_bind_name(statement, 3, record_kind_word(kind));
    sql_bind_name(statement, 4, event->call);
    sql_bind_id(statement, 5, paths[0]);
    sql_bind_id(statement, 6, paths[1]);
    (void)sqlite3_bind_int(statement, 7, event->error);
    sql_bind_name(statement, 9, event->said);
    sql_bind_name(statement, 10, event->said2);
    bind_number(statement, 11, event->flags);
}

static int add_event(struct load_rows *rows, const struct record_event *event, enum record_kind kind,
                     const sqlite3_int64 paths[2], uint64_t count)
{
    sqlite3_stmt *statement = rows->statements[ADD_EVENT];
    bind_fact(statement, event, kind, paths);
    bind_number(statement, 1, event->time);
    bind_number(statement, 8, count);
    return sql_run(statement);
}

static int get_paths(struct load_rows *rows, const struct record_event *event, sqlite3_int64 paths[2])
{
    paths[0] = path_ids_get(rows->ids, event->path);
    paths[1] = paths[0] < 0 ? 0 : path_ids_get(rows->ids, event->path2);
    return paths[0] < 0 ? (int)paths[0] : paths[1] < 0 ? (int)paths[1] : 0;
}

static int on_file(struct load_rows *rows, const struct record_event *event)
{
    sqlite3_int64 paths[2];
    int status = get_paths(rows, event, paths);
    if (status == 0)
        status = add_event(rows, event, event->kind, paths, 1);
    return status < 0 ? status : files_add(rows->files, event, paths[0], paths[1]);
}

/* Where the fact itself was lost with a part of the record, this stands for it. */
static int repeat_file(struct load_rows *rows, const struct record_event *event)
{
    sqlite3_int64 paths[2];
    int status = get_paths(rows, event, paths);
    if (status < 0)
        return status;
    sqlite3_stmt *statement = rows->statements[REPEAT_EVENT];
    bind_fact(statement, event, event->of, paths);
    bind_number(statement, 8, event->count);
    status = sql_run(statement);
    if (status < 0 || sqlite3_changes(rows->database) > 0)
        return status;
    status = add_event(rows, event, event->of, paths, event->count);
    /* Changes are not made a second time: the file may be another by now. */
    bool change = event->of >= RECORD_WRITE && event->of <= RECORD_LINK;
    if (status < 0 || change)
        return status;
    struct record_event seen = *event;
    seen.kind = event->of;
    return files_add(rows->files, &seen, paths[0], paths[1]);
}

static int run_connection(struct load_rows *rows, const struct record_event *event, enum statement which,
                          enum record_kind kind, uint64_t count)
{
    sqlite3_stmt *statement = rows->statements[which];
    if (which == ADD_CONNECTION)
        bind_number(statement, 1, event->time);
    sql_bind_id(statement, 2, event->process);
    sql_bind_name(statement, 3, record_kind_word(kind));
    sql_bind_name(statement, 4, event->call);
    sql_bind_name(statement, 5, event->path == NULL ? "" : event->path);
    (void)sqlite3_bind_int(statement, 6, event->error);
    bind_number(statement, 7, count);
    return sql_run(statement);
}

static int on_connection(struct load_rows *rows, const struct record_event *event)
{
    return run_connection(rows, event, ADD_CONNECTION, event->kind, 1);
}

static int repeat_connection(struct load_rows *rows, const struct record_event *event)
{
    int status = run_connection(rows, event, REPEAT_CONNECTION, event->of, event->count);
    if (status < 0 || sqlite3_changes(rows->database) > 0)
        return status;
    return run_connection(rows, event, ADD_CONNECTION, event->of, event->count);
}

static int on_repeat(struct load_rows *rows, const struct record_event *event)
{
    if (event->of >= RECORD_READ && event->of <= RECORD_ABSENT)
        return repeat_file(rows, event);
    if (event->of >= RECORD_CONNECT && event->of <= RECORD_ACCEPT)
        return repeat_connection(rows, event);
    return 0;
}

static int on_hash(struct load_rows *rows, const struct record_event *event)
{
    const struct record_digits digits = record_digest_digits(event);
    const char *algorithm = record_hash_word(event->hash.algorithm);
    if (algorithm == NULL)
        return 0;
    sqlite3_int64 path = path_ids_get(rows->ids, event->path);
    if (path <= 0)
        return (int)path;
    sqlite3_stmt *statement = rows->statements[ADD_HASH];
    bind_number(statement, 1, (uint64_t)path);
    sql_bind_name(statement, 2, event->hash.state == RECORD_BEFORE ? "before" : "after");
    sql_bind_name(statement, 3, algorithm);
    sql_bind_name(statement, 4, digits.text);
    bind_number(statement, 5, event->hash.size);
    return sql_run(statement);
}

static int on_violation(struct load_rows *rows, const struct record_event *event)
{
    sqlite3_stmt *statement = rows->statements[ADD_VIOLATION];
    bind_number(statement, 1, event->time);
    sql_bind_id(statement, 2, event->process);
    sql_bind_name(statement, 3, event->call);
    sql_bind_name(statement, 4, event->path);
    sql_bind_name(statement, 5, event->violation.rule);
    sql_bind_name(statement, 6, event->violation.text);
    return sql_run(statement);
}

int load_rows_add(struct load_rows *rows, const struct record_event *event)
{
    static int (*const handlers[RECORD_KIND_COUNT])(struct load_rows *, const struct record_event *) = {
        [RECORD_BEGIN] = on_begin,         [RECORD_END] = on_end,
        [RECORD_START] = on_start,         [RECORD_EXECUTED] = on_executed,
        [RECORD_EXIT] = on_exit_event,     [RECORD_CONNECT] = on_connection,
        [RECORD_BIND] = on_connection,     [RECORD_ACCEPT] = on_connection,
        [RECORD_REPEAT] = on_repeat,       [RECORD_HASH] = on_hash,
        [RECORD_VIOLATION] = on_violation,
    };
    if ((unsigned)event->kind >= RECORD_KIND_COUNT)
        return 0;
    if (event->kind >= RECORD_READ && event->kind <= RECORD_ABSENT)
        return on_file(rows, event);
    return handlers[event->kind] == NULL ? 0 : handlers[event->kind](rows, event);
}

/* Processes whose beginning was lost, so that joins find a row. */
static const char missing_processes[] =
    "INSERT OR IGNORE INTO process (id) SELECT DISTINCT process FROM event WHERE process IS NOT NULL"
    " UNION SELECT process FROM connection WHERE process IS NOT NULL UNION SELECT process FROM exec"
    " UNION SELECT process FROM violation WHERE process IS NOT NULL"
    " UNION SELECT parent FROM process WHERE parent IS NOT NULL";

int load_rows_end(struct load_rows *rows, uint64_t damaged)
{
    int status = add_meta_number(rows, "complete", rows->complete);
    if (status == 0)
        status = add_meta_number(rows, "damaged", damaged);
    if (status == 0)
        status = sql_execute(rows->database, missing_processes);
    return status < 0 ? status : files_write(rows->files, rows->database);
}
