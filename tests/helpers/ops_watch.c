/* inotify on what is copied up, renamed, removed or made later; in a view the layer's own files must not show. */
#include "ops.h"

#include <poll.h>
#include <sys/inotify.h>

static int watcher;

static void mask_text(uint32_t mask)
{
    static const char *const names[] = {"ACCESS",        "MODIFY", "ATTRIB",      "CLOSE_WRITE",
                                        "CLOSE_NOWRITE", "OPEN",   "MOVED_FROM",  "MOVED_TO",
                                        "CREATE",        "DELETE", "DELETE_SELF", "MOVE_SELF"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (mask & (1u << i))
            printf(" %s", names[i]);
    if (mask & IN_IGNORED)
        printf(" IGNORED");
    if (mask & IN_ISDIR)
        printf(" ISDIR");
}

/*
 * What takes the place of a whiteout is moved there, and what gives way to one with a copy in the layer is moved away:
 * half of a move is what is made or deleted.
 */
static uint32_t normal(const struct inotify_event *event, const char *end)
{
    static uint32_t cookie;
    const struct inotify_event *next = (const void *)((const char *)event + sizeof *event + event->len);
    uint32_t move = event->mask & IN_MOVE;

    if (move == IN_MOVED_FROM && ((const char *)next >= end || next->cookie != event->cookie))
        return event->mask ^ move ^ IN_DELETE;
    if (move == IN_MOVED_TO && event->cookie != cookie)
        return event->mask ^ move ^ IN_CREATE;
    cookie = event->cookie;
    return event->mask;
}

/* What came since; opens, closes and reads are not asked for. */
static void events(const char *after)
{
    char buffer[8192] __attribute__((aligned(8)));
    struct pollfd poller = {.fd = watcher, .events = POLLIN};

    printf("after %s:", after);
    while (poll(&poller, 1, 0) > 0) {
        ssize_t length = read(watcher, buffer, sizeof buffer);

        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(buffer + at);

            printf(" [%d", event->wd);
            mask_text(normal(event, buffer + length));
            printf(" %s]", event->len > 0 ? event->name : "-");
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    printf("\n");
}

#define WATCHED                                                                                                        \
    (IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVE | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define DO(call)                                                                                                       \
    do {                                                                                                               \
        SAY(call);                                                                                                     \
        events(#call);                                                                                                 \
    } while (0)

static long append(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    long result = fd < 0 ? -1 : write(fd, "more\n", 5);

    if (fd >= 0)
        close(fd);
    return result;
}

static int fresh(void)
{
    if (watcher > 0)
        close(watcher);
    watcher = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return watcher;
}

/* A directory of the host that the layer does not have yet. */
static void directory(const char *dir)
{
    char cwd[PATH_MAX];

    printf("-- directory %s\n", dir);
    if (!getcwd(cwd, sizeof cwd))
        exit(1);
    fresh();
    SAY(inotify_add_watch(watcher, dir, WATCHED) > 0 ? 0 : -1);
    if (chdir(dir) != 0)
        exit(1);
    DO(append("new"));
    DO(append("old"));
    DO(append("old"));
    DO(chmod("old", 0600));
    DO(mkdir("made", 0755));
    DO(rename("new", "newer"));
    DO(rename("other", "another"));
    DO(rename("newer", "another"));
    DO(rename("sub", "moved"));
    DO(unlink("another"));
    DO(append("another"));
    DO(unlink("gone"));
    DO(append("gone"));
    DO(symlink("old", "link"));
    DO(link("old", "hard"));
    DO(rmdir("made"));
    DO(mkdir("made", 0700));
    DO(truncate("old", 1));
    DO(chmod(".", 0700));
    DO(rename("old", "../moved.file"));
    DO(rename("../moved.file", "old"));
    DO(mkfifo("fifo", 0600));
    DO(unlink("old"));
    DO(mkdir("old", 0755));
    DO(append("old/inside"));
    DO(rename("old/inside", "inside"));
    DO(rename("inside", "old/inside"));
    if (chdir(cwd) != 0)
        exit(1);
}

/* A file of the host, watched before its first change: tail -F. */
static void file(void)
{
    int fd;

    puts("-- file");
    fresh();
    SAY(inotify_add_watch(watcher, "file", WATCHED) > 0 ? 0 : -1);
    DO(append("file"));
    DO(append("file"));
    DO(chmod("file", 0600));
    DO(truncate("file", 0));
    fd = open("file", O_WRONLY | O_CLOEXEC);
    DO(write(fd, "x", 1));
    DO(fchmod(fd, 0644));
    DO(ftruncate(fd, 0));
    DO(close(fd));
    DO(rename("file", "renamed"));
    DO(append("file"));
    DO(append("renamed"));
    DO(unlink("renamed"));
    puts("-- a file that is replaced");
    fresh();
    SAY(inotify_add_watch(watcher, "replaced", WATCHED) > 0 ? 0 : -1);
    append("temporary");
    DO(rename("temporary", "replaced"));
    DO(append("replaced"));
    puts("-- a file that is removed");
    fresh();
    SAY(inotify_add_watch(watcher, "removed", WATCHED) > 0 ? 0 : -1);
    DO(unlink("removed"));
    DO(append("removed"));
    puts("-- a directory that is removed");
    fresh();
    SAY(inotify_add_watch(watcher, "emptied", WATCHED) > 0 ? 0 : -1);
    DO(unlink("emptied/one"));
    DO(rmdir("emptied"));
    DO(mkdir("emptied", 0755));
    puts("-- a directory that is renamed");
    fresh();
    SAY(inotify_add_watch(watcher, "tree", WATCHED) > 0 ? 0 : -1);
    DO(rename("tree", "tree2"));
    DO(append("tree2/inside"));
    DO(append("tree2/new"));
}

static void calls(void)
{
    int wd, other;

    puts("-- calls");
    fresh();
    SAY(inotify_add_watch(watcher, "absent", WATCHED));
    SAY(inotify_add_watch(watcher, "plain/", WATCHED));
    SAY(inotify_add_watch(watcher, "plain", 0));
    SAY(inotify_add_watch(watcher, "", WATCHED));
    SAY(inotify_add_watch(watcher, "plain", IN_ONLYDIR | IN_CREATE));
    SAY(inotify_add_watch(99, "plain", WATCHED));
    SAY(inotify_add_watch(0, "plain", WATCHED));
    SAY(inotify_add_watch(watcher, (const char *)8, WATCHED));
    wd = inotify_add_watch(watcher, "plain", IN_MODIFY);
    other = inotify_add_watch(watcher, "./plain", IN_ATTRIB | IN_MASK_ADD);
    printf("the same: %d\n", wd == other);
    other = inotify_add_watch(watcher, "link", IN_ATTRIB | IN_MASK_ADD);
    printf("by a link the same: %d\n", wd == other);
    other = inotify_add_watch(watcher, "link", IN_ATTRIB | IN_DONT_FOLLOW);
    printf("of a link another: %d\n", other > 0 && wd != other);
    SAY(inotify_add_watch(watcher, "plain", IN_ATTRIB | IN_MASK_CREATE));
    DO(append("plain"));
    DO(chmod("plain", 0600));
    other = inotify_add_watch(watcher, "plain", IN_MODIFY | IN_ATTRIB);
    printf("still the same: %d\n", wd == other);
    DO(append("plain"));
    DO(inotify_rm_watch(watcher, wd));
    DO(append("plain"));
    SAY(inotify_add_watch(watcher, "closed", WATCHED) > 0 ? 0 : -1);
}

int main(void)
{
    begin();
    directory("dir");
    directory("dir2");
    file();
    calls();
    return 0;
}
