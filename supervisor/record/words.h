/*
 * The words of a command, which the database holds as a JSON array.
 */
#ifndef COFFER_SUPERVISOR_RECORD_WORDS_H
#define COFFER_SUPERVISOR_RECORD_WORDS_H

#include <stdio.h>

/* Prints them, escaped by text_escaped(), with `separator` between; "?" for NULL and what is no such array. */
void words_put(FILE *out, const char *array, char separator);

#endif
