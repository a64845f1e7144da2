/*
 * A program that became an ordinary user, and stands below a directory that is closed to him: he opens, makes and
 * changes what is there by relative paths alone. As root.
 */
#include "rights.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

enum { THREADS = 8, EACH = 40, SIGNALLED = 400, KILLED = 10 };

static void setup(void)
{
    MUST(mkdir("p", 0755));
    make_dir("p/d", 0777, 0, 0);
    make_file("p/d/f", 0644, ALICE, ALICE);
    make_file("p/d/other", 0644, BOB, BOB);
    make_file("p/d/secret", 0600, 0, 0);
    make_file("p/d/append", 0620, ALICE, ALICE);
    make_link("f", "p/d/link", ALICE);
    make_link("missing", "p/d/dangling", ALICE);
    make_dir("p/d/own", 0755, ALICE, ALICE);
    make_file("p/d/own/x", 0644, ALICE, ALICE);
    make_dir("p/d/closed", 0700, 0, 0);
    make_dir("p/d/sticky", 01777, 0, 0);
    make_file("p/d/sticky/bobs", 0666, BOB, BOB);
    make_dir("p/d/shared", 02777, 0, TEAM);
    MUST(chmod("p", 0700));
    make_dir("opened", 0700, 0, 0);
    make_file("opened/f", 0644, ALICE, ALICE);
    make_file("opened/secret", 0600, 0, 0);
}

/* What the descriptor is, and what can be done with it. */
static void show(const char *name, int fd)
{
    struct stat st;
    char text[PATH_MAX], link[64], bytes[64] = "";

    if (fd < 0) {
        printf("  %s: %s\n", name, strerrorname_np(errno));
        return;
    }
    MUST(fstat(fd, &st));
    printf("  %s: %o %u:%u", name, st.st_mode, st.st_uid, st.st_gid);
    if (!S_ISDIR(st.st_mode))
        printf(" n%u %ld bytes", (unsigned)st.st_nlink, (long)st.st_size);
    printf(", flags %o, %s", (unsigned)fcntl(fd, F_GETFL), fcntl(fd, F_GETFD) != 0 ? "cloexec" : "kept");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
    const char *tail = strstr(text, "/d/");
    printf(", %s", tail != NULL && strchr(tail, '#') == NULL ? tail : "elsewhere");
    {
        long got = read(fd, bytes, sizeof bytes - 1);
        printf(", read %s '%.20s'", got < 0 ? strerrorname_np(errno) : "", bytes);
        got = write(fd, "more", 4);
        printf(", wrote %s", got < 0 ? strerrorname_np(errno) : "");
    }
    printf("\n");
    close(fd);
}

static const struct {
    int flags;
    const char *name;
} ways[] = {
#define WAY(flags)                                                                                                     \
    {                                                                                                                  \
        flags, #flags                                                                                                  \
    }
    WAY(O_RDONLY),
    WAY(O_WRONLY),
    WAY(O_RDWR | O_APPEND | O_CLOEXEC),
    WAY(O_RDONLY | O_NOFOLLOW | O_CLOEXEC),
    WAY(O_RDWR | O_CREAT),
    WAY(O_WRONLY | O_CREAT | O_EXCL),
    WAY(O_WRONLY | O_NONBLOCK | O_SYNC),

    WAY(O_RDONLY | O_DIRECTORY),
    WAY(O_RDWR | O_TMPFILE),
    WAY(O_RDONLY | O_NOATIME),
    WAY(O_RDONLY | O_CREAT),
    WAY(O_ACCMODE),
    WAY(O_RDWR | O_CREAT | O_TRUNC),
#undef WAY
};

static void try_ways(void)
{
    static const char *const names[] = {
        "f",        "other", "secret",  "append",     "link",        "dangling",  "own", "own/",     "own/x", "closed",
        "closed/y", "new",   "own/new", "shared/new", "sticky/bobs", "nowhere/x", ".",   "own/../f", "f/",    "",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            printf("%s of \"%s\"\n", ways[way].name, names[i]);
            show("open", open(names[i], ways[way].flags, 0666));
            if (strstr(names[i], "new") != NULL)
                printf("  unlink: %d\n", unlink(names[i]));
        }
    printf("openat2, creat, masks\n");
    const struct open_how beneath = {.flags = O_RDWR | O_CREAT, .mode = 0640, .resolve = RESOLVE_BENEATH};
    const struct open_how no_links = {.flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS};
    show("beneath", (int)syscall(SYS_openat2, AT_FDCWD, "own/made", &beneath, sizeof beneath));
    show("no links", (int)syscall(SYS_openat2, AT_FDCWD, "link", &no_links, sizeof no_links));
    umask(077);
    show("creat", creat("own/masked", 0666));
    umask(022);
    int dir = open("own", O_PATH | O_DIRECTORY);
    show("by a descriptor", openat(dir, "x", O_RDWR));
    show("made by it", openat(dir, "y", O_RDWR | O_CREAT | O_EXCL, 0600));
    close(dir);
    printf("truncate: %ld\n", say("truncate", truncate("own/x", 2)));
}

/* Without a free number nothing is made, and nothing is emptied. */
static void try_full(void)
{
    struct rlimit limit;
    struct stat st;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    const struct rlimit none = {3, limit.rlim_max};
    MUST(setrlimit(RLIMIT_NOFILE, &none));
    show("no number", open("own/never", O_RDWR | O_CREAT | O_EXCL, 0600));
    show("no number", open("f", O_RDWR | O_TRUNC));
    show("no number", open("f", O_RDONLY));
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    SAY(stat("own/never", &st));
    SAY(stat("f", &st));
    printf("%ld bytes\n", (long)st.st_size);
}

static void show_place(const char *what)
{
    char text[PATH_MAX];
    const char *tail = getcwd(text, sizeof text) == NULL ? NULL : strstr(text, "/p/d");
    printf("%s: %s", what, tail == NULL ? "?" : tail);
    ssize_t length = readlink("/proc/self/cwd", text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
    tail = strstr(text, "/p/d");
    printf(", %s\n", tail == NULL ? "?" : tail);
}

static void list(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int count = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count++;
    printf("%s has %d names, %s\n", path, count, dir == NULL ? strerrorname_np(errno) : "");
    if (dir != NULL)
        closedir(dir);
}

static void try_places(void)
{
    struct stat st;
    SAY(mkdir("own/place", 0755));
    SAY(chdir("own/place"));
    show_place("inside");
    show("made", open("inner", O_RDWR | O_CREAT | O_EXCL, 0644));
    show("read", open("inner", O_RDONLY));
    show("parent's", open("../x", O_RDONLY));
    list(".");
    list("..");
    SAY(stat(".", &st));
    SAY(access("inner", W_OK));
    SAY(rename("inner", "../moved"));
    show("by /proc", open("/proc/self/cwd/../moved", O_RDONLY));
    int here = open(".", O_RDONLY | O_DIRECTORY);
    SAY(chdir(".."));
    show_place("up");
    SAY(chdir(".."));
    show_place("top");
    SAY(fchdir(here));
    show_place("by a descriptor");
    SAY(chdir("../../closed"));
    SAY(chdir("../../.."));
    SAY(chdir("/"));
    SAY(fchdir(here));
    SAY(symlink("../../f", "up"));
    show("by a link", open("up", O_RDONLY));
    close(here);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        show_place("child");
        show("child's", open("of-child", O_RDWR | O_CREAT, 0600));
        SAY(rmdir("."));
        SAY(chdir("../../own"));
        fflush(stdout);
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    show_place("parent");
    SAY(unlink("of-child"));
    SAY(unlink("up"));
    SAY(chdir("../.."));
    SAY(rmdir("own/place"));
}

static volatile sig_atomic_t heard;

static void on_alarm(int number)
{
    (void)number;
    heard++;
}

/* No open of a file fails with EINTR, and none is made twice, whenever a signal comes. */
static void try_signals(void)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval often = {{0, 300}, {0, 300}}, never = {0};
    int failed = 0;
    MUST(sigaction(SIGALRM, &action, NULL));
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    for (int i = 0; i < SIGNALLED; i++) {
        int fd = open("own/signalled", O_RDWR | O_CREAT | O_EXCL, 0600);
        failed += fd < 0;
        close(fd);
        failed += unlink("own/signalled") < 0;
    }
    MUST(setitimer(ITIMER_REAL, &never, NULL));
    printf("signals came: %d, opens failed: %d\n", heard > 0, failed);
}

static void *open_much(void *context)
{
    char name[64], bytes[64];
    long failed = 0;
    for (int i = 0; i < EACH; i++) {
        int length = snprintf(name, sizeof name, "own/%ld.%d", (long)context, i);
        int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        failed += fd < 0 || write(fd, name, (size_t)length) != length;
        close(fd);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        failed += fd < 0 || read(fd, bytes, sizeof bytes) != length || memcmp(bytes, name, (size_t)length) != 0;
        close(fd);
        failed += unlink(name) < 0;
    }
    return (void *)failed;
}

static void try_threads(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        MUST(-pthread_create(&threads[i], NULL, open_much, (void *)i));
    long failed = 0;
    for (int i = 0; i < THREADS; i++) {
        void *result;
        MUST(-pthread_join(threads[i], &result));
        failed += (long)result;
    }
    printf("%ld failed in threads\n", failed);
}

/* Whoever is killed while he waits for his descriptor leaves no other waiting. */
static void try_kills(void)
{
    for (int i = 0; i < KILLED; i++) {
        int pipes[2];
        char bytes[4];
        MUST(pipe(pipes));
        pid_t child = fork();
        while (child == 0) {
            int fd = open("own/killed", O_RDWR | O_CREAT | O_TRUNC, 0600);
            if (fd < 0 || write(pipes[1], "", 1) != 1)
                _exit(1);
            close(fd);
        }
        MUST(read(pipes[0], bytes, (size_t)(1 + i % 4)));
        MUST(kill(child, SIGKILL));
        MUST(waitpid(child, NULL, 0));
        close(pipes[0]);
        close(pipes[1]);
    }
    show("killed", open("own/killed", O_RDONLY));
}

static void below(void)
{
    try_ways();
    try_full();
    try_places();
    try_signals();
    try_threads();
    try_kills();
}

/* A directory that root has opened to all. */
static void opened(void)
{
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        printf("%s of what was opened\n", ways[way].name);
        show("f", open("opened/f", ways[way].flags, 0666));
        show("secret", open("opened/secret", ways[way].flags, 0666));
    }
    list("opened");
}

int main(int count, char **arguments)
{
    umask(022);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    if (count > 1 && strcmp(arguments[1], "setup") == 0) {
        setup();
        return 0;
    }
    MUST(chmod("opened", 0755));
    as("of what was opened", ALICE, false, 0, opened);
    MUST(chdir("p/d"));
    as("below a closed directory", ALICE, false, 0, below);
    as("with a group", BOB, true, 0, try_ways);
    return 0;
}
