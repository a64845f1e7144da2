#include "supervisor/record/depfile_name.h"

#include "emul/cleanup.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that ninja takes for the end of a name, or make for something else: nothing takes that from them in both. */
static const char impossible[] = "*;<>|^`";

/*
 * How the two read it: `\ ` with 2N backslashes before is a blank with N of them; `\#` and `\:` are what follows the
 * backslash, but they do not agree about more backslashes; `$$` is a dollar. ninja's depfile_parser.in.cc and make's
 * find_char_unquote() have the rest.
 */
bool depfile_name_fits(const char *name)
{
    size_t length = strlen(name);
    const char *open = strchr(name, '(');
    if (length == 0 || *name == '~' || strchr("\\:", name[length - 1]) != NULL)
        return false;
    /* The member of an archive. */
    if (open != NULL && open != name && name[length - 1] == ')')
        return false;
    for (const char *p = name; *p != '\0'; p++) {
        bool control = (unsigned char)*p < ' ' || *p == 0x7f;
        bool escaped_twice = *p == '\\' && (p[1] == '#' || p[1] == ':' || p[1] == '$');
        bool colon_ends = *p == ':' && p[1] == ' ';
        if (control || escaped_twice || colon_ends || strchr(impossible, *p) != NULL)
            return false;
    }
    return true;
}

/* What make takes for a line of its own, and for targets that are none: .PHONY. */
static bool is_word_of_make(const char *name)
{
    static const char *const words[] = {"include",  "-include", "sinclude", "define", "undefine", "endef",  "export",
                                        "unexport", "override", "private",  "vpath",  "ifdef",    "ifndef", "ifeq",
                                        "ifneq",    "else",     "endif",    "load",   "-load"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        if (strncmp(name, words[i], length) == 0 && (name[length] == '\0' || name[length] == ' '))
            return true;
    }
    return *name == '.' && strspn(name + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(name + 1);
}

bool depfile_target_fits(const char *name)
{
    /* A pattern, an assignment, several targets that are made at once. */
    return depfile_name_fits(name) && strpbrk(name, "%=&") == NULL && !is_word_of_make(name);
}

/* The directory and the name; as a pattern the directory's part of it stands for itself. */
static char *join(const char *directory, const char *name, bool pattern)
{
    size_t size = 2 * strlen(directory) + strlen(name) + 2;
    char *whole = malloc(size);
    char *at = whole;
    if (whole == NULL)
        return NULL;
    for (const char *p = directory; *p != '\0'; p++) {
        if (pattern && strchr("[]?*\\", *p) != NULL)
            *at++ = '\\';
        *at++ = *p;
    }
    (void)snprintf(at, size - (size_t)(at - whole), "/%s", name);
    return whole;
}

bool depfile_name_finds_others(const char *directory, const char *name)
{
    if (strpbrk(name, "[?") == NULL)
        return false;
    bool alone = *name == '/' || directory == NULL;
    cleanup_free char *pattern = alone ? strdup(name) : join(directory, name, true);
    cleanup_free char *plain = alone ? strdup(name) : join(directory, name, false);
    glob_t found = {.gl_pathc = 0};
    if (pattern == NULL || plain == NULL)
        return true;
    int status = glob(pattern, GLOB_NOSORT, NULL, &found);
    bool others = status == 0 ? found.gl_pathc != 1 || strcmp(found.gl_pathv[0], plain) != 0 : status != GLOB_NOMATCH;
    globfree(&found);
    return others;
}

void depfile_name_put(FILE *out, const char *name)
{
    size_t backslashes = 0;
    for (const char *p = name; *p != '\0'; p++) {
        for (; *p == ' ' && backslashes > 0; backslashes--)
            (void)fputc('\\', out);
        backslashes = *p == '\\' ? backslashes + 1 : 0;
        if (*p == ' ' || *p == '#' || *p == ':')
            (void)fputc('\\', out);
        if (*p == '$')
            (void)fputc('$', out);
        (void)fputc(*p, out);
    }
}
