/*
 * The command line: one table of commands, one list of options a command.
 *
 * The same option rows feed getopt_long(), --help and the tests that compare the man
 * pages and the shell completion with the program.
 */
#ifndef COFFER_SUPERVISOR_COMMAND_H
#define COFFER_SUPERVISOR_COMMAND_H

#include <stdio.h>

/* Exit statuses of the commands that are not run, shell or record. */
enum {
    STATUS_DONE = 0,
    STATUS_DIFFERENT = 1, /* differences, conflicts, violations */
    STATUS_USAGE = 2,
    STATUS_FAILED = 2, /* it could not be done at all, as of diff(1) and grep(1) */
};

/* Exit statuses of run, shell and record where they do not pass on the program's own. */
enum { STATUS_COFFER_FAILED = 125, STATUS_CANNOT_EXECUTE = 126, STATUS_NOT_FOUND = 127 };

/* The value of options that have no letter begins here. */
enum { OPTION_LONG_ONLY = 256 };

/* A list of rows ends with one whose `name` is NULL. */
struct option_row {
    int letter;           /* 'l' for -l; OPTION_LONG_ONLY + n: none; what command_options_next() returns */
    const char *name;     /* "layer" for --layer */
    const char *argument; /* "LAYER", or NULL when the option takes none */
    const char *help;     /* one line */
};

struct command {
    const char *name;
    const char *synopsis; /* what follows "coffer NAME ", as in "[LAYER] [PATH...]" */
    const char *summary;  /* one line */
    const struct option_row *options;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
    int usage_status;                  /* what wrong usage of it exits with */
};

/* Every command, ending with one whose name is NULL. */
extern const struct command commands[];

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);

/* What command_options_next() returns besides a row's letter. */
enum {
    OPTIONS_END = -1,   /* no more options: operands begin at argv[optind] */
    OPTIONS_HELP = -2,  /* --help was asked for and has been printed: exit 0 */
    OPTIONS_WRONG = -3, /* one line about it has been printed: exit with usage_status */
};

/*
 * The next option of a command line, as getopt_long() with optarg and optind; options end at
 * the first operand when `in_order` (run, shell), else they may stand anywhere.
 */
int command_options_next(const struct command *command, int argc, char **argv, int in_order);

/* Prints what --help prints. */
void command_help(const struct command *command, FILE *out);

/* Prints "coffer: COMMAND: what" with the hint to --help; returns the command's usage_status. */
int command_usage_error(const struct command *command, const char *what);

/* The commands; each has its option rows beside it. */
int cmd_run(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_discard(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

extern const struct option_row run_options[]; /* of run and shell */
extern const struct option_row list_options[];
extern const struct option_row diff_options[];
extern const struct option_row commit_options[];
extern const struct option_row discard_options[];
extern const struct option_row record_options[];
extern const struct option_row report_options[];
extern const struct option_row policy_options[];
extern const struct option_row doctor_options[];

#endif
