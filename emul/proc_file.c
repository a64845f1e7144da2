/*
 * Copies of files of /proc.
 *
 * A copy lies in LAYER/work, or for a caller who cannot search his way there in the directory of the socket aliases,
 * until it is open. Its name is that of the original, ':' for '/', and a number: so /proc/PID/fd says what it stands
 * for.
 */
#include "emul/proc_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TEXT_FIRST = 16 << 10,
    TEXT_MAX = 64 << 20, /* a process may have 65,530 mappings, each with a path */
    NAME_SIZE = 80,
};

static const struct proc_name {
    const char *name;
    proc_translator *translate;
    bool of_stopped; /* only of a thread that job control has stopped */
    bool global;     /* also /proc/NAME: of the process that asks */
} names[] = {
    {"status", proc_show_status, false, false},       {"stat", proc_show_stat, true, false},
    {"maps", proc_show_maps, false, false},           {"smaps", proc_show_maps, false, false},
    {"numa_maps", proc_show_numa_maps, false, false}, {"mountinfo", proc_show_mountinfo, false, false},
    {"mounts", proc_show_mounts, false, true},        {"mountstats", proc_show_mountstats, false, false},
    {"net/unix", proc_show_net_unix, false, true},
};

const char *proc_unescape(const char *text, const char *ends, char path[PATH_MAX])
{
    size_t length = 0;
    for (; *text != '\0' && strchr(ends, *text) == NULL; text++) {
        char byte = *text;
        if (byte == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' && text[3] >= '0' &&
            text[3] <= '7') {
            byte = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 3;
        }
        if (length + 1 >= PATH_MAX || byte == '\0')
            return NULL;
        path[length++] = byte;
    }
    path[length] = '\0';
    return text;
}

void proc_escape(FILE *out, const char *path, const char *escaped)
{
    for (; *path != '\0'; path++) {
        if (strchr(escaped, *path) != NULL)
            (void)fprintf(out, "\\%03o", (unsigned char)*path);
        else
            (void)fputc(*path, out);
    }
}

static const struct proc_name descriptor = {"fdinfo", proc_show_fdinfo, false, false};

/* Which of the files a path is; the thread, and the path without links, as the kernel would show it. */
static const struct proc_name *find_name(const struct caller *caller, const char *host_path, bool follow, pid_t *tid,
                                         char real[PATH_MAX])
{
    const char *member = proc_member(host_path, tid);
    const char *global = member == NULL && follow && strncmp(host_path, "/proc/", 6) == 0 ? host_path + 6 : NULL;
    if (member != NULL && strncmp(member, "fdinfo/", 7) == 0) {
        (void)snprintf(real, PATH_MAX, "%s", host_path);
        return &descriptor;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (member != NULL && strcmp(member, names[i].name) == 0) {
            (void)snprintf(real, PATH_MAX, "%s", host_path);
            return &names[i];
        }
        if (global != NULL && names[i].global && strcmp(global, names[i].name) == 0) {
            *tid = caller->tid;
            (void)snprintf(real, PATH_MAX, "/proc/%d/%s", caller->tgid, global);
            return &names[i];
        }
    }
    return NULL;
}

char *proc_read(struct view *view, struct caller *caller, const char *path, struct stat *st)
{
    proc_enter_reader(view, caller, path);
    cleanup_fd int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    identity_leave(view);
    if (fd < 0 || sys_fstatat(fd, "", st, AT_EMPTY_PATH) < 0)
        return NULL;
    size_t room = TEXT_FIRST, length = 0;
    cleanup_free char *text = malloc(room);
    while (text != NULL) {
        ssize_t got = sys_read(fd, text + length, room - 1 - length);
        if (got < 0 || memchr(text + length, '\0', (size_t)got) != NULL)
            return NULL;
        length += (size_t)got;
        text[length] = '\0';
        if (got == 0)
            return steal_ptr(&text);
        if (room - 1 - length > room / 4)
            continue;
        char *larger = room >= TEXT_MAX ? NULL : realloc(text, room * 2);
        if (larger == NULL)
            return NULL;
        text = larger;
        room *= 2;
    }
    return NULL;
}

/* The text of the view, malloc()ed; NULL when it is the kernel's own. */
static char *translate(const struct proc_file *file, proc_translator *translator, const char *text, size_t *length)
{
    char *shown = NULL;
    FILE *out = open_memstream(&shown, length);
    if (out == NULL)
        return NULL;
    translator(file, text, out);
    if (fclose(out) == 0 && (strlen(text) != *length || memcmp(text, shown, *length) != 0))
        return shown;
    free(shown);
    return NULL;
}

/* Where a copy for this caller may lie. 0 or -errno. */
static int copy_directory(struct view *view, const struct caller *caller, char path[PATH_MAX])
{
    if (view_is_closed_to(view, caller)) {
        int error = socket_alias_directory(view);
        if (error < 0)
            return error;
        (void)snprintf(path, PATH_MAX, "%s", view->alias_dir);
        return 0;
    }
    return snprintf(path, PATH_MAX, "%s/work", view->layer->path) < PATH_MAX - NAME_SIZE ? 0 : -ENAMETOOLONG;
}

/* Nobody but the caller may read it while it has a name. */
static int write_copy(struct view *view, const struct caller *caller, const char *path, const char *text, size_t length)
{
    cleanup_fd int fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400);
    if (fd < 0)
        return fd;
    bool foreign = caller->cred->fsuid != view->own.fsuid;
    int error = foreign && fchown(fd, caller->cred->fsuid, caller->cred->fsgid) < 0 ? -errno : 0;
    for (size_t done = 0; done < length && error == 0;) {
        ssize_t put = write(fd, text + done, length - done);
        if (put < 0)
            error = -errno;
        else
            done += (size_t)put;
    }
    if (error < 0) {
        (void)unlink(path);
        return error;
    }
    return steal_fd(&fd);
}

static int make_copy(struct view *view, const struct caller *caller, const char *real, const char *text, size_t length,
                     char path[PATH_MAX])
{
    char name[NAME_SIZE];
    int error = copy_directory(view, caller, path);
    if (error < 0)
        return error;
    if (snprintf(name, sizeof name, "%s:%u", real, view->proc_copies++) >= (int)sizeof name)
        return -ENAMETOOLONG;
    for (char *at = name; (at = strchr(at, '/')) != NULL;)
        *at = ':';
    size_t used = strlen(path);
    (void)snprintf(path + used, PATH_MAX - used, "/%s", name);
    return write_copy(view, caller, path, text, length);
}

static bool is_copy_name(const char *name)
{
    return strncmp(name, ":proc:", 6) == 0 && strchr(name, '/') == NULL;
}

bool proc_copy_origin(const struct view *view, char path[PATH_MAX])
{
    size_t layer = strlen(view->layer->path), alias = strlen(view->alias_dir);
    const char *name = NULL;
    if (strncmp(path, view->layer->path, layer) == 0 && strncmp(path + layer, "/work/", 6) == 0)
        name = path + layer + 6;
    else if (alias > 0 && strncmp(path, view->alias_dir, alias) == 0 && path[alias] == '/')
        name = path + alias + 1;
    if (name == NULL || !is_copy_name(name))
        return false;
    memmove(path, name, strlen(name) + 1);
    *strrchr(path, ':') = '\0';
    for (char *at = path; (at = strchr(at, ':')) != NULL;)
        *at = '/';
    return true;
}

void proc_copy_finish(const struct answer *answer)
{
    (void)unlink(answer->finish.text);
    if (answer->finish.fd >= 0)
        (void)fchmod(answer->finish.fd, answer->finish.mode);
}

bool proc_file_open(struct view *view, struct caller *caller, const struct call *call, const struct taken *taken,
                    int flags, struct answer *answer)
{
    struct thread_facts facts;
    struct stat st;
    char real[PATH_MAX], path[PATH_MAX];
    pid_t tid = 0;
    size_t length = 0;
    const struct proc_name *name = find_name(caller, taken->walked.host_path, (flags & O_NOFOLLOW) == 0, &tid, real);
    if (name == NULL || caller->ops->thread == NULL || !caller->ops->thread(caller->context, tid, &facts) ||
        (name->of_stopped && !facts.stopped))
        return false;
    const struct proc_file file = {.view = view, .caller = caller, .facts = &facts, .path = real};
    cleanup_free char *text = proc_read(view, caller, real, &st);
    cleanup_free char *shown = text == NULL ? NULL : translate(&file, name->translate, text, &length);
    if (shown == NULL)
        return false;
    cleanup_fd int fd = make_copy(view, caller, real, shown, length, path);
    if (fd < 0)
        return false;
    answer->finish.text = strdup(path);
    if (answer->finish.text == NULL) {
        (void)unlink(path);
        return false;
    }
    answer->finish.kind = FINISH_FORGET;
    answer->finish.fd = steal_fd(&fd);
    answer->finish.mode = st.st_mode & 0777;
    answer->want_exit = true;
    answer_path(caller, call, answer, taken->argument, path);
    return true;
}
