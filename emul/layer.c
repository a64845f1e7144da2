/*
 * Opening, locking and removing a layer. What opening must stand: a layer whose run
 * was killed at any moment, one that is half made, and a directory that is none.
 */
#include "emul/layer.h"

#include "emul/cleanup.h"
#include "emul/closed.h"
#include "emul/layer_base.h"
#include "emul/layer_meta.h"
#include "emul/layer_store.h"
#include "emul/object.h"
#include "emul/sys.h"
#include "emul/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>

/* A name made of argv[0] is cut to this, which leaves room for the time. */
enum { COMMAND_NAME_MAX = 80 };

__attribute__((format(printf, 3, 4))) static int fail(struct layer_error *error, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

static int fail_errno(struct layer_error *error, int status, const char *what)
{
    return fail(error, status, "%s: %s", what, strerror(-status));
}

static int fail_with_hint(struct layer_error *error, int status, const char *what)
{
    if (status == -ENOTSUP)
        return fail(error, status,
                    "%s: its file system keeps no user extended attributes; choose a layer elsewhere with --layer DIR",
                    what);
    if (status == -ENOSPC || status == -EDQUOT)
        return fail(error, status, "%s: %s; free some space or choose a layer elsewhere with --layer DIR", what,
                    strerror(-status));
    return fail_errno(error, status, what);
}

/* Finishes removals in the store that were cut off. */
static void sweep_removed(const char *store)
{
    int fd = sys_openat(AT_FDCWD, store, O_RDONLY | O_DIRECTORY, 0);
    cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, ".removed-", strlen(".removed-")) == 0)
            (void)tree_remove(fd, entry->d_name);
}

/* "make-20240131-235959": the command's name without what would be odd in a layer's. */
static void name_new_layer(char *name, size_t room, char *const argv[], unsigned attempt)
{
    char command[COMMAND_NAME_MAX + 1] = "layer";
    char stamp[32];
    const char *base = argv == NULL || argv[0] == NULL ? "" : strrchr(argv[0], '/');
    if (base == NULL)
        base = argv[0];
    while (*base == '/' || *base == '.')
        base++;
    if (*base != '\0')
        (void)snprintf(command, sizeof command, "%s", base);
    for (char *p = command; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            *p = '_';
    struct tm parts;
    time_t now = time(NULL);
    (void)localtime_r(&now, &parts);
    (void)strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    int length = snprintf(name, room, "%s-%s", command, stamp);
    if (attempt > 1 && length > 0)
        (void)snprintf(name + length, room - (size_t)length, "-%u", attempt);
}

static int join(char path[PATH_MAX], const char *dir, const char *name)
{
    int length = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int create_in_store(char path[PATH_MAX], const char *store, char *const argv[], struct layer_error *error)
{
    char name[NAME_MAX + 1];
    int status = -EEXIST;
    for (unsigned attempt = 1; status == -EEXIST && attempt < 10000; attempt++) {
        name_new_layer(name, sizeof name, argv, attempt);
        status = join(path, store, name);
        if (status == 0)
            status = sys_mkdirat(AT_FDCWD, path, 0700);
    }
    return status < 0 ? fail_with_hint(error, status, path) : 0;
}

/* Finds the path of the layer in the store, making the directory for a run. *created: it was not there. */
static int locate_in_store(char path[PATH_MAX], const char *spec, enum layer_open_mode mode, char *const argv[],
                           bool *created, struct layer_error *error)
{
    char store[PATH_MAX];
    char name[NAME_MAX + 1];
    int status = layer_store_path(store);
    if (status < 0)
        return fail(error, status, "layers: no place for them: set HOME or XDG_STATE_HOME to an absolute path");
    if (mode == LAYER_RUN && (status = layer_store_make(store)) < 0)
        return fail_with_hint(error, status, store);
    if (mode == LAYER_RUN)
        sweep_removed(store);
    if (spec == NULL && mode == LAYER_RUN) {
        *created = true;
        return create_in_store(path, store, argv, error);
    }
    if (spec == NULL) {
        status = layer_newest(name);
        if (status < 0)
            return fail(error, status, "%s: %s", store, status == -ENOENT ? "no layers yet" : strerror(-status));
        spec = name;
    }
    if (!layer_name_valid(spec))
        return fail(error, -EINVAL, "'%s': not a layer's name: it must not be empty, begin with '.' or be too long",
                    spec);
    status = join(path, store, spec);
    if (status == 0 && mode == LAYER_RUN) {
        status = sys_mkdirat(AT_FDCWD, path, 0700);
        *created = status == 0;
    }
    return status < 0 && status != -EEXIST ? fail_with_hint(error, status, path) : 0;
}

static int locate(char path[PATH_MAX], const char *spec, enum layer_open_mode mode, char *const argv[], bool *created,
                  struct layer_error *error)
{
    if (spec == NULL || strchr(spec, '/') == NULL)
        return locate_in_store(path, spec, mode, argv, created, error);
    if (strlen(spec) >= PATH_MAX)
        return fail(error, -ENAMETOOLONG, "layer: %s", strerror(ENAMETOOLONG));
    (void)snprintf(path, PATH_MAX, "%s", spec);
    int status = mode == LAYER_RUN ? sys_mkdirat(AT_FDCWD, path, 0700) : -EEXIST;
    *created = status == 0;
    struct stat st;
    if (status < 0 && status != -EEXIST && sys_fstatat(AT_FDCWD, path, &st, 0) < 0)
        return fail_with_hint(error, status, path);
    return 0;
}

/* Whether a directory without layer.json holds nothing but what an opening that was cut off leaves. */
static bool is_fresh(int dir)
{
    int fd = sys_openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return false;
    cleanup_dir DIR *list = fdopendir(fd);
    if (list == NULL) {
        (void)close(fd);
        return false;
    }
    static const char *const known[] = {".", "..", "lock", "layer.json.new"};
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        bool ours = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            ours = ours || strcmp(entry->d_name, known[i]) == 0;
        if (!ours)
            return false;
    }
    return true;
}

/* Reads layer.json; *meta stays NULL in a directory that is about to become a layer. */
static int read_meta(const struct layer *layer, enum layer_open_mode mode, json_t **meta, struct layer_error *error)
{
    long format = 0;
    int status = layer_meta_read(layer->dir_fd, meta, &format);
    if (status == 0)
        return 0;
    if (status == -ENOENT && mode == LAYER_RUN && is_fresh(layer->dir_fd))
        return 0;
    if (status == -ENOENT && is_fresh(layer->dir_fd))
        return fail(error, status, "%s: an empty directory, not yet a layer", layer->path);
    if (status == -ENOENT)
        return fail(error, -EINVAL, "%s: not a layer: it has no layer.json", layer->path);
    if (status == -EPROTONOSUPPORT)
        return fail(error, status, "%s: a layer of format %ld, but this coffer knows format %d only", layer->path,
                    format, LAYER_FORMAT);
    if (status == -EBADMSG)
        return fail(error, status, "%s/layer.json: damaged; the changes are still in %s/fs", layer->path, layer->path);
    return fail(error, status, "%s/layer.json: %s", layer->path, strerror(-status));
}

/* The worker of a run that was killed holds the lock a moment longer than that. */
static int lock_patiently(int fd)
{
    enum { TRIES = 20 };
    const struct timespec moment = {.tv_nsec = 5000000};
    int status;
    for (int i = 0; (status = flock(fd, LOCK_EX | LOCK_NB)) < 0 && (errno == EWOULDBLOCK || errno == EINTR); i++) {
        if (i == TRIES)
            return -EWOULDBLOCK;
        (void)nanosleep(&moment, NULL);
    }
    return status < 0 ? -errno : 0;
}

static int take_lock(struct layer *layer, struct layer_error *error)
{
    cleanup_fd int fd = sys_openat(layer->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return fail_with_hint(error, fd, layer->path);
    int status = lock_patiently(fd);
    if (status < 0) {
        pid_t holder = layer_lock_holder(layer->dir_fd);
        if (status != -EWOULDBLOCK)
            return fail(error, status, "%s/lock: %s", layer->path, strerror(-status));
        if (holder > 0)
            return fail(error, -EBUSY, "%s: in use by process %ld", layer->name, (long)holder);
        return fail(error, -EBUSY, "%s: in use by another process", layer->name);
    }
    /* Whoever held the lock until now may have removed the layer. */
    struct stat named;
    struct stat held;
    if (sys_fstatat(AT_FDCWD, layer->path, &named, 0) < 0 || sys_fstatat(layer->dir_fd, "", &held, AT_EMPTY_PATH) < 0 ||
        named.st_ino != held.st_ino || named.st_dev != held.st_dev)
        return fail(error, -ENOENT, "%s: the layer was removed just now", layer->name);
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    status = sys_ftruncate(fd, 0);
    if (status == 0)
        status = sys_write_all(fd, text, (size_t)length);
    if (status < 0)
        return fail_with_hint(error, status, layer->path);
    layer->lock_fd = steal_fd(&fd);
    return 0;
}

/* The upper directory shows the metadata of the view's root: the host's, as far as this user may set it. */
static int adopt_root_metadata(int fs_fd)
{
    struct stat root;
    int status = sys_fstatat(AT_FDCWD, "/", &root, 0);
    if (status < 0)
        return status;
    mode_t mode = root.st_mode & 07777;
    (void)sys_fchown(fs_fd, root.st_uid, root.st_gid);
    status = sys_fchmod(fs_fd, mode | 0700);
    if (status < 0)
        return status;
    struct stat made;
    status = sys_fstatat(fs_fd, "", &made, AT_EMPTY_PATH);
    if (status < 0 || (made.st_uid == root.st_uid && made.st_gid == root.st_gid && (made.st_mode & 07777) == mode))
        return status;
    return object_override_set(fs_fd, &root);
}

/* Opens LAYER/fs, which is made here when opening was cut off before, or never done. */
static int open_fs(struct layer *layer, struct layer_error *error)
{
    int status = sys_mkdirat(layer->dir_fd, "fs", 0700);
    bool made = status == 0;
    layer->fs_fd = sys_openat(layer->dir_fd, "fs", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (layer->fs_fd < 0)
        return fail(error, layer->fs_fd, "%s/fs: %s", layer->path,
                    strerror(status < 0 && status != -EEXIST ? -status : -layer->fs_fd));
    status = made ? adopt_root_metadata(layer->fs_fd) : 0;
    return status < 0 ? fail_with_hint(error, status, layer->path) : 0;
}

/* Opaque directories and owners are kept in user xattrs: say so now, not at the first rmdir. */
static int probe_xattrs(const struct layer *layer, struct layer_error *error)
{
    static const char name[] = "user.overlay.coffer-probe";
    int status = sys_fsetxattr(layer->fs_fd, name, "y", 1, 0);
    if (status == 0)
        status = sys_fremovexattr(layer->fs_fd, name);
    return status < 0 ? fail_with_hint(error, status, layer->path) : 0;
}

static int open_work(struct layer *layer, struct layer_error *error)
{
    int status = sys_mkdirat(layer->dir_fd, "work", 0700);
    if (status < 0 && status != -EEXIST)
        return fail_with_hint(error, status, layer->path);
    layer->work_fd = sys_openat(layer->dir_fd, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (layer->work_fd < 0)
        return fail(error, layer->work_fd, "%s/work: %s", layer->path, strerror(-layer->work_fd));
    closed_again(layer);
    status = tree_empty(layer->work_fd);
    return status < 0 ? fail(error, status, "%s/work: %s", layer->path, strerror(-status)) : 0;
}

/* Only a run makes it: elsewhere, that there is none tells that nothing is on record. */
static int open_base(struct layer *layer, enum layer_open_mode mode, struct layer_error *error)
{
    int create = mode == LAYER_RUN ? O_CREAT : 0;
    int status = sys_openat(layer->dir_fd, "base", O_RDWR | O_APPEND | create | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (status == -ENOENT && mode != LAYER_RUN)
        return 0;
    if (status >= 0) {
        layer->base_fd = status;
        status = mode == LAYER_RUN ? layer_base_begin(layer) : 0;
    }
    return status < 0 ? fail_with_hint(error, status, layer->path) : 0;
}

static int open_origins(struct layer *layer, struct layer_error *error)
{
    int fd = sys_openat(layer->dir_fd, "origins", O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return fail_with_hint(error, fd, layer->path);
    layer->origins_fd = fd;
    return 0;
}

/* A run on half-committed changes would change what the journal still has to finish. */
static int check_journal(const struct layer *layer, struct layer_error *error)
{
    struct stat st;
    if (sys_fstatat(layer->dir_fd, "journal", &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return fail(error, -EBUSY, "%s: a commit of it was cut off: finish it first with 'coffer commit %s'", layer->name,
                layer->name);
}

/* What a run does before the layer's parts are there; layer.json first: it makes the directory a layer. */
static int note_run(const struct layer *layer, json_t *meta, char *const argv[], struct layer_error *error)
{
    long format;
    int status = 0;
    json_t *fresh = NULL;
    if (meta == NULL) {
        status = layer_meta_create(layer->dir_fd, argv);
        if (status == 0)
            status = layer_meta_read(layer->dir_fd, &fresh, &format);
    }
    if (status == 0)
        status = layer_meta_note_run(layer->dir_fd, meta == NULL ? fresh : meta, argv);
    json_decref(fresh);
    return status < 0 ? fail_with_hint(error, status, layer->path) : 0;
}

static int open_parts(struct layer *layer, enum layer_open_mode mode, char *const argv[], struct layer_error *error)
{
    json_t *meta = NULL;
    int status = read_meta(layer, mode, &meta, error);
    if (status == 0 && mode != LAYER_READ) {
        status = take_lock(layer, error);
        if (status == 0 && mode == LAYER_RUN) {
            /* Another run may have made or used the layer before the lock was ours. */
            json_decref(meta);
            meta = NULL;
            status = read_meta(layer, mode, &meta, error);
            if (status == 0)
                status = check_journal(layer, error);
            if (status == 0)
                status = note_run(layer, meta, argv, error);
        }
    }
    json_decref(meta);
    if (status == 0)
        status = open_fs(layer, error);
    if (status == 0 && mode == LAYER_RUN)
        status = probe_xattrs(layer, error);
    if (status == 0 && mode != LAYER_READ)
        status = open_work(layer, error);
    if (status == 0 && mode != LAYER_READ)
        status = open_base(layer, mode, error);
    if (status == 0 && mode == LAYER_RUN)
        status = open_origins(layer, error);
    return status;
}

/* Canonical path and name, from the directory that is open. */
static int learn_path(struct layer *layer, const char *path, struct layer_error *error)
{
    if (realpath(path, layer->path) == NULL)
        return fail_errno(error, -errno, path);
    const char *name = strrchr(layer->path, '/');
    if (strlen(name + 1) > NAME_MAX)
        return fail_errno(error, -ENAMETOOLONG, path);
    (void)snprintf(layer->name, sizeof layer->name, "%.255s", name + 1);
    return 0;
}

int layer_open(struct layer *layer, const char *spec, enum layer_open_mode mode, char *const argv[],
               struct layer_error *error)
{
    char path[PATH_MAX];
    bool created = false;
    struct layer opened = {.dir_fd = -1, .fs_fd = -1, .work_fd = -1, .lock_fd = -1, .base_fd = -1, .origins_fd = -1};
    int status = locate(path, spec, mode, argv, &created, error);
    if (status < 0)
        return status;
    opened.dir_fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (opened.dir_fd == -ENOENT)
        return fail(error, -ENOENT, "%s: no such layer; see 'coffer list'", spec == NULL ? path : spec);
    if (opened.dir_fd == -ENOTDIR)
        return fail(error, -ENOTDIR, "%s: not a layer: not a directory", spec == NULL ? path : spec);
    if (opened.dir_fd < 0)
        return fail_errno(error, opened.dir_fd, path);
    status = learn_path(&opened, path, error);
    if (status == 0)
        status = open_parts(&opened, mode, argv, error);
    if (status < 0) {
        /* What this call made goes again, unless somebody else has begun to use it. */
        if (created && status != -EBUSY)
            (void)layer_remove(&opened);
        layer_close(&opened);
        return status;
    }
    *layer = opened;
    return 0;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void layer_close(struct layer *layer)
{
    /* An empty lock file says that nobody uses the layer, even where /proc/locks shows too little. */
    if (layer->lock_fd >= 0)
        (void)sys_ftruncate(layer->lock_fd, 0);
    close_one(&layer->origins_fd);
    close_one(&layer->base_fd);
    close_one(&layer->work_fd);
    close_one(&layer->fs_fd);
    close_one(&layer->lock_fd);
    close_one(&layer->dir_fd);
}

int layer_remove(struct layer *layer)
{
    char parent[PATH_MAX];
    char gone[64];
    (void)snprintf(parent, sizeof parent, "%s", layer->path);
    char *name = strrchr(parent, '/');
    *name++ = '\0';
    cleanup_fd int dir = sys_openat(AT_FDCWD, parent[0] == '\0' ? "/" : parent, O_PATH | O_DIRECTORY, 0);
    if (dir < 0)
        return dir;
    char unique[32];
    layer_temp_name(layer, unique);
    (void)snprintf(gone, sizeof gone, ".removed-%s", unique);
    /* From the rename on nobody finds the layer any more; where it cannot be renamed, layer.json goes first. */
    int status = sys_renameat2(dir, name, dir, gone, RENAME_NOREPLACE);
    if (status == 0)
        return tree_remove(dir, gone);
    status = sys_unlinkat(layer->dir_fd, "layer.json", 0);
    return status < 0 && status != -ENOENT ? status : tree_remove(dir, name);
}

void layer_temp_name(struct layer *layer, char name[32])
{
    (void)layer;
    uint64_t number = 0;
    /* Random, so that a name left in work/ by a run that was killed is never met again. */
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (uint64_t)getpid() << 32 | (uint64_t)clock();
    (void)snprintf(name, 32, "t%016llx", (unsigned long long)number);
}
