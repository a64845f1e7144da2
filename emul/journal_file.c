#include "emul/journal_file.h"

#include "emul/cleanup.h"
#include "emul/layer_store.h"
#include "emul/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

/* LAYER/journal, and the first line of what is kept: 128 random bits and a newline. */
enum { TOKEN_SIZE = 33, KEPT_NAME_MAX = 64 };

/* Of a journal, which the user's own coffer wrote: it has a line a file. */
#define JOURNAL_MAX ((off_t)4 << 30)

static const char MARK[] = "journal";
static const char NEW_MARK[] = "journal.new";

bool journal_file_exists(const struct layer *layer)
{
    struct stat st;
    return sys_fstatat(layer->dir_fd, MARK, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The directory STORE/.commits; make: also where it is missing. */
static int open_kept(bool make)
{
    char path[PATH_MAX];
    int status = layer_store_path(path);
    if (status < 0)
        return status;
    if (strlen(path) + sizeof "/.commits" > sizeof path)
        return -ENAMETOOLONG;
    strncat(path, "/.commits", sizeof path - strlen(path) - 1);
    status = make ? layer_store_make(path) : 0;
    return status < 0 ? status : sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* "INO-SECONDS.NANOSECONDS", and the same with ".new": a layer that is copied or unpacked has others. */
static int kept_name(const struct layer *layer, char name[KEPT_NAME_MAX], char fresh[KEPT_NAME_MAX])
{
    struct statx sx;
    if (statx(layer->dir_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &sx) < 0)
        return -errno;
    bool timed = (sx.stx_mask & STATX_BTIME) != 0;
    (void)snprintf(name, KEPT_NAME_MAX - 4, "%" PRIx64 "-%" PRId64 ".%" PRIu32, (uint64_t)sx.stx_ino,
                   timed ? (int64_t)sx.stx_btime.tv_sec : 0, timed ? sx.stx_btime.tv_nsec : 0);
    (void)snprintf(fresh, KEPT_NAME_MAX, "%.59s.new", name);
    return 0;
}

static int make_token(char token[TOKEN_SIZE + 1])
{
    uint64_t numbers[2];
    if (getrandom(numbers, sizeof numbers, 0) != (ssize_t)sizeof numbers)
        return -EIO;
    (void)snprintf(token, TOKEN_SIZE + 1, "%016" PRIx64 "%016" PRIx64 "\n", numbers[0], numbers[1]);
    return 0;
}

/* Writes a file under a name of its own, then gives it its name, both on disk. */
static int put_file(int dir, const char *fresh, const char *name, const char *head, const char *text, size_t size)
{
    (void)sys_unlinkat(dir, fresh, 0);
    cleanup_fd int fd = sys_openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    int status = fd < 0 ? fd : sys_write_all(fd, head, TOKEN_SIZE);
    if (status == 0)
        status = sys_write_all(fd, text, size);
    if (status == 0)
        status = sys_fsync(fd);
    if (status == 0)
        status = sys_renameat2(dir, fresh, dir, name, 0);
    if (status == 0)
        status = sys_fsync(dir);
    if (status < 0)
        (void)sys_unlinkat(dir, fresh, 0);
    return status;
}

/* What is kept comes first: a layer that says that a commit is under way must have it. */
int journal_file_write(const struct layer *layer, const char *text, size_t size)
{
    char name[KEPT_NAME_MAX], fresh[KEPT_NAME_MAX], token[TOKEN_SIZE + 1];
    cleanup_fd int kept = open_kept(true);
    int status = kept < 0 ? kept : kept_name(layer, name, fresh);
    if (status == 0)
        status = make_token(token);
    if (status == 0)
        status = put_file(kept, fresh, name, token, text, size);
    if (status == 0)
        status = put_file(layer->dir_fd, NEW_MARK, MARK, token, "", 0);
    return status;
}

/* Files of more than `most` bytes are none of ours. */
static int read_file(int dir, const char *name, off_t most, char **text, size_t *size)
{
    struct stat st;
    cleanup_fd int fd = sys_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    int status = fd < 0 ? fd : sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (status < 0 || !S_ISREG(st.st_mode) || st.st_size > most)
        return status < 0 ? status : -EKEYREJECTED;
    cleanup_free char *buffer = malloc((size_t)st.st_size + 1);
    ssize_t length = buffer == NULL ? -ENOMEM : sys_read_full(fd, buffer, (size_t)st.st_size);
    if (length < 0)
        return (int)length;
    buffer[length] = '\0';
    *size = (size_t)length;
    *text = steal_ptr(&buffer);
    return 0;
}

int journal_file_read(const struct layer *layer, char **text, size_t *size)
{
    char name[KEPT_NAME_MAX], fresh[KEPT_NAME_MAX];
    cleanup_free char *mark = NULL;
    cleanup_free char *whole = NULL;
    size_t mark_size = 0, whole_size = 0;
    int status = read_file(layer->dir_fd, MARK, TOKEN_SIZE, &mark, &mark_size);
    if (status < 0)
        return status == -ELOOP ? -EKEYREJECTED : status;
    cleanup_fd int kept = open_kept(false);
    status = kept < 0 ? kept : kept_name(layer, name, fresh);
    if (status == 0)
        status = read_file(kept, name, JOURNAL_MAX, &whole, &whole_size);
    if (status < 0)
        return status == -ENOENT ? -EKEYREJECTED : status;
    if (mark_size != TOKEN_SIZE || whole_size < TOKEN_SIZE || memcmp(mark, whole, TOKEN_SIZE) != 0)
        return -EKEYREJECTED;
    *size = whole_size - TOKEN_SIZE;
    memmove(whole, whole + TOKEN_SIZE, *size + 1);
    *text = steal_ptr(&whole);
    return 0;
}

int journal_file_append(const struct layer *layer, const char *text, size_t size)
{
    char name[KEPT_NAME_MAX], fresh[KEPT_NAME_MAX];
    cleanup_fd int kept = open_kept(false);
    int status = kept < 0 ? kept : kept_name(layer, name, fresh);
    if (status < 0)
        return status;
    cleanup_fd int fd = sys_openat(kept, name, O_WRONLY | O_APPEND | O_NOFOLLOW, 0);
    status = fd < 0 ? fd : sys_write_all(fd, text, size);
    return status < 0 ? status : sys_fsync(fd);
}

int journal_file_remove(const struct layer *layer)
{
    int status = sys_unlinkat(layer->dir_fd, MARK, 0);
    if (status < 0 && status != -ENOENT)
        return status;
    journal_file_forget(layer);
    return 0;
}

/* Without the layer's mark it says nothing, so that it stays does no harm. */
void journal_file_forget(const struct layer *layer)
{
    char name[KEPT_NAME_MAX], fresh[KEPT_NAME_MAX];
    cleanup_fd int kept = open_kept(false);
    if (kept >= 0 && kept_name(layer, name, fresh) == 0)
        (void)sys_unlinkat(kept, name, 0);
}
