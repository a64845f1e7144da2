/*
 * in-toto Statements (https://in-toto.io/Statement/v1): what both of their predicates share. The subject is what the
 * command left behind, by digest.
 */
#ifndef COFFER_SUPERVISOR_RECORD_STATEMENT_H
#define COFFER_SUPERVISOR_RECORD_STATEMENT_H

#include "supervisor/record/format.h"
#include "supervisor/record/rows.h"

#include <jansson.h>

/* Who made it, and what it is about: there is no address of the project to name it by. */
#define STATEMENT_MONITOR "urn:coffer:record:v1"
#define STATEMENT_COMMAND "urn:coffer:command:v1"

/*
 * An SQL expression for the digests of file f in a state ("'before'"), as the JSON object that a DigestSet is; NULL
 * when there are none.
 */
#define STATEMENT_DIGESTS(state)                                                                                       \
    "(SELECT json_group_object(CASE h.algorithm WHEN 'git' THEN 'gitBlob' ELSE h.algorithm END, h.digest)"             \
    " FROM hash h WHERE h.path = f.path AND h.state = " state " HAVING count(*) > 0)"

/* What is known of the run as a whole. */
struct statement_run {
    json_t *meta;                   /* the table, its values as they are there, `command` as an array */
    char id[160];                   /* of this run, and no other */
    char host[512];                 /* as a URI */
    char started[40], finished[40]; /* of RFC 3339; "" when it is not known */
};
int statement_run(struct format_context *context, struct statement_run *run);
void statement_run_free(struct statement_run *run);

/*
 * Writes all up to the predicate: {"_type", "subject", "predicateType", "predicate":. -ENODATA, with `why` set, when
 * there is nothing that could be a subject. The caller writes the predicate and "}".
 */
int statement_begin(struct format_context *context, const char *predicate_type);

/* A ResourceDescriptor of a file; `digests` as STATEMENT_DIGESTS gives them, or NULL. */
json_t *statement_resource(const char *path, const char *digests);

/* What an array in JSON text has; an empty one for NULL and what is none. */
json_t *statement_array(const char *text);

/* Sets a member to a part of a path or text as RFC 3986 lets it stand in a URI: other bytes become %XX. */
void statement_encode(char *room, size_t size, const char *scheme, const char *text);

/* One value a row, as an array at `key`, from a question. `make` gives it, or NULL without memory. */
int statement_list(struct format_context *context, const char *sql, json_t *(*make)(struct rows *rows));

#endif
