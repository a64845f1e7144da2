#include "supervisor/record/flow.h"

#include "emul/cleanup.h"
#include "supervisor/record/ancestry.h"
#include "supervisor/record/sql.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct process {
    sqlite3_int64 id;
    int parent; /* place in the array, before this one; -1: none */
    int task;   /* place of the process that the task began with */
    int next;   /* another one of the task, or -1 */
    bool tool;
    bool makes; /* of a task: it made a file that is left */
};

/* What is known of a task, at the place of its first process; gathered when it is first asked for. */
struct task {
    bool known;
    int last; /* of its processes */
    sqlite3_int64 *reads;
    size_t count, room;
    struct flow_tasks from; /* whose files it read */
};

struct flow {
    sqlite3 *database;
    struct process *processes; /* by number, ascending */
    struct task *tasks;
    size_t count, room;
    struct flow_tasks **makers; /* by path, NULL: not asked for yet */
    bool *made;                 /* by path: the run did */
    unsigned char *passed;      /* by path: flow_read() has told of it */
    size_t paths;
    sqlite3_stmt *reads, *maker, *name;
};

static const char reads_of_process[] =
    "SELECT DISTINCT path FROM event WHERE process = ? AND error = 0 AND path IS NOT NULL AND"
    " (kind IN ('read', 'exec', 'map', 'rename', 'link') OR (kind IN ('write', 'create') AND flags & 16))";

/* Of which processes something is left. */
static const char all_makers[] = "SELECT DISTINCT process FROM event WHERE error = 0 AND process IS NOT NULL AND"
                                 " kind IN ('write', 'create', 'rename', 'link') AND"
                                 " (path IN (SELECT path FROM file WHERE output AND NOT directory) OR"
                                 " path2 IN (SELECT path FROM file WHERE output))";

static const char maker_of_event[] =
    "SELECT process FROM event WHERE id = ? AND process IS NOT NULL AND kind IN ('write', 'create', 'rename', 'link')";

/* Programs whose commands do not hear of one another but through files. */
static bool is_build_tool(const char *program)
{
    static const char *const names[] = {"make", "gmake", "ninja", "samu", "ninja-build", "remake"};
    const char *slash = program == NULL ? NULL : strrchr(program, '/');
    for (size_t i = 0; slash != NULL && i < sizeof names / sizeof *names; i++)
        if (strcmp(slash + 1, names[i]) == 0)
            return true;
    return false;
}

static int compare_numbers(const void *key, const void *element)
{
    sqlite3_int64 id = *(const sqlite3_int64 *)key;
    const struct process *process = element;
    return id < process->id ? -1 : id > process->id;
}

/* The place of a process, or -1. */
static int place_of(const struct flow *flow, sqlite3_int64 id)
{
    if (flow->count == 0)
        return -1;
    const struct process *found = bsearch(&id, flow->processes, flow->count, sizeof *flow->processes, compare_numbers);
    return found == NULL ? -1 : (int)(found - flow->processes);
}

static int add_process(struct flow *flow, sqlite3_stmt *row)
{
    if (flow->count == flow->room) {
        size_t room = flow->room * 2 + 64;
        struct process *processes = realloc(flow->processes, room * sizeof *processes);
        if (processes == NULL)
            return -ENOMEM;
        flow->processes = processes;
        flow->room = room;
    }
    int parent = place_of(flow, sqlite3_column_int64(row, 1));
    struct process process = {
        .id = sqlite3_column_int64(row, 0), .parent = parent, .task = (int)flow->count, .next = -1};
    process.tool = is_build_tool(sql_name(row, 2));
    if (parent >= 0 && !flow->processes[parent].tool)
        process.task = flow->processes[parent].task;
    flow->processes[flow->count++] = process;
    return 0;
}

static int load_processes(struct flow *flow)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status = sql_prepare(flow->database, "SELECT id, parent, program FROM process ORDER BY id", &rows);
    while (status == 0 && (status = sql_row(rows)) == 1)
        status = add_process(flow, rows);
    return status;
}

static int load_makers(struct flow *flow)
{
    if (flow->processes == NULL)
        return 0;
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status = sql_prepare(flow->database, all_makers, &rows);
    while (status == 0 && (status = sql_row(rows)) == 1) {
        int place = place_of(flow, sqlite3_column_int64(rows, 0));
        if (place >= 0)
            flow->processes[flow->processes[place].task].makes = true;
        status = 0;
    }
    return status;
}

/* Tasks that made nothing become part of that which started them. Parents come first, so one way through is enough. */
static void join_tasks(struct flow *flow)
{
    for (size_t i = 0; i < flow->count; i++) {
        struct process *process = &flow->processes[i];
        bool begins = process->task == (int)i;
        if (!begins)
            process->task = flow->processes[process->task].task;
        else if (!process->makes && process->parent >= 0)
            process->task = flow->processes[process->parent].task;
    }
}

/* The processes of each task as a list, which begins with the first. */
static void link_tasks(struct flow *flow)
{
    if (flow->processes == NULL)
        return;
    for (size_t i = 0; i < flow->count; i++)
        flow->tasks[i].last = (int)i;
    for (size_t i = 0; i < flow->count; i++) {
        struct task *task = &flow->tasks[flow->processes[i].task];
        if (flow->processes[i].task == (int)i)
            continue;
        flow->processes[task->last].next = (int)i;
        task->last = (int)i;
    }
}

static int load_made(struct flow *flow)
{
    cleanup_statement sqlite3_stmt *rows = NULL;
    int status =
        sql_prepare(flow->database, "SELECT path FROM file WHERE (output OR temporary) AND NOT directory", &rows);
    while (status == 0 && (status = sql_row(rows)) == 1) {
        sqlite3_int64 path = sqlite3_column_int64(rows, 0);
        if (path > 0 && (size_t)path < flow->paths)
            flow->made[path] = true;
        status = 0;
    }
    return status;
}

static int prepare(struct flow *flow)
{
    int status = sql_prepare(flow->database, reads_of_process, &flow->reads);
    if (status == 0)
        status = sql_prepare(flow->database, maker_of_event, &flow->maker);
    if (status == 0)
        status = sql_prepare(flow->database, "SELECT name FROM path WHERE id = ?", &flow->name);
    flow->paths = (size_t)sql_number(flow->database, "SELECT max(id) FROM path", NULL) + 1;
    flow->passed = calloc(flow->paths, sizeof *flow->passed);
    flow->made = calloc(flow->paths, sizeof *flow->made);
    flow->makers = calloc(flow->paths, sizeof(struct flow_tasks *));
    flow->tasks = calloc(flow->count + 1, sizeof *flow->tasks);
    bool all = flow->passed != NULL && flow->made != NULL && flow->makers != NULL && flow->tasks != NULL;
    return status == 0 && !all ? -ENOMEM : status;
}

int flow_new(struct flow **flow, sqlite3 *database)
{
    struct flow *new = calloc(1, sizeof *new);
    *flow = new;
    if (new == NULL)
        return -ENOMEM;
    new->database = database;
    int status = load_processes(new);
    if (status == 0)
        status = load_makers(new);
    if (status == 0)
        status = prepare(new);
    if (status == 0)
        status = load_made(new);
    if (status < 0)
        return status;
    join_tasks(new);
    link_tasks(new);
    return 0;
}

void flow_free(struct flow *flow)
{
    if (flow == NULL)
        return;
    for (size_t i = 0; flow->tasks != NULL && i < flow->count; i++) {
        free(flow->tasks[i].reads);
        free(flow->tasks[i].from.tasks);
    }
    for (size_t i = 0; flow->makers != NULL && i < flow->paths; i++) {
        if (flow->makers[i] != NULL)
            free(flow->makers[i]->tasks);
        free(flow->makers[i]);
    }
    (void)sqlite3_finalize(flow->reads);
    (void)sqlite3_finalize(flow->maker);
    (void)sqlite3_finalize(flow->name);
    free(flow->processes);
    free(flow->tasks);
    free(flow->makers);
    free(flow->made);
    free(flow->passed);
    free(flow);
}

int flow_add(struct flow_tasks *tasks, int task)
{
    size_t low = 0;
    size_t high = tasks->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tasks->tasks[middle] < task)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < tasks->count && tasks->tasks[low] == task)
        return 0;
    if (tasks->count == tasks->room) {
        size_t room = tasks->room * 2 + 16;
        int *bigger = realloc(tasks->tasks, room * sizeof *bigger);
        if (bigger == NULL)
            return -ENOMEM;
        tasks->tasks = bigger;
        tasks->room = room;
    }
    memmove(tasks->tasks + low + 1, tasks->tasks + low, (tasks->count - low) * sizeof *tasks->tasks);
    tasks->tasks[low] = task;
    tasks->count++;
    return 0;
}

static int add_tasks(struct flow_tasks *tasks, const struct flow_tasks *more)
{
    int status = 0;
    for (size_t i = 0; i < more->count && status == 0; i++)
        status = flow_add(tasks, more->tasks[i]);
    return status;
}

static int find_makers(struct flow *flow, const char *path, struct flow_tasks *tasks)
{
    struct ancestry ancestry;
    int status = ancestry_of(&ancestry, flow->database, path);
    for (size_t i = 0; i < ancestry.count && status == 0; i++) {
        (void)sqlite3_bind_int64(flow->maker, 1, ancestry.events[i]);
        status = sql_row(flow->maker);
        int place = status == 1 ? place_of(flow, sqlite3_column_int64(flow->maker, 0)) : -1;
        (void)sqlite3_reset(flow->maker);
        if (status == 1)
            status = place < 0 ? 0 : flow_add(tasks, flow->processes[place].task);
    }
    ancestry_free(&ancestry);
    return status;
}

int flow_makers(struct flow *flow, sqlite3_int64 path, struct flow_tasks *tasks)
{
    if (path <= 0 || (size_t)path >= flow->paths)
        return 0;
    if (flow->makers[path] == NULL) {
        flow->makers[path] = calloc(1, sizeof(struct flow_tasks));
        if (flow->makers[path] == NULL)
            return -ENOMEM;
        (void)sqlite3_bind_int64(flow->name, 1, path);
        int status = sql_row(flow->name);
        if (status == 1)
            status = find_makers(flow, sql_name(flow->name, 0), flow->makers[path]);
        (void)sqlite3_reset(flow->name);
        if (status < 0)
            return status;
    }
    return add_tasks(tasks, flow->makers[path]);
}

static int note_read(struct task *task, sqlite3_int64 path)
{
    if (task->count == task->room) {
        size_t room = task->room * 2 + 32;
        sqlite3_int64 *reads = realloc(task->reads, room * sizeof *reads);
        if (reads == NULL)
            return -ENOMEM;
        task->reads = reads;
        task->room = room;
    }
    task->reads[task->count++] = path;
    return 0;
}

static int gather_process(struct flow *flow, struct task *task, sqlite3_int64 process)
{
    int status;
    (void)sqlite3_bind_int64(flow->reads, 1, process);
    while ((status = sql_row(flow->reads)) == 1) {
        sqlite3_int64 path = sqlite3_column_int64(flow->reads, 0);
        status = note_read(task, path);
        if (status < 0)
            break;
    }
    (void)sqlite3_reset(flow->reads);
    return status;
}

/* Gathers what a task read and from whom, once. 0 or -errno. */
static int gather(struct flow *flow, int number)
{
    struct task *task = &flow->tasks[number];
    int parent = flow->processes[number].parent;
    int status = 0;
    if (task->known)
        return 0;
    task->known = true;
    for (int place = number; place >= 0 && status == 0; place = flow->processes[place].next)
        status = gather_process(flow, task, flow->processes[place].id);
    for (size_t i = 0; i < task->count && status == 0; i++) {
        sqlite3_int64 path = task->reads[i];
        if (path > 0 && (size_t)path < flow->paths && flow->made[path])
            status = flow_makers(flow, path, &task->from);
    }
    if (status == 0 && parent >= 0)
        status = flow_add(&task->from, flow->processes[parent].task);
    return status;
}

int flow_close(struct flow *flow, struct flow_tasks *tasks)
{
    struct flow_tasks done = {.count = 0};
    int status = 0;
    /* Until a way through finds none that has not been looked at. */
    while (status == 0 && done.count < tasks->count) {
        int next = 0;
        size_t i = 0;
        while (i < done.count && done.tasks[i] == tasks->tasks[i])
            i++;
        next = tasks->tasks[i];
        status = gather(flow, next);
        if (status == 0)
            status = flow_add(&done, next);
        if (status == 0)
            status = add_tasks(tasks, &flow->tasks[next].from);
    }
    free(done.tasks);
    return status;
}

int flow_read(struct flow *flow, const struct flow_tasks *tasks, int (*each)(void *context, sqlite3_int64 path),
              void *context)
{
    int status = 0;
    memset(flow->passed, 0, flow->paths);
    for (size_t i = 0; i < tasks->count && status == 0; i++) {
        const struct task *task = &flow->tasks[tasks->tasks[i]];
        status = gather(flow, tasks->tasks[i]);
        for (size_t j = 0; j < task->count && status == 0; j++) {
            sqlite3_int64 path = task->reads[j];
            if (path <= 0 || (size_t)path >= flow->paths || flow->passed[path])
                continue;
            flow->passed[path] = 1;
            status = each(context, path);
        }
    }
    return status;
}
