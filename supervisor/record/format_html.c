/*
 * The record as a page for a browser: the page of report/, which is part of the program, with the rows of the database
 * in it as JSON. This file knows no more of the page than the marker at which the data go in, and of the database no
 * more than the queries; report/data.js takes the rows apart. docs/record.md has both sides of them.
 */
#include "supervisor/record/formats.h"
#include "supervisor/record/page_text.h"
#include "supervisor/record/texts.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

/* A browser takes a page of this many events and paths in, not one of ten millions. The page says what was left out. */
#define MOST_ROWS 500000

/* What a column is; a row ends with the last column that is not NULL. */
enum column {
    COLUMN_NUMBER = 'n',
    COLUMN_STEP = 's', /* a number, less that of the row before */
    COLUMN_WORD = 'w', /* a text, as its number in `strings` */
    COLUMN_LIST = 'l', /* a JSON array of texts, as an array of such */
    COLUMN_TEXT = 't',
    COLUMN_PATH = 'p' /* two values: so many slashes of the path before, and what follows them */
};

struct section {
    const char *name;
    const char *table; /* of which the page says that there is more; or NULL */
    const char *columns;
    const char *query; /* ?1 is MOST_ROWS */
};

/* Times are in microseconds here. A value that most rows have is NULL. */
static const struct section sections[] = {
    {"paths", "path", "np",
     "SELECT id, name FROM (SELECT id, name FROM path ORDER BY id LIMIT ?1) ORDER BY CAST(name AS BLOB)"},
    {"processes", "process", "nnnnnnnnnnwl",
     "SELECT id, pid, parent, start / 1000, end / 1000, exit_code, signal, user_us, system_us, max_resident_kb, "
     "program, "
     "CASE WHEN id IN (SELECT process FROM exec) THEN NULL ELSE command END FROM process ORDER BY id LIMIT ?1"},
    {"execs", NULL, "nnnnlwl",
     "SELECT process, time / 1000, program, cut, command, cwd, environment FROM exec ORDER BY id LIMIT ?1"},
    {"events", "event", "snwwnnnnnww",
     "SELECT time / 1000, process, kind, call, path, nullif(count - 1, 0), nullif(error, 0), nullif(flags, 0), path2, "
     "said, "
     "said2 FROM event ORDER BY id LIMIT ?1"},
    {"files", NULL, "nnn",
     "SELECT path, input + 2 * output + 4 * temporary + 8 * deleted + 16 * absent + 32 * looked + 64 * metadata + "
     "128 * directory, size FROM file ORDER BY path LIMIT ?1"},
    {"hashes", NULL, "nwwtn", "SELECT path, state, algorithm, digest, size FROM hash ORDER BY path LIMIT ?1"},
    {"connections", "connection", "nnwwwnn",
     "SELECT time / 1000, process, kind, call, address, nullif(count - 1, 0), nullif(error, 0) FROM connection ORDER "
     "BY id "
     "LIMIT ?1"},
    {"violations", "violation", "nnwwww",
     "SELECT time / 1000, process, call, path, rule, text FROM violation ORDER BY id LIMIT ?1"},
};

struct page {
    struct format_context *context;
    FILE *out;
    struct page_texts strings;
    int64_t before;   /* the last COLUMN_STEP */
    char *path;       /* the last COLUMN_PATH, or NULL */
    size_t path_room; /* bytes of it */
};

static int failed(struct page *page)
{
    sqlite3 *database = page->context->database;
    (void)snprintf(page->context->why, sizeof page->context->why, "SQLite: %s", sqlite3_errmsg(database));
    return sqlite3_errcode(database) == SQLITE_NOMEM ? -ENOMEM : -EIO;
}

static int write_word(struct page *page, const char *text)
{
    size_t number = 0;
    int status = page_texts_number(&page->strings, text, &number);
    if (status == 0)
        fprintf(page->out, "%zu", number);
    return status;
}

static int write_list(struct page *page, const char *text)
{
    json_t *words = json_loads(text, 0, NULL);
    int status = 0;
    size_t at = 0;
    json_t *word = NULL;
    putc('[', page->out);
    json_array_foreach(words, at, word)
    {
        if (status == 0 && at > 0)
            putc(',', page->out);
        if (status == 0)
            status = write_word(page, json_is_string(word) ? json_string_value(word) : "");
    }
    putc(']', page->out);
    json_decref(words);
    return status;
}

/* Names come sorted, so that most begin as the one before does. */
static int write_path(struct page *page, const char *name)
{
    size_t slashes = 0;
    size_t shared = 0;
    for (size_t i = 0; page->path != NULL && name[i] != '\0' && name[i] == page->path[i]; i++) {
        if (name[i] == '/') {
            slashes++;
            shared = i + 1;
        }
    }
    fprintf(page->out, "%zu,", slashes);
    page_text_write(page->out, name + shared);
    size_t size = strlen(name) + 1;
    if (size > page->path_room) {
        char *room = realloc(page->path, 2 * size);
        if (room == NULL)
            return -ENOMEM;
        page->path = room;
        page->path_room = 2 * size;
    }
    memcpy(page->path, name, size);
    return 0;
}

static int write_value(struct page *page, sqlite3_stmt *statement, int at, enum column column)
{
    if (column == COLUMN_NUMBER || column == COLUMN_STEP) {
        int64_t number = sqlite3_column_int64(statement, at);
        fprintf(page->out, "%" PRId64, column == COLUMN_STEP ? number - page->before : number);
        if (column == COLUMN_STEP)
            page->before = number;
        return 0;
    }
    /* Of a BLOB too: its bytes, with a NUL behind them. */
    const char *text = (const char *)sqlite3_column_text(statement, at);
    if (text == NULL)
        return -ENOMEM;
    if (column == COLUMN_WORD)
        return write_word(page, text);
    if (column == COLUMN_LIST)
        return write_list(page, text);
    if (column == COLUMN_PATH)
        return write_path(page, text);
    page_text_write(page->out, text);
    return 0;
}

static int write_row(struct page *page, sqlite3_stmt *statement, const char *columns)
{
    int last = (int)strlen(columns) - 1;
    while (last > 0 && sqlite3_column_type(statement, last) == SQLITE_NULL)
        last--;
    putc('[', page->out);
    for (int at = 0; at <= last; at++) {
        if (at > 0)
            putc(',', page->out);
        if (sqlite3_column_type(statement, at) == SQLITE_NULL) {
            fputs("null", page->out);
            continue;
        }
        int status = write_value(page, statement, at, (enum column)columns[at]);
        if (status != 0)
            return status;
    }
    putc(']', page->out);
    return 0;
}

static int write_rows(struct page *page, sqlite3_stmt *statement, const struct section *section, size_t *rows)
{
    int code = SQLITE_OK;
    fprintf(page->out, "\"%s\":[", section->name);
    for (*rows = 0; (code = sqlite3_step(statement)) == SQLITE_ROW; ++*rows) {
        if (*rows > 0)
            fputs(",\n", page->out);
        int status = write_row(page, statement, section->columns);
        if (status != 0)
            return status;
    }
    fputs("],\n", page->out);
    return code == SQLITE_DONE ? 0 : failed(page);
}

static int write_section(struct page *page, const struct section *section, size_t *rows)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(page->context->database, section->query, -1, &statement, NULL) != SQLITE_OK)
        return failed(page);
    page->before = 0;
    int status = sqlite3_bind_int64(statement, 1, MOST_ROWS) == SQLITE_OK ? 0 : failed(page);
    if (status == 0)
        status = write_rows(page, statement, section, rows);
    (void)sqlite3_finalize(statement);
    return status;
}

/* How many rows a table has, and how many of them are in the page. */
static int write_total(struct page *page, const struct section *section, size_t rows, bool first)
{
    char query[64];
    sqlite3_stmt *statement = NULL;
    (void)snprintf(query, sizeof query, "SELECT count(*) FROM %s", section->table);
    if (sqlite3_prepare_v2(page->context->database, query, -1, &statement, NULL) != SQLITE_OK)
        return failed(page);
    int status = sqlite3_step(statement) == SQLITE_ROW ? 0 : failed(page);
    if (status == 0)
        fprintf(page->out, "%s\"%s\":[%" PRId64 ",%zu]", first ? "" : ",", section->name,
                (int64_t)sqlite3_column_int64(statement, 0), rows);
    (void)sqlite3_finalize(statement);
    return status;
}

static int write_meta(struct page *page)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(page->context->database, "SELECT key, value FROM meta", -1, &statement, NULL) != SQLITE_OK)
        return failed(page);
    int code = SQLITE_OK;
    const char *before = "\"meta\":{";
    for (; (code = sqlite3_step(statement)) == SQLITE_ROW; before = ",\n") {
        const char *key = (const char *)sqlite3_column_text(statement, 0);
        bool number = sqlite3_column_type(statement, 1) == SQLITE_INTEGER;
        const char *value = (const char *)sqlite3_column_text(statement, 1);
        fputs(before, page->out);
        page_text_write(page->out, key == NULL ? "" : key);
        putc(':', page->out);
        if (value == NULL || number)
            fputs(value == NULL ? "null" : value, page->out);
        else
            page_text_write(page->out, value);
    }
    fputs(*before == '"' ? "\"meta\":{},\n" : "},\n", page->out);
    int status = code == SQLITE_DONE ? 0 : failed(page);
    (void)sqlite3_finalize(statement);
    return status;
}

static int write_data(struct page *page)
{
    enum { COUNT = sizeof sections / sizeof *sections };
    size_t rows[COUNT];
    putc('{', page->out);
    int status = write_meta(page);
    for (size_t i = 0; i < COUNT && status == 0; i++)
        status = write_section(page, &sections[i], &rows[i]);
    fputs("\"totals\":{", page->out);
    for (size_t i = 0; i < COUNT && status == 0; i++)
        if (sections[i].table != NULL)
            status = write_total(page, &sections[i], rows[i], i == 0);
    fputs("},\n\"strings\":", page->out);
    page_texts_write(page->out, &page->strings);
    putc('}', page->out);
    return status;
}

int format_html(struct format_context *context)
{
    static const char marker[] = "@DATA@";
    size_t length = 0;
    const char *text = record_text_find("report.html", &length);
    const char *data = text == NULL ? NULL : strstr(text, marker);
    if (data == NULL)
        return -ENOENT;
    const char *rest = data + sizeof marker - 1;
    struct page page = {.context = context, .out = context->out};
    fwrite(text, 1, (size_t)(data - text), page.out);
    int status = write_data(&page);
    fwrite(rest, 1, length - (size_t)(rest - text), page.out);
    page_texts_free(&page.strings);
    free(page.path);
    return status;
}
