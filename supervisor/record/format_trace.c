/*
 * Chrome's trace events: what Perfetto and chrome://tracing open. A process is a slice in a lane that it has for
 * itself while it lives, so that a lane's slices never overlap, which the format does not allow; what it did to files
 * are instants on it; arrows lead from who started it. All is in whole microseconds: slices that follow each other
 * in a lane still do after rounding.
 */
#include "supervisor/record/formats.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "supervisor/record/lanes.h"
#include "supervisor/record/lines.h"
#include "supervisor/record/rows.h"

#include <errno.h>
#include <string.h>

/* All lanes are threads of one process, or a viewer would make a group of tracks of each. */
enum { RUN = 1, INSTANTS_MAX = 100000 };

/* Kinds of files' events by what they tell; what there is no room for is left out from the end. */
static const char *const by_worth[] = {"create", "write",    "delete", "rename", "link", "exec",
                                       "read",   "metadata", "list",   "absent", "map",  "look"};
enum { KINDS = sizeof by_worth / sizeof by_worth[0] };

struct tracing {
    struct format_context *context;
    struct lines_array array;
    struct lanes lanes;
    json_int_t alive;
    int64_t shown[KINDS]; /* instants of each kind */
};

static json_int_t microseconds(int64_t ns)
{
    return ns / 1000;
}

static const char *base_of(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return path == NULL ? "?" : slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* An event of a phase; NULL without memory. */
static json_t *event_of(const char *phase, const char *category, json_t *name, int64_t time, size_t lane)
{
    return json_pack("{s:s, s:s, s:o, s:I, s:i, s:I}", "ph", phase, "cat", category, "name", name, "ts",
                     microseconds(time), "pid", RUN, "tid", (json_int_t)lane);
}

static void put_metadata(struct tracing *tracing, const char *what, size_t lane, const char *key, json_t *value)
{
    lines_add(&tracing->array, json_pack("{s:s, s:s, s:i, s:I, s:{s:o}}", "ph", "M", "name", what, "pid", RUN, "tid",
                                         (json_int_t)lane, "args", key, value));
}

static void put_counter(struct tracing *tracing, int64_t time)
{
    lines_add(&tracing->array, json_pack("{s:s, s:s, s:I, s:i, s:{s:I}}", "ph", "C", "name", "processes", "ts",
                                         microseconds(time), "pid", RUN, "args", "alive", tracing->alive));
}

/* From the one that started it, which must live for the arrow to have a beginning. */
static void put_arrow(struct tracing *tracing, int64_t parent, int64_t child, int64_t time)
{
    size_t from = lanes_of(&tracing->lanes, parent, time);
    size_t to = lanes_of(&tracing->lanes, child, time);
    if (from == 0 || to == 0)
        return;
    json_t *begin = event_of("s", "start", json_string("starts"), time, from);
    json_t *end = event_of("f", "start", json_string("starts"), time, to);
    (void)json_object_set_new(begin, "id", json_integer(child));
    (void)json_object_set_new(end, "id", json_integer(child));
    (void)json_object_set_new(end, "bp", json_string("e"));
    lines_add(&tracing->array, begin);
    lines_add(&tracing->array, end);
}

enum { TIME, BEGINS, ID, END, PID, PARENT, PROGRAM, COMMAND, EXIT, SIGNAL, USER, SYSTEM, RESIDENT };

static json_t *arguments_of(struct rows *rows)
{
    json_t *arguments = json_object();
    lines_integer(arguments, "process", rows, ID);
    lines_integer(arguments, "pid", rows, PID);
    lines_integer(arguments, "parent", rows, PARENT);
    lines_text(arguments, "program", rows_text(rows, PROGRAM));
    lines_text(arguments, "command", rows_text(rows, COMMAND));
    lines_integer(arguments, "exit_code", rows, EXIT);
    lines_integer(arguments, "signal", rows, SIGNAL);
    lines_integer(arguments, "user_us", rows, USER);
    lines_integer(arguments, "system_us", rows, SYSTEM);
    lines_integer(arguments, "max_resident_kb", rows, RESIDENT);
    return arguments;
}

static int put_process(struct tracing *tracing, struct rows *rows)
{
    int64_t start = rows_number(rows, TIME), end = rows_number(rows, END), id = rows_number(rows, ID);
    size_t lane = lanes_take(&tracing->lanes, id, start, end);
    if (lane == 0)
        return -ENOMEM;
    cleanup_free char *called = lines_called(rows_text(rows, COMMAND), rows_text(rows, PROGRAM));
    if (called == NULL)
        return -ENOMEM;
    json_t *slice = event_of("X", "process", json_text(called), start, lane);
    (void)json_object_set_new(slice, "dur", json_integer(microseconds(end) - microseconds(start)));
    (void)json_object_set_new(slice, "args", arguments_of(rows));
    lines_add(&tracing->array, slice);
    put_arrow(tracing, rows_number(rows, PARENT), id, start);
    if (end <= start) {
        tracing->alive--;
        put_counter(tracing, end);
        lanes_leave(&tracing->lanes, id);
    }
    return 0;
}

/* Starts and ends in the order of time, so that a lane is free again before the next takes it. */
static int put_processes(struct tracing *tracing)
{
    static const char sql[] =
        "WITH last AS (SELECT max(coalesce((SELECT max(end) FROM process), 0), coalesce((SELECT max(start) FROM "
        "process), 0), coalesce((SELECT max(time) FROM event), 0)) AS time),"
        " span AS (SELECT coalesce(start, 0) AS start, max(coalesce(end, last.time), coalesce(start, 0)) AS end,"
        " id, pid, parent, program, command, exit_code, signal, user_us, system_us, max_resident_kb"
        " FROM process, last) "
        "SELECT start AS time, 1 AS begins, id, end, pid, parent, program, command, exit_code, signal, user_us,"
        " system_us, max_resident_kb FROM span "
        "UNION ALL SELECT end, 0, id, end, 0, 0, '', '', 0, 0, 0, 0, 0 FROM span WHERE end > start "
        "ORDER BY time, begins, id";
    cleanup_rows rows = {0};
    int status = 0;
    if (!rows_ask(&rows, tracing->context, sql))
        return rows.status;
    while (status == 0 && rows_next(&rows)) {
        bool begins = rows_number(&rows, BEGINS) != 0;
        tracing->alive += begins ? 1 : -1;
        put_counter(tracing, rows_number(&rows, TIME));
        if (begins)
            status = put_process(tracing, &rows);
        else
            lanes_leave(&tracing->lanes, rows_number(&rows, ID));
    }
    return status != 0 ? status : rows_close(&rows);
}

/* "read main.c" */
static json_t *name_of(const char *kind, const char *path)
{
    json_t *base = json_text(base_of(path));
    json_t *name = json_sprintf("%s %s", kind, json_string_value(base));
    json_decref(base);
    return name;
}

static void put_instant(struct tracing *tracing, struct rows *rows, const char *kind)
{
    int64_t process = rows_number(rows, 1), time = rows_number(rows, 0);
    size_t lane = lanes_of(&tracing->lanes, process, time);
    json_t *instant = event_of("i", kind, name_of(kind, rows_text(rows, 2)), time, lane != 0 ? lane : 1);
    json_t *arguments = json_object();
    char room[16];
    (void)json_object_set_new(instant, "s", json_string(lane == 0 ? "p" : "t"));
    lines_integer(arguments, "process", rows, 1);
    lines_text(arguments, "path", rows_text(rows, 2));
    lines_text(arguments, "path2", rows_text(rows, 3));
    lines_text(arguments, "call", rows_text(rows, 4));
    if (rows_number(rows, 5) != 0)
        lines_text(arguments, "error", lines_error((int)rows_number(rows, 5), room));
    lines_integer(arguments, "count", rows, 6);
    (void)json_object_set_new(instant, "args", arguments);
    lines_add(&tracing->array, instant);
}

static int put_instants(struct tracing *tracing, const char *sql, const char *kind, int64_t most)
{
    cleanup_rows rows = {0};
    if (rows_ask(&rows, tracing->context, sql))
        rows_bind(&rows, 1, most);
    if (kind != NULL && rows.status == 0)
        (void)sqlite3_bind_text(rows.statement, 2, kind, -1, SQLITE_STATIC);
    while (rows_next(&rows))
        put_instant(tracing, &rows, kind != NULL ? kind : rows_text(&rows, 7));
    return rows_close(&rows);
}

static int put_files(struct tracing *tracing)
{
    static const char sql[] = "SELECT e.time, e.process, p.name, q.name, e.call, e.error, e.count FROM event e "
                              "LEFT JOIN path p ON p.id = e.path LEFT JOIN path q ON q.id = e.path2 "
                              "WHERE e.kind = ?2 ORDER BY e.id LIMIT ?1";
    int status = 0;
    for (size_t i = 0; status == 0 && i < KINDS; i++)
        if (tracing->shown[i] > 0)
            status = put_instants(tracing, sql, by_worth[i], tracing->shown[i]);
    return status;
}

static int put_others(struct tracing *tracing)
{
    int status = put_instants(tracing,
                              "SELECT time, process, address, NULL, call, error, count, kind FROM connection "
                              "ORDER BY id LIMIT ?1",
                              NULL, INSTANTS_MAX);
    if (status != 0)
        return status;
    return put_instants(tracing,
                        "SELECT time, process, path, NULL, call, 0, 1, 'violation' FROM violation "
                        "ORDER BY id LIMIT ?1",
                        NULL, INSTANTS_MAX);
}

/* How many instants of each kind there is room for. */
static int count_kinds(struct tracing *tracing, json_t *other)
{
    int64_t room = INSTANTS_MAX;
    json_t *left_out = json_object();
    for (size_t i = 0; i < KINDS; i++) {
        char sql[80];
        int64_t count = 0;
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE kind = '%s'", by_worth[i]);
        int status = rows_one(tracing->context, sql, 0, &count);
        if (status != 0) {
            json_decref(left_out);
            return status;
        }
        tracing->shown[i] = count < room ? count : room;
        room -= tracing->shown[i];
        if (count > tracing->shown[i])
            (void)json_object_set_new(left_out, by_worth[i], json_integer(count - tracing->shown[i]));
    }
    if (json_object_size(left_out) > 0)
        (void)json_object_set(other, "left_out", left_out);
    json_decref(left_out);
    return 0;
}

static int put_names(struct tracing *tracing)
{
    put_metadata(tracing, "process_name", 1, "name", json_string("coffer record"));
    for (size_t lane = 1; lane <= tracing->lanes.count; lane++) {
        char name[32];
        (void)snprintf(name, sizeof name, "lane %zu", lane);
        put_metadata(tracing, "thread_name", lane, "name", json_string(name));
        put_metadata(tracing, "thread_sort_index", lane, "sort_index", json_integer((json_int_t)lane));
    }
    return 0;
}

static int put_meta(struct tracing *tracing, json_t *other)
{
    cleanup_rows rows = {0};
    if (!rows_ask(&rows, tracing->context, "SELECT key, value FROM meta ORDER BY key"))
        return rows.status;
    while (rows_next(&rows))
        lines_text(other, rows_text(&rows, 0), rows_text(&rows, 1));
    int status = rows_close(&rows);
    return status != 0 ? status : count_kinds(tracing, other);
}

static int put_all(struct tracing *tracing)
{
    int (*const parts[])(struct tracing *) = {put_processes, put_names, put_files, put_others};
    int status = 0;
    lines_begin(&tracing->array, tracing->context);
    for (size_t i = 0; status == 0 && i < sizeof parts / sizeof parts[0]; i++)
        status = parts[i](tracing);
    int end = lines_end(&tracing->array);
    return status != 0 ? status : end;
}

/* Two things of the document come before the events, which are as many as the record has. */
static int put_document(struct tracing *tracing)
{
    json_auto_t *other = json_object();
    int status = put_meta(tracing, other);
    if (status != 0)
        return status;
    (void)fputs("{\"displayTimeUnit\":\"ms\",\"otherData\":", tracing->context->out);
    status = lines_put(tracing->context, json_incref(other));
    (void)fputs(",\n\"traceEvents\":", tracing->context->out);
    int all = put_all(tracing);
    (void)fputs("}\n", tracing->context->out);
    return status != 0 ? status : all;
}

int format_trace(struct format_context *context)
{
    struct tracing tracing = {.context = context};
    int status = put_document(&tracing);
    lanes_free(&tracing.lanes);
    return status;
}
