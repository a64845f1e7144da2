/*
 * ELF programs whose interpreter (ld.so) was changed in the layer.
 *
 * The kernel loads the interpreter itself, from the host. So such a program is copied into work/, with PT_INTERP
 * pointing at a longer path that is appended to the file; for a process that may not search its way there, into
 * alias_dir (socket_name.c).
 */
#include "emul/view_internal.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX 256

struct exec_copy {
    struct exec_copy *next;
    dev_t dev;
    ino_t ino;
    struct timespec mtime;
    char *interpreter;
    char *copy;
    char *origin;
};

/* Where the program header of the interpreter is in the file; 0 when there is none, or -errno. */
static off_t find_header(int fd, Elf64_Phdr *found)
{
    Elf64_Ehdr header;
    if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_phentsize != sizeof *found || header.e_phnum > HEADERS_MAX || header.e_phoff > INT32_MAX)
        return -ENOEXEC;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        off_t at = (off_t)(header.e_phoff + i * sizeof *found);
        if (pread(fd, found, sizeof *found, at) != (ssize_t)sizeof *found)
            return -ENOEXEC;
        if (found->p_type == PT_INTERP)
            return at;
    }
    return 0;
}

ssize_t elf_interpreter(int fd, char path[PATH_MAX])
{
    Elf64_Phdr header;
    off_t at = find_header(fd, &header);
    if (at <= 0)
        return at;
    if (header.p_filesz < 2 || header.p_filesz > PATH_MAX || header.p_offset > INT64_MAX)
        return -ENOEXEC;
    if (pread(fd, path, header.p_filesz, (off_t)header.p_offset) != (ssize_t)header.p_filesz ||
        path[header.p_filesz - 1] != '\0')
        return -ENOEXEC;
    return (ssize_t)strlen(path);
}

static int set_interpreter(int fd, const char *interpreter)
{
    Elf64_Phdr header;
    off_t at = find_header(fd, &header);
    off_t end = lseek(fd, 0, SEEK_END);
    size_t length = strlen(interpreter) + 1;
    if (at <= 0 || end < 0)
        return -ENOEXEC;
    header.p_offset = (Elf64_Off)end;
    header.p_filesz = header.p_memsz = length;
    if (pwrite(fd, interpreter, length, end) != (ssize_t)length ||
        pwrite(fd, &header, sizeof header, at) != (ssize_t)sizeof header)
        return errno != 0 ? -errno : -EIO;
    return 0;
}

static const struct exec_copy *find_copy(const struct view *view, const struct stat *st, const char *interpreter)
{
    for (const struct exec_copy *copy = view->exec_copies; copy != NULL; copy = copy->next)
        if (copy->dev == st->st_dev && copy->ino == st->st_ino && copy->mtime.tv_sec == st->st_mtim.tv_sec &&
            copy->mtime.tv_nsec == st->st_mtim.tv_nsec && strcmp(copy->interpreter, interpreter) == 0)
            return copy;
    return NULL;
}

static int make_copy(struct view *view, const struct entry *entry, const char *interpreter, int place, const char *name)
{
    char buffer[64 << 10];
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    cleanup_fd int from = dirfd < 0 ? dirfd : sys_openat2(dirfd, entry->name, O_RDONLY | O_NOFOLLOW, 0, SYS_BENEATH);
    cleanup_fd int to = sys_openat2(place, name, O_RDWR | O_CREAT | O_EXCL, 0700, SYS_BENEATH);
    ssize_t got = 0;
    int error = from < 0 ? from : to < 0 ? to : 0;
    while (error == 0 && (got = sys_read(from, buffer, sizeof buffer)) > 0)
        error = sys_write_all(to, buffer, (size_t)got);
    if (error == 0 && got < 0)
        error = (int)got;
    if (error == 0)
        error = set_interpreter(to, interpreter);
    if (error == 0 && (entry->st.st_uid != view->own.fsuid || entry->st.st_gid != view->own.fsgid))
        error = sys_fchown(to, entry->st.st_uid, entry->st.st_gid);
    if (error == 0)
        error = sys_fchmod(to, entry->st.st_mode & 0777);
    return error;
}

static char *origin_of(const struct entry *entry)
{
    char path[PATH_MAX], *text = NULL;
    if (directory_path(entry->dir, path) < 0)
        return NULL;
    return asprintf(&text, "%s/%s", path[1] == '\0' ? "" : path, entry->name) < 0 ? NULL : text;
}

/* Opens the directory that the caller can execute a copy from. Its descriptor or -errno; its path in malloc()ed text.
 */
static int open_place(struct view *view, const struct caller *caller, char **path)
{
    int error = view_is_closed_to(view, caller) ? socket_alias_directory(view) : 1;
    if (error < 0)
        return error;
    if ((error == 0 ? asprintf(path, "%s", view->alias_dir) : asprintf(path, "%s/work", view->layer->path)) < 0) {
        *path = NULL;
        return -ENOMEM;
    }
    return sys_openat(AT_FDCWD, *path, O_RDONLY | O_DIRECTORY, 0);
}

int elf_copy_with_interpreter(struct view *view, const struct caller *caller, const struct entry *entry,
                              const char *interpreter, char path[PATH_MAX])
{
    char name[32];
    cleanup_free char *directory = NULL;
    const struct exec_copy *known = find_copy(view, &entry->st, interpreter);
    if (known != NULL)
        return snprintf(path, PATH_MAX, "%s", known->copy) < PATH_MAX ? 0 : -ENAMETOOLONG;
    struct exec_copy *copy = calloc(1, sizeof *copy);
    if (copy == NULL)
        return -ENOMEM;
    layer_temp_name(view->layer, name);
    cleanup_fd int place = open_place(view, caller, &directory);
    int error = place < 0 ? place : make_copy(view, entry, interpreter, place, name);
    copy->dev = entry->st.st_dev;
    copy->ino = entry->st.st_ino;
    copy->mtime = entry->st.st_mtim;
    copy->interpreter = strdup(interpreter);
    copy->origin = origin_of(entry);
    if (directory == NULL || asprintf(&copy->copy, "%s/%s", directory, name) < 0)
        copy->copy = NULL;
    copy->next = view->exec_copies;
    view->exec_copies = copy;
    if (error == 0 && (copy->interpreter == NULL || copy->origin == NULL || copy->copy == NULL))
        error = -ENOMEM;
    if (error < 0) {
        view->exec_copies = copy->next;
        free(copy->interpreter);
        free(copy->origin);
        free(copy->copy);
        free(copy);
        return error;
    }
    return snprintf(path, PATH_MAX, "%s", copy->copy) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

const char *elf_copy_origin(const struct view *view, const char *path)
{
    for (const struct exec_copy *copy = view->exec_copies; copy != NULL; copy = copy->next)
        if (strcmp(copy->copy, path) == 0)
            return copy->origin;
    return NULL;
}

void elf_copies_free(struct view *view)
{
    while (view->exec_copies != NULL) {
        struct exec_copy *copy = view->exec_copies;
        view->exec_copies = copy->next;
        if (view->alias_dir[0] != '\0' && strncmp(copy->copy, view->alias_dir, strlen(view->alias_dir)) == 0)
            (void)unlink(copy->copy);
        free(copy->interpreter);
        free(copy->origin);
        free(copy->copy);
        free(copy);
    }
}
