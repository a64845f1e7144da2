/*
 * A directory of its own for each test: a piece of host and a layer over it, made by hand.
 *
 *   DIR/host/   what the tests call the host; its view path is the same
 *   DIR/layer/  the layer; DIR/layer/fs/DIR/host/ is where it changes that
 */
#ifndef COFFER_TESTS_SCRATCH_LAYER_H
#define COFFER_TESTS_SCRATCH_LAYER_H

#include "emul/changes.h"
#include "emul/layer.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRATCH_PATH 1024

struct scratch {
    char dir[SCRATCH_PATH];
    char host[SCRATCH_PATH];
    char layer[SCRATCH_PATH];
    char upper[2 * SCRATCH_PATH + 8]; /* what lies over host */
};

/* A path in fresh memory that the test does not bother to free. */
__attribute__((format(printf, 1, 2))) static inline char *path_of(const char *format, ...)
{
    char *path = NULL;
    va_list arguments;
    va_start(arguments, format);
    ck_assert_int_ge(vasprintf(&path, format, arguments), 0);
    va_end(arguments);
    return path;
}

static inline int scratch_unlink(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void scratch_remove(const char *path)
{
    (void)nftw(path, scratch_unlink, 32, FTW_DEPTH | FTW_PHYS);
}

static inline void put_override(const char *path, const char *text)
{
    ck_assert_int_eq(setxattr(path, "user.containers.override_stat", text, strlen(text), 0), 0);
}

/* Makes the directories of the layer that lead to DIR/host, with the host's metadata. */
static inline void scratch_mirror(const struct scratch *scratch)
{
    for (char *end = strchr(scratch->upper + strlen(scratch->layer) + 4, '/');; end = strchr(end + 1, '/')) {
        struct stat st;
        char *part = end == NULL ? strdup(scratch->upper) : strndup(scratch->upper, (size_t)(end - scratch->upper));
        const char *original = part + strlen(scratch->layer) + 3;
        if (*original != '\0') {
            ck_assert_int_eq(stat(original, &st), 0);
            ck_assert(mkdir(part, 0700) == 0 || errno == EEXIST);
            ck_assert_int_eq(chmod(part, st.st_mode & 07777), 0);
            if (chown(part, st.st_uid, st.st_gid) < 0)
                put_override(part, path_of("%u:%u:0%o", st.st_uid, st.st_gid, st.st_mode & 07777));
        }
        free(part);
        if (end == NULL)
            break;
    }
}

static inline void scratch_make(struct scratch *scratch)
{
    struct layer layer;
    struct layer_error error;
    char *argv[] = {(char *)(uintptr_t) "test", NULL};
    const char *tmp = getenv("TMPDIR");
    (void)umask(022);
    (void)snprintf(scratch->dir, SCRATCH_PATH, "%.900s/coffer-test-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    ck_assert_ptr_nonnull(mkdtemp(scratch->dir));
    char *real = realpath(scratch->dir, NULL);
    (void)snprintf(scratch->dir, SCRATCH_PATH, "%.1000s", real);
    free(real);
    (void)snprintf(scratch->host, SCRATCH_PATH, "%.1000s/host", scratch->dir);
    (void)snprintf(scratch->layer, SCRATCH_PATH, "%.1000s/layer", scratch->dir);
    (void)snprintf(scratch->upper, sizeof scratch->upper, "%s/fs%s", scratch->layer, scratch->host);
    ck_assert_int_eq(mkdir(scratch->host, 0755), 0);
    ck_assert_msg(layer_open(&layer, scratch->layer, LAYER_RUN, argv, &error) == 0, "%s", error.text);
    layer_close(&layer);
    /* Made by hand from here on: what is changed is not on record, but where a test sees to it. */
    ck_assert_int_eq(truncate(path_of("%s/base", scratch->layer), 0), 0);
    scratch_mirror(scratch);
}

static inline void scratch_done(struct scratch *scratch)
{
    scratch_remove(scratch->dir);
}

static inline void put_file(const char *path, const char *content, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(close(fd), 0);
    /* A fixed time, so that two files with one content are the same. */
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static inline void put_dir(const char *path)
{
    ck_assert_msg(mkdir(path, 0755) == 0, "%s: %s", path, strerror(errno));
}

static inline void put_link(const char *path, const char *target)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static inline void put_whiteout(const char *path)
{
    ck_assert_int_eq(mknod(path, S_IFCHR, 0), 0);
}

static inline void put_opaque(const char *path, const char *value)
{
    ck_assert_int_eq(setxattr(path, "user.overlay.opaque", value, 1, 0), 0);
}

struct lines {
    const struct scratch *scratch;
    char text[8192];
};

static inline int add_line(void *context, const struct change *change)
{
    struct lines *lines = context;
    size_t used = strlen(lines->text);
    const char *path = change->path;
    size_t head = strlen(lines->scratch->host);
    if (strncmp(path, lines->scratch->host, head) == 0 && path[head] == '/')
        path += head + 1;
    (void)snprintf(lines->text + used, sizeof lines->text - used, "%c %s\n", change->kind, path);
    return 0;
}

/* What diff says, paths relative to DIR/host; paths may be NULL. */
static inline const char *diff_lines(const struct scratch *scratch, struct lines *lines, char *const *paths,
                                     size_t count)
{
    struct layer layer;
    struct layer_error error;
    *lines = (struct lines){.scratch = scratch};
    ck_assert_msg(layer_open(&layer, scratch->layer, LAYER_READ, NULL, &error) == 0, "%s", error.text);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct changes_options options = {.host = {.root_fd = root}, .paths = paths, .path_count = count};
    int status = changes_walk(&layer, &options, add_line, lines, &error);
    ck_assert_msg(status == 0, "%s", error.text);
    (void)close(root);
    layer_close(&layer);
    return lines->text;
}

/* Makes one object of the matrix of all pairs at `path`: see test_changes.c. */
static inline void put_kind(const char *path, char kind, const char *content)
{
    switch (kind) {
    case 'f':
        put_file(path, content, 0644);
        break;
    case 'o':
    case 'd':
        put_dir(path);
        put_file(path_of("%s/in", path), content, 0644);
        if (kind == 'o')
            put_opaque(path, "y");
        break;
    case 'e': /* a directory with something besides */
        put_kind(path, 'd', content);
        put_file(path_of("%s/other", path), content, 0644);
        break;
    case 'l':
        put_link(path, content);
        break;
    case 'w':
        put_whiteout(path);
        break;
    default:
        break;
    }
}

static inline int scratch_by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Describes a tree, a line an object, into text. */
static inline void describe(const char *dir, const char *prefix, char *text, size_t room)
{
    struct dirent **list;
    int count = scandir(dir, &list, NULL, scratch_by_name);
    ck_assert_msg(count >= 0, "%s: %s", dir, strerror(errno));
    for (int i = 0; i < count; i++) {
        struct stat st;
        char content[256] = "";
        const char *name = list[i]->d_name;
        char *path = path_of("%s/%s", dir, name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            ck_assert_int_eq(lstat(path, &st), 0);
            char type = S_ISREG(st.st_mode)    ? 'f'
                        : S_ISDIR(st.st_mode)  ? 'd'
                        : S_ISLNK(st.st_mode)  ? 'l'
                        : S_ISFIFO(st.st_mode) ? 'p'
                                               : '?';
            if (type == 'f') {
                int fd = open(path, O_RDONLY | O_CLOEXEC);
                ssize_t got = fd < 0 ? -1 : read(fd, content, sizeof content - 1);
                content[got < 0 ? 0 : got] = '\0';
                (void)close(fd);
            } else if (type == 'l') {
                ssize_t got = readlink(path, content, sizeof content - 1);
                content[got < 0 ? 0 : got] = '\0';
            }
            size_t used = strlen(text);
            (void)snprintf(text + used, room - used, "%c%s%s %o %s\n", type, prefix, name,
                           type == 'l' ? 0 : st.st_mode & 07777, content);
            if (type == 'd') {
                char *below = path_of("%s%s/", prefix, name);
                describe(path, below, text, room);
                free(below);
            }
        }
        free(path);
        free(list[i]);
    }
    free(list);
}

/* Runs every test of a suite, in processes of their own; 0 when all pass. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
