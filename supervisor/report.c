#include "supervisor/report.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"
#include "supervisor/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

int report_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0)
        error_errno(path, -errno);
    return fd;
}

static void set_number(json_t *object, const char *key, int64_t number)
{
    (void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* What may be unknown is left out. */
static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        json_text_set(object, key, text);
}

static void set_time(json_t *object, const struct timespec *time)
{
    struct tm tm;
    char day[32], text[64];
    if (gmtime_r(&time->tv_sec, &tm) == NULL || strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return;
    (void)snprintf(text, sizeof text, "%s.%03ldZ", day, time->tv_nsec / 1000000);
    set_text(object, "time", text);
}

static json_t *words(const struct facts *facts)
{
    json_t *array = json_array();
    for (size_t at = 0; at < facts->command_length; at += strlen(facts->command + at) + 1)
        (void)json_array_append_new(array, json_text(facts->command + at));
    return array;
}

static json_t *parents(const struct facts *facts)
{
    json_t *array = json_array();
    for (int i = 0; i < facts->parent_count; i++) {
        json_t *parent = json_object();
        set_number(parent, "pid", facts->parents[i].pid);
        set_text(parent, "process", facts->parents[i].name);
        (void)json_array_append_new(array, parent);
    }
    return array;
}

static json_t *frames(const char *backtrace)
{
    json_t *array = json_array();
    while (*backtrace != '\0') {
        size_t length = strcspn(backtrace, "\n");
        cleanup_free char *frame = strndup(backtrace, length);
        if (frame != NULL)
            (void)json_array_append_new(array, json_text(frame));
        backtrace += length + (backtrace[length] == '\n');
    }
    return array;
}

static void set_process(json_t *object, const struct violation *violation)
{
    const struct facts *facts = &violation->facts;
    set_time(object, &violation->time);
    set_number(object, "pid", violation->pid);
    set_number(object, "tid", violation->tid);
    set_number(object, "ppid", facts->parent);
    set_number(object, "uid", violation->uid);
    set_text(object, "process", violation->name);
    (void)json_object_set_new(object, "command", words(facts));
    if (facts->command_cut)
        (void)json_object_set_new(object, "command_cut", json_true());
    set_text(object, "cwd", violation->cwd);
    (void)json_object_set_new(object, "parents", parents(facts));
}

static void set_rule(json_t *object, const struct policy_rule *rule)
{
    cleanup_free char *text = strndup(rule->text, rule->text_length);
    set_text(object, "file", rule->file);
    set_number(object, "line", rule->line);
    set_text(object, "rule", text);
}

static void set_refusal(json_t *object, const struct violations *violations, const struct violation *violation)
{
    bool is_address = violation->action == POLICY_CONNECT || violation->action == POLICY_BIND;
    set_text(object, "call", violation->call);
    set_text(object, "action", policy_action_name(violation->action));
    set_text(object, "said", violation->said);
    set_text(object, is_address ? "address" : "path", violation->path);
    if (violation->rule != 0) {
        struct policy_rule rule = policy_rule_get(violations->policy, violation->rule);
        set_rule(object, &rule);
    }
    set_text(object, "answer", violation->error == 0 ? "kill" : "errno");
    if (violation->error != 0)
        set_text(object, "errno", strerrorname_np(violation->error));
}

static bool write_line(FILE *out, json_t *object)
{
    bool written = object != NULL && json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0;
    json_decref(object);
    return fputc('\n', out) != EOF && written;
}

static bool write_violation(FILE *out, const struct violations *violations, const struct violation *violation)
{
    json_t *object = json_object();
    set_process(object, violation);
    if (violation->text != NULL)
        set_text(object, "text", violation->text);
    else
        set_refusal(object, violations, violation);
    set_number(object, "count", (int64_t)violation->count);
    if (violation->backtrace != NULL)
        (void)json_object_set_new(object, "backtrace", frames(violation->backtrace));
    return write_line(out, object);
}

/* The last line, when there were more than are kept. */
static bool write_rest(FILE *out, unsigned long unlisted)
{
    json_t *object = json_object();
    set_number(object, "unlisted", (int64_t)unlisted);
    return write_line(out, object);
}

/* The command may have been able to write to the file as well, or to remove it. */
static bool is_still_there(int fd)
{
    struct stat st;
    (void)ftruncate(fd, 0);
    return fstat(fd, &st) == 0 && (st.st_nlink > 0 || !S_ISREG(st.st_mode));
}

bool report_write(int fd, const char *path, const struct violations *violations)
{
    bool there = is_still_there(fd);
    FILE *out = fdopen(fd, "w");
    bool written = out != NULL;
    if (out == NULL)
        (void)close(fd);
    for (const struct violation *violation = violations->seen; written && violation != NULL;
         violation = violation->hh.next)
        written = write_violation(out, violations, violation);
    if (written && violations->unlisted > 0)
        written = write_rest(out, violations->unlisted);
    if (out != NULL && fclose(out) != 0)
        written = false;
    if (!written || !there)
        error_line(path, written ? "the report was removed while the command ran" : "the report could not be written");
    return written && there;
}
