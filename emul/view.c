/*
 * Opening and closing a view.
 */
#include "emul/bound.h"
#include "emul/control_file.h"
#include "emul/listener.h"
#include "emul/lock_known.h"
#include "emul/withheld.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FDS_MAX 1024

static int read_own_identity(struct credentials *own)
{
    int count = getgroups(0, NULL);
    if (count < 0)
        return -errno;
    *own = (struct credentials){.ruid = getuid(),
                                .euid = geteuid(),
                                .fsuid = geteuid(),
                                .rgid = getgid(),
                                .egid = getegid(),
                                .fsgid = getegid()};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    own->capabilities = data[0].effective | (uint64_t)data[1].effective << 32;
    own->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    own->groups = calloc((size_t)count + 1, sizeof *own->groups);
    if (own->groups == NULL)
        return -ENOMEM;
    own->group_count = getgroups(count, own->groups);
    return own->group_count < 0 ? -errno : 0;
}

static int add_tree(struct view *view, int fd, const char *prefix, const char *suffix)
{
    struct stat st;
    struct tree *tree = &view->trees[view->tree_count];
    int error = sys_fstatat(fd, "", &st, AT_EMPTY_PATH);
    if (error < 0)
        return error;
    tree->fd = fd;
    tree->dev = st.st_dev;
    if (asprintf(&tree->prefix, "%s%s", prefix, suffix) < 0) {
        tree->prefix = NULL;
        return -ENOMEM;
    }
    view->tree_count++;
    return 0;
}

static int add_trees(struct view *view, const struct view_options *options)
{
    int error = add_tree(view, options->layer->fs_fd, options->layer->path, "/fs");
    for (int i = 0; i < options->over_count && error == 0; i++)
        error = add_tree(view, options->over[i]->fs_fd, options->over[i]->path, "/fs");
    if (error < 0)
        return error;
    int fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    view->host = view->tree_count;
    return add_tree(view, fd, "", "");
}

static int add_root(struct view *view)
{
    struct directory *root = calloc(1, sizeof *root);
    if (root == NULL)
        return -ENOMEM;
    root->key = calloc(1, sizeof *root->key + 1);
    root->key_length = sizeof(uint64_t);
    root->refs = 1;
    root->view = view;
    root->watched = true;
    root->upper_fd = root->host_fd = -1;
    root->trees = (1u << view->tree_count) - 1;
    view->root = root;
    return root->key == NULL ? -ENOMEM : 0;
}

/* Whether some directory on the way to the layer is closed to other users. */
static bool is_private(const char *path)
{
    char prefix[PATH_MAX];
    size_t length = strlen(path);
    for (size_t at = 1; at <= length; at++) {
        struct stat st;
        if (path[at] != '/' && path[at] != '\0')
            continue;
        memcpy(prefix, path, at);
        prefix[at] = '\0';
        if (stat(prefix, &st) == 0 && (st.st_mode & S_IXOTH) == 0)
            return true;
    }
    return false;
}

static bool is_procfs(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

int view_hide(struct view *view, const char *path)
{
    if (path == NULL || path[0] != '/' || view->hidden_count > VIEW_LAYERS_MAX)
        return 0;
    view->hidden[view->hidden_count] = strdup(path);
    if (view->hidden[view->hidden_count] == NULL)
        return -ENOMEM;
    view->hidden_count++;
    if (view->root != NULL)
        directory_watch(view, path);
    return 0;
}

static int load_origins(struct view *view, const struct view_options *options)
{
    int error = origins_load(view, UPPER, options->layer);
    for (int i = 0; i < options->over_count && error == 0; i++)
        error = origins_load(view, UPPER + 1 + i, options->over[i]);
    return error;
}

/* Where it cannot be read it may have something. */
static bool is_empty(int dirfd)
{
    int fd = sys_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    bool empty = directory != NULL;
    if (fd >= 0 && directory == NULL)
        (void)close(fd);
    while (directory != NULL && (entry = readdir(directory)) != NULL)
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    if (directory != NULL)
        (void)closedir(directory);
    return empty;
}

int view_new(struct view **result, const struct view_options *options)
{
    struct rlimit limit = {.rlim_cur = 256};
    struct view *view = calloc(1, sizeof *view);
    if (view == NULL)
        return -ENOMEM;
    view->layer = options->layer;
    view->hidden_fd = options->hidden_fd;
    view->notice = options->notice;
    view->notice_context = options->notice_context;
    view->policy = options->policy;
    view->violated = options->violated;
    view->learns = options->learns;
    control_file_start(view);
    view->umask_now = (mode_t)-1;
    view->links_fd = -1;
    view->job_notes = -1;
    view->proc_fd = is_procfs("/proc") ? 0 : -1;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    view->fd_limit = limit.rlim_cur / 2 < FDS_MAX ? (unsigned)(limit.rlim_cur / 2) : FDS_MAX;
    view->upper_private = is_private(options->layer->path);
    int error = read_own_identity(&view->own);
    view->own_root = view->own.fsuid == 0;
    for (int i = 0; i < options->hidden_count && i < VIEW_LAYERS_MAX && error == 0; i++)
        error = view_hide(view, options->hidden[i]);
    if (error == 0)
        error = add_trees(view, options);
    view->upper_empty = error == 0 && options->over_count == 0 && is_empty(options->layer->fs_fd);
    view->reads_pass =
        !options->recorded && view->upper_empty && view->policy != NULL && policy_reads_pass(view->policy);
    if (error == 0)
        error = add_root(view);
    if (error == 0)
        error = load_origins(view, options);
    if (error < 0) {
        view_free(view);
        return error;
    }
    *result = view;
    return 0;
}

static void free_jobs(struct view *view)
{
    while (view->jobs != NULL) {
        struct job *job = view->jobs;
        view->jobs = job->next;
        job_free(job);
    }
}

void view_free(struct view *view)
{
    if (view == NULL)
        return;
    for (struct moved *moved = view->moved; moved != NULL; moved = moved->next)
        directory_release(view, moved->dir);
    copies_free(view);
    stale_free(view);
    origins_free(view);
    withheld_free(view);
    listeners_free(view);
    deep_free(view);
    listing_cache_free(view);
    directory_cache_clear(view);
    if (view->root != NULL) {
        if (view->root->place != NULL)
            policy_place_release(view->policy, view->root->place);
        free(view->root->over_fd);
        free(view->root->key);
        free(view->root);
    }
    if (view->tree_count > 0 && view->host == view->tree_count - 1 && view->host > 0)
        (void)close(view->trees[view->host].fd);
    for (int i = 0; i < view->tree_count; i++)
        free(view->trees[i].prefix);
    for (int i = 0; i < view->hidden_count; i++)
        free(view->hidden[i]);
    free_jobs(view);
    while (view->moved != NULL) {
        struct moved *moved = view->moved;
        view->moved = moved->next;
        free(moved);
    }
    elf_copies_free(view);
    socket_aliases_remove(view);
    bound_free(view);
    lock_known_free(view);
    free(view->own.groups);
    free(view);
}

bool view_reads_pass(const struct view *view)
{
    return view->reads_pass;
}
