#include "supervisor/record/event.h"

#include <string.h>

static const char *const words[RECORD_KIND_COUNT] = {
    [RECORD_BEGIN] = "begin",         [RECORD_END] = "end",
    [RECORD_START] = "start",         [RECORD_EXECUTED] = "executed",
    [RECORD_EXIT] = "exit",           [RECORD_READ] = "read",
    [RECORD_WRITE] = "write",         [RECORD_CREATE] = "create",
    [RECORD_DELETE] = "delete",       [RECORD_RENAME] = "rename",
    [RECORD_LINK] = "link",           [RECORD_METADATA] = "metadata",
    [RECORD_LIST] = "list",           [RECORD_LOOK] = "look",
    [RECORD_EXEC] = "exec",           [RECORD_MAP] = "map",
    [RECORD_ABSENT] = "absent",       [RECORD_CONNECT] = "connect",
    [RECORD_BIND] = "bind",           [RECORD_ACCEPT] = "accept",
    [RECORD_REPEAT] = "repeat",       [RECORD_HASH] = "hash",
    [RECORD_VIOLATION] = "violation",
};

const char *record_kind_word(enum record_kind kind)
{
    return kind > 0 && kind < RECORD_KIND_COUNT ? words[kind] : "unknown";
}

enum record_kind record_kind_of_word(const char *word)
{
    for (int kind = 1; kind < RECORD_KIND_COUNT; kind++)
        if (strcmp(words[kind], word) == 0)
            return (enum record_kind)kind;
    return 0;
}

const char *record_hash_word(enum record_hash algorithm)
{
    static const char *const algorithms[RECORD_HASH_COUNT] = {
        [RECORD_SHA256] = "sha256", [RECORD_BLAKE2B] = "blake2b", [RECORD_GIT_BLOB] = "git"};
    return (unsigned)algorithm < RECORD_HASH_COUNT ? algorithms[algorithm] : NULL;
}

struct record_digits record_digest_digits(const struct record_event *event)
{
    static const char digits[] = "0123456789abcdef";
    struct record_digits out = {.text = ""};
    for (size_t i = 0; i < event->hash.digest_size && i < RECORD_DIGEST_MAX; i++) {
        out.text[2 * i] = digits[event->hash.digest[i] >> 4];
        out.text[2 * i + 1] = digits[event->hash.digest[i] & 15];
    }
    return out;
}
