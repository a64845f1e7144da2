/*
 * Copy-up: a host file into the layer before its first change.
 *
 * Data is cloned where the file system can, else copied inside the kernel; large files in a
 * worker process, so that other tracees go on meanwhile. The copy gets its name when it is complete.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* What takes longer to copy than a fork: about 0.25 ms at 4 GB/s, during which no other tracer can serve a stop. */
#define INLINE_MAX (1 << 20)

static int copy_data(int from, int to, off_t size)
{
    return size == 0 || ioctl(to, FICLONE, from) == 0 ? 0 : object_copy_data(from, to, size);
}

/* Makes the copy of a file, link or FIFO under a temporary name. */
static int make_copy(struct view *view, const struct entry *entry, const char *temp, bool empty)
{
    int work = view->layer->work_fd;
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    if (dirfd < 0)
        return dirfd;
    bool regular = S_ISREG(entry->st.st_mode);
    cleanup_fd int from =
        sys_openat2(dirfd, entry->name, regular && !empty ? O_RDONLY | O_NOFOLLOW | O_NONBLOCK : O_PATH | O_NOFOLLOW, 0,
                    SYS_BENEATH);
    struct stat st;
    int error = from < 0 ? from : sys_fstatat(from, "", &st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    if ((st.st_mode & S_IFMT) != (entry->st.st_mode & S_IFMT))
        return -ESTALE;
    if (empty)
        st.st_mtim.tv_nsec = UTIME_NOW; /* as truncating it does */
    cleanup_fd int to = -1;
    if (regular) {
        to = sys_openat2(work, temp, O_RDWR | O_CREAT | O_EXCL, 0600, SYS_BENEATH);
        error = to < 0 ? to : empty ? 0 : copy_data(from, to, st.st_size);
    } else {
        char target[PATH_MAX] = "";
        if (S_ISLNK(st.st_mode)) {
            ssize_t length = sys_readlinkat(from, "", target, sizeof target - 1);
            if (length < 0)
                return (int)length;
            target[length] = '\0';
            error = sys_symlinkat(target, work, temp);
        } else {
            error = sys_mknodat(work, temp, (st.st_mode & S_IFMT) | 0600, 0);
        }
        to = error < 0 ? error : sys_openat(work, temp, O_PATH | O_NOFOLLOW, 0);
        error = to < 0 ? to : 0;
    }
    return error < 0 ? error : copy_metadata(view, from, entry->tree, to, &st);
}

static int copy_up_object(struct view *view, struct entry *entry, bool empty)
{
    char temp[32];
    int fd = upper_directory(view, entry->dir);
    if (fd < 0)
        return fd;
    layer_temp_name(view->layer, temp);
    int error = make_copy(view, entry, temp, empty);
    if (error == 0)
        error = upper_note_base(view, entry->dir, entry->name);
    if (error == 0)
        error = upper_place(view, temp, entry->dir, entry->name);
    if (error < 0)
        (void)sys_unlinkat(view->layer->work_fd, temp, 0);
    return error;
}

static int look_anew(struct view *view, struct entry *entry)
{
    struct entry now;
    if (entry->name[0] == '\0')
        return 0;
    int error = lookup(view, entry->dir, entry->name, &now);
    if (error < 0)
        return error;
    entry_release(view, entry);
    *entry = now;
    return 0;
}

static int copy_up_now(struct view *view, struct entry *entry, bool empty)
{
    int error = 0;
    if (entry->name[0] == '\0' || (entry->trees & (1u << UPPER)) != 0)
        return 0;
    if (S_ISDIR(entry->st.st_mode)) {
        struct directory *dir = entry_directory(view, entry, &error);
        if (dir == NULL)
            return error;
        int fd = upper_directory(view, dir);
        directory_release(view, dir);
        return fd < 0 ? fd : look_anew(view, entry);
    }
    if (entry->tree == UPPER)
        return 0;
    if (S_ISCHR(entry->st.st_mode) || S_ISBLK(entry->st.st_mode))
        return -EPERM;
    error = copy_up_object(view, entry, empty);
    return error < 0 ? error : look_anew(view, entry);
}

static int entry_key(const struct entry *entry, const char *kind, char key[PATH_MAX + NAME_MAX + 8])
{
    char path[PATH_MAX];
    int error = directory_path(entry->dir, path);
    if (error < 0)
        return error;
    int length = snprintf(key, PATH_MAX + NAME_MAX + 8, "%s%s/%s", kind, path, entry->name);
    return length < PATH_MAX + NAME_MAX + 8 ? 0 : -ENAMETOOLONG;
}

static int copy_up_work(struct view *view, struct entry *entry)
{
    return copy_up_now(view, entry, false);
}

/* What a worker did is seen on disk; this process looks again. */
static int after_job(struct view *view, struct entry *entry)
{
    int error = 0;
    if (S_ISDIR(entry->st.st_mode)) {
        struct directory *dir = entry_directory(view, entry, &error);
        if (dir == NULL)
            return error;
        directory_refresh(view, dir);
        directory_release(view, dir);
    } else {
        directory_refresh(view, entry->dir);
    }
    return look_anew(view, entry);
}

static int copy_up_or_wait(struct view *view, struct entry *entry, bool empty)
{
    char key[PATH_MAX + NAME_MAX + 8];
    int error;
    if (entry->tree != UPPER)
        view->structure++;
    bool large = S_ISREG(entry->st.st_mode) && entry->tree > UPPER && entry->st.st_blocks * 512 > INLINE_MAX && !empty;
    if (!large)
        return copy_up_now(view, entry, empty);
    error = entry_key(entry, "f", key);
    if (error < 0)
        return error;
    if (job_take(view, key, &error)) {
        if (error == 0 || error == -EEXIST)
            error = after_job(view, entry);
        if (error < 0)
            return error;
        return entry->tree == UPPER ? 0 : copy_up_now(view, entry, empty);
    }
    error = upper_directory(view, entry->dir);
    return error < 0 ? error : job_run(view, key, copy_up_work, entry);
}

int copy_up(struct view *view, struct entry *entry, bool empty)
{
    const struct stat original = entry->st;
    bool lower = entry->tree > UPPER && !S_ISDIR(original.st_mode);
    int tree = entry->tree;
    int error = copy_up_or_wait(view, entry, empty);
    if (error == 0 && lower && entry->tree == UPPER) {
        copies_note(view, &original, &entry->st);
        stale_note(view, directory_fd(view, entry->dir, tree), entry->name, &original, entry);
    }
    return error;
}

/* A file with several names that has been copied: its other names become links of the copy. */
struct seen_file {
    struct seen_file *next;
    dev_t dev;
    ino_t ino;
    int copy; /* O_PATH, owned */
};

struct tree_copy {
    struct view *view;
    struct directory *dir;
    struct seen_file **seen;
};

static int copy_tree_now(struct view *view, struct directory *dir, struct seen_file **seen);

static const struct seen_file *find_seen(const struct seen_file *seen, const struct stat *st)
{
    while (seen != NULL && (seen->dev != st->st_dev || seen->ino != st->st_ino))
        seen = seen->next;
    return seen;
}

static int link_copy(struct view *view, struct entry *entry, const struct seen_file *seen)
{
    char temp[32], path[32];
    int fd = upper_directory(view, entry->dir);
    if (fd < 0)
        return fd;
    layer_temp_name(view->layer, temp);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", seen->copy);
    int error = sys_linkat(AT_FDCWD, path, view->layer->work_fd, temp, AT_SYMLINK_FOLLOW);
    if (error == 0)
        error = upper_note_base(view, entry->dir, entry->name);
    if (error == 0)
        error = upper_place(view, temp, entry->dir, entry->name);
    if (error < 0)
        (void)sys_unlinkat(view->layer->work_fd, temp, 0);
    return error < 0 ? error : look_anew(view, entry);
}

/* Copies one entry of a tree, keeping the hard links among its files. */
static int copy_linked(struct view *view, struct entry *entry, struct seen_file **seen)
{
    struct stat st = entry->st;
    bool linked = !S_ISDIR(st.st_mode) && st.st_nlink > 1 && entry->tree != UPPER;
    const struct seen_file *before = linked ? find_seen(*seen, &st) : NULL;
    if (before != NULL)
        return link_copy(view, entry, before);
    int error = copy_up_now(view, entry, false);
    if (error < 0 || !linked)
        return error;
    struct seen_file *file = malloc(sizeof *file);
    if (file == NULL)
        return -ENOMEM;
    *file = (struct seen_file){*seen, st.st_dev, st.st_ino, upper_open_path(view, entry)};
    *seen = file;
    return file->copy < 0 ? file->copy : 0;
}

static int copy_tree_item(void *context, const char *name, uint8_t type)
{
    struct tree_copy *copy = context;
    struct entry entry;
    (void)type;
    int error = lookup(copy->view, copy->dir, name, &entry);
    if (error < 0)
        return error;
    if (entry.tree >= 0)
        error = copy_linked(copy->view, &entry, copy->seen);
    if (error == 0 && entry.tree >= 0 && S_ISDIR(entry.st.st_mode)) {
        struct directory *dir = entry_directory(copy->view, &entry, &error);
        if (dir != NULL) {
            error = copy_tree_now(copy->view, dir, copy->seen);
            directory_release(copy->view, dir);
        }
    }
    entry_release(copy->view, &entry);
    return error;
}

/* Everything that shows in dir exists in the upper tree afterwards. */
static int copy_tree_now(struct view *view, struct directory *dir, struct seen_file **seen)
{
    struct tree_copy copy = {view, dir, seen};
    if (dir->trees == 1u << UPPER)
        return 0;
    int error = upper_directory(view, dir);
    return error < 0 ? error : listing_each(view, dir, copy_tree_item, &copy);
}

static int copy_tree_work(struct view *view, struct entry *entry)
{
    int error = 0;
    struct directory *dir = entry_directory(view, entry, &error);
    if (dir == NULL)
        return error;
    struct seen_file *seen = NULL;
    error = copy_tree_now(view, dir, &seen);
    while (seen != NULL) {
        struct seen_file *file = seen;
        seen = file->next;
        (void)close(file->copy);
        free(file);
    }
    if (error == 0) {
        int fd = directory_fd(view, dir, UPPER);
        error = fd < 0 ? fd : sys_fsetxattr(fd, XATTR_OPAQUE, "y", 1, 0);
        /* Not before: after a crash the host's names would show again. */
        if (error == 0)
            upper_drop_whiteouts(view->layer, fd, ".");
    }
    directory_release(view, dir);
    return error;
}

int copy_up_tree(struct view *view, struct entry *entry)
{
    char key[PATH_MAX + NAME_MAX + 8];
    if (entry->trees == 1u << UPPER)
        return 0;
    int error = entry_key(entry, "d", key);
    if (error < 0)
        return error;
    if (!job_take(view, key, &error)) {
        error = upper_directory(view, entry->dir);
        return error < 0 ? error : job_run(view, key, copy_tree_work, entry);
    }
    if (error == 0)
        error = after_job(view, entry);
    if (error == 0 && entry->trees != 1u << UPPER)
        error = -EBUSY;
    return error;
}
