/*
 * The names of one directory, in the order in which a listing of whole paths has them.
 *
 * Bytewise, "/a-b" comes before "/a/c" and after "/a". So a directory stands in the list
 * twice: with its name, and with its contents, as if those were called "a/".
 */
#ifndef COFFER_EMUL_DIR_NAMES_H
#define COFFER_EMUL_DIR_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct dir_name {
    char *name;
    bool contents;
};

struct dir_names {
    struct dir_name *items;
    size_t count;
    size_t room;
};

/* Adds the names in a directory but "." and ".."; contents: directories twice. 0 or -errno. */
int dir_names_read(struct dir_names *names, int dir, bool contents);
void dir_names_sort(struct dir_names *names);
bool dir_names_same(const struct dir_name *a, const struct dir_name *b);
void dir_names_free(struct dir_names *names);

#endif
