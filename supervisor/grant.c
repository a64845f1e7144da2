#include "supervisor/grant.h"

#include "filter/program.h"
#include "supervisor/caller.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

void grant_keep_listener(int listener)
{
    /* The number is free: all others are closed, and that of the layer is higher. */
    if (listener == GRANT_LISTENER_FD || fcntl(listener, F_DUPFD_CLOEXEC, GRANT_LISTENER_FD) < 0)
        return;
    (void)close(listener);
}

static bool is_listener(int fd)
{
    uint64_t no_call = 0;
    return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &no_call) < 0 && errno == ENOENT;
}

void grant_take_listener(struct task *task)
{
    struct supervisor *supervisor = task->supervisor;
    if (supervisor->main_executed || supervisor->listener >= 0)
        return;
    struct caller caller = caller_of(task);
    int fd = caller.ops->dup_fd(caller.context, GRANT_LISTENER_FD);
    if (fd >= 0 && is_listener(fd))
        supervisor->listener = fd;
    else if (fd >= 0)
        (void)close(fd);
}

/* The descriptor for a call that waits, or why it gets none. */
static int open_for(struct supervisor *supervisor, pid_t tid, bool *cloexec)
{
    int fd = -ENOSYS; /* it marked its registers itself */
    (void)pthread_mutex_lock(&supervisor->lock);
    struct task *task = task_find(supervisor, tid);
    if (task != NULL && task->process != NULL && task->exit_expected && task->answer.kind == ANSWER_GRANT) {
        struct caller caller = caller_of(task);
        fd = view_call_grant(supervisor->view, &caller, &task->answer, cloexec);
    }
    (void)pthread_mutex_unlock(&supervisor->lock);
    return fd;
}

/* Without the lock: the caller has to run for it. Where it was killed meanwhile, nobody hears the answer. */
static void serve(struct supervisor *supervisor, const struct seccomp_notif *call)
{
    bool cloexec = false;
    int fd = open_for(supervisor, (pid_t)call->pid, &cloexec);
    struct seccomp_notif_resp answer = {.id = call->id, .error = fd};
    if (fd >= 0) {
        struct seccomp_notif_addfd gift = {
            .id = call->id,
            .flags = SECCOMP_ADDFD_FLAG_SEND,
            .srcfd = (uint32_t)fd,
            .newfd_flags = cloexec ? O_CLOEXEC : 0,
        };
        int given;
        do
            given = ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &gift);
        while (given < 0 && errno == EINTR);
        answer.error = given < 0 ? -errno : 0;
        (void)close(fd);
    }
    if (answer.error < 0)
        (void)ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

/*
 * Until the last process with the filter has gone. A call that was announced may be taken back, by a signal; before
 * Linux 6.6 the thread then waits for another one, and grant_end() ends it where it waits.
 */
static void *run_thread(void *context)
{
    struct supervisor *supervisor = context;
    (void)pthread_setaffinity_np(pthread_self(), sizeof supervisor->cpus, &supervisor->cpus);
    for (;;) {
        struct pollfd listener = {.fd = supervisor->listener, .events = POLLIN};
        struct seccomp_notif call = {0};
        int received = -1;
        /* ioctl() is no point of cancellation, and nothing is held here. */
        (void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL); /* NOLINT(cert-pos47-c,concurrency-*) */
        if (poll(&listener, 1, -1) > 0 && (listener.revents & POLLIN) != 0)
            received = ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_RECV, &call);
        (void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
        if (received == 0)
            serve(supervisor, &call);
        else if ((listener.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
            return NULL;
    }
}

int grant_expect(struct supervisor *supervisor, uint64_t arguments[6])
{
    if (!supervisor->granting) {
        int error = pthread_create(&supervisor->granter, NULL, run_thread, supervisor);
        if (error != 0)
            return -error;
        supervisor->granting = true;
    }
    arguments[4] = PROGRAM_GRANT_4;
    arguments[5] = PROGRAM_GRANT_5;
    return 0;
}

void grant_end(struct supervisor *supervisor)
{
    if (supervisor->granting) {
        (void)pthread_cancel(supervisor->granter);
        (void)pthread_join(supervisor->granter, NULL);
    }
    if (supervisor->listener >= 0)
        (void)close(supervisor->listener);
}
