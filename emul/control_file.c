#include "emul/control_file.h"

#include <errno.h>
#include <string.h>

/* What rules of run time are said to be from. */
static const char CONTROL_FILE[] = "/dev/coffer";

/* What a call gets that names something of the control file that is there. */
static const char SHOWN_AS[] = "/dev/null";

void control_file_start(struct view *view)
{
    enum policy_control mode = view->policy == NULL ? POLICY_CONTROL_CLOSED : policy_control(view->policy);
    view->control = (struct control){.mode = mode, .program = 1, .existed = mode != POLICY_CONTROL_CLOSED};
}

static bool is_open_to(const struct view *view, const struct caller *caller)
{
    return view->control.mode == POLICY_CONTROL_OPEN ||
           (view->control.mode == POLICY_CONTROL_EXEC && caller->program == view->control.program);
}

bool view_guards_program(const struct view *view, uint64_t program, uint64_t other)
{
    return view->control.mode == POLICY_CONTROL_EXEC && other == view->control.program && program != other;
}

static int refuse(struct view *view, const struct caller *caller, const char *command, const char *why)
{
    refuse_notice(view, caller, "%s%s: %s", CONTROL_FILE, command, why);
    return -EPERM;
}

static int add(struct view *view, const struct caller *caller, const char *command, const char *rule)
{
    char why[512];
    int status = policy_add(view->policy, CONTROL_FILE, rule, strlen(rule), view->reads_pass, why, sizeof why);
    if (status == -EPERM)
        return refuse(view, caller, command, why);
    /* What was known of paths may be hidden now, or the other way round. */
    view->structure++;
    view->changes++;
    return status;
}

/* `command` is what follows /dev/coffer: nothing, or from a slash on. 0 when there is such a thing, or -errno. */
static int obey(struct view *view, const struct caller *caller, const char *command)
{
    static const char add_word[] = "/add/";
    bool open = is_open_to(view, caller);
    if (*command == '\0' || strcmp(command, "/") == 0)
        return open ? 0 : -ENOENT;
    if (strcmp(command, "/locked") == 0)
        return open ? -ENOENT : 0;
    bool lock = strcmp(command, "/lock") == 0;
    if (lock && view->control.mode == POLICY_CONTROL_CLOSED)
        return 0;
    if (!open)
        return refuse(view, caller, command, "the policy is locked");
    if (lock) {
        view->control.mode = POLICY_CONTROL_CLOSED;
        return 0;
    }
    if (strcmp(command, "/lock/exec") == 0) {
        view->control.mode = POLICY_CONTROL_EXEC;
        view->control.program = caller->program;
        return 0;
    }
    if (strncmp(command, add_word, strlen(add_word)) == 0)
        return add(view, caller, command, command + strlen(add_word));
    return refuse(view, caller, command, "no command; add/RULE, lock, lock/exec or locked expected");
}

/* Calls that only look at what is there, or open it. No other does anything to a name of the control file. */
static bool looks(const struct call *call)
{
    enum handler handler = call->row->handler;
    return handler == HANDLER_STAT || handler == HANDLER_ACCESS || handler == HANDLER_OPEN ||
           handler == HANDLER_READLINK;
}

static int refuse_other(const struct call *call)
{
    enum handler handler = call->row->handler;
    bool attributes = handler == HANDLER_GETXATTR || handler == HANDLER_LISTXATTR;
    return attributes ? -EOPNOTSUPP : -EPERM; /* ls -l looks for an ACL, and complains of other errors */
}

bool control_file_take(struct view *view, struct caller *caller, const struct call *call, int argument,
                       const char *path, struct answer *answer)
{
    const size_t length = sizeof CONTROL_FILE - 1;
    if (!view->control.existed)
        return false;
    if (strncmp(path, CONTROL_FILE, length) != 0 || (path[length] != '\0' && path[length] != '/')) {
        bool passes = view->reads_pass && call->row->handler == HANDLER_ACCESS;
        if (passes)
            answer_continue(answer);
        return passes;
    }
    int status = looks(call) ? obey(view, caller, path + length) : refuse_other(call);
    /* The kernel must not make it where the host has none: an open may be one that creates. */
    if (status == 0)
        status = sys_faccessat(AT_FDCWD, SHOWN_AS, F_OK, 0);
    if (status < 0)
        answer_result(answer, status);
    else
        answer_path(caller, call, answer, argument, SHOWN_AS);
    return true;
}
