#include "supervisor/policy_files.h"

#include "supervisor/text.h"

#include <stdio.h>
#include <stdlib.h>

char *policy_files_profiles(void)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    int length = -1;
    if (base != NULL && *base == '/')
        length = asprintf(&path, "%s/coffer/profiles", base);
    else if (home != NULL && *home == '/')
        length = asprintf(&path, "%s/.config/coffer/profiles", home);
    return length < 0 ? NULL : path;
}

void policy_files_complain(const struct policy_problem *problem)
{
    char *line = NULL;
    int length = problem->line == 0
                     ? asprintf(&line, "%s: %s", problem->file, problem->text)
                     : asprintf(&line, "%s:%u:%u: %s", problem->file, problem->line, problem->column, problem->text);
    if (length < 0)
        return;
    error_text(line);
    free(line);
}
