/*
 * Writes to the memory of the process that executed it, which runs the same program: by process_vm_writev() and through
 * /proc/PID/mem; a child of the first that executes nothing does so as well. Says what came of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile char target = 'a';

static void attack(const char *who, pid_t pid, uintptr_t address)
{
    char written[] = {'b', 'c'}, path[64];
    struct iovec local = {written, 1}, remote = {.iov_len = 1};
    memcpy(&remote.iov_base, &address, sizeof address);
    ssize_t done = process_vm_writev(pid, &local, 1, &remote, 1, 0);
    printf("%s: process_vm_writev: %s\n", who, done == 1 ? "done" : strerror(errno));
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int memory = open(path, O_RDWR);
    done = memory < 0 ? -1 : pwrite(memory, written + 1, 1, (off_t)address);
    printf("%s: mem: %s\n", who, done == 1 ? "done" : strerror(errno));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        attack("another", (pid_t)atoi(argv[1]), (uintptr_t)strtoull(argv[2], NULL, 16));
        return 0;
    }
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        attack("fork", self, (uintptr_t)&target);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    printf("target: %c\n", target);
    fflush(stdout);
    target = 'a';
    child = fork();
    if (child == 0) {
        char pid[16], address[32];
        snprintf(pid, sizeof pid, "%d", (int)self);
        snprintf(address, sizeof address, "%jx", (uintmax_t)(uintptr_t)&target);
        execl("/proc/self/exe", argv[0], pid, address, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    printf("target: %c\n", target);
    return 0;
}
