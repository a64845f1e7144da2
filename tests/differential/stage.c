/*
 * Plays a script. Its actors are processes and threads; each goes through the whole list and does what is its own,
 * when it is its turn: so a script has one order, however many take part.
 */
#include "actor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 20 }; /* seconds until an actor believes that the others are dead */

struct slot slots[SLOTS];
bool native;
char top[PATH_MAX];
int channel[2] = {-1, -1};

static const struct script *script;
static struct {
    atomic_int turn;
    atomic_int present[ACTORS];
} * shared;

static long futex(int operation, int value, const struct timespec *timeout)
{
    return syscall(SYS_futex, &shared->turn, operation, value, timeout, NULL, 0);
}

/* Waits until it is this actor's turn; -1 when the script is over. */
static int wait_for_turn(int actor)
{
    struct timespec patience = {.tv_sec = PATIENCE};

    for (;;) {
        int turn = atomic_load(&shared->turn);

        if ((size_t)turn >= script->count)
            return -1;
        if (script->operations[turn].actor == actor)
            return turn;
        if (futex(FUTEX_WAIT, turn, &patience) != 0 && errno == ETIMEDOUT)
            _exit(9);
    }
}

static void pass_turn(int turn)
{
    for (turn++; (size_t)turn < script->count && !atomic_load(&shared->present[script->operations[turn].actor]); turn++)
        say("%d absent\n", turn);
    atomic_store(&shared->turn, turn);
    (void)futex(FUTEX_WAKE, INT_MAX, NULL);
}

/* A new process or thread begins to take part; before it was started, so that its turns are kept for it. */
int actor_start(int actor)
{
    if (actor < 0 || actor >= ACTORS || atomic_exchange(&shared->present[actor], 1) != 0) {
        errno = EBUSY;
        return -1;
    }
    return 0;
}

void actor_absent(int actor)
{
    atomic_store(&shared->present[actor], 0);
}

/* Whether all paths of the operation stay in the tree. */
static bool may_perform(const struct operation *op)
{
    int dirfd = AT_FDCWD;

    for (int i = 0; i < op->count; i++) {
        char kind = op->row->kinds[i];

        if (kind == 'D')
            dirfd = arg_dir(op, i);
        else if ((kind == 'P' || kind == 'N') && !path_stays_inside(dirfd, arg_path(op, i)))
            return false;
    }
    return true;
}

static void say_marks(const struct operation *op)
{
    for (int i = 0; i < op->count; i++) {
        const char *text = op->arguments[i];

        if ((op->row->kinds[i] == 'F' || op->row->kinds[i] == 'D') && text[0] == 'f')
            say(" ~%c", slots[(text[1] - '0') % SLOTS].kind);
    }
}

static void perform(const struct operation *op, int turn)
{
    if (op->row == NULL || (native && !may_perform(op))) {
        say("%d refused\n", turn);
        return;
    }
    say("%d", turn);
    say_marks(op);
    say(" %s:", op->row->name);
    errno = 0;
    long result = op->row->run(op);
    if (result < 0)
        say(" -> %s\n", strerrorname_np(errno));
    else
        say(" -> %ld\n", result);
}

/* Does what is this actor's to do, to the end of the script. */
void play_as(int actor)
{
    int turn;

    while ((turn = wait_for_turn(actor)) >= 0) {
        perform(&script->operations[turn], turn);
        pass_turn(turn);
    }
}

static void prepare_stage(void)
{
    for (int i = 0; i < SLOTS; i++)
        slots[i] = (struct slot){.fd = -1, .kind = '-'};
    atomic_store(&shared->turn, 0);
    for (int i = 0; i < ACTORS; i++)
        atomic_store(&shared->present[i], i == 0);
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, channel) != 0)
        err(2, "socketpair");
}

static void first_actor(const char *directory)
{
    (void)setpgid(0, 0);
    (void)alarm(3 * PATIENCE);
    (void)umask(022);
    if (chdir(directory) != 0 || path_know_top() != 0)
        err(2, "%s", directory);
    if (script->count > 0) {
        pass_turn(-1);
        play_as(0);
    }
    say("tree\n");
    walk_tree(directory, directory, false);
    while (wait(NULL) > 0)
        ;
    _exit(0);
}

void play_script(const struct script *played, const char *directory)
{
    int status;

    script = played;
    if (shared == NULL)
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        err(2, "mmap");
    (void)snprintf(top, sizeof top, "%s", directory);
    prepare_stage();
    pid_t child = fork();
    if (child == 0)
        first_actor(directory);
    close(channel[0]);
    close(channel[1]);
    if (waitpid(child, &status, 0) != child || status != 0)
        say("died: status %d\n", status);
    /* Of an actor that died, the children may live. */
    (void)kill(-child, SIGKILL);
}
