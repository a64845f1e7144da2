/*
 * Changes in a view that are cut off at every step: the old or the new state is there afterwards.
 *
 * Run as "test_cut_off --act NAME DIR" it is the program that is cut off (COFFER_FAULT).
 */
#include "tests/unit/view_fixture.h"

#ifdef COFFER_TEST_HOOKS

#define LARGE (6 << 20)

static int64_t act_append(void)
{
    int64_t fd = view_open(&sv, "f", O_WRONLY | O_APPEND);
    if (fd < 0)
        return fd;
    (void)close((int)fd);
    return 0;
}

static int64_t act_large(void)
{
    return made(&sv, SYS_chmod, ADDRESS("large"), 0600, 0, 0);
}

static int64_t act_unlink(void)
{
    return view_unlink(&sv, "f");
}

static int64_t act_rmdir(void)
{
    return view_rmdir(&sv, "emptied");
}

static int64_t act_rename(void)
{
    return view_rename(&sv, "f", "g");
}

static int64_t act_rename_directory(void)
{
    return view_rename(&sv, "d", "e");
}

static int64_t act_mkdir(void)
{
    return view_mkdir(&sv, "deleted");
}

static int64_t act_create(void)
{
    return view_write(&sv, "deleted", "");
}

static int64_t act_rename_onto_directory(void)
{
    return view_rename(&sv, "d", "emptied");
}

/* The other name is looked for, and made a link of the copy. */
static int64_t act_linked(void)
{
    struct stat st;
    int64_t error = made(&sv, SYS_truncate, ADDRESS("h1"), 0, 0, 0);
    if (error < 0)
        return error;
    error = view_stat(&sv, "h2", &st);
    return error < 0 ? error : -st.st_size;
}

/* Each act, two names, and what describe_view() says of them before and after. Any other state is a failure. */
static const struct act {
    const char *name;
    int64_t (*act)(void);
    const char *names[2];
    const char *before, *after;
} acts[] = {
    {"append", act_append, {"f", "g"}, "f f|f g|", "f f|f g|"},
    {"large", act_large, {"large", "g"}, "f 6291456 644|f g|", "f 6291456 600|f g|"},
    {"unlink", act_unlink, {"f", "g"}, "f f|f g|", "ENOENT|f g|"},
    {"rmdir", act_rmdir, {"emptied", "emptied/gone"}, "d |ENOENT|", "ENOENT|ENOENT|"},
    {"rename", act_rename, {"f", "g"}, "f f|f g|", "ENOENT|f f|"},
    {"rename-directory", act_rename_directory, {"d", "e"}, "d in link |ENOENT|", "ENOENT|d in link |"},
    {"mkdir", act_mkdir, {"deleted", "deleted/in"}, "ENOENT|ENOENT|", "d |ENOENT|"},
    {"create", act_create, {"deleted", "g"}, "ENOENT|f g|", "f |f g|"},
    {"linked", act_linked, {"h1", "h2"}, "f h|f h|", "f |f |"},
    {"rename-onto-directory", act_rename_onto_directory, {"d", "emptied"}, "d in link |d |", "ENOENT|d in link |"},
};

enum { ACTS = sizeof acts / sizeof *acts };

/* A directory's names, a file's content (of a large one size and mode), or an errno, each with a bar after it. */
static void describe_view(const char *const names[2], char *text, size_t room)
{
    text[0] = '\0';
    for (int i = 0; i < 2; i++) {
        struct stat st;
        size_t used = strlen(text);
        int64_t error = view_stat(&sv, names[i], &st);
        if (error < 0)
            (void)snprintf(text + used, room - used, "%s|", strerrorname_np((int)-error));
        else if (S_ISDIR(st.st_mode))
            (void)snprintf(text + used, room - used, "d %.100s|", view_names(&sv, names[i]));
        else if (st.st_size > 100)
            (void)snprintf(text + used, room - used, "f %lld %o|", (long long)st.st_size, st.st_mode & 07777);
        else
            (void)snprintf(text + used, room - used, "f %.100s|", view_read(&sv, names[i]));
    }
}

static void put_for_acts(bool with_large)
{
    static char block[64 << 10];
    put_file(host("f"), "f", 0644);
    put_file(host("g"), "g", 0644);
    put_file(host("h1"), "h", 0644);
    ck_assert_int_eq(link(host("h1"), host("h2")), 0);
    put_dir(host("d"));
    put_file(host("d/in"), "in", 0644);
    put_link(host("d/link"), "in");
    put_dir(host("emptied"));
    put_file(host("emptied/gone"), "", 0644);
    put_dir(upper("emptied"));
    put_whiteout(upper("emptied/gone"));
    put_kind(host("deleted"), 'd', "old");
    put_whiteout(upper("deleted"));
    if (!with_large)
        return;
    memset(block, 'x', sizeof block);
    int fd = open(host("large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    for (int i = 0; i < LARGE / (int)sizeof block; i++)
        ck_assert_int_eq(write(fd, block, sizeof block), (ssize_t)sizeof block);
    (void)close(fd);
}

/* Runs the act in a process that COFFER_FAULT cuts off; its wait status. */
static int run_act(const char *name, const char *fault)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)setenv("COFFER_FAULT", fault, 1);
        (void)execl("/proc/self/exe", "test_view", "--act", name, sv.scratch.dir, (char *)NULL);
        _exit(99);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* In the process that is cut off: 0 done, 1 the act failed, 2 the view did not open. */
static int act_main(const char *name, const char *dir)
{
    (void)umask(022);
    (void)snprintf(sv.scratch.host, sizeof sv.scratch.host, "%.1000s/host", dir);
    (void)snprintf(sv.scratch.layer, sizeof sv.scratch.layer, "%.1000s/layer", dir);
    if (view_begin(&sv) < 0)
        return 2;
    for (size_t i = 0; i < ACTS; i++)
        if (strcmp(acts[i].name, name) == 0)
            return acts[i].act() == 0 ? 0 : 1;
    return 99;
}

/* Loops over the acts, and over running out of space and being killed. */
START_TEST(an_act_that_is_cut_off_leaves_the_old_or_the_new_state)
{
    const struct act *act = &acts[_i / 2];
    const char *what = _i % 2 == 0 ? "28" : "KILL";
    int done_in_a_row = 0;
    scratch_done(&sv.scratch);
    for (int step = 0;; step++) {
        char text[512];
        ck_assert_int_lt(step, 100);
        memset(&sv, 0, sizeof sv);
        scratch_make(&sv.scratch);
        put_for_acts(act->act == act_large);
        int status = run_act(act->name, path_of("%d:%s", step, what));
        begin();
        done_in_a_row = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? done_in_a_row : 0;
        bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        describe_view(act->names, text, sizeof text);
        ck_assert_msg(strcmp(text, act->after) == 0 || (!done && strcmp(text, act->before) == 0), "%s, step %d:%s: %s",
                      act->name, step, what, text);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) != 99);
        view_end(&sv);
        sv.view = NULL;
        (void)chdir("/");
        scratch_done(&sv.scratch);
        /* No step was left to fail, and not one whose failure nobody minds. */
        if (done && ++done_in_a_row == 8)
            break;
    }
    scratch_make(&sv.scratch);
}
END_TEST

#endif

int main(int argc, char **argv)
{
#ifdef COFFER_TEST_HOOKS
    if (argc == 4 && strcmp(argv[1], "--act") == 0)
        return act_main(argv[2], argv[3]);
#endif
    (void)argc, (void)argv;
    Suite *suite = suite_create("cut off");
    TCase *cases = tcase_create("cut off");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
#ifdef COFFER_TEST_HOOKS
    tcase_add_loop_test(cases, an_act_that_is_cut_off_leaves_the_old_or_the_new_state, 0, 2 * ACTS);
#endif
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
