#include "emul/bound.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

/* What a program can make the supervisor keep. */
enum { BOUND_MAX = 4096 };

struct bound {
    struct bound *prev, *next;
    uint64_t socket; /* its inode number, which no other socket gets for a long time */
    struct address address;
};

static unsigned count_of(const struct view *view)
{
    const struct bound *bound;
    unsigned count = 0;
    DL_COUNT(view->bound, bound, count);
    return count;
}

static void forget(struct view *view, struct bound *bound)
{
    DL_DELETE(view->bound, bound);
    free(bound);
}

void bound_remember(struct view *view, int fd)
{
    struct address address = {.length = sizeof address.room};
    struct stat st;
    if (getsockname(fd, &address.any, &address.length) < 0 || sys_fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return;
    int family = address.any.sa_family;
    bool abstract =
        family == AF_UNIX && address.length > offsetof(struct sockaddr_un, sun_path) && address.un.sun_path[0] == '\0';
    if (!abstract && address_port(&address) == 0)
        return;
    struct bound *bound;
    DL_FOREACH(view->bound, bound)
    {
        if (bound->socket == st.st_ino)
            break;
    }
    if (bound == NULL) {
        bound = calloc(1, sizeof *bound);
        if (bound == NULL)
            return;
        DL_PREPEND(view->bound, bound);
    }
    bound->socket = st.st_ino;
    bound->address = address;
    if (count_of(view) > BOUND_MAX)
        forget(view, view->bound->prev); /* the oldest */
}

/* Whether a connection to this address may come to the socket. */
static bool answers_to(const struct address *bound, const struct address *address)
{
    if (address->any.sa_family == AF_UNIX || bound->any.sa_family == AF_UNIX)
        return bound->length == address->length && memcmp(&bound->any, &address->any, address->length) == 0;
    const struct address own = address_plain_ipv4(bound);
    const struct address other = address_plain_ipv4(address);
    if (address_port(&own) != address_port(&other))
        return false;
    if (address_is_any(&own) || address_is_any(&other))
        return address_is_loopback(&other) && (address_is_any(&own) || address_is_loopback(&own));
    if (own.any.sa_family != other.any.sa_family)
        return false;
    return own.any.sa_family == AF_INET
               ? own.in.sin_addr.s_addr == other.in.sin_addr.s_addr
               : memcmp(&own.in6.sin6_addr, &other.in6.sin6_addr, sizeof own.in6.sin6_addr) == 0;
}

/* A socket in a table of /proc/net. */
struct line {
    unsigned port, state; /* 0 of those that have none */
    unsigned flags, type; /* of AF_UNIX */
    uint64_t socket;
    const char *name; /* of AF_UNIX; NULL: it has none */
};

enum { STATE_LISTENS = 0x0a, STATE_UNCONNECTED = 0x07, ACCEPTS_CONNECTIONS = 0x10000 /* of the kernel's socket */ };

typedef bool is_wanted(const void *data, const struct line *line);

static const char *const port_tables[] = {"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"};

/* False for the heading. */
static bool read_line(const char *text, bool names, struct line *line)
{
    *line = (struct line){0};
    if (names) {
        int end = 0;
        bool read =
            sscanf(text, "%*x: %*x %*x %x %x %*x %" SCNu64 "%n", &line->flags, &line->type, &line->socket, &end) == 3;
        line->name = read && text[end] == ' ' ? text + end + 1 : NULL;
        return read;
    }
    return sscanf(text, " %*u: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*u %*u %" SCNu64, &line->port, &line->state,
                  &line->socket) == 3;
}

static bool is_in(const char *table, bool names, is_wanted *wanted, const void *data)
{
    FILE *file = fopen(table, "re");
    char *text = NULL;
    size_t room = 0;
    bool found = false;
    while (file != NULL && !found && getline(&text, &room, file) > 0) {
        struct line line;
        found = read_line(text, names, &line) && wanted(data, &line);
    }
    free(text);
    if (file != NULL)
        (void)fclose(file);
    return found;
}

static bool is_in_port_tables(is_wanted *wanted, const void *data)
{
    for (size_t i = 0; i < sizeof port_tables / sizeof port_tables[0]; i++)
        if (is_in(port_tables[i], false, wanted, data))
            return true;
    return false;
}

static bool is_same_socket(const void *data, const struct line *line)
{
    const struct bound *bound = data;
    return line->socket == bound->socket && line->port == address_port(&bound->address);
}

/*
 * Names are free again when their socket is closed, and somebody outside may take them: what was bound here once says
 * nothing about now.
 */
static bool is_still(const struct bound *bound)
{
    bool names = bound->address.any.sa_family == AF_UNIX;
    return names ? is_in("/proc/net/unix", true, is_same_socket, bound) : is_in_port_tables(is_same_socket, bound);
}

bool bound_inside(struct view *view, const struct address *address)
{
    struct bound *bound, *next;
    DL_FOREACH_SAFE(view->bound, bound, next)
    {
        if (!answers_to(&bound->address, address))
            continue;
        if (is_still(bound))
            return true;
    }
    return false;
}

/* In the table a name begins with '@', and each zero in it is one, too. */
static bool is_same_name(const void *data, const struct line *line)
{
    const struct address *address = data;
    const size_t length = address->length - offsetof(struct sockaddr_un, sun_path);
    if (line->name == NULL || strcspn(line->name, "\n") != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (line->name[i] != (address->un.sun_path[i] == '\0' ? '@' : address->un.sun_path[i]))
            return false;
    return true;
}

bool bound_by_somebody(const struct address *address)
{
    return is_in("/proc/net/unix", true, is_same_name, address);
}

struct of_others {
    const struct view *view;
    const struct address *address;
    in_port_t port;
};

static bool is_of_view(const struct view *view, uint64_t socket)
{
    const struct bound *bound;
    DL_FOREACH(view->bound, bound)
    {
        if (bound->socket == socket)
            return true;
    }
    return false;
}

static bool is_port_of_others(const void *data, const struct line *line)
{
    const struct of_others *asked = data;
    return line->port == asked->port && (line->state == STATE_LISTENS || line->state == STATE_UNCONNECTED) &&
           !is_of_view(asked->view, line->socket);
}

/* Each type of sockets has names of its own. A socket that was accepted has its listener's, and waits for nobody. */
static bool is_name_of_others(const void *data, const struct line *line)
{
    const struct of_others *asked = data;
    bool waits = (line->flags & ACCEPTS_CONNECTIONS) != 0 || line->type == SOCK_DGRAM;
    return waits && is_same_name(asked->address, line) && !is_of_view(asked->view, line->socket);
}

bool bound_outside(const struct view *view, const struct address *address)
{
    const struct of_others asked = {view, address, address_port(address)};
    if (address->any.sa_family == AF_UNIX)
        return is_in("/proc/net/unix", true, is_name_of_others, &asked);
    return asked.port != 0 && is_in_port_tables(is_port_of_others, &asked);
}

void bound_free(struct view *view)
{
    struct bound *bound, *next;
    DL_FOREACH_SAFE(view->bound, bound, next)
    {
        forget(view, bound);
    }
}
