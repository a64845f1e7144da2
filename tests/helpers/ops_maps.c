/*
 * Files of /proc that name other files, or say how a process is: maps and its like, the mount tables, /proc/net/unix,
 * status and stat; of a process itself and of others.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/sysmacros.h>

#include "ops.h"

static char top[PATH_MAX];

static FILE *open_at(int dirfd, const char *path)
{
    int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        printf("%s: %s\n", path, strerrorname_np(errno));
    return fd < 0 ? NULL : fdopen(fd, "r");
}

/* Each file below the test's directory once; whether the line says what stat says, and where the path begins. */
static void print_maps(const char *title, int proc, const char *path)
{
    FILE *file = open_at(proc, path);
    char *line = NULL, last[PATH_MAX] = "";
    size_t room = 0, own = strlen(top);

    while (file != NULL && getline(&line, &room, file) > 0) {
        char *name = strstr(line, top);
        unsigned major_number, minor_number;
        unsigned long ino;
        struct stat st;

        if (name == NULL || strcmp(name, last) == 0 ||
            sscanf(line, "%*x-%*x %*s %*x %x:%x %lu", &major_number, &minor_number, &ino) != 3)
            continue;
        snprintf(last, sizeof last, "%s", name);
        name[strcspn(name, "\n")] = '\0';
        printf("%s: TOP%s at %d, ", title, name + own, (int)(name - line));
        if (stat(name, &st) != 0)
            puts("not there");
        else
            puts(st.st_ino == ino && st.st_dev == makedev(major_number, minor_number) ? "as stat says"
                                                                                      : "another file");
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

static void print_numa(int proc)
{
    FILE *file = open_at(proc, "self/numa_maps");
    char *line = NULL, last[PATH_MAX] = "";
    size_t room = 0;

    while (file != NULL && getline(&line, &room, file) > 0) {
        char *name = strstr(line, top);

        if (name == NULL)
            continue;
        name[strcspn(name, " \n")] = '\0';
        if (strcmp(name, last) != 0)
            printf("numa_maps: TOP%s\n", name + strlen(top));
        snprintf(last, sizeof last, "%s", name);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

static void map(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    SAY(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
    close(fd);
}

static void append(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

    SAY(write(fd, "more", 4));
    close(fd);
}

static void mappings(int proc)
{
    char path[64];
    int own;

    puts("-- maps");
    snprintf(path, sizeof path, "/proc/%d", getpid());
    own = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    append("copied");
    append("with space");
    append("new\nline");
    map("plain");
    map("copied");
    map("renamed");
    map("removed");
    map("dir/moved");
    map("with space");
    map("new\nline");
    map("replaced");
    map("other");
    print_maps("before", proc, "self/maps");
    SAY(rename("renamed", "dir/renamed"));
    SAY(unlink("removed"));
    SAY(rename("dir", "dir2"));
    SAY(rename("other", "replaced"));
    print_maps("self", proc, "self/maps");
    print_maps("descriptor", own, "maps");
    print_maps("smaps", proc, "thread-self/smaps");
    print_numa(proc);
    SAY(unlink("copied"));
    SAY(rename("dir2", "dir"));
    print_maps("later", proc, "self/maps");
    close(own);
}

/* All of it is the same as natively. */
static void print_text(int proc, const char *path)
{
    FILE *file = open_at(proc, path);
    char *line = NULL;
    size_t room = 0;

    printf("-- %s\n", path);
    while (file != NULL && getline(&line, &room, file) > 0)
        fputs(line, stdout);
    free(line);
    if (file != NULL)
        fclose(file);
}

static void mounts(int proc)
{
    char again[64];
    int fd, length;

    print_text(proc, "mounts");
    print_text(proc, "self/mountinfo");
    print_text(proc, "self/mountstats");
    print_text(AT_FDCWD, "/etc/mtab");
    SAY_FD(openat(proc, "mounts", O_RDONLY | O_NOFOLLOW));
    SAY_FD(openat(proc, "self/mounts", O_RDONLY | O_DIRECTORY));
    /* The name of a descriptor. */
    fd = openat(proc, "self/status", O_RDONLY);
    snprintf(again, sizeof again, "self/fd/%d", fd);
    char target[PATH_MAX], wanted[64];
    length = (int)readlinkat(proc, again, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    snprintf(wanted, sizeof wanted, "/proc/%d/status", getpid());
    puts(strcmp(target, wanted) == 0 ? "its own name" : target);
    close(fd);
    if (geteuid() != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        SAY(chroot("jail"));
        print_text(proc, "self/mountinfo");
        print_text(proc, "self/mounts");
        print_text(proc, "1/mounts");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void bind_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    SAY(bind(fd, (struct sockaddr *)&address, sizeof address));
}

static void sockets(int proc)
{
    char path[PATH_MAX + 64], *line = NULL;
    size_t room = 0;
    FILE *file;

    puts("-- net/unix");
    bind_at("a-relative-name-of-a-socket");
    bind_at("./dir/../a-relative-name-of-a-socket2");
    snprintf(path, sizeof path, "%s/a-socket-by-its-path", top);
    if (strlen(path) < sizeof(struct sockaddr_un) - 2)
        bind_at(path);
    /* The kernel's order is that of a hash; of other processes there are always some. */
    const char *const names[] = {"a-relative-name-of-a-socket", "./dir/../a-relative-name-of-a-socket2", path};
    int found[3] = {0};
    file = open_at(proc, "net/unix");
    while (file != NULL && getline(&line, &room, file) > 0) {
        char *name = strrchr(line, ' ');

        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < 3; i++)
            found[i] += name != NULL && strcmp(name + 1, names[i]) == 0;
    }
    for (int i = 0; i < 3; i++)
        printf("socket %d: %d\n", i, found[i]);
    free(line);
    if (file != NULL)
        fclose(file);
}

static void print_state(const char *title, int proc, const char *path, const char *stat_path)
{
    FILE *file = open_at(proc, path);
    char *line = NULL, state = '?';
    size_t room = 0;

    while (file != NULL && getline(&line, &room, file) > 0)
        if (strncmp(line, "State:", 6) == 0 || strncmp(line, "TracerPid:", 10) == 0 ||
            strncmp(line, "Cpus_allowed", 12) == 0)
            printf("%s: %s", title, line);
    free(line);
    if (file != NULL)
        fclose(file);
    file = open_at(proc, stat_path);
    if (file != NULL && fscanf(file, "%*d (%*[^)]) %c", &state) == 1)
        printf("%s: %c\n", title, state);
    if (file != NULL)
        fclose(file);
}

static void states(int proc)
{
    char status[64], stat_path[64];
    int child_status;
    pid_t child;

    puts("-- status");
    print_state("self", proc, "self/status", "self/stat");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    snprintf(status, sizeof status, "%d/status", child);
    snprintf(stat_path, sizeof stat_path, "%d/stat", child);
    waitpid(child, &child_status, WUNTRACED);
    print_state("stopped", proc, status, stat_path);
    kill(child, SIGCONT);
    waitpid(child, &child_status, 0);
    if (geteuid() != 0)
        return;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
            _exit(1);
        print_state("as another user", proc, "self/status", "self/stat");
        SAY_FD(openat(proc, "1/maps", O_RDONLY));
        snprintf(status, sizeof status, "%d/maps", getppid());
        errno = 0;
        printf("maps of the parent: %d\n", openat(proc, status, O_RDONLY) >= 0 ? 0 : errno);
        print_maps("own maps", proc, "self/maps");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    begin();
    if (!getcwd(top, sizeof top))
        return 1;
    mappings(proc);
    mounts(proc);
    sockets(proc);
    states(proc);
    return 0;
}
