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

/* A program header, of either class. */
struct program_header {
    union {
        Elf64_Phdr large;
        Elf32_Phdr small;
    } raw;
    size_t size; /* of what is used of it */
    uint64_t offset, length;
    off_t at; /* in the file */
};

/* Where the program headers of an ELF file are. 0 or -ENOEXEC. */
static int read_file_header(int fd, uint64_t *offset, unsigned *count, size_t *size)
{
    union {
        Elf64_Ehdr large;
        Elf32_Ehdr small;
    } header;
    ssize_t got = pread(fd, &header, sizeof header, 0);
    if (got < (ssize_t)sizeof header.small || memcmp(header.small.e_ident, ELFMAG, SELFMAG) != 0)
        return -ENOEXEC;
    bool small = header.small.e_ident[EI_CLASS] == ELFCLASS32;
    if (!small && (got < (ssize_t)sizeof header || header.large.e_ident[EI_CLASS] != ELFCLASS64))
        return -ENOEXEC;
    *offset = small ? header.small.e_phoff : header.large.e_phoff;
    *count = small ? header.small.e_phnum : header.large.e_phnum;
    *size = small ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
    size_t said = small ? header.small.e_phentsize : header.large.e_phentsize;
    return said != *size || *count > HEADERS_MAX || *offset > INT32_MAX ? -ENOEXEC : 0;
}

/* The program header of the interpreter: 1, 0 when there is none, or -errno. */
static int find_header(int fd, struct program_header *found)
{
    uint64_t offset;
    unsigned count;
    int error = read_file_header(fd, &offset, &count, &found->size);
    for (unsigned i = 0; i < count && error == 0; i++) {
        found->at = (off_t)(offset + i * found->size);
        if (pread(fd, &found->raw, found->size, found->at) != (ssize_t)found->size)
            return -ENOEXEC;
        bool small = found->size == sizeof found->raw.small;
        if ((small ? found->raw.small.p_type : found->raw.large.p_type) != PT_INTERP)
            continue;
        found->offset = small ? found->raw.small.p_offset : found->raw.large.p_offset;
        found->length = small ? found->raw.small.p_filesz : found->raw.large.p_filesz;
        return 1;
    }
    return error;
}

ssize_t elf_interpreter(int fd, char path[PATH_MAX])
{
    struct program_header header;
    int found = find_header(fd, &header);
    if (found <= 0)
        return found;
    if (header.length < 2 || header.length > PATH_MAX || header.offset > INT64_MAX)
        return -ENOEXEC;
    if (pread(fd, path, header.length, (off_t)header.offset) != (ssize_t)header.length ||
        path[header.length - 1] != '\0')
        return -ENOEXEC;
    return (ssize_t)strlen(path);
}

static int set_interpreter(int fd, const char *interpreter)
{
    struct program_header header;
    int found = find_header(fd, &header);
    off_t end = lseek(fd, 0, SEEK_END);
    size_t length = strlen(interpreter) + 1;
    if (found <= 0 || end < 0)
        return -ENOEXEC;
    if (header.size == sizeof header.raw.large) {
        header.raw.large.p_offset = (Elf64_Off)end;
        header.raw.large.p_filesz = header.raw.large.p_memsz = length;
    } else if (end > INT32_MAX) {
        return -ENOEXEC;
    } else {
        header.raw.small.p_offset = (Elf32_Off)end;
        header.raw.small.p_filesz = header.raw.small.p_memsz = (Elf32_Word)length;
    }
    if (pwrite(fd, interpreter, length, end) != (ssize_t)length ||
        pwrite(fd, &header.raw, header.size, header.at) != (ssize_t)header.size)
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
    char path[PATH_MAX];
    return directory_name_path(entry->dir, entry->name, path) < 0 ? NULL : strdup(path);
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
