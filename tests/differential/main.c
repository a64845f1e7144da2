/*
 * actor generate SEED FIRST COUNT root|user    scripts to standard output
 * actor make FILE DIRECTORY [TOP]              the tree of script N of the file, as DIRECTORY/N
 * actor play|native FILE DIRECTORY             plays each in its tree; native: no path may lead out of it
 * actor walk|exact FILE DIRECTORY [TOP]        prints the trees; TOP is where absolute links say that they are
 * actor remove DIRECTORY                       removes all that is in it, and itself
 */
#include "actor.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

static int generate(char **arguments)
{
    unsigned long first = strtoul(arguments[1], NULL, 10), count = strtoul(arguments[2], NULL, 10);

    for (unsigned long i = 0; i < count; i++)
        generate_script(strtoull(arguments[0], NULL, 10), first + i, strcmp(arguments[3], "root") == 0);
    return 0;
}

static void one_script(const char *command, const struct script *script, const char *directory, const char *shown)
{
    output_start();
    if (strcmp(command, "make") == 0)
        (void)tree_make(script, directory, shown);
    else if (strcmp(command, "walk") == 0 || strcmp(command, "exact") == 0)
        walk_tree(directory, shown, strcmp(command, "exact") == 0);
    else
        play_script(script, directory);
}

static int each_script(const char *command, const char *path, const char *directory, const char *shown)
{
    FILE *file = fopen(path, "re");
    char place[PATH_MAX], shown_place[PATH_MAX];
    size_t count;

    if (file == NULL)
        err(2, "%s", path);
    struct script *scripts = scripts_read(file, &count);
    (void)fclose(file);
    native = strcmp(command, "play") != 0;
    output_open();
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(place, sizeof place, "%s/%zu", directory, i);
        (void)snprintf(shown_place, sizeof shown_place, "%s/%zu", shown, i);
        one_script(command, &scripts[i], place, shown_place);
        (void)printf("script %zu\n", i);
        output_print();
        (void)fflush(stdout);
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 6 && strcmp(arguments[1], "generate") == 0)
        return generate(arguments + 2);
    if (count == 4 || count == 5)
        return each_script(arguments[1], arguments[2], arguments[3], arguments[count - 1]);
    if (count == 3 && strcmp(arguments[1], "remove") == 0)
        return tree_remove(arguments[2]) == 0 ? 0 : 1;
    errx(2, "usage: actor generate|make|play|native|walk|exact|remove ...");
}
