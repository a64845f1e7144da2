#include "supervisor/violation.h"

#include "emul/cleanup.h"
#include "supervisor/ask.h"
#include "supervisor/backtrace.h"
#include "supervisor/notes.h"
#include "supervisor/supervisor.h"
#include "supervisor/text.h"

#include <errno.h>
#include <string.h>

/* A program that is refused something else each time must not make this grow for ever. */
enum { DISTINCT_MAX = 10000, SIZE_MAX_ALL = 16 << 20, LATE_MAX = 8 };

static void free_violation(struct violation *violation)
{
    facts_free(&violation->facts);
    free(violation->said);
    free(violation->cwd);
    free(violation->backtrace);
    free(violation);
}

/*
 * The one of this key, a NULL-terminated list of strings: known (*fresh is false), or new, with the strings in
 * parts[]. NULL when there is no room for it.
 */
static struct violation *find(struct violations *violations, const char *const *strings, const char **parts,
                              bool *fresh)
{
    size_t length = 0;
    for (size_t i = 0; strings[i] != NULL; i++)
        length += strlen(strings[i]) + 1;
    cleanup_free struct violation *made = calloc(1, sizeof *made + length);
    if (made == NULL)
        return NULL;
    for (size_t i = 0; strings[i] != NULL; i++) {
        size_t size = strlen(strings[i]) + 1;
        parts[i] = memcpy(made->key + made->key_length, strings[i], size);
        made->key_length += size;
    }
    struct violation *found;
    HASH_FIND(hh, violations->seen, made->key, made->key_length, found);
    *fresh = found == NULL;
    if (found != NULL)
        return found;
    if (HASH_COUNT(violations->seen) >= DISTINCT_MAX || violations->size > SIZE_MAX_ALL)
        return NULL;
    found = steal_ptr(&made);
    HASH_ADD_KEYPTR(hh, violations->seen, found->key, found->key_length, found);
    violations->size += sizeof *found + length;
    return found;
}

/* What is known of whoever made the call. */
static void describe(struct violations *violations, struct violation *violation, struct task *task)
{
    (void)clock_gettime(CLOCK_REALTIME, &violation->time);
    if (task != NULL && task->identity != NULL)
        violation->uid = task->identity->credentials.ruid;
    if (violations->supervisor == NULL || !(violations->report != NULL || violations->verbose || violations->backtrace))
        return;
    facts_read(&violation->facts, violation->pid, violations->supervisor);
    char cwd[PATH_MAX];
    if (task != NULL && task->fs != NULL && fs_context_cwd(task->fs, cwd) >= 0)
        violation->cwd = strdup(cwd);
    if (violations->backtrace && violations->late < LATE_MAX) {
        bool late = false;
        violation->backtrace = backtrace_take(violation->tid, &late);
        violations->late += late;
    }
    violations->size += violation->backtrace == NULL ? 0 : strlen(violation->backtrace);
    violations->size += facts_size(&violation->facts) + (violation->cwd == NULL ? 0 : strlen(violation->cwd));
}

static struct task *task_of(const struct violations *violations, pid_t tid)
{
    return violations->supervisor == NULL ? NULL : task_find(violations->supervisor, tid);
}

/* Counts what these words say of a process. NULL, unless it is the first time; then it is to be filled in. */
static struct violation *count(struct violations *violations, pid_t pid, const char *const words[], const char *parts[])
{
    bool fresh;
    violations->refused++;
    struct violation *violation = find(violations, words, parts, &fresh);
    if (violation == NULL) {
        violations->unlisted++;
        return NULL;
    }
    violation->count++;
    if (!fresh)
        return NULL;
    violation->pid = pid;
    memcpy(violation->name, words[0], strlen(words[0]) + 1);
    return violation;
}

void violation_notice(void *context, pid_t pid, const char *text)
{
    struct violations *violations = context;
    char name[FACTS_NAME_SIZE];
    const char *parts[2];
    facts_name(pid, name);
    struct violation *violation = count(violations, pid, (const char *const[]){name, text, NULL}, parts);
    if (violation == NULL)
        return;
    violation->tid = pid;
    violation->text = parts[1];
    describe(violations, violation, task_of(violations, pid));
    violation_tell(violations, violation);
}

/* Counts a violation, and tells of it the first time. */
static void record(struct violations *violations, const struct view_violation *refused, pid_t pid, int error)
{
    char name[FACTS_NAME_SIZE];
    char rule[32];
    const char *parts[5];
    violations->violated++;
    facts_name(pid, name);
    (void)snprintf(rule, sizeof rule, "%u %d", refused->decision.rule, (int)refused->action);
    struct violation *violation =
        count(violations, pid, (const char *const[]){name, refused->call, rule, refused->path, NULL}, parts);
    if (violation == NULL)
        return;
    violation->tid = refused->tid;
    violation->call = parts[1];
    violation->path = parts[3];
    violation->action = refused->action;
    violation->said = refused->said == NULL ? NULL : strdup(refused->said);
    violation->rule = refused->decision.rule;
    violation->limited = refused->decision.limited;
    violation->error = error;
    violations->size += violation->said == NULL ? 0 : strlen(violation->said);
    describe(violations, violation, task_of(violations, refused->tid));
    violation_tell(violations, violation);
    notes_violation(violations, violation);
}

void violations_begin(struct violations *violations, pid_t tid)
{
    violations->may_ask = tid;
    violations->waits = false;
}

bool violations_end(struct violations *violations)
{
    violations->may_ask = 0;
    return violations->waits;
}

/* The call in words, as the line about it will be. */
static char *question_of(const struct violations *violations, const struct view_violation *refused, pid_t pid)
{
    char *text = NULL;
    size_t length = 0;
    char name[FACTS_NAME_SIZE];
    const struct violation violation = {
        .call = refused->call,
        .action = refused->action,
        .path = refused->path,
        .rule = refused->decision.rule,
        .limited = refused->decision.limited,
    };
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    facts_name(pid, name);
    (void)fprintf(out, "coffer: ");
    text_plain(out, name);
    (void)fprintf(out, "[%d]: ", (int)pid);
    violation_put(out, violations, &violation);
    (void)fputc('\n', out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* What is said of an action on a path is said of every call that does it. */
static enum ask_answer ask(struct violations *violations, const struct view_violation *refused, pid_t pid)
{
    char *text = NULL;
    if (violations->supervisor == NULL || violations->may_ask != refused->tid)
        return ASK_NOBODY;
    cleanup_free char *question = question_of(violations, refused, pid);
    if (asprintf(&text, "%s %s", policy_action_name(refused->action), refused->path) < 0)
        return ASK_NOBODY;
    cleanup_free char *key = text;
    enum ask_answer answer =
        question == NULL ? ASK_NOBODY : ask_user(&violations->ask, violations->supervisor, key, question);
    if (answer == ASK_NOBODY && !violations->told_nobody && !violations->quiet)
        error_line("on-violation ask", "there is no terminal to ask on; what is refused fails");
    violations->told_nobody = violations->told_nobody || answer == ASK_NOBODY;
    return answer;
}

int violation_refused(void *context, const struct view_violation *refused)
{
    struct violations *violations = context;
    const struct task *task = task_of(violations, refused->tid);
    pid_t pid = task == NULL || task->process == NULL ? refused->tid : task->process->tgid;
    struct policy_violation what = policy_on_violation(violations->policy);
    int error = what.error > 0 ? what.error : EACCES;
    /* Whoever writes a quiet rule expects the attempt, and wants no more than that it fails. */
    if (refused->decision.quiet)
        return -error;
    enum ask_answer answer = what.answer == POLICY_ANSWER_ASK ? ask(violations, refused, pid) : ASK_REFUSE;
    if (answer == ASK_ALLOW)
        return 0;
    violations->waits = violations->waits || answer == ASK_UNKNOWN;
    if (violations->waits)
        return -error;
    if (what.answer == POLICY_ANSWER_KILL || answer == ASK_KILL) {
        record(violations, refused, pid, 0);
        (void)kill(pid, SIGKILL);
        return -error;
    }
    record(violations, refused, pid, error);
    return -error;
}

void violations_free(struct violations *violations)
{
    struct violation *violation, *next;
    HASH_ITER(hh, violations->seen, violation, next)
    {
        HASH_DEL(violations->seen, violation);
        free_violation(violation);
    }
}
