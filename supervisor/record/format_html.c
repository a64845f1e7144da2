/*
 * The record as a page for a browser: the page of report/, which is part of the program, with the rows of the database
 * in it as JSON. This file knows no more of the page than the marker at which the data go in, and of the database no
 * more than the queries; report/data.js takes the rows apart. docs/record.md has both sides of them.
 */
#include "supervisor/record/formats.h"
#include "supervisor/record/page_text.h"
#include "supervisor/record/rows.h"
#include "supervisor/record/texts.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
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

/*
 * Times are in microseconds here. A value that most rows have is NULL; whether an event was predicted (flag 8) or of a
 * directory (2) is not shown. Events come first, so that the words of which there are most have short numbers.
 */
static const struct section sections[] = {
    {"events", "event", "snwwnnnnwnw",
     "SELECT time / 1000, process, kind, call, path, nullif(count - 1, 0), nullif(error, CASE kind WHEN 'absent' THEN "
     "2 ELSE 0 "
     "END), nullif(flags & ~10, 0), said, path2, said2 FROM event ORDER BY id LIMIT ?1"},
    {"paths", "path", "np",
     "SELECT id, name FROM (SELECT id, name FROM path ORDER BY id LIMIT ?1) ORDER BY CAST(name AS BLOB)"},
    {"processes", "process", "nnnnnnnnnnwl",
     "SELECT id, pid, parent, start / 1000, end / 1000, exit_code, signal, user_us, system_us, max_resident_kb, "
     "program, "
     "CASE WHEN id IN (SELECT process FROM exec) THEN NULL ELSE command END FROM process ORDER BY id LIMIT ?1"},
    {"execs", "exec", "nnnnlwl",
     "SELECT process, time / 1000, program, cut, command, cwd, environment FROM exec ORDER BY id LIMIT ?1"},
    {"files", NULL, "nnn",
     "SELECT path, input + 2 * output + 4 * temporary + 8 * deleted + 16 * absent + 32 * looked + 64 * metadata + "
     "128 * directory, size FROM file ORDER BY path LIMIT ?1"},
    {"hashes", "hash", "nwwtn", "SELECT path, state, algorithm, digest, size FROM hash ORDER BY path LIMIT ?1"},
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

/* COFFER_PAGE_ROWS=N: as if a browser took in no more. */
static int64_t most_rows(void)
{
#ifdef COFFER_TEST_HOOKS
    const char *value = getenv("COFFER_PAGE_ROWS");
    if (value != NULL)
        return strtol(value, NULL, 10);
#endif
    return MOST_ROWS;
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

static int remember_path(struct page *page, const char *name)
{
    size_t size = strlen(name) + 1;
    if (page->path == NULL || size > page->path_room) {
        char *room = realloc(page->path, 2 * size);
        if (room == NULL)
            return -ENOMEM;
        page->path = room;
        page->path_room = 2 * size;
    }
    memcpy(page->path, name, size);
    return 0;
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
    return remember_path(page, name);
}

static int write_value(struct page *page, struct rows *rows, int at, enum column column)
{
    if (column == COLUMN_NUMBER || column == COLUMN_STEP) {
        int64_t number = rows_number(rows, at);
        /* Times may be anything in a damaged record: the difference wraps instead of being undefined. */
        int64_t shown = column == COLUMN_STEP ? (int64_t)((uint64_t)number - (uint64_t)page->before) : number;
        fprintf(page->out, "%" PRId64, shown);
        if (column == COLUMN_STEP)
            page->before = number;
        return 0;
    }
    const char *text = rows_text(rows, at);
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

static int write_row(struct page *page, struct rows *rows, const char *columns)
{
    int last = (int)strlen(columns) - 1;
    int status = 0;
    while (last > 0 && rows_null(rows, last))
        last--;
    putc('[', page->out);
    for (int at = 0; at <= last && status == 0; at++) {
        if (at > 0)
            putc(',', page->out);
        if (rows_null(rows, at))
            fputs("null", page->out);
        else
            status = write_value(page, rows, at, (enum column)columns[at]);
    }
    putc(']', page->out);
    return status;
}

/* Sets *count to the rows that were written. */
static int write_section(struct page *page, const struct section *section, int64_t *count)
{
    cleanup_rows rows = {0};
    int status = 0;
    *count = 0;
    page->before = 0;
    fprintf(page->out, "\"%s\":[", section->name);
    if (rows_ask(&rows, page->context, section->query))
        rows_bind(&rows, 1, most_rows());
    while (status == 0 && rows_next(&rows)) {
        if ((*count)++ > 0)
            fputs(",\n", page->out);
        status = write_row(page, &rows, section->columns);
    }
    fputs("],\n", page->out);
    return status != 0 ? status : rows_close(&rows);
}

/* How many rows a table has, and how many of them are in the page. */
static int write_total(struct page *page, const struct section *section, int64_t count)
{
    char query[64];
    int64_t all = 0;
    (void)snprintf(query, sizeof query, "SELECT count(*) FROM %s", section->table);
    int status = rows_one(page->context, query, 0, &all);
    fprintf(page->out, "%s\"%s\":[%" PRId64 ",%" PRId64 "]", section == sections ? "" : ",", section->name, all, count);
    return status;
}

static int write_meta(struct page *page)
{
    cleanup_rows rows = {0};
    const char *before = "";
    fputs("\"meta\":{", page->out);
    if (!rows_ask(&rows, page->context, "SELECT key, value, typeof(value) = 'integer' FROM meta WHERE value NOT NULL"))
        return rows_close(&rows);
    for (; rows_next(&rows); before = ",\n") {
        const char *key = rows_text(&rows, 0);
        const char *value = rows_text(&rows, 1);
        if (key == NULL || value == NULL)
            return -ENOMEM;
        fputs(before, page->out);
        page_text_write(page->out, key);
        putc(':', page->out);
        if (rows_number(&rows, 2))
            fputs(value, page->out);
        else
            page_text_write(page->out, value);
    }
    fputs("},\n", page->out);
    return rows_close(&rows);
}

static int write_data(struct page *page)
{
    enum { COUNT = sizeof sections / sizeof *sections };
    int64_t counts[COUNT] = {0};
    putc('{', page->out);
    int status = write_meta(page);
    for (size_t i = 0; i < COUNT && status == 0; i++)
        status = write_section(page, &sections[i], &counts[i]);
    fputs("\"totals\":{", page->out);
    for (size_t i = 0; i < COUNT && status == 0; i++)
        if (sections[i].table != NULL)
            status = write_total(page, &sections[i], counts[i]);
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
