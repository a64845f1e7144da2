/*
 * Files of /proc that name host files, or tell of the supervisor: they are read by the supervisor when they are opened,
 * and where the view says something else, the caller gets a copy.
 */
#ifndef COFFER_EMUL_PROC_FILE_H
#define COFFER_EMUL_PROC_FILE_H

#include "emul/arguments.h"

#include <stdio.h>

struct proc_file {
    struct view *view;
    struct caller *caller;            /* who reads */
    const struct thread_facts *facts; /* of the thread whose file it is */
    const char *path;                 /* "/proc/PID/..." */
};

/* Writes the text as the view shows it. The text is the kernel's, and it may be anything. */
typedef void proc_translator(const struct proc_file *file, const char *text, FILE *out);

proc_translator proc_show_status, proc_show_stat;      /* proc_status.c */
proc_translator proc_show_maps, proc_show_numa_maps;   /* proc_maps.c */
proc_translator proc_show_mountinfo, proc_show_mounts; /* proc_mounts.c */
proc_translator proc_show_fdinfo;                      /* proc_fdinfo.c */
proc_translator proc_show_mountstats, proc_show_net_unix;

/* The text of a file of /proc that the caller may read, malloc()ed, and its stat; NULL when it cannot be had. */
char *proc_read(struct view *view, struct caller *caller, const char *path, struct stat *st);

/*
 * The kernel writes some bytes of names as "\040". The name that begins at text and ends at one of `ends` (or with the
 * text) goes into path; where it ended is returned, or NULL when it is too long.
 */
const char *proc_unescape(const char *text, const char *ends, char path[PATH_MAX]);
void proc_escape(FILE *out, const char *path, const char *escaped);

/*
 * A path in /proc is opened for reading: when the view has another text for it, the call is rewritten to a copy, and
 * true returned.
 */
bool proc_file_open(struct view *view, struct caller *caller, const struct call *call, const struct taken *taken,
                    int flags, struct answer *answer);

#endif
