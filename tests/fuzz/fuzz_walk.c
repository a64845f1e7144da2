/*
 * Paths of any kind through a tree with links of every sort. The oracle is the kernel: a view without changes is
 * walked as openat2() walks the host. And a view that was changed is walked as the kernel walks a copy of the tree that
 * was changed in the same way.
 */
#include "tests/fuzz/fuzz_view.h"

#include <linux/openat2.h>

enum { TEXT_MAX = 3 * PATH_MAX, PLACES = 4 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scratch_view plain, changed; /* over the same host */
static int native_fd[2][PLACES];           /* where walks begin: in host/, and in the copy that was changed natively */
static int view_fd[PLACES];
static const char *const places[PLACES] = {".", "a", "a/b", "z"};

static void end(void)
{
    view_end(&plain);
    view_end(&changed);
    scratch_done(&plain.scratch);
    scratch_done(&changed.scratch);
}

/* The tree, in the directory `fd`. Each file has a size of its own: so they are told apart. */
static void make_tree(int fd)
{
    static const char *const directories[] = {"a", "a/b", "a/b/c", "z", "z/y", "gone", "gone/in", "moved", "moved/in"};
    static const char *const files[] = {"f", "a/f", "a/b/f", "a/b/c/f", "z/f", "gone/in/f", "moved/f", "moved/in/f"};
    static const char *const links[][2] = {
        {"f", "l"},
        {"a", "d"},
        {"../f", "a/u"},
        {"b/c", "a/p"},
        {"nowhere", "x"},
        {"loop", "loop"},
        {"/", "root"},
        {"/a/f", "abs"},
        {".", "dot"},
        {"..", "a/dd"},
        {"a/", "slash"},
        {"f/", "fslash"},
        {"../../../..", "z/up"},
        {"z/y/../f", "m"},
        {"moved/in", "lm"},
        {"gone/in", "lg"},
        {"../a/../d/u", "z/chain"},
    };
    char name[32], target[32];
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        REQUIRE(mkdirat(fd, directories[i], 0755) == 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int file = openat(fd, files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(file >= 0 && ftruncate(file, (off_t)(i + 1)) == 0);
        (void)close(file);
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        REQUIRE(symlinkat(links[i][0], fd, links[i][1]) == 0);
    /* "40" leads through forty links, "41" through one more. */
    REQUIRE(symlinkat("a", fd, "1") == 0);
    for (int i = 2; i <= 41; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        (void)snprintf(target, sizeof target, "%d", i - 1);
        REQUIRE(symlinkat(target, fd, name) == 0);
    }
}

/* What is done to the tree, in the working directory; natively and in the view. */
static const char *const changes[][3] = {
    {"unlink", "gone/in/f", ""},
    {"rmdir", "gone/in", ""},
    {"mkdir", "gone/in", ""},
    {"rename", "moved", "a/moved"},
    {"unlink", "a/f", ""},
    {"mkdir", "a/f", ""},
    {"unlink", "m", ""},
    {"symlink", "a/moved/in", "m"},
    {"rename", "z/f", "z/g"},
    {"symlink", "../a", "z/to"},
    {"unlink", "z/chain", ""},
    {"mkdir", "new", ""},
    {"symlink", "/new", "new/abs"},
    {"unlink", "fslash", ""},
    {"symlink", "a/moved/", "fslash"},
    {"rename", "a/b/c", "c"},
};

static void change_natively(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *what = changes[i][0], *one = changes[i][1], *two = changes[i][2];
        int result = strcmp(what, "unlink") == 0    ? unlink(one)
                     : strcmp(what, "rmdir") == 0   ? rmdir(one)
                     : strcmp(what, "mkdir") == 0   ? mkdir(one, 0755)
                     : strcmp(what, "symlink") == 0 ? symlink(one, two)
                                                    : rename(one, two);
        REQUIRE(result == 0);
    }
}

static void change_in_view(struct scratch_view *sv)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *what = changes[i][0], *one = changes[i][1], *two = changes[i][2];
        int64_t result = strcmp(what, "unlink") == 0    ? view_unlink(sv, one)
                         : strcmp(what, "rmdir") == 0   ? view_rmdir(sv, one)
                         : strcmp(what, "mkdir") == 0   ? view_mkdir(sv, one)
                         : strcmp(what, "symlink") == 0 ? view_symlink(sv, one, two)
                                                        : view_rename(sv, one, two);
        REQUIRE(result == 0);
    }
}

static int open_place(int at, const char *path)
{
    int fd = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    __lsan_disable();
    scratch_make(&plain.scratch);
    scratch_make(&changed.scratch);
    int host = open_place(AT_FDCWD, plain.scratch.host);
    make_tree(host);
    /* The changed view lies over a tree of its own, and beside it the same tree is changed natively. */
    int other = open_place(AT_FDCWD, changed.scratch.host);
    make_tree(other);
    char *copy = path_of("%s/native", changed.scratch.dir);
    REQUIRE(mkdir(copy, 0755) == 0);
    int native = open_place(AT_FDCWD, copy);
    make_tree(native);
    REQUIRE(fchdir(native) == 0);
    change_natively();
    REQUIRE(view_begin(&plain) == 0);
    REQUIRE(view_begin(&changed) == 0);
    change_in_view(&changed);
    for (int i = 0; i < PLACES; i++) {
        native_fd[0][i] = open_place(host, places[i]);
        native_fd[1][i] = open_place(native, places[i]);
        view_fd[i] = open_place(other, places[i]);
    }
    __lsan_enable();
    (void)atexit(end);
    return 0;
}

/* A byte is a piece of a path, or stands for itself. */
static size_t make_path(const uint8_t *data, size_t size, char path[TEXT_MAX])
{
    static const char *const pieces[] = {
        "/",    "//",  "..",  ".",  "a", "b",     "c",  "d",  "f",     "l",      "u",     "p",      "x",     "loop",
        "root", "abs", "dot", "dd", "z", "y",     "up", "m",  "slash", "fslash", "40",    "41",     "39",    "moved",
        "gone", "in",  "new", "to", "g", "chain", "lm", "lg", "/../",  "/./",    "//../", "../../", "a/b/c", "nothing",
    };
    static char long_name[300];
    size_t length = 0;
    memset(long_name, 'n', sizeof long_name - 1);
    for (size_t i = 0; i < size; i++) {
        char raw[2] = {(char)data[i], '\0'};
        const char *piece = data[i] < sizeof pieces / sizeof *pieces ? pieces[data[i]]
                            : data[i] == 0xff                        ? long_name
                            : data[i] == 0xfe                        ? long_name + sizeof long_name - 1 - NAME_MAX
                                                                     : raw;
        size_t add = strlen(piece);
        if (length + add >= TEXT_MAX)
            break;
        memcpy(path + length, piece, add);
        length += add;
    }
    path[length] = '\0';
    return length;
}

/* What a path leads to: an error, or an object. */
struct found {
    int error;
    struct stat st;
};

static struct found ask_kernel(int fd, const char *path, bool follow, uint64_t resolve)
{
    struct found found = {0, {0}};
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), .resolve = resolve};
    int opened, loops = 0;
    /*
     * EAGAIN: somebody on this machine renamed something while ".." was looked at. ELOOP: the kernel may have begun a
     * walk twice, because a name was not in its cache, and counts the links of both; the next time it is there.
     */
    do
        opened = (int)syscall(SYS_openat2, fd, path, &how, sizeof how);
    while (opened < 0 && (errno == EAGAIN || (errno == ELOOP && loops++ < 3)));
    if (opened < 0) {
        found.error = errno;
        return found;
    }
    REQUIRE(fstat(opened, &found.st) == 0);
    (void)close(opened);
    return found;
}

static struct found ask_view(struct scratch_view *sv, int fd, const char *path, unsigned flags)
{
    struct found found = {0, {0}};
    struct walked walked;
    walk(sv->view, &sv->caller, fd, path, flags | WALK_LOOK, &walked);
    if (walked.kind == WALK_ERROR) {
        found.error = -walked.error;
        return found;
    }
    /* Nothing of this tree is in procfs, nor removed. */
    REQUIRE(walked.kind == WALK_ENTRY && walked.looked);
    int tree = walked.entry.tree;
    if (tree < 0)
        found.error = ENOENT;
    else if (walked.slash && !S_ISDIR(walked.entry.st.st_mode))
        found.error = ENOTDIR;
    else
        found.error = -entry_stat(sv->view, &walked.entry, &found.st);
    walked_release(sv->view, &walked);
    return found;
}

static void differ(const char *path, const struct found *wanted, const struct found *got)
{
    (void)fprintf(stderr, "'%s': the kernel says %s, mode %o size %lld; the view %s, mode %o size %lld\n", path,
                  strerrorname_np(wanted->error), wanted->st.st_mode, (long long)wanted->st.st_size,
                  strerrorname_np(got->error), got->st.st_mode, (long long)got->st.st_size);
    abort();
}

static void compare(const char *path, const struct found *wanted, const struct found *got, bool same_tree)
{
    /* ".." above the beginning makes the kernel walk once more, and it counts the links of both walks. */
    bool same = wanted->error == got->error || (wanted->error == ELOOP && got->error == EXDEV);
    if (same && wanted->error == 0)
        same = (wanted->st.st_mode & S_IFMT) == (got->st.st_mode & S_IFMT) &&
               (S_ISDIR(wanted->st.st_mode) || wanted->st.st_size == got->st.st_size) &&
               (!same_tree || (wanted->st.st_ino == got->st.st_ino && wanted->st.st_dev == got->st.st_dev));
    if (!same)
        differ(path, wanted, got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        uint64_t resolve;
        unsigned flags;
    } ways[] = {
        {RESOLVE_IN_ROOT, WALK_IN_ROOT},
        {RESOLVE_BENEATH, WALK_BENEATH},
        {RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, WALK_IN_ROOT | WALK_NO_SYMLINKS},
        {RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, WALK_BENEATH | WALK_NO_SYMLINKS},
    };
    char path[TEXT_MAX];
    if (size < 1)
        return 0;
    int place = data[0] % PLACES, way = data[0] / PLACES % 4;
    bool follow = (data[0] & 0x40) != 0;
    /* The transport reads no path that is longer. */
    if (make_path(data + 1, size - 1, path) >= PATH_MAX)
        return 0;
    unsigned flags = ways[way].flags | (follow ? WALK_FOLLOW : 0);
    struct found wanted = ask_kernel(native_fd[0][place], path, follow, ways[way].resolve);
    struct found got = ask_view(&plain, native_fd[0][place], path, flags);
    compare(path, &wanted, &got, true);
    wanted = ask_kernel(native_fd[1][place], path, follow, ways[way].resolve);
    got = ask_view(&changed, view_fd[place], path, flags);
    compare(path, &wanted, &got, false);
    return 0;
}
