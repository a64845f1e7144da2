#include "emul/layer_store.h"

#include "emul/cleanup.h"
#include "emul/layer_meta.h"
#include "emul/sys.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

int layer_store_path(char *store)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    const char *middle = "";
    /* The XDG base directory specification has relative paths ignored. */
    if (state == NULL || state[0] != '/') {
        middle = "/.local/state";
        if (home == NULL || home[0] != '/') {
            const struct passwd *user = getpwuid(geteuid());
            home = user == NULL ? NULL : user->pw_dir;
        }
        state = home;
    }
    if (state == NULL || state[0] != '/')
        return -ENOENT;
    int length = snprintf(store, PATH_MAX, "%s%s/coffer/layers", state, middle);
    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int layer_store_make(char *path)
{
    int status = 0;
    for (char *slash = strchr(path + 1, '/'); slash != NULL && (status == 0 || status == -EEXIST);
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = sys_mkdirat(AT_FDCWD, path, 0700);
        *slash = '/';
        /* On a read-only file system or below a foreign directory, what exists already still does. */
        struct stat st;
        if (status < 0 && sys_fstatat(AT_FDCWD, path, &st, 0) == 0)
            status = 0;
    }
    if (status == 0 || status == -EEXIST)
        status = sys_mkdirat(AT_FDCWD, path, 0700);
    struct stat st;
    return status < 0 && sys_fstatat(AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode) ? 0 : status;
}

bool layer_name_valid(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= NAME_MAX && name[0] != '.' && strchr(name, '/') == NULL;
}

static int open_store(void)
{
    char store[PATH_MAX];
    int status = layer_store_path(store);
    return status < 0 ? status : sys_openat(AT_FDCWD, store, O_RDONLY | O_DIRECTORY, 0);
}

bool layer_exists(const char *spec)
{
    struct stat st;
    if (strchr(spec, '/') != NULL) {
        cleanup_fd int dir = sys_openat(AT_FDCWD, spec, O_PATH | O_DIRECTORY, 0);
        return dir >= 0 && sys_fstatat(dir, "layer.json", &st, AT_SYMLINK_NOFOLLOW) == 0;
    }
    if (!layer_name_valid(spec))
        return false;
    cleanup_fd int store = open_store();
    return store >= 0 && sys_fstatat(store, spec, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* The pid that the lock file names, or 0; and the file's inode number. */
static pid_t lock_file_pid(int dir, ino_t *inode)
{
    char text[32];
    struct stat st;
    cleanup_fd int fd = sys_openat(dir, "lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0 || !S_ISREG(st.st_mode))
        return 0;
    ssize_t length = sys_read(fd, text, sizeof text - 1);
    if (length <= 0)
        return 0;
    text[length] = '\0';
    *inode = st.st_ino;
    return (pid_t)strtol(text, NULL, 10);
}

/*
 * Asking the kernel's list: trying the lock would make a run fail that starts at
 * that moment, and a pid alone may have been given to another process since.
 */
pid_t layer_lock_holder(int dir)
{
    ino_t inode = 0;
    pid_t pid = lock_file_pid(dir, &inode);
    if (pid <= 0)
        return 0;
    cleanup_file FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    while (locks != NULL && fgets(line, sizeof line, locks) != NULL) {
        char kind[16];
        long holder;
        unsigned long number;
        /* "1: FLOCK  ADVISORY  WRITE 1234 fd:00:5678 0 EOF"; the device is not compared: btrfs shows another in stat.
         */
        if (sscanf(line, "%*d: %15s %*s %*s %ld %*x:%*x:%lu", kind, &holder, &number) == 3 &&
            strcmp(kind, "FLOCK") == 0 && holder == pid && number == inode)
            return pid;
    }
    return 0;
}

/* Adds up what lies below the directory that fd holds; takes fd. Parts that cannot be read are left out. */
static void measure_directory(int fd, struct layer_summary *summary)
{
    cleanup_dir DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            sys_fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        summary->files++;
        summary->bytes += (uint64_t)st.st_blocks * 512;
        int child = S_ISDIR(st.st_mode) ? sys_openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) : -1;
        if (child >= 0)
            measure_directory(child, summary);
    }
}

static int summarise(int store, const char *name, bool measure, struct layer_summary *summary)
{
    struct stat st;
    long format;
    cleanup_fd int dir = sys_openat(store, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (dir < 0)
        return dir;
    *summary = (struct layer_summary){.name = strdup(name)};
    if (summary->name == NULL)
        return -ENOMEM;
    summary->meta_error = layer_meta_read(dir, &summary->meta, &format);
    if (sys_fstatat(dir, "layer.json", &st, AT_SYMLINK_NOFOLLOW) == 0 || sys_fstatat(dir, "", &st, AT_EMPTY_PATH) == 0)
        summary->used = st.st_mtim;
    summary->running = layer_lock_holder(dir);
    int fs = measure ? sys_openat(dir, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) : -1;
    if (fs >= 0)
        measure_directory(fs, summary);
    return 0;
}

static int newer_first(const void *left, const void *right)
{
    const struct layer_summary *a = left;
    const struct layer_summary *b = right;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec > b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec)
        return a->used.tv_nsec > b->used.tv_nsec ? -1 : 1;
    return strcmp(b->name, a->name);
}

static int append_summary(struct layer_list *list, const struct layer_summary *summary)
{
    struct layer_summary *grown = reallocarray(list->layers, list->count + 1, sizeof *grown);
    if (grown == NULL)
        return -ENOMEM;
    list->layers = grown;
    list->layers[list->count++] = *summary;
    return 0;
}

int layer_list_load(struct layer_list *list, bool measure)
{
    *list = (struct layer_list){0};
    int store = open_store();
    if (store < 0)
        return store == -ENOENT ? 0 : store;
    cleanup_dir DIR *dir = fdopendir(store);
    if (dir == NULL) {
        (void)close(store);
        return -ENOMEM;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        struct layer_summary summary;
        /* A name with a leading dot is a layer half removed. */
        if (!layer_name_valid(entry->d_name) || summarise(store, entry->d_name, measure, &summary) < 0)
            continue;
        if (append_summary(list, &summary) < 0) {
            layer_list_free(list);
            return -ENOMEM;
        }
    }
    if (list->count > 0)
        qsort(list->layers, list->count, sizeof *list->layers, newer_first);
    return 0;
}

void layer_list_free(struct layer_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->layers[i].name);
        json_decref(list->layers[i].meta);
    }
    free(list->layers);
    *list = (struct layer_list){0};
}

int layer_newest(char name[NAME_MAX + 1])
{
    struct layer_list list;
    int status = layer_list_load(&list, false);
    if (status == 0 && list.count == 0)
        status = -ENOENT;
    if (status == 0)
        (void)snprintf(name, NAME_MAX + 1, "%s", list.layers[0].name);
    layer_list_free(&list);
    return status;
}
