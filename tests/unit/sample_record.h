/*
 * A record of a build that never ran: make starts a shell with a name of odd bytes, and a compiler and an assembler for
 * each of some files. All kinds of events are in it.
 */
#ifndef COFFER_TESTS_SAMPLE_RECORD_H
#define COFFER_TESTS_SAMPLE_RECORD_H

#include "supervisor/record/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_ODD "/home/u/p/bad\xff\"\\ \n\x1b&<>|{}\xc2\x9b.txt"

struct sample {
    unsigned files;
    bool hashes;
    bool odd; /* with the odd name */
    struct record_writer *writer;
    uint64_t time;
};

static inline void sample_add(struct sample *sample, struct record_event event)
{
    event.time = sample->time += 1000000;
    if (record_writer_add(sample->writer, &event) != 0)
        abort();
}

static inline void sample_file(struct sample *sample, uint32_t process, enum record_kind kind, const char *call,
                               const char *path)
{
    sample_add(sample, (struct record_event){.kind = kind, .process = process, .call = call, .path = path});
}

static inline void sample_start(struct sample *sample, uint32_t process, uint32_t parent, const char *program,
                                const char *words, size_t size)
{
    struct record_event start = {.kind = RECORD_START, .process = process, .call = parent == 0 ? NULL : "vfork"};
    start.start.parent = parent;
    start.start.pid = (int32_t)(1000 + process);
    start.start.thread_like = parent != 0;
    sample_add(sample, start);
    struct record_event executed = {.kind = RECORD_EXECUTED, .process = process, .call = "execve", .path = program};
    executed.executed.words = words;
    executed.executed.words_size = size;
    executed.executed.cwd = "/home/u/p";
    sample_add(sample, executed);
    sample_file(sample, process, RECORD_EXEC, "execve", program);
    sample_file(sample, process, RECORD_MAP, "execve", "/lib64/ld-linux-x86-64.so.2");
}

static inline void sample_exit(struct sample *sample, uint32_t process, int status)
{
    struct record_event event = {.kind = RECORD_EXIT, .process = process};
    event.exit.status = status;
    event.exit.user_us = 1500;
    event.exit.max_resident_kb = 3000;
    sample_add(sample, event);
}

static inline void sample_hash(struct sample *sample, const char *path, enum record_state state,
                               enum record_hash algorithm, size_t size)
{
    struct record_event event = {.kind = RECORD_HASH, .path = path};
    event.hash.algorithm = algorithm;
    event.hash.state = state;
    event.hash.size = 10;
    event.hash.digest_size = size;
    memset(event.hash.digest, (int)strlen(path), size);
    if (sample->hashes)
        sample_add(sample, event);
}

/* One file, by three processes. */
static inline void sample_compile(struct sample *sample, unsigned number)
{
    char source[64], object[64], assembler[64], words[200];
    uint32_t gcc = 10 + 3 * number;
    (void)snprintf(source, sizeof source, "/home/u/p/src/f%u.c", number);
    (void)snprintf(object, sizeof object, "/home/u/p/out/f%u.o", number);
    (void)snprintf(assembler, sizeof assembler, "/tmp/cc%u.s", number);
    int size = snprintf(words, sizeof words, "gcc%c-c%c%s%c-o%c%s", 0, 0, source + 10, 0, 0, object + 10);
    sample_start(sample, gcc, 1, "/usr/bin/gcc", words, (size_t)size + 1);
    size = snprintf(words, sizeof words, "cc1%c%s", 0, source + 10);
    sample_start(sample, gcc + 1, gcc, "/usr/libexec/cc1", words, (size_t)size + 1);
    sample_add(sample,
               (struct record_event){
                   .kind = RECORD_READ, .process = gcc + 1, .call = "openat", .path = source, .said = source + 10});
    sample_file(sample, gcc + 1, RECORD_READ, "openat", "/usr/include/stdio.h");
    sample_file(sample, gcc + 1, RECORD_READ, "openat", "/home/u/p/config.h");
    sample_file(sample, gcc + 1, RECORD_CREATE, "openat", assembler);
    sample_exit(sample, gcc + 1, 0);
    size = snprintf(words, sizeof words, "as%c-o%c%s%c%s", 0, 0, object + 10, 0, assembler);
    sample_start(sample, gcc + 2, gcc, "/usr/bin/as", words, (size_t)size + 1);
    sample_file(sample, gcc + 2, RECORD_READ, "openat", assembler);
    sample_file(sample, gcc + 2, RECORD_CREATE, "openat", object);
    sample_exit(sample, gcc + 2, 0);
    sample_file(sample, gcc, RECORD_DELETE, "unlink", assembler);
    sample_exit(sample, gcc, 0);
    sample_hash(sample, source, RECORD_BEFORE, RECORD_SHA256, 32);
    sample_hash(sample, object, RECORD_AFTER, RECORD_SHA256, 32);
    sample_hash(sample, object, RECORD_AFTER, RECORD_GIT_BLOB, 20);
}

static inline void sample_shell(struct sample *sample)
{
    static const char words[] = "sh\0-c\0echo \"x\" & \\ \n\x1b[2J";
    struct record_event rename = {.kind = RECORD_RENAME, .process = 2, .call = "rename"};
    rename.path = "/home/u/p/new~";
    rename.path2 = "/home/u/p/final";
    struct record_event link = {.kind = RECORD_CREATE, .process = 2, .call = "symlink"};
    link.path = "/home/u/p/link";
    link.path2 = "final";
    sample_start(sample, 2, 1, "/bin/sh", words, sizeof words);
    sample_file(sample, 2, RECORD_CREATE, "openat", sample->odd ? SAMPLE_ODD : "/home/u/p/even.txt");
    sample_file(sample, 2, RECORD_CREATE, "openat", rename.path);
    sample_add(sample, rename);
    sample_add(sample, link);
    sample_file(sample, 2, RECORD_DELETE, "unlink", "/home/u/p/stale");
    sample_add(
        sample,
        (struct record_event){
            .kind = RECORD_WRITE, .process = 2, .call = "openat", .path = "/home/u/p/log", .flags = RECORD_FOR_BOTH});
    sample_add(sample,
               (struct record_event){.kind = RECORD_CONNECT, .process = 2, .call = "connect", .path = "10.0.0.1:80"});
    sample_add(sample, (struct record_event){
                           .kind = RECORD_CONNECT, .process = 2, .call = "sendto", .path = "[::1]:53", .error = 111});
    sample_add(sample, (struct record_event){.kind = RECORD_BIND, .process = 2, .call = "bind", .path = "unix:/run/x"});
    struct record_event refused = {.kind = RECORD_VIOLATION, .process = 2, .call = "openat", .path = "/home/u/.ssh/id"};
    refused.violation.rule = "f:1: deny";
    refused.violation.text = "coffer: denied";
    sample_add(sample, refused);
    sample_exit(sample, 2, SIGKILL);
    sample_hash(sample, sample->odd ? SAMPLE_ODD : "/home/u/p/even.txt", RECORD_AFTER, RECORD_BLAKE2B, 64);
    sample_hash(sample, rename.path2, RECORD_AFTER, RECORD_SHA256, 32);
    sample_hash(sample, "/home/u/p/log", RECORD_BEFORE, RECORD_SHA256, 32);
    sample_hash(sample, "/home/u/p/log", RECORD_AFTER, RECORD_SHA256, 32);
}

static inline void sample_begin(struct sample *sample)
{
    static const char command[] = "make\0-j2";
    struct record_event begin = {.kind = RECORD_BEGIN};
    begin.begin.epoch = 1700000000123456789;
    begin.begin.command = command;
    begin.begin.command_size = sizeof command;
    begin.begin.cwd = "/home/u/p";
    begin.begin.host = "box";
    begin.begin.user = "u";
    begin.begin.version = "0.1.0";
    sample_add(sample, begin);
    sample->time = 0;
    sample_start(sample, 1, 0, "/usr/bin/make", command, sizeof command);
}

/* Writes it. Aborts when that fails. */
static inline void sample_write(const char *path, struct sample *sample)
{
    struct record_event end = {.kind = RECORD_END};
    if (record_writer_open(&sample->writer, path) != 0)
        abort();
    sample_begin(sample);
    sample_add(sample, (struct record_event){.kind = RECORD_ABSENT,
                                             .process = 1,
                                             .call = "openat",
                                             .path = "/home/u/p/GNUmakefile",
                                             .said = "GNUmakefile",
                                             .error = 2});
    sample_file(sample, 1, RECORD_READ, "openat", "/home/u/p/Makefile");
    sample_file(sample, 1, RECORD_LOOK, "newfstatat", "/home/u/p/Makefile");
    struct record_event repeat = {.kind = RECORD_REPEAT, .of = RECORD_LOOK, .process = 1, .count = 3};
    repeat.call = "newfstatat";
    repeat.path = "/home/u/p/Makefile";
    sample_add(sample, repeat);
    sample_hash(sample, "/home/u/p/Makefile", RECORD_BEFORE, RECORD_SHA256, 32);
    for (unsigned i = 0; i < sample->files; i++)
        sample_compile(sample, i);
    sample_shell(sample);
    sample_exit(sample, 1, 2 << 8);
    end.end.status = 2 << 8;
    sample_add(sample, end);
    if (record_writer_close(sample->writer) != 0)
        abort();
}

#endif
