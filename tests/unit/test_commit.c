/*
 * Commit: every pair of objects, conflicts, forged targets, and a commit that is cut off at each of its
 * steps. Run as "test_commit --commit LAYER [PATH]", it is the program that is cut off (COFFER_FAULT).
 */
#include "emul/commit.h"
#include "emul/discard.h"
#include "emul/layer_base.h"
#include "tests/unit/scratch_layer.h"

static struct scratch scratch;
static struct lines lines;

static void setup(void)
{
    scratch_make(&scratch);
    ck_assert_int_eq(setenv("XDG_STATE_HOME", path_of("%s/state", scratch.dir), 1), 0);
}

static void teardown(void)
{
    scratch_done(&scratch);
}

struct notes {
    char text[8192];
};

static void take_note(void *context, enum commit_note note, enum change_kind kind, const char *path, const char *why)
{
    struct notes *notes = context;
    size_t used = strlen(notes->text);
    (void)kind;
    if (note != COMMIT_CHANGE)
        (void)snprintf(notes->text + used, sizeof notes->text - used, "%d %s: %s\n", (int)note, path,
                       why == NULL ? "" : why);
}

/* Commits; the status of layer_commit(). */
static int try_commit(const char *path, struct commit_options options, struct commit_result *result,
                      struct notes *notes)
{
    struct layer layer;
    struct layer_error error;
    notes->text[0] = '\0';
    options.root = options.root == NULL ? "/" : options.root;
    options.report = take_note;
    options.context = notes;
    int status = layer_open(&layer, path, LAYER_WRITE, NULL, &error);
    if (status == 0) {
        status = layer_commit(&layer, &options, result, &error);
        layer_close(&layer);
    }
    if (status < 0)
        (void)fprintf(stderr, "%s\n", error.text);
    return status;
}

static void commit_all(bool force)
{
    struct notes notes;
    struct commit_result result = {0};
    int status = try_commit(scratch.layer, (struct commit_options){.force = force}, &result, &notes);
    ck_assert_msg(status == 0 && !result.refused, "status %d, refused %d: %s", status, result.refused, notes.text);
}

static const char *described(const char *dir)
{
    static char text[16384];
    text[0] = '\0';
    describe(dir, "", text, sizeof text);
    return text;
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static const struct {
    char upper, host;
    const char *expected;
} pairs[] = {
    {'f', 'f', "fx 644 new\n"},
    {'f', 'e', "fx 644 new\n"},
    {'f', 'l', "fx 644 new\n"},
    {'f', '-', "fx 644 new\n"},
    {'d', 'f', "dx 755 \nfx/in 644 new\n"},
    {'d', 'e', "dx 755 \nfx/in 644 new\nfx/other 644 old\n"},
    {'d', 'l', "dx 755 \nfx/in 644 new\n"},
    {'d', '-', "dx 755 \nfx/in 644 new\n"},
    {'l', 'f', "lx 0 new\n"},
    {'l', 'e', "lx 0 new\n"},
    {'l', 'l', "lx 0 new\n"},
    {'l', '-', "lx 0 new\n"},
    {'-', 'f', "fx 644 old\n"},
    {'-', 'e', "dx 755 \nfx/in 644 old\nfx/other 644 old\n"},
    {'-', 'l', "lx 0 old\n"},
    {'-', '-', ""},
    {'o', 'f', "dx 755 \nfx/in 644 new\n"},
    {'o', 'e', "dx 755 \nfx/in 644 new\n"},
    {'o', 'l', "dx 755 \nfx/in 644 new\n"},
    {'o', '-', "dx 755 \nfx/in 644 new\n"},
    {'w', 'f', ""},
    {'w', 'e', ""},
    {'w', 'l', ""},
    {'w', '-', ""},
};

START_TEST(every_pair)
{
    put_kind(path_of("%s/x", scratch.upper), pairs[_i].upper, "new");
    put_kind(path_of("%s/x", scratch.host), pairs[_i].host, "old");
    commit_all(false);
    ck_assert_msg(strcmp(described(scratch.host), pairs[_i].expected) == 0, "%c over %c gave \"%s\"", pairs[_i].upper,
                  pairs[_i].host, described(scratch.host));
    ck_assert(!exists(scratch.layer));
}
END_TEST

/* A bit of everything that a commit does. */
static void make_everything(void)
{
    const char *host = scratch.host;
    const char *upper = scratch.upper;
    put_file(path_of("%s/changed", host), "old", 0644);
    put_file(path_of("%s/gone", host), "old", 0644);
    put_kind(path_of("%s/gone-dir", host), 'e', "old");
    put_file(path_of("%s/mode", host), "same", 0644);
    put_kind(path_of("%s/dir-to-file", host), 'e', "old");
    put_file(path_of("%s/file-to-dir", host), "old", 0644);
    put_kind(path_of("%s/merged", host), 'e', "old");

    put_file(path_of("%s/changed", upper), "new", 0640);
    put_whiteout(path_of("%s/gone", upper));
    put_whiteout(path_of("%s/gone-dir", upper));
    put_file(path_of("%s/mode", upper), "same", 0755);
    put_file(path_of("%s/dir-to-file", upper), "new", 0644);
    put_kind(path_of("%s/file-to-dir", upper), 'd', "new");
    put_dir(path_of("%s/merged", upper));
    put_file(path_of("%s/merged/added", upper), "new", 0600);
    put_dir(path_of("%s/tree", upper));
    put_dir(path_of("%s/tree/deep", upper));
    put_file(path_of("%s/tree/deep/one", upper), "linked", 0644);
    ck_assert_int_eq(link(path_of("%s/tree/deep/one", upper), path_of("%s/two", upper)), 0);
    put_link(path_of("%s/tree/link", upper), "/nowhere");
    ck_assert_int_eq(mkfifo(path_of("%s/tree/pipe", upper), 0640), 0);
    ck_assert_int_eq(chmod(path_of("%s/tree/deep", upper), 0555), 0);
}

static const char everything[] = "fchanged 640 new\n"
                                 "fdir-to-file 644 new\n"
                                 "dfile-to-dir 755 \n"
                                 "ffile-to-dir/in 644 new\n"
                                 "dmerged 755 \n"
                                 "fmerged/added 600 new\n"
                                 "fmerged/in 644 old\n"
                                 "fmerged/other 644 old\n"
                                 "fmode 755 same\n"
                                 "dtree 755 \n"
                                 "dtree/deep 555 \n"
                                 "ftree/deep/one 644 linked\n"
                                 "ltree/link 0 /nowhere\n"
                                 "ptree/pipe 640 \n"
                                 "ftwo 644 linked\n";

START_TEST(everything_at_once)
{
    struct stat one;
    struct stat two;
    make_everything();
    commit_all(false);
    ck_assert_str_eq(described(scratch.host), everything);
    ck_assert_int_eq(stat(path_of("%s/tree/deep/one", scratch.host), &one), 0);
    ck_assert_int_eq(stat(path_of("%s/two", scratch.host), &two), 0);
    ck_assert_uint_eq(one.st_ino, two.st_ino);
    ck_assert_int_eq(one.st_mtim.tv_sec, 1000000000);
}
END_TEST

/* Runs this program's --commit in a process of its own with a fault; its wait status. */
static int commit_part_with_fault(unsigned step, const char *what, const char *part)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (what != NULL)
            (void)setenv("COFFER_FAULT", path_of("%u:%s", step, what), 1);
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, STDERR_FILENO);
        (void)execl("/proc/self/exe", "test_commit", "--commit", scratch.layer, part, (char *)NULL);
        _exit(99);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int commit_with_fault(unsigned step, const char *what)
{
    return commit_part_with_fault(step, what, NULL);
}

static void check_finished(unsigned step)
{
    if (exists(scratch.layer)) {
        int status = commit_with_fault(0, NULL);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "step %u: second commit: %x", step, status);
    }
    ck_assert_msg(strcmp(described(scratch.host), everything) == 0, "step %u: %s", step, described(scratch.host));
    ck_assert_msg(!exists(scratch.layer), "step %u: the layer is still there", step);
}

START_TEST(killed_at_any_step_the_next_one_finishes)
{
    bool killed = true;
    unsigned step;
    for (step = 0; killed; step++) {
        if (step > 0)
            setup();
        make_everything();
        int status = commit_with_fault(step, "KILL");
        killed = WIFSIGNALED(status);
        check_finished(step);
        teardown();
    }
    setup();
#ifdef COFFER_TEST_HOOKS
    ck_assert_uint_gt(step, 20);
#endif
}
END_TEST

START_TEST(killed_at_any_step_of_a_part_the_next_one_finishes)
{
    bool killed = true;
    for (unsigned step = 0; killed; step++) {
        if (step > 0)
            setup();
        put_kind(path_of("%s/other", scratch.upper), 'd', "new");
        put_kind(path_of("%s/d", scratch.host), 'e', "old");
        put_kind(path_of("%s/d", scratch.upper), 'o', "new");
        put_kind(path_of("%s/d/tree", scratch.upper), 'd', "new");
        char *part = path_of("%s/d", scratch.host);
        int status = commit_part_with_fault(step, "KILL", part);
        killed = WIFSIGNALED(status);
        status = commit_part_with_fault(0, NULL, part);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "step %u: second commit: %x", step, status);
        ck_assert_str_eq(described(scratch.host), "dd 755 \nfd/in 644 new\ndd/tree 755 \nfd/tree/in 644 new\n");
        ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "A other\nA other/in\n");
        ck_assert(!exists(path_of("%s/journal", scratch.layer)));
        teardown();
    }
    setup();
}
END_TEST

static int system_of(const char *program, const char *option, const char *from, const char *to)
{
    int status;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)execlp(program, program, option, from, to, (char *)NULL);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* A layer's journal, as one that somebody else made may have it: records of a letter and two strings. */
static void forge_journal(const char *text, size_t size)
{
    int fd = open(path_of("%s/journal", scratch.layer), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
    (void)close(fd);
}

START_TEST(a_journal_that_came_with_the_layer_is_not_believed)
{
    struct stat st;
    struct notes notes;
    struct commit_result result = {0};
    put_file(path_of("%s/victim", scratch.host), "old", 0644);
    put_file(path_of("%s/evil", scratch.host), "evil", 0644);
    put_file(path_of("%s/victim", scratch.upper), "new", 04755);
    ck_assert_int_eq(stat(path_of("%s/victim", scratch.host), &st), 0);
    /* Makes a program set-user-id, removes a file that it is told the number of, renames one over another. */
    const char *host = scratch.host;
    const char *victim = path_of("%s/victim", host), *evil = path_of("%s/evil", host);
    const char *texts[] = {
        path_of("R/|Wwhole||m%s|", victim),
        path_of("R/|Wwhole||D%s|%llu:%llu", victim, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino),
        path_of("R/|Wwhole||f%s|%s", victim, evil),
        /* Not begun: what was made would be removed. */
        path_of("R/|W||f%s|%s", victim, evil),
    };
    for (size_t i = 0; i < 8; i++) {
        char forged[4096];
        size_t size = (size_t)snprintf(forged, sizeof forged, "%s|%s", texts[i % 4], i % 4 < 3 ? "G||" : "");
        for (char *bar = forged; (bar = strchr(bar, '|')) != NULL;)
            *bar++ = '\0';
        /* Also with a first line as our own have. */
        char longer[4200] = "0123456789abcdef0123456789abcdef\n";
        memcpy(longer + 33, forged, size);
        forge_journal(i < 4 ? forged : longer, i < 4 ? size : size + 33);
        ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){.force = true}, &result, &notes),
                         -EKEYREJECTED);
        ck_assert_str_eq(described(host), "fevil 644 evil\nfvictim 644 old\n");
    }
    ck_assert_int_eq(unlink(path_of("%s/journal", scratch.layer)), 0);
    commit_all(true);
    ck_assert_str_eq(described(host), "fevil 644 evil\nfvictim 4755 new\n");
}
END_TEST

START_TEST(a_copy_of_a_layer_half_committed_is_not_carried_on_with)
{
    struct notes notes;
    struct commit_result result = {0};
    bool killed = true;
    unsigned copies = 0;
    for (unsigned step = 0; killed; step++) {
        if (step > 0)
            setup();
        put_file(path_of("%s/a", scratch.upper), "new", 0644);
        put_file(path_of("%s/b", scratch.upper), "new", 0644);
        killed = WIFSIGNALED(commit_with_fault(step, "KILL"));
        if (exists(path_of("%s/journal", scratch.layer))) {
            char before[256];
            char *copy = path_of("%s/copy", scratch.dir);
            ck_assert_int_eq(system_of("cp", "-a", scratch.layer, copy), 0);
            (void)snprintf(before, sizeof before, "%s", described(scratch.host));
            ck_assert_int_eq(try_commit(copy, (struct commit_options){.force = true}, &result, &notes), -EKEYREJECTED);
            ck_assert_str_eq(described(scratch.host), before);
            copies++;
        }
        if (exists(scratch.layer))
            commit_all(false);
        ck_assert_str_eq(described(scratch.host), "fa 644 new\nfb 644 new\n");
        teardown();
    }
    setup();
#ifdef COFFER_TEST_HOOKS
    ck_assert_uint_gt(copies, 3);
#else
    (void)copies;
#endif
}
END_TEST

START_TEST(a_full_disk_at_any_step_loses_nothing)
{
    /* More steps than a commit has: the last ones just succeed. */
    for (unsigned step = 0; step < 145; step++) {
        if (step > 0)
            setup();
        make_everything();
        char before[16384];
        (void)snprintf(before, sizeof before, "%s", described(scratch.host));
        int status = commit_with_fault(step, "28");
        ck_assert_msg(WIFEXITED(status), "step %u: %x", step, status);
        if (WEXITSTATUS(status) != 0) {
            ck_assert_msg(exists(scratch.layer) || strcmp(described(scratch.host), everything) == 0, "step %u", step);
            if (!exists(path_of("%s/journal", scratch.layer)) && exists(scratch.layer))
                ck_assert_msg(strcmp(described(scratch.host), before) == 0, "step %u: half a commit: %s", step,
                              described(scratch.host));
        }
        check_finished(step);
        teardown();
    }
    setup();
}
END_TEST

static void note_base(const char *name)
{
    struct layer layer;
    struct layer_error error;
    struct stat st;
    char *path = path_of("%s/%s", scratch.host, name);
    ck_assert_int_eq(layer_open(&layer, scratch.layer, LAYER_WRITE, NULL, &error), 0);
    ck_assert_int_eq(layer_base_note(&layer, path, lstat(path, &st) == 0 ? &st : NULL), 0);
    layer_close(&layer);
}

START_TEST(a_host_that_changed_since_is_a_conflict)
{
    static const char *const names[] = {"changed", "created", "deleted", "replaced", "still"};
    struct notes notes;
    struct commit_result result = {0};
    for (size_t i = 0; i < 5; i++) {
        if (i != 1)
            put_file(path_of("%s/%s", scratch.host, names[i]), "old", 0644);
        note_base(names[i]);
        put_file(path_of("%s/%s", scratch.upper, names[i]), "new", 0644);
    }
    put_file(path_of("%s/changed", scratch.host), "theirs", 0644);
    put_file(path_of("%s/created", scratch.host), "theirs", 0644);
    ck_assert_int_eq(unlink(path_of("%s/deleted", scratch.host)), 0);
    ck_assert_int_eq(unlink(path_of("%s/replaced", scratch.host)), 0);
    put_dir(path_of("%s/replaced", scratch.host));
    char *before = strdup(described(scratch.host));
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){0}, &result, &notes), 0);
    ck_assert(result.refused);
    ck_assert_uint_eq(result.conflicts, 4);
    ck_assert_ptr_nonnull(strstr(notes.text, "changed: changed on the host since"));
    ck_assert_ptr_nonnull(strstr(notes.text, "created: created on the host since"));
    ck_assert_ptr_nonnull(strstr(notes.text, "deleted: deleted on the host since"));
    ck_assert_ptr_nonnull(strstr(notes.text, "replaced: replaced by a directory on the host since"));
    ck_assert_str_eq(described(scratch.host), before);
    ck_assert(exists(scratch.layer));
    free(before);
    commit_all(true);
    ck_assert_str_eq(described(scratch.host),
                     "fchanged 644 new\nfcreated 644 new\nfdeleted 644 new\nfreplaced 644 new\n"
                     "fstill 644 new\n");
}
END_TEST

/* As if coffer had made the layer: what is not on record was not there. */
static void keep_records(void)
{
    const char head[] = "coffer-base complete\n";
    int fd = open(path_of("%s/base", scratch.layer), O_WRONLY | O_TRUNC | O_CLOEXEC);
    ck_assert_int_eq(write(fd, head, sizeof head - 1), (ssize_t)sizeof head - 1);
    ck_assert_int_eq(close(fd), 0);
}

/* Long enough for a file system's clock to tell before from after. */
static void later(void)
{
    (void)usleep(30000);
}

/* A commit must refuse because of this many conflicts, among them that at `name`, and change nothing. */
static void check_conflicts(size_t count, const char *name, const char *why)
{
    struct notes notes;
    struct commit_result result = {0};
    char *before = strdup(described(scratch.host));
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){0}, &result, &notes), 0);
    ck_assert_msg(result.conflicts == count && result.refused == (count > 0), "%zu conflicts, not %zu: %s",
                  result.conflicts, count, notes.text);
    if (count > 0) {
        ck_assert_msg(strstr(notes.text, path_of("%s: %s", name, why)) != NULL, "%s", notes.text);
        ck_assert_str_eq(described(scratch.host), before);
    }
    free(before);
}

START_TEST(without_a_record_the_host_had_nothing)
{
    keep_records();
    put_file(path_of("%s/file", scratch.upper), "new", 0644);
    put_kind(path_of("%s/dir", scratch.upper), 'd', "new");
    put_kind(path_of("%s/dir/sub", scratch.upper), 'd', "new");
    put_whiteout(path_of("%s/gone", scratch.upper));
    put_kind(path_of("%s/both", scratch.upper), 'd', "new");
    put_file(path_of("%s/file", scratch.host), "theirs", 0644);
    put_kind(path_of("%s/dir", scratch.host), 'd', "theirs");
    put_file(path_of("%s/dir/sub", scratch.host), "theirs", 0644);
    put_file(path_of("%s/gone", scratch.host), "theirs", 0644);
    put_dir(path_of("%s/both", scratch.host));
    check_conflicts(4, "dir/in", "created on the host since");
}
END_TEST

START_TEST(a_layer_without_records_is_not_checked_and_says_so)
{
    struct notes notes;
    struct commit_result result = {0};
    put_file(path_of("%s/file", scratch.upper), "new", 0644);
    put_file(path_of("%s/file", scratch.host), "theirs", 0644);
    ck_assert_int_eq(unlink(path_of("%s/base", scratch.layer)), 0);
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){0}, &result, &notes), 0);
    ck_assert(!result.refused);
    ck_assert_ptr_nonnull(strstr(notes.text, "could not be compared"));
    ck_assert_str_eq(described(scratch.host), "ffile 644 new\n");
}
END_TEST

/* A tree on record at its top only, which the layer then deletes (w), makes anew (o) or replaces by a file (f). */
static void cover_tree(char kind)
{
    keep_records();
    put_kind(path_of("%s/d", scratch.host), 'e', "old");
    put_kind(path_of("%s/d/sub", scratch.host), 'e', "old");
    later();
    note_base("d");
    put_kind(path_of("%s/d", scratch.upper), kind, "new");
    later();
}

static const char covers[] = {'w', 'o', 'f'};

START_TEST(a_deleted_tree_that_stayed_the_same_is_no_conflict)
{
    cover_tree(covers[_i]);
    check_conflicts(0, NULL, NULL);
}
END_TEST

START_TEST(what_came_into_a_deleted_tree_is_a_conflict)
{
    cover_tree(covers[_i]);
    put_file(path_of("%s/d/sub/fresh", scratch.host), "theirs", 0644);
    check_conflicts(covers[_i] == 'o' ? 2 : 1, "d/sub", "created or changed on the host since");
}
END_TEST

START_TEST(what_changed_in_a_deleted_tree_is_a_conflict)
{
    cover_tree(covers[_i]);
    put_file(path_of("%s/d/sub/in", scratch.host), "theirs", 0644);
    check_conflicts(1, "d/sub/in", "created or changed on the host since");
}
END_TEST

START_TEST(what_was_moved_into_a_deleted_tree_is_a_conflict)
{
    put_kind(path_of("%s/elsewhere", scratch.host), 'd', "old");
    cover_tree(covers[_i]);
    ck_assert_int_eq(rename(path_of("%s/elsewhere", scratch.host), path_of("%s/d/moved", scratch.host)), 0);
    check_conflicts(1, "d/moved", "created or changed on the host since");
}
END_TEST

START_TEST(what_a_later_run_saw_and_deleted_is_no_conflict)
{
    cover_tree('w');
    put_file(path_of("%s/d/between", scratch.host), "theirs", 0644);
    later();
    note_base("d/between");
    check_conflicts(0, NULL, NULL);
}
END_TEST

START_TEST(the_first_record_counts)
{
    keep_records();
    put_file(path_of("%s/x", scratch.host), "old", 0644);
    note_base("x");
    put_file(path_of("%s/x", scratch.upper), "new", 0644);
    put_file(path_of("%s/x", scratch.host), "theirs", 0644);
    note_base("x");
    check_conflicts(1, "x", "changed on the host since");
}
END_TEST

static int discard_one(const char *name);

START_TEST(what_a_discard_unveils_stays_on_record)
{
    cover_tree('o');
    put_file(path_of("%s/d/fresh", scratch.host), "theirs", 0644);
    ck_assert_int_eq(discard_one("d/in"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "D d/fresh\nD d/other\nD d/sub\n");
    check_conflicts(1, "d/fresh", "created on the host since");
    ck_assert_int_eq(discard_one("d/fresh"), 0);
    check_conflicts(0, NULL, NULL);
    ck_assert_str_eq(described(scratch.host), "dd 755 \nfd/fresh 644 theirs\nfd/in 644 old\n");
}
END_TEST

START_TEST(a_part_that_is_committed_leaves_the_rest_on_record)
{
    struct notes notes;
    struct commit_result result = {0};
    cover_tree('o');
    char *paths[] = {path_of("%s/d/in", scratch.host)};
    struct commit_options options = {.paths = paths, .path_count = 1};
    ck_assert_int_eq(try_commit(scratch.layer, options, &result, &notes), 0);
    ck_assert_msg(!result.refused, "%s", notes.text);
    check_conflicts(0, NULL, NULL);
    ck_assert_str_eq(described(scratch.host), "dd 755 \nfd/in 644 new\n");
}
END_TEST

START_TEST(the_layer_itself_is_never_removed)
{
    struct layer layer;
    struct layer_error error;
    struct commit_result result;
    struct notes notes = {.text = ""};
    struct commit_options options = {.root = "/", .force = true, .report = take_note, .context = &notes};
    scratch_remove(scratch.upper);
    put_whiteout(scratch.upper);
    char *moved = path_of("%s/layer", scratch.host);
    ck_assert_int_eq(rename(scratch.layer, moved), 0);
    ck_assert_int_eq(layer_open(&layer, moved, LAYER_WRITE, NULL, &error), 0);
    ck_assert_int_eq(layer_commit(&layer, &options, &result, &error), -EBUSY);
    ck_assert_ptr_nonnull(strstr(error.text, "coffer keeps layers there"));
    layer_close(&layer);
    ck_assert(exists(path_of("%s/layer.json", moved)));
}
END_TEST

START_TEST(set_id_programs_want_consent)
{
    struct notes notes;
    struct commit_result result = {0};
    put_file(path_of("%s/suid", scratch.upper), "x", 04755);
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){0}, &result, &notes), 0);
    ck_assert(result.refused && result.dangers == 1 && result.conflicts == 0);
    ck_assert_str_eq(described(scratch.host), "");
    commit_all(true);
    ck_assert_str_eq(described(scratch.host), "fsuid 4755 x\n");
}
END_TEST

START_TEST(another_root_gets_the_changes_and_their_parents)
{
    struct notes notes;
    struct commit_result result = {0};
    char *root = path_of("%s/root", scratch.dir);
    put_dir(root);
    put_file(path_of("%s/unchanged", scratch.host), "old", 0644);
    put_kind(path_of("%s/d", scratch.host), 'e', "old");
    ck_assert_int_eq(chmod(path_of("%s/d", scratch.host), 0750), 0);
    put_dir(path_of("%s/d", scratch.upper));
    ck_assert_int_eq(chmod(path_of("%s/d", scratch.upper), 0750), 0);
    put_file(path_of("%s/d/new", scratch.upper), "new", 0644);
    put_whiteout(path_of("%s/d/other", scratch.upper));
    char *before = strdup(described(scratch.host));
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){.root = root}, &result, &notes), 0);
    ck_assert(!result.refused);
    ck_assert_str_eq(described(path_of("%s%s", root, scratch.host)), "dd 750 \nfd/new 644 new\n");
    ck_assert_str_eq(described(scratch.host), before);
    struct stat theirs;
    struct stat ours;
    ck_assert_int_eq(stat("/tmp", &theirs), 0);
    if (strncmp(scratch.host, "/tmp/", 5) == 0) {
        ck_assert_int_eq(stat(path_of("%s/tmp", root), &ours), 0);
        ck_assert_uint_eq(ours.st_mode, theirs.st_mode);
    }
    free(before);
}
END_TEST

/* Makes root, and in it the directories of an absolute path. What is there in the end. */
static char *put_root(const char *root, const char *path)
{
    put_dir(root);
    for (const char *end = path; end != NULL;) {
        end = strchr(end + 1, '/');
        put_dir(path_of("%s%.*s", root, (int)(end == NULL ? strlen(path) : (size_t)(end - path)), path));
    }
    return path_of("%s%s", root, path);
}

START_TEST(another_root_loses_what_only_it_still_has)
{
    struct notes notes;
    struct commit_result result = {0};
    char *root = path_of("%s/root", scratch.dir);
    char *theirs = put_root(root, scratch.host);
    put_dir(path_of("%s/d", scratch.upper));
    put_whiteout(path_of("%s/f", scratch.upper));
    put_whiteout(path_of("%s/d/e", scratch.upper));
    put_whiteout(path_of("%s/d/nothing", scratch.upper));
    put_file(path_of("%s/f", theirs), "old", 0644);
    put_dir(path_of("%s/d", theirs));
    put_kind(path_of("%s/d/e", theirs), 'e', "old");
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){.root = root}, &result, &notes), 0);
    ck_assert(!result.refused);
    ck_assert_str_eq(described(theirs), "dd 755 \n");
}
END_TEST

START_TEST(links_in_the_target_are_not_followed)
{
    struct notes notes;
    struct commit_result result = {0};
    char *root = path_of("%s/root", scratch.dir);
    char *outside = path_of("%s/outside", scratch.dir);
    put_dir(root);
    put_dir(outside);
    /* ROOT/FIRST-COMPONENT -> DIR/outside */
    char *first = strndup(scratch.host + 1, strcspn(scratch.host + 1, "/"));
    put_link(path_of("%s/%s", root, first), outside);
    put_file(path_of("%s/f", scratch.upper), "new", 0644);
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){.root = root}, &result, &notes), 0);
    ck_assert(result.refused && result.conflicts > 0);
    ck_assert_str_eq(described(outside), "");
    ck_assert_int_eq(try_commit(scratch.layer, (struct commit_options){.root = root, .force = true}, &result, &notes),
                     0);
    ck_assert_str_eq(described(outside), "");
    ck_assert_str_eq(described(path_of("%s%s", root, scratch.host)), "ff 644 new\n");
    free(first);
}
END_TEST

START_TEST(a_part_is_committed_and_leaves_the_layer)
{
    struct notes notes;
    struct commit_result result = {0};
    put_file(path_of("%s/a", scratch.upper), "new", 0644);
    put_dir(path_of("%s/d", scratch.upper));
    put_file(path_of("%s/d/x", scratch.upper), "new", 0644);
    put_file(path_of("%s/d/y", scratch.upper), "new", 0644);
    char *paths[] = {path_of("%s/d/x", scratch.host)};
    struct commit_options options = {.paths = paths, .path_count = 1};
    ck_assert_int_eq(try_commit(scratch.layer, options, &result, &notes), 0);
    ck_assert(!result.refused && !result.layer_removed);
    ck_assert_str_eq(described(scratch.host), "dd 755 \nfd/x 644 new\n");
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "A a\nA d/y\n");
    ck_assert(!exists(path_of("%s/journal", scratch.layer)));
    commit_all(false);
    ck_assert_str_eq(described(scratch.host), "fa 644 new\ndd 755 \nfd/x 644 new\nfd/y 644 new\n");
}
END_TEST

START_TEST(odd_names_sparse_files_and_attributes_arrive)
{
    char value[8];
    struct stat st;
    put_file(path_of("%s/a\nb", scratch.upper), "1", 0644);
    put_file(path_of("%s/\xff .coffer-", scratch.upper), "2", 0644);
    ck_assert_int_eq(setxattr(path_of("%s/a\nb", scratch.upper), "user.mine", "v", 1, 0), 0);
    int fd = open(path_of("%s/sparse", scratch.upper), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_eq(pwrite(fd, "x", 1, 50 << 20), 1);
    ck_assert_int_eq(ftruncate(fd, 100 << 20), 0);
    (void)close(fd);
    commit_all(false);
    ck_assert_int_eq(getxattr(path_of("%s/a\nb", scratch.host), "user.mine", value, sizeof value), 1);
    ck_assert_int_eq(stat(path_of("%s/sparse", scratch.host), &st), 0);
    ck_assert_int_eq(st.st_size, 100 << 20);
    ck_assert_int_lt(st.st_blocks, 2048);
    ck_assert(exists(path_of("%s/\xff .coffer-", scratch.host)));
}
END_TEST

START_TEST(new_names_of_a_host_file_are_links_to_it)
{
    struct stat old;
    struct stat new;
    put_file(path_of("%s/old", scratch.host), "same", 0644);
    put_file(path_of("%s/old", scratch.upper), "same", 0644);
    ck_assert_int_eq(link(path_of("%s/old", scratch.upper), path_of("%s/zzz", scratch.upper)), 0);
    commit_all(false);
    ck_assert_int_eq(stat(path_of("%s/old", scratch.host), &old), 0);
    ck_assert_int_eq(stat(path_of("%s/zzz", scratch.host), &new), 0);
    ck_assert_uint_eq(old.st_ino, new.st_ino);
}
END_TEST

START_TEST(names_of_one_link_or_fifo_stay_one)
{
    struct stat one;
    struct stat other;
    put_link(path_of("%s/a", scratch.upper), "target");
    ck_assert_int_eq(mkfifo(path_of("%s/b", scratch.upper), 0600), 0);
    put_dir(path_of("%s/d", scratch.upper));
    for (const char *name = "ab"; *name != '\0'; name++)
        ck_assert_int_eq(link(path_of("%s/%c", scratch.upper, *name), path_of("%s/d/%c", scratch.upper, *name)), 0);
    commit_all(false);
    for (const char *name = "ab"; *name != '\0'; name++) {
        ck_assert_int_eq(lstat(path_of("%s/%c", scratch.host, *name), &one), 0);
        ck_assert_int_eq(lstat(path_of("%s/d/%c", scratch.host, *name), &other), 0);
        ck_assert_uint_eq(one.st_ino, other.st_ino);
        ck_assert_uint_eq(one.st_nlink, 2);
    }
}
END_TEST

static int discard_one(const char *name)
{
    struct layer layer;
    struct layer_error error;
    char *path = path_of("%s/%s", scratch.host, name);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(layer_open(&layer, scratch.layer, LAYER_WRITE, NULL, &error), 0);
    int status = layer_discard(&layer, root, path, &error);
    ck_assert_int_eq(layer_discard_records(&layer, &path, 1), 0);
    layer_close(&layer);
    (void)close(root);
    return status;
}

START_TEST(discarding_a_path_shows_the_host_there)
{
    put_file(path_of("%s/changed", scratch.host), "old", 0644);
    put_file(path_of("%s/changed", scratch.upper), "new", 0644);
    put_file(path_of("%s/gone", scratch.host), "old", 0644);
    put_whiteout(path_of("%s/gone", scratch.upper));
    put_kind(path_of("%s/tree", scratch.upper), 'd', "new");
    ck_assert_int_eq(discard_one("changed"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "D gone\nA tree\nA tree/in\n");
    ck_assert_int_eq(discard_one("gone"), 0);
    ck_assert_int_eq(discard_one("tree"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
    ck_assert_int_eq(discard_one("changed"), -ENOENT);
    ck_assert_int_eq(discard_one("nothing/at/all"), -ENOENT);
}
END_TEST

START_TEST(discarding_below_an_opaque_directory_shows_one_name_only)
{
    put_kind(path_of("%s/d", scratch.host), 'e', "old");
    put_kind(path_of("%s/d/sub", scratch.host), 'e', "old");
    put_kind(path_of("%s/d", scratch.upper), 'o', "new");
    put_dir(path_of("%s/d/sub", scratch.upper));
    put_file(path_of("%s/d/sub/in", scratch.upper), "new", 0644);
    const char all[] = "M d/in\nD d/other\nM d/sub/in\nD d/sub/other\n";
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), all);
    ck_assert_int_eq(discard_one("d/in"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "D d/other\nM d/sub/in\nD d/sub/other\n");
    ck_assert_int_eq(discard_one("d/other"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "M d/sub/in\nD d/sub/other\n");
    ck_assert_int_eq(discard_one("d/sub/other"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "M d/sub/in\n");
    ck_assert_int_eq(discard_one("d"), 0);
    ck_assert_str_eq(diff_lines(&scratch, &lines, NULL, 0), "");
}
END_TEST

static int commit_command(const char *layer, char *part)
{
    struct notes notes;
    struct commit_result result = {0};
    struct commit_options options = {.paths = &part, .path_count = part == NULL ? 0 : 1};
    int status = try_commit(layer, options, &result, &notes);
    return status < 0 ? 2 : result.refused ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "--commit") == 0)
        return commit_command(argv[2], argc > 3 ? argv[3] : NULL);
    Suite *suite = suite_create("commit");
    TCase *cases = tcase_create("commit");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, every_pair, 0, (int)(sizeof pairs / sizeof *pairs));
    tcase_add_test(cases, everything_at_once);
    tcase_add_test(cases, killed_at_any_step_the_next_one_finishes);
    tcase_add_test(cases, killed_at_any_step_of_a_part_the_next_one_finishes);
    tcase_add_test(cases, a_journal_that_came_with_the_layer_is_not_believed);
    tcase_add_test(cases, a_copy_of_a_layer_half_committed_is_not_carried_on_with);
    tcase_add_test(cases, a_full_disk_at_any_step_loses_nothing);
    tcase_add_test(cases, a_host_that_changed_since_is_a_conflict);
    tcase_add_test(cases, without_a_record_the_host_had_nothing);
    tcase_add_test(cases, a_layer_without_records_is_not_checked_and_says_so);
    tcase_add_loop_test(cases, a_deleted_tree_that_stayed_the_same_is_no_conflict, 0, (int)sizeof covers);
    tcase_add_loop_test(cases, what_came_into_a_deleted_tree_is_a_conflict, 0, (int)sizeof covers);
    tcase_add_loop_test(cases, what_changed_in_a_deleted_tree_is_a_conflict, 0, (int)sizeof covers);
    tcase_add_loop_test(cases, what_was_moved_into_a_deleted_tree_is_a_conflict, 0, (int)sizeof covers);
    tcase_add_test(cases, what_a_later_run_saw_and_deleted_is_no_conflict);
    tcase_add_test(cases, the_first_record_counts);
    tcase_add_test(cases, what_a_discard_unveils_stays_on_record);
    tcase_add_test(cases, a_part_that_is_committed_leaves_the_rest_on_record);
    tcase_add_test(cases, the_layer_itself_is_never_removed);
    tcase_add_test(cases, set_id_programs_want_consent);
    tcase_add_test(cases, another_root_gets_the_changes_and_their_parents);
    tcase_add_test(cases, links_in_the_target_are_not_followed);
    tcase_add_test(cases, a_part_is_committed_and_leaves_the_layer);
    tcase_add_test(cases, odd_names_sparse_files_and_attributes_arrive);
    tcase_add_test(cases, new_names_of_a_host_file_are_links_to_it);
    tcase_add_test(cases, names_of_one_link_or_fifo_stay_one);
    tcase_add_test(cases, another_root_loses_what_only_it_still_has);
    tcase_add_test(cases, discarding_a_path_shows_the_host_there);
    tcase_add_test(cases, discarding_below_an_opaque_directory_shows_one_name_only);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
