/*
 * AF_UNIX addresses: those that the kernel hands back, with any bytes and any length, and those that are made for a
 * directory and a name.
 */
#include "emul/view_internal.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(struct view *view, const uint8_t *data, size_t size)
{
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    size_t room = size < sizeof address.sun_path ? size : sizeof address.sun_path;
    memcpy(address.sun_path, data, room);
    unsigned length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + room);
    unsigned shown = socket_name_show(view, &address, length);
    if (shown > sizeof address)
        abort();
}

static void make(struct view *view, const uint8_t *data, size_t size)
{
    char dir[PATH_MAX] = "/", name[NAME_MAX + 1];
    struct sockaddr_un address;
    size_t name_size = size < NAME_MAX ? size : NAME_MAX;
    size_t dir_size = size < sizeof dir - 2 ? size : sizeof dir - 2;
    memcpy(dir + 1, data, dir_size);
    dir[dir_size + 1] = '\0';
    memcpy(name, data, name_size);
    name[name_size] = '\0';
    int length = socket_name_make(view, dir, name, &address);
    if (length > (int)sizeof address)
        abort();
    if (length > 0) {
        /* What is made for an alias is shown as the directory that it stands for. */
        (void)socket_name_show(view, &address, (unsigned)length);
    }
    socket_aliases_remove(view);
    view->alias_dir[0] = '\0';
    view->alias_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char prefix[] = "/layer/fs", none[] = "";
    struct view view = {.trees = {{-1, prefix}, {-1, none}}, .tree_count = 2, .host = 1, .hidden_fd = -1};
    if (size < 2)
        return 0;
    if ((data[0] & 1) != 0)
        make(&view, data + 1, size - 1);
    else
        show(&view, data + 1, size - 1);
    return 0;
}
