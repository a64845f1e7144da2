/*
 * /proc/PID/mountinfo, mounts and mountstats: where the host's file systems are mounted, in the view and from the root
 * of that process on; and /proc/PID/net/unix: what sockets are called.
 */
#include "emul/proc_file.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Where the view has a mount point; false: nowhere that the process can see (seq_path_root() in fs/seq_file.c). */
static bool place_mount(const struct proc_file *file, char path[PATH_MAX])
{
    struct fs_context *fs = file->caller->fs;
    const struct view *view = file->view;
    char root[PATH_MAX];
    for (int i = 0; i < view->hidden_count; i++) {
        size_t length = strlen(view->hidden[i]);
        if (strncmp(path, view->hidden[i], length) == 0 && (path[length] == '/' || path[length] == '\0'))
            return false;
    }
    const struct fs_context *owner = file->facts->fs == NULL ? fs : file->facts->fs;
    (void)view_path_of_host(view, path);
    if (directory_path(owner->root, root) < 0)
        return false;
    size_t length = strlen(root);
    if (length > 1 && (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0')))
        return false;
    shown_to(owner, path);
    return true;
}

/* Each line has a mount point at the same place; a line whose mount cannot be seen is left out. */
static void show_lines(const struct proc_file *file, const char *text, FILE *out,
                       const char *(*find)(const char *line, const char *end))
{
    char path[PATH_MAX];
    while (*text != '\0') {
        const char *end = text + strcspn(text, "\n");
        const char *next = end + (*end == '\n');
        const char *place = find(text, end);
        const char *rest = place == NULL || *place != '/' ? NULL : proc_unescape(place, " \n", path);
        if (rest == NULL) {
            (void)fwrite(text, 1, (size_t)(next - text), out);
        } else if (place_mount(file, path)) {
            (void)fwrite(text, 1, (size_t)(place - text), out);
            proc_escape(out, path, " \t\n\\");
            (void)fwrite(rest, 1, (size_t)(next - rest), out);
        }
        text = next;
    }
}

/* After some fields, each with one space behind it. */
static const char *after_fields(const char *line, const char *end, int count)
{
    for (; count > 0 && line != NULL; count--) {
        line = memchr(line, ' ', (size_t)(end - line));
        if (line != NULL)
            line++;
    }
    return line;
}

static const char *in_mountinfo(const char *line, const char *end)
{
    return after_fields(line, end, 4);
}

static const char *in_mounts(const char *line, const char *end)
{
    return after_fields(line, end, 1);
}

/* "device X mounted on PATH with fstype T" */
static const char *in_mountstats(const char *line, const char *end)
{
    static const char mark[] = " mounted on ";
    if ((size_t)(end - line) < 7 || strncmp(line, "device ", 7) != 0)
        return NULL;
    const char *at = memmem(line, (size_t)(end - line), mark, strlen(mark));
    return at == NULL ? NULL : at + strlen(mark);
}

void proc_show_mountinfo(const struct proc_file *file, const char *text, FILE *out)
{
    show_lines(file, text, out, in_mountinfo);
}

void proc_show_mounts(const struct proc_file *file, const char *text, FILE *out)
{
    show_lines(file, text, out, in_mounts);
}

void proc_show_mountstats(const struct proc_file *file, const char *text, FILE *out)
{
    show_lines(file, text, out, in_mountstats);
}

/* The name of one socket; it is not escaped. */
static void show_socket(const struct view *view, const char *name, size_t length, FILE *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const unsigned offset = (unsigned)offsetof(struct sockaddr_un, sun_path);
    if (length >= sizeof address.sun_path) {
        (void)fwrite(name, 1, length, out);
        return;
    }
    memcpy(address.sun_path, name, length);
    unsigned size = socket_name_show(view, &address, offset + (unsigned)length + 1);
    (void)fwrite(address.sun_path, 1, strnlen(address.sun_path, size - offset), out);
}

/* "Num: RefCount Protocol Flags Type St Inode Path" */
void proc_show_net_unix(const struct proc_file *file, const char *text, FILE *out)
{
    while (*text != '\0') {
        const char *end = text + strcspn(text, "\n");
        int at = 0;
        if (sscanf(text, "%*x: %*x %*x %*x %*x %*x %*u%n", &at) == 0 && at > 0 && at < end - text && text[at] == ' ' &&
            text[at + 1] == '/') {
            (void)fwrite(text, 1, (size_t)at + 1, out);
            show_socket(file->view, text + at + 1, (size_t)(end - text) - (size_t)at - 1, out);
        } else {
            (void)fwrite(text, 1, (size_t)(end - text), out);
        }
        if (*end == '\n')
            (void)fputc(*end++, out);
        text = end;
    }
}
