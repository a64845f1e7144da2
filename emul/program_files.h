/*
 * What the kernel opens when it executes a program on the host: the file, and the interpreters that it names.
 */
#ifndef COFFER_EMUL_PROGRAM_FILES_H
#define COFFER_EMUL_PROGRAM_FILES_H

/* As far as they can be read. How many descriptors there are, which are the caller's to close. */
int program_files_open(const char *path, int fds[], int room);

#endif
