#include "supervisor/command.h"

#include "supervisor/text.h"

#include <getopt.h>
#include <string.h>

enum { ROWS_MAX = 64, COLUMN = 28 };

/* What getopt_long() returns for the --help that every command has. */
enum { HELP_VALUE = 0x10000 };

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static void print_row(FILE *out, int letter, const char *name, const char *argument, const char *help)
{
    char left[128];
    char mark[8] = "    ";
    if (letter < OPTION_LONG_ONLY && letter > 0)
        (void)snprintf(mark, sizeof mark, "-%c, ", letter);
    (void)snprintf(left, sizeof left, "  %s--%s%s%s", mark, name, argument == NULL ? "" : " ",
                   argument == NULL ? "" : argument);
    if (strlen(left) >= COLUMN)
        (void)fprintf(out, "%s\n%*s%s\n", left, COLUMN, "", help);
    else
        (void)fprintf(out, "%-*s%s\n", COLUMN, left, help);
}

void command_help(const struct command *command, FILE *out)
{
    (void)fprintf(out, "Usage: coffer %s %s\n\n%s.\n\nOptions:\n", command->name, command->synopsis, command->summary);
    for (const struct option_row *row = command->options; row->name != NULL; row++)
        print_row(out, row->letter, row->name, row->argument, row->help);
    print_row(out, 0, "help", NULL, "print this help");
}

int command_usage_error(const struct command *command, const char *what)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s: %s; see 'coffer %s --help'", command->name, what, command->name);
    error_text(line);
    return command->usage_status;
}

/* Fills getopt's two tables from the rows. */
static void build_tables(const struct command *command, int in_order, struct option *longs, char *shorts)
{
    size_t count = 0;
    /* Without the '+' getopt moves operands behind the options. */
    if (in_order)
        *shorts++ = '+';
    *shorts++ = ':';
    for (const struct option_row *row = command->options; row->name != NULL && count < ROWS_MAX; row++) {
        longs[count++] = (struct option){
            .name = row->name,
            .has_arg = row->argument == NULL ? no_argument : required_argument,
            .val = row->letter,
        };
        if (row->letter >= OPTION_LONG_ONLY)
            continue;
        *shorts++ = (char)row->letter;
        if (row->argument != NULL)
            *shorts++ = ':';
    }
    longs[count++] = (struct option){.name = "help", .has_arg = no_argument, .val = HELP_VALUE};
    longs[count] = (struct option){.name = NULL};
    *shorts = '\0';
}

static void report_wrong(const struct command *command, int result, char **argv)
{
    char what[256];
    const char *word = argv[optind - 1];
    const char *problem = result == ':' ? "wants an argument" : "unknown option, or one that takes no argument";
    if (optopt > 0 && optopt < OPTION_LONG_ONLY && strncmp(word, "--", 2) != 0)
        (void)snprintf(what, sizeof what, "-%c: %s", optopt, problem);
    else
        (void)snprintf(what, sizeof what, "%.150s: %s", word, problem);
    (void)command_usage_error(command, what);
}

int command_options_next(const struct command *command, int argc, char **argv, int in_order)
{
    struct option longs[ROWS_MAX + 2];
    char shorts[2 * ROWS_MAX + 4];
    build_tables(command, in_order, longs, shorts);
    opterr = 0;
    int result = getopt_long(argc, argv, shorts, longs, NULL);
    if (result == HELP_VALUE) {
        command_help(command, stdout);
        return OPTIONS_HELP;
    }
    if (result == '?' || result == ':') {
        report_wrong(command, result, argv);
        return OPTIONS_WRONG;
    }
    return result == -1 ? OPTIONS_END : result;
}
