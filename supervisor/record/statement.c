#include "supervisor/record/statement.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "supervisor/record/lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void statement_encode(char *room, size_t size, const char *scheme, const char *text)
{
    int used = snprintf(room, size, "%s", scheme);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && (size_t)used + 4 <= size; p++) {
        bool plain = *p < 0x80 && (isalnum(*p) || strchr("-._~/", *p) != NULL);
        used += snprintf(room + used, size - (size_t)used, plain ? "%c" : "%%%02X", *p);
    }
}

json_t *statement_array(const char *text)
{
    json_t *array = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (json_is_array(array))
        return array;
    json_decref(array);
    return json_array();
}

json_t *statement_resource(const char *path, const char *digests)
{
    json_t *resource = json_object();
    size_t size = 3 * strlen(path) + sizeof "file://";
    cleanup_free char *uri = malloc(size);
    if (resource == NULL || uri == NULL)
        return resource;
    json_text_set(resource, "name", path);
    statement_encode(uri, size, "file://", path);
    (void)json_object_set_new(resource, "uri", json_string(uri));
    json_t *set = digests == NULL ? NULL : json_loads(digests, 0, NULL);
    if (set != NULL)
        (void)json_object_set_new(resource, "digest", set);
    return resource;
}

static const char *meta_of(const struct statement_run *run, const char *key)
{
    const char *text = json_string_value(json_object_get(run->meta, key));
    return text == NULL ? "" : text;
}

/* Those of the table meta that are 0 or 1. */
static bool is_question(const char *key)
{
    return strcmp(key, "view") == 0 || strcmp(key, "complete") == 0;
}

static int read_meta(struct format_context *context, struct statement_run *run)
{
    cleanup_rows rows = {0};
    run->meta = json_object();
    if (!rows_ask(&rows, context, "SELECT key, value FROM meta"))
        return rows.status;
    while (rows_next(&rows)) {
        const char *key = rows_text(&rows, 0), *value = rows_text(&rows, 1);
        if (key != NULL && strcmp(key, "command") == 0)
            (void)json_object_set_new(run->meta, key, statement_array(value));
        else if (key != NULL && is_question(key))
            (void)json_object_set_new(run->meta, key, json_boolean(rows_number(&rows, 1) != 0));
        else if (key != NULL && sqlite3_column_type(rows.statement, 1) == SQLITE_INTEGER)
            (void)json_object_set_new(run->meta, key, json_integer(rows_number(&rows, 1)));
        else if (key != NULL)
            lines_text(run->meta, key, value);
    }
    return rows_close(&rows);
}

int statement_run(struct format_context *context, struct statement_run *run)
{
    int64_t end = 0;
    *run = (struct statement_run){.meta = NULL};
    int status = read_meta(context, run);
    if (status == 0)
        status = rows_one(context, "SELECT max(end) FROM process", -1, &end);
    if (status != 0)
        return status;
    uint64_t start = (uint64_t)json_integer_value(json_object_get(run->meta, "start"));
    struct lines_moment moment = lines_moment(start);
    (void)snprintf(run->started, sizeof run->started, "%s", moment.text);
    moment = lines_moment(start + (uint64_t)end);
    (void)snprintf(run->finished, sizeof run->finished, "%s", end < 0 ? "" : moment.text);
    statement_encode(run->host, sizeof run->host, "urn:coffer:host:", meta_of(run, "host"));
    statement_encode(run->id, sizeof run->id, "urn:coffer:run:", meta_of(run, "host"));
    size_t length = strlen(run->id);
    if (length > sizeof run->id - 24)
        length = sizeof run->id - 24;
    (void)snprintf(run->id + length, sizeof run->id - length, ":%" PRIu64, start);
    return 0;
}

void statement_run_free(struct statement_run *run)
{
    json_decref(run->meta);
    run->meta = NULL;
}

int statement_list(struct format_context *context, const char *sql, json_t *(*make)(struct rows *rows))
{
    cleanup_rows rows = {0};
    struct lines_array array;
    if (!rows_ask(&rows, context, sql))
        return rows.status;
    lines_begin(&array, context);
    while (rows_next(&rows))
        lines_add(&array, make(&rows));
    int status = lines_end(&array);
    return rows_close(&rows) != 0 ? rows.status : status;
}

/* By its path in the directory where the command was started, if it lies there: a name that means something elsewhere.
 */
static json_t *subject_of(struct rows *rows)
{
    const char *path = rows_text(rows, 0), *cwd = rows_text(rows, 2);
    size_t length = cwd == NULL ? 0 : strlen(cwd);
    bool below = length > 1 && path != NULL && strncmp(path, cwd, length) == 0 && path[length] == '/';
    json_t *subject = json_object();
    lines_text(subject, "name", below ? path + length + 1 : path);
    (void)json_object_set_new(subject, "digest", json_loads(rows_text(rows, 1), 0, NULL));
    return subject;
}

#define SUBJECTS                                                                                                       \
    "SELECT p.name, " STATEMENT_DIGESTS("'after'") " AS digests, (SELECT value FROM meta WHERE key = 'cwd')"           \
                                                   " FROM file f JOIN path p ON p.id = f.path WHERE f.output AND NOT " \
                                                   "f.directory AND digests IS NOT NULL"

static int check_subjects(struct format_context *context)
{
    int64_t subjects, outputs;
    int status = rows_one(context, "SELECT count(*) FROM (" SUBJECTS ")", 0, &subjects);
    if (status == 0)
        status = rows_one(context, "SELECT count(*) FROM file WHERE output AND NOT directory", 0, &outputs);
    if (status != 0 || subjects > 0)
        return status;
    const char *why = outputs > 0
                          ? "no output has a digest, and a statement names them by it: record with --hash sha256"
                          : "the command left no file behind that a statement could be about";
    (void)snprintf(context->why, sizeof context->why, "%s", why);
    return -ENODATA;
}

int statement_begin(struct format_context *context, const char *predicate_type)
{
    int status = check_subjects(context);
    if (status != 0)
        return status;
    (void)fputs("{\"_type\":\"https://in-toto.io/Statement/v1\",\n\"subject\":", context->out);
    status = statement_list(context, SUBJECTS " ORDER BY p.name", subject_of);
    (void)fprintf(context->out, ",\n\"predicateType\":\"%s\",\n\"predicate\":", predicate_type);
    return status;
}
