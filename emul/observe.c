#include "emul/observe.h"

#include "emul/arguments.h"
#include "emul/opening.h"
#include "emul/rules.h"
#include "emul/shapes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* Fields alone: the texts are long, and most are not used. */
static void clear_path(struct observed_path *path)
{
    path->used = path->by_descriptor = path->resolved = path->looked = path->in_layer = path->to_layer = path->closed =
        false;
    path->error = 0;
    path->fd = -1;
    path->said[0] = path->path[0] = '\0';
}

int view_observe_link(struct view *view, pid_t tid, const char *link, char path[PATH_MAX])
{
    char name[64];
    (void)snprintf(name, sizeof name, "/proc/%d/%s", (int)tid, link);
    ssize_t length = sys_readlinkat(AT_FDCWD, name, path, PATH_MAX - 1);
    if (length < 0) {
        path[0] = '\0';
        return (int)length;
    }
    path[length] = '\0';
    if (path[0] == '/')
        (void)view_path_of_host(view, path);
    return 0;
}

static void observe_descriptor(struct view *view, const struct caller *caller, int fd, struct observed_path *path)
{
    char link[32];
    path->by_descriptor = true;
    if (fd == AT_FDCWD)
        (void)snprintf(link, sizeof link, "cwd");
    else
        (void)snprintf(link, sizeof link, "fd/%d", fd);
    if (view_observe_link(view, caller->tid, link, path->path) < 0 || path->path[0] != '/')
        path->path[0] = '\0';
    path->resolved = path->path[0] == '/';
}

/* What could not be resolved is told from the root on, as far as one knows where it begins. */
static void tell_said(struct view *view, const struct caller *caller, int dirfd, struct observed_path *path)
{
    char from[PATH_MAX];
    struct observed_path start = {.path = ""};
    path->resolved = false;
    if (path->said[0] == '/') {
        memcpy(path->path, path->said, sizeof path->path);
        return;
    }
    if (dirfd == AT_FDCWD)
        (void)fs_context_cwd(caller->fs, start.path);
    else
        observe_descriptor(view, caller, dirfd, &start);
    memcpy(from, start.path, sizeof from);
    if (from[0] == '\0') {
        memcpy(path->path, path->said, sizeof path->path); /* nobody knows from where on */
        return;
    }
    size_t length = strlen(from);
    bool slash = length > 0 && from[length - 1] == '/';
    if (snprintf(path->path, sizeof path->path, "%s%s%s", from, slash ? "" : "/", path->said) >= PATH_MAX)
        memcpy(path->path, path->said, sizeof path->path);
}

/* Asked only where not everybody may: an ACL that excludes somebody from what all others may read is not looked for. */
static bool is_closed(struct view *view, const struct caller *caller, const struct entry *entry)
{
    return (entry->st.st_mode & S_IROTH) == 0 && !searches_everywhere(view, caller->cred) &&
           may_access(view, caller, entry, R_OK) < 0;
}

static void observe_entry(struct view *view, const struct caller *caller, const struct walked *walked,
                          struct observed_path *path)
{
    const struct entry *entry = &walked->entry;
    /* Dots lead to a directory: where it was looked at, by its own name. */
    const char *name = walked->looked || walked->last == LAST_NAME ? entry->name : "";
    path->resolved = directory_name_path(entry->dir, name, path->path) == 0;
    path->looked = walked->looked || walked->last != LAST_NAME;
    if (walked->last != LAST_NAME && !walked->looked) {
        path->st = (struct stat){.st_mode = S_IFDIR};
        return;
    }
    path->st = entry->st;
    path->error = walked->looked && entry->tree < 0 ? -ENOENT : 0;
    path->closed = view->call->row->handler == HANDLER_OPEN && path->error == 0 && is_closed(view, caller, entry);
    path->in_layer = entry->tree >= 0 && entry->tree != view->host;
    path->to_layer = path->to_layer && rules_home(view, entry) == UPPER;
}

/* While the walk holds the directory: no name is looked up again. */
static void open_wanted(struct view *view, const struct entry *entry, struct observed_path *path)
{
    if (path->wish == NULL || !path->looked || path->error != 0 || entry->tree < 0 || entry->name[0] == '\0' ||
        !S_ISREG(path->st.st_mode) || !path->wish->wants(path->wish->context, path))
        return;
    int dirfd = directory_fd(view, entry->dir, entry->tree);
    path->fd = dirfd < 0 ? -1 : sys_openat2(dirfd, entry->name, O_PATH | O_NOFOLLOW, 0, SYS_BENEATH);
}

static void observe_walk(struct view *view, struct caller *caller, int dirfd, unsigned flags,
                         struct observed_path *path)
{
    struct walked walked;
    walk(view, caller, dirfd, path->said, flags | WALK_LOOK, &walked);
    switch (walked.kind) {
    case WALK_ENTRY:
        observe_entry(view, caller, &walked, path);
        open_wanted(view, &walked.entry, path);
        break;
    case WALK_RAW: /* the kernel knows what is there */
        if (walked.host_path[0] == '/')
            (void)snprintf(path->path, sizeof path->path, "%s", walked.host_path);
        path->resolved = walked.host_path[0] == '/';
        break;
    case WALK_ERROR:
        path->error = walked.error;
        path->looked = walked.error == -ENOENT || walked.error == -ENOTDIR;
        break;
    }
    if (!path->resolved)
        tell_said(view, caller, dirfd, path);
    walked_release(view, &walked);
}

/* How the path of an open is walked; -errno: the kernel will refuse it before it looks. */
static int open_walk(struct caller *caller, const struct call *call, unsigned *flags, struct observed *observed)
{
    struct opening opening;
    int error = opening_read(caller, call, &opening);
    if (error < 0)
        return error;
    observed->flags = opening.flags;
    bool exclusive = (opening.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
    *flags = opening.walk | (exclusive ? WALK_PARENT : 0);
    if ((opening.flags & O_NOFOLLOW) == 0 && !exclusive)
        *flags |= WALK_FOLLOW;
    return 0;
}

/* Whether the call is one that changes or makes what the argument names. */
static bool may_change(const struct path_argument *row, int open_flags)
{
    if (row->intent == INTENT_OPEN)
        return (open_flags & O_PATH) == 0 && (wants_write(open_flags) || (open_flags & O_CREAT) != 0);
    return row->intent == INTENT_CHANGE || row->intent == INTENT_CREATE || row->intent == INTENT_REMOVE;
}

static void observe_path(struct view *view, struct caller *caller, const struct call *call, int index,
                         struct observed *observed)
{
    const struct path_argument *row = &call->row->path[index];
    struct observed_path *path = &observed->path[index];
    int dirfd = row->dirfd < 0 ? AT_FDCWD : (int)call->args[row->dirfd];
    uint64_t said_flags = row->flags < 0 ? 0 : (uint32_t)call->args[row->flags];
    unsigned flags = row->intent == INTENT_CREATE || row->intent == INTENT_REMOVE ? WALK_PARENT : 0;
    path->used = true; /* without a text where it names nothing: an empty path, and no AT_EMPTY_PATH */
    ssize_t length = call->args[row->path] == 0 ? 0 : read_path(caller, call->args[row->path], path->said);
    if (length < 0) {
        path->said[0] = '\0';
        return;
    }
    if (length == 0) {
        path->said[0] = '\0';
        bool times = call->row->handler == HANDLER_UTIMENS && call->args[row->path] == 0;
        if (times || row->intent == INTENT_LOOK || (said_flags & AT_EMPTY_PATH) != 0)
            observe_descriptor(view, caller, dirfd, path);
        return;
    }
    if (call->row->handler == HANDLER_OPEN) {
        if (open_walk(caller, call, &flags, observed) < 0) {
            tell_said(view, caller, dirfd, path);
            return;
        }
    } else if (path_follows(row, said_flags)) {
        flags |= WALK_FOLLOW;
    }
    path->to_layer = may_change(row, observed->flags);
    observe_walk(view, caller, dirfd, flags, path);
}

void view_observe(struct view *view, struct caller *caller, const struct call *call, struct observed *observed)
{
    observed->flags = 0;
    clear_path(&observed->path[0]);
    clear_path(&observed->path[1]);
    view->call = call;
    for (int i = 0; i < 2; i++)
        if (call->row->path[i].path >= 0)
            observe_path(view, caller, call, i, observed);
    if (!observed->path[0].used && call->row->fd >= 0) {
        observed->path[0].used = true;
        observe_descriptor(view, caller, (int)call->args[call->row->fd], &observed->path[0]);
        observed->path[0].to_layer = !rules_direct_path(view, observed->path[0].path);
    }
    identity_leave(view);
}

void view_observed_place(struct view *view, struct caller *caller)
{
    char root[PATH_MAX];
    int error = 0;
    fs_context_refresh(view, caller);
    if (view_observe_link(view, caller->tid, "root", root) < 0)
        return;
    struct directory *dir = view_directory(view, caller, root, &error);
    if (dir != NULL) {
        directory_release(view, caller->fs->root);
        caller->fs->root = dir;
    }
    identity_leave(view);
}

static bool read_address(struct caller *caller, uint64_t at, uint64_t length, struct address *address)
{
    *address = (struct address){.length = 0};
    if (at == 0 || length < sizeof address->any.sa_family || (int)length < 0)
        return false;
    if (length > sizeof address->room)
        length = sizeof address->room;
    if (caller->ops->read(caller->context, at, &address->room, (size_t)length) != (ssize_t)length)
        return false;
    address->length = (socklen_t)length;
    /* One takes an address away, the other speaks to the kernel. */
    return address->any.sa_family != AF_UNSPEC && address->any.sa_family != AF_NETLINK;
}

static bool read_end(struct caller *caller, const struct call *call, struct address *address)
{
    struct msghdr message;
    switch (call->number) {
    case SYS_bind:
    case SYS_connect:
        return read_address(caller, call->args[1], (uint32_t)call->args[2], address);
    case SYS_sendto:
        return read_address(caller, call->args[4], (uint32_t)call->args[5], address);
    case SYS_sendmsg:
    case SYS_sendmmsg: /* its first message */
        return shape_read_message(caller, call, call->args[1], &message) &&
               read_address(caller, (uint64_t)(uintptr_t)message.msg_name, message.msg_namelen, address);
    default:
        return false;
    }
}

/* The path of a socket, from words that say it as the program does. */
static void observe_socket(struct view *view, struct caller *caller, const struct call *call,
                           struct observed_path *path)
{
    static const char prefix[] = "unix:";
    char words[ADDRESS_WORDS], resolved[PATH_MAX];
    const struct observe_wish *wish = path->wish;
    path->wish = NULL; /* nobody reads a socket */
    memcpy(words, path->said, sizeof words);
    memmove(path->said, words + strlen(prefix), strlen(words + strlen(prefix)) + 1);
    path->resolved = false;
    path->to_layer = call->number == SYS_bind;
    observe_walk(view, caller, AT_FDCWD, call->number == SYS_bind ? WALK_PARENT : WALK_FOLLOW, path);
    path->wish = wish;
    path->looked = false; /* what is there may be no socket, or nobody listens */
    memcpy(resolved, path->path, sizeof resolved);
    memcpy(path->said, words, sizeof words);
    if (snprintf(path->path, sizeof path->path, "%s%s", prefix, resolved) >= PATH_MAX)
        memcpy(path->path, words, sizeof words);
}

bool view_observe_address(struct view *view, struct caller *caller, const struct call *call, struct observed_path *path)
{
    struct address address;
    if (!read_end(caller, call, &address))
        return false;
    clear_path(path);
    path->used = path->resolved = true;
    address_words(&address, path->said);
    memcpy(path->path, path->said, ADDRESS_WORDS);
    if (address.any.sa_family == AF_UNIX && address.un.sun_path[0] != '\0') {
        view->call = call;
        observe_socket(view, caller, call, path);
        identity_leave(view);
    }
    return true;
}

bool view_observe_peer(struct caller *caller, int fd, char words[ADDRESS_WORDS])
{
    struct address address = {.length = sizeof address.room};
    cleanup_fd int copy = caller->ops->dup_fd(caller->context, fd);
    if (copy < 0 || getpeername(copy, &address.any, &address.length) < 0 || address.length > sizeof address.room)
        return false;
    address_words(&address, words);
    return true;
}

void view_observe_interpreter(struct view *view, struct caller *caller, struct observed_path *path)
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/%d/exe", (int)caller->tid);
    cleanup_fd int fd = sys_openat(AT_FDCWD, link, O_RDONLY | O_NONBLOCK, 0);
    *path = (struct observed_path){.used = true, .wish = path->wish, .fd = -1};
    path->used = fd >= 0 && elf_interpreter(fd, path->said) > 0;
    if (!path->used)
        return;
    observe_walk(view, caller, AT_FDCWD, WALK_FOLLOW, path);
    identity_leave(view);
}

void view_observed_change(struct view *view, struct caller *caller, const char *path, const char *other, bool exchanged)
{
    int error = 0;
    char parent[PATH_MAX], other_parent[PATH_MAX];
    const char *name = strrchr(path, '/'), *other_name = other == NULL ? NULL : strrchr(other, '/');
    view->structure++;
    if (name == NULL || (other != NULL && other_name == NULL))
        return;
    (void)snprintf(parent, sizeof parent, "%.*s", name == path ? 1 : (int)(name - path), path);
    struct directory *dir = view_directory(view, caller, parent, &error), *other_dir = NULL;
    if (dir != NULL && other != NULL) {
        (void)snprintf(other_parent, sizeof other_parent, "%.*s", other_name == other ? 1 : (int)(other_name - other),
                       other);
        other_dir = view_directory(view, caller, other_parent, &error);
    }
    if (dir != NULL && other_dir != NULL && exchanged)
        directory_exchanged(view, dir, name + 1, other_dir, other_name + 1, view->host);
    else if (dir != NULL && other_dir != NULL)
        directory_moved(view, dir, name + 1, other_dir, other_name + 1, view->host);
    else if (dir != NULL)
        directory_forget(view, dir, name + 1);
    if (other_dir != NULL)
        directory_release(view, other_dir);
    if (dir != NULL)
        directory_release(view, dir);
    identity_leave(view);
}
