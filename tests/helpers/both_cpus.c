/*
 * both_cpus processes|threads: two of them compute, without a system call, until each has seen the other run on another
 * CPU than itself. Ends with 0 then, and 77 where there is only one CPU to run on.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    atomic_int cpu[2], seen[2];
};

static struct shared *shared;

static void *compute(void *data)
{
    int own = (int)(intptr_t)data, other = 1 - own;

    while (!atomic_load(&shared->seen[own]) || !atomic_load(&shared->seen[other])) {
        int cpu = sched_getcpu(); /* by the vdso */
        int theirs = atomic_load(&shared->cpu[other]);

        atomic_store(&shared->cpu[own], cpu);
        if (theirs >= 0 && theirs != cpu)
            atomic_store(&shared->seen[own], 1);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2)
        return 77;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    atomic_store(&shared->cpu[0], -1);
    atomic_store(&shared->cpu[1], -1);
    if (argc == 2 && strcmp(argv[1], "threads") == 0) {
        pthread_t thread;

        pthread_create(&thread, NULL, compute, (void *)(intptr_t)1);
        compute(NULL);
        pthread_join(thread, NULL);
        return 0;
    }
    if (fork() == 0) {
        compute((void *)(intptr_t)1);
        _exit(0);
    }
    compute(NULL);
    return wait(NULL) < 0;
}
