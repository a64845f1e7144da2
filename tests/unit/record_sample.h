/*
 * Events to write and to compare with what is read: the one of a number is always the same.
 */
#ifndef COFFER_TESTS_UNIT_RECORD_SAMPLE_H
#define COFFER_TESTS_UNIT_RECORD_SAMPLE_H

#include "supervisor/record/event.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct sample {
    struct record_event event;
    char strings[12][400];
    size_t used;
    uint64_t state;
};

static uint64_t sample_random(struct sample *sample, uint64_t below)
{
    sample->state = sample->state * 6364136223846793005 + 1442695040888963407;
    return (sample->state >> 33) % below;
}

/* Any bytes but NUL; often a name that came before, or one in its directory. */
static const char *sample_name(struct sample *sample)
{
    char *name = sample->strings[sample->used++];
    switch (sample_random(sample, 8)) {
    case 0:
        return NULL;
    case 1:
        return memcpy(name, "/", 2);
    case 2:
        for (size_t i = 0, length = sample_random(sample, 300); i < length; i++)
            name[i] = (char)(1 + sample_random(sample, 255));
        return name;
    case 3:
        (void)snprintf(name, 400, "../%u/", (unsigned)sample_random(sample, 10));
        return name;
    default:
        (void)snprintf(name, 400, "/usr/include/%u/file-%u.h", (unsigned)sample_random(sample, 30),
                       (unsigned)sample_random(sample, 50));
        return name;
    }
}

static const char *sample_words(struct sample *sample, size_t *size)
{
    char *words = sample->strings[sample->used++];
    if (sample_random(sample, 5) == 0)
        return NULL;
    for (size_t word = sample_random(sample, 5); word > 0; word--)
        *size += (size_t)snprintf(words + *size, 20, "word %u", (unsigned)sample_random(sample, 100)) + 1;
    return words;
}

static void sample_begin(struct sample *sample, struct record_event *event)
{
    event->begin.epoch = 1700000000123456789;
    event->begin.command = sample_words(sample, &event->begin.command_size);
    event->begin.cwd = sample_name(sample);
    event->begin.host = "host";
    event->begin.user = "";
    event->begin.version = "0.1";
    event->begin.view = sample_random(sample, 2);
    event->begin.streams = sample_random(sample, 2);
}

static void sample_executed(struct sample *sample, struct record_event *event)
{
    event->executed.words = sample_words(sample, &event->executed.words_size);
    event->executed.environment = sample_words(sample, &event->executed.environment_size);
    event->executed.cwd = sample_name(sample);
}

static void sample_exit(struct sample *sample, struct record_event *event)
{
    event->exit.status = (int)sample_random(sample, 1 << 16);
    event->exit.user_us = sample_random(sample, UINT32_MAX);
    event->exit.system_us = UINT64_MAX;
    event->exit.max_resident_kb = sample_random(sample, 1 << 20);
    event->exit.block_in = sample_random(sample, 3);
    event->exit.block_out = 127;
}

static void sample_hash(struct sample *sample, struct record_event *event)
{
    event->hash.algorithm = (enum record_hash)(1 + sample_random(sample, RECORD_HASH_COUNT - 1));
    event->hash.state = (enum record_state)(1 + sample_random(sample, 2));
    event->hash.size = sample_random(sample, INT32_MAX);
    event->hash.digest_size = sample_random(sample, RECORD_DIGEST_MAX + 1);
    for (size_t i = 0; i < event->hash.digest_size; i++)
        event->hash.digest[i] = (unsigned char)sample_random(sample, 256);
}

/* What its kind has beside the common members. */
static void sample_members(struct sample *sample, struct record_event *event)
{
    if (event->kind == RECORD_BEGIN)
        sample_begin(sample, event);
    if (event->kind == RECORD_END) {
        event->end.status = 256;
        event->end.lost = sample_random(sample, 3);
    }
    if (event->kind == RECORD_START) {
        event->start.parent = (uint32_t)sample_random(sample, UINT32_MAX);
        event->start.pid = (int32_t)sample_random(sample, 1 << 22);
        event->start.thread_like = sample_random(sample, 2);
    }
    if (event->kind == RECORD_EXECUTED)
        sample_executed(sample, event);
    if (event->kind == RECORD_EXIT)
        sample_exit(sample, event);
    if (event->kind == RECORD_HASH)
        sample_hash(sample, event);
    if (event->kind == RECORD_REPEAT) {
        event->of = RECORD_READ;
        event->count = 1 + sample_random(sample, 1000);
    }
    if (event->kind == RECORD_VIOLATION) {
        event->violation.rule = sample_name(sample);
        event->violation.text = sample_name(sample);
    }
}

/* The event of a number; its time grows with that. Of the kind given, or any but RECORD_END. */
static struct record_event *sample_of(struct sample *sample, uint64_t number, enum record_kind kind)
{
    static const char *const calls[] = {NULL, "openat", "newfstatat", "execve", "rename"};
    memset(sample, 0, sizeof *sample);
    sample->state = number * 977 + 1;
    struct record_event *event = &sample->event;
    event->kind = kind != 0 ? kind : (enum record_kind)(1 + sample_random(sample, RECORD_KIND_COUNT - 1));
    event->kind = event->kind == RECORD_END && kind == 0 ? RECORD_READ : event->kind;
    event->time = (number * 50 + sample_random(sample, 50)) * 1000;
    event->process = (uint32_t)(number / 20 + sample_random(sample, 2));
    event->flags = (unsigned)sample_random(sample, 2) * (unsigned)sample_random(sample, 32);
    event->call = calls[sample_random(sample, 5)];
    event->error = (int)(sample_random(sample, 2) * sample_random(sample, 200));
    event->path = sample_name(sample);
    event->path2 = sample_name(sample);
    event->said = sample_name(sample);
    event->said2 = sample_name(sample);
    sample_members(sample, event);
    return event;
}

static bool same_string(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && (a == NULL || b == NULL ? a == b : memcmp(a, b, a_size) == 0);
}

/* Strings of the union are compared, and the rest of it bytewise with those taken out. */
static bool same_members(struct record_event a, struct record_event b)
{
    if (a.kind == RECORD_BEGIN)
        return a.begin.epoch == b.begin.epoch && a.begin.view == b.begin.view && a.begin.streams == b.begin.streams &&
               same_bytes(a.begin.command, a.begin.command_size, b.begin.command, b.begin.command_size) &&
               same_string(a.begin.cwd, b.begin.cwd) && same_string(a.begin.host, b.begin.host) &&
               same_string(a.begin.user, b.begin.user) && same_string(a.begin.version, b.begin.version);
    if (a.kind == RECORD_EXECUTED)
        return same_bytes(a.executed.words, a.executed.words_size, b.executed.words, b.executed.words_size) &&
               same_bytes(a.executed.environment, a.executed.environment_size, b.executed.environment,
                          b.executed.environment_size) &&
               same_string(a.executed.cwd, b.executed.cwd);
    if (a.kind == RECORD_EXIT)
        return memcmp(&a.exit.user_us, &b.exit.user_us, 5 * sizeof(uint64_t)) == 0 && a.exit.status == b.exit.status;
    if (a.kind == RECORD_END)
        return a.end.status == b.end.status && a.end.lost == b.end.lost;
    if (a.kind == RECORD_START)
        return a.start.parent == b.start.parent && a.start.pid == b.start.pid &&
               a.start.thread_like == b.start.thread_like;
    if (a.kind == RECORD_HASH)
        return a.hash.algorithm == b.hash.algorithm && a.hash.state == b.hash.state && a.hash.size == b.hash.size &&
               a.hash.digest_size == b.hash.digest_size &&
               memcmp(a.hash.digest, b.hash.digest, sizeof a.hash.digest) == 0;
    if (a.kind == RECORD_VIOLATION)
        return same_string(a.violation.rule, b.violation.rule) && same_string(a.violation.text, b.violation.text);
    return true;
}

static bool same_event(const struct record_event *a, const struct record_event *b)
{
    return a->kind == b->kind && a->time == b->time && a->process == b->process && a->flags == b->flags &&
           same_string(a->call, b->call) && a->error == b->error && a->count == b->count && a->of == b->of &&
           same_string(a->path, b->path) && same_string(a->path2, b->path2) && same_string(a->said, b->said) &&
           same_string(a->said2, b->said2) && same_members(*a, *b);
}

#endif
