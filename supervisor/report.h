/*
 * --report FILE: what was refused, an object of JSON a line for each different thing.
 */
#ifndef COFFER_SUPERVISOR_REPORT_H
#define COFFER_SUPERVISOR_REPORT_H

#include "supervisor/violation.h"

/* Opens the file, which becomes empty. A descriptor, or -1 when a line about it has been printed. */
int report_open(const char *path);

/* Writes the report, when all is over. False when a line about a failure has been printed. */
bool report_write(int fd, const char *path, const struct violations *violations);

#endif
