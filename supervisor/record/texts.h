/*
 * Files that are part of the program: the database's schema and what reports are made of. CMakeLists.txt lists them.
 */
#ifndef COFFER_SUPERVISOR_RECORD_TEXTS_H
#define COFFER_SUPERVISOR_RECORD_TEXTS_H

#include <stddef.h>

struct record_text {
    const char *name; /* of the file, without its directory */
    const char *text; /* with a NUL behind it */
    size_t length;
};

/* Ends with one whose name is NULL. */
extern const struct record_text record_texts[];

/* The text of that name; NULL when there is none. */
const char *record_text_find(const char *name, size_t *length);

#endif
