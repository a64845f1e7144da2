/*
 * A drawing for Graphviz: what was read, who read it, and what came of it. Names are quoted strings, never labels of
 * the kinds that have a syntax of their own (records, HTML).
 */
#include "supervisor/record/formats.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "supervisor/record/graph.h"
#include "supervisor/record/sql.h"
#include "supervisor/record/statement.h"
#include "supervisor/text.h"

#include <errno.h>
#include <string.h>

enum { LABEL_MAX = 60 }; /* characters of a line in a node */

/* Bytes as they stand within quotes: a backslash and an ampersand begin something in a label, too. */
static void put_escaped(FILE *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (*p == '"' || *p == '\\')
            (void)fprintf(out, "\\%c", *p);
        else if (*p == '&')
            (void)fputs("&amp;", out);
        else
            (void)fputc(*p, out);
}

/* A name as people are shown it, cut in the middle when it is long: its end tells most. */
static void put_name(FILE *out, const char *name, size_t most)
{
    cleanup_free char *plain = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&plain, &size);
    if (memory == NULL)
        return;
    text_plain(memory, name);
    if (fclose(memory) != 0 || plain == NULL)
        return;
    const char *from = plain;
    if (size > most) {
        from = plain + (size - most);
        while (json_text_character(from) == 0)
            from++;
        (void)fputs("...", out);
    }
    put_escaped(out, from);
}

/* The words of a command without the first, in a line. */
static void put_command(FILE *out, const char *command)
{
    json_auto_t *words = statement_array(command);
    size_t length = 0;
    size_t i = 1;
    for (; i < json_array_size(words) && length < LABEL_MAX; i++) {
        const char *word = json_string_value(json_array_get(words, i));
        (void)fputs(i == 1 ? "\\n" : " ", out);
        if (word != NULL)
            put_name(out, word, LABEL_MAX);
        length += word == NULL ? 0 : strlen(word) + 1;
    }
    if (i < json_array_size(words))
        (void)fputs(" ...", out);
}

static void put_process(FILE *out, const struct graph_node *node)
{
    put_name(out, node->called, LABEL_MAX);
    if (node->count > 1)
        (void)fprintf(out, " (%" PRIu64 " times)", node->count);
    if (node->command != NULL)
        put_command(out, node->command);
}

static void put_file(FILE *out, const struct graph_node *node, const char *cwd)
{
    bool alone = node->first_file != NULL && node->count == 1;
    const char *name = alone ? node->first_file : node->name;
    size_t length = cwd == NULL ? 0 : strlen(cwd);
    bool below = length > 1 && strncmp(name, cwd, length) == 0;
    if (below && name[length] == '/')
        name += length + 1;
    else if (below && name[length] == '\0')
        name = ".";
    put_name(out, name, LABEL_MAX);
    if (node->first_file != NULL && !alone)
        (void)fprintf(out, "/\\n%" PRIu64 " files", node->count);
}

static void put_node(FILE *out, const struct graph_node *node, const char *cwd)
{
    static const char *const looks[] = {
        [GRAPH_PROCESS] = "shape=box, style=\"rounded,filled\", fillcolor=\"#dce8f8\"",
        [GRAPH_INPUT] = "shape=note",
        [GRAPH_OUTPUT] = "shape=note, style=filled, fillcolor=\"#d8f0d8\"",
        [GRAPH_TEMPORARY] = "shape=note, style=dashed",
        [GRAPH_DELETED] = "shape=note, color=\"#b00000\"",
    };
    (void)fprintf(out, "  n%zu [%s, label=\"", node->number, looks[node->class]);
    if (node->class == GRAPH_PROCESS)
        put_process(out, node);
    else
        put_file(out, node, cwd);
    (void)fputs("\", tooltip=\"", out);
    put_name(out, node->first_file != NULL && node->count == 1 ? node->first_file : node->name, 1000);
    (void)fputs("\"];\n", out);
}

static void put_edge(FILE *out, const struct graph_edge *edge)
{
    (void)fprintf(out, "  n%zu -> n%zu", edge->ends.from->number, edge->ends.to->number);
    if ((edge->what & GRAPH_EXECUTES) != 0)
        (void)fputs(" [label=\"runs\", style=dotted]", out);
    else if ((edge->what & GRAPH_DELETES) != 0)
        (void)fputs(" [label=\"deletes\", color=\"#b00000\"]", out);
    (void)fputs(";\n", out);
}

/* The most that is drawn, by number: those that were met first. */
static bool is_drawn(const struct graph_node *node, size_t *room)
{
    if (!graph_shows(node) || *room == 0)
        return false;
    (*room)--;
    return true;
}

static void put_graph(FILE *out, struct graph *graph, const char *cwd)
{
    size_t room = GRAPH_NODES_MAX, missing = graph->shown > room ? graph->shown - room : 0;
    size_t last = 0;
    for (const struct graph_node *node = graph->nodes; node != NULL; node = node->hh.next)
        if (is_drawn(node, &room)) {
            put_node(out, node, cwd);
            last = node->number;
        }
    for (const struct graph_edge *edge = graph->edges; edge != NULL; edge = edge->hh.next) {
        const struct graph_node *from = edge->ends.from, *to = edge->ends.to;
        if (graph_shows(from) && graph_shows(to) && from->number <= last && to->number <= last)
            put_edge(out, edge);
    }
    if (missing > 0 || graph->left_out > 0)
        (void)fprintf(out, "  more [shape=plaintext, label=\"%zu more nodes, %zu more events are not shown\"];\n",
                      missing, graph->left_out);
}

int format_dot(struct format_context *context)
{
    struct graph graph;
    cleanup_free char *cwd = sql_meta(context->database, "cwd");
    int status = graph_make(&graph, context);
    if (status == 0) {
        (void)fputs("digraph record {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=10];\n"
                    "  edge [fontname=\"sans-serif\", fontsize=8];\n",
                    context->out);
        put_graph(context->out, &graph, cwd);
        (void)fputs("}\n", context->out);
    }
    graph_free(&graph);
    return status;
}
