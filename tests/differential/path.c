/*
 * Paths of scripts. "@top/x" is absolute, "@cwd/x" and "@f3/x" go through /proc/self, "@empty", "@null" and "@bad" are
 * what they say. Natively no path may lead out of the tree.
 */
#include "actor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 3 * PATH_MAX, LINKS = 40 };

const char *path_expand(const char *text)
{
    static _Thread_local char buffers[4][LONGEST];
    static _Thread_local unsigned next;
    char *into = buffers[next++ % 4];
    size_t used = 0;

    if (strcmp(text, "@null") == 0)
        return NULL;
    if (strcmp(text, "@bad") == 0)
        return (const char *)8;
    if (strcmp(text, "@empty") == 0)
        return "";
    if (strncmp(text, "@top", 4) == 0) {
        used = (size_t)snprintf(into, LONGEST, "%s", top);
        text += 4;
    } else if (strncmp(text, "@cwd", 4) == 0) {
        used = (size_t)snprintf(into, LONGEST, "/proc/self/cwd");
        text += 4;
    } else if (text[0] == '@' && text[1] == 'f' && text[2] >= '0' && text[2] < '0' + SLOTS) {
        used = (size_t)snprintf(into, LONGEST, "/proc/self/fd/%d", slots[text[2] - '0'].fd);
        text += 3;
    }
    (void)text_decode(text, into + used, LONGEST - used);
    return into;
}

/* A path as it may be printed: where the tree lies is left out. */
const char *path_shown(const char *text)
{
    static _Thread_local char into[LONGEST];
    size_t length = strlen(top);
    const char *shown = strncmp(text, top, length) == 0 ? text + length : text;

    into[0] = '\0';
    if (shown != text)
        (void)snprintf(into, sizeof into, "@top");
    text_encode(shown, strlen(shown), into + strlen(into), sizeof into - strlen(into));
    return into;
}

struct steps {
    int at; /* the directory that was come to */
    int links;
    char rest[LONGEST]; /* what is still to be walked */
};

static int go(struct steps *steps, int next)
{
    if (steps->at >= 0)
        close(steps->at);
    steps->at = next;
    return next;
}

/* Who has become an ordinary user may be unable to search his way to the top: its identity is taken before that. */
static struct stat top_identity;

int path_know_top(void)
{
    return stat(top, &top_identity);
}

static bool at_top(int fd)
{
    struct stat here;

    return fstat(fd, &here) == 0 && here.st_dev == top_identity.st_dev && here.st_ino == top_identity.st_ino;
}

/* "/proc/self/fd/N" of a descriptor in a slot. */
static bool start_at_slot(struct steps *steps)
{
    char *end;
    long fd = strtol(steps->rest + strlen("/proc/self/fd/"), &end, 10);

    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].fd == fd) {
            (void)go(steps, fd < 0 ? -1 : fcntl((int)fd, F_DUPFD_CLOEXEC, 0));
            memmove(steps->rest, end, strlen(end) + 1);
            return true;
        }
    }
    return false;
}

/* An absolute path: only the tree itself and what /proc has of this process. */
static bool start_absolute(struct steps *steps)
{
    static const char cwd[] = "/proc/self/cwd";
    size_t length = strlen(top);

    if (strncmp(steps->rest, "/proc/self/fd/", 14) == 0)
        return start_at_slot(steps);
    if (strncmp(steps->rest, cwd, strlen(cwd)) == 0) {
        (void)go(steps, open(".", O_PATH | O_CLOEXEC));
        length = strlen(cwd);
    } else if (strncmp(steps->rest, top, length) == 0) {
        (void)go(steps, open(top, O_PATH | O_CLOEXEC));
    } else {
        return false;
    }
    if (steps->rest[length] != '\0' && steps->rest[length] != '/')
        return false;
    memmove(steps->rest, steps->rest + length, strlen(steps->rest + length) + 1);
    return true;
}

static bool follow_link(struct steps *steps, int link)
{
    char text[LONGEST];
    ssize_t length = readlinkat(link, "", text, PATH_MAX);

    if (length < 0 || (size_t)length + strlen(steps->rest) + 2 > sizeof text || ++steps->links > LINKS) {
        steps->rest[0] = '\0';
        (void)go(steps, -1);
        return true;
    }
    (void)snprintf(text + length, sizeof text - (size_t)length, "/%s", steps->rest);
    memcpy(steps->rest, text, strlen(text) + 1);
    return text[0] != '/' || start_absolute(steps);
}

static bool step(struct steps *steps, const char *name)
{
    struct stat st;

    if (strcmp(name, "..") == 0 && at_top(steps->at))
        return false;
    int next = openat(steps->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (next >= 0 && fstat(next, &st) == 0 && S_ISLNK(st.st_mode)) {
        bool inside = follow_link(steps, next);

        close(next);
        return inside;
    }
    (void)go(steps, next);
    return true;
}

bool path_stays_inside(int dirfd, const char *path)
{
    struct steps steps = {.at = -1};
    char name[NAME_MAX + 1];
    bool inside = true;

    if (path == NULL || path == (const char *)8 || strlen(path) >= PATH_MAX)
        return true; /* the kernel gets no further */
    memcpy(steps.rest, path, strlen(path) + 1);
    if (path[0] == '/')
        inside = start_absolute(&steps);
    else
        (void)go(&steps, dirfd == AT_FDCWD ? open(".", O_PATH | O_CLOEXEC) : fcntl(dirfd, F_DUPFD_CLOEXEC, 0));
    while (inside && steps.at >= 0) {
        char *start = steps.rest + strspn(steps.rest, "/");
        size_t length = strcspn(start, "/");

        if (length == 0 || length > NAME_MAX)
            break;
        memcpy(name, start, length);
        name[length] = '\0';
        memmove(steps.rest, start + length, strlen(start + length) + 1);
        inside = step(&steps, name);
    }
    (void)go(&steps, -1);
    return inside;
}
