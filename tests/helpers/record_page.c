/*
 * record_page schema: prints the schema of a record as a database.
 * record_page DATABASE: prints the page of such a database, whoever made it. It is not looked at whether it makes
 * sense.
 */
#include "supervisor/record/format.h"
#include "supervisor/record/texts.h"

#include <stdio.h>
#include <string.h>

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "record_page: %s: %s\n", what, why);
    return 1;
}

int main(int argc, char **argv)
{
    size_t length = 0;
    if (argc != 2)
        return fail("usage", "record_page schema | record_page DATABASE");
    if (strcmp(argv[1], "schema") == 0) {
        const char *schema = record_text_find("schema.sql", &length);
        return schema != NULL && fwrite(schema, 1, length, stdout) == length ? 0 : 1;
    }
    struct format_context context = {.out = stdout};
    if (sqlite3_open_v2(argv[1], &context.database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return fail(argv[1], sqlite3_errmsg(context.database));
    int status = format_find("html")->write(&context);
    (void)sqlite3_close(context.database);
    return status == 0 && fflush(stdout) == 0 && !ferror(stdout) ? 0 : fail(argv[1], context.why);
}
