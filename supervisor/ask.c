#include "supervisor/ask.h"

#include "emul/cleanup.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <utlist.h>

enum { KNOWN_MAX = 1000 };

struct known {
    UT_hash_handle hh;
    enum ask_answer answer;
    char key[];
};

struct ask {
    struct supervisor *supervisor;
    int terminal, bell;
    pthread_t thread;
    struct known *known; /* by key; under the lock, as the question is */
    struct known *asked; /* what the user is asked now, not yet in the table; NULL: nothing */
    char *question;      /* its words */
    bool over;
};

static void ring(const struct ask *ask)
{
    const uint64_t one = 1;
    (void)!write(ask->bell, &one, sizeof one);
}

/* A terminal that takes nothing now (Ctrl-S) is waited for, until the bell rings. */
static void put(const struct ask *ask, const char *text)
{
    while (*text != '\0') {
        struct pollfd wanted[] = {{.fd = ask->terminal, .events = POLLOUT}, {.fd = ask->bell, .events = POLLIN}};
        ssize_t length = write(ask->terminal, text, strlen(text));
        if (length > 0)
            text += length;
        else if (errno != EAGAIN || poll(wanted, 2, -1) < 0 || wanted[1].revents != 0)
            return;
    }
}

/*
 * What is typed, as much as there is room for; 0 or less: nobody types any more, or the bell rang. The line that
 * woke us may be gone: a program in the view that reads the terminal as well has taken it.
 */
static ssize_t hear(const struct ask *ask, char *typed, size_t size)
{
    ssize_t length;
    do {
        struct pollfd wanted[] = {{.fd = ask->terminal, .events = POLLIN}, {.fd = ask->bell, .events = POLLIN}};
        while (poll(wanted, 2, -1) < 0 && errno == EINTR)
            continue;
        if (wanted[1].revents != 0) {
            put(ask, "\n");
            return 0;
        }
        length = read(ask->terminal, typed, size);
    } while (length < 0 && (errno == EAGAIN || errno == EINTR));
    return length;
}

/* The first letter of what he types decides; an empty line is a no. Anything else than an answer is asked again. */
static enum ask_answer read_answer(const char *typed, size_t length)
{
    size_t at = 0;
    while (at < length && (typed[at] == ' ' || typed[at] == '\t'))
        at++;
    switch (at < length ? typed[at] : '\n') {
    case 'y':
    case 'Y':
        return ASK_ALLOW;
    case 'n':
    case 'N':
    case '\n':
    case '\r':
        return ASK_REFUSE;
    case 'k':
    case 'K':
        return ASK_KILL;
    default:
        return ASK_UNKNOWN;
    }
}

/* Puts the question until it is answered, or the bell rings. What was typed before was not meant for it. */
static enum ask_answer talk(const struct ask *ask, const char *question)
{
    (void)tcflush(ask->terminal, TCIFLUSH);
    put(ask, question);
    for (;;) {
        char typed[256];
        put(ask, "coffer: allow it? [y]es, [n]o, [k]ill the process: ");
        ssize_t length = hear(ask, typed, sizeof typed);
        enum ask_answer answer = length <= 0 ? ASK_REFUSE : read_answer(typed, (size_t)length);
        if (answer != ASK_UNKNOWN)
            return answer;
    }
}

/* Those that wait for an answer are decided again: by this one, or to wait once more. */
static void wake_parked(const struct ask *ask)
{
    struct task *task;
    DL_FOREACH2(ask->supervisor->parked, task, next_parked)
    {
        if (task->answer.worker != ASK_WORKER)
            continue;
        task->worker_done = true;
        tracer_ring(task->tracer);
    }
}

static void drain(const struct ask *ask)
{
    uint64_t rings;
    (void)!read(ask->bell, &rings, sizeof rings);
}

/* Under the lock, which it lets go of while the user thinks: who rings after that means this question. */
static void serve(struct ask *ask)
{
    cleanup_free char *question = steal_ptr(&ask->question);
    drain(ask);
    (void)pthread_mutex_unlock(&ask->supervisor->lock);
    enum ask_answer answer = talk(ask, question);
    (void)pthread_mutex_lock(&ask->supervisor->lock);
    struct known *known = steal_ptr(&ask->asked);
    known->answer = answer;
    HASH_ADD_STR(ask->known, key, known);
    wake_parked(ask);
}

static void *run_thread(void *context)
{
    struct ask *ask = context;
    sigset_t all;
    (void)sigfillset(&all); /* to read from the background is an error, and stops nobody */
    (void)pthread_sigmask(SIG_SETMASK, &all, NULL);
    (void)pthread_mutex_lock(&ask->supervisor->lock);
    while (!ask->over) {
        if (ask->question != NULL) {
            serve(ask);
            continue;
        }
        struct pollfd wanted = {.fd = ask->bell, .events = POLLIN};
        drain(ask);
        (void)pthread_mutex_unlock(&ask->supervisor->lock);
        (void)poll(&wanted, 1, -1);
        (void)pthread_mutex_lock(&ask->supervisor->lock);
    }
    (void)pthread_mutex_unlock(&ask->supervisor->lock);
    return NULL;
}

static void release(struct ask *ask)
{
    struct known *known, *next;
    HASH_ITER(hh, ask->known, known, next)
    {
        HASH_DEL(ask->known, known);
        free(known);
    }
    if (ask->terminal >= 0)
        (void)close(ask->terminal);
    if (ask->bell >= 0)
        (void)close(ask->bell);
    free(ask->asked);
    free(ask->question);
    free(ask);
}

static struct ask *start(struct supervisor *supervisor)
{
    struct ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL)
        return NULL;
    ask->supervisor = supervisor;
    ask->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ask->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ask->terminal < 0 || ask->bell < 0 || pthread_create(&ask->thread, NULL, run_thread, ask) != 0) {
        release(ask);
        return NULL;
    }
    return ask;
}

enum ask_answer ask_user(struct ask **place, struct supervisor *supervisor, const char *key, const char *question)
{
    struct known *known;
    if (*place == NULL)
        *place = start(supervisor);
    struct ask *ask = *place;
    if (ask == NULL)
        return ASK_NOBODY;
    HASH_FIND_STR(ask->known, key, known);
    if (known != NULL)
        return known->answer;
    if (ask->asked != NULL)
        return ASK_UNKNOWN;
    if (HASH_COUNT(ask->known) >= KNOWN_MAX || tcgetpgrp(ask->terminal) != getpgrp())
        return ASK_NOBODY;
    size_t length = strlen(key) + 1;
    known = calloc(1, sizeof *known + length);
    ask->question = strdup(question);
    if (known == NULL || ask->question == NULL) {
        free(known);
        free(steal_ptr(&ask->question));
        return ASK_NOBODY;
    }
    memcpy(known->key, key, length);
    ask->asked = known;
    ring(ask);
    return ASK_UNKNOWN;
}

void ask_interrupt(struct ask *ask)
{
    if (ask != NULL && ask->asked != NULL)
        ring(ask);
}

void ask_end(struct ask *ask)
{
    if (ask == NULL)
        return;
    (void)pthread_mutex_lock(&ask->supervisor->lock);
    ask->over = true;
    (void)pthread_mutex_unlock(&ask->supervisor->lock);
    ring(ask);
    (void)pthread_join(ask->thread, NULL);
    release(ask);
}
