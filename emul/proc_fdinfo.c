/*
 * /proc/PID/fdinfo/N: the inode number, which fstat() of the descriptor tells too.
 */
#include "emul/proc_file.h"

#include <string.h>
#include <unistd.h>

/* The number that the view shows of what a descriptor is open on; 0 when it is the kernel's. */
static ino_t number_of(const struct proc_file *file)
{
    char link[PATH_MAX];
    struct stat st;
    const char *number = strrchr(file->path, '/');
    size_t head = (size_t)(number - file->path) - strlen("info");
    (void)snprintf(link, sizeof link, "%.*s%s", (int)head, file->path, number);
    cleanup_fd int fd = sys_openat(AT_FDCWD, link, O_PATH, 0);
    if (fd < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return 0;
    ino_t real = st.st_ino;
    origins_show(file->view, fd, "", &st);
    return st.st_ino == real ? 0 : st.st_ino;
}

void proc_show_fdinfo(const struct proc_file *file, const char *text, FILE *out)
{
    static const char label[] = "ino:\t";
    const char *line = strstr(text, label);
    ino_t number = line == NULL ? 0 : number_of(file);
    if (number == 0) {
        (void)fputs(text, out);
        return;
    }
    (void)fprintf(out, "%.*s%s%lu%s", (int)(line - text), text, label, number, line + strcspn(line, "\n"));
}
