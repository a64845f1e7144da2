#include "supervisor/nested.h"

#include "emul/cleanup.h"
#include "emul/sys.h"
#include "filter/table.h"
#include "supervisor/credentials.h"
#include "supervisor/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* strace without -f and a debugger trace us alone: what matters is whether our children are traced. */
static bool children_are_traced(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct relations relations;
        _exit(credentials_read_relations(getpid(), &relations) == 0 && relations.tracer != 0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

static void read_name(pid_t pid, char name[64])
{
    char path[sizeof "/proc//comm" + 3 * sizeof pid];
    (void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    cleanup_fd int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
    ssize_t length = fd < 0 ? 0 : read(fd, name, 63);
    name[length > 0 ? length : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
}

bool nested_refused(void)
{
    struct relations relations;
    char name[64], text[256];
    bool in_view = prctl(PRCTL_IN_VIEW, 0, 0, 0, 0) == 1;
    if (!in_view &&
        (credentials_read_relations(getpid(), &relations) < 0 || relations.tracer == 0 || !children_are_traced()))
        return false;
    if (in_view) {
        (void)snprintf(text, sizeof text,
                       "this is a view already, and a process can have one tracer only; leave the view, and put a "
                       "layer over its layer with 'coffer run -l NEW --over LAYER'");
    } else {
        read_name(relations.tracer, name);
        (void)snprintf(text, sizeof text,
                       "%s[%d] traces this process and its children, and a process can have one tracer only; start "
                       "coffer outside of it",
                       name, (int)relations.tracer);
    }
    error_line("cannot supervise the command", text);
    return true;
}
