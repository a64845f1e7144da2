/*
 * Paths that were settled a moment ago. See known.c.
 */
#ifndef COFFER_EMUL_KNOWN_H
#define COFFER_EMUL_KNOWN_H

#include "emul/view_internal.h"

/*
 * Where all but the last name of a path leads, walking from `start`; NULL when that is not known. Borrowed, until the
 * next call of coffer's that changes anything.
 */
const struct known_path *known_path_find(struct view *view, const struct directory *start,
                                         const struct credentials *cred, const char *path);

/* Keeps it: of *what only dir, links and pure are looked at. dir must be one that the cache of directories holds. */
void known_path_add(struct view *view, const struct directory *start, const struct credentials *cred, const char *path,
                    const struct known_path *what);

/* Whether a name in a directory that only the host has is no symbolic link: it may be absent. */
bool known_plain(const struct view *view, const struct directory *dir, const char *name, size_t length);
void known_plain_add(struct view *view, const struct directory *dir, const char *name, size_t length);

/* Whether a program of the host is a 64-bit one whose ELF interpreter, if any, is the host's as well. */
bool known_program(const struct view *view, const struct stat *st);
void known_program_add(struct view *view, const struct stat *st);

#endif
