#include "supervisor/notes_internal.h"

#include "emul/cleanup.h"
#include "supervisor/caller.h"
#include "supervisor/facts.h"
#include "supervisor/hashes.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 1 << 16 };

/* The files that the kernel read for it: what was named, the program that runs for a script, and its ELF interpreter.
 */
static void tell_program(struct task *task, const char *program)
{
    struct notes *notes = task->supervisor->notes;
    struct caller caller = caller_of(task);
    struct observed_path *interpreter = &notes->observed.path[0];
    struct record_event map = {.kind = RECORD_MAP, .call = "execve", .path = program};
    if (task->noted != NULL && task->noted->path[0].path != NULL) {
        noted_tell(notes, task->process->tgid, task->noted, 0, 0);
        if (program[0] != '\0' && strcmp(task->noted->path[0].path, program) != 0)
            recorder_add(notes->recorder, task->process->tgid, &map);
    }
    if (notes->hashes != NULL)
        hashes_program(notes->hashes, task, program);
    view_observe_interpreter(task->supervisor->view, &caller, interpreter);
    if (notes->hashes != NULL)
        hashes_interpreter(notes->hashes);
    map.path = interpreter->path;
    map.said = strcmp(interpreter->path, interpreter->said) == 0 ? NULL : interpreter->said;
    map.flags = interpreter->in_layer && recorder_is_of_view(notes->recorder) ? RECORD_IN_LAYER : 0;
    if (interpreter->used && interpreter->path[0] != '\0')
        recorder_add(notes->recorder, task->process->tgid, &map);
}

void notes_executed(struct task *task)
{
    struct notes *notes = task->supervisor->notes;
    char program[PATH_MAX], cwd[PATH_MAX];
    pid_t pid = task->process->tgid;
    bool cut = false;
    if (notes == NULL)
        return;
    struct record_event event = {.kind = RECORD_EXECUTED, .call = "execve"};
    cleanup_free char *words = facts_words(pid, "cmdline", WORDS_MAX, &event.executed.words_size, &cut);
    cleanup_free char *environment = NULL;
    if (recorder_wants_environment(notes->recorder))
        environment = facts_words(pid, "environ", WORDS_MAX, &event.executed.environment_size, &cut);
    event.flags = cut ? RECORD_CUT : 0;
    event.path = program;
    /* The kernel tells no path that is longer than PATH_MAX. */
    if (view_observe_link(task->supervisor->view, pid, "exe", program) < 0 || program[0] == '\0') {
        event.path = task->noted == NULL ? NULL : task->noted->path[0].path;
        event.flags |= RECORD_UNRESOLVED;
    }
    event.executed.words = words;
    event.executed.environment = environment;
    event.executed.cwd = fs_context_cwd(task->fs, cwd) == 0 ? cwd : NULL;
    recorder_add(notes->recorder, pid, &event);
    tell_program(task, program);
    noted_free(task->noted);
    task->noted = NULL;
}

void notes_started(struct supervisor *supervisor, pid_t pid, pid_t parent, bool shares_memory)
{
    if (supervisor->notes != NULL)
        recorder_start(supervisor->notes->recorder, pid, parent, shares_memory);
}

void notes_ended(struct supervisor *supervisor, pid_t pid, int status, const struct rusage *usage)
{
    if (supervisor->notes != NULL)
        recorder_exit(supervisor->notes->recorder, pid, status, usage);
}

void notes_violation(struct violations *violations, const struct violation *violation)
{
    char *text = NULL;
    size_t length = 0;
    char rule[PATH_MAX];
    struct notes *notes = violations->supervisor == NULL ? NULL : violations->supervisor->notes;
    FILE *out = notes == NULL ? NULL : open_memstream(&text, &length);
    if (out == NULL)
        return;
    violation_put(out, violations, violation);
    struct policy_rule found = {.file = ""};
    if (violation->rule > 0)
        found = policy_rule_get(violations->policy, violation->rule);
    (void)snprintf(rule, sizeof rule, "%s:%u: %.*s", found.file, found.line, (int)found.text_length, found.text);
    struct record_event event = {
        .kind = RECORD_VIOLATION,
        .call = violation->call,
        .error = violation->error,
        .path = violation->path,
        .said = violation->said,
        .violation = {.rule = violation->rule > 0 ? rule : NULL},
    };
    if (fclose(out) == 0) {
        event.violation.text = text;
        recorder_add(notes->recorder, violation->pid, &event);
    }
    free(text);
}
