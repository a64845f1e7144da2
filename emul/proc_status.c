/*
 * /proc/PID/status: the CPUs that a process may use.
 *
 * The supervisor keeps a process on one CPU (its affinity), which a program must not see: a reader gets a copy of the
 * file in which the two lines about it say what the program itself has set. The copy lies in LAYER/work until it is
 * open.
 */
#include "emul/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_MAX = 1 << 20 }; /* 65,536 groups take most of it */

/* The thread whose status a path of /proc is; 0: it is something else. */
static pid_t status_of(const char *host_path)
{
    int tgid = 0, tid = 0, end = 0;
    if (sscanf(host_path, "/proc/%d/status%n", &tgid, &end) == 1 && end > 0 && host_path[end] == '\0')
        return tgid;
    if (sscanf(host_path, "/proc/%d/task/%d/status%n", &tgid, &tid, &end) == 2 && end > 0 && host_path[end] == '\0')
        return tid;
    return 0;
}

/* "3" or "00000000,00000003": the digits of the kernel's own mask, filled in anew from the last one on. */
static void write_mask(FILE *out, const char *shape, size_t length, const cpu_set_t *cpus)
{
    size_t digits = 0;
    for (size_t i = 0; i < length; i++)
        digits += isxdigit((unsigned char)shape[i]) != 0;
    for (size_t i = 0; i < length; i++) {
        if (!isxdigit((unsigned char)shape[i])) {
            (void)fputc(shape[i], out);
            continue;
        }
        unsigned digit = 0;
        digits--;
        for (size_t bit = 0; bit < 4; bit++)
            if (digits * 4 + bit < CPU_SETSIZE && CPU_ISSET(digits * 4 + bit, cpus))
                digit |= 1u << bit;
        (void)fputc("0123456789abcdef"[digit], out);
    }
}

/* "0-3,5" */
static void write_list(FILE *out, const cpu_set_t *cpus)
{
    const char *separator = "";
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, cpus))
            continue;
        size_t last = cpu;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
            last++;
        (void)fprintf(out, last > cpu ? "%s%zu-%zu" : "%s%zu", separator, cpu, last);
        separator = ",";
        cpu = last;
    }
}

static void write_status(FILE *out, const char *text, const cpu_set_t *cpus)
{
    static const char mask[] = "Cpus_allowed:\t", list[] = "Cpus_allowed_list:\t";
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (strncmp(line, mask, strlen(mask)) == 0) {
            (void)fputs(mask, out);
            write_mask(out, line + strlen(mask), length - strlen(mask), cpus);
        } else if (strncmp(line, list, strlen(list)) == 0) {
            (void)fputs(list, out);
            write_list(out, cpus);
        } else {
            (void)fwrite(line, 1, length, out);
        }
        line += length;
        if (*line == '\n')
            (void)fputc(*line++, out);
    }
}

/* The file's text, malloc()ed; NULL when it cannot be had. */
static char *read_status(const char *host_path)
{
    cleanup_fd int fd = sys_openat(AT_FDCWD, host_path, O_RDONLY, 0);
    cleanup_free char *text = fd < 0 ? NULL : malloc(STATUS_MAX);
    if (text == NULL)
        return NULL;
    size_t length = 0;
    ssize_t got;
    while ((got = read(fd, text + length, STATUS_MAX - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return got < 0 || length == STATUS_MAX - 1 ? NULL : steal_ptr(&text);
}

static int make_copy(struct view *view, const char *host_path, const cpu_set_t *cpus, char name[32])
{
    cleanup_free char *text = read_status(host_path);
    if (text == NULL)
        return -ENOENT;
    layer_temp_name(view->layer, name);
    int fd = sys_openat2(view->layer->work_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0444, SYS_BENEATH);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return fd < 0 ? fd : -ENOMEM;
    }
    (void)fchmod(fd, 0444);
    write_status(out, text, cpus);
    if (fclose(out) == 0)
        return 0;
    (void)unlinkat(view->layer->work_fd, name, 0);
    return -EIO;
}

bool proc_status_open(struct view *view, struct caller *caller, const struct call *call, const struct taken *taken,
                      struct answer *answer)
{
    cpu_set_t cpus;
    char name[32], path[PATH_MAX];
    pid_t tid = status_of(taken->walked.host_path);
    bool reachable = !view->upper_private || caller->cred->fsuid == view->own.fsuid;
    if (tid == 0 || !reachable || caller->ops->cpus == NULL || !caller->ops->cpus(caller->context, tid, &cpus))
        return false;
    if (make_copy(view, taken->walked.host_path, &cpus, name) < 0)
        return false;
    answer->finish.text = strdup(name);
    if (answer->finish.text == NULL ||
        snprintf(path, sizeof path, "%s/work/%s", view->layer->path, name) >= (int)sizeof path) {
        (void)unlinkat(view->layer->work_fd, name, 0);
        return false;
    }
    answer_path(caller, call, answer, taken->argument, path);
    if (answer->kind != ANSWER_REWRITE) {
        (void)unlinkat(view->layer->work_fd, name, 0);
        return true;
    }
    answer->finish.kind = FINISH_FORGET;
    answer->want_exit = true;
    return true;
}
