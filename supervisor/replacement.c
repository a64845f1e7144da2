#include "supervisor/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mode that a new file gets. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    return 0666 & ~mask;
}

/* In the same directory, for mkostemp(). */
static int name_beside(struct replacement *replacement)
{
    static const char name[] = ".coffer-XXXXXX";
    const char *slash = strrchr(replacement->path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash + 1 - replacement->path);
    if (length + sizeof name > sizeof replacement->beside)
        return -ENAMETOOLONG;
    memcpy(replacement->beside, replacement->path, length);
    memcpy(replacement->beside + length, name, sizeof name);
    return 0;
}

static int plan(struct replacement *replacement, const char *file)
{
    struct stat st;
    *replacement = (struct replacement){.mode = usual_mode()};
    if (strlen(file) >= sizeof replacement->path)
        return -ENAMETOOLONG;
    memcpy(replacement->path, file, strlen(file) + 1);
    if (stat(file, &st) < 0)
        return errno == ENOENT ? name_beside(replacement) : -errno;
    if (!S_ISREG(st.st_mode))
        return 0;
    /* A symbolic link stays one. */
    if (realpath(file, replacement->path) == NULL || access(replacement->path, W_OK) < 0)
        return -errno;
    replacement->mode = st.st_mode & 0777;
    replacement->is_there = true;
    return name_beside(replacement);
}

/* The new file, or -errno. One that may be written in a directory that may not is planned to be written in place. */
static int open_beside(struct replacement *replacement)
{
    int fd = mkostemp(replacement->beside, O_CLOEXEC);
    if (fd >= 0)
        return fd;
    int status = -errno;
    if (!replacement->is_there || (status != -EACCES && status != -EPERM && status != -EROFS))
        return status;
    replacement->beside[0] = '\0';
    return status;
}

/* What to write to, or -errno. What is there is cut when the new content is written. */
static int open_file(struct replacement *replacement)
{
    int status = replacement->beside[0] == '\0' ? 0 : open_beside(replacement);
    if (replacement->beside[0] != '\0')
        return status;
    int fd = open(replacement->path, O_WRONLY | (replacement->is_there ? 0 : O_TRUNC) | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

int replacement_begin(struct replacement *replacement, const char *file, FILE **out)
{
    int status = plan(replacement, file);
    if (status < 0)
        return status;
    int fd = open_file(replacement);
    if (fd < 0)
        return fd;
    bool is_new = replacement->beside[0] != '\0';
    *out = is_new && fchmod(fd, replacement->mode) < 0 ? NULL : fdopen(fd, "w");
    if (*out != NULL)
        return 0;
    status = -errno;
    (void)close(fd);
    if (is_new)
        (void)unlink(replacement->beside);
    return status;
}

int replacement_check(const char *file)
{
    struct replacement replacement;
    int status = plan(&replacement, file);
    if (status < 0 || replacement.beside[0] == '\0')
        return status;
    int fd = open_file(&replacement);
    if (fd < 0)
        return fd;
    (void)close(fd);
    return replacement.beside[0] != '\0' && unlink(replacement.beside) < 0 ? -errno : 0;
}

int replacement_flush(FILE *out)
{
    bool failed = ferror(out) != 0;
    if (fflush(out) != 0)
        return -errno;
    return failed ? -EIO : 0;
}

/* In place, where anything of the new content has been written, nothing of the old stays behind it. */
static int cut(FILE *out, int status)
{
    off_t end = ftello(out);
    if (end < 0 || (status == 0 || end > 0 ? ftruncate(fileno(out), end) : 0) < 0)
        return -errno;
    return 0;
}

int replacement_end(const struct replacement *replacement, FILE *out, int status)
{
    bool is_new = replacement->beside[0] != '\0';
    /* What an earlier write did not take fclose() does not tell. */
    int flushed = replacement_flush(out);
    if (!is_new && replacement->is_there && flushed == 0)
        flushed = cut(out, status);
    if (fclose(out) != 0 && flushed == 0)
        flushed = -errno;
    if (status == 0)
        status = flushed;
    if (is_new && status == 0 && rename(replacement->beside, replacement->path) < 0)
        status = -errno;
    if (is_new && status < 0)
        (void)unlink(replacement->beside);
    return status;
}
