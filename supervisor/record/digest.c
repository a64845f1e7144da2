#include "supervisor/record/digest.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 128 * 1024 };

/* libcrypto is loaded when it is first needed: to be linked with it costs each start of coffer a millisecond. */
#define STRING_OF(number) #number
#define LIBCRYPTO(number) "libcrypto.so." STRING_OF(number)

static struct library {
    bool loaded;
    __typeof__(&OPENSSL_init_crypto) init_crypto;
    __typeof__(&EVP_MD_fetch) md_fetch;
    __typeof__(&EVP_MD_free) md_free;
    __typeof__(&EVP_MD_CTX_new) ctx_new;
    __typeof__(&EVP_MD_CTX_free) ctx_free;
    __typeof__(&EVP_DigestInit_ex2) digest_init;
    __typeof__(&EVP_DigestUpdate) digest_update;
    __typeof__(&EVP_DigestFinal_ex) digest_final;
} library;

static void load_library(void)
{
    const struct {
        const char *name;
        void *place; /* of a pointer to a function */
    } functions[] = {
        {"OPENSSL_init_crypto", &library.init_crypto},
        {"EVP_MD_fetch", &library.md_fetch},
        {"EVP_MD_free", &library.md_free},
        {"EVP_MD_CTX_new", &library.ctx_new},
        {"EVP_MD_CTX_free", &library.ctx_free},
        {"EVP_DigestInit_ex2", &library.digest_init},
        {"EVP_DigestUpdate", &library.digest_update},
        {"EVP_DigestFinal_ex", &library.digest_final},
    };
    void *handle = dlopen(LIBCRYPTO(OPENSSL_SHLIB_VERSION), RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(handle, functions[i].name);
        if (found == NULL)
            return;
        memcpy(functions[i].place, &found, sizeof found);
    }
    /* A configuration could load modules, and change what is computed where. */
    library.loaded = library.init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
}

/* As libcrypto knows them. */
static const char *const names[RECORD_HASH_COUNT] = {
    [RECORD_SHA256] = "SHA2-256", [RECORD_BLAKE2B] = "BLAKE2B-512", [RECORD_GIT_BLOB] = "SHA1"};

struct digester {
    unsigned algorithms;
    const atomic_bool *cancelled;
    EVP_MD *types[RECORD_HASH_COUNT];
    EVP_MD_CTX *contexts[RECORD_HASH_COUNT];
    unsigned char block[BLOCK];
};

static unsigned algorithm_of(const char *word, size_t length)
{
    for (unsigned i = 1; i < RECORD_HASH_COUNT; i++) {
        const char *known = record_hash_word((enum record_hash)i);
        if (strlen(known) == length && memcmp(known, word, length) == 0)
            return 1U << i;
    }
    return 0;
}

const char *digest_parse(const char *words, unsigned *algorithms)
{
    *algorithms = 0;
    for (const char *word = words;; word++) {
        size_t length = strcspn(word, ",");
        unsigned algorithm = algorithm_of(word, length);
        if (algorithm == 0)
            return "--hash is a list of sha256, blake2b and git";
        *algorithms |= algorithm;
        word += length;
        if (*word == '\0')
            return NULL;
    }
}

static bool wants(const struct digester *digester, unsigned algorithm)
{
    return (digester->algorithms & 1U << algorithm) != 0;
}

struct digester *digester_new(unsigned algorithms, const atomic_bool *cancelled)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load_library);
    struct digester *digester = library.loaded ? calloc(1, sizeof *digester) : NULL;
    bool complete = digester != NULL;
    if (digester == NULL)
        return NULL;
    digester->algorithms = algorithms;
    digester->cancelled = cancelled;
    for (unsigned i = 1; i < RECORD_HASH_COUNT; i++) {
        if (!wants(digester, i))
            continue;
        digester->types[i] = library.md_fetch(NULL, names[i], NULL);
        digester->contexts[i] = library.ctx_new();
        complete = complete && digester->types[i] != NULL && digester->contexts[i] != NULL;
    }
    if (complete)
        return digester;
    digester_free(digester);
    return NULL;
}

void digester_free(struct digester *digester)
{
    if (digester == NULL)
        return;
    for (unsigned i = 1; i < RECORD_HASH_COUNT; i++) {
        library.md_free(digester->types[i]);
        library.ctx_free(digester->contexts[i]);
    }
    free(digester);
}

static bool update(struct digester *digester, const void *data, size_t size)
{
    bool done = true;
    for (unsigned i = 1; i < RECORD_HASH_COUNT; i++)
        if (wants(digester, i))
            done = library.digest_update(digester->contexts[i], data, size) == 1 && done;
    return done;
}

/* The object id of a blob in git is that of a header and the content. */
static bool begin(struct digester *digester, uint64_t size)
{
    char header[32];
    int length = snprintf(header, sizeof header, "blob %llu", (unsigned long long)size);
    bool done = true;
    for (unsigned i = 1; i < RECORD_HASH_COUNT; i++)
        if (wants(digester, i))
            done = library.digest_init(digester->contexts[i], digester->types[i], NULL) == 1 && done;
    if (wants(digester, RECORD_GIT_BLOB))
        done = library.digest_update(digester->contexts[RECORD_GIT_BLOB], header, (size_t)length + 1) == 1 && done;
    return done;
}

static bool end(struct digester *digester, struct digests *digests)
{
    bool done = true;
    for (unsigned i = 1; i < RECORD_HASH_COUNT; i++) {
        unsigned length = 0;
        if (!wants(digester, i))
            continue;
        done = library.digest_final(digester->contexts[i], digests->of[i].bytes, &length) == 1 && done;
        digests->of[i].size = length;
    }
    return done;
}

int digester_file(struct digester *digester, int fd, uint64_t size, struct digests *digests)
{
    uint64_t at = 0;
    ssize_t got = 1;
    *digests = (struct digests){.algorithms = digester->algorithms, .size = size};
    bool done = begin(digester, size);
    /* Once more at its end: it must be the end. */
    while (done && got > 0 && at <= size) {
        if (digester->cancelled != NULL && atomic_load(digester->cancelled))
            return -ECANCELED;
        do
            got = pread(fd, digester->block, BLOCK, (off_t)at);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return -errno;
        done = update(digester, digester->block, (size_t)got);
        at += (uint64_t)got;
    }
    if (!done)
        return -EIO;
    if (at != size)
        return -ESTALE;
    return end(digester, digests) ? 0 : -EIO;
}
