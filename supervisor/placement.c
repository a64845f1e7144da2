#include "supervisor/placement.h"

#include "emul/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* In ns. */
static const uint64_t SAMPLE_EVERY = 2000000; /* how often a tracer looks how long it waited for its CPU */
static const uint64_t REST = 5000000;         /* how long a task that was moved stays */
static const uint64_t ACTIVE = 1000000;       /* a tracer that served an event so recently is busy */
static const uint64_t COMPUTES = 5000000;     /* a running task without a stop for so long computes */
static const uint64_t COMPANY = 2000000; /* one that has done so for so long would share its CPU with a new program */

enum {
    CROWDED_SAMPLES = 2,  /* in a row */
    CROWDED_PERCENT = 15, /* of its time that a tracer waits for its CPU, when others run there */
    LOOKS_MAX = 16,       /* at tasks, at a time */
    LOOSE_STOPS = 8,      /* within COMPUTES of one another: the task no longer computes only */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Without it nothing would ever leave the first tracer's CPU. */
static bool can_read_delays(void)
{
    return access("/proc/thread-self/schedstat", R_OK) == 0;
}

int placement_new(struct supervisor *supervisor, bool free)
{
    int count = 1;
    CPU_ZERO(&supervisor->cpus);
    if (!free && can_read_delays() && sched_getaffinity(0, sizeof supervisor->cpus, &supervisor->cpus) == 0 &&
        sched_setaffinity(0, sizeof supervisor->cpus, &supervisor->cpus) == 0)
        count = CPU_COUNT(&supervisor->cpus);
    supervisor->tracers = calloc((size_t)count, sizeof *supervisor->tracers);
    if (supervisor->tracers == NULL)
        return -ENOMEM;
    supervisor->tracer_count = count;
#ifdef COFFER_TEST_HOOKS
    const char *every = getenv("COFFER_MOVE_EVERY");
    supervisor->move_every = every == NULL ? 0 : (unsigned)strtoul(every, NULL, 10);
#endif
    for (int i = 0; i < count; i++)
        supervisor->tracers[i] = (struct tracer){.supervisor = supervisor, .cpu = -1, .delay_fd = -1};
    if (count == 1)
        return 0;
    int cpu = sched_getcpu();
    for (int i = 0; i < count; i++, cpu++) {
        while (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET((size_t)cpu, &supervisor->cpus))
            cpu = cpu < 0 || cpu >= CPU_SETSIZE ? 0 : cpu + 1;
        supervisor->tracers[i].cpu = cpu;
    }
    return 0;
}

void placement_free(struct supervisor *supervisor)
{
    free(supervisor->tracers);
    supervisor->tracers = NULL;
}

static void pin_thread(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

void placement_enter(struct tracer *tracer)
{
    if (tracer->cpu < 0)
        return;
    pin_thread(tracer->cpu);
    tracer->delay_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

void placement_leave(struct tracer *tracer)
{
    if (tracer->cpu < 0)
        return;
    if (tracer->delay_fd >= 0)
        (void)close(tracer->delay_fd);
    (void)sched_setaffinity(0, sizeof tracer->supervisor->cpus, &tracer->supervisor->cpus);
}

/* Where the task may run, or a child that it has just made and that has inherited that. */
static void pin(const struct task *task, pid_t tid)
{
    int cpu = task->tracer->cpu;
    if (cpu < 0)
        return;
    cpu_set_t set = task->allowed;
    if (!task->loose && CPU_ISSET((size_t)cpu, &set)) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
    }
    (void)sched_setaffinity(tid, sizeof set, &set);
}

void placement_pin(const struct task *task)
{
    pin(task, task->tid);
}

/* How long the calling thread has waited for a CPU, in ns: the second number (scheduler/sched-stats.rst). */
static bool read_delay(const struct tracer *tracer, uint64_t *delay)
{
    char text[128];
    ssize_t length = tracer->delay_fd < 0 ? -1 : pread(tracer->delay_fd, text, sizeof text - 1, 0);
    if (length <= 0)
        return false;
    text[length] = '\0';
    const char *second = strchr(text, ' ');
    if (second == NULL)
        return false;
    *delay = strtoull(second + 1, NULL, 10);
    return true;
}

static void sample(struct tracer *tracer, uint64_t now)
{
    uint64_t delay, time = now - tracer->sampled_at;
    if (time < SAMPLE_EVERY || !read_delay(tracer, &delay))
        return;
    /* After a long sleep nothing is known; and one sample may be of a child beside a parent that will wait for it. */
    bool waited = time < 10 * SAMPLE_EVERY && (delay - tracer->delay) * 100 > time * CROWDED_PERCENT;
    tracer->crowded_samples = waited ? tracer->crowded_samples + 1 : 0;
    tracer->sampled_at = now;
    tracer->delay = delay;
}

/* Whether the task runs or could: 'R' after the name in brackets, which may hold anything (proc_pid_stat(5)). */
static bool runs(const struct task *task)
{
    char path[sizeof "/proc//stat" + 3 * sizeof task->tid], text[256];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)task->tid);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length <= 0)
        return false;
    text[length] = '\0';
    const char *end = strrchr(text, ')');
    return end != NULL && strncmp(end, ") R", 3) == 0;
}

static bool is_idle(const struct tracer *tracer, uint64_t now)
{
    if (!tracer->started)
        return true;
    if (tracer->arrivals != NULL || now - tracer->last_event < ACTIVE)
        return false;
    int looks = 0;
    for (const struct task *task = tracer->supervisor->tasks; task != NULL; task = task->hh.next)
        if (task->tracer == tracer && task->state == TASK_RUNNING && (looks++ == LOOKS_MAX || runs(task)))
            return false;
    return true;
}

static struct tracer *idle_tracer(const struct task *task, uint64_t now)
{
    const struct supervisor *supervisor = task->supervisor;
    for (int i = 0; i < supervisor->tracer_count; i++) {
        struct tracer *tracer = &supervisor->tracers[i];
        if (tracer != task->tracer && CPU_ISSET((size_t)tracer->cpu, &task->allowed) && is_idle(tracer, now))
            return tracer;
    }
    return NULL;
}

/* A tracer whose CPU the task may use. */
static struct tracer *tracer_allowed(const struct task *task)
{
    for (int i = 0; i < task->supervisor->tracer_count; i++)
        if (CPU_ISSET((size_t)task->supervisor->tracers[i].cpu, &task->allowed))
            return &task->supervisor->tracers[i];
    return NULL;
}

static bool hand_over(struct task *task, struct tracer *to, enum move_from from, uint64_t now)
{
    bool loose = task->loose;
    task->loose = false;
    if (!move_begin(task, to, from)) {
        task->loose = loose;
        return false;
    }
    task->moved_at = now;
    to->last_event = now;
    task->supervisor->count.moves++;
    return true;
}

/* A task that was let loose and now makes one stop after the other belongs on a tracer's CPU again. */
static bool settle_loose(struct task *task, uint64_t now)
{
    if (now - task->last_stop > COMPUTES)
        task->loose_stops = 0;
    if (++task->loose_stops < LOOSE_STOPS)
        return false;
    struct tracer *to = idle_tracer(task, now);
    if (to != NULL && hand_over(task, to, MOVE_FROM_CALL, now))
        return true;
    task->loose = false;
    placement_pin(task);
    return false;
}

/* The program has chosen other CPUs. Where none of them has a tracer it runs there all the same, with dear stops. */
static bool move_where_allowed(struct task *task, uint64_t now)
{
    struct tracer *to = tracer_allowed(task);
    return to != NULL && hand_over(task, to, MOVE_FROM_CALL, now);
}

static bool move_if_better(struct task *task, enum move_from from, uint64_t now)
{
    struct tracer *tracer = task->tracer;
    sample(tracer, now);
    if (tracer->crowded_samples < CROWDED_SAMPLES || now - task->moved_at < REST)
        return false;
    struct tracer *to = idle_tracer(task, now);
    tracer->crowded_samples = 0;
    return to != NULL && hand_over(task, to, from, now);
}

static bool is_exec(const struct trace_call *call)
{
    return call->arch == AUDIT_ARCH_X86_64 && (call->number == SYS_execve || call->number == SYS_execveat);
}

/* Whether another task, that computes, is kept on the CPU on which this one is. */
static bool has_computing_company(const struct task *task, uint64_t now)
{
    int looks = 0;
    for (const struct task *other = task->supervisor->tasks; other != NULL && looks < LOOKS_MAX;
         other = other->hh.next) {
        if (other->tracer != task->tracer || other == task || other->state != TASK_RUNNING || other->loose ||
            now - other->last_stop < COMPANY)
            continue;
        looks++;
        if (runs(other))
            return true;
    }
    return false;
}

/* As the kernel does, an exec looks for a CPU that is idle: nothing that the program had in caches is of use any
 * longer. */
static bool move_at_exec(struct task *task, uint64_t now)
{
    if (!has_computing_company(task, now))
        return false;
    struct tracer *to = idle_tracer(task, now);
    return to != NULL && hand_over(task, to, MOVE_FROM_CALL, now);
}

/*
 * A test may have every Nth stop end in a hand-over, to see that none loses anything. N is 2 or more: the call is made
 * again after it, and would be handed over for ever.
 */
static bool move_for_test(struct task *task, enum move_from from, uint64_t now)
{
    struct supervisor *supervisor = task->supervisor;
    if (supervisor->move_every < 2 || ++supervisor->moves_due % supervisor->move_every != 0)
        return false;
    long own = task->tracer - supervisor->tracers;
    return hand_over(task, &supervisor->tracers[(own + 1) % supervisor->tracer_count], from, now);
}

bool placement_at_call(struct task *task)
{
    if (task->supervisor->tracer_count == 1)
        return false;
    uint64_t now = now_ns();
    bool moved;
    if (move_for_test(task, MOVE_FROM_CALL, now))
        moved = true;
    else if (!CPU_ISSET((size_t)task->tracer->cpu, &task->allowed))
        moved = move_where_allowed(task, now);
    else if (task->loose)
        moved = settle_loose(task, now);
    else
        moved = (is_exec(&task->tracer->call) && move_at_exec(task, now)) || move_if_better(task, MOVE_FROM_CALL, now);
    task->last_stop = now;
    if (!moved)
        task->tracer->last_event = now;
    return moved;
}

bool placement_move(struct task *task, enum move_from from)
{
    if (task->supervisor->tracer_count == 1)
        return false;
    uint64_t now = now_ns();
    task->last_stop = now;
    if (move_for_test(task, from, now))
        return true;
    return move_if_better(task, from, now);
}

void placement_at_fork(struct task *parent, pid_t child)
{
    if (!parent->loose)
        return;
    parent->loose = false;
    pin(parent, parent->tid);
    pin(parent, child);
}

bool placement_tick_needed(const struct supervisor *supervisor)
{
    return supervisor->tracer_count > 1 && HASH_COUNT(supervisor->tasks) > 1;
}

static void loosen(struct task *task)
{
    task->loose = true;
    task->loose_stops = 0;
    placement_pin(task);
    task->supervisor->count.loosened++;
}

/* One that computes may keep its CPU, if the tracer there has nothing else to do. */
static bool keeps_cpu(const struct task *task, uint64_t now)
{
    struct tracer *tracer = task->tracer;
    bool taken = tracer->computing || now - tracer->last_event < ACTIVE;
    tracer->computing = true;
    return !taken;
}

void placement_tick(struct supervisor *supervisor)
{
    if (!placement_tick_needed(supervisor))
        return;
    uint64_t now = now_ns();
    int looks = 0;
    for (int i = 0; i < supervisor->tracer_count; i++)
        supervisor->tracers[i].computing = false;
    for (struct task *task = supervisor->tasks; task != NULL && looks < LOOKS_MAX; task = task->hh.next) {
        if (task->state != TASK_RUNNING || task->loose || now - task->last_stop < COMPUTES)
            continue;
        looks++;
        if (runs(task) && !keeps_cpu(task, now))
            loosen(task);
    }
}
