/*
 * make_record FILE: writes a record of what standard input describes, an event a line; empty lines and those that begin
 * with '#' are skipped.
 *
 *   TIME PROCESS KIND [PATH [PATH2]] [KEY=VALUE]... [-- WORD...]
 *
 * TIME is in microseconds, PROCESS a number, 0 for none; KIND a word of record_kind_word(). `repeat` is followed by the
 * kind that it repeats. Words are apart by blanks; in them \s is a blank, \n a newline, \\ a backslash and \xHH a byte.
 * Keys of every kind: call, said, said2, error (a number), flags (a number, or of
 * layer,directory,exchanged,predicted,both,cut,unresolved), count. Others:
 *   begin     cwd host user version epoch (ns) view=1 streams=1, and the command behind --
 *   end       status lost
 *   start     parent pid threads=1
 *   executed  cwd, and the words behind --; env=NAME=VALUE, once for each
 *   exit      status user system resident
 *   hash      state (before, after) algorithm (sha256, blake2b, git) digest (hexadecimal) size
 *   violation rule text
 */
#include "supervisor/record/store.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 256 };

static unsigned long line_number;

static void fail(const char *what)
{
    fprintf(stderr, "make_record: line %lu: %s\n", line_number, what);
    exit(2);
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));
    if (found == NULL)
        fail("not a hexadecimal number");
    return (int)(found - digits);
}

/* In its own place: what it means is never longer. */
static void unescape(char *word)
{
    char *out = word;
    for (const char *in = word; *in != '\0'; in++) {
        if (*in != '\\') {
            *out++ = *in;
            continue;
        }
        in++;
        if (*in == 'x') {
            *out++ = (char)(digit(in[1]) * 16 + digit(in[2]));
            in += 2;
        } else if (*in == 's' || *in == 'n' || *in == '\\') {
            *out++ = *in == 's' ? ' ' : *in == 'n' ? '\n' : '\\';
        } else {
            fail("an escape that is none");
        }
    }
    *out = '\0';
}

static unsigned long long number(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 0);
    if (end == text || *end != '\0')
        fail("not a number");
    return value;
}

static unsigned flags_of(const char *text)
{
    static const char *const names[] = {"layer", "directory", "exchanged", "predicted", "both", "cut", "unresolved"};
    unsigned flags = 0;
    if (isdigit((unsigned char)*text))
        return (unsigned)number(text);
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        size_t i = 0;
        while (i < 7 && (strlen(names[i]) != length || strncmp(names[i], text, length) != 0))
            i++;
        if (i == 7)
            fail("no such flag");
        flags |= 1u << i;
        text += length + (text[length] == ',');
    }
    return flags;
}

static void take_digest(struct record_event *event, const char *text)
{
    size_t size = strlen(text) / 2;
    if (size > RECORD_DIGEST_MAX)
        fail("a long digest");
    event->hash.digest_size = size;
    for (size_t i = 0; i < size; i++)
        event->hash.digest[i] = (unsigned char)(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
}

/* Words, each with its NUL, behind one another. Freed with the process. */
static char *join(char **words, int count, size_t *size)
{
    *size = 0;
    for (int i = 0; i < count; i++)
        *size += strlen(words[i]) + 1;
    char *all = malloc(*size + 1);
    size_t at = 0;
    for (int i = 0; i < count && all != NULL; i++) {
        memcpy(all + at, words[i], strlen(words[i]) + 1);
        at += strlen(words[i]) + 1;
    }
    return all;
}

static int take_common(struct record_event *event, const char *key, const char *value)
{
    if (strcmp(key, "call") == 0)
        event->call = value;
    else if (strcmp(key, "said") == 0)
        event->said = value;
    else if (strcmp(key, "said2") == 0)
        event->said2 = value;
    else if (strcmp(key, "error") == 0)
        event->error = (int)number(value);
    else if (strcmp(key, "flags") == 0)
        event->flags = flags_of(value);
    else if (strcmp(key, "count") == 0)
        event->count = number(value);
    else
        return 0;
    return 1;
}

static int take_begin(struct record_event *event, const char *key, const char *value)
{
    if (strcmp(key, "cwd") == 0)
        event->begin.cwd = value;
    else if (strcmp(key, "host") == 0)
        event->begin.host = value;
    else if (strcmp(key, "user") == 0)
        event->begin.user = value;
    else if (strcmp(key, "version") == 0)
        event->begin.version = value;
    else if (strcmp(key, "epoch") == 0)
        event->begin.epoch = number(value);
    else if (strcmp(key, "view") == 0)
        event->begin.view = number(value) != 0;
    else if (strcmp(key, "streams") == 0)
        event->begin.streams = number(value) != 0;
    else
        return 0;
    return 1;
}

static int take_process(struct record_event *event, const char *key, const char *value)
{
    if (event->kind == RECORD_END && strcmp(key, "status") == 0)
        event->end.status = (int)number(value);
    else if (event->kind == RECORD_END && strcmp(key, "lost") == 0)
        event->end.lost = number(value);
    else if (event->kind == RECORD_START && strcmp(key, "parent") == 0)
        event->start.parent = (uint32_t)number(value);
    else if (event->kind == RECORD_START && strcmp(key, "pid") == 0)
        event->start.pid = (int32_t)number(value);
    else if (event->kind == RECORD_START && strcmp(key, "threads") == 0)
        event->start.thread_like = number(value) != 0;
    else if (event->kind == RECORD_EXIT && strcmp(key, "status") == 0)
        event->exit.status = (int)number(value);
    else if (event->kind == RECORD_EXIT && strcmp(key, "user") == 0)
        event->exit.user_us = number(value);
    else if (event->kind == RECORD_EXIT && strcmp(key, "system") == 0)
        event->exit.system_us = number(value);
    else if (event->kind == RECORD_EXIT && strcmp(key, "resident") == 0)
        event->exit.max_resident_kb = number(value);
    else
        return 0;
    return 1;
}

static int take_hash(struct record_event *event, const char *key, const char *value)
{
    static const char *const algorithms[] = {"", "sha256", "blake2b", "git"};
    if (strcmp(key, "state") == 0)
        event->hash.state = strcmp(value, "before") == 0 ? RECORD_BEFORE : RECORD_AFTER;
    else if (strcmp(key, "size") == 0)
        event->hash.size = number(value);
    else if (strcmp(key, "digest") == 0)
        take_digest(event, value);
    else if (strcmp(key, "algorithm") == 0)
        for (int i = 1; i < RECORD_HASH_COUNT; i++)
            event->hash.algorithm = strcmp(value, algorithms[i]) == 0 ? (enum record_hash)i : event->hash.algorithm;
    else
        return 0;
    return 1;
}

static int take_other(struct record_event *event, const char *key, const char *value)
{
    if (event->kind == RECORD_BEGIN)
        return take_begin(event, key, value);
    if (event->kind == RECORD_HASH)
        return take_hash(event, key, value);
    if (event->kind == RECORD_VIOLATION && strcmp(key, "rule") == 0)
        event->violation.rule = value;
    else if (event->kind == RECORD_VIOLATION && strcmp(key, "text") == 0)
        event->violation.text = value;
    else if (event->kind == RECORD_EXECUTED && strcmp(key, "cwd") == 0)
        event->executed.cwd = value;
    else
        return take_process(event, key, value);
    return 1;
}

static void take_words(struct record_event *event, char **words, int count)
{
    size_t size;
    char *all = join(words, count, &size);
    if (event->kind == RECORD_BEGIN) {
        event->begin.command = all;
        event->begin.command_size = size;
    } else if (event->kind == RECORD_EXECUTED) {
        event->executed.words = all;
        event->executed.words_size = size;
    } else {
        fail("words that nobody wants");
    }
}

/* A word behind the kind: a path, or KEY=VALUE. A path that has a '=' is given by path=. */
static void take_word(struct record_event *event, char *word, char **environment, int *count)
{
    char *value = strchr(word, '=');
    if (*word == '/' || value == NULL) {
        const char **slot = event->path == NULL ? &event->path : &event->path2;
        *slot = word;
        return;
    }
    *value++ = '\0';
    if (strcmp(word, "path") == 0)
        event->path = value;
    else if (strcmp(word, "path2") == 0)
        event->path2 = value;
    else if (strcmp(word, "env") == 0 && event->kind == RECORD_EXECUTED)
        environment[(*count)++] = value;
    else if (!take_common(event, word, value) && !take_other(event, word, value))
        fail("a key that its kind does not have");
}

static void describe(struct record_event *event, char **words, int count)
{
    char *environment[WORDS_MAX];
    int variables = 0;
    int next = 3;
    if (count < 3)
        fail("TIME PROCESS KIND ...");
    event->time = number(words[0]) * 1000;
    event->process = (uint32_t)number(words[1]);
    event->kind = record_kind_of_word(words[2]);
    if (event->kind == 0)
        fail("no such kind");
    if (event->kind == RECORD_REPEAT)
        event->of = count < 4 ? 0 : record_kind_of_word(words[next++]);
    for (; next < count && strcmp(words[next], "--") != 0; next++) {
        unescape(words[next]);
        take_word(event, words[next], environment, &variables);
    }
    for (int i = next + 1; i < count; i++)
        unescape(words[i]);
    if (next < count)
        take_words(event, words + next + 1, count - next - 1);
    if (variables > 0)
        event->executed.environment = join(environment, variables, &event->executed.environment_size);
}

static void free_words(struct record_event *event)
{
    if (event->kind == RECORD_BEGIN)
        free((void *)(uintptr_t)event->begin.command);
    if (event->kind == RECORD_EXECUTED) {
        free((void *)(uintptr_t)event->executed.words);
        free((void *)(uintptr_t)event->executed.environment);
    }
}

static int add_line(struct record_writer *writer, char *line)
{
    char *words[WORDS_MAX];
    char *rest = NULL;
    int count = 0;
    struct record_event event;
    memset(&event, 0, sizeof event);
    for (char *word = strtok_r(line, " \t\n", &rest); word != NULL; word = strtok_r(NULL, " \t\n", &rest)) {
        if (count == WORDS_MAX)
            fail("too many words");
        words[count++] = word;
    }
    if (count == 0 || *words[0] == '#')
        return 0;
    describe(&event, words, count);
    int status = record_writer_add(writer, &event);
    free_words(&event);
    return status;
}

int main(int argc, char **argv)
{
    struct record_writer *writer;
    char *line = NULL;
    size_t room = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: make_record FILE <DESCRIPTION\n");
        return 2;
    }
    int status = record_writer_open(&writer, argv[1]);
    for (; status == 0 && getline(&line, &room, stdin) >= 0; line_number++)
        status = add_line(writer, line);
    free(line);
    if (status == 0)
        status = record_writer_close(writer);
    if (status < 0)
        fprintf(stderr, "make_record: %s: %s\n", argv[1], strerror(-status));
    return status < 0 ? 1 : 0;
}
