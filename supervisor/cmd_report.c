#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "supervisor/command.h"
#include "supervisor/record/format.h"
#include "supervisor/record/load.h"
#include "supervisor/record/query.h"
#include "supervisor/replacement.h"
#include "supervisor/text.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum {
    OPTION_FORMAT = OPTION_LONG_ONLY,
    OPTION_TARGET,
    OPTION_QUERY, /* the queries, in the order of enum query_kind */
};

const struct option_row report_options[] = {
    {'o', "output", "FILE", "write to FILE, which appears when it is whole"},
    {OPTION_FORMAT, "format", "FORMAT", "summary, or another; 'help' lists them"},
    {OPTION_TARGET, "target", "NAME", "depfile: one rule, for NAME, with every input"},
    {OPTION_QUERY + QUERY_WROTE, "who-wrote", "PATH", "what made or changed PATH"},
    {OPTION_QUERY + QUERY_READ, "who-read", "PATH", "what opened PATH for reading, or executed it"},
    {OPTION_QUERY + QUERY_INPUTS, "inputs", NULL, "files that were there and were used"},
    {OPTION_QUERY + QUERY_OUTPUTS, "outputs", NULL, "files that were made or written, and are left"},
    {OPTION_QUERY + QUERY_ABSENT, "absent", NULL, "names that were looked for and never there"},
    {OPTION_QUERY + QUERY_EXEC, "exec", NULL, "programs that were executed"},
    {OPTION_QUERY + QUERY_NET, "net", NULL, "connections"},
    {OPTION_QUERY + QUERY_PROCESS, "process", "PID", "all that one process did"},
    {0, NULL, NULL, NULL},
};

struct request {
    const char *record, *output, *target;
    const struct format *format;
    enum query_kind query;
    const char *operand; /* of the query: a path, or NULL */
    int pid;
};

static void list_formats(void)
{
    for (const struct format *format = formats; format->name != NULL; format++)
        (void)printf("%-10s%s\n", format->name, format->help);
}

/* 0, or what to exit with; a line about what is wrong has been printed then. */
static int take_format(const struct command *self, struct request *request, const char *name)
{
    char what[128];
    request->format = format_find(name);
    if (request->format != NULL)
        return 0;
    (void)snprintf(what, sizeof what, "--format %.60s: no such format; '--format help' lists them", name);
    return command_usage_error(self, what);
}

static int take_query(const struct command *self, struct request *request, enum query_kind query)
{
    char *end = NULL;
    if (request->query != QUERY_NONE)
        return command_usage_error(self, "only one question can be asked at a time");
    request->query = query;
    request->operand = optarg;
    if (query != QUERY_PROCESS)
        return optarg != NULL && *optarg == '\0' ? command_usage_error(self, "the question has an empty path") : 0;
    errno = 0;
    long pid = strtol(optarg, &end, 10);
    if (errno != 0 || end == optarg || *end != '\0' || pid <= 0 || pid > INT_MAX)
        return command_usage_error(self, "--process: not the number of a process");
    request->pid = (int)pid;
    return 0;
}

static int take_option(const struct command *self, struct request *request, int option)
{
    switch (option) {
    case 'o':
        request->output = optarg;
        return *optarg == '\0' ? command_usage_error(self, "--output has an empty path") : 0;
    case OPTION_FORMAT:
        return take_format(self, request, optarg);
    case OPTION_TARGET:
        request->target = optarg;
        return 0;
    default:
        return take_query(self, request, (enum query_kind)(option - OPTION_QUERY));
    }
}

static bool is_same_file(const char *one, const char *other)
{
    struct stat st, st2;
    return stat(one, &st) == 0 && stat(other, &st2) == 0 && st.st_dev == st2.st_dev && st.st_ino == st2.st_ino;
}

/* 0, or what to exit with. */
static int check(const struct command *self, struct request *request, int argc, char **argv)
{
    if (optind + 1 != argc)
        return command_usage_error(self, optind == argc ? "which record?" : "takes one record");
    request->record = argv[optind];
    if (request->output != NULL && is_same_file(request->output, request->record))
        return command_usage_error(self, "--output is the record itself, which would be lost");
    if (request->query != QUERY_NONE && request->format != NULL)
        return command_usage_error(self, "a question has no --format");
    if (request->query == QUERY_NONE && request->format == NULL)
        request->format = request->output == NULL ? NULL : format_of_file(request->output);
    if (request->query == QUERY_NONE && request->format == NULL)
        request->format = format_find("summary");
    bool depfile = request->format != NULL && strcmp(request->format->name, "depfile") == 0;
    if (request->target != NULL && !depfile)
        return command_usage_error(self, "--target is for --format depfile");
    return 0;
}

static void tell_damage(void *context, const struct record_damage *damage)
{
    const char *record = context;
    char why[128];
    if (damage->size == 0)
        (void)snprintf(why, sizeof why, "damaged from byte %" PRIu64 " on: %.60s", damage->offset, damage->what);
    else
        (void)snprintf(why, sizeof why, "damaged at byte %" PRIu64 ", %" PRIu64 " bytes: %.60s", damage->offset,
                       damage->size, damage->what);
    error_line(record, why);
}

/* The path that a record would have for one that the user names; in fresh memory, NULL without. */
static char *path_in_record(sqlite3 *database, const char *given)
{
    cleanup_free char *directory = getcwd(NULL, 0);
    char *absolute = path_absolute(directory == NULL ? "/" : directory, given);
    if (absolute == NULL)
        return NULL;
    char *resolved = realpath(given, NULL);
    if (resolved == NULL || query_knows(database, absolute)) {
        free(resolved);
        return absolute;
    }
    free(absolute);
    return resolved;
}

static int answer(const struct request *request, sqlite3 *database, FILE *out)
{
    cleanup_free char *path =
        request->operand == NULL || request->query == QUERY_PROCESS ? NULL : path_in_record(database, request->operand);
    long lines = query_answer(database, request->query, path, request->pid, out);
    if (lines == 0 && request->operand != NULL)
        error_line(request->operand, "the record says nothing of that");
    return lines < 0 ? (int)lines : 0;
}

/* 0 or -errno; -EUCLEAN: all that could be read is written. */
static int write_to(const struct request *request, sqlite3 *database, FILE *out, char *why, size_t size)
{
    if (request->format == NULL)
        return answer(request, database, out);
    struct format_context context = {.record = request->record,
                                     .database = database,
                                     .out = out,
                                     .name = request->output,
                                     .target = request->target,
                                     .terminal = isatty(fileno(out)) == 1};
    int status = request->format->write(&context);
    (void)snprintf(why, size, "%s", context.why);
    return status;
}

static void tell_failure(const char *what, int status, const char *why)
{
    if (*why != '\0')
        error_line(what, why);
    else
        error_errno(what, status);
}

/* Writes what is asked for. 0, -EUCLEAN, or another -errno when a line about it has been printed. */
static int write_out(const struct request *request, sqlite3 *database)
{
    struct replacement replacement;
    char why[256] = "";
    FILE *out = stdout;
    int status = request->output == NULL ? 0 : replacement_begin(&replacement, request->output, &out);
    if (status < 0) {
        error_errno(request->output, status);
        return status;
    }
    int wrote = write_to(request, database, out, why, sizeof why);
    bool damaged = wrote == -EUCLEAN;
    status = damaged ? 0 : wrote;
    if (request->output != NULL)
        status = replacement_end(&replacement, out, status);
    else if (status == 0)
        status = replacement_flush(out);
    if (wrote < 0 && !damaged)
        tell_failure(request->format == NULL ? request->record : request->format->name, wrote, why);
    else if (status < 0)
        error_errno(request->output == NULL ? "standard output" : request->output, status);
    else if (damaged)
        tell_failure(request->record, wrote, why);
    return status < 0 ? status : wrote;
}

static int report(const struct request *request)
{
    struct record_loaded loaded = {.damaged = 0};
    bool load = request->format == NULL || !request->format->no_database;
    int status = !load ? 0 : record_load(&loaded, request->record, tell_damage, (void *)(uintptr_t)request->record);
    if (status < 0)
        tell_failure(request->record, status, loaded.why);
    else
        status = write_out(request, loaded.database);
    record_loaded_close(&loaded);
    if (status < 0 && status != -EUCLEAN)
        return STATUS_FAILED;
    return status == -EUCLEAN || loaded.damaged > 0 ? STATUS_DIFFERENT : STATUS_DONE;
}

int cmd_report(int argc, char **argv)
{
    const struct command *self = command_find("report");
    struct request request = {.record = NULL};
    int option;
    while ((option = command_options_next(self, argc, argv, 0)) >= 0) {
        if (option == OPTION_FORMAT && strcmp(optarg, "help") == 0) {
            list_formats();
            return STATUS_DONE;
        }
        int status = take_option(self, &request, option);
        if (status != 0)
            return status;
    }
    if (option != OPTIONS_END)
        return option == OPTIONS_HELP ? STATUS_DONE : self->usage_status;
    int status = check(self, &request, argc, argv);
    return status != 0 ? status : report(&request);
}
