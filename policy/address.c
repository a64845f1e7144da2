/*
 * Addresses of sockets: as the rules write them, and as calls give them.
 */
#include "policy/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { BITS_IPV4 = 32, BITS_IPV6 = 128, BITS_MAPPED = 96, PORT_MAX = 65535, TEXT_MAX = 64 };

/* Addresses of IPv6 that stand for those of IPv4: ::ffff:0:0/96. */
static bool is_mapped(const uint8_t *address)
{
    static const uint8_t prefix[BITS_MAPPED / 8] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, prefix, sizeof prefix) == 0;
}

static int wrong(struct pattern_error *error, size_t offset, const char *text)
{
    (void)snprintf(error->text, sizeof error->text, "%s", text);
    error->offset = offset;
    return -EINVAL;
}

/* A decimal number of at most 5 digits, all of the text; -1 if it is none. */
static long number(const char *text, size_t length)
{
    long value = 0;
    if (length == 0 || length > 5)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = 10 * value + (text[i] - '0');
    }
    return value;
}

/* "*", "80" or "80-443". */
static int read_ports(const char *text, size_t length, size_t offset, struct address_pattern *address,
                      struct pattern_error *error)
{
    if (length == 1 && *text == '*') {
        address->last = PORT_MAX;
        return 0;
    }
    const char *dash = memchr(text, '-', length);
    size_t first_length = dash == NULL ? length : (size_t)(dash - text);
    long first = number(text, first_length);
    long last = dash == NULL ? first : number(dash + 1, length - first_length - 1);
    if (first < 0 || last < first || last > PORT_MAX)
        return wrong(error, offset, "no port here: a number up to 65535, two of them as in 80-443, or '*' expected");
    address->first = (uint16_t)first;
    address->last = (uint16_t)last;
    return 0;
}

static void clear_host_bits(struct address_pattern *address)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = address->bits > 8 * i ? address->bits - 8 * i : 0;
        if (kept < 8)
            address->address[i] &= (uint8_t)(0xff00U >> kept);
    }
}

/* "127.0.0.0/8" or "fe80::/10". */
static int read_prefix(const char *text, size_t length, size_t offset, int family, struct address_pattern *address,
                       struct pattern_error *error)
{
    char plain[TEXT_MAX];
    const char *slash = memchr(text, '/', length);
    size_t address_length = slash == NULL ? length : (size_t)(slash - text);
    long most = family == AF_INET ? BITS_IPV4 : BITS_IPV6;
    long bits = slash == NULL ? most : number(slash + 1, length - address_length - 1);
    if (address_length < sizeof plain) {
        memcpy(plain, text, address_length);
        plain[address_length] = '\0';
    }
    if (address_length >= sizeof plain || inet_pton(family, plain, address->address) != 1)
        return wrong(
            error, offset,
            "no address here: 127.0.0.0/8:80-443, [::1]:*, unix:/PATH, unix:@NAME or '*' expected (names of hosts "
            "are not looked up)");
    if (bits < 0 || bits > most)
        return wrong(error, offset + address_length + 1,
                     family == AF_INET ? "a number of bits from 0 to 32 expected"
                                       : "a number of bits from 0 to 128 expected");
    address->family = (uint8_t)family;
    address->bits = (uint8_t)bits;
    if (family == AF_INET6 && bits >= BITS_MAPPED && is_mapped(address->address)) {
        memmove(address->address, address->address + BITS_MAPPED / 8, 4);
        memset(address->address + 4, 0, 12);
        address->family = AF_INET;
        address->bits = (uint8_t)(bits - BITS_MAPPED);
    }
    clear_host_bits(address);
    return 0;
}

int address_pattern_read(const char *word, size_t length, struct address_pattern *address, struct pattern_error *error)
{
    *address = (struct address_pattern){.family = AF_UNSPEC, .last = PORT_MAX};
    if (length == 1 && *word == '*')
        return 0;
    if (length > 2 && word[0] == '*' && word[1] == ':') {
        address->both = true;
        return read_ports(word + 2, length - 2, 2, address, error);
    }
    const char *behind = NULL;
    int status = 0;
    if (*word == '[') {
        const char *bracket = memchr(word, ']', length);
        if (bracket == NULL)
            return wrong(error, length, "']' expected behind the address");
        status = read_prefix(word + 1, (size_t)(bracket - word) - 1, 1, AF_INET6, address, error);
        behind = bracket + 1;
    } else {
        const char *colon = memchr(word, ':', length);
        behind = colon == NULL ? word + length : colon;
        status = read_prefix(word, (size_t)(behind - word), 0, AF_INET, address, error);
    }
    size_t at = (size_t)(behind - word);
    if (status < 0 || at == length)
        return status;
    if (*behind != ':')
        return wrong(error, at, "':' and a port expected behind the address");
    return read_ports(behind + 1, length - at - 1, at + 1, address, error);
}

/* 0.0.0.0 and ::, to which one may connect, are this machine. */
static void any_is_loopback(struct plain_address *plain)
{
    static const uint8_t any[16] = {0};
    if (memcmp(plain->address, any, sizeof any) != 0)
        return;
    if (plain->family == AF_INET)
        memcpy(plain->address, (const uint8_t[]){127, 0, 0, 1}, 4);
    else
        plain->address[15] = 1;
}

static bool plain_unix(const struct sockaddr *address, socklen_t length, struct plain_address *plain)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)address;
    size_t before = offsetof(struct sockaddr_un, sun_path);
    if (length > sizeof *un)
        return false;
    size_t size = length - before;
    plain->abstract = size > 0 && un->sun_path[0] == '\0';
    if (size == 0)
        return true;
    plain->name = un->sun_path + (plain->abstract ? 1 : 0);
    plain->name_length = plain->abstract ? size - 1 : strnlen(un->sun_path, size);
    return plain->abstract || un->sun_path[0] == '/';
}

bool address_plain(const struct sockaddr *address, socklen_t length, bool connect, struct plain_address *plain)
{
    /* What RFC 2133 gave AF_INET6, without a scope; the kernel takes it. */
    enum { IN6_SHORT = 24 };
    *plain = (struct plain_address){.family = AF_UNSPEC};
    if (length < sizeof address->sa_family)
        return false;
    int family = address->sa_family;
    if (family == AF_UNIX) {
        plain->family = AF_UNIX;
        return plain_unix(address, length, plain);
    }
    if (family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        if (length < IN6_SHORT)
            return false;
        bool mapped = is_mapped(in6->sin6_addr.s6_addr);
        plain->family = mapped ? AF_INET : AF_INET6;
        plain->port = ntohs(in6->sin6_port);
        memcpy(plain->address, in6->sin6_addr.s6_addr + (mapped ? BITS_MAPPED / 8 : 0), mapped ? 4 : 16);
    } else if (family == AF_INET || (family == AF_UNSPEC && length >= sizeof(struct sockaddr_in))) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        if (length < sizeof *in)
            return false;
        plain->family = AF_INET;
        plain->port = ntohs(in->sin_port);
        memcpy(plain->address, &in->sin_addr, 4);
    } else {
        return true;
    }
    if (connect)
        any_is_loopback(plain);
    return true;
}

static socklen_t unix_read(const char *text, struct sockaddr_un *un)
{
    size_t length = strlen(text);
    if (length > sizeof un->sun_path || (*text != '/' && *text != '@'))
        return 0;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, text, length);
    if (*text == '@')
        un->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

socklen_t policy_address_read(const char *text, struct sockaddr_storage *address)
{
    struct address_pattern pattern;
    struct pattern_error error;
    memset(address, 0, sizeof *address);
    if (strncmp(text, "unix:", 5) == 0)
        return unix_read(text + 5, (struct sockaddr_un *)address);
    if (strchr(text, '/') != NULL || address_pattern_read(text, strlen(text), &pattern, &error) < 0 ||
        pattern.first != pattern.last)
        return 0;
    if (pattern.family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)address;
        in->sin_family = AF_INET;
        in->sin_port = htons(pattern.first);
        memcpy(&in->sin_addr, pattern.address, 4);
        return sizeof *in;
    }
    if (pattern.family != AF_INET6)
        return 0;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(pattern.first);
    memcpy(&in6->sin6_addr, pattern.address, 16);
    return sizeof *in6;
}

static size_t skip_word(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] != ' ' && text[at] != '\t')
        at++;
    while (at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at;
}

const char *policy_rule_address(const struct policy_rule *rule, size_t *length)
{
    size_t at = skip_word(rule->text, rule->text_length, 0);
    at = skip_word(rule->text, rule->text_length, at);
    if (rule->kind == POLICY_RULE_CEILING)
        at = skip_word(rule->text, rule->text_length, at);
    *length = rule->text_length - at;
    return rule->text + at;
}
