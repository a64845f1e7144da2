/*
 * ops_record PART | many COUNT [BEFORE]: makes calls of which tests/programs/record_ops.sh knows what a record has to
 * say. Between them it looks for /mark/NAME, so that the test can tell one from the next. Nothing here depends on
 * times.
 */
#include "ops.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/un.h>

extern char **environ;

static void mark(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/mark/%s", name);
    (void)syscall(SYS_access, path, F_OK);
}

static int child(void (*run)(void))
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        run();
        _exit(0);
    }
    (void)waitpid(pid, &status, 0);
    return status;
}

static void close_all(void)
{
    for (int fd = 3; fd < 32; fd++)
        (void)close(fd);
}

static void opens(void)
{
    mark("create");
    (void)openat(AT_FDCWD, "new", O_WRONLY | O_CREAT, 0644);
    mark("create-again");
    (void)openat(AT_FDCWD, "new", O_WRONLY | O_CREAT, 0644);
    mark("exclusive");
    (void)openat(AT_FDCWD, "new", O_WRONLY | O_CREAT | O_EXCL, 0644);
    mark("both");
    (void)openat(AT_FDCWD, "new", O_RDWR);
    mark("both-emptied");
    (void)openat(AT_FDCWD, "new", O_RDWR | O_TRUNC);
    mark("read-emptied");
    (void)openat(AT_FDCWD, "new", O_RDONLY | O_TRUNC);
    mark("append");
    (void)openat(AT_FDCWD, "new", O_WRONLY | O_APPEND);
    mark("read");
    (void)openat(AT_FDCWD, "new", O_RDONLY);
    mark("path");
    (void)openat(AT_FDCWD, "new", O_PATH);
    mark("file-as-directory");
    (void)openat(AT_FDCWD, "new", O_RDONLY | O_DIRECTORY);
    mark("below-file");
    (void)openat(AT_FDCWD, "new/x", O_RDONLY);
    mark("absent-directory");
    (void)openat(AT_FDCWD, "no/x", O_WRONLY | O_CREAT, 0644);
    mark("list");
    (void)openat(AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY);
    mark("list-plain");
    (void)openat(AT_FDCWD, "dir", O_RDONLY);
    mark("directory-to-write");
    (void)openat(AT_FDCWD, "dir", O_WRONLY);
    mark("nofollow");
    (void)openat(AT_FDCWD, "link", O_RDONLY | O_NOFOLLOW);
    mark("dangling-made");
    (void)openat(AT_FDCWD, "dangling", O_WRONLY | O_CREAT, 0644);
    mark("loop");
    (void)openat(AT_FDCWD, "loop", O_RDONLY);
    mark("no-memory");
    (void)syscall(SYS_openat, AT_FDCWD, (void *)8, O_RDONLY);
    mark("empty");
    (void)openat(AT_FDCWD, "", O_RDONLY);
}

static void opens2(void)
{
    struct open_how beneath = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
    struct open_how plain = {.flags = O_RDWR | O_CREAT, .mode = 0600};
    mark("beneath");
    (void)syscall(SYS_openat2, AT_FDCWD, "dir/inside", &beneath, sizeof beneath);
    mark("not-beneath");
    (void)syscall(SYS_openat2, AT_FDCWD, "dir/../../x", &beneath, sizeof beneath);
    mark("openat2-made");
    (void)syscall(SYS_openat2, AT_FDCWD, "made2", &plain, sizeof plain);
    mark("nameless");
    int fd = openat(AT_FDCWD, "dir", O_TMPFILE | O_RDWR, 0600);
    mark("nameless-named");
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    (void)linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW);
    mark("descriptor-linked");
    fd = openat(AT_FDCWD, "dir/inside", O_PATH);
    (void)linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH);
}

static void names(void)
{
    mark("mkdir");
    (void)syscall(SYS_mkdir, "d", 0755);
    mark("mkdir-again");
    (void)syscall(SYS_mkdir, "d", 0755);
    mark("mkdir-nowhere");
    (void)syscall(SYS_mkdir, "no/d", 0755);
    mark("symlink");
    (void)syscall(SYS_symlink, "to/where", "d/s");
    mark("fifo");
    (void)mknodat(AT_FDCWD, "d/fifo", S_IFIFO | 0600, 0);
    mark("link");
    (void)syscall(SYS_link, "dir/inside", "d/hard");
    mark("rename");
    (void)syscall(SYS_rename, "d/hard", "d/moved");
    mark("rename-absent");
    (void)syscall(SYS_rename, "d/hard", "d/moved");
    mark("exchange");
    (void)syscall(SYS_renameat2, AT_FDCWD, "d/moved", AT_FDCWD, "file", RENAME_EXCHANGE);
    mark("noreplace");
    (void)syscall(SYS_renameat2, AT_FDCWD, "d/moved", AT_FDCWD, "file", RENAME_NOREPLACE);
    mark("unlink");
    (void)syscall(SYS_unlink, "d/s");
    mark("unlink-absent");
    (void)syscall(SYS_unlink, "d/s");
    mark("rmdir-full");
    (void)syscall(SYS_rmdir, "d");
    mark("unlinkat-directory");
    (void)syscall(SYS_mkdir, "d/e", 0755);
    (void)unlinkat(AT_FDCWD, "d/e", AT_REMOVEDIR);
    mark("rename-directory");
    (void)syscall(SYS_rename, "d", "dd");
    mark("in-renamed");
    (void)openat(AT_FDCWD, "dd/moved", O_RDONLY);
    (void)openat(AT_FDCWD, "d/moved", O_RDONLY);
}

static void changes(void)
{
    int fd = openat(AT_FDCWD, "file", O_RDONLY), dir = openat(AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY);
    mark("truncate");
    (void)syscall(SYS_truncate, "file", 3);
    mark("chmod");
    (void)syscall(SYS_chmod, "link", 0644);
    mark("fchmodat");
    (void)syscall(SYS_fchmodat, dir, "inside", 0600);
    mark("fchmod");
    (void)syscall(SYS_fchmod, fd, 0640);
    mark("lchown");
    (void)syscall(SYS_lchown, "link", -1, -1);
    mark("fchownat-empty");
    (void)fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH);
    mark("times-by-descriptor");
    (void)syscall(SYS_utimensat, fd, NULL, NULL, 0);
    mark("times");
    (void)syscall(SYS_utimensat, dir, "inside", NULL, 0);
    mark("chmod-absent");
    (void)syscall(SYS_chmod, "nothing", 0644);
    mark("fchmod-directory");
    (void)syscall(SYS_fchmod, dir, 0755);
    mark("nothing-open");
    (void)syscall(SYS_fchmod, 1000, 0755);
    mark("pipe");
    int ends[2];
    if (pipe(ends) == 0)
        (void)syscall(SYS_fchmod, ends[0], 0600);
}

static void looks(void)
{
    char text[PATH_MAX];
    struct statfs system;
    int dir = openat(AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY);
    mark("access");
    (void)syscall(SYS_access, "file", R_OK);
    mark("faccessat");
    (void)syscall(SYS_faccessat, dir, "inside", R_OK);
    mark("readlink");
    (void)syscall(SYS_readlink, "link", text, sizeof text);
    mark("readlink-file");
    (void)syscall(SYS_readlink, "file", text, sizeof text);
    mark("readlink-own");
    (void)syscall(SYS_readlink, "/proc/self/exe", text, sizeof text);
    mark("statfs");
    (void)statfs("dir", &system);
    mark("statx");
    struct statx about;
    (void)statx(AT_FDCWD, "link", 0, STATX_ALL, &about);
    mark("watch");
    int watch = inotify_init1(IN_CLOEXEC);
    (void)inotify_add_watch(watch, "dir", IN_CREATE);
    mark("xattr");
    (void)getxattr("file", "user.none", text, sizeof text);
    mark("by-descriptor-no-event");
    struct stat st;
    (void)fstat(dir, &st);
    (void)fstatat(dir, "", &st, AT_EMPTY_PATH);
    mark("dots");
    (void)syscall(SYS_access, "dirlink/../file", F_OK);
    mark("dots-absent");
    (void)syscall(SYS_access, "dirlink/../nothing", F_OK);
    mark("dots-below-absent");
    (void)syscall(SYS_access, "nothing/../file", F_OK);
    mark("slashes");
    (void)syscall(SYS_access, ".//dir///./inside", F_OK);
    mark("slash-behind");
    (void)syscall(SYS_access, "dirlink/", F_OK);
    mark("odd-bytes");
    (void)syscall(SYS_access, "odd\xff\n\"name", F_OK);
}

static void places(void)
{
    char path[64];
    int fd = openat(AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY);
    mark("own-descriptor");
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/inside", fd);
    (void)openat(AT_FDCWD, path, O_RDONLY);
    mark("own-cwd");
    (void)openat(AT_FDCWD, "/proc/self/cwd/file", O_RDONLY);
    mark("own-status");
    (void)openat(AT_FDCWD, "/proc/self/status", O_RDONLY);
    mark("fchdir");
    (void)fchdir(fd);
    (void)openat(AT_FDCWD, "inside", O_RDONLY);
    mark("chdir-up");
    (void)syscall(SYS_chdir, "..");
    (void)openat(AT_FDCWD, "file", O_RDONLY);
    mark("deleted-place");
    (void)syscall(SYS_mkdir, "gone", 0755);
    (void)syscall(SYS_chdir, "gone");
    (void)syscall(SYS_rmdir, "../gone");
    mark("in-deleted-place");
    (void)openat(AT_FDCWD, "x", O_WRONLY | O_CREAT, 0644);
    (void)syscall(SYS_access, "x", F_OK);
    (void)syscall(SYS_access, ".", F_OK);
    mark("out-of-deleted-place");
    (void)openat(AT_FDCWD, "../file", O_RDONLY);
    (void)fchdir(fd);
    (void)syscall(SYS_chdir, "..");
    mark("moved-place");
    (void)syscall(SYS_mkdir, "before", 0755);
    (void)syscall(SYS_chdir, "before");
    (void)syscall(SYS_rename, "../before", "../after");
    mark("in-moved-place");
    (void)openat(AT_FDCWD, "x", O_WRONLY | O_CREAT, 0644);
    (void)openat(AT_FDCWD, "../file", O_RDONLY);
}

/* Another process stands in the directory that is renamed, and another has it open. */
static void moved_by_others(void)
{
    int there[2], back[2];
    char byte = 'x';
    (void)syscall(SYS_mkdir, "one", 0755);
    int fd = openat(AT_FDCWD, "one", O_RDONLY | O_DIRECTORY);
    if (pipe(there) < 0 || pipe(back) < 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        (void)syscall(SYS_chdir, "one");
        (void)!write(there[1], &byte, 1);
        (void)!read(back[0], &byte, 1);
        mark("after-other-renamed");
        (void)openat(AT_FDCWD, "x", O_WRONLY | O_CREAT, 0644);
        (void)openat(fd, "x", O_RDONLY);
        mark("end");
        _exit(0);
    }
    (void)!read(there[0], &byte, 1);
    (void)syscall(SYS_rename, "one", "dir/two");
    (void)!write(back[1], &byte, 1);
    (void)waitpid(pid, NULL, 0);
}

static void *in_thread(void *part)
{
    (void)part;
    (void)openat(AT_FDCWD, "file", O_RDONLY);
    return NULL;
}

static void *apart(void *part)
{
    (void)part;
    (void)unshare(CLONE_FS);
    (void)syscall(SYS_chdir, "dir");
    (void)openat(AT_FDCWD, "inside", O_RDONLY);
    return NULL;
}

static void *moves(void *part)
{
    (void)part;
    (void)syscall(SYS_chdir, "dir");
    return NULL;
}

static void *executes(void *part)
{
    char *const words[] = {"true", NULL};
    (void)part;
    (void)syscall(SYS_execve, "./program", words, environ);
    return NULL;
}

static void with_thread(void *(*run)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) == 0)
        (void)pthread_join(thread, NULL);
}

static void exec_in_thread(void)
{
    with_thread(executes);
}

static void exec_script(void)
{
    char *const words[] = {"script-of-script", NULL};
    (void)syscall(SYS_execve, "./script-of-script", words, environ);
}

static void exec_failing(void)
{
    char *const words[] = {"x", NULL};
    (void)syscall(SYS_execve, "./nothing", words, environ);
    (void)syscall(SYS_execve, "./file", words, environ);
    (void)syscall(SYS_execve, "./no-interpreter", words, environ);
}

static void exec_descriptor(void)
{
    char *const words[] = {"x", NULL};
    int fd = openat(AT_FDCWD, "program", O_PATH);
    (void)syscall(SYS_execveat, fd, "", words, environ, AT_EMPTY_PATH);
}

static void processes(void)
{
    char *const words[] = {"./program", NULL};
    pid_t pid;
    mark("thread");
    with_thread(in_thread);
    mark("thread-apart");
    with_thread(apart);
    (void)openat(AT_FDCWD, "file", O_RDONLY);
    mark("thread-moves");
    with_thread(moves);
    (void)openat(AT_FDCWD, "inside", O_RDONLY);
    (void)syscall(SYS_chdir, "..");
    mark("exec-of-thread");
    (void)child(exec_in_thread);
    mark("script-of-script");
    (void)child(exec_script);
    mark("exec-failing");
    (void)child(exec_failing);
    mark("exec-descriptor");
    (void)child(exec_descriptor);
    mark("spawn");
    if (posix_spawn(&pid, "./program", NULL, NULL, words, environ) == 0)
        (void)waitpid(pid, NULL, 0);
    mark("vfork");
    pid = vfork();
    if (pid == 0) {
        (void)execve("./program", words, environ);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
    mark("end");
}

static void on_alarm(int number)
{
    (void)number;
}

/* Nobody writes into the FIFO: the open waits until a signal comes, which comes again until then. */
static void interrupted(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval soon = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    (void)sigaction(SIGALRM, &action, NULL);
    mark("interrupted");
    (void)setitimer(ITIMER_REAL, &soon, NULL);
    int fd = openat(AT_FDCWD, "fifo", O_RDONLY);
    int error = errno;
    (void)setitimer(ITIMER_REAL, &never, NULL);
    mark(fd < 0 && error == EINTR ? "end" : "not-interrupted");
    mark("fifo-not-waited-for");
    (void)openat(AT_FDCWD, "fifo", O_RDONLY | O_NONBLOCK);
}

static void serve_inet(int family, const struct sockaddr *any, socklen_t size)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    int server = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);
    (void)bind(server, any, size);
    (void)listen(server, 1);
    (void)getsockname(server, (struct sockaddr *)&name, &length);
    (void)connect(client, (struct sockaddr *)&name, length);
    (void)accept4(server, NULL, NULL, 0);
    close_all();
}

static socklen_t unix_name(struct sockaddr_un *name, const char *text, size_t size)
{
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(name->sun_path, text, size);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

static void serve_unix(const char *text, size_t size)
{
    struct sockaddr_un name;
    socklen_t length = unix_name(&name, text, size);
    int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)bind(server, (struct sockaddr *)&name, length);
    (void)listen(server, 1);
    (void)connect(client, (struct sockaddr *)&name, length);
    (void)accept(server, NULL, NULL);
    close_all();
}

static void network(void)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un name;
    mark("inet");
    serve_inet(AF_INET, (struct sockaddr *)&four, sizeof four);
    mark("inet6");
    serve_inet(AF_INET6, (struct sockaddr *)&six, sizeof six);
    mark("unix");
    serve_unix("socket", sizeof "socket");
    mark("abstract");
    serve_unix("\0coffer-record", sizeof "\0coffer-record" - 1);
    mark("unix-absent");
    socklen_t length = unix_name(&name, "nothing", sizeof "nothing");
    (void)connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, length);
    mark("unix-below-absent");
    length = unix_name(&name, "no/socket", sizeof "no/socket");
    (void)connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, length);
    mark("datagram");
    four.sin_port = htons(9);
    (void)sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (struct sockaddr *)&four, sizeof four);
    mark("message");
    struct iovec bytes = {"x", 1};
    struct msghdr message = {.msg_name = &four, .msg_namelen = sizeof four, .msg_iov = &bytes, .msg_iovlen = 1};
    (void)sendmsg(socket(AF_INET, SOCK_DGRAM, 0), &message, 0);
    mark("end");
}

static void rooted(void)
{
    mark("chroot");
    (void)chroot("dir");
    mark("in-chroot");
    (void)syscall(SYS_chdir, "/");
    (void)openat(AT_FDCWD, "/inside", O_RDONLY);
    (void)openat(AT_FDCWD, "../inside", O_RDONLY);
    (void)syscall(SYS_access, "/file", F_OK);
    mark("end");
}

/* The most memory that the parent has had so far, in kB; 0: it is not known. */
static long parent_memory(void)
{
    char path[64], line[256];
    long size = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)getppid());
    FILE *file = fopen(path, "re");
    while (file != NULL && size == 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "VmHWM: %ld", &size);
    if (file != NULL)
        (void)fclose(file);
    return size;
}

/* Many events: names that come again, and others that do not, with `before` before them. Prints the parent's memory
 * after a tenth, and at the end.
 */
static void many(const char *count, const char *before)
{
    char name[PATH_MAX];
    long all = strtol(count, NULL, 10);
    for (long i = 0; i < all; i++) {
        (void)snprintf(name, sizeof name, i % 4 == 0 ? "%sname-%ld" : "%sagain-%ld", before, i % 4 == 0 ? i : i % 1000);
        (void)syscall(SYS_access, name, F_OK);
        if (i == all / 10)
            printf("%ld ", parent_memory());
    }
    printf("%ld\n", parent_memory());
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        {"opens", opens},
        {"opens2", opens2},
        {"names", names},
        {"changes", changes},
        {"looks", looks},
        {"places", places},
        {"others", moved_by_others},
        {"processes", processes},
        {"waits", interrupted},
        {"network", network},
        {"chroot", rooted},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (argc > 1 && strcmp(parts[i].name, argv[1]) == 0)
            parts[i].run();
    if (argc > 2 && strcmp(argv[1], "many") == 0)
        many(argv[2], argc > 3 ? argv[3] : "");
    mark("end");
    return 0;
}
