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

/* Names and paths are chosen by the program: nothing of them may steer the user's terminal. */
static void replace_controls(char *text)
{
    for (char *byte = text; *byte != '\0'; byte++)
        if ((unsigned char)*byte < ' ' || *byte == 0x7f)
            *byte = '?';
}

/* The process's name as ps shows it. */
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
    replace_controls(name);
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
    if (!remember(notices, name, text))
        return;
    cleanup_free char *shown = strdup(text);
    if (shown == NULL)
        return;
    replace_controls(shown);
    (void)fprintf(stderr, "coffer: refused: %s[%d]: %s\n", name, (int)pid, shown);
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
