/* What names a file without a path: descriptors, /proc/self, the working directory, exec by descriptor, file locks. */
#include <sys/file.h>
#include <sys/inotify.h>

#include "ops.h"

static char top[PATH_MAX];

/* A link's target with the test's own directory taken off. */
static void print_link(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);

    if (length < 0) {
        printf("link: %s\n", strerrorname_np(errno));
        return;
    }
    target[length] = '\0';
    printf("link: %s\n", strncmp(target, top, strlen(top)) == 0 ? target + strlen(top) : target);
}

static const char *proc_fd(int fd, const char *below)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof path, "/proc/self/fd/%d%s%s", fd, *below ? "/" : "", below);
    return path;
}

static void descriptors(void)
{
    int fd = open("file", O_RDONLY | O_CLOEXEC), dir = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC), again;
    char path[PATH_MAX];
    struct stat a, b;

    puts("-- descriptors");
    print_link(proc_fd(fd, ""));
    print_link(proc_fd(dir, ""));
    again = open(proc_fd(fd, ""), O_WRONLY | O_APPEND | O_CLOEXEC);
    SAY(write(again, "appended through /proc\n", 23));
    print_link(proc_fd(again, ""));
    content("file");
    SAY(stat(proc_fd(again, ""), &a));
    SAY(stat("file", &b));
    printf("%s file\n", a.st_ino == b.st_ino ? "the same" : "not the same");
    SAY(lstat(proc_fd(fd, ""), &a));
    printf("%c\n", type_of(a.st_mode));
    SAY_FD(open(proc_fd(fd, ""), O_RDONLY | O_NOFOLLOW));
    SAY_FD(open(proc_fd(dir, "a"), O_RDONLY));
    SAY_FD(open(proc_fd(dir, "new"), O_WRONLY | O_CREAT, 0644));
    SAY_FD(open(proc_fd(dir, "../file"), O_RDONLY));
    SAY(chmod(proc_fd(fd, ""), 0604));
    SAY(truncate(proc_fd(fd, ""), 3));
    look("file");
    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), dir);
    print_link(path);
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", dir);
    print_link(path);
    snprintf(path, sizeof path, "/dev/fd/%d", dir);
    print_link(path);
    SAY(rename("dir", "renamed"));
    print_link(proc_fd(dir, ""));
    SAY_FD(openat(dir, "a", O_RDONLY));
    SAY_FD(openat(dir, "after", O_WRONLY | O_CREAT, 0644));
    look("renamed/after");
    SAY(unlink("gone"));
    close(fd);
    fd = open("gone2", O_RDWR | O_CLOEXEC);
    SAY(unlink("gone2"));
    print_link(proc_fd(fd, ""));
    SAY(pwrite(fd, "kept", 4, 0));
    again = open(proc_fd(fd, ""), O_RDONLY | O_CLOEXEC);
    SAY(pread(again, path, 4, 0));
    SAY(rename("renamed", "dir"));
}

static void working_directory(void)
{
    char cwd[PATH_MAX + 64], small[2];
    int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    puts("-- working directory");
    print_link("/proc/self/cwd");
    SAY(chdir("dir/sub"));
    print_link("/proc/self/cwd");
    SAY(syscall(SYS_getcwd, small, sizeof small));
    SAY(syscall(SYS_getcwd, cwd, sizeof cwd) > 0 ? 0 : -1);
    puts(cwd + strlen(top));
    look("deep");
    look("/proc/self/cwd/deep");
    look("/proc/self/cwd/../a");
    SAY(rename("../sub", "../sub2"));
    print_link("/proc/self/cwd");
    put("written", "after the directory was renamed");
    look("../sub2/written");
    SAY(mkdir("below", 0755));
    SAY(chdir("below"));
    SAY(rmdir("../below"));
    SAY(getcwd(cwd, sizeof cwd) ? 0 : -1);
    SAY(chdir(".."));
    SAY(getcwd(cwd, sizeof cwd) ? 0 : -1);
    puts(cwd + strlen(top));
    SAY(fchdir(back));
    SAY(rename("dir/sub2", "dir/sub"));
    SAY(chdir("/proc/self/cwd/dir"));
    print_link("/proc/self/cwd");
    SAY(fchdir(back));
    SAY(chdir("file"));
    SAY(chdir("missing"));
    snprintf(cwd, sizeof cwd, "/proc/self/root%s/file", top);
    SAY(access(cwd, R_OK));
    SAY_FD(open(cwd, O_WRONLY | O_APPEND));
    print_link("/proc/self/root");
    close(back);
}

static void deep_paths(void)
{
    char name[201], cwd[2 * PATH_MAX];
    int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), depth = 0;

    puts("-- deeper than PATH_MAX");
    memset(name, 'd', 200);
    name[200] = '\0';
    while (depth < 25 && mkdir(name, 0755) == 0 && chdir(name) == 0)
        depth++;
    SAY(depth);
    put("bottom", "at the bottom");
    content("bottom");
    SAY(syscall(SYS_getcwd, cwd, PATH_MAX));
    SAY(unlink("bottom"));
    while (depth-- > 0)
        if (chdir("..") != 0 || rmdir(name) != 0)
            break;
    SAY(depth);
    SAY(fchdir(back));
    close(back);
}

static int run(const char *title, int fd, const char *path, int flags, char *const argv[])
{
    char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        syscall(SYS_execveat, fd, path, argv, environment, flags);
        _exit(errno == ENOENT ? 100 : errno == EACCES ? 101 : errno == ENOEXEC ? 102 : errno == ELOOP ? 103 : 104);
    }
    waitpid(child, &status, 0);
    printf("%s: exit %d signal %d\n", title, WEXITSTATUS(status), WTERMSIG(status));
    return status;
}

static void executions(void)
{
    int script = open("script", O_RDONLY), dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int true_fd = open("/bin/true", O_PATH | O_CLOEXEC), memory = memfd_create("program", MFD_CLOEXEC), source;
    char buffer[65536], *argv[] = {"name", "argument", NULL};
    ssize_t length;

    puts("-- exec");
    run("script by path", AT_FDCWD, "script", 0, argv);
    run("script by descriptor", script, "", AT_EMPTY_PATH, argv);
    run("script at a directory", dir, "script", 0, argv); /* close-on-exec: the interpreter cannot open it */
    run("true by descriptor", true_fd, "", AT_EMPTY_PATH, argv);
    run("true by /proc", AT_FDCWD, proc_fd(true_fd, ""), 0, argv);
    run("link, not followed", AT_FDCWD, "scriptlink", AT_SYMLINK_NOFOLLOW, argv);
    run("link", AT_FDCWD, "scriptlink", 0, argv);
    run("file", AT_FDCWD, "file", 0, argv);
    run("missing", AT_FDCWD, "missing", 0, argv);
    run("directory", AT_FDCWD, "dir", 0, argv);
    run("bad descriptor", 999, "script", 0, argv);
    source = open("/bin/true", O_RDONLY | O_CLOEXEC);
    while ((length = read(source, buffer, sizeof buffer)) > 0)
        if (write(memory, buffer, (size_t)length) != length)
            return;
    run("memfd", memory, "", AT_EMPTY_PATH, argv);
    close(source);
    close(memory);
    put("written", "#!/bin/sh\nexit 42\n");
    run("not yet executable", AT_FDCWD, "written", 0, argv);
    SAY(chmod("written", 0755));
    run("now it is", AT_FDCWD, "./written", 0, argv);
    source = open("written", O_WRONLY | O_CLOEXEC);
    run("open for writing", AT_FDCWD, "written", 0, argv);
    close(source);
    print_link("/proc/self/exe");
}

static void locks(void)
{
    int one = open("file", O_RDWR | O_CLOEXEC), two = open("file", O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    int status = 0;
    pid_t child;

    puts("-- locks");
    SAY(flock(one, LOCK_EX | LOCK_NB));
    SAY(flock(two, LOCK_EX | LOCK_NB));
    SAY(flock(one, LOCK_UN));
    SAY(flock(two, LOCK_EX | LOCK_NB));
    SAY(fcntl(one, F_SETLK, &lock));
    child = fork();
    if (child == 0) {
        int fd = open("file", O_RDWR | O_CLOEXEC);

        _exit(fcntl(fd, F_SETLK, &lock) == 0 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    printf("a second process: %d\n", WEXITSTATUS(status));
    close(one);
    close(two);
}

static void others(void)
{
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), fifo;
    struct stat st;
    int pipes[2];

    puts("-- others");
    SAY(inotify_add_watch(watch, "dir", IN_CREATE) > 0 ? 0 : -1);
    SAY(inotify_add_watch(watch, "missing", IN_CREATE));
    SAY(inotify_add_watch(watch, "file", IN_CREATE | IN_ONLYDIR));
    SAY(pipe(pipes));
    SAY(fstat(pipes[0], &st));
    printf("%c\n", type_of(st.st_mode));
    SAY(stat(proc_fd(pipes[0], ""), &st));
    printf("%c\n", type_of(st.st_mode));
    SAY_FD(open(proc_fd(pipes[1], ""), O_WRONLY));
    SAY(mkfifo("fifo", 0600));
    fifo = open("fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    SAY(write(fifo, "through", 7));
    content("fifo");
    close(fifo);
    SAY_FD(open("fifo", O_WRONLY | O_NONBLOCK));
    SAY_FD(open("/dev/null", O_WRONLY | O_TRUNC));
    SAY_FD(open("/dev/zero", O_RDONLY));
    SAY_FD(open("/dev/tty-missing", O_RDONLY));
    SAY_FD(open("/proc/self/status", O_RDONLY));
    SAY_FD(open("/proc/self/missing", O_RDONLY));
    SAY(access("/proc/1/stat", R_OK));
    umask(0);
    SAY_FD(open("umask0", O_WRONLY | O_CREAT, 0666));
    umask(077);
    SAY_FD(open("umask77", O_WRONLY | O_CREAT, 0666));
    SAY(mkdir("umask77d", 0777));
    look("umask0");
    look("umask77");
    look("umask77d");
    umask(022);
}

int main(void)
{
    begin();
    if (!getcwd(top, sizeof top))
        return 1;
    descriptors();
    working_directory();
    deep_paths();
    executions();
    locks();
    others();
    return 0;
}
