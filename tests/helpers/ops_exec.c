/*
 * Corners of execve() and execveat(): each case executes something and prints what the new program saw of itself, or
 * the errno.
 *
 * ops_exec DIRECTORY: with the files that ops_exec make DIRECTORY has made, there or in a view.
 * ops_exec show ARG...: prints what a program sees of itself.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "ops.h"

extern char **environ;

enum { CHAIN = 8, LINE_MAX_ = 512 };

/* Beyond the 15 characters that a process's name has, so that the cut is seen as well. */
static const char long_name[] = "a-name-of-more-than-fifteen";

static int show(int argc, char **argv)
{
    char exe[PATH_MAX] = "", name[17] = "";

    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0)
        snprintf(exe, sizeof exe, "?");
    prctl(PR_GET_NAME, name);
    printf("  argc %d:", argc);
    for (int i = 0; i < argc; i++)
        printf(" '%s'", argv[i]);
    printf("\n  name '%s' exe %s file '%s' secure %lu dumpable %d\n", name, strrchr(exe, '/') + 1,
           (const char *)getauxval(AT_EXECFN), getauxval(AT_SECURE), prctl(PR_GET_DUMPABLE));
    return argc;
}

static void report(const char *what, pid_t child)
{
    int status = -1;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        printf("%s: signal %d\n", what, WTERMSIG(status));
    else
        printf("%s: %d\n", what, WEXITSTATUS(status));
}

/* In a child: says why it could not be executed. */
static void failed(void)
{
    printf("  %s\n", strerrorname_np(errno));
    exit(99);
}

#define IN_CHILD(what, ...)                                                                                            \
    do {                                                                                                               \
        pid_t child_;                                                                                                  \
        fflush(stdout);                                                                                                \
        child_ = fork();                                                                                               \
        if (child_ == 0) {                                                                                             \
            __VA_ARGS__;                                                                                               \
            failed();                                                                                                  \
        }                                                                                                              \
        report(what, child_);                                                                                          \
    } while (0)

static char *arguments[] = {"zero", "show", "two", NULL};

static void run(const char *path)
{
    IN_CHILD(path, execv(path, arguments));
}

static void write_script(const char *name, const char *text, size_t length, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

    if (fd < 0 || write(fd, text, length) != (ssize_t)length || fchmod(fd, mode) != 0)
        exit(1);
    close(fd);
}

static void script(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void script(const char *name, const char *format, ...)
{
    char text[4096];
    va_list list;

    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    write_script(name, text, (size_t)length, 0755);
}

static void copy_self(const char *name)
{
    char buffer[1 << 16];
    ssize_t length;
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    while ((length = read(from, buffer, sizeof buffer)) > 0)
        if (write(to, buffer, (size_t)length) != length)
            exit(1);
    close(from);
    close(to);
}

/* A line of just `length` bytes: the interpreter, then an argument that fills it. */
static void long_line(const char *name, const char *interpreter, size_t length, char fill)
{
    char text[LINE_MAX_];
    size_t used = (size_t)snprintf(text, sizeof text, "#!%s ", interpreter);

    memset(text + used, fill, length - used);
    text[length] = '\n';
    write_script(name, text, length + 1, 0755);
}

static void make(void)
{
    char here[PATH_MAX], text[LINE_MAX_];

    if (!getcwd(here, sizeof here))
        exit(1);
    copy_self("elf");
    copy_self(long_name);
    if (symlink("elf", "link") != 0 || symlink("plain", "script-link") != 0 || mkdir("directory", 0755) != 0 ||
        mkfifo("fifo", 0755) != 0)
        exit(1);
    script("plain", "#!%s/elf\n", here);
    script("by-link", "#!%s/link one argument\n", here);
    script("spaces", "#! \t %s/elf \t  an argument \t \n", here);
    script("no-newline", "#!%s/elf", here);
    script("blank-no-newline", "#!%s/elf ", here);
    script("blanks-no-newline", "#!%s/elf one \t", here);
    script("return", "#!%s/elf\r\n", here);
    script("relative", "#!./elf\n");
    script("relative-word", "#!elf\n");
    script("absent", "#!%s/none\n", here);
    script("to-directory", "#!%s/directory\n", here);
    script("to-fifo", "#!%s/fifo\n", here);
    script("to-empty", "#!%s/empty\n", here);
    script("empty", "%s", "");
    script("nothing", "#!\n");
    script("blanks", "#!  \t \n");
    script("one-byte", "#");
    script("no-line", "echo text\n");
    script("closed", "#!%s/elf\n", here);
    script("to-closed", "#!%s/closed\n", here);
    chmod("closed", 0644);
    write_script("nul", text, (size_t)snprintf(text, sizeof text, "#!%s/elf%c more\n", here, 0), 0755);
    for (int i = 0; i < CHAIN; i++) {
        snprintf(text, sizeof text, "chain%d", i);
        if (i == 0)
            script(text, "#!%s/elf c0\n", here);
        else
            script(text, "#!%s/chain%d c%d\n", here, i - 1, i);
    }
    for (int i = 253; i <= 258; i++) {
        snprintf(text, sizeof text, "long%d", i);
        long_line(text, "./elf", (size_t)i, 'x');
        snprintf(text, sizeof text, "blank%d", i);
        long_line(text, "./elf", (size_t)i, ' ');
        snprintf(text, sizeof text, "name%d", i);
        memset(here, 'n', sizeof here);
        script(text, "#!/%.*s\n", i - 3, here);
    }
}

static void paths(void)
{
    static const char *const names[] = {"elf",
                                        "./elf",
                                        "link",
                                        long_name,
                                        "plain",
                                        "script-link",
                                        "by-link",
                                        "spaces",
                                        "no-newline",
                                        "blank-no-newline",
                                        "blanks-no-newline",
                                        "return",
                                        "relative",
                                        "relative-word",
                                        "absent",
                                        "directory",
                                        "fifo",
                                        "to-fifo",
                                        "to-empty",
                                        "to-directory",
                                        "empty",
                                        "nothing",
                                        "blanks",
                                        "one-byte",
                                        "no-line",
                                        "closed",
                                        "to-closed",
                                        "nul",
                                        "none",
                                        "elf/",
                                        "elf/x",
                                        "plain/",
                                        "directory/",
                                        "",
                                        "../none/elf"};
    char name[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        run(names[i]);
    for (int i = 0; i < CHAIN; i++) {
        snprintf(name, sizeof name, "chain%d", i);
        run(name);
    }
    for (int i = 253; i <= 258; i++) {
        snprintf(name, sizeof name, "./long%d", i);
        run(name);
        snprintf(name, sizeof name, "./blank%d", i);
        run(name);
        snprintf(name, sizeof name, "./name%d", i);
        run(name);
    }
}

static int execute_at(int fd, const char *path, int flags)
{
    return (int)syscall(SYS_execveat, fd, path, arguments, environ, flags);
}

/* The number that a descriptor has is part of what is seen. */
static int at_number(const char *path, int flags)
{
    int fd = open(path, flags);

    if (fd < 0 || dup3(fd, 40, flags & O_CLOEXEC) < 0)
        exit(1);
    close(fd);
    return 40;
}

static void descriptors(void)
{
    static const char *const files[] = {"elf", "plain", "by-link", "closed"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        printf("-- %s by descriptor\n", files[i]);
        IN_CHILD("fexecve", fexecve(at_number(files[i], O_RDONLY), arguments, environ));
        IN_CHILD("fexecve, closed on exec", fexecve(at_number(files[i], O_RDONLY | O_CLOEXEC), arguments, environ));
        IN_CHILD("O_PATH", execute_at(at_number(files[i], O_PATH), "", AT_EMPTY_PATH));
        IN_CHILD("without AT_EMPTY_PATH", execute_at(at_number(files[i], O_PATH), "", 0));
        IN_CHILD("/proc/self/fd", at_number(files[i], O_RDONLY); execv("/proc/self/fd/40", arguments));
        IN_CHILD("/dev/fd", at_number(files[i], O_RDONLY); execv("/dev/fd/40", arguments));
        IN_CHILD("below", execute_at(at_number(".", O_RDONLY | O_DIRECTORY), files[i], 0));
        IN_CHILD("below, closed on exec", execute_at(at_number(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), files[i], 0));
        IN_CHILD("below the working directory", execute_at(AT_FDCWD, files[i], 0));
    }
    IN_CHILD("a link not followed", execute_at(at_number(".", O_PATH), "link", AT_SYMLINK_NOFOLLOW));
    IN_CHILD("a script not followed", execute_at(at_number(".", O_PATH), "plain", AT_SYMLINK_NOFOLLOW));
    IN_CHILD("a bad flag", execute_at(AT_FDCWD, "elf", 1));
    IN_CHILD("a bad descriptor", execute_at(77, "elf", 0));
    IN_CHILD("a file as directory", execute_at(at_number("plain", O_RDONLY), "elf", 0));
    IN_CHILD("a directory", execute_at(at_number("directory", O_RDONLY), "", AT_EMPTY_PATH));
}

static void lists(void)
{
    char *none[] = {NULL}, *one[] = {"alone", NULL};
    char *many[] = {"zero", NULL, NULL};
    size_t size = 200 << 10; /* one string may have 128 KiB */

    IN_CHILD("no argument", execv("./elf", none));
    IN_CHILD("a script without argument", execv("./plain", none));
    IN_CHILD("one argument", execv("./plain", one));
    IN_CHILD("a null list", syscall(SYS_execve, "./elf", NULL, NULL));
    IN_CHILD("a script with a null list", syscall(SYS_execve, "./plain", NULL, NULL));
    IN_CHILD("a bad list", syscall(SYS_execve, "./elf", 16, NULL));
    IN_CHILD("a script with a bad list", syscall(SYS_execve, "./plain", 16, NULL));
    IN_CHILD("a bad environment", syscall(SYS_execve, "./plain", arguments, 16));
    IN_CHILD("a bad path", syscall(SYS_execve, 16, arguments, NULL));
    many[1] = malloc(size);
    memset(many[1], 'x', size - 1);
    many[1][size - 1] = '\0';
    IN_CHILD("a long argument", execv("./elf", many));
    IN_CHILD("a script and a long argument", execv("./plain", many));
    free(many[1]);
}

static void busy(void)
{
    int fd = open("elf", O_WRONLY | O_APPEND);
    int to = open("plain", O_WRONLY | O_APPEND);

    IN_CHILD("written", execv("./elf", arguments));
    IN_CHILD("a written script", execv("./plain", arguments));
    IN_CHILD("a written interpreter", execv("./by-link", arguments));
    close(fd);
    close(to);
    IN_CHILD("no longer written", execv("./by-link", arguments));
}

static int vfork_and_fail(void)
{
    volatile int error = 0;
    pid_t child = vfork();

    if (child == 0) {
        execv("./none", arguments);
        error = errno;
        execv("./to-empty", arguments);
        if (errno == EACCES)
            error = errno;
        _exit(9);
    }
    report("vfork", child);
    printf("  %s\n", strerrorname_np(error));
    return 0;
}

static void *from_thread(void *path)
{
    execv(path, arguments);
    failed();
    return NULL;
}

static void threads(void)
{
    static char *const files[] = {"./elf", "./by-link", "./none"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        IN_CHILD(files[i], pthread_t thread; pthread_create(&thread, NULL, from_thread, files[i]);
                 pthread_join(thread, NULL));
}

/* What a process has said of itself, and what of it is left. */
static void states(void)
{
    struct rlimit few = {0, 0};

    IN_CHILD("undumpable before", prctl(PR_SET_DUMPABLE, 0); execv("./elf", arguments));
    IN_CHILD("named before", prctl(PR_SET_NAME, "before"); execv("./plain", arguments));
    IN_CHILD("no descriptors", setrlimit(RLIMIT_NOFILE, &few); execv("./plain", arguments));
    IN_CHILD("no files", signal(SIGXFSZ, SIG_IGN); setrlimit(RLIMIT_FSIZE, &few); execv("./plain", arguments));
}

int main(int argc, char **argv)
{
    begin();
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "show") == 0)
            return show(argc, argv);
    if (argc < 2)
        return show(argc, argv);
    if (strcmp(argv[1], "make") == 0 && argc == 3) {
        if (mkdir(argv[2], 0755) != 0 || chdir(argv[2]) != 0)
            return 1;
        make();
        return 0;
    }
    if (argc != 2 || chdir(argv[1]) != 0)
        return show(argc, argv);
    paths();
    descriptors();
    lists();
    vfork_and_fail();
    threads();
    states();
    busy();
    return 0;
}
