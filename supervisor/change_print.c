#include "supervisor/change_print.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "emul/object.h"
#include "emul/sys.h"
#include "supervisor/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void change_print_line(const struct change *change, const struct change_by *by)
{
    (void)printf("%c ", change->kind);
    text_escaped(stdout, change->path);
    for (size_t i = 0; i < by->count; i++) {
        (void)fputs(i == 0 ? "  by " : ", ", stdout);
        text_escaped(stdout, by->found[i].program);
        (void)printf("[%d]", by->found[i].pid);
    }
    (void)putchar('\n');
}

/* The bytes of a regular file; other objects have none to speak of. */
static int64_t size_of(const struct stat *st)
{
    return st != NULL && S_ISREG(st->st_mode) ? st->st_size : 0;
}

void change_print_stat(const struct change *change, struct change_totals *totals)
{
    int64_t gained = size_of(change->upper) - size_of(change->host);
    totals->bytes += gained;
    totals->added += change->kind == CHANGE_ADDED;
    totals->changed += change->kind == CHANGE_CONTENT || change->kind == CHANGE_TYPE;
    totals->deleted += change->kind == CHANGE_DELETED;
    totals->metadata += change->kind == CHANGE_METADATA;
    (void)printf("%c ", change->kind);
    text_escaped(stdout, change->path);
    (void)printf("  %+" PRId64 " bytes\n", gained);
}

void change_print_totals(const struct change_totals *totals)
{
    (void)printf("%" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " deleted, %" PRIu64
                 " with other metadata, %+" PRId64 " bytes\n",
                 totals->added, totals->changed, totals->deleted, totals->metadata, totals->bytes);
}

static const char *type_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symlink";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    case S_IFCHR:
        return "char";
    case S_IFBLK:
        return "block";
    default:
        return "unknown";
    }
}

/* Reads a symbolic link into text (PATH_MAX bytes); false when it is none. */
static bool read_target(int dir, const char *name, const struct stat *st, char *text)
{
    ssize_t length = st != NULL && S_ISLNK(st->st_mode) ? sys_readlinkat(dir, name, text, PATH_MAX - 1) : -1;
    if (length < 0)
        return false;
    text[length] = '\0';
    return true;
}

static json_t *by_json(const struct change_by *by)
{
    json_t *list = json_array();
    for (size_t i = 0; i < by->count; i++) {
        json_t *changer = json_object();
        json_text_set(changer, "program", by->found[i].program);
        (void)json_object_set_new(changer, "pid", json_integer(by->found[i].pid));
        (void)json_array_append_new(list, changer);
    }
    return list;
}

void change_print_json(const struct change *change, const struct change_by *by)
{
    const struct stat *st = change->upper != NULL ? change->upper : change->host;
    char letter[2] = {(char)change->kind, '\0'};
    char mode[16];
    char target[PATH_MAX];
    json_t *object = json_object();
    (void)snprintf(mode, sizeof mode, "%04o", st->st_mode & 07777);
    (void)json_object_set_new(object, "change", json_string(letter));
    json_text_set(object, "path", change->path);
    (void)json_object_set_new(object, "type", json_string(type_name(st->st_mode)));
    (void)json_object_set_new(object, "mode", json_string(mode));
    (void)json_object_set_new(object, "uid", json_integer((json_int_t)st->st_uid));
    (void)json_object_set_new(object, "gid", json_integer((json_int_t)st->st_gid));
    (void)json_object_set_new(object, "size", json_integer((json_int_t)size_of(st)));
    (void)json_object_set_new(object, "mtime", json_integer((json_int_t)st->st_mtim.tv_sec));
    if (read_target(change->upper != NULL ? change->upper_dir : change->host_dir, change->name, st, target))
        (void)json_object_set_new(object, "target", json_text(target));
    if (by->count > 0)
        (void)json_object_set_new(object, "by", by_json(by));
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    (void)putchar('\n');
    json_decref(object);
}

/* The descriptors that diff(1) gets the two files on. */
enum { OLD_FD = 3, NEW_FD = 4 };

/*
 * dup2() onto a number that is in use would close another file: so first up and out of
 * the way, then down.
 */
static int spawn_diff(int old, int new, char *const argv[])
{
    cleanup_fd int high_old = fcntl(old, F_DUPFD_CLOEXEC, NEW_FD + 1);
    cleanup_fd int high_new = fcntl(new, F_DUPFD_CLOEXEC, NEW_FD + 1);
    posix_spawn_file_actions_t actions;
    if (high_old < 0 || high_new < 0 || posix_spawn_file_actions_init(&actions) != 0)
        return -EMFILE;
    pid_t pid;
    int status = posix_spawn_file_actions_adddup2(&actions, high_old, OLD_FD);
    if (status == 0)
        status = posix_spawn_file_actions_adddup2(&actions, high_new, NEW_FD);
    if (status == 0)
        status = posix_spawnp(&pid, "diff", &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (status != 0)
        return -status;
    int ended;
    while (waitpid(pid, &ended, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static char *label(const char *side, const char *path)
{
    cleanup_free char *escaped = text_escape(path);
    size_t room = escaped == NULL ? 0 : strlen(escaped) + strlen(side) + 1;
    char *text = escaped == NULL ? NULL : malloc(room);
    if (text != NULL)
        (void)snprintf(text, room, "%s%s", side, escaped);
    return text;
}

static int open_side(int dir, const char *name, const struct stat *st)
{
    if (st == NULL || !S_ISREG(st->st_mode))
        return sys_openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);
    return object_open_readable(dir, name, 0);
}

static void print_file_diff(const struct change *change)
{
    bool old_there = change->host != NULL && S_ISREG(change->host->st_mode);
    bool new_there = change->upper != NULL && S_ISREG(change->upper->st_mode);
    cleanup_fd int old = open_side(change->host_dir, change->name, change->host);
    cleanup_fd int new = open_side(change->upper_dir, change->name, change->upper);
    cleanup_free char *old_label = label(old_there ? "a" : "/dev/null", old_there ? change->path : "");
    cleanup_free char *new_label = label(new_there ? "b" : "/dev/null", new_there ? change->path : "");
    if (old < 0 || new < 0 || old_label == NULL || new_label == NULL) {
        error_errno(change->path, old < 0 ? old : new < 0 ? new : -ENOMEM);
        return;
    }
    char *const argv[] = {"diff", "-u", "--label", old_label, "--label", new_label, "/dev/fd/3", "/dev/fd/4", NULL};
    (void)fflush(stdout);
    int status = spawn_diff(old, new, argv);
    if (status < 0)
        error_errno("diff", status);
}

static void print_target(char sign, int dir, const char *name, const struct stat *st)
{
    char target[PATH_MAX];
    if (!read_target(dir, name, st, target))
        return;
    (void)printf("%c-> ", sign);
    text_escaped(stdout, target);
    (void)putchar('\n');
}

void change_print_text(const struct change *change)
{
    if (change->kind == CHANGE_METADATA)
        return;
    print_target('-', change->host_dir, change->name, change->host);
    print_target('+', change->upper_dir, change->name, change->upper);
    if ((change->host != NULL && S_ISREG(change->host->st_mode)) ||
        (change->upper != NULL && S_ISREG(change->upper->st_mode)))
        print_file_diff(change);
}
