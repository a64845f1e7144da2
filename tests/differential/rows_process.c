/* Processes, threads, and descriptors that go from one to the other. */
#include "row.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORDINARY = 1000 };

static long start_process(int actor)
{
    if (actor_start(actor) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        play_as(actor);
        while (wait(NULL) > 0)
            ;
        _exit(0);
    }
    return child < 0 ? -1 : 0;
}

static void *thread(void *argument)
{
    play_as(*(int *)argument);
    return NULL;
}

static long start_thread(int actor)
{
    static int numbers[ACTORS];
    pthread_t started;

    if (actor_start(actor) != 0)
        return -1;
    numbers[actor] = actor;
    errno = pthread_create(&started, NULL, thread, &numbers[actor]);
    return errno != 0 ? -1 : pthread_detach(started);
}

/* Root becomes an ordinary user, for good. */
static long become_ordinary(void)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, ORDINARY, ORDINARY, ORDINARY) != 0)
        return -1;
    return syscall(SYS_setresuid, ORDINARY, ORDINARY, ORDINARY);
}

/* An operation that natively would have left the tree. */
OP(skip, ((void)op, 0))
OP(fork, start_process((int)N(0)))
OP(thread, start_thread((int)N(0)))
OP(become, ((void)op, become_ordinary()))

static long send_descriptor(int fd)
{
    char byte = 'x', control[CMSG_SPACE(sizeof fd)] = "";
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(channel[0], &message, 0);
}

static long receive_descriptor(void)
{
    int fd = -1;
    char byte, control[CMSG_SPACE(sizeof fd)] = "";
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    if (recvmsg(channel[1], &message, MSG_CMSG_CLOEXEC) < 0)
        return -1;
    if (CMSG_FIRSTHDR(&message) != NULL)
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

OP(send, send_descriptor(F(0)))
OP(receive, slot_fill(op, 0, receive_descriptor()))

/* How often the first three come is generate.c's own affair. */
/* clang-format off */
const struct row rows_process[] = {
    ROW(fork, "Y", 0, NULL),  ROW(thread, "Y", 0, NULL), ROW(become, "", 0, NULL),
    ROW(skip, "", 0, NULL),
    ROW(send, "F", 3, NULL),  ROW(receive, "S", 4, NULL), ROW_END,
};
/* clang-format on */
