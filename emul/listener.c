/*
 * inotify: what is watched, and what coffer does there that nobody is to hear of.
 *
 * A watch lies on the layer's copy of a directory or file, since that is where changes of the view happen. The kernel
 * tells of them by itself. But a copy-up puts names there too, and a deletion a whiteout: for these few calls the
 * watches on the directory are told to listen to less, by a duplicate of the program's own inotify descriptor.
 */
#include "emul/listener.h"
#include "emul/arguments.h"
#include "emul/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANGES                                                                                                        \
    ((uint32_t)(IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE | IN_DELETE_SELF |            \
                IN_MOVE_SELF))
#define KEPT ((uint32_t)(IN_ALL_EVENTS | IN_EXCL_UNLINK))

struct listener {
    struct listener *next;
    struct directory *dir; /* held */
    pid_t tgid;
    int fd, wd;
    uint32_t mask;
};

static void drop(struct view *view, struct listener **at)
{
    struct listener *listener = *at;
    *at = listener->next;
    listener->dir->heard--;
    directory_release(view, listener->dir);
    free(listener);
}

void listeners_free(struct view *view)
{
    while (view->listeners != NULL)
        drop(view, &view->listeners);
}

void listener_note(struct view *view, struct directory *dir, pid_t tgid, int fd, int wd, uint32_t mask)
{
    struct listener *listener = view->listeners;
    while (listener != NULL && (listener->dir != dir || listener->tgid != tgid || listener->fd != fd))
        listener = listener->next;
    if (listener == NULL) {
        listener = calloc(1, sizeof *listener);
        if (listener == NULL)
            return;
        *listener = (struct listener){.next = view->listeners, .dir = directory_hold(dir), .tgid = tgid, .fd = fd};
        view->listeners = listener;
        dir->heard++;
    }
    listener->wd = wd;
    listener->mask = ((mask & IN_MASK_ADD) != 0 ? listener->mask : 0) | (mask & KEPT);
}

/* The program's inotify descriptor, ours to close; -errno when it is gone. */
static int borrow(const struct listener *listener)
{
    cleanup_fd int process = (int)syscall(SYS_pidfd_open, listener->tgid, 0);
    long fd = process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, listener->fd, 0);
    return fd < 0 ? -errno : (int)fd;
}

/* false: the watch is no longer what it was. */
static bool listen_to(const struct listener *listener, const char *path, uint32_t mask)
{
    cleanup_fd int fd = borrow(listener);
    /* No event at all is no valid mask; of a file system that goes away every watch hears anyway. */
    int wd = fd < 0 ? fd : inotify_add_watch(fd, path, mask | IN_UNMOUNT);
    if (wd >= 0 && wd != listener->wd)
        (void)inotify_rm_watch(fd, wd);
    return wd == listener->wd;
}

static void listen_in(struct view *view, struct directory *dir, uint32_t without)
{
    char path[32];
    if (dir == NULL || dir->heard == 0)
        return;
    int fd = directory_fd(view, dir, UPPER);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (struct listener **at = &view->listeners; fd >= 0 && *at != NULL;) {
        if ((*at)->dir == dir && !listen_to(*at, path, (*at)->mask & ~without))
            drop(view, at);
        else
            at = &(*at)->next;
    }
}

void listener_mute(struct view *view, struct directory *dir, uint32_t events)
{
    listen_in(view, dir, events);
    /* Whoever watches the directory above hears of this one's times. */
    if ((events & IN_ATTRIB) != 0)
        listen_in(view, dir->parent, IN_ATTRIB);
}

void listener_unmute(struct view *view, struct directory *dir)
{
    listen_in(view, dir, 0);
    listen_in(view, dir->parent, 0);
}

void listener_last(struct view *view, struct directory *parent, const char *name)
{
    struct directory *dir =
        parent->heard == 0 && view->listeners == NULL ? NULL : directory_find(view, parent, name, strlen(name));
    if (dir == NULL)
        return;
    listen_in(view, dir, IN_ALL_EVENTS & ~(uint32_t)IN_DELETE_SELF);
    for (struct listener **at = &view->listeners; *at != NULL;) {
        if ((*at)->dir == dir)
            drop(view, at);
        else
            at = &(*at)->next;
    }
    directory_release(view, dir);
}

/* Where changes of the object will happen: makes it exist in the layer. 0, -errno, or a worker's pid. */
static int go_to_layer(struct view *view, struct entry *entry)
{
    bool copied = S_ISREG(entry->st.st_mode) || S_ISDIR(entry->st.st_mode);
    return copied ? copy_up(view, entry, false) : 0;
}

static void answer_watch(struct view *view, struct caller *caller, const struct call *call, struct taken *taken,
                         struct answer *answer)
{
    struct entry *entry = &taken->walked.entry;
    /* Where the policy says "write direct", the changes happen on the host. */
    bool direct = rules_home(view, entry) != UPPER;
    int access = may_access(view, caller, entry, R_OK);
    int error = access == 0 && (call->args[2] & CHANGES) != 0 && !direct ? go_to_layer(view, entry) : 0;
    if (error > 0) {
        answer->kind = ANSWER_WAIT;
        answer->worker = error;
        return;
    }
    bool directory = S_ISDIR(entry->st.st_mode);
    bool in_layer = directory ? (entry->trees & (1u << UPPER)) != 0 : entry->tree == UPPER;
    if (!in_layer) {
        /* It cannot be copied, or is read alone. */
        answer_real(view, caller, call, taken, answer);
        return;
    }
    if (access < 0) {
        answer_result(answer, access);
        return;
    }
    answer_at(view, caller, call, taken, UPPER, answer);
    struct directory *dir = directory && answer->kind == ANSWER_REWRITE ? entry_directory(view, entry, &error) : NULL;
    if (dir != NULL) {
        answer->want_exit = true;
        answer->finish.kind = FINISH_LISTENER;
        answer->finish.directory = dir;
    }
}

void call_inotify(struct view *view, struct caller *caller, const struct call *call, struct answer *answer)
{
    struct taken taken;
    unsigned flags = (call->args[2] & IN_DONT_FOLLOW) != 0 ? 0 : WALK_FOLLOW;
    if (!take_path(view, caller, call, 0, flags | WALK_LOOK, &taken, answer))
        return;
    const struct entry *entry = &taken.walked.entry;
    if (taken.walked.kind == WALK_RAW)
        answer_real(view, caller, call, &taken, answer);
    else if (entry->tree < 0)
        answer_result(answer, -ENOENT);
    else if (!S_ISDIR(entry->st.st_mode) && (taken.walked.slash || (call->args[2] & IN_ONLYDIR) != 0))
        answer_result(answer, -ENOTDIR);
    else
        answer_watch(view, caller, call, &taken, answer);
    taken_release(view, &taken);
}

void finish_listener(struct view *view, const struct caller *caller, const struct call *call,
                     const struct answer *answer, int64_t result)
{
    if (result > 0)
        listener_note(view, answer->finish.directory, caller->tgid, (int)call->args[0], (int)result,
                      (uint32_t)call->args[2]);
}
