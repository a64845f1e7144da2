/*
 * Calls that no file of coffer may make: included before everything else in every file (CMakeLists.txt).
 *
 * The headers that declare them come first, so that later includes of the same headers are no-ops and
 * only our own uses are errors.
 */
#ifndef COFFER_EMUL_BANNED_H
#define COFFER_EMUL_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* No bound: snprintf, memcpy with a checked length, strtok_r or a cursor of one's own. */
#pragma GCC poison strcpy strcat stpcpy sprintf vsprintf gets strtok
#undef alloca
/* A shell between us and the command, and stack that nobody measures. */
#pragma GCC poison system popen alloca
/* Names that another process may take first: O_TMPFILE, or a fresh name with O_EXCL in a directory of ours. */
#pragma GCC poison tmpnam tempnam mktemp

#endif
