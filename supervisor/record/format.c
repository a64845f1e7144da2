#include "supervisor/record/formats.h"

#include <string.h>

/* In the order in which --help and the manual name them. Each has its file, format_NAME.c. */
const struct format formats[] = {
    {"summary", NULL, "for a person: what came of it, biggest first", false, format_summary},
    {"sqlite", ".sqlite", "an SQLite database, for queries of one's own", false, format_sqlite},
    {"depfile", ".d", "rules for make and ninja", false, format_depfile},
    {"jsonl", ".jsonl", "each event as a JSON object, a line each", true, format_jsonl},
    {"strace", ".strace", "each event as a line like strace's", true, format_strace},
    {"trace", ".trace.json", "processes over time, for Perfetto and chrome://tracing", false, format_trace},
    {"dot", ".dot", "which processes and files hang together, for Graphviz", false, format_dot},
    {"intoto", ".intoto.json", "an in-toto statement about what ran (runtime-trace v0.1)", false, format_intoto},
    {"slsa", ".slsa.json", "an in-toto statement about the build (SLSA provenance v1)", false, format_slsa},
    {"html", ".html", "a page for a browser", false, format_html},
    {.name = NULL},
};

const struct format *format_find(const char *name)
{
    for (const struct format *format = formats; format->name != NULL; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

const struct format *format_of_file(const char *path)
{
    size_t length = strlen(path);
    for (const struct format *format = formats; format->name != NULL; format++) {
        size_t end = format->suffix == NULL ? 0 : strlen(format->suffix);
        if (end > 0 && length > end && strcmp(path + length - end, format->suffix) == 0)
            return format;
    }
    /* Whoever says no more wants the events; that these are JSON lines, an object a line, he has to know. */
    return length > 5 && strcmp(path + length - 5, ".json") == 0 ? format_find("jsonl") : NULL;
}
