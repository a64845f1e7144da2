/*
 * /proc/PID/maps, smaps and numa_maps: the paths of what is mapped, and its device and inode number, as stat() of that
 * path shows them.
 */
#include "emul/proc_file.h"

#include <string.h>
#include <sys/sysmacros.h>

enum { PATH_COLUMN = 72 }; /* show_vma_header_prefix() in fs/proc/task_mmu.c */

/* Several lines in a row are of the same file. */
struct last_file {
    char path[PATH_MAX];
    dev_t dev;
    ino_t ino;
    struct shown shown;
    bool known;
};

static const struct shown *look_up(const struct proc_file *file, struct last_file *last, const char *path, dev_t dev,
                                   ino_t ino)
{
    if (last->known && last->dev == dev && last->ino == ino && strcmp(last->path, path) == 0)
        return &last->shown;
    last->known = true;
    last->dev = last->shown.dev = dev;
    last->ino = last->shown.ino = ino;
    (void)snprintf(last->path, sizeof last->path, "%s", path);
    (void)snprintf(last->shown.path, sizeof last->shown.path, "%s", path);
    shown_object(file->view, file->caller, NULL, &last->shown);
    shown_to(file->caller->fs, last->shown.path);
    return &last->shown;
}

/* "start-end perms offset major:minor inode      path"; false for any other line, and where nothing changes. */
static bool show_mapping(const struct proc_file *file, struct last_file *last, const char *line, size_t length,
                         FILE *out)
{
    char path[PATH_MAX];
    unsigned major_number, minor_number;
    unsigned long ino;
    int device_at = 0, end = 0;
    if (sscanf(line, "%*x-%*x %*4s %*x %n%x:%x %lu%n", &device_at, &major_number, &minor_number, &ino, &end) != 3 ||
        end == 0 || (size_t)end >= length)
        return false;
    const char *name = line + end + strspn(line + end, " ");
    if (*name != '/' || proc_unescape(name, "\n", path) == NULL)
        return false;
    const struct shown *shown = look_up(file, last, path, makedev(major_number, minor_number), ino);
    if (strcmp(shown->path, path) == 0 && shown->dev == last->dev && shown->ino == last->ino)
        return false;
    int column = fprintf(out, "%.*s%02x:%02x %lu ", device_at, line, major(shown->dev), minor(shown->dev),
                         (unsigned long)shown->ino);
    (void)fprintf(out, "%*s", column < PATH_COLUMN ? PATH_COLUMN - column + 1 : 1, "");
    proc_escape(out, shown->path, "\n");
    return true;
}

void proc_show_maps(const struct proc_file *file, const char *text, FILE *out)
{
    struct last_file last = {.known = false};
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (!show_mapping(file, &last, line, length, out))
            (void)fwrite(line, 1, length, out);
        line += length;
        if (*line == '\n')
            (void)fputc(*line++, out);
    }
}

/* The line of maps that begins with this address, from *maps on: both files are in the order of addresses. */
static bool find_mapping(const char **maps, const char *address, dev_t *dev, ino_t *ino)
{
    size_t length = strspn(address, "0123456789abcdef");
    for (; **maps != '\0'; *maps += strcspn(*maps, "\n"), *maps += **maps == '\n') {
        unsigned major_number, minor_number;
        unsigned long number;
        if (strncmp(*maps, address, length) != 0 || (*maps)[length] != '-')
            continue;
        if (sscanf(*maps, "%*x-%*x %*4s %*x %x:%x %lu", &major_number, &minor_number, &number) != 3)
            return false;
        *dev = makedev(major_number, minor_number);
        *ino = number;
        return true;
    }
    return false;
}

/* "address policy file=path ...": which file that is, only maps says. */
static bool show_numa_line(const struct proc_file *file, struct last_file *last, const char **maps, const char *line,
                           const char *end, FILE *out)
{
    static const char mark[] = " file=";
    char path[PATH_MAX];
    dev_t dev;
    ino_t ino;
    const char *at = memmem(line, (size_t)(end - line), mark, strlen(mark));
    at = at == NULL ? NULL : at + strlen(mark);
    const char *rest = at == NULL || *at != '/' ? NULL : proc_unescape(at, " \n", path);
    if (rest == NULL || !find_mapping(maps, line, &dev, &ino))
        return false;
    (void)fwrite(line, 1, (size_t)(at - line), out);
    proc_escape(out, look_up(file, last, path, dev, ino)->path, "\n\t= ");
    (void)fwrite(rest, 1, (size_t)(end - rest), out);
    return true;
}

void proc_show_numa_maps(const struct proc_file *file, const char *text, FILE *out)
{
    struct last_file last = {.known = false};
    struct stat st;
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%.*smaps", (int)(strlen(file->path) - strlen("numa_maps")), file->path);
    cleanup_free char *copy = proc_read(file->view, file->caller, path, &st);
    const char *maps = copy == NULL ? "" : copy;
    for (const char *line = text; *line != '\0';) {
        const char *end = line + strcspn(line, "\n");
        if (!show_numa_line(file, &last, &maps, line, end, out))
            (void)fwrite(line, 1, (size_t)(end - line), out);
        if (*end == '\n')
            (void)fputc(*end++, out);
        line = end;
    }
}
