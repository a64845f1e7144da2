/*
 * Addresses of sockets, as calls give them.
 */
#ifndef COFFER_EMUL_ADDRESS_H
#define COFFER_EMUL_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A copy of an address: nobody changes it any more. Behind its length it is zero. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    };
    socklen_t length;
};

enum { ADDRESS_WORDS = 256 };

/* As the rules write it: "127.0.0.1:80", "[::1]:53", "unix:/run/x", "unix:@name". */
void address_words(const struct address *address, char words[ADDRESS_WORDS]);

/* The name of a family: "AF_PACKET". */
const char *address_family_name(int family);

/* Whether it is one of this machine's to itself: 127.0.0.0/8, ::1, or what is given for "any" when one connects. */
bool address_is_loopback(const struct address *address);
/* 0.0.0.0 or ::. */
bool address_is_any(const struct address *address);

/* An IPv4 address that is written as one of IPv6 becomes what it stands for. */
struct address address_plain_ipv4(const struct address *address);

/* The port, as it is counted; 0 for other families. */
in_port_t address_port(const struct address *address);

#endif
