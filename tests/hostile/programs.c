/* Programs that are started: each then writes to a file of the host, or gains rights. */
#include "attempt.h"

#include <pthread.h>
#include <spawn.h>
#include <sys/sendfile.h>

extern char **environ;

static char self[4096];

static const char *own(void)
{
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length < 0 ? 0 : length] = '\0';
    return self;
}

#define WORDS ((char *[]){"attempts", "write", "victim", NULL})

static int by_execve(void)
{
    return run_self(NULL, "victim");
}
static int by_exe(void)
{
    return run_self("/proc/self/exe", "victim");
}

static int copy_self(const char *name, mode_t mode)
{
    struct stat st;
    int from = open(own(), O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    if (from < 0 || to < 0 || fstat(from, &st) < 0 || sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size ||
        fchmod(to, mode) < 0)
        return errno;
    close(from);
    close(to);
    return 0;
}

/* The copies that follow are natively an effect of their own; what they start is what must not reach the file. */
static int by_unreadable(void)
{
    int failed = copy_self("copy", 0111);
    return failed != 0 ? failed : run_self("./copy", "victim");
}

static int by_execveat(void)
{
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_execveat, open(own(), O_PATH), "", WORDS, environ, AT_EMPTY_PATH);
        _exit(errno);
    }
    return child_outcome(child);
}

static int by_memfd(void)
{
    struct stat st;
    int from = open(own(), O_RDONLY), to = (int)syscall(SYS_memfd_create, "program", 0);
    if (from < 0 || to < 0 || fstat(from, &st) < 0 || sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
        return errno;
    pid_t child = fork();
    if (child == 0) {
        fexecve(to, WORDS, environ);
        _exit(errno);
    }
    return child_outcome(child);
}

static int by_script(void)
{
    FILE *file = fopen("script", "we");
    if (file == NULL || fprintf(file, "#!%s write\n", own()) < 0 || fclose(file) != 0 || chmod("script", 0755) < 0)
        return errno;
    return outcome(rename("victim", "script.data")) | run_self("./script", "unused");
}

static int by_shell(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "echo hostile >victim; chmod 600 victim; mv victim other", (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

static int by_loader(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/lib64/ld-linux-x86-64.so.2", "ld.so", own(), "write", "victim", (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

static int by_spawn(void)
{
    pid_t child;
    int failed = posix_spawn(&child, own(), NULL, NULL, WORDS, environ);
    return failed != 0 ? failed : child_outcome(child);
}

static void *exec_here(void *unused)
{
    execve(own(), WORDS, environ);
    return unused;
}

static int by_thread(void)
{
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, exec_here, NULL) == 0)
            pthread_join(thread, NULL);
        _exit(ECANCELED);
    }
    return child_outcome(child);
}

static int by_vfork(void)
{
    own();
    pid_t child = vfork();
    if (child == 0) {
        execve(self, WORDS, environ);
        _exit(ENOEXEC);
    }
    return child_outcome(child);
}

static int by_nothing(void)
{
    /* No environment, where anything might be told to a loader. */
    pid_t child = fork();
    if (child == 0) {
        char *none[] = {NULL};
        execve(own(), WORDS, none);
        _exit(errno);
    }
    return child_outcome(child);
}

/* A daemon that goes on when all that started it have ended. */
static int by_daemon(void)
{
    int ends[2];
    char byte;
    if (pipe(ends) < 0)
        return errno;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        close(ends[0]);
        _exit(write(ends[1], "x", 1) == 1 ? overwrite("victim") : 1);
    }
    close(ends[1]);
    (void)child_outcome(child);
    /* The end of the pipe is the end of the daemon. */
    while (read(ends[0], &byte, 1) > 0)
        continue;
    return 0;
}

/* A program whose owner's rights it would have. */
static void plant_set_id(const char *directory)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/set-id", directory);
    if (copy_self(path, 0755) == 0 && geteuid() == 0 && chown(path, 12345, 12345) == 0)
        (void)!chmod(path, 06755);
}

static int by_set_id(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl("./set-id", "attempts", "whoami", (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

const struct attempt programs_attempts[] = {
    {"execve", "execve", TREE, 0, by_execve, NULL},
    {"exe", "/proc/self/exe", TREE, 0, by_exe, NULL},
    {"unreadable", "a program that may be run and not read", TREE, 0, by_unreadable, NULL},
    {"execveat", "execveat of an O_PATH descriptor", TREE, 0, by_execveat, NULL},
    {"memfd", "a program in memory", TREE, 0, by_memfd, NULL},
    {"script", "the interpreter of a script", TREE, 0, by_script, NULL},
    {"shell", "a shell", TREE, 0, by_shell, NULL},
    {"loader", "the loader as a program", TREE, 0, by_loader, NULL},
    {"spawn", "posix_spawn", TREE, 0, by_spawn, NULL},
    {"thread", "execve by a thread that is not the first", TREE, 0, by_thread, NULL},
    {"vfork", "execve after vfork", TREE, 0, by_vfork, NULL},
    {"no-environment", "execve without an environment", TREE, 0, by_nothing, NULL},
    {"daemon", "a daemon", TREE, 0, by_daemon, NULL},
    {"set-id", "a set-id program", CLAIM, NEEDS_ROOT, by_set_id, plant_set_id},
    {0},
};
