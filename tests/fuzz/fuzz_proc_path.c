/*
 * Paths below /proc as a program says them: whatever they hold, they are told apart within their buffers, and what
 * is left of a path lies within it. The view is a real one, over an empty layer: the magic links of this process
 * (its descriptors may be regular files) are looked up in it.
 */
#include "emul/tree.h"
#include "emul/view_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[PATH_MAX];
static struct layer layer;
static struct view *view;
static struct caller caller;
static const struct caller_ops no_ops;
static struct credentials credentials;

static void end(void)
{
    fs_context_release(caller.fs);
    view_free(view);
    layer_close(&layer);
    if (chdir("/") == 0)
        (void)tree_remove(AT_FDCWD, directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *parent = getenv("TMPDIR");
    char *command[] = {(char *)(uintptr_t) "fuzz", NULL};
    struct layer_error error;
    struct view_options options = {.layer = &layer, .hidden_fd = -1, .hidden_count = 1};
    (void)snprintf(directory, sizeof directory, "%s/fuzz-proc-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(directory) == NULL || layer_open(&layer, directory, LAYER_RUN, command, &error) < 0)
        abort();
    options.hidden[0] = layer.path;
    int status = view_new(&view, &options);
    if (status < 0)
        abort();
    credentials = view->own;
    caller = (struct caller){.tid = getpid(), .tgid = getpid(), .cred = &credentials, .ops = &no_ops};
    caller.fs = fs_context_new(view, "/", 022, &status);
    if (caller.fs == NULL)
        abort();
    (void)atexit(end);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[2 * PATH_MAX], host_path[PATH_MAX], target[PATH_MAX];
    const char *rest = NULL;
    if (size < 1 || size > sizeof path - 7)
        return 0;
    /* The walk hands over "/proc", a slash and the rest of the path. */
    memcpy(path, "/proc/", 6);
    memcpy(path + 6, data + 1, size - 1);
    path[6 + size - 1] = '\0';
    enum proc_step step = proc_classify(view, &caller, path, (data[0] & 1) != 0, host_path, target, &rest);
    bool has_rest = step == PROC_LINK || step == PROC_UP;
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
    (void)view_path_of_host(view, text);
    if (strnlen(text, sizeof text) == sizeof text)
        abort();
    return 0;
}
