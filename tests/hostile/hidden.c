/* What the rules hide: its content, and whether it is there at all. */
#include "attempt.h"
#include "numbers.h"

#include <dirent.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>

/* ---- its content ---- */

static int by_open(void)
{
    return show("hidden/key");
}

static int by_openat2(void)
{
    struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
    return show_fd((int)syscall(SYS_openat2, AT_FDCWD, "hidden/key", &how, sizeof how));
}

static int by_link(void)
{
    return show("to-hidden");
}
static int by_dots(void)
{
    return show("many/../hidden/./inner/..//key");
}
static int by_cwd(void)
{
    return show("/proc/self/cwd/hidden/key");
}

static int by_root(void)
{
    char path[4200];
    snprintf(path, sizeof path, "/proc/self/root%s/hidden/key", scene.directory);
    return show(path);
}

static int by_descriptor(void)
{
    return show_fd(openat(open("hidden", O_PATH), "key", O_RDONLY));
}

static int by_reopened(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", open("hidden/key", O_PATH));
    return show(path);
}

static int by_chdir(void)
{
    return chdir("hidden") < 0 ? errno : show("key");
}
static int by_outsider_cwd(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cwd/key", (int)scene.outsider);
    return show(path);
}

static int by_outsider_fd(void)
{
    int worst = ENOENT;
    for (int fd = 3; fd < 40; fd++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)scene.outsider, fd);
        struct stat st;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
            worst = show(path);
    }
    return worst;
}

static int by_outsider_getfd(void)
{
    int worst = EBADF;
    for (int fd = 3; fd < 40; fd++) {
        int got = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, scene.outsider, 0), fd, 0);
        struct stat st;
        if (got >= 0 && fstat(got, &st) == 0 && S_ISREG(st.st_mode))
            worst = show_fd(got);
        else if (got < 0 && errno != EBADF)
            return errno;
    }
    return worst;
}

static int by_renamed(void)
{
    return rename("hidden", "seen") < 0 ? errno : show("seen/key");
}
static int by_file_renamed(void)
{
    return rename("hidden/key", "seen") < 0 ? errno : show("seen");
}

static int by_parent_renamed(void)
{
    if (chdir("..") < 0 || rename("hidden-parent-renamed", "hidden-parent-moved") < 0)
        return errno;
    int result = show("hidden-parent-moved/hidden/key");
    /* Natively it is looked at again where it was. */
    (void)rename("hidden-parent-moved", "hidden-parent-renamed");
    return result;
}

static int by_exchanged(void)
{
    if (syscall(SYS_renameat2, AT_FDCWD, "hidden", AT_FDCWD, "empty", RENAME_EXCHANGE) < 0)
        return errno;
    return show("empty/key");
}

static int by_hard_link(void)
{
    return link("hidden/key", "seen") < 0 ? errno : show("seen");
}
static int by_hard_link_followed(void)
{
    return linkat(AT_FDCWD, "to-hidden", AT_FDCWD, "seen", AT_SYMLINK_FOLLOW) < 0 ? errno : show("seen");
}

static int by_own_link(void)
{
    return symlink("hidden", "seen") < 0 ? errno : show("seen/key");
}

static int by_program(const char *program, const char *first, const char *second)
{
    pid_t child = fork();
    if (child == 0) {
        execlp(program, program, first, second, (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

static int by_cat(void)
{
    return by_program("cat", "hidden/key", NULL);
}
static int by_grep(void)
{
    return by_program("grep", "-rh", "KEY");
}
static int by_shell(void)
{
    return by_program("sh", "-c", "read x < hidden/key; echo $x; cat */key");
}

static int by_copy(void)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("cp", "cp", "-r", "hidden", "seen", (char *)NULL);
        _exit(errno);
    }
    int failed = child_outcome(child);
    return failed != 0 ? failed : show("seen/key");
}

static int by_map(void)
{
    int fd = open("hidden/key", O_RDONLY);
    char *map = mmap(NULL, 64, PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || map == MAP_FAILED)
        return errno;
    printf("%.60s", map);
    return 0;
}

static int by_create(void)
{
    int fd = open("hidden/key", O_RDWR | O_CREAT, 0644);
    return show_fd(fd);
}

static int by_append(void)
{
    int fd = open("hidden/key", O_WRONLY | O_APPEND);
    return fd < 0 ? errno : show_fd(open("hidden/key", O_RDONLY));
}

static int by_chmod_first(void)
{
    return chmod("hidden/key", 0666) < 0 ? errno : show("hidden/key");
}

/* Made anew on top of it: what is there is its own, and what was is not below. */
static int by_made_anew(void)
{
    (void)mkdir("hidden", 0755);
    return show("hidden/key");
}

static int by_removed_and_made(void)
{
    (void)mkdir("hidden", 0755);
    (void)rmdir("hidden");
    (void)mkdir("hidden", 0755);
    return show("hidden/key");
}

static int by_renamed_onto(void)
{
    (void)rename("empty", "hidden");
    return show("hidden/key");
}

static int by_chroot(void)
{
    return chroot(".") < 0 ? errno : show("/hidden/key");
}

static int by_handle(void)
{
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    if (name_to_handle_at(AT_FDCWD, "hidden/key", &handle.head, &mount, 0) < 0)
        return errno;
    return show_fd(open_by_handle_at(open(".", O_RDONLY), &handle.head, O_RDONLY));
}

static int by_thread_root(void)
{
    char path[4200];
    snprintf(path, sizeof path, "/proc/%d/task/%d/root%s/hidden/key", (int)scene.outsider, (int)scene.outsider,
             scene.directory);
    return show(path);
}

static int by_supervisor_root(void)
{
    char path[4200];
    snprintf(path, sizeof path, "/proc/%d/root%s/hidden/key", (int)scene.supervisor, scene.directory);
    return show(path);
}

static int by_supervisor_fd(void)
{
    int worst = ENOENT;
    for (int fd = 3; fd < 64; fd++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/fd/%d%s", (int)scene.supervisor, fd, "/key");
        worst = show(path);
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)scene.supervisor, fd);
        (void)show_fd(openat(open(path, O_RDONLY | O_DIRECTORY), "hidden/key", O_RDONLY));
        struct stat st;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < 100)
            (void)show(path);
    }
    /* Natively this is the process outside, whose third descriptor is the key. */
    return worst;
}

/* ---- whether it is there ---- */

static int try_stat(const char *name)
{
    struct stat st;
    return outcome(stat(name, &st));
}
static int try_lstat(const char *name)
{
    struct stat st;
    return outcome(lstat(name, &st));
}
static int try_statx(const char *name)
{
    struct statx st;
    return outcome(statx(AT_FDCWD, name, 0, STATX_BASIC_STATS, &st));
}
static int try_access(const char *name)
{
    return outcome(access(name, F_OK));
}
static int try_faccessat2(const char *name)
{
    return outcome(syscall(439, AT_FDCWD, name, R_OK, AT_SYMLINK_NOFOLLOW));
}
static int try_readlink(const char *name)
{
    char text[64];
    return outcome(readlink(name, text, sizeof text));
}
static int try_path(const char *name)
{
    return outcome(open(name, O_PATH));
}
static int try_directory(const char *name)
{
    return outcome(open(name, O_RDONLY | O_DIRECTORY));
}
static int try_write(const char *name)
{
    return outcome(open(name, O_WRONLY));
}
static int try_chdir(const char *name)
{
    return outcome(chdir(name));
}
static int try_chroot(const char *name)
{
    return outcome(chroot(name));
}
static int try_statfs(const char *name)
{
    struct statfs st;
    return outcome(statfs(name, &st));
}
static int try_truncate(const char *name)
{
    return outcome(truncate(name, 0));
}
static int try_chmod(const char *name)
{
    return outcome(chmod(name, 0700));
}
static int try_chown(const char *name)
{
    return outcome(chown(name, getuid(), getgid()));
}
static int try_lchown(const char *name)
{
    return outcome(lchown(name, (uid_t)-1, (gid_t)-1));
}
static int try_utime(const char *name)
{
    return outcome(utimensat(AT_FDCWD, name, NULL, 0));
}
static int try_getxattr(const char *name)
{
    char text[64];
    return outcome(getxattr(name, "user.none", text, sizeof text));
}
static int try_listxattr(const char *name)
{
    char text[64];
    return outcome(listxattr(name, text, sizeof text));
}
static int try_setxattr(const char *name)
{
    return outcome(setxattr(name, "user.hostile", "y", 1, 0));
}
static int try_removexattr(const char *name)
{
    return outcome(removexattr(name, "user.none"));
}
static int try_watch(const char *name)
{
    return outcome(inotify_add_watch(inotify_init1(0), name, IN_ALL_EVENTS));
}
static int try_execve(const char *name)
{
    pid_t child = fork();
    if (child == 0) {
        execl(name, name, (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}
static int try_unlink(const char *name)
{
    return outcome(unlink(name));
}
static int try_rmdir(const char *name)
{
    return outcome(rmdir(name));
}
static int try_rename_from(const char *name)
{
    return outcome(rename(name, name));
}
static int try_link_from(const char *name)
{
    char to[128];
    snprintf(to, sizeof to, "linked-%s", strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
    return outcome(link(name, to));
}
static int try_handle(const char *name)
{
    struct {
        struct file_handle head;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    return outcome(name_to_handle_at(AT_FDCWD, name, &handle.head, &mount, 0));
}
static int try_open_tree(const char *name)
{
    return outcome(syscall(SYS_open_tree, AT_FDCWD, name, 0));
}
static int try_getattr(const char *name)
{
    struct file_attributes attributes;
    return outcome(syscall(NR_file_getattr, AT_FDCWD, name, &attributes, sizeof attributes, 0));
}
static int try_slash(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/", name);
    return outcome(open(path, O_PATH));
}
static int try_parent(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/../victim", name);
    return outcome(open(path, O_PATH));
}
static int try_connect(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", name);
    return outcome(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof address));
}
/* These make something: where nothing is seen, they succeed. */
static int try_mkdir(const char *name)
{
    return outcome(mkdir(name, 0755));
}
static int try_mknod(const char *name)
{
    return outcome(mknod(name, S_IFIFO | 0644, 0));
}
static int try_symlink(const char *name)
{
    return outcome(symlink("x", name));
}
static int try_exclusive(const char *name)
{
    return outcome(open(name, O_WRONLY | O_CREAT | O_EXCL, 0644));
}
static int try_link_to(const char *name)
{
    return outcome(link("victim", name));
}
static int try_noreplace(const char *name)
{
    char from[32];
    static int turn;
    snprintf(from, sizeof from, "from%d", turn++);
    if (close(open(from, O_WRONLY | O_CREAT, 0644)) < 0)
        return errno;
    return outcome(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, name, RENAME_NOREPLACE));
}
static int try_rename_onto(const char *name)
{
    char from[32];
    static int turn;
    snprintf(from, sizeof from, "from%d", turn++);
    if (mkdir(from, 0755) < 0)
        return errno;
    return outcome(rename(from, name));
}
static int try_bind(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.100s", name);
    return outcome(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, sizeof address));
}

#define ORACLE(call)                                                                                                   \
    static int by_##call(void)                                                                                         \
    {                                                                                                                  \
        return oracle(try_##call);                                                                                     \
    }

ORACLE(stat)
ORACLE(lstat)
ORACLE(statx)
ORACLE(access)
ORACLE(faccessat2)
ORACLE(readlink)
ORACLE(path)
ORACLE(directory)
ORACLE(write)
ORACLE(statfs)
ORACLE(truncate)
ORACLE(chmod)
ORACLE(chown)
ORACLE(lchown)
ORACLE(utime)
ORACLE(getxattr)
ORACLE(listxattr)
ORACLE(setxattr)
ORACLE(removexattr)
ORACLE(watch)
ORACLE(execve)
ORACLE(unlink)
ORACLE(rmdir)
ORACLE(rename_from)
ORACLE(link_from)
ORACLE(open_tree)
ORACLE(getattr)
ORACLE(slash)
ORACLE(parent)
ORACLE(connect)
ORACLE(mkdir)
ORACLE(mknod)
ORACLE(symlink)
ORACLE(exclusive)
ORACLE(link_to)
ORACLE(noreplace)
ORACLE(rename_onto)
ORACLE(bind)

static int by_chdir_oracle(void)
{
    return oracle(try_chdir);
}
static int by_chroot_oracle(void)
{
    return oracle(try_chroot);
}
static int by_handle_oracle(void)
{
    return oracle(try_handle);
}

static bool listed(const char *directory, const char *name)
{
    DIR *stream = opendir(directory);
    bool found = false;
    for (struct dirent *one; stream != NULL && (one = readdir(stream)) != NULL;)
        found = found || strcmp(one->d_name, name) == 0;
    if (stream != NULL)
        closedir(stream);
    return found;
}

static int by_listing(void)
{
    return listed(".", "hidden") ? 0 : ENOENT;
}
static int by_changed_listing(void)
{
    /* Once the directory is the layer's as well, and has been renamed. */
    (void)overwrite("victim");
    (void)close(open("new", O_WRONLY | O_CREAT, 0644));
    return listed(".", "hidden") || listed("/proc/self/cwd", "hidden") ? 0 : ENOENT;
}

/* A directory counts its directories. */
static int by_link_count(void)
{
    struct stat st;
    nlink_t seen = 2;
    DIR *stream = opendir(".");
    for (struct dirent *one; stream != NULL && (one = readdir(stream)) != NULL;)
        seen += one->d_type == DT_DIR && one->d_name[0] != '.';
    if (stream == NULL || stat(".", &st) < 0)
        return errno;
    closedir(stream);
    return st.st_nlink == 1 || st.st_nlink == seen ? (listed(".", "hidden") ? 0 : ENOENT) : 0;
}

/* The position in a listing tells of the names between. */
static int by_cursor(void)
{
    DIR *stream = opendir(".");
    long hidden = -1;
    for (struct dirent *one; stream != NULL && (one = readdir(stream)) != NULL;)
        if (one->d_ino == 0 || strcmp(one->d_name, "hidden") == 0)
            hidden = telldir(stream);
    if (stream != NULL)
        closedir(stream);
    return hidden >= 0 ? 0 : ENOENT;
}

/* Somebody outside works on it: nobody in the view is told. */
static int by_events(void)
{
    int notify = inotify_init1(IN_NONBLOCK);
    if (inotify_add_watch(notify, ".", IN_ALL_EVENTS) < 0)
        return errno;
    /* The process outside has it open; a read of its own is made by the same name. */
    (void)show_fd(open("hidden/key", O_RDONLY));
    (void)listed(".", "x");
    char text[4096];
    ssize_t length = read(notify, text, sizeof text);
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= length;) {
        struct inotify_event *event = (void *)(text + at);
        if (event->len > 0 && strcmp(event->name, "hidden") == 0)
            return 0;
        at += (ssize_t)sizeof *event + event->len;
    }
    return ENOENT;
}

static int by_outsider_readlink(void)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)scene.outsider);
    ssize_t length = readlink(path, text, sizeof text - 1);
    if (length < 0)
        return errno;
    text[length] = '\0';
    return strstr(text, "hidden") != NULL && access(path, F_OK) == 0 ? 0 : ENOENT;
}

const struct attempt hidden_attempts[] = {
    {"open", "open", SECRET, 0, by_open, NULL},
    {"openat2", "openat2", SECRET, 0, by_openat2, NULL},
    {"symbolic", "through a symbolic link of the host", SECRET, 0, by_link, NULL},
    {"own-link", "through a symbolic link of its own", SECRET, 0, by_own_link, NULL},
    {"dots", "by dots", SECRET, 0, by_dots, NULL},
    {"proc-cwd", "by /proc/self/cwd", SECRET, 0, by_cwd, NULL},
    {"proc-root", "by /proc/self/root", SECRET, 0, by_root, NULL},
    {"descriptor", "below a descriptor", SECRET, 0, by_descriptor, NULL},
    {"reopened", "an O_PATH descriptor opened again", SECRET, 0, by_reopened, NULL},
    {"chdir", "from inside", SECRET, 0, by_chdir, NULL},
    {"outsider-cwd", "by the directory of a process outside", SECRET, WITH_OUTSIDER, by_outsider_cwd, NULL},
    {"outsider-fd", "by the descriptors of a process outside", SECRET, WITH_OUTSIDER, by_outsider_fd, NULL},
    {"outsider-getfd", "a descriptor taken from a process outside", SECRET, WITH_OUTSIDER, by_outsider_getfd, NULL},
    {"outsider-root", "by the root of a process outside", SECRET, WITH_OUTSIDER, by_thread_root, NULL},
    {"supervisor-root", "by the root of the supervisor", SECRET, WITH_OUTSIDER, by_supervisor_root, NULL},
    {"supervisor-fd", "by the descriptors of the supervisor", SECRET, WITH_OUTSIDER, by_supervisor_fd, NULL},
    {"renamed", "renamed", SECRET, 0, by_renamed, NULL},
    {"file-renamed", "its file renamed", SECRET, 0, by_file_renamed, NULL},
    {"parent-renamed", "its parent renamed", SECRET, 0, by_parent_renamed, NULL},
    {"exchanged", "exchanged for another directory", SECRET, 0, by_exchanged, NULL},
    {"hard-link", "a hard link made of it", SECRET, 0, by_hard_link, NULL},
    {"hard-link-followed", "a hard link made of it through a symbolic link", SECRET, 0, by_hard_link_followed, NULL},
    {"cat", "by another program", SECRET, 0, by_cat, NULL},
    {"grep", "by a search of all that is there", SECRET, 0, by_grep, NULL},
    {"shell", "by a shell and its patterns", SECRET, 0, by_shell, NULL},
    {"copy", "copied with its directory", SECRET, 0, by_copy, NULL},
    {"map", "mapped", SECRET, 0, by_map, NULL},
    {"create", "opened with O_CREAT", SECRET, 0, by_create, NULL},
    {"append", "opened to append first", SECRET, 0, by_append, NULL},
    {"chmod-first", "its mode set first", SECRET, 0, by_chmod_first, NULL},
    {"made-anew", "a directory made on top of it", SECRET, 0, by_made_anew, NULL},
    {"removed-and-made", "a directory made on top of it, removed and made again", SECRET, 0, by_removed_and_made, NULL},
    {"renamed-onto", "a directory renamed onto it", SECRET, 0, by_renamed_onto, NULL},
    {"chroot", "from a root of its own", SECRET, NEEDS_ROOT, by_chroot, NULL},
    {"handle", "by its handle", SECRET, NEEDS_ROOT, by_handle, NULL},
    {"stat", "told by stat", CLAIM, 0, by_stat, NULL},
    {"lstat", "told by lstat", CLAIM, 0, by_lstat, NULL},
    {"statx", "told by statx", CLAIM, 0, by_statx, NULL},
    {"access", "told by access", CLAIM, 0, by_access, NULL},
    {"faccessat2", "told by faccessat2", CLAIM, 0, by_faccessat2, NULL},
    {"readlink", "told by readlink", CLAIM, 0, by_readlink, NULL},
    {"path", "told by an open with O_PATH", CLAIM, 0, by_path, NULL},
    {"directory", "told by an open of a directory", CLAIM, 0, by_directory, NULL},
    {"write", "told by an open for writing", CLAIM, 0, by_write, NULL},
    {"slash", "told by a slash behind it", CLAIM, 0, by_slash, NULL},
    {"parent", "told by .. behind it", CLAIM, 0, by_parent, NULL},
    {"told-chdir", "told by chdir", CLAIM, 0, by_chdir_oracle, NULL},
    {"told-chroot", "told by chroot", CLAIM, NEEDS_ROOT, by_chroot_oracle, NULL},
    {"statfs", "told by statfs", CLAIM, 0, by_statfs, NULL},
    {"truncate", "told by truncate", CLAIM, 0, by_truncate, NULL},
    {"chmod", "told by chmod", CLAIM, 0, by_chmod, NULL},
    {"chown", "told by chown", CLAIM, 0, by_chown, NULL},
    {"lchown", "told by a chown that changes nothing", CLAIM, 0, by_lchown, NULL},
    {"utime", "told by utimensat", CLAIM, 0, by_utime, NULL},
    {"getxattr", "told by getxattr", CLAIM, 0, by_getxattr, NULL},
    {"listxattr", "told by listxattr", CLAIM, 0, by_listxattr, NULL},
    {"setxattr", "told by setxattr", CLAIM, 0, by_setxattr, NULL},
    {"removexattr", "told by removexattr", CLAIM, 0, by_removexattr, NULL},
    {"watch", "told by inotify_add_watch", CLAIM, 0, by_watch, NULL},
    {"execve", "told by execve", CLAIM, 0, by_execve, NULL},
    {"unlink", "told by unlink", CLAIM, 0, by_unlink, NULL},
    {"rmdir", "told by rmdir", CLAIM, 0, by_rmdir, NULL},
    {"rename-from", "told by rename", CLAIM, 0, by_rename_from, NULL},
    {"link-from", "told by link", CLAIM, 0, by_link_from, NULL},
    {"told-handle", "told by name_to_handle_at", CLAIM, NEEDS_KERNEL, by_handle_oracle, NULL},
    {"open_tree", "told by open_tree", CLAIM, 0, by_open_tree, NULL},
    {"file_getattr", "told by file_getattr", CLAIM, NEEDS_KERNEL, by_getattr, NULL},
    {"connect", "told by connect", CLAIM, 0, by_connect, NULL},
    {"mkdir", "told by mkdir", CLAIM, 0, by_mkdir, NULL},
    {"mknod", "told by mknod", CLAIM, 0, by_mknod, NULL},
    {"symlink", "told by symlink", CLAIM, 0, by_symlink, NULL},
    {"exclusive", "told by O_EXCL", CLAIM, 0, by_exclusive, NULL},
    {"link-to", "told by a link onto it", CLAIM, 0, by_link_to, NULL},
    {"noreplace", "told by RENAME_NOREPLACE", CLAIM, 0, by_noreplace, NULL},
    {"rename-onto", "told by a directory renamed onto it", CLAIM, 0, by_rename_onto, NULL},
    {"bind", "told by bind", CLAIM, 0, by_bind, NULL},
    {"listing", "told by the listing", CLAIM, 0, by_listing, NULL},
    {"changed-listing", "told by the listing of a directory that was changed", CLAIM, 0, by_changed_listing, NULL},
    {"link-count", "told by the number of links of its parent", CLAIM, 0, by_link_count, NULL},
    {"cursor", "told by a position in the listing", CLAIM, 0, by_cursor, NULL},
    {"events", "told by events of its parent", CLAIM, 0, by_events, NULL},
    {"outsider-readlink", "told by the directory of a process outside", CLAIM, WITH_OUTSIDER, by_outsider_readlink,
     NULL},
    {0},
};
