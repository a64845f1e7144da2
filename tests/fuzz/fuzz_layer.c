/*
 * A layer that somebody else made: its layer.json, its base, its journal, and an upper directory with any mixture of
 * objects and attributes. What reads them must neither crash, nor hang on a FIFO, nor look at anything outside.
 */
#include "emul/changes.h"
#include "emul/cleanup.h"
#include "emul/journal.h"
#include "emul/journal_file.h"
#include "emul/layer.h"
#include "emul/layer_meta.h"
#include "emul/tree.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[PATH_MAX];
static struct layer layer;
static int host_fd;

static void remove_directory(void)
{
    (void)tree_remove(AT_FDCWD, directory);
}

static int make_at(const char *name)
{
    if (mkdirat(layer.dir_fd, name, 0700) < 0)
        abort();
    return openat(layer.dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* DIR/fs is the upper directory; DIR/host has one object of each kind at names that the upper directory uses too. */
static void begin(void)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(directory, sizeof directory, "%s/coffer-fuzz-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(directory) == NULL)
        abort();
    (void)atexit(remove_directory);
    if (setenv("XDG_STATE_HOME", directory, 1) < 0)
        abort();
    layer = (struct layer){.lock_fd = -1, .base_fd = -1, .work_fd = -1};
    (void)snprintf(layer.path, sizeof layer.path, "%s", directory);
    layer.dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    host_fd = make_at("host");
    int file = openat(host_fd, "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || write(file, "a", 1) != 1 || mkdirat(host_fd, "b", 0755) < 0 || mkdirat(host_fd, "b/a", 0755) < 0 ||
        symlinkat("b", host_fd, "c") < 0 || mkfifoat(host_fd, "d", 0600) < 0)
        abort();
    (void)close(file);
}

static void put(const char *name, const uint8_t *data, size_t size)
{
    int fd = openat(layer.dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)close(fd);
}

static void try_meta(const uint8_t *data, size_t size)
{
    json_t *meta = NULL;
    long format;
    put("layer.json", data, size);
    if (layer_meta_read(layer.dir_fd, &meta, &format) == 0)
        json_decref(meta);
}

static void try_base(const uint8_t *data, size_t size)
{
    struct layer_bases *bases = NULL;
    put("base", data, size);
    if (layer_bases_load(&layer, &bases) < 0)
        return;
    (void)layer_bases_find(bases, "/a");
    layer_bases_free(bases);
}

/* A path goes into the base and is found there again, after whatever else there is. */
static void try_note(const uint8_t *data, size_t size)
{
    struct layer_bases *bases = NULL;
    char path[PATH_MAX] = "/";
    size_t junk = size / 2, length = size - junk < sizeof path - 2 ? size - junk : sizeof path - 2;
    const struct stat st = {.st_mode = S_IFREG | 0644, .st_ino = 7};
    memcpy(path + 1, data + junk, length);
    path[length + 1] = '\0';
    put("base", data, junk);
    layer.base_fd = openat(layer.dir_fd, "base", O_WRONLY | O_APPEND | O_CLOEXEC);
    if (layer_base_note(&layer, path, &st) < 0 || layer_bases_load(&layer, &bases) < 0)
        abort();
    if (layer_bases_find(bases, path) == NULL)
        abort();
    layer_bases_free(bases);
    (void)close(layer.base_fd);
    layer.base_fd = -1;
}

static void set_attribute(int dir, const char *name, const char *attribute, const void *value, size_t size)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir, name);
    (void)lsetxattr(path, attribute, value, size, 0);
}

/* Two bytes an object: its kind, and where it is: one of four names, in the directory or one below it. */
static void build(int fs, const uint8_t *data, size_t size)
{
    static const char *const places[] = {"a", "b", "c", "d", "a/a", "b/a", "b/b", "b/a/a"};
    for (size_t i = 0; i + 1 < size && i < 64; i += 2) {
        const char *name = places[data[i + 1] % 8];
        switch (data[i] % 10) {
        case 0:
            (void)mkdirat(fs, name, 0700);
            break;
        case 1:
            put("text", data, size);
            (void)linkat(layer.dir_fd, "text", fs, name, 0);
            (void)unlinkat(layer.dir_fd, "text", 0);
            break;
        case 2:
            (void)symlinkat("../../host/b", fs, name);
            break;
        case 3:
            (void)mknodat(fs, name, S_IFCHR, 0);
            break;
        case 4:
            (void)mkfifoat(fs, name, 0600);
            break;
        case 5:
            set_attribute(fs, name, "user.overlay.opaque", data, size < 2 ? size : 1);
            break;
        case 6:
            set_attribute(fs, name, "user.overlay.opaque", (data[i] & 0x80) != 0 ? "x" : "y", 1);
            break;
        case 7:
            set_attribute(fs, name, "user.overlay.whiteout", "", 0);
            break;
        case 8:
            set_attribute(fs, name, "user.containers.override_stat", data, size);
            break;
        default:
            set_attribute(fs, name, "user.overlay.redirect", "/etc", 4);
            break;
        }
    }
}

static int count_change(void *context, const struct change *change)
{
    size_t *count = context;
    if (change->path[0] != '/' || strstr(change->path, "/../") != NULL)
        abort();
    return ++*count > 1000;
}

static void try_tree(const uint8_t *data, size_t size)
{
    struct layer_error error;
    size_t count = 0;
    layer.fs_fd = make_at("fs");
    build(layer.fs_fd, data, size);
    const struct changes_options options = {.host = {.root_fd = host_fd}, .with_same = true};
    (void)changes_walk(&layer, &options, count_change, &count, &error);
    (void)close(layer.fs_fd);
    if (tree_remove(layer.dir_fd, "fs") < 0)
        abort();
}

static int find_op(const struct journal *journal, const struct journal_op *op)
{
    for (size_t i = 0; i < journal->count; i++)
        if (journal->ops[i].kind == op->kind && strcmp(journal->ops[i].path, op->path) == 0 &&
            strcmp(journal->ops[i].place, op->place) == 0)
            return 1;
    return 0;
}

/* A journal of a commit that was cut off, if it is one, is the same after it was written again. */
static void try_journal(const uint8_t *data, size_t size)
{
    struct journal journal, again;
    put("journal", data, size);
    if (!journal_pending(&layer) || journal_load(&layer, &journal) == 0 ||
        journal_file_write(&layer, (const char *)data, size) < 0)
        abort();
    if (journal_load(&layer, &journal) == 0) {
        if (journal.root == NULL || journal_save(&layer, &journal) < 0 || journal_load(&layer, &again) < 0)
            abort();
        if (again.count != journal.count || again.path_count != journal.path_count || again.whole != journal.whole ||
            strcmp(again.root, journal.root) != 0)
            abort();
        for (size_t i = 0; i < journal.count && i < 64; i++)
            if (journal.ops[i].path[0] != '/' || !find_op(&again, &journal.ops[i]))
                abort();
        journal_free(&again);
    }
    journal_free(&journal);
    if (journal_remove(&layer) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (directory[0] == '\0')
        begin();
    if (size < 1)
        return 0;
    switch (data[0] % 5) {
    case 0:
        try_meta(data + 1, size - 1);
        break;
    case 1:
        try_base(data + 1, size - 1);
        break;
    case 2:
        try_note(data + 1, size - 1);
        break;
    case 3:
        try_journal(data + 1, size - 1);
        break;
    default:
        try_tree(data + 1, size - 1);
        break;
    }
    return 0;
}
