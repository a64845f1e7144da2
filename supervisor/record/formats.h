/*
 * The formats, for the table in format.c. Each writes to context->out and returns 0 or -errno,
 * with context->why set where the number does not say it all.
 */
#ifndef COFFER_SUPERVISOR_RECORD_FORMATS_H
#define COFFER_SUPERVISOR_RECORD_FORMATS_H

#include "supervisor/record/format.h"

/* From the database: for a person; itself; rules for make. */
int format_summary(struct format_context *context);
int format_sqlite(struct format_context *context);
int format_depfile(struct format_context *context);

/* Straight from the record: one line an event, in its order. What cannot be read is named, and -EUCLEAN the end. */
int format_jsonl(struct format_context *context);
int format_strace(struct format_context *context);

/* From the database. */
int format_trace(struct format_context *context);
int format_dot(struct format_context *context);
int format_intoto(struct format_context *context);
int format_slsa(struct format_context *context);

/* The same as one page for a browser, with all that it shows in it. */
int format_html(struct format_context *context);

#endif
