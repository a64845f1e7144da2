/*
 * An in-toto Statement about how the outputs were made: https://slsa.dev/provenance/v1. The build is the command; what
 * it read that was there before are the dependencies.
 */
#include "supervisor/record/formats.h"

#include "supervisor/record/lines.h"
#include "supervisor/record/statement.h"

static json_t *resource_of(struct rows *rows)
{
    return statement_resource(rows_text(rows, 0), rows_text(rows, 1));
}

/* As they were when they were read; those that the run did not change may have been hashed at its end. */
static const char inputs_sql[] =
    "SELECT p.name, coalesce(" STATEMENT_DIGESTS("'before'") ", CASE WHEN NOT f.output THEN " STATEMENT_DIGESTS(
        "'after'") " END) FROM file f JOIN path p ON p.id = f.path WHERE f.input AND NOT f.directory ORDER BY p.name";

/* Outputs that have no content to be hashed, or could not be: links, devices, sockets. */
static const char others_sql[] = "SELECT p.name, NULL, " STATEMENT_DIGESTS(
    "'after'") " AS digests FROM file f JOIN path p ON p.id = f.path"
               " WHERE f.output AND NOT f.directory AND digests IS NULL ORDER BY p.name";

/* The environment of the command itself, where it was recorded: it is as much a parameter as its words are. */
static int set_environment(struct format_context *context, json_t *parameters)
{
    cleanup_rows rows = {0};
    if (rows_ask(&rows, context, "SELECT environment FROM exec WHERE environment IS NOT NULL ORDER BY id LIMIT 1") &&
        rows_next(&rows))
        (void)json_object_set_new(parameters, "environment", statement_array(rows_text(&rows, 0)));
    return rows_close(&rows);
}

static void copy(json_t *object, const char *key, const struct statement_run *run, const char *from)
{
    (void)json_object_set(object, key, json_object_get(run->meta, from));
}

static int put_definition(struct format_context *context, const struct statement_run *run)
{
    json_t *external = json_object(), *internal = json_object();
    copy(external, "command", run, "command");
    copy(external, "directory", run, "cwd");
    copy(external, "directory_hex", run, "cwd_hex");
    copy(internal, "host", run, "host");
    copy(internal, "user", run, "user");
    copy(internal, "view", run, "view");
    int environment = set_environment(context, external);
    (void)fputs("{\"buildDefinition\":{\"buildType\":\"" STATEMENT_COMMAND "\",\n\"externalParameters\":",
                context->out);
    int status = lines_put(context, external);
    (void)fputs(",\n\"internalParameters\":", context->out);
    int second = lines_put(context, internal);
    (void)fputs(",\n\"resolvedDependencies\":", context->out);
    int third = statement_list(context, inputs_sql, resource_of);
    (void)fputs("}", context->out);
    return environment != 0 ? environment : status != 0 ? status : second != 0 ? second : third;
}

static int put_details(struct format_context *context, const struct statement_run *run)
{
    json_t *metadata = json_pack("{s:s, s:s}", "invocationId", run->id, "startedOn", run->started);
    json_t *version = json_object();
    copy(version, "coffer", run, "version");
    if (run->finished[0] != '\0')
        lines_text(metadata, "finishedOn", run->finished);
    (void)fputs(",\n\"runDetails\":{\"builder\":", context->out);
    int status = lines_put(context, json_pack("{s:s, s:o}", "id", STATEMENT_MONITOR, "version", version));
    (void)fputs(",\n\"metadata\":", context->out);
    int second = lines_put(context, metadata);
    (void)fputs(",\n\"byproducts\":", context->out);
    int third = statement_list(context, others_sql, resource_of);
    (void)fputs("}}}\n", context->out);
    return status != 0 ? status : second != 0 ? second : third;
}

int format_slsa(struct format_context *context)
{
    struct statement_run run;
    int status = statement_run(context, &run);
    if (status == 0)
        status = statement_begin(context, "https://slsa.dev/provenance/v1");
    if (status == 0)
        status = put_definition(context, &run);
    if (status == 0)
        status = put_details(context, &run);
    statement_run_free(&run);
    return status;
}
