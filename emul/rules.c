#include "emul/rules.h"

#include "emul/dir_names.h"
#include "emul/layer_base.h"
#include "emul/withheld.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The place of a directory, which it keeps until it moves or rules are added. NULL without memory. */
static struct policy_place *place_of(struct view *view, struct directory *dir)
{
    if (dir->place != NULL && dir->place_epoch == view->place_epoch && policy_place_current(view->policy, dir->place))
        return dir->place;
    struct policy_place *place;
    if (dir->parent == NULL) {
        place = policy_root(view->policy);
    } else {
        struct policy_place *parent = place_of(view, dir->parent);
        size_t length = dir->key_length - sizeof dir->key->parent;
        place = parent == NULL ? NULL
                : length == 0  ? policy_place_hold(parent)
                               : policy_step(view->policy, parent, dir->key->name, length);
    }
    if (dir->place != NULL)
        policy_place_release(view->policy, dir->place);
    dir->place = place;
    dir->place_epoch = view->place_epoch;
    return place;
}

/* What is said of a name in a directory, or of the directory itself when it is empty. Without memory: refused. */
static struct policy_decision decide_name(struct view *view, struct policy_place *place, const char *name,
                                          enum policy_action action)
{
    struct policy_place *child =
        name[0] == '\0' ? policy_place_hold(place) : policy_step(view->policy, place, name, strlen(name));
    if (child == NULL)
        return (struct policy_decision){.verdict = POLICY_DENY};
    struct policy_decision decision = policy_place_decide(child, action);
    policy_place_release(view->policy, child);
    return decision;
}

/* What is said of everything in a directory, where nothing in it differs; else of the name. Without memory: refused. */
static struct policy_decision decide(struct view *view, struct directory *dir, const char *name,
                                     enum policy_action action)
{
    struct policy_place *place = place_of(view, dir);
    if (place == NULL)
        return (struct policy_decision){.verdict = POLICY_DENY};
    return policy_place_below(place, action) ? decide_name(view, place, name, action)
                                             : policy_place_decide(place, action);
}

/* Whether any rule refuses the action somewhere, or ignores it: counted anew when there are others. */
static bool may_refuse(struct view *view, enum policy_action action)
{
    uint32_t count = policy_rule_count(view->policy);
    for (; view->rules_looked_at < count; view->rules_looked_at++) {
        struct policy_rule rule = policy_rule_get(view->policy, view->rules_looked_at + 1);
        if (rule.verdict == POLICY_DENY || rule.verdict == POLICY_IGNORE)
            view->refused_actions |= 1u << rule.action;
    }
    return (view->refused_actions & (1u << action)) != 0;
}

bool rules_hide(struct view *view, struct directory *dir, const char *name)
{
    return view->policy != NULL && decide(view, dir, name, POLICY_READ).verdict == POLICY_HIDE;
}

bool rules_watch(struct view *view, struct directory *dir)
{
    if (view->policy == NULL)
        return false;
    struct policy_place *place = place_of(view, dir);
    return place == NULL || policy_place_below(place, POLICY_READ) ||
           policy_place_decide(place, POLICY_READ).verdict == POLICY_HIDE;
}

bool rules_watch_name(struct view *view, struct directory *dir, const char *name)
{
    if (!rules_watch(view, dir))
        return false;
    struct policy_place *child = policy_step(view->policy, dir->place, name, strlen(name));
    if (child == NULL)
        return true;
    bool watch =
        policy_place_below(child, POLICY_READ) || policy_place_decide(child, POLICY_READ).verdict == POLICY_HIDE;
    policy_place_release(view->policy, child);
    return watch;
}

int rules_home(struct view *view, const struct entry *entry)
{
    const uint32_t host = 1u << view->host;
    bool in_layer = entry->masked || (entry->tree >= 0 && entry->tree != view->host);
    /* Something hidden may lie there: what is made in its place is not on the host. */
    in_layer = in_layer || (entry->tree < 0 && view->policy != NULL && rules_hide(view, entry->dir, entry->name));
    if (view->policy == NULL || in_layer || (entry->dir->trees & host) == 0 || entry->dir->proc ||
        decide(view, entry->dir, entry->name, POLICY_WRITE).verdict != POLICY_DIRECT)
        return UPPER;
    return view->host;
}

int rules_open_home(struct view *view, const struct entry *entry)
{
    int tree = rules_home(view, entry);
    if (tree == UPPER)
        return upper_open_path(view, entry);
    int fd = directory_fd(view, entry->dir, tree);
    return fd < 0 ? fd : sys_openat(fd, entry->name[0] == '\0' ? "." : entry->name, O_PATH | O_NOFOLLOW, 0);
}

int rules_refuse(struct view *view, const struct caller *caller, enum policy_action action, const char *path,
                 const char *said, const struct policy_decision *decision)
{
    const struct view_violation violation = {
        .tid = caller->tid,
        .call = view->call == NULL ? "" : view->call->row->name,
        .action = action,
        .path = path,
        .said = said,
        .decision = *decision,
    };
    return view->violated == NULL ? -EACCES : view->violated(view->notice_context, &violation);
}

int rules_ask(struct view *view, const struct caller *caller, enum policy_action action, struct directory *dir,
              const char *name, const char *said)
{
    char path[PATH_MAX];
    if (view->policy == NULL)
        return RULES_GO;
    if (action == POLICY_WRITE && withheld_place(view, dir, name)) {
        refuse_notice(view, caller, "%s: hidden, and an earlier run on this layer changed it; nothing is made there",
                      said == NULL ? name : said);
        return -EACCES;
    }
    if (!may_refuse(view, action))
        return RULES_GO;
    struct policy_decision decision = decide(view, dir, name, action);
    if (decision.verdict == POLICY_IGNORE)
        return RULES_IGNORE;
    /* What is hidden is not found; what has been made in its place is the program's own. */
    if (decision.verdict != POLICY_DENY)
        return RULES_GO;
    /* All in the directory is refused: which rule does so here, and quietly or not, may differ all the same. */
    if (dir->place != NULL)
        decision = decide_name(view, dir->place, name, action);
    if (directory_name_path(dir, name, path) < 0)
        (void)snprintf(path, sizeof path, "/.../%s", name);
    return rules_refuse(view, caller, action, path, said, &decision);
}

int rules_ask_path(struct view *view, const struct caller *caller, enum policy_action action, const char *path)
{
    if (view->policy == NULL)
        return RULES_GO;
    struct policy_decision decision = policy_decide(view->policy, action, path);
    if (decision.verdict == POLICY_HIDE)
        return -ENOENT;
    return decision.verdict == POLICY_DENY ? rules_refuse(view, caller, action, path, NULL, &decision) : RULES_GO;
}

/* A path that /proc shows, as the view has it. What is hidden, and lies in the upper tree, is the program's own or
 * withheld. */
static int ask_shown(struct view *view, const struct caller *caller, enum policy_action action, const char *shown)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s", shown);
    enum host_path_kind kind = view_path_of_host(view, path);
    struct policy_decision decision = policy_decide(view->policy, action, path);
    if (decision.verdict == POLICY_DENY)
        return rules_refuse(view, caller, action, path, NULL, &decision);
    if (decision.verdict == POLICY_HIDE)
        return kind == HOST_PATH_UPPER && !withheld_path(view, path) ? RULES_GO : -ENOENT;
    return decision.verdict == POLICY_IGNORE ? RULES_IGNORE : RULES_GO;
}

int rules_ask_link(struct view *view, const struct caller *caller, enum policy_action action, const char *link)
{
    static const char gone[] = " (deleted)";
    char text[PATH_MAX];
    if (view->policy == NULL)
        return RULES_GO;
    if (!may_refuse(view, action))
        return rules_ask_path(view, caller, action, link);
    ssize_t length = sys_readlinkat(AT_FDCWD, link, text, sizeof text - 1);
    if (length == -EINVAL) /* no link */
        return rules_ask_path(view, caller, action, link);
    if (length < 0)
        return (int)length; /* a path that is too long may be any */
    text[length] = '\0';
    if (text[0] != '/')
        return RULES_GO; /* a pipe, a socket */
    int go = ask_shown(view, caller, action, text);
    /* What was removed is judged by the name that it had. */
    size_t kept = (size_t)length < sizeof gone - 1 ? 0 : (size_t)length - (sizeof gone - 1);
    if (go != RULES_GO || kept == 0 || strcmp(text + kept, gone) != 0)
        return go;
    text[kept] = '\0';
    return ask_shown(view, caller, action, text);
}

int rules_ask_descriptor(struct view *view, const struct caller *caller, enum policy_action action, int fd)
{
    char link[32];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return rules_ask_link(view, caller, action, link);
}

bool rules_denies(struct view *view, enum policy_action action, struct directory *dir, const char *name)
{
    return view->policy != NULL && !view->learns && may_refuse(view, action) &&
           decide(view, dir, name, action).verdict == POLICY_DENY;
}

bool rules_deny_somewhere(struct view *view)
{
    return view->policy != NULL &&
           (may_refuse(view, POLICY_READ) || may_refuse(view, POLICY_WRITE) || may_refuse(view, POLICY_EXEC));
}

bool rules_direct_path(struct view *view, const char *path)
{
    return view->policy != NULL && policy_decide(view->policy, POLICY_WRITE, path).verdict == POLICY_DIRECT;
}

bool rules_reads_differ(struct view *view, struct directory *dir)
{
    struct policy_place *place = view->policy == NULL ? NULL : place_of(view, dir);
    return place == NULL ? view->policy != NULL : policy_place_below(place, POLICY_READ);
}

bool rules_mixed(struct view *view, struct directory *dir)
{
    struct policy_place *place = view->policy == NULL ? NULL : place_of(view, dir);
    if (place == NULL)
        return view->policy != NULL;
    return policy_place_below(place, POLICY_READ) || policy_place_below(place, POLICY_WRITE) ||
           policy_place_below(place, POLICY_EXEC);
}

static int note_hidden(struct view *view, struct directory *dir, const char *name)
{
    static const struct stat nothing;
    char path[PATH_MAX];
    int error = directory_name_path(dir, name, path);
    return error < 0 ? error : layer_base_note(view->layer, path, &nothing);
}

int rules_note_hidden(struct view *view, struct directory *dir)
{
    struct dir_names names = {0};
    if (!rules_watch(view, dir) || (dir->trees & (1u << view->host)) == 0)
        return 0;
    int path_fd = directory_fd(view, dir, view->host);
    cleanup_fd int fd = path_fd < 0 ? path_fd : sys_openat(path_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    int error = fd < 0 ? fd : dir_names_read(&names, fd, false);
    for (size_t i = 0; error == 0 && i < names.count; i++)
        if (rules_hide(view, dir, names.items[i].name))
            error = note_hidden(view, dir, names.items[i].name);
    dir_names_free(&names);
    return error;
}
