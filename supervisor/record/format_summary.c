/*
 * `--format summary`: what a person wants to know first.
 */
#include "emul/cleanup.h"
#include "supervisor/record/formats.h"
#include "supervisor/record/sql.h"
#include "supervisor/record/words.h"
#include "supervisor/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* So many files are named one by one; more are shown by directory. */
enum { FILES_MAX = 12, ROWS_MAX = 10, PROGRAMS_MAX = 6, SIZE_COLUMN = 8 };

struct summary {
    struct format_context *context;
    FILE *out;
    char *cwd; /* names below it are shown without it; or NULL */
    int status;
};

struct section {
    const char *title, *condition; /* of the table file */
    bool sized;
};

/* "12K": three digits at most and a letter; "-" for what is not known, -1. */
static void put_size(FILE *out, sqlite3_int64 bytes, int width)
{
    static const char letters[] = "BKMGTPE";
    size_t power = 0;
    while (bytes >= 1024 && power + 1 < sizeof letters - 1) {
        bytes = (bytes + 1023) / 1024;
        power++;
    }
    if (bytes < 0)
        (void)fprintf(out, "%*s", width, "-");
    else
        (void)fprintf(out, "%*lld%c", width - 1, (long long)bytes, letters[power]);
}

static void title(const struct summary *summary, const char *text)
{
    const char *bold = summary->context->terminal ? "\033[1m" : "";
    (void)fprintf(summary->out, "\n%s%s%s:", bold, text, *bold == '\0' ? "" : "\033[0m");
}

static void put_name(const struct summary *summary, const char *name)
{
    size_t length = summary->cwd == NULL ? 0 : strlen(summary->cwd);
    bool below = length > 1 && strncmp(name, summary->cwd, length) == 0 && name[length] == '/';
    if (below && name[length + 1] == '\0')
        name = "./";
    else if (below)
        name += length + 1;
    text_escaped(summary->out, name);
    (void)fputc('\n', summary->out);
}

/* Prepares a query; NULL when that failed, now or before. */
static sqlite3_stmt *ask(struct summary *summary, const char *text)
{
    sqlite3_stmt *statement = NULL;
    if (summary->status == 0)
        summary->status = sql_prepare(summary->context->database, text, &statement);
    return statement;
}

static bool next(struct summary *summary, sqlite3_stmt *statement)
{
    int status = statement == NULL ? 0 : sql_row(statement);
    if (status < 0)
        summary->status = status;
    return status == 1;
}

static void put_more(const struct summary *summary, sqlite3_int64 more, const char *what)
{
    if (more > 0)
        (void)fprintf(summary->out, "  and %lld more%s%s\n", (long long)more, *what == '\0' ? "" : " ", what);
}

static void put_files(struct summary *summary, const struct section *section)
{
    char text[256];
    (void)snprintf(
        text, sizeof text,
        "SELECT name, coalesce(size, -1) FROM file JOIN path ON path.id = file.path WHERE %s AND NOT directory"
        " ORDER BY size DESC, name",
        section->condition);
    cleanup_statement sqlite3_stmt *rows = ask(summary, text);
    while (next(summary, rows)) {
        if (section->sized)
            put_size(summary->out, sqlite3_column_int64(rows, 1), SIZE_COLUMN);
        (void)fputs("  ", summary->out);
        put_name(summary, sql_name(rows, 0));
    }
}

static void put_directories(struct summary *summary, const struct section *section)
{
    char text[512];
    int count = 0;
    (void)snprintf(text, sizeof text,
                   "SELECT directory_of(name), count(*), total(size) FROM file JOIN path ON path.id = file.path"
                   " WHERE %s AND NOT directory GROUP BY 1 ORDER BY %s, 1",
                   section->condition, section->sized ? "3 DESC, 2 DESC" : "2 DESC");
    cleanup_statement sqlite3_stmt *rows = ask(summary, text);
    for (; next(summary, rows); count++) {
        if (count >= ROWS_MAX)
            continue;
        if (section->sized)
            put_size(summary->out, sqlite3_column_int64(rows, 2), SIZE_COLUMN);
        (void)fprintf(summary->out, "%8lld  ", (long long)sqlite3_column_int64(rows, 1));
        put_name(summary, sql_name(rows, 0));
    }
    put_more(summary, count - ROWS_MAX, "directories");
}

/* "3 files, 12K, and 2 directories". Returns the number of files. */
static sqlite3_int64 put_totals(struct summary *summary, const struct section *section)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "SELECT count(*) FILTER (WHERE NOT directory), count(*) FILTER (WHERE directory), sum(size)"
                   " FROM file WHERE %s",
                   section->condition);
    cleanup_statement sqlite3_stmt *row = ask(summary, text);
    if (!next(summary, row))
        return 0;
    sqlite3_int64 files = sqlite3_column_int64(row, 0);
    sqlite3_int64 directories = sqlite3_column_int64(row, 1);
    if (files == 0 && directories == 0)
        return 0;
    title(summary, section->title);
    (void)fprintf(summary->out, " %lld %s", (long long)files, files == 1 ? "file" : "files");
    if (section->sized && sqlite3_column_type(row, 2) != SQLITE_NULL) {
        (void)fputs(", ", summary->out);
        put_size(summary->out, sqlite3_column_int64(row, 2), 0);
    }
    if (directories > 0)
        (void)fprintf(summary->out, ", and %lld %s", (long long)directories,
                      directories == 1 ? "directory" : "directories");
    (void)fputc('\n', summary->out);
    return files;
}

static void put_section(struct summary *summary, const struct section *section)
{
    sqlite3_int64 files = put_totals(summary, section);
    if (files > FILES_MAX)
        put_directories(summary, section);
    else if (files > 0)
        put_files(summary, section);
}

static void put_connections(struct summary *summary)
{
    int count = 0;
    cleanup_statement sqlite3_stmt *rows =
        ask(summary, "SELECT kind, address, sum(count), sum(count) FILTER (WHERE error NOT IN (0, 115)) FROM connection"
                     " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2");
    for (; next(summary, rows); count++) {
        long long failed = sqlite3_column_int64(rows, 3);
        if (count == 0) {
            title(summary, "Connections");
            (void)fputc('\n', summary->out);
        }
        if (count >= ROWS_MAX)
            continue;
        (void)fprintf(summary->out, "  %6lld  %-7s  ", (long long)sqlite3_column_int64(rows, 2), sql_name(rows, 0));
        text_escaped(summary->out, sql_name(rows, 1));
        if (failed > 0)
            (void)fprintf(summary->out, "  (%lld failed)", failed);
        (void)fputc('\n', summary->out);
    }
    put_more(summary, count - ROWS_MAX, "addresses");
}

static void put_violations(struct summary *summary)
{
    int count = 0;
    cleanup_statement sqlite3_stmt *rows =
        ask(summary,
            "SELECT coalesce(text, rule, path, call), count(*) FROM violation GROUP BY 1 ORDER BY 2 DESC, min(id)");
    for (; next(summary, rows); count++) {
        const char *text = sql_name(rows, 0);
        if (count == 0) {
            title(summary, "Violations");
            (void)fputc('\n', summary->out);
        }
        if (count >= ROWS_MAX)
            continue;
        (void)fprintf(summary->out, "  %6lld  ", (long long)sqlite3_column_int64(rows, 1));
        text_plain(summary->out, text == NULL ? "?" : text);
        (void)fputc('\n', summary->out);
    }
    put_more(summary, count - ROWS_MAX, "");
}

/* "142 processes: cc1 40, as 40, and 3 more programs". */
static void put_processes(struct summary *summary)
{
    sqlite3 *database = summary->context->database;
    long long processes = sql_number(database, "SELECT count(*) FROM process", NULL);
    int count = 0;
    (void)fprintf(summary->out, "%lld %s", processes, processes == 1 ? "process" : "processes");
    cleanup_statement sqlite3_stmt *rows =
        ask(summary,
            "SELECT name, count(*) FROM exec JOIN path ON path.id = program GROUP BY 1 ORDER BY 2 DESC, min(time)");
    for (; next(summary, rows); count++) {
        const char *name = sql_name(rows, 0);
        const char *slash = strrchr(name, '/');
        if (count >= PROGRAMS_MAX)
            continue;
        (void)fputs(count == 0 ? ": " : ", ", summary->out);
        text_escaped(summary->out, slash == NULL ? name : slash + 1);
        if (sqlite3_column_int64(rows, 1) > 1)
            (void)fprintf(summary->out, " %lld", (long long)sqlite3_column_int64(rows, 1));
    }
    if (count > PROGRAMS_MAX)
        (void)fprintf(summary->out, ", and %d more programs", count - PROGRAMS_MAX);
    (void)fputc('\n', summary->out);
}

/* When, how long, and what it ended with. */
static void put_run(struct summary *summary)
{
    sqlite3 *database = summary->context->database;
    cleanup_free char *status = sql_meta(database, "status");
    char when[64] = "";
    time_t start = (time_t)(sql_meta_number(database, "start") / 1000000000);
    struct tm parts;
    long long length = sql_number(
        database, "SELECT max(coalesce(max(end), 0), coalesce((SELECT max(time) FROM event), 0)) FROM process", NULL);
    if (localtime_r(&start, &parts) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &parts);
    (void)fprintf(summary->out, "%s, %lld.%03lld s", when, length / 1000000000, length / 1000000 % 1000);
    if (status != NULL) {
        (void)fputs(", exit status ", summary->out);
        text_escaped(summary->out, status);
    }
    (void)fputc('\n', summary->out);
}

static void put_head(struct summary *summary)
{
    sqlite3 *database = summary->context->database;
    cleanup_free char *command = sql_meta(database, "command");
    words_put(summary->out, command, ' ');
    if (summary->cwd != NULL) {
        (void)fputs("\nin ", summary->out);
        text_escaped(summary->out, summary->cwd);
    }
    (void)fputs(sql_meta_number(database, "view") != 0 ? ", in a view\n" : "\n", summary->out);
    put_run(summary);
    put_processes(summary);
    long long lost = sql_meta_number(database, "lost");
    long long damaged = sql_meta_number(database, "damaged");
    if (sql_meta_number(database, "complete") == 0)
        (void)fputs("The record was cut off: what came after is missing.\n", summary->out);
    if (damaged > 0)
        (void)fprintf(summary->out, "%lld %s of the record could not be read.\n", damaged,
                      damaged == 1 ? "part" : "parts");
    if (lost > 0)
        (void)fprintf(summary->out, "%lld events could not be written.\n", lost);
}

int format_summary(struct format_context *context)
{
    static const struct section sections[] = {
        {"Outputs", "output", true},
        {"Deleted", "deleted", true},
        {"Inputs", "input", true},
        {"Temporary", "temporary", false},
        {"Mode, owner or attributes changed", "metadata AND NOT output", false},
        {"Looked for and not there", "absent", false},
    };
    cleanup_free char *cwd = sql_meta(context->database, "cwd");
    struct summary summary = {.context = context, .out = context->out, .cwd = cwd};
    put_head(&summary);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        put_section(&summary, &sections[i]);
    put_connections(&summary);
    put_violations(&summary);
    return summary.status;
}
