#include "supervisor/operands.h"

#include "emul/beneath.h"
#include "emul/cleanup.h"
#include "emul/layer_store.h"
#include "emul/sys.h"
#include "supervisor/command.h"
#include "supervisor/text.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

/* A walk holds two descriptors a level, and a tree may be deep; the command starts no program of the user's. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool layer_has_directory(const struct layer *layer, const char *path)
{
    cleanup_fd int fd = beneath_open(layer->fs_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    return fd >= 0;
}

/*
 * The view path of a word. A directory that the layer does not have by that name may be reached
 * through the host's symbolic links, as /bin/ls is /usr/bin/ls.
 */
static char *view_path(const struct layer *layer, const char *word)
{
    cleanup_free char *cwd = getcwd(NULL, 0);
    char *path = path_absolute(cwd == NULL ? "/" : cwd, word);
    cleanup_free char *parent = path == NULL ? NULL : path_parent(path);
    if (parent == NULL || strcmp(path, "/") == 0 || layer_has_directory(layer, parent))
        return path;
    cleanup_free char *real = realpath(parent, NULL);
    if (real == NULL || !layer_has_directory(layer, real))
        return path;
    char *better = path_join(real, path_last(path));
    if (better == NULL)
        return path;
    free(path);
    return better;
}

/* A first word that is no path on either side was meant to be a layer. */
static bool is_nothing(const struct layer *layer, const char *path)
{
    struct stat st;
    int status = sys_fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
    if (status != -ENOENT && status != -ENOTDIR)
        return false;
    cleanup_fd int fd = beneath_open(layer->fs_fd, path, O_PATH | O_NOFOLLOW);
    return fd < 0;
}

static int add_paths(struct operands *operands, int count, char **words)
{
    operands->paths = calloc((size_t)count + 1, sizeof *operands->paths);
    if (operands->paths == NULL)
        return -ENOMEM;
    for (int i = 0; i < count; i++) {
        char *path = view_path(&operands->layer, words[i]);
        if (path == NULL)
            return -ENOMEM;
        operands->paths[operands->path_count++] = path;
        if (operands->spec == NULL && i == 0 && is_nothing(&operands->layer, path)) {
            error_line(words[i], "no such layer, and no such path in the newest; see 'coffer list'");
            return -ENOENT;
        }
    }
    return 0;
}

int operands_open(struct operands *operands, enum layer_open_mode mode, int count, char **words)
{
    struct layer_error error;
    *operands = (struct operands){0};
    raise_descriptor_limit();
    if (count > 0 && (words[0][0] == '\0' || layer_exists(words[0]))) {
        operands->spec = words[0];
        count--;
        words++;
    }
    int status = layer_open(&operands->layer, operands->spec, mode, NULL, &error);
    /* With no layer whose path it could be, the word was one's name; the reason is told of that. */
    if (status == -ENOENT && operands->spec == NULL && count > 0) {
        operands->spec = *words++;
        count--;
        status = layer_open(&operands->layer, operands->spec, mode, NULL, &error);
    }
    if (status < 0) {
        error_text(error.text);
        return STATUS_FAILED;
    }
    status = add_paths(operands, count, words);
    if (status < 0) {
        if (status == -ENOMEM)
            error_errno(operands->layer.name, status);
        operands_close(operands);
        return STATUS_FAILED;
    }
    return 0;
}

void operands_close(struct operands *operands)
{
    for (size_t i = 0; i < operands->path_count; i++)
        free(operands->paths[i]);
    free(operands->paths);
    operands->paths = NULL;
    operands->path_count = 0;
    layer_close(&operands->layer);
}
