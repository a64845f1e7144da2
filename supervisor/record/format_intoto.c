/*
 * An in-toto Statement about what ran: https://in-toto.io/attestation/runtime-trace/v0.1. Entries of the network have
 * the names that version 0.2 gave them; the older one leaves them to the monitor.
 */
#include "supervisor/record/formats.h"

#include "emul/json_text.h"
#include "supervisor/record/lines.h"
#include "supervisor/record/statement.h"

#include <arpa/inet.h>
#include <string.h>

static const char process_sql[] =
    "SELECT x.time AS time, 'process' AS type, n.name, x.command, x.cwd, x.process, p.pid, p.parent, NULL, NULL,"
    " (SELECT value FROM meta WHERE key = 'start'), x.cut "
    "FROM exec x LEFT JOIN path n ON n.id = x.program LEFT JOIN process p ON p.id = x.process "
    "UNION ALL SELECT p.end, 'exit', p.program, p.command, NULL, p.id, p.pid, p.parent, p.exit_code, p.signal,"
    " (SELECT value FROM meta WHERE key = 'start'), 0 "
    "FROM process p WHERE p.end IS NOT NULL ORDER BY time, type DESC";

static json_t *process_of(struct rows *rows)
{
    json_t *entry = json_object();
    struct lines_moment moment = lines_moment((uint64_t)rows_number(rows, 10) + (uint64_t)rows_number(rows, 0));
    lines_text(entry, "eventType", rows_text(rows, 1));
    lines_text(entry, "time", moment.text);
    lines_text(entry, "processBinary", rows_text(rows, 2));
    (void)json_object_set_new(entry, "arguments", statement_array(rows_text(rows, 3)));
    lines_text(entry, "cwd", rows_text(rows, 4));
    lines_integer(entry, "process", rows, 5);
    lines_integer(entry, "pid", rows, 6);
    lines_integer(entry, "parent", rows, 7);
    lines_integer(entry, "exitCode", rows, 8);
    lines_integer(entry, "signal", rows, 9);
    if (rows_number(rows, 11) != 0)
        (void)json_object_set_new(entry, "argumentsCut", json_true());
    return entry;
}

/* "10.0.0.1:80" and "[::1]:53" in parts; any other address stays in one piece. */
static void put_endpoint(json_t *entry, const char *address)
{
    char ip[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    const char *colon = strrchr(address, ':');
    bool brackets = address[0] == '[';
    size_t length = colon == NULL ? 0 : (size_t)(colon - address);
    lines_text(entry, "address", address);
    if (colon == NULL || (brackets && address[length - 1] != ']'))
        return;
    const char *begin = address + brackets;
    length -= brackets ? 2 : 0;
    if (length >= sizeof ip)
        return;
    memcpy(ip, begin, length);
    ip[length] = '\0';
    long port = strtol(colon + 1, NULL, 10);
    if (inet_pton(brackets ? AF_INET6 : AF_INET, ip, &parsed) != 1)
        return;
    lines_text(entry, "ip", ip);
    if (port >= 1 && port <= 65535)
        (void)json_object_set_new(entry, "port", json_integer(port));
}

static const char network_sql[] = "SELECT c.kind, c.address, c.call, c.error, c.count, c.process, p.pid, p.program "
                                  "FROM connection c LEFT JOIN process p ON p.id = c.process ORDER BY c.id";

static json_t *connection_of(struct rows *rows)
{
    json_t *entry = json_object(), *invoking = json_object();
    char room[16];
    lines_text(entry, "eventType", rows_text(rows, 0));
    put_endpoint(entry, rows_text(rows, 1) == NULL ? "" : rows_text(rows, 1));
    lines_text(entry, "call", rows_text(rows, 2));
    if (rows_number(rows, 3) != 0)
        lines_text(entry, "error", lines_error((int)rows_number(rows, 3), room));
    lines_integer(entry, "count", rows, 4);
    lines_integer(invoking, "process", rows, 5);
    lines_integer(invoking, "pid", rows, 6);
    lines_text(invoking, "processBinary", rows_text(rows, 7));
    (void)json_object_set_new(entry, "invokingProcess", invoking);
    return entry;
}

/* A file that was changed stands there twice, as it was before and as it was left. */
#define ACCESSED                                                                                                       \
    "accessed AS (SELECT path, json_group_array(DISTINCT kind) AS kinds FROM"                                          \
    " (SELECT path, kind FROM event WHERE error = 0"                                                                   \
    "  UNION ALL SELECT path2, kind FROM event WHERE error = 0 AND kind IN ('rename', 'link')) GROUP BY path)"

static const char file_sql[] =
    "WITH " ACCESSED ", entry AS ("
    "SELECT f.path, 'before' AS state, " STATEMENT_DIGESTS(
        "'before'") " AS digests FROM file f"
                    " WHERE f.input OR f.deleted OR f.metadata OR digests IS NOT NULL "
                    "UNION ALL SELECT f.path, 'after', " STATEMENT_DIGESTS(
                        "'after'") " FROM file f WHERE f.output "
                                   "UNION ALL SELECT f.path, 'temporary', NULL FROM file f WHERE f.temporary) "
                                   "SELECT p.name, e.digests, e.state, a.kinds, f.directory FROM entry e JOIN path p "
                                   "ON p.id = e.path"
                                   " JOIN file f ON f.path = e.path LEFT JOIN accessed a ON a.path = e.path ORDER BY "
                                   "p.name, e.state DESC";

static json_t *file_of(struct rows *rows)
{
    json_t *entry = statement_resource(rows_text(rows, 0), rows_text(rows, 1)), *annotations = json_object();
    lines_text(annotations, "state", rows_text(rows, 2));
    (void)json_object_set_new(annotations, "access", statement_array(rows_text(rows, 3)));
    if (rows_number(rows, 4) != 0)
        (void)json_object_set_new(annotations, "directory", json_true());
    (void)json_object_set_new(entry, "annotations", annotations);
    return entry;
}

/* What a reader must know to trust it: whether all was seen. */
static json_t *policy_of(const struct statement_run *run)
{
    static const char *const keys[] = {"version", "view", "complete", "lost", "damaged"};
    json_t *policy = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        (void)json_object_set(policy, keys[i], json_object_get(run->meta, keys[i]));
    return policy;
}

static int put_who(struct format_context *context, const struct statement_run *run)
{
    (void)fputs("{\"monitor\":", context->out);
    int status = lines_put(context, json_pack("{s:s, s:o}", "type", STATEMENT_MONITOR, "tracePolicy", policy_of(run)));
    (void)fputs(",\n\"monitoredProcess\":", context->out);
    int process = lines_put(
        context, json_pack("{s:s, s:s, s:s}", "hostID", run->host, "type", STATEMENT_COMMAND, "event", run->id));
    (void)fputs(",\n\"metadata\":", context->out);
    json_t *metadata = json_pack("{s:s}", "buildStartedOn", run->started);
    if (run->finished[0] != '\0')
        lines_text(metadata, "buildFinishedOn", run->finished);
    int times = lines_put(context, metadata);
    return status != 0 ? status : process != 0 ? process : times;
}

static int put_log(struct format_context *context)
{
    (void)fputs(",\n\"monitorLog\":{\"process\":", context->out);
    int status = statement_list(context, process_sql, process_of);
    (void)fputs(",\n\"network\":", context->out);
    if (status == 0)
        status = statement_list(context, network_sql, connection_of);
    (void)fputs(",\n\"fileAccess\":", context->out);
    if (status == 0)
        status = statement_list(context, file_sql, file_of);
    (void)fputs("}}}\n", context->out);
    return status;
}

int format_intoto(struct format_context *context)
{
    struct statement_run run;
    int status = statement_run(context, &run);
    if (status == 0)
        status = statement_begin(context, "https://in-toto.io/attestation/runtime-trace/v0.1");
    if (status == 0)
        status = put_who(context, &run);
    if (status == 0)
        status = put_log(context);
    statement_run_free(&run);
    return status;
}
