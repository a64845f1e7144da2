/*
 * Paths below /proc as a program says them: whatever they hold, they are told apart within their buffers, and what
 * is left of a path lies within it.
 */
#include "emul/view_internal.h"

#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char prefix[] = "/layer/fs", none[] = "";
    struct view view = {.trees = {{-1, prefix}, {-1, none}}, .tree_count = 2, .host = 1, .hidden_fd = -1};
    struct caller caller = {.tid = getpid(), .tgid = getpid()};
    char path[2 * PATH_MAX], host_path[PATH_MAX], target[PATH_MAX];
    const char *rest = NULL;
    if (size < 1 || size > sizeof path - 7)
        return 0;
    /* The walk hands over "/proc", a slash and the rest of the path. */
    memcpy(path, "/proc/", 6);
    memcpy(path + 6, data + 1, size - 1);
    path[6 + size - 1] = '\0';
    enum proc_step step = proc_classify(&view, &caller, path, (data[0] & 1) != 0, host_path, target, &rest);
    bool has_rest = step != PROC_PLAIN;
    if (has_rest && (rest < path || rest > path + strlen(path)))
        abort();
    if (strnlen(host_path, sizeof host_path) == sizeof host_path || strncmp(host_path, "/proc", 5) != 0)
        abort();
    if (step == PROC_LINK && (target[0] != '/' || strnlen(target, sizeof target) == sizeof target))
        abort();

    char text[PATH_MAX];
    size_t length = size - 1 < sizeof text - 1 ? size - 1 : sizeof text - 1;
    memcpy(text, data + 1, length);
    text[length] = '\0';
    (void)view_path_of_host(&view, text);
    if (strnlen(text, sizeof text) == sizeof text)
        abort();
    return 0;
}
