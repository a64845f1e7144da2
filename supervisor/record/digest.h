/*
 * The content of a file as digests. libcrypto computes them.
 */
#ifndef COFFER_SUPERVISOR_RECORD_DIGEST_H
#define COFFER_SUPERVISOR_RECORD_DIGEST_H

#include "supervisor/record/event.h"

#include <stdatomic.h>

/* Algorithms are a set: a bit 1 << RECORD_SHA256 and so on. */
struct digests {
    unsigned algorithms;
    uint64_t size; /* of the content */
    struct {
        size_t size;
        unsigned char bytes[RECORD_DIGEST_MAX];
    } of[RECORD_HASH_COUNT];
};

/* A comma-separated list of sha256, blake2b and git. NULL, or what is wrong with it; static. */
const char *digest_parse(const char *words, unsigned *algorithms);

/* What computes them, for one thread. */
struct digester;

/*
 * Ends what it computes early once *cancelled is true; NULL: never. NULL comes back without memory, and where libcrypto
 * is not installed or lacks one of the algorithms. The first one loads it: a thread that may open no files cannot.
 */
struct digester *digester_new(unsigned algorithms, const atomic_bool *cancelled);
void digester_free(struct digester *digester); /* harmless for NULL */

/*
 * Reads `size` bytes of a regular file from its beginning on; the descriptor's offset stays. 0 or -errno; -ESTALE: it
 * has more or fewer bytes; -ECANCELED.
 */
int digester_file(struct digester *digester, int fd, uint64_t size, struct digests *digests);

#endif
