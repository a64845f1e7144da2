/*
 * Makes calls that a policy refuses, for tests of what is reported.
 *
 * report repeat N PATH: mkdir, N times; the errno of each is printed when it is another than before.
 * report names N PREFIX: mkdir of PREFIX0, PREFIX1 and so on.
 * report nested PATH: mkdir by report_inner(), which report_outer() calls.
 * report thread PATH: the same in a second thread.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define APART __attribute__((noinline))

int report_inner(const char *path);
int report_outer(const char *path);

APART int report_inner(const char *path)
{
    int result = mkdir(path, 0700) < 0 ? errno : 0;
    __asm__ volatile("" ::: "memory");
    return result;
}

APART int report_outer(const char *path)
{
    int result = report_inner(path);
    __asm__ volatile("" ::: "memory");
    return result;
}

static void tell(int error)
{
    puts(error == 0 ? "done" : strerrorname_np(error));
}

static void *in_thread(void *path)
{
    tell(report_outer(path));
    return NULL;
}

static void repeat(long count, const char *path)
{
    int before = -1;
    for (long i = 0; i < count; i++) {
        int error = report_inner(path);
        if (error != before)
            tell(error);
        before = error;
    }
}

static void names(long count, const char *prefix)
{
    char path[4096];
    for (long i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s%ld", prefix, i);
        report_inner(path);
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc == 4 && strcmp(argv[1], "repeat") == 0) {
        repeat(atol(argv[2]), argv[3]);
    } else if (argc == 4 && strcmp(argv[1], "names") == 0) {
        names(atol(argv[2]), argv[3]);
    } else if (argc == 3 && strcmp(argv[1], "nested") == 0) {
        tell(report_outer(argv[2]));
    } else if (argc == 3 && strcmp(argv[1], "thread") == 0) {
        if (pthread_create(&thread, NULL, in_thread, argv[2]) != 0 || pthread_join(thread, NULL) != 0)
            return 1;
    } else {
        fputs("usage: report repeat N PATH | names N PREFIX | nested PATH | thread PATH\n", stderr);
        return 2;
    }
    return 0;
}
