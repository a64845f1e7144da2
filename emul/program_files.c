#include "emul/program_files.h"

#include "emul/shebang.h"
#include "emul/view_internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The path of what interprets the file. False if nothing does. */
static bool next_file(int fd, char path[PATH_MAX])
{
    char head[SHEBANG_SIZE] = {0};
    struct shebang line;
    if (pread(fd, head, sizeof head, 0) < 0)
        return false;
    if (!shebang_parse(head, &line))
        return elf_interpreter(fd, path) > 0;
    (void)snprintf(path, PATH_MAX, "%s", line.interpreter);
    return true;
}

int program_files_open(const char *path, int fds[], int room)
{
    char name[PATH_MAX];
    int count = 0;
    bool more = strlen(path) < sizeof name;
    if (more)
        memcpy(name, path, strlen(path) + 1);
    while (more && count < room) {
        int fd = sys_openat(AT_FDCWD, name, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0)
            break;
        fds[count++] = fd;
        more = next_file(fd, name);
    }
    return count;
}
