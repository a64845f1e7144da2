/* Chance, the same for the same seed everywhere. */
#include "model.h"

#include <string.h>

static uint64_t state;

static uint64_t mixed(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

void chance_seed(uint64_t seed, uint64_t number)
{
    state = mixed(seed) + mixed(number + 0x9e3779b97f4a7c15ULL);
}

/* 0 up to below - 1. */
unsigned chance(unsigned below)
{
    state += 0x9e3779b97f4a7c15ULL;
    return (unsigned)(mixed(state) >> 33) % below;
}

bool percent(unsigned probability)
{
    return chance(100) < probability;
}

/* One of the words of a text. */
const char *chance_word(const char *words)
{
    static char buffers[8][256];
    static unsigned next;
    char *word = buffers[next++ % 8];
    unsigned count = 1;

    for (const char *at = words; *at != '\0'; at++)
        count += *at == ' ';
    for (unsigned wanted = chance(count); wanted > 0; wanted--)
        words = strchr(words, ' ') + 1;
    (void)snprintf(word, sizeof buffers[0], "%.*s", (int)strcspn(words, " "), words);
    return word;
}

const char *chance_new_name(void)
{
    if (percent(90))
        return chance_word("n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 m0 m1 m2 m3 m4");
    return chance_word("a\\x0ab two\\x20words \\xff\\xfe .wh.n1 .wh..wh..opq -r ... {255y} ~ *");
}

/* Some of the flags. */
void chance_flags(const char *choices, char *into, size_t size)
{
    (void)snprintf(into, size, "0");
    for (unsigned times = chance(3); times > 0; times--)
        (void)snprintf(into + strlen(into), size - strlen(into), "|%s", chance_word(choices));
    if (percent(2))
        (void)snprintf(into + strlen(into), size - strlen(into), "|0x%x", 1U << chance(24));
    if (strlen(into) > 1)
        memmove(into, into + 2, strlen(into + 2) + 1);
}
