#include "supervisor/stop_counts.h"

#include "filter/table.h"

#include <stdlib.h>

struct entry {
    const char *name;
    unsigned long count;
};

void stop_counts_add(struct stop_counts *counts, uint64_t number)
{
    counts->stops++;
    if (number < STOP_COUNTS_NUMBERS)
        counts->by_number[number]++;
}

static int by_count(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    return (a->count < b->count) - (a->count > b->count);
}

static size_t fill(const struct stop_counts *counts, struct entry entries[STOP_COUNTS_NUMBERS + 1])
{
    size_t used = 0;
    for (size_t number = 0; number < STOP_COUNTS_NUMBERS; number++) {
        const struct call_row *row = table_row((long)number);
        if (counts->by_number[number] > 0 && row != NULL)
            entries[used++] = (struct entry){row->name, counts->by_number[number]};
    }
    if (counts->unknown > 0)
        entries[used++] = (struct entry){"unknown", counts->unknown};
    return used;
}

void stop_counts_print(const struct stop_counts *counts, FILE *out)
{
    (void)fprintf(out, "coffer: %lu stops, %lu rewritten, %lu answered, %lu exit stops\n", counts->stops,
                  counts->rewritten, counts->answered, counts->exits);
    if (counts->moves + counts->loosened > 0)
        (void)fprintf(out, "coffer: placement: %lu moved to another CPU, %lu let loose\n", counts->moves,
                      counts->loosened);
    struct entry entries[STOP_COUNTS_NUMBERS + 1];
    size_t used = fill(counts, entries);
    qsort(entries, used, sizeof entries[0], by_count);
    for (size_t i = 0; i < used; i++)
        (void)fprintf(out, "%s %s %lu", i == 0 ? "coffer: stops:" : ",", entries[i].name, entries[i].count);
    if (used > 0)
        (void)fputc('\n', out);
}
