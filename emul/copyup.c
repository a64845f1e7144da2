/*
 * Copy-up: a host file into the layer before its first change.
 *
 * Data is cloned where the file system can, else copied inside the kernel; large files in a
 * worker process, so that other tracees go on meanwhile. The copy gets its name when it is complete.
 */
#include "emul/listener.h"
#include "emul/rules.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

/* What takes longer to copy than a fork: about 0.25 ms at 4 GB/s, during which no other tracer can serve a stop. */
#define INLINE_MAX (1 << 20)

static int copy_data(int from, int to, off_t size)
{
    return size == 0 || ioctl(to, FICLONE, from) == 0 ? 0 : object_copy_data(from, to, size);
}

/* What the finished copy was before. */
static int note_original(struct view *view, const struct entry *entry, const char *temp, int copy)
{
    struct stat shown;
    if (entry->st.st_nlink < 2)
        return origins_note(view, copy, &entry->st);
    int error = entry_stat(view, entry, &shown);
    return error < 0 ? error : origins_note_linked(view, temp, &entry->st, shown.st_nlink);
}

/* Makes the copy of a file, link or FIFO under a temporary name. */
static int make_copy(struct view *view, const struct entry *entry, const char *temp, bool empty)
{
    int work = view->layer->work_fd;
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    if (dirfd < 0)
        return dirfd;
    bool regular = S_ISREG(entry->st.st_mode);
    cleanup_fd int from = regular && !empty ? lower_open(dirfd, entry->name)
                                            : sys_openat2(dirfd, entry->name, O_PATH | O_NOFOLLOW, 0, SYS_BENEATH);
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
    if (error == 0)
        error = copy_metadata(view, from, entry->tree, to, &st);
    return error < 0 ? error : note_original(view, entry, temp, to);
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
        origins_undo(view, temp);
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

/* A file of several names is copied once, by whichever name. */
static int entry_key(const struct entry *entry, const char *kind, char key[PATH_MAX + NAME_MAX + 8])
{
    char path[PATH_MAX];
    if (!S_ISDIR(entry->st.st_mode) && entry->st.st_nlink > 1) {
        (void)snprintf(key, PATH_MAX, "%s%llx-%llx", kind, (unsigned long long)entry->st.st_dev,
                       (unsigned long long)entry->st.st_ino);
        return 0;
    }
    int error = directory_path(entry->dir, path);
    if (error < 0)
        return error;
    int length = snprintf(key, PATH_MAX + NAME_MAX + 8, "%s%s/%s", kind, path, entry->name);
    return length < PATH_MAX + NAME_MAX + 8 ? 0 : -ENAMETOOLONG;
}

static int copy_up_work(struct view *view, struct entry *entry)
{
    const struct stat original = entry->st;
    int tree = entry->tree;
    int error = copy_up_now(view, entry, false);
    if (error == 0 && tree > UPPER && !S_ISDIR(original.st_mode))
        job_note_copy(view, tree, &original, entry);
    return error;
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

struct tree_copy {
    struct view *view;
    struct directory *dir;
};

static int copy_tree_now(struct view *view, struct directory *dir);

static int copy_tree_item(void *context, const char *name, uint8_t type)
{
    struct tree_copy *copy = context;
    struct entry entry;
    (void)type;
    int error = lookup(copy->view, copy->dir, name, &entry);
    if (error < 0)
        return error;
    if (entry.tree >= 0)
        error = copy_up_work(copy->view, &entry);
    if (error == 0 && entry.tree >= 0 && S_ISDIR(entry.st.st_mode)) {
        struct directory *dir = entry_directory(copy->view, &entry, &error);
        if (dir != NULL) {
            error = copy_tree_now(copy->view, dir);
            directory_release(copy->view, dir);
        }
    }
    entry_release(copy->view, &entry);
    return error;
}

/* Everything that shows in dir exists in the upper tree afterwards. */
static int copy_tree_now(struct view *view, struct directory *dir)
{
    struct tree_copy copy = {view, dir};
    struct stat lowest;
    if (dir->trees == 1u << UPPER)
        return 0;
    int error = upper_directory(view, dir);
    if (error >= 0)
        error = rules_note_hidden(view, dir);
    if (error >= 0)
        error = listing_each(view, dir, copy_tree_item, &copy);
    if (error < 0)
        return error;
    /* It will be merged no longer, and still be the directory that it was. */
    int fd = directory_fd(view, dir, 31 - __builtin_clz(dir->trees));
    error = fd < 0 ? fd : sys_fstatat(fd, "", &lowest, AT_EMPTY_PATH);
    return error < 0 ? error : origins_note(view, directory_fd(view, dir, UPPER), &lowest);
}

static int copy_tree_work(struct view *view, struct entry *entry)
{
    int error = 0;
    struct directory *dir = entry_directory(view, entry, &error);
    if (dir == NULL)
        return error;
    error = copy_tree_now(view, dir);
    if (error == 0) {
        int fd = directory_fd(view, dir, UPPER);
        listener_mute(view, dir, IN_ATTRIB | IN_DELETE);
        error = fd < 0 ? fd : upper_hide_lower(fd);
        /* Not before: after a crash the host's names would show again. */
        if (error == 0)
            upper_drop_whiteouts(fd, ".");
        listener_unmute(view, dir);
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
