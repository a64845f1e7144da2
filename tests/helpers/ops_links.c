/*
 * The links in /proc that lead into the file system: what is read there of a process itself, its threads and other
 * processes, when what they lead to was changed, renamed, replaced or removed, and by a reader whose root is another.
 */
#include <pthread.h>
#include <sys/prctl.h>

#include "ops.h"

static char top[PATH_MAX];

/* A link's target; the test's own directory is "TOP". */
static void print_link(const char *title, int dirfd, const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(dirfd, path, target, sizeof target - 1);
    size_t own = strlen(top);

    if (length < 0) {
        printf("%s: %s\n", title, strerrorname_np(errno));
        return;
    }
    target[length] = '\0';
    if (strncmp(target, top, own) == 0)
        printf("%s: TOP%s\n", title, target + own);
    else
        printf("%s: %s\n", title, target);
}

static const char *const kinds[] = {"plain",   "copied", "renamed", "replaced",     "other",
                                    "removed", "twice",  "dir",     "dir/sub/deep", "kept"};

enum { KINDS = sizeof kinds / sizeof *kinds };

static int fds[KINDS];

static void open_all(void)
{
    for (int i = 0; i < KINDS; i++)
        fds[i] = open(strcmp(kinds[i], "removed") == 0 ? "removed.file" : kinds[i], O_RDONLY);
}

/* All descriptors, as seen through one directory of /proc. */
static void print_all(const char *title, int proc, const char *process)
{
    for (int i = 0; i < KINDS; i++) {
        char path[64], text[64];
        struct stat st, now;

        snprintf(path, sizeof path, "%s%sfd/%d", process, *process ? "/" : "", fds[i]);
        snprintf(text, sizeof text, "%s, %s", title, kinds[i]);
        print_link(text, proc, path);
        if (fstat(fds[i], &st) == 0 && fstatat(proc, path, &now, 0) == 0)
            printf("%s\n", (st.st_mode & S_IFMT) == (now.st_mode & S_IFMT) ? "the same type" : "another type");
    }
}

static void change_all(void)
{
    int fd = open("copied", O_WRONLY | O_APPEND);

    SAY(write(fd, "more", 4));
    close(fd);
    SAY(rename("renamed", "away/renamed"));
    SAY(rename("other", "replaced"));
    SAY(unlink("removed.file"));
    SAY(rename("dir", "moved"));
    SAY(rename("kept/below", "kept/elsewhere"));
}

static void descriptors(int proc)
{
    char pid[32], pid_fd[48], thread[64];
    int own;

    snprintf(pid, sizeof pid, "%d", getpid());
    snprintf(thread, sizeof thread, "self/task/%d", getpid());
    snprintf(pid_fd, sizeof pid_fd, "/proc/%d", getpid());
    own = open(pid_fd, O_RDONLY | O_DIRECTORY);
    print_all("before", proc, "self");
    change_all();
    print_all("self", proc, "self");
    print_all("pid", proc, pid);
    print_all("task", proc, thread);
    print_all("thread-self", proc, "thread-self");
    print_all("by a descriptor", own, "");
    SAY(rename("moved", "dir"));
    print_all("moved back", proc, "self");
    SAY(rename("away/renamed", "away/again"));
    SAY(unlink("away/again"));
    SAY(unlink("replaced"));
    SAY(unlink("copied"));
    print_all("removed", proc, "self");
    close(own);
}

/* Content through the link of a descriptor, whatever the file is called now. */
static void contents(void)
{
    char path[64], text[64];

    for (int i = 0; i < KINDS; i++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fds[i]);
        int fd = open(path, O_RDONLY);
        ssize_t got = read(fd, text, 11);

        printf("%s: %zd\n", kinds[i], got);
        close(fd);
    }
}

static void *in_thread(void *unused)
{
    print_all("thread", AT_FDCWD, "/proc/thread-self");
    print_link("thread, cwd", AT_FDCWD, "/proc/thread-self/cwd");
    print_link("thread, exe", AT_FDCWD, "/proc/thread-self/exe");
    return unused;
}

static void print_places(const char *title, int proc, const char *process)
{
    static const char *const places[] = {"cwd", "root", "exe"};

    for (int i = 0; i < 3; i++) {
        char path[64], text[64];

        snprintf(path, sizeof path, "%s/%s", process, places[i]);
        snprintf(text, sizeof text, "%s, %s", title, places[i]);
        print_link(text, proc, path);
    }
}

/* A child that does something and then waits; the parent looks at it. */
static pid_t child_at(void (*prepare)(void), int *release)
{
    int ready[2], go[2];
    char byte;
    pid_t child;

    if (pipe(ready) != 0 || pipe(go) != 0)
        exit(1);
    child = fork();
    if (child == 0) {
        close(go[1]);
        prepare();
        close(ready[1]);
        if (read(go[0], &byte, 1) < 0)
            _exit(1);
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    if (read(ready[0], &byte, 1) < 0)
        exit(1);
    close(ready[0]);
    *release = go[1];
    return child;
}

static void look_at_child(const char *title, int proc, void (*prepare)(void))
{
    int release;
    pid_t child = child_at(prepare, &release);
    char process[32];

    snprintf(process, sizeof process, "%d", child);
    print_places(title, proc, process);
    close(release);
    waitpid(child, NULL, 0);
}

static void go_below(void)
{
    if (chdir("kept/elsewhere") != 0)
        _exit(1);
}

static void go_to_removed(void)
{
    if (chdir("removed") != 0 || rmdir("../removed") != 0)
        _exit(1);
}

static void go_to_jail(void)
{
    if (chroot("jail") != 0)
        _exit(1);
}

/* A reader with another root sees paths from there on, and what is outside of it as it is. */
static void from_jail(int proc)
{
    int inside = open("jail/in/file", O_RDONLY), jail = open("jail", O_RDONLY | O_DIRECTORY);
    char path[64], cwd[PATH_MAX], text[256];
    struct stat st, root;
    pid_t child;
    int release, fd;

    if (geteuid() != 0)
        return;
    puts("-- another root");
    fflush(stdout);
    look_at_child("chrooted", proc, go_to_jail);
    child = child_at(go_to_jail, &release);
    SAY(chroot("jail"));
    snprintf(path, sizeof path, "%d", child);
    print_places("of another", proc, path);
    print_places("own", proc, "self");
    snprintf(path, sizeof path, "self/fd/%d", inside);
    print_link("inside", proc, path);
    snprintf(path, sizeof path, "self/fd/%d", jail);
    print_link("the root itself", proc, path);
    print_all("outside", proc, "self");
    SAY(fstatat(proc, "self/root", &st, 0));
    SAY(stat("/", &root));
    printf("%s\n", st.st_ino == root.st_ino ? "the root" : "not the root");
    SAY_FD(openat(proc, "self/root/in/file", O_RDONLY));
    SAY(syscall(SYS_getcwd, cwd, sizeof cwd) > 0 ? 0 : -1);
    printf("%s\n", strncmp(cwd, "(unreachable)/", 14) == 0 ? "unreachable" : cwd);
    fd = openat(proc, "self/maps", O_RDONLY);
    text[read(fd, text, sizeof text - 1)] = '\0';
    printf("maps: %s\n", strchr(text, '/') != NULL ? "paths from the first root" : text);
    close(release);
    waitpid(child, NULL, 0);
}

int main(int argc, char *argv[])
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY), status;
    pthread_t thread;
    pid_t child;

    begin();
    if (!getcwd(top, sizeof top))
        return 1;
    if (argc > 1) {
        print_link(argv[1], AT_FDCWD, "/proc/self/exe");
        return 0;
    }
    open_all();
    descriptors(proc);
    contents();
    if (pthread_create(&thread, NULL, in_thread, NULL) == 0)
        pthread_join(thread, NULL);
    puts("-- other processes");
    look_at_child("below", proc, go_below);
    look_at_child("in a removed directory", proc, go_to_removed);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        char parent[32];

        snprintf(parent, sizeof parent, "/proc/%d", getppid());
        print_all("of the parent", AT_FDCWD, parent);
        print_places("of the parent", AT_FDCWD, parent);
        print_link("of nobody", AT_FDCWD, "/proc/1073741824/exe");
        _exit(0);
    }
    waitpid(child, &status, 0);
    puts("-- programs");
    fflush(stdout);
    SAY(chmod("program2", 0700));
    SAY(rename("program3", "away/program4"));
    for (int i = 0; i < 3; i++) {
        static const char *const programs[] = {"./program", "./program2", "away/program4"};

        child = fork();
        if (child == 0) {
            execl(programs[i], programs[i], programs[i], NULL);
            _exit(1);
        }
        waitpid(child, &status, 0);
        printf("%d\n", WEXITSTATUS(status));
    }
    /* Root is needed where a foreign user's processes are looked at: they are not to be seen. */
    if (geteuid() == 0) {
        puts("-- as another user");
        fflush(stdout);
        child = fork();
        if (child == 0) {
            char parent[64];

            if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
                _exit(1);
            snprintf(parent, sizeof parent, "%d", getppid());
            print_places("of root", proc, parent);
            print_places("of the first process", proc, "1");
            prctl(PR_SET_DUMPABLE, 1);
            print_places("own", proc, "self");
            _exit(0);
        }
        waitpid(child, &status, 0);
    }
    from_jail(proc);
    return 0;
}
