/*
 * What was refused, in words: as a line at once, and counted at the end.
 */
#include "emul/cleanup.h"
#include "supervisor/text.h"
#include "supervisor/violation.h"

#include <string.h>

/* A program that is refused something else each time must not fill the screen. */
enum { LINES_MAX = 100, SUMMARY_MAX = 5 };

/* Text that does not end with a NUL. */
static void put_part(FILE *out, const char *text, size_t length)
{
    cleanup_free char *part = strndup(text, length);
    if (part != NULL)
        text_plain(out, part);
}

void violation_put(FILE *out, const struct violations *violations, const struct violation *violation)
{
    static const char *const cannot[POLICY_ACTIONS] = {
        [POLICY_READ] = "cannot read",          [POLICY_WRITE] = "cannot write",  [POLICY_EXEC] = "cannot execute",
        [POLICY_CONNECT] = "cannot connect to", [POLICY_BIND] = "cannot bind to",
    };
    if (violation->text != NULL) {
        text_plain(out, violation->text);
        return;
    }
    /* What is found out after a call has been made is of no call. */
    if (*violation->call != '\0')
        (void)fprintf(out, "%s: ", violation->call);
    (void)fprintf(out, "%s ", cannot[violation->action]);
    text_plain(out, violation->path);
    if (violation->rule == 0) {
        (void)fprintf(out, ": no rule allows it");
        return;
    }
    struct policy_rule rule = policy_rule_get(violations->policy, violation->rule);
    (void)fprintf(out, ": ");
    text_plain(out, rule.file);
    (void)fprintf(out, ":%u: ", rule.line);
    text_rule(out, rule.text, rule.text_length);
    if (violation->limited)
        (void)fprintf(out, " (no ceiling lets it be allowed later)");
}

/* The same of an address: of a socket that is a file, an abstract name, or one of the network. */
static void put_network_hint(FILE *out, struct violations *violations, const struct violation *violation)
{
    bool is_path = violation->path[0] == '/';
    violations->hints |= 1U << violation->action;
    if (!is_path && strncmp(violation->path, "unix:", 5) != 0) {
        bool inside = strncmp(violation->path, "127.", 4) == 0 || strncmp(violation->path, "[::1]", 5) == 0;
        (void)fprintf(out, "; --net %s allows it", inside ? "loopback" : "allow");
        return;
    }
    /* What stands before the name or the path is of the language. */
    size_t before = is_path ? 0 : strlen(violation->path[5] == '@' ? "unix:@" : "unix:");
    cleanup_free char *quoted = policy_quote(violation->path + before);
    if (quoted == NULL)
        return;
    (void)fprintf(out, "; the rule '%s allow unix:%s", policy_action_name(violation->action), before > 5 ? "@" : "");
    text_rule(out, quoted, strlen(quoted));
    (void)fprintf(out, "' allows it");
}

/* A rule of the command line would stand before those that the program adds when it runs again. */
static bool is_of_run_time(const struct violations *violations, const struct violation *violation)
{
    return violation->rule != 0 && policy_rule_get(violations->policy, violation->rule).kind == POLICY_RULE_ADDED;
}

/* What would allow it: for each action it is said once. */
static void put_hint(FILE *out, struct violations *violations, const struct violation *violation)
{
    if (violation->text != NULL || violation->limited || (violations->hints & 1U << violation->action) != 0 ||
        is_of_run_time(violations, violation))
        return;
    if (violation->action == POLICY_CONNECT || violation->action == POLICY_BIND) {
        put_network_hint(out, violations, violation);
        return;
    }
    if (strncmp(violation->path, "/proc/", 6) == 0 || strncmp(violation->path, "/sys/", 5) == 0)
        return; /* there a rule is not all that it takes */
    const char *slash = strrchr(violation->path, '/');
    bool is_path = violation->path[0] == '/';
    bool to_directory = violation->action == POLICY_WRITE && is_path && slash != violation->path;
    cleanup_free char *directory =
        to_directory ? strndup(violation->path, (size_t)(slash - violation->path)) : strdup(violation->path);
    cleanup_free char *quoted = directory == NULL          ? NULL
                                : is_path && !to_directory ? policy_quote(directory)
                                                           : strdup(directory);
    if (quoted == NULL)
        return;
    violations->hints |= 1U << violation->action;
    if (to_directory) {
        (void)fprintf(out, "; -w ");
        text_escaped(out, quoted);
        (void)fprintf(out, " allows it");
    } else {
        (void)fprintf(out, "; the rule '%s %s ", policy_action_name(violation->action),
                      violation->action == POLICY_WRITE ? "direct" : "allow");
        text_rule(out, quoted, strlen(quoted));
        (void)fprintf(out, "' allows it");
    }
}

static void put_command(FILE *out, const struct violation *violation)
{
    const struct facts *facts = &violation->facts;
    (void)fprintf(out, "coffer:     command:");
    for (size_t at = 0; at < facts->command_length; at += strlen(facts->command + at) + 1) {
        (void)fputc(' ', out);
        text_escaped(out, facts->command + at);
    }
    (void)fprintf(out, "%s\n", facts->command_cut ? "..." : "");
}

static void put_backtrace(FILE *out, const struct violation *violation)
{
    for (const char *line = violation->backtrace; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        (void)fprintf(out, "coffer:     ");
        put_part(out, line, length);
        (void)fputc('\n', out);
        line += length + (line[length] == '\n');
    }
}

/* In one write, so that it stays together. */
void violation_tell(struct violations *violations, const struct violation *violation)
{
    cleanup_free char *line = NULL;
    size_t length = 0;
    if (violations->quiet || violations->lines > LINES_MAX)
        return;
    FILE *out = open_memstream(&line, &length);
    if (out == NULL)
        return;
    if (violations->lines++ == LINES_MAX) {
        (void)fprintf(out, "coffer: more was refused; from here on it is only counted, and kept for --report\n");
    } else {
        (void)fprintf(out, "coffer: refused: ");
        text_plain(out, violation->name);
        (void)fprintf(out, "[%d]: ", (int)violation->pid);
        violation_put(out, violations, violation);
        put_hint(out, violations, violation);
        (void)fprintf(out, "%s\n", violation->error == 0 && violation->text == NULL ? "; the process is killed" : "");
        if (violations->verbose && violation->facts.command_length > 0)
            put_command(out, violation);
        if (violation->backtrace != NULL)
            put_backtrace(out, violation);
    }
    if (fclose(out) == 0)
        (void)fwrite(line, 1, length, stderr);
}

static int by_count(const void *left, const void *right)
{
    const struct violation *a = *(const struct violation *const *)left;
    const struct violation *b = *(const struct violation *const *)right;
    return (a->count < b->count) - (a->count > b->count);
}

/* Those that were refused more than once, the most frequent first. */
static void put_counts(const struct violations *violations)
{
    size_t count = HASH_COUNT(violations->seen), used = 0;
    unsigned long others = violations->unlisted;
    cleanup_free const struct violation **sorted = calloc(count + 1, sizeof(const struct violation *));
    if (sorted == NULL)
        return;
    for (const struct violation *violation = violations->seen; violation != NULL; violation = violation->hh.next)
        sorted[used++] = violation;
    qsort(sorted, used, sizeof(const struct violation *), by_count);
    if (used == 0 || (sorted[0]->count == 1 && others == 0))
        return;
    for (size_t i = 0; i < used; i++) {
        if (i >= SUMMARY_MAX || sorted[i]->count == 1) {
            others += sorted[i]->count;
            continue;
        }
        (void)fprintf(stderr, "coffer: refused %lu times: ", sorted[i]->count);
        text_plain(stderr, sorted[i]->name);
        (void)fprintf(stderr, ": ");
        violation_put(stderr, violations, sorted[i]);
        (void)fputc('\n', stderr);
    }
    if (others > 0)
        (void)fprintf(stderr, "coffer: refused %lu times: other things\n", others);
}

void violations_summary(const struct violations *violations)
{
    put_counts(violations);
    if (violations->report != NULL && violations->seen != NULL)
        error_line(violations->report, "tells what was refused, and to whom");
    else if (violations->violated > 0)
        (void)fprintf(stderr, "coffer: who made these calls, and where: --report FILE, --backtrace\n");
}
