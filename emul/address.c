#include "emul/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define NAME_OFFSET offsetof(struct sockaddr_un, sun_path)

const char *address_family_name(int family)
{
    static const char *const names[] = {
        [AF_UNSPEC] = "AF_UNSPEC",
        [AF_UNIX] = "AF_UNIX",
        [AF_INET] = "AF_INET",
        [AF_INET6] = "AF_INET6",
        [AF_KEY] = "AF_KEY",
        [AF_NETLINK] = "AF_NETLINK",
        [AF_PACKET] = "AF_PACKET",
        [AF_RDS] = "AF_RDS",
        [AF_CAN] = "AF_CAN",
        [AF_TIPC] = "AF_TIPC",
        [AF_BLUETOOTH] = "AF_BLUETOOTH",
        [AF_ALG] = "AF_ALG",
        [AF_VSOCK] = "AF_VSOCK",
        [AF_KCM] = "AF_KCM",
        [AF_SMC] = "AF_SMC",
        [AF_XDP] = "AF_XDP",
    };
    bool known = family >= 0 && (size_t)family < sizeof names / sizeof names[0] && names[family] != NULL;
    return known ? names[family] : "of another family";
}

static void unix_words(const struct address *address, char words[ADDRESS_WORDS])
{
    size_t size = address->length > NAME_OFFSET ? address->length - NAME_OFFSET : 0;
    bool abstract = size > 0 && address->un.sun_path[0] == '\0';
    size_t length = abstract ? size : strnlen(address->un.sun_path, size);
    int begin = snprintf(words, ADDRESS_WORDS, "unix:%s", abstract || size == 0 ? "@" : "");
    for (size_t i = abstract; i < length && (size_t)begin + 1 < ADDRESS_WORDS; i++)
        words[begin++] = address->un.sun_path[i] == '\0' ? '@' : address->un.sun_path[i];
    words[begin] = '\0';
}

void address_words(const struct address *address, char words[ADDRESS_WORDS])
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct address plain = address_plain_ipv4(address);
    switch (plain.any.sa_family) {
    case AF_UNIX:
        unix_words(address, words);
        return;
    case AF_UNSPEC:
    case AF_INET:
        (void)inet_ntop(AF_INET, &plain.in.sin_addr, text, sizeof text);
        (void)snprintf(words, ADDRESS_WORDS, "%s:%u", text, ntohs(plain.in.sin_port));
        return;
    case AF_INET6:
        (void)inet_ntop(AF_INET6, &plain.in6.sin6_addr, text, sizeof text);
        (void)snprintf(words, ADDRESS_WORDS, "[%s]:%u", text, ntohs(plain.in6.sin6_port));
        return;
    default:
        (void)snprintf(words, ADDRESS_WORDS, "an address %s", address_family_name(address->any.sa_family));
    }
}

struct address address_plain_ipv4(const struct address *address)
{
    if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr))
        return *address;
    struct address plain = {.length = sizeof plain.in};
    plain.in.sin_family = AF_INET;
    plain.in.sin_port = address->in6.sin6_port;
    memcpy(&plain.in.sin_addr, address->in6.sin6_addr.s6_addr + 12, sizeof plain.in.sin_addr);
    return plain;
}

bool address_is_any(const struct address *address)
{
    const struct address plain = address_plain_ipv4(address);
    if (plain.any.sa_family == AF_INET)
        return plain.in.sin_addr.s_addr == htonl(INADDR_ANY);
    return plain.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&plain.in6.sin6_addr);
}

bool address_is_loopback(const struct address *address)
{
    enum { LOOPBACK_NET = 127 };
    const struct address plain = address_plain_ipv4(address);
    if (address_is_any(&plain))
        return true;
    if (plain.any.sa_family == AF_INET)
        return ntohl(plain.in.sin_addr.s_addr) >> 24 == LOOPBACK_NET;
    return plain.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&plain.in6.sin6_addr);
}

in_port_t address_port(const struct address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohs(address->in.sin_port);
    return address->any.sa_family == AF_INET6 ? ntohs(address->in6.sin6_port) : 0;
}
