/*
 * A call that is made in the caller's place has a path of its own, from the root, or from the descriptor of the layer.
 * Some callers cannot go that way: one who became another user, and stands below a directory that is closed to him;
 * one whose path would be too long; a 64-bit program's `int $0x80`, which cannot point to where the path would lie.
 * For these the supervisor opens the file from the directory that it holds, under the caller's identity, so that the
 * kernel judges the file itself as ever. See grant.c of supervisor/ for the way of the descriptor.
 *
 * It is opened when the caller waits for it and not when the call is judged: until then a signal may send him
 * elsewhere, and nothing must have been made or emptied.
 */
#include "emul/open_grant.h"
#include "emul/rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct grant {
    int fd;      /* owned, O_PATH: the directory of the name, or the object */
    bool object; /* the name cannot be used for the caller, or may be another object's by then */
    int flags;
    mode_t mode;
    char name[NAME_MAX + 1];
};

void grant_prepare(struct view *view, const struct caller *caller, const struct entry *entry, int tree, int flags,
                   mode_t mode, struct answer *answer)
{
    /* No lock holds the supervisor: it opens nothing to write, whatever came to be judged so, but in the layer and
     * where the policy says "write direct". */
    bool writes = (flags & O_PATH) == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_TRUNC | O_CREAT)) != 0);
    if (tree != UPPER && writes && rules_home(view, entry) != tree) {
        answer_result(answer, -EACCES);
        return;
    }
    struct grant *grant = calloc(1, sizeof *grant);
    int dirfd = directory_fd(view, entry->dir, tree);
    if (grant == NULL || dirfd < 0) {
        answer_result(answer, grant == NULL ? -ENOMEM : dirfd);
        free(grant);
        return;
    }
    /* Who came to a directory that he cannot search his way to, cannot open it from the one above either. */
    grant->object = entry->tree >= 0 && (tree != UPPER || may_search(view, caller, entry->dir) < 0);
    grant->flags = (flags & O_PATH) != 0 ? (flags & ~O_PATH) | O_RDONLY | O_DIRECTORY : flags;
    if (grant->object)
        grant->flags &= ~(O_CREAT | O_EXCL);
    bool makes = (grant->flags & O_CREAT) != 0 || (grant->flags & O_TMPFILE) == O_TMPFILE;
    grant->mode = makes ? mode & 07777 : 0;
    (void)snprintf(grant->name, sizeof grant->name, "%s", entry->name[0] == '\0' ? "." : entry->name);
    grant->fd = grant->object ? sys_openat(dirfd, grant->name, O_PATH | O_NOFOLLOW, 0)
                              : sys_openat(dirfd, ".", O_PATH | O_DIRECTORY, 0);
    if (grant->fd < 0) {
        answer_result(answer, grant->fd);
        free(grant);
        return;
    }
    grant_free(answer->grant);
    answer->grant = grant;
    answer->kind = ANSWER_GRANT;
}

void grant_free(struct grant *grant)
{
    if (grant == NULL)
        return;
    (void)close(grant->fd);
    free(grant);
}

/* How many descriptors the caller may have; prlimit(2) wants a capability to tell that of another user's process. */
static unsigned long number_limit(const struct caller *caller)
{
    char path[64], line[128];
    unsigned long limit = ULONG_MAX;
    (void)snprintf(path, sizeof path, "/proc/%d/limits", (int)caller->tid);
    FILE *limits = fopen(path, "re");
    while (limits != NULL && fgets(line, sizeof line, limits) != NULL)
        if (sscanf(line, "Max open files %lu", &limit) == 1)
            break;
    if (limits != NULL)
        (void)fclose(limits);
    return limit;
}

/* The kernel looks for a free number before it makes or empties anything. Where it cannot be told there is one. */
static bool has_free_number(const struct caller *caller)
{
    char path[64];
    unsigned long limit = number_limit(caller), used = 0;
    const struct dirent *entry;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)caller->tid);
    DIR *numbers = opendir(path);
    while (numbers != NULL && (entry = readdir(numbers)) != NULL)
        used += entry->d_name[0] != '.' && strtoul(entry->d_name, NULL, 10) < limit;
    if (numbers != NULL)
        (void)closedir(numbers);
    return used < limit;
}

/*
 * What a layer has at the name may not be what it was when the call was judged; but under the lock it stays what it is
 * now. The supervisor, whom no lock holds, opens no device, and waits for nobody at a FIFO.
 */
static int look_at_name(const struct grant *grant)
{
    struct stat st;
    int error = sys_fstatat(grant->fd, grant->name, &st, AT_SYMLINK_NOFOLLOW);
    if (error == -ENOENT)
        return 0;
    if (error < 0)
        return error;
    return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? 0 : -ENXIO;
}

/* What the descriptor itself is open on: as a directory by its ".", which keeps all flags, if he may search it. */
static int open_object(const struct grant *grant, int flags)
{
    int fd = sys_open_name(grant->fd, ".", flags, grant->mode);
    return fd == -ENOTDIR || fd == -EACCES ? sys_open_again(grant->fd, flags & ~O_NOFOLLOW, grant->mode) : fd;
}

/* Never waits: for the breaking of a lease the caller gets EAGAIN. */
static int open_now(const struct grant *grant)
{
    int flags = (grant->flags & ~O_CLOEXEC) | O_NONBLOCK;
    int fd = grant->object ? open_object(grant, flags) : sys_open_name(grant->fd, grant->name, flags, grant->mode);
    if (fd >= 0 && (grant->flags & O_NONBLOCK) == 0)
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

int view_call_grant(struct view *view, struct caller *caller, struct answer *answer, bool *cloexec)
{
    struct grant *grant = answer->grant;
    answer->grant = NULL;
    if (grant == NULL)
        return -ENOSYS;
    bool changes = (grant->flags & (O_CREAT | O_TRUNC)) != 0;
    *cloexec = (grant->flags & O_CLOEXEC) != 0;
    int fd = changes && !has_free_number(caller) ? -EMFILE : 0;
    if (fd == 0 && !grant->object)
        fd = look_at_name(grant);
    if (fd == 0) {
        identity_enter(view, caller->cred);
        umask_enter(view, caller);
        fd = open_now(grant);
        umask_leave(view);
        identity_leave(view);
    }
    grant_free(grant);
    return fd;
}
