/*
 * Attempts to get round a sandbox. Each is tried natively, where it must reach what it is after, and in views, where it
 * must not. What it reached is judged from outside (judge.c); an attempt only says whether its calls went through.
 */
#ifndef COFFER_TESTS_HOSTILE_ATTEMPT_H
#define COFFER_TESTS_HOSTILE_ATTEMPT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* By what it is seen that an attempt worked. Whatever it is after, none may have any of the first four effects. */
enum effect {
    TREE,      /* its directory on the host changed */
    SECRET,    /* what it must not read stands in its output */
    OUTSIDER,  /* the process outside changed; or a call on the supervisor went through */
    SIGNALLED, /* as OUTSIDER, but that a call goes through means nothing yet: the signal comes later, or never */
    LISTENER,  /* a socket outside was reached */
    CLAIM,     /* its calls went through: the door itself is what must be shut */
};

/* What an attempt needs besides, natively: where it is not there, the attempt need not work natively. */
enum {
    NEEDS_ROOT = 1,
    NEEDS_LUCK = 2,   /* a race: that it can be won is not shown by a short one */
    NEEDS_KERNEL = 4, /* a kernel, or a file system, that has the call */
};

/* It is no way where nothing is refused either; it must be none. */
enum { NO_WAY = 16 };

/* What the kernel carries out: without the lock it may be won (SECURITY.md). */
enum { LOCK_ALONE = 32 };

/* Besides: a process outside, which attempts on one (OUTSIDER) have in any case. */
enum { WITH_OUTSIDER = 8 };

/* In which run it is tried. */
enum group {
    PLAIN,   /* a view without rules */
    RULES,   /* with the rules of rules.c */
    NETWORK, /* with --net none */
    ADDRESS, /* with rules about some addresses */
    SHUT,    /* rules could be added, and were locked */
    CEILING, /* the command may add rules, up to ceilings */
    EXECUTE, /* the command may add any rules */
    RACES,   /* as RULES, for as long as is asked for */
    GROUPS,
};

/* 0: the calls went through; an errno: the first one that did not; UNTRIED: it cannot be tried here. */
enum { UNTRIED = -1 };

struct attempt {
    const char *name, *what;
    enum effect effect;
    unsigned needs;
    int (*attack)(void);
    /* Puts something into its directory on the host, or into the same one of the layer, before the run; or null. */
    void (*plant)(const char *directory);
};

struct class
{
    const char *name;
    enum group group;
    const struct attempt *attempts; /* ends with one that has no name */
};

extern const struct class classes[];

/* What an attempt may know. Its working directory is its own; scene.c tells what is in it. */
struct scene {
    char directory[3000];
    pid_t outsider, supervisor; /* natively both are the process outside */
    uintptr_t word;             /* address, in the process outside, of its word; behind it stands its secret */
    int port4, port6, port_udp; /* of sockets of the host */
    char abstract[64];
    int rounds, seconds; /* of a race: until one of the two is reached */
};

extern struct scene scene;

/* A descriptor of /dev/coffer, opened before the lock. */
enum { CONTROL_FD = 900 };

/* Of what a call gave. */
static inline int outcome(long result)
{
    return result < 0 ? errno : 0;
}

int write_fd(int fd);                                    /* writes to a descriptor and closes it */
int overwrite(const char *path);                         /* opens and writes */
int show(const char *path);                              /* prints the content */
int show_fd(int fd);                                     /* prints the content, and closes it */
int in_child(int (*attack)(void));                       /* in a child of its own: what that one says */
int child_outcome(pid_t child);                          /* waits for it, and takes its status for an outcome */
int run_self(const char *program, const char *argument); /* runs a copy of this program as a child: see main.c */

/* Nonzero: the call fails differently, or succeeds, where the name is there and hidden, and where there is none. */
int oracle(int (*call)(const char *name));

#endif
