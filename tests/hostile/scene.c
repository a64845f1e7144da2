#include "scene.h"

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/uio.h>

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(2);
}

static void put(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0, path);
    close(fd);
}

/* A directory with a file `victim`, one `key` that holds the secret where it is to be kept, and a program. */
static void furnish(const char *name, const char *token)
{
    char path[256];
    must(mkdir(name, 0755) == 0, name);
    snprintf(path, sizeof path, "%s/victim", name);
    put(path, 0644, "content of a file\n");
    snprintf(path, sizeof path, "%s/key", name);
    put(path, 0644, strcmp(name, "hidden") == 0 || strcmp(name, "unread") == 0 ? token : "none\n");
    snprintf(path, sizeof path, "%s/program", name);
    put(path, 0755, "#!/bin/sh\nexit 0\n");
    snprintf(path, sizeof path, "%s/inner", name);
    must(mkdir(path, 0755) == 0, path);
}

/* ---- the process outside ---- */

struct memory {
    volatile sig_atomic_t word;
    char secret[64];
};

static struct memory *memory;

static void touched(int signal)
{
    (void)signal;
    memory->word++;
}

/* Answers each byte with one, so that whoever asks knows that signals sent before have arrived. */
static void outsider_run(int tell, int told)
{
    static const int noticed[] = {SIGHUP, SIGINT, SIGUSR1, SIGIO, SIGURG, SIGALRM, SIGTERM, SIGCONT, SIGTSTP, SIGWINCH};
    for (size_t i = 0; i < sizeof noticed / sizeof noticed[0]; i++)
        sigaction(noticed[i], &(struct sigaction){.sa_handler = touched, .sa_flags = SA_RESTART}, NULL);
    char byte;
    while (read(tell, &byte, 1) == 1 && write(told, &byte, 1) == 1)
        continue;
    _exit(0);
}

static void outsider_start(struct stage *stage)
{
    int tell[2], told[2];
    memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED && pipe2(tell, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0, "pipe");
    snprintf(memory->secret, sizeof memory->secret, "%s", stage->token);
    pid_t judge = getpid();
    stage->outsider = fork();
    must(stage->outsider >= 0, "fork");
    if (stage->outsider == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != judge)
            _exit(0);
        setsid();
        close(tell[1]);
        close(told[0]);
        must(chdir("hidden") == 0 && open("key", O_RDWR) >= 0, "hidden");
        outsider_run(tell[0], told[1]);
    }
    close(tell[0]);
    close(told[1]);
    stage->memory = memory;
    stage->tell = tell[1];
    stage->told = told[0];
}

/* R, S, T... */
static char outsider_sleeps(const struct stage *stage)
{
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)stage->outsider);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        text[0] = '\0';
    if (fd >= 0)
        close(fd);
    const char *end = strrchr(text, ')');
    return end == NULL ? 'X' : end[2];
}

/* Whether it is there and runs, once it has seen all signals that were sent before. */
static bool outsider_answers(const struct stage *stage)
{
    struct pollfd wait = {.fd = stage->told, .events = POLLIN};
    char byte = 'x';
    if (write(stage->tell, &byte, 1) != 1)
        return false;
    for (;;) {
        if (poll(&wait, 1, 20) == 1)
            return read(stage->told, &byte, 1) == 1;
        if (strchr("TtZX", outsider_sleeps(stage)) != NULL)
            return false;
    }
}

static void text_of_file(FILE *out, pid_t pid, const char *name)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        fputs(line, out);
    if (file != NULL)
        fclose(file);
}

static char *outsider_state(const struct stage *stage)
{
    static const char *const files[] = {"limits",          "comm",         "oom_score_adj", "autogroup",
                                        "coredump_filter", "timerslack_ns"};
    pid_t pid = stage->outsider;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    must(out != NULL, "memory");
    struct memory copy = {.word = -1};
    struct iovec here = {&copy, sizeof copy}, there = {stage->memory, sizeof copy};
    fprintf(out, "answers %d\n", outsider_answers(stage));
    if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof copy)
        fprintf(out, "memory is not readable\n");
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(pid, sizeof set, &set);
    fprintf(out, "word %d %s cpus %d nice %d policy %d io %ld\n", (int)copy.word, copy.secret, CPU_COUNT(&set),
            getpriority(PRIO_PROCESS, (id_t)pid), sched_getscheduler(pid), syscall(SYS_ioprio_get, 1, pid));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        text_of_file(out, pid, files[i]);
    fclose(out);
    return text;
}

/* ---- sockets outside ---- */

static int named_socket(int type, const char *path, size_t length)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, path, length);
    must(fd >= 0 && bind(fd, (void *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0,
         "bind");
    must(type != SOCK_STREAM || listen(fd, 8) == 0, "listen");
    return fd;
}

static int port_socket(int family, int type, int *port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any.sa_family = (sa_family_t)family};
    socklen_t length = family == AF_INET ? sizeof address.v4 : sizeof address.v6;
    if (family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.v6.sin6_addr = in6addr_loopback;
    *port = 0;
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, &address.any, length) < 0) /* no IPv6 here */
        return -1;
    must(type != SOCK_STREAM || listen(fd, 8) == 0, "listen");
    must(getsockname(fd, &address.any, &length) == 0, "getsockname");
    *port = ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return fd;
}

static void sockets_make(struct stage *stage, const char *alias, struct scene *told)
{
    int length = snprintf(told->abstract, sizeof told->abstract, "coffer-hostile-%s-%d", alias, (int)getpid());
    char name[108] = {0};
    memcpy(name + 1, told->abstract, (size_t)length);
    stage->sockets[0] = port_socket(AF_INET, SOCK_STREAM, &told->port4);
    stage->sockets[1] = port_socket(AF_INET6, SOCK_STREAM, &told->port6);
    stage->sockets[2] = port_socket(AF_INET, SOCK_DGRAM, &told->port_udp);
    stage->sockets[3] = named_socket(SOCK_STREAM, name, (size_t)length + 1);
    stage->sockets[4] = named_socket(SOCK_STREAM, "hidden/socket", sizeof "hidden/socket");
    stage->sockets[5] = named_socket(SOCK_DGRAM, "hidden/datagrams", sizeof "hidden/datagrams");
}

bool stage_listener_reached(const struct stage *stage)
{
    for (size_t i = 0; i < sizeof stage->sockets / sizeof stage->sockets[0]; i++) {
        struct pollfd wait = {.fd = stage->sockets[i], .events = POLLIN};
        if (stage->sockets[i] >= 0 && poll(&wait, 1, 0) == 1)
            return true;
    }
    return false;
}

/* ---- the tree ---- */

static void tree_entry(FILE *out, const char *path)
{
    struct stat st;
    char value[4096];
    if (lstat(path, &st) < 0) {
        fprintf(out, "%s: %s\n", path, strerror(errno));
        return;
    }
    bool directory = S_ISDIR(st.st_mode);
    fprintf(out, "%s %o %d:%d %lld %ld %lld.%09ld %lld.%09ld", path, st.st_mode, (int)st.st_uid, (int)st.st_gid,
            directory ? 0LL : (long long)st.st_size, (long)st.st_nlink, (long long)st.st_mtim.tv_sec,
            st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
    int fd = S_ISREG(st.st_mode) || directory ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
    long flags = 0;
    ssize_t length;
    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0)
        fprintf(out, " flags %lx", flags);
    if (fd >= 0 && (length = read(fd, value, sizeof value)) > 0)
        fprintf(out, " [%.*s]", (int)length, value);
    if (fd >= 0)
        close(fd);
    length = S_ISLNK(st.st_mode) ? readlink(path, value, sizeof value) : llistxattr(path, value, sizeof value);
    for (ssize_t i = 0; i < length; i++)
        fputc(value[i] == '\0' ? ' ' : value[i], out);
    fputc('\n', out);
}

static int by_name(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static void tree_text(FILE *out, const char *path)
{
    struct dirent **entries;
    tree_entry(out, path);
    int count = scandir(path, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        char below[4096];
        snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        /* What is written directly is the program's. */
        bool skip = strcmp(entries[i]->d_name, ".") == 0 || strcmp(entries[i]->d_name, "..") == 0 ||
                    strcmp(entries[i]->d_name, "direct") == 0;
        struct stat st;
        if (!skip && lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
            tree_text(out, below);
        else if (!skip)
            tree_entry(out, below);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static char *tree_state(const char *directory)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    must(out != NULL, "memory");
    tree_text(out, directory);
    fclose(out);
    return text;
}

/* Says what differs, for whoever looks for the cause. */
static bool differs(const char *before, char *after, const char *what)
{
    bool changed = strcmp(before, after) != 0;
    if (changed && getenv("HOSTILE_VERBOSE") != NULL)
        fprintf(stderr, "---- %s before\n%s---- after\n%s", what, before, after);
    free(after);
    return changed;
}

bool stage_tree_changed(const struct stage *stage)
{
    return differs(stage->before, tree_state(stage->directory), stage->directory);
}

bool stage_outsider_changed(const struct stage *stage)
{
    return stage->outsider != 0 && differs(stage->outsider_before, outsider_state(stage), "the process outside");
}

static void make_token(struct stage *stage, const char *name)
{
    uint64_t bits[2];
    must(getentropy(bits, sizeof bits) == 0, "getentropy");
    snprintf(stage->token, sizeof stage->token, "KEY-%.20s-%08x%08x\n", name, (unsigned)bits[0], (unsigned)bits[1]);
}

void stage_make(struct stage *stage, const char *directory, const char *name, const char *alias,
                const struct attempt *attempt, enum group group)
{
    static const char *const furnished[] = {"hidden", "denied", "unread", "direct", "ignored", "noexec"};
    struct scene told = {.abstract = "none"};
    char text[512];
    bool rules = group == RULES || group == RACES || group == CEILING;
    snprintf(stage->directory, sizeof stage->directory, "%.2000s/%s", directory, name);
    must(mkdir(stage->directory, 0755) == 0 && chdir(stage->directory) == 0, stage->directory);
    make_token(stage, name);
    put("victim", 0644, "content of a file\n");
    must(setxattr("victim", "user.canary", "sings", 5, 0) == 0, "setxattr");
    put("other", 0644, "content of another\n");
    must(mkdir("empty", 0755) == 0 && mkdir("many", 0755) == 0 && symlink("victim", "leads") == 0, "mkdir");
    put("many/file", 0644, "content\n");
    for (size_t i = 0; i < (rules ? sizeof furnished / sizeof furnished[0] : 1); i++)
        furnish(furnished[i], stage->token);
    must(!rules || (symlink("hidden/key", "to-hidden") == 0 && symlink("unread/key", "to-unread") == 0 &&
                    symlink("denied/victim", "to-denied") == 0 && symlink("../victim", "direct/out") == 0 &&
                    symlink("noexec/program", "to-noexec") == 0),
         "symlink");
    memset(stage->sockets, -1, sizeof stage->sockets);
    if (attempt->effect == LISTENER)
        sockets_make(stage, alias, &told);
    stage->outsider = 0;
    if (attempt->effect == OUTSIDER || attempt->effect == SIGNALLED || attempt->needs & WITH_OUTSIDER)
        outsider_start(stage);
    snprintf(text, sizeof text, "%d %lu %d %d %d %s\n", (int)stage->outsider, (unsigned long)(uintptr_t)memory,
             told.port4, told.port6, told.port_udp, told.abstract);
    put("scene", 0644, text);
}

void stage_ready(struct stage *stage)
{
    stage->before = tree_state(stage->directory);
    stage->outsider_before = stage->outsider == 0 ? NULL : outsider_state(stage);
}

void stage_end(struct stage *stage)
{
    if (stage->outsider != 0) {
        kill(stage->outsider, SIGKILL);
        waitpid(stage->outsider, NULL, 0);
        close(stage->tell);
        close(stage->told);
    }
    for (size_t i = 0; i < sizeof stage->sockets / sizeof stage->sockets[0]; i++)
        if (stage->sockets[i] >= 0)
            close(stage->sockets[i]);
    free(stage->before);
    free(stage->outsider_before);
}

void scene_enter(const char *directory)
{
    snprintf(scene.directory, sizeof scene.directory, "%s", directory);
    int outsider = 0;
    unsigned long word = 0;
    FILE *file = chdir(directory) < 0 ? NULL : fopen("scene", "re");
    must(file != NULL && fscanf(file, "%d %lu %d %d %d %63s", &outsider, &word, &scene.port4, &scene.port6,
                                &scene.port_udp, scene.abstract) == 6,
         directory);
    fclose(file);
    scene.outsider = outsider;
    scene.word = word;
}
