/*
 * attempts judge ...           see judge.c
 * attempts inside native|view|open GROUP DIRECTORY ROUNDS SECONDS
 *                              tries those of a group, each as a process in DIRECTORY/CLASS-NAME
 * attempts list                class, name, what it tries
 * attempts write FILE          a program that another one runs: it overwrites FILE
 * attempts look FILE           the same: it looks at FILE, which is a command
 * attempts whoami              the same: whether it has the rights of the owner of a set-id program
 */
#include "judge.h"

#include <sys/mount.h>

struct scene scene;
static char self[4096];

int write_fd(int fd)
{
    int result = fd < 0 || write(fd, "hostile\n", 8) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return result;
}

int overwrite(const char *path)
{
    return write_fd(open(path, O_WRONLY | O_TRUNC));
}

int show_fd(int fd)
{
    char text[4096];
    if (fd < 0)
        return errno;
    ssize_t length = read(fd, text, sizeof text);
    int result = outcome(length);
    if (length > 0)
        fwrite(text, 1, (size_t)length, stdout);
    close(fd);
    return result;
}

int show(const char *path)
{
    return show_fd(open(path, O_RDONLY | O_NONBLOCK));
}

/* As an exit status. */
static int as_status(int result)
{
    return result == UNTRIED ? STATUS_UNTRIED : result;
}

int child_outcome(pid_t child)
{
    int status = 0;
    if (child < 0 || waitpid(child, &status, __WALL) != child)
        return errno;
    if (!WIFEXITED(status))
        return EINTR;
    return WEXITSTATUS(status) == STATUS_UNTRIED ? UNTRIED : WEXITSTATUS(status);
}

int in_child(int (*attack)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(as_status(attack()));
    return child_outcome(child);
}

int run_self(const char *program, const char *argument)
{
    pid_t child = fork();
    if (child == 0) {
        execl(program == NULL ? self : program, "attempts", "write", argument, (char *)NULL);
        _exit(errno);
    }
    return child_outcome(child);
}

const char *self_path(void)
{
    return self;
}

int oracle(int (*call)(const char *name))
{
    int there = call("hidden"), absent = call("absent");
    int key = call("hidden/key"), without = call("absent/key");
    if (there == absent && key == without)
        return there != 0 ? there : EAGAIN;
    printf("%d and %d, %d and %d\n", there, absent, key, without);
    return 0;
}

static void try(const struct class *class, const struct attempt *attempt, const char *directory, bool view)
{
    char own[4096];
    int status = 0;
    printf("@begin %s-%s\n", class->name, attempt->name);
    fflush(stdout);
    pid_t supervisor = getppid();
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        alarm(class->group == RACES ? (unsigned)scene.seconds + 30 : 5);
        snprintf(own, sizeof own, "%s/%s-%s", directory, class->name, attempt->name);
        scene_enter(own);
        scene.supervisor = view ? supervisor : scene.outsider;
        int result = attempt->attack();
        fflush(stdout);
        _exit(as_status(result));
    }
    waitpid(child, &status, 0);
    (void)kill(-child, SIGKILL);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    /* On a line of its own, whatever was printed before. */
    printf("\n@end %s-%s %d\n", class->name, attempt->name, WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL);
    fflush(stdout);
}

static int inside(char **arguments)
{
    int group = atoi(arguments[1]);
    bool view = strcmp(arguments[0], "native") != 0;
    scene.rounds = atoi(arguments[3]);
    scene.seconds = atoi(arguments[4]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* What root mounts natively must be seen by nobody else, and be gone with these processes. */
    if (!view && geteuid() == 0 &&
        (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
        perror("a mount name space");
        return 2;
    }
    if (group == SHUT) {
        int control = open("/dev/coffer", O_RDWR);
        if (control < 0 || dup2(control, CONTROL_FD) < 0 ||
            (strcmp(arguments[0], "view") == 0 && access("/dev/coffer/lock", F_OK) < 0)) {
            perror("/dev/coffer");
            return 2;
        }
    }
    for (const struct class *class = classes; class->name != NULL; class ++) {
        for (const struct attempt *one = class->attempts; (int)class->group == group && one->name != NULL; one++)
            if (arguments[5] == NULL || strstr(one->name, arguments[5]) != NULL)
                try(class, one, arguments[2], view);
    }
    printf("@done\n");
    return 0;
}

static int list(void)
{
    int count = 0;
    for (const struct class *class = classes; class->name != NULL; class ++) {
        for (const struct attempt *one = class->attempts; one->name != NULL; one++, count++)
            printf("%-10s %-28s %s\n", class->name, one->name, one->what);
    }
    printf("%d attempts\n", count);
    return 0;
}

int main(int argc, char **argv)
{
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return 2;
    if (argc >= 7 && strcmp(argv[1], "inside") == 0)
        return inside(argv + 2);
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        return overwrite(argv[2]);
    if (argc == 3 && strcmp(argv[1], "look") == 0)
        return outcome(access(argv[2], R_OK));
    if (argc == 2 && strcmp(argv[1], "whoami") == 0)
        return geteuid() == 12345 || getegid() == 12345 ? 0 : EPERM;
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    if (argc >= 4 && strcmp(argv[1], "judge") == 0)
        return judge(argc - 2, argv + 2);
    fprintf(stderr, "usage: attempts list | judge COFFER DIRECTORY [races ROUNDS SECONDS] [NAME]\n");
    return 2;
}
