#include "supervisor/search_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What execvp(3) takes where $PATH is not set. */
static const char DEFAULT_PATH[] = "/bin:/usr/bin";

static bool is_there(const char *path, bool executable)
{
    struct stat st;
    return stat(path, &st) == 0 && (!executable || (S_ISREG(st.st_mode) && access(path, X_OK) == 0));
}

bool search_path_find(const char *name, bool executable, char path[PATH_MAX])
{
    const char *directory = getenv("PATH");
    if (strchr(name, '/') != NULL)
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    if (directory == NULL)
        directory = DEFAULT_PATH;
    /* An empty element, the last one too, is the working directory. */
    for (;; directory++) {
        size_t length = strcspn(directory, ":");
        int size = snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, directory, length > 0 ? "/" : "", name);
        if (size < PATH_MAX && is_there(path, executable))
            return true;
        directory += length;
        if (*directory == '\0')
            return false;
    }
}
