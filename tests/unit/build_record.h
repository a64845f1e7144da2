/*
 * A record of a build that never ran: make starts a shell with a name of odd bytes, and a compiler and an assembler for
 * each of some files. All kinds of events are in it.
 */
#ifndef COFFER_TESTS_UNIT_BUILD_RECORD_H
#define COFFER_TESTS_UNIT_BUILD_RECORD_H

#include "supervisor/record/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_ODD "/home/u/p/bad\xff\"\\ \n\x1b&<>|{}\xc2\x9b.txt"

struct build {
    unsigned files;
    bool hashes;
    bool odd; /* with the odd name */
    struct record_writer *writer;
    uint64_t time;
};

static inline void build_add(struct build *build, struct record_event event)
{
    event.time = build->time += 1000000;
    if (record_writer_add(build->writer, &event) != 0)
        abort();
}

static inline void build_file(struct build *build, uint32_t process, enum record_kind kind, const char *call,
                              const char *path)
{
    build_add(build, (struct record_event){.kind = kind, .process = process, .call = call, .path = path});
}

static inline void build_start(struct build *build, uint32_t process, uint32_t parent, const char *program,
                               const char *words, size_t size)
{
    struct record_event start = {.kind = RECORD_START, .process = process, .call = parent == 0 ? NULL : "vfork"};
    start.start.parent = parent;
    start.start.pid = (int32_t)(1000 + process);
    start.start.thread_like = parent != 0;
    build_add(build, start);
    struct record_event executed = {.kind = RECORD_EXECUTED, .process = process, .call = "execve", .path = program};
    executed.executed.words = words;
    executed.executed.words_size = size;
    executed.executed.cwd = "/home/u/p";
    build_add(build, executed);
    build_file(build, process, RECORD_EXEC, "execve", program);
    build_file(build, process, RECORD_MAP, "execve", "/lib64/ld-linux-x86-64.so.2");
}

static inline void build_exit(struct build *build, uint32_t process, int status)
{
    struct record_event event = {.kind = RECORD_EXIT, .process = process};
    event.exit.status = status;
    event.exit.user_us = 1500;
    event.exit.max_resident_kb = 3000;
    build_add(build, event);
}

static inline void build_hash(struct build *build, const char *path, enum record_state state,
                              enum record_hash algorithm, size_t size)
{
    struct record_event event = {.kind = RECORD_HASH, .path = path};
    event.hash.algorithm = algorithm;
    event.hash.state = state;
    event.hash.size = 10;
    event.hash.digest_size = size;
    memset(event.hash.digest, (int)strlen(path), size);
    if (build->hashes)
        build_add(build, event);
}

/* One file, by three processes. */
static inline void build_compile(struct build *build, unsigned number)
{
    char source[64], object[64], assembler[64], words[200];
    uint32_t gcc = 10 + 3 * number;
    (void)snprintf(source, sizeof source, "/home/u/p/src/f%u.c", number);
    (void)snprintf(object, sizeof object, "/home/u/p/out/f%u.o", number);
    (void)snprintf(assembler, sizeof assembler, "/tmp/cc%u.s", number);
    int size = snprintf(words, sizeof words, "gcc%c-c%c%s%c-o%c%s", 0, 0, source + 10, 0, 0, object + 10);
    build_start(build, gcc, 1, "/usr/bin/gcc", words, (size_t)size + 1);
    size = snprintf(words, sizeof words, "cc1%c%s", 0, source + 10);
    build_start(build, gcc + 1, gcc, "/usr/libexec/cc1", words, (size_t)size + 1);
    build_add(build,
              (struct record_event){
                  .kind = RECORD_READ, .process = gcc + 1, .call = "openat", .path = source, .said = source + 10});
    build_file(build, gcc + 1, RECORD_READ, "openat", "/usr/include/stdio.h");
    build_file(build, gcc + 1, RECORD_READ, "openat", "/home/u/p/config.h");
    build_file(build, gcc + 1, RECORD_CREATE, "openat", assembler);
    build_exit(build, gcc + 1, 0);
    size = snprintf(words, sizeof words, "as%c-o%c%s%c%s", 0, 0, object + 10, 0, assembler);
    build_start(build, gcc + 2, gcc, "/usr/bin/as", words, (size_t)size + 1);
    build_file(build, gcc + 2, RECORD_READ, "openat", assembler);
    build_file(build, gcc + 2, RECORD_CREATE, "openat", object);
    build_exit(build, gcc + 2, 0);
    build_file(build, gcc, RECORD_DELETE, "unlink", assembler);
    build_exit(build, gcc, 0);
    build_hash(build, source, RECORD_BEFORE, RECORD_SHA256, 32);
    build_hash(build, object, RECORD_AFTER, RECORD_SHA256, 32);
    build_hash(build, object, RECORD_AFTER, RECORD_GIT_BLOB, 20);
}

static inline void build_shell(struct build *build)
{
    static const char words[] = "sh\0-c\0echo \"x\" & \\ \n\x1b[2J";
    struct record_event rename = {.kind = RECORD_RENAME, .process = 2, .call = "rename"};
    rename.path = "/home/u/p/new~";
    rename.path2 = "/home/u/p/final";
    struct record_event link = {.kind = RECORD_CREATE, .process = 2, .call = "symlink"};
    link.path = "/home/u/p/link";
    link.path2 = "final";
    build_start(build, 2, 1, "/bin/sh", words, sizeof words);
    build_file(build, 2, RECORD_CREATE, "openat", build->odd ? BUILD_ODD : "/home/u/p/even.txt");
    build_file(build, 2, RECORD_CREATE, "openat", rename.path);
    build_add(build, rename);
    build_add(build, link);
    build_file(build, 2, RECORD_DELETE, "unlink", "/home/u/p/stale");
    build_add(
        build,
        (struct record_event){
            .kind = RECORD_WRITE, .process = 2, .call = "openat", .path = "/home/u/p/log", .flags = RECORD_FOR_BOTH});
    build_add(build,
              (struct record_event){.kind = RECORD_CONNECT, .process = 2, .call = "connect", .path = "10.0.0.1:80"});
    build_add(build, (struct record_event){
                         .kind = RECORD_CONNECT, .process = 2, .call = "sendto", .path = "[::1]:53", .error = 111});
    build_add(build, (struct record_event){.kind = RECORD_BIND, .process = 2, .call = "bind", .path = "unix:/run/x"});
    struct record_event refused = {.kind = RECORD_VIOLATION, .process = 2, .call = "openat", .path = "/home/u/.ssh/id"};
    refused.violation.rule = "f:1: deny";
    refused.violation.text = "coffer: denied";
    build_add(build, refused);
    build_exit(build, 2, SIGKILL);
    build_hash(build, build->odd ? BUILD_ODD : "/home/u/p/even.txt", RECORD_AFTER, RECORD_BLAKE2B, 64);
    build_hash(build, rename.path2, RECORD_AFTER, RECORD_SHA256, 32);
    build_hash(build, "/home/u/p/log", RECORD_BEFORE, RECORD_SHA256, 32);
    build_hash(build, "/home/u/p/log", RECORD_AFTER, RECORD_SHA256, 32);
}

static inline void build_begin(struct build *build)
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
    build_add(build, begin);
    build->time = 0;
    build_start(build, 1, 0, "/usr/bin/make", command, sizeof command);
}

/* Writes it. Aborts when that fails. */
static inline void build_write(const char *path, struct build *build)
{
    struct record_event end = {.kind = RECORD_END};
    if (record_writer_open(&build->writer, path) != 0)
        abort();
    build_begin(build);
    build_add(build, (struct record_event){.kind = RECORD_ABSENT,
                                           .process = 1,
                                           .call = "openat",
                                           .path = "/home/u/p/GNUmakefile",
                                           .said = "GNUmakefile",
                                           .error = 2});
    build_file(build, 1, RECORD_READ, "openat", "/home/u/p/Makefile");
    build_file(build, 1, RECORD_LOOK, "newfstatat", "/home/u/p/Makefile");
    struct record_event repeat = {.kind = RECORD_REPEAT, .of = RECORD_LOOK, .process = 1, .count = 3};
    repeat.call = "newfstatat";
    repeat.path = "/home/u/p/Makefile";
    build_add(build, repeat);
    build_hash(build, "/home/u/p/Makefile", RECORD_BEFORE, RECORD_SHA256, 32);
    for (unsigned i = 0; i < build->files; i++)
        build_compile(build, i);
    build_shell(build);
    build_exit(build, 1, 2 << 8);
    end.end.status = 2 << 8;
    build_add(build, end);
    if (record_writer_close(build->writer) != 0)
        abort();
}

#endif
