/*
 * `--format sqlite`: the database itself.
 *
 * SQLite writes to a file that it opens by name, and the output may be a pipe: so it goes through a temporary file.
 */
#include "emul/cleanup.h"
#include "supervisor/record/formats.h"
#include "supervisor/record/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

enum { PIECE = 64 * 1024 };

/* A fresh file, closed again. 0 or -errno. */
static int make_temporary(char path[PATH_MAX])
{
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || *directory != '/')
        directory = "/tmp";
    int length = snprintf(path, PATH_MAX, "%s/coffer-report-XXXXXX", directory);
    if (length < 0 || length >= PATH_MAX)
        return -ENAMETOOLONG;
    cleanup_fd int fd = mkostemp(path, O_CLOEXEC);
    return fd < 0 ? -errno : 0;
}

static int fill(struct format_context *context, const char *path)
{
    cleanup_statement sqlite3_stmt *vacuum = NULL;
    int status = sql_prepare(context->database, "VACUUM INTO ?", &vacuum);
    if (status < 0)
        return status;
    sql_bind_name(vacuum, 1, path);
    status = sql_run(vacuum);
    if (status < 0)
        (void)snprintf(context->why, sizeof context->why, "%.100s: %.100s", path, sqlite3_errmsg(context->database));
    return status;
}

static int copy(FILE *out, const char *path)
{
    cleanup_file FILE *in = fopen(path, "re");
    cleanup_free char *piece = malloc(PIECE);
    size_t size;
    if (in == NULL || piece == NULL)
        return -errno;
    while ((size = fread(piece, 1, PIECE, in)) > 0)
        if (fwrite(piece, 1, size, out) != size)
            return 0;
    return ferror(in) != 0 ? -EIO : 0;
}

int format_sqlite(struct format_context *context)
{
    char path[PATH_MAX];
    if (context->terminal) {
        (void)snprintf(context->why, sizeof context->why, "a database is nothing for a terminal; name a file by -o");
        return -EINVAL;
    }
    int status = make_temporary(path);
    if (status < 0) {
        (void)snprintf(context->why, sizeof context->why, "no temporary file: %s; set TMPDIR", strerror(-status));
        return status;
    }
    status = fill(context, path);
    if (status == 0)
        status = copy(context->out, path);
    (void)unlink(path);
    return status;
}
