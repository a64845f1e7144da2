/*
 * The command line: any words, for any command. Nothing is run: what a command would do stands here, and checks that
 * what it was told makes sense. A word ends at a NUL or a newline.
 */
#include "supervisor/learn.h"
#include "supervisor/operands.h"
#include "supervisor/probe.h"
#include "supervisor/record/format.h"
#include "supervisor/record/load.h"
#include "supervisor/record/query.h"
#include "supervisor/record_run.h"
#include "supervisor/run.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define main coffer_main
int coffer_main(int argc, char **argv);
#include "supervisor/main.c"
#undef main

enum { WORDS_MAX = 32, TEXT_MAX = 4096 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char **words;
static int word_count;
static int report_fd; /* where the fuzzer itself writes: not to the commands' streams */

/* The words of the command are the end of the command line, as they were given. */
/* No file is opened to be written to. */
struct learned *learned_new(void)
{
    return NULL;
}

void learned_free(struct learned *learned)
{
    (void)learned;
}

void learned_write(struct learned *learned, struct policy *secrets, FILE *out)
{
    (void)learned, (void)secrets, (void)out;
}

/* No record is read, and none turned into anything. */
static int write_nothing(struct format_context *context)
{
    (void)context;
    abort();
}

const struct format formats[] = {
    {"summary", ".txt", "", false, write_nothing},
    {"depfile", ".d", "", false, write_nothing},
    {.name = NULL},
};

const struct format *format_find(const char *name)
{
    return strcmp(name, "summary") == 0 ? &formats[0] : strcmp(name, "depfile") == 0 ? &formats[1] : NULL;
}

const struct format *format_of_file(const char *path)
{
    return strstr(path, ".d") != NULL ? &formats[1] : NULL;
}

int record_load(struct record_loaded *loaded, const char *record, record_damage_function *damage, void *context)
{
    if (record == NULL || damage == NULL || context == NULL)
        abort();
    *loaded = (struct record_loaded){.database = NULL};
    return -ENOENT;
}

void record_loaded_close(struct record_loaded *loaded)
{
    (void)loaded;
}

long query_answer(sqlite3 *database, enum query_kind kind, const char *operand, int pid, FILE *out)
{
    (void)database, (void)kind, (void)operand, (void)pid, (void)out;
    abort();
}

bool query_knows(sqlite3 *database, const char *path)
{
    (void)database, (void)path;
    abort();
}

int run_command(const struct run_request *request, bool *executed)
{
    *executed = false;
    int count = 0;
    if (request->over_count < 0 || request->over_count > RUN_OVER_MAX || request->argv == NULL)
        abort();
    for (int i = 0; i < request->over_count; i++)
        if (request->over[i] == NULL)
            abort();
    for (size_t i = 0; i < request->path_count; i++)
        if (i >= RUN_PATHS_MAX || request->paths[i].path == NULL || *request->paths[i].path == '\0')
            abort();
    if (request->quiet && request->verbose)
        abort();
    while (request->argv[count] != NULL)
        count++;
    bool own = word_count >= count && request->argv == words + word_count - count;
    if (strcmp(words[1], "run") == 0 && (count == 0 || !own))
        abort();
    return 0;
}

bool record_run(const struct record_request *request, struct record_outcome *outcome)
{
    int count = 0;
    *outcome = (struct record_outcome){.status = STATUS_COFFER_FAILED};
    if (request->recorder.path == NULL || *request->recorder.path == '\0' || request->recorder.argv == NULL)
        abort();
    while (request->recorder.argv[count] != NULL)
        count++;
    if (count == 0 || word_count < count || request->recorder.argv != words + word_count - count)
        abort();
    return false;
}

int operands_open(struct operands *operands, enum layer_open_mode mode, int count, char **given)
{
    (void)mode;
    if (count < 0 || given + count != words + word_count)
        abort();
    for (int i = 0; i < count; i++)
        if (given[i] == NULL)
            abort();
    memset(operands, 0, sizeof *operands);
    return STATUS_FAILED;
}

void operands_close(struct operands *operands)
{
    (void)operands;
}

void probe_all(struct probe_report *report)
{
    memset(report, 0, sizeof *report);
}

/* Standard error belongs to the fuzzer (libFuzzer writes there by its descriptor); what coffer prints goes nowhere. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (setenv("XDG_STATE_HOME", "/nonexistent", 1) < 0)
        abort();
    report_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    FILE *nowhere = fdopen(report_fd, "w");
    if (nowhere == NULL)
        abort();
    stdout = nowhere;
    stderr = nowhere;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + 1];
    static char *vector[WORDS_MAX + 3];
    if (size < 1 || size > TEXT_MAX)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    words = vector;
    word_count = 0;
    vector[word_count++] = (char *)(uintptr_t) "coffer";
    /* Most name a command. */
    size_t command = data[0] % 10;
    if (command < sizeof commands / sizeof *commands - 1)
        vector[word_count++] = (char *)(uintptr_t)commands[command].name;
    for (char *word = text; word < text + size - 1 && word_count < WORDS_MAX + 2;) {
        size_t length = strcspn(word, "\n");
        vector[word_count++] = word;
        word[length] = '\0';
        word += length + 1;
    }
    vector[word_count] = NULL;
    optind = 0; /* glibc's getopt begins anew */
    int status = coffer_main(word_count, vector);
    if (status < 0 || (status > 2 && status != STATUS_COFFER_FAILED))
        abort();
    return 0;
}
