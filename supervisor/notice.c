#include "supervisor/notice.h"

#include "emul/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

/* What has been said; a program that is refused something else each time must not make this grow for ever. */
enum { DISTINCT_MAX = 1000, NAME_SIZE = 32 };

struct notice_seen {
    UT_hash_handle hh;
    char text[]; /* "PROCESS: text" */
};

/* The process's name as ps shows it, with odd bytes replaced: it was chosen by the program. */
static void process_name(pid_t pid, char name[NAME_SIZE])
{
    char path[sizeof "/proc//comm" + 3 * sizeof pid];
    (void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, name, NAME_SIZE - 1);
    if (length <= 0) {
        memcpy(name, "?", 2);
        return;
    }
    name[length] = '\0';
    name[strcspn(name, "\n")] = '\0';
    for (char *byte = name; *byte != '\0'; byte++)
        if (*byte < ' ' || *byte > '~')
            *byte = '?';
}

/* Whether it is to be said: it has not been yet. */
static bool remember(struct notices *notices, const char *process, const char *text)
{
    size_t length = strlen(process) + strlen(": ") + strlen(text);
    cleanup_free struct notice_seen *fresh = calloc(1, sizeof *fresh + length + 1);
    if (fresh == NULL)
        return true;
    (void)snprintf(fresh->text, length + 1, "%s: %s", process, text);

    struct notice_seen *known;
    HASH_FIND(hh, notices->seen, fresh->text, length, known);
    if (known != NULL || HASH_COUNT(notices->seen) >= DISTINCT_MAX)
        return false;
    known = steal_ptr(&fresh);
    HASH_ADD_KEYPTR(hh, notices->seen, known->text, length, known);
    return true;
}

void notice_refused(void *context, pid_t pid, const char *text)
{
    struct notices *notices = context;
    notices->refused++;
    if (notices->quiet)
        return;
    char name[NAME_SIZE];
    process_name(pid, name);
    if (remember(notices, name, text))
        (void)fprintf(stderr, "coffer: refused: %s[%d]: %s\n", name, (int)pid, text);
}

void notices_free(struct notices *notices)
{
    struct notice_seen *seen, *next;
    HASH_ITER(hh, notices->seen, seen, next)
    {
        HASH_DEL(notices->seen, seen);
        free(seen);
    }
}
