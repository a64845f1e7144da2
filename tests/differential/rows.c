/* All operations. */
#include "row.h"

#include <string.h>

const struct row *const row_tables[] = {rows_path, rows_name,    rows_change, rows_xattr, rows_data,
                                        rows_list, rows_process, rows_socket, NULL};

const struct row *row_find(const char *name)
{
    for (const struct row *const *table = row_tables; *table != NULL; table++)
        for (const struct row *row = *table; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}
