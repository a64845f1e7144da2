/*
 * docs/syscalls.md, from the table.
 */
#ifndef COFFER_FILTER_DOCUMENT_H
#define COFFER_FILTER_DOCUMENT_H

#include <stdio.h>

/* Prints the whole page, Markdown, on out. The caller checks ferror(). */
void table_document(FILE *out);

#endif
