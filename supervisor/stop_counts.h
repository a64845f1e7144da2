/*
 * What `coffer run -v` tells at the end: how often the supervisor was woken, and by which calls.
 */
#ifndef COFFER_SUPERVISOR_STOP_COUNTS_H
#define COFFER_SUPERVISOR_STOP_COUNTS_H

#include <stdint.h>
#include <stdio.h>

enum { STOP_COUNTS_NUMBERS = 512 };

struct stop_counts {
    unsigned long stops;     /* at the seccomp filter */
    unsigned long exits;     /* at the end of a call, besides */
    unsigned long rewritten; /* calls made with other arguments */
    unsigned long answered;  /* calls not made */
    unsigned long moves;     /* tracees handed from one tracer to another */
    unsigned long loosened;  /* tracees that may run on any CPU since */
    unsigned long by_number[STOP_COUNTS_NUMBERS];
    unsigned long unknown; /* stops without a row, or of another architecture */
};

/* One more stop, of a call of the table. */
void stop_counts_add(struct stop_counts *counts, uint64_t number);

/*
 * Two lines: the sums, and "coffer: stops: openat 12, newfstatat 3" with the most frequent call first. The second is
 * left out when there was no stop.
 */
void stop_counts_print(const struct stop_counts *counts, FILE *out);

#endif
