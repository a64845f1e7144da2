/* The program's own memory, where the supervisor reads paths and puts what it answers. */
#include "attempt.h"

#include <pthread.h>
#include <sys/uio.h>

/* By a path whose bytes are read-only for the program: it changes them by /proc/self/mem. */
static int by_own_mem(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("/proc/self/mem", O_RDWR);
    strcpy(page, "nothing");
    mprotect(page, 4096, PROT_READ);
    if (fd < 0 || pwrite(fd, "victim", 7, (off_t)(uintptr_t)page) != 7)
        return errno;
    return overwrite(page);
}

/* Every mapping of the process that is not writable and that it did not make: what somebody put there for itself. */
static int by_mappings(int (*change)(void *start, size_t size))
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char rights[8], rest[256] = "";
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, rights, rest) < 3)
            continue;
        /* Neither files of the system nor what the kernel gives. */
        if (rights[1] == 'w' || strncmp(rest, "/lib", 4) == 0 || strncmp(rest, "/usr", 4) == 0 || rest[0] == '[' ||
            strstr(rest, "attempts") != NULL || end - start > 1 << 20)
            continue;
        (void)change((void *)start, end - start);
    }
    if (maps != NULL)
        fclose(maps);
    return overwrite("victim") | outcome(chmod("victim", 0600));
}

static int unprotect(void *start, size_t size)
{
    if (mprotect(start, size, PROT_READ | PROT_WRITE) == 0)
        memset(start, 'x', size);
    return 0;
}

static int unmap(void *start, size_t size)
{
    return munmap(start, size);
}

static int replace(void *start, size_t size)
{
    char *again = mmap(start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (size_t i = 0; again != MAP_FAILED && i + 8 < size; i += 8)
        memcpy(again + i, "victim\0", 8);
    return 0;
}

static int move(void *start, size_t size)
{
    return mremap(start, size, size, MREMAP_MAYMOVE) == MAP_FAILED;
}

static int by_unprotect(void)
{
    return by_mappings(unprotect);
}
static int by_unmap(void)
{
    return by_mappings(unmap);
}
static int by_replace(void)
{
    return by_mappings(replace);
}
static int by_move(void)
{
    return by_mappings(move);
}

static int by_undumpable(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return errno;
    return overwrite("victim") | outcome(chmod("victim", 0600));
}

/* The path begins where nothing can be read, or ends there. */
static int by_page_end(void)
{
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    char *path = pages + 4096 - sizeof "victim";
    memcpy(path, "victim", sizeof "victim");
    return overwrite(path);
}

static int by_write_only(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(page, "victim");
    mprotect(page, 4096, PROT_EXEC);
    return overwrite(page);
}

/* A stack of a few bytes: nothing can be put below it. */
static int small_stack_open(const char *path)
{
    long result = SYS_open;
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    __asm__ volatile("mov %%rsp, %%r12\n\tmov %[stack], %%rsp\n\tsyscall\n\tmov %%r12, %%rsp"
                     : "+a"(result)
                     : "D"(path), "S"((long)(O_WRONLY | O_TRUNC)), "d"(0L), [stack] "r"(page)
                     : "rcx", "r11", "r12", "memory");
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (int)result;
}

static int by_small_stack(void)
{
    return write_fd(small_stack_open("victim"));
}

static void *work(void *result)
{
    *(int *)result = overwrite("victim");
    return NULL;
}

static int by_thread(void)
{
    pthread_t thread;
    int result = UNTRIED;
    if (pthread_create(&thread, NULL, work, &result) == 0)
        pthread_join(thread, NULL);
    return result;
}

/* A thread that shares nothing with the others but the memory: its descriptors and directory are its own. */
static void *work_alone(void *result)
{
    if (unshare(CLONE_FILES | CLONE_FS) < 0 || chdir("many") < 0)
        *(int *)result = errno;
    else
        *(int *)result = overwrite("../victim");
    return NULL;
}

static int by_lone_thread(void)
{
    pthread_t thread;
    int result = UNTRIED;
    if (pthread_create(&thread, NULL, work_alone, &result) == 0)
        pthread_join(thread, NULL);
    return result;
}

/* A child that shares memory and files, not the process. */
static char stack[65536] __attribute__((aligned(16)));

static int shared_child(void *unused)
{
    (void)unused;
    _exit(overwrite("victim"));
}

static int by_shared_child(void)
{
    return child_outcome(clone(shared_child, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, NULL));
}

static int by_vfork(void)
{
    pid_t child = vfork();
    if (child == 0)
        _exit(overwrite("victim"));
    return child_outcome(child);
}

/* From a handler that interrupts a call. */
static volatile sig_atomic_t handled = UNTRIED;

static void handler(int signal)
{
    (void)signal;
    handled = overwrite("victim");
}

static int by_handler(void)
{
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_RESTART}, NULL);
    raise(SIGUSR1);
    return handled;
}

static int by_restart(void)
{
    return syscall(SYS_restart_syscall) < 0 ? overwrite("victim") : 0;
}

const struct attempt memory_attempts[] = {
    {"own-mem", "a path changed by /proc/self/mem", TREE, NEEDS_LUCK, by_own_mem, NULL},
    {"unprotect", "mappings that are not its own made writable, and filled", TREE, 0, by_unprotect, NULL},
    {"unmap", "mappings that are not its own removed", TREE, 0, by_unmap, NULL},
    {"replace", "mappings that are not its own replaced, by the name of the file", TREE, 0, by_replace, NULL},
    {"move", "mappings that are not its own moved", TREE, 0, by_move, NULL},
    {"undumpable", "PR_SET_DUMPABLE 0", TREE, 0, by_undumpable, NULL},
    {"page-end", "a path at the end of what is mapped", TREE, 0, by_page_end, NULL},
    {"execute-only", "a path in memory to execute", TREE, 0, by_write_only, NULL},
    {"small-stack", "a stack pointer below which nothing is mapped", TREE, 0, by_small_stack, NULL},
    {"thread", "by another thread", TREE, 0, by_thread, NULL},
    {"lone-thread", "by a thread with descriptors and a directory of its own", TREE, 0, by_lone_thread, NULL},
    {"shared-child", "by a child that shares memory and descriptors", TREE, 0, by_shared_child, NULL},
    {"vfork", "by a child of vfork", TREE, 0, by_vfork, NULL},
    {"handler", "by a signal's handler", TREE, 0, by_handler, NULL},
    {"restart", "after restart_syscall", TREE, 0, by_restart, NULL},
    {0},
};
