#include "supervisor/record/graph.h"

#include "emul/cleanup.h"
#include "supervisor/record/lines.h"
#include "supervisor/record/rows.h"
#include "supervisor/record/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How much becomes one node: tried in this order, until there are few enough. */
static const struct level {
    bool programs; /* processes of a program are one; else those of the same command */
    int depth; /* of directories whose files are one, below where the command was started; 0: each file for itself */
} levels[] = {{false, 0}, {true, 0}, {true, 64}, {true, 3}, {true, 2}, {true, 1}};
enum { LEVELS = sizeof levels / sizeof levels[0] };

/* While it is made it may have more nodes than are drawn, but not without end. */
enum { NODES_MADE = 20 * GRAPH_NODES_MAX, EDGES_MADE = 100000 };

struct making {
    struct graph *graph;
    struct format_context *context;
    struct level level;
    bool with_system; /* files of the system count as well */
    bool last;        /* no level is left: what there is no room for is left out */
    char *cwd;        /* of the run, or NULL */
    size_t nodes, edges;
};

/* Where programs, libraries and settings lie that a build does not make. */
static bool is_system(const char *path)
{
    static const char *const places[] = {"/usr/",  "/lib/", "/lib32/", "/lib64/", "/libx32/",  "/bin/",
                                         "/sbin/", "/etc/", "/sys/",   "/run/",   "/var/lib/", "/var/cache/"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strncmp(path, places[i], strlen(places[i])) == 0)
            return true;
    return false;
}

static size_t below(const char *path, const char *cwd)
{
    size_t length = cwd == NULL ? 0 : strlen(cwd);
    return length > 1 && strncmp(path, cwd, length) == 0 && path[length] == '/' ? length + 1 : 0;
}

/* Bytes of the path that name the directory it is counted to; all of it when it stands for itself. */
static size_t directory_of(const struct making *making, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (making->level.depth == 0 || slash == NULL)
        return strlen(path);
    const char *end = path + below(path, making->cwd);
    for (int depth = 0; depth < making->level.depth && end < slash; depth++)
        end = strchr(end + 1, '/');
    end = end > slash ? slash : end;
    return end <= path ? 1 : (size_t)(end - path);
}

bool graph_shows(const struct graph_node *node)
{
    return node->first != NULL && (node->class != GRAPH_TEMPORARY || node->another != NULL);
}

static struct graph_node *add_node(struct making *making, const char *key, size_t size)
{
    struct graph_node *node = calloc(1, sizeof *node + size);
    if (node == NULL)
        return NULL;
    memcpy(node->key, key, size);
    node->number = making->nodes++;
    HASH_ADD(hh, making->graph->nodes, key, (unsigned)size, node);
    return node;
}

/* The node of the key "CLASS name [command]"; one that is added has its name set. NULL: none, or no memory. */
static struct graph_node *node_of(struct making *making, enum graph_class class, const char *name, size_t length,
                                  const char *command, bool add)
{
    size_t rest = command == NULL ? 0 : strlen(command), size = 2 + length + rest;
    cleanup_free char *key = malloc(size);
    struct graph_node *node = NULL;
    if (key == NULL)
        return NULL;
    key[0] = (char)('0' + class);
    memcpy(key + 1, name, length);
    key[1 + length] = '\0';
    memcpy(key + 2 + length, command == NULL ? "" : command, rest);
    HASH_FIND(hh, making->graph->nodes, key, (unsigned)size, node);
    if (node != NULL || !add)
        return node;
    node = add_node(making, key, size);
    if (node == NULL)
        return NULL;
    node->class = class;
    node->name = strndup(name, length);
    node->command = command == NULL ? NULL : strdup(command);
    return node->name == NULL || (command != NULL && node->command == NULL) ? NULL : node;
}

static struct graph_node *process_node(struct making *making, struct rows *rows, int program, bool add)
{
    const char *name = rows_text(rows, program), *command = rows_text(rows, program + 1);
    name = name == NULL ? "?" : name;
    return node_of(making, GRAPH_PROCESS, name, strlen(name), making->level.programs ? NULL : command, add);
}

static void meet(struct graph_node *node, struct graph_node *other)
{
    if (node->first == NULL)
        node->first = other;
    else if (node->first != other)
        node->another = other;
}

static int add_edge(struct making *making, struct graph_node *from, struct graph_node *to, unsigned what)
{
    struct graph_edge *edge = NULL;
    struct graph_edge_ends ends = {from, to};
    HASH_FIND(hh, making->graph->edges, &ends, sizeof ends, edge);
    if (edge == NULL) {
        edge = calloc(1, sizeof *edge);
        if (edge == NULL)
            return -ENOMEM;
        edge->ends = ends;
        HASH_ADD(hh, making->graph->edges, ends, sizeof ends, edge);
        making->edges++;
        meet(from, to);
        meet(to, from);
    }
    edge->what |= what;
    return 0;
}

enum { PATH, NAME, KIND, FLAGS, PROGRAM, COMMAND, CLASS };

static const char edges_sql[] =
    "WITH said AS (SELECT id, process, kind, flags, path FROM event WHERE error = 0 AND kind IN"
    " ('read', 'write', 'create', 'delete', 'rename', 'link', 'exec') "
    "UNION ALL SELECT id, process, 'create', flags, path2 FROM event WHERE error = 0 AND path2 IS NOT NULL AND kind IN"
    " ('rename', 'link')) "
    "SELECT s.path, n.name, s.kind, s.flags, p.program, p.command,"
    " CASE WHEN f.output THEN 2 WHEN f.temporary THEN 3 WHEN f.deleted THEN 4 WHEN f.input THEN 1 ELSE 0 END "
    "FROM said s JOIN path n ON n.id = s.path JOIN file f ON f.path = s.path LEFT JOIN process p ON p.id = s.process "
    "WHERE NOT f.directory ORDER BY s.path, s.id";

static unsigned meaning_of(const char *kind, int64_t flags, enum graph_class class)
{
    enum { FOR_BOTH = 16 };
    if (strcmp(kind, "read") == 0 || strcmp(kind, "link") == 0)
        return GRAPH_READS;
    if (strcmp(kind, "exec") == 0)
        return GRAPH_EXECUTES;
    if (strcmp(kind, "delete") == 0)
        return class == GRAPH_DELETED ? GRAPH_DELETES : 0;
    if (strcmp(kind, "rename") == 0)
        return class == GRAPH_DELETED ? GRAPH_DELETES : GRAPH_READS;
    return GRAPH_WRITES | (strcmp(kind, "write") == 0 && (flags & FOR_BOTH) != 0 ? GRAPH_READS : 0);
}

/* Files that are none: devices, and what the kernel says. */
static bool is_kernels(const char *path)
{
    bool device = strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0;
    return device || strncmp(path, "/proc/", 6) == 0;
}

static bool is_wanted(const struct making *making, const char *path, enum graph_class class)
{
    if (class == GRAPH_PROCESS || is_kernels(path))
        return false;
    return making->with_system || class == GRAPH_OUTPUT || below(path, making->cwd) > 0 || !is_system(path);
}

/* The file's node, with the file counted there; NULL without memory. */
static struct graph_node *file_node(struct making *making, struct rows *rows, enum graph_class class)
{
    const char *path = rows_text(rows, NAME);
    size_t length = directory_of(making, path);
    struct graph_node *node = node_of(making, class, path, length, NULL, true);
    if (node == NULL || node->last == rows_number(rows, PATH))
        return node;
    if (node->count == 0 && path[length] != '\0') {
        node->first_file = strdup(path);
        if (node->first_file == NULL)
            return NULL;
    }
    node->last = rows_number(rows, PATH);
    node->count++;
    return node;
}

static int put_row(struct making *making, struct rows *rows)
{
    enum graph_class class = (enum graph_class)rows_number(rows, CLASS);
    const char *path = rows_text(rows, NAME), *kind = rows_text(rows, KIND);
    if (path == NULL || kind == NULL || !is_wanted(making, path, class))
        return 0;
    unsigned what = meaning_of(kind, rows_number(rows, FLAGS), class);
    if (what == 0)
        return 0;
    struct graph_node *file = file_node(making, rows, class);
    struct graph_node *process = process_node(making, rows, PROGRAM, true);
    if (process != NULL && process->called == NULL)
        process->called = lines_called(rows_text(rows, COMMAND), rows_text(rows, PROGRAM));
    if (file == NULL || process == NULL || process->called == NULL)
        return -ENOMEM;
    int status = 0;
    unsigned in = what & (GRAPH_READS | GRAPH_EXECUTES), out = what & (GRAPH_WRITES | GRAPH_DELETES);
    if (in != 0)
        status = add_edge(making, file, process, in);
    if (status == 0 && out != 0)
        status = add_edge(making, process, file, out);
    return status;
}

/* How many processes stand behind a node. */
static int count_processes(struct making *making)
{
    cleanup_rows rows = {0};
    if (!rows_ask(&rows, making->context, "SELECT program, command FROM process"))
        return rows.status;
    while (rows_next(&rows)) {
        struct graph_node *node = process_node(making, &rows, 0, false);
        if (node != NULL)
            node->count++;
    }
    return rows_close(&rows);
}

static size_t count_shown(const struct graph *graph)
{
    size_t count = 0;
    for (const struct graph_node *node = graph->nodes; node != NULL; node = node->hh.next)
        count += graph_shows(node);
    return count;
}

/* -E2BIG: it has become too large. */
static int make_level(struct making *making)
{
    cleanup_rows rows = {0};
    int status = 0;
    if (!rows_ask(&rows, making->context, edges_sql))
        return rows.status;
    while (status == 0 && rows_next(&rows)) {
        bool full = making->nodes >= NODES_MADE || making->edges >= EDGES_MADE;
        if (full && !making->last)
            return -E2BIG;
        if (full)
            making->graph->left_out++;
        else
            status = put_row(making, &rows);
    }
    if (status == 0)
        status = rows_close(&rows);
    if (status == 0)
        status = count_processes(making);
    making->graph->shown = count_shown(making->graph);
    return status == 0 && making->graph->shown > GRAPH_NODES_MAX && !making->last ? -E2BIG : status;
}

static int make_levels(struct making *making)
{
    int status = -E2BIG;
    for (size_t i = 0; status == -E2BIG && i < LEVELS; i++) {
        graph_free(making->graph);
        making->level = levels[i];
        making->last = i + 1 == LEVELS;
        making->nodes = making->edges = 0;
        status = make_level(making);
    }
    return status;
}

int graph_make(struct graph *graph, struct format_context *context)
{
    struct making making = {.graph = graph, .context = context, .cwd = sql_meta(context->database, "cwd")};
    *graph = (struct graph){.nodes = NULL};
    int status = make_levels(&making);
    if (status == 0 && graph->shown == 0) {
        making.with_system = true;
        status = make_levels(&making);
        graph->with_system = true;
    }
    free(making.cwd);
    return status;
}

void graph_free(struct graph *graph)
{
    struct graph_node *nodes = graph->nodes;
    struct graph_edge *edges = graph->edges;
    HASH_CLEAR(hh, graph->nodes);
    HASH_CLEAR(hh, graph->edges);
    for (struct graph_edge *edge = edges, *next; edge != NULL; edge = next) {
        next = edge->hh.next;
        free(edge);
    }
    for (struct graph_node *node = nodes, *next; node != NULL; node = next) {
        next = node->hh.next;
        free(node->name);
        free(node->command);
        free(node->called);
        free(node->first_file);
        free(node);
    }
    *graph = (struct graph){.nodes = NULL};
}
