/*
 * Directories of three trees: the upper one, a layer below it, and the host, with whiteouts of both kinds, opaque
 * marks and anything else at the same names. A scan with any sizes of buffers, interrupted by changes, returns each
 * name that is there all the time once, and never one that is not.
 */
#include "tests/fuzz/fuzz_view.h"

enum { NAMES = 10, TREES = 3 };
enum { MERGED = 61 }; /* CURSOR_MARK in listing.c */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scratch_view sv;
static int tree_fd[TREES]; /* what lies over, in and on the host's directory */

/* What the trees have at a name. */
enum kind { NOTHING, PLAIN_FILE, DIRECTORY, WHITEOUT, MARKED_WHITEOUT, LINK, KINDS };

struct model {
    bool shows, stays; /* at the end of all changes; at all times */
    bool gone_before;  /* removed by the scan itself */
    bool came;         /* made during the scan: a name that was read, removed and made again may come twice */
};

static void end(void)
{
    view_end(&sv);
    scratch_done(&sv.scratch);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    __lsan_disable();
    struct layer_error error;
    struct scratch over;
    char *command[] = {(char *)(uintptr_t) "fuzz", NULL};
    scratch_make(&sv.scratch);
    over = sv.scratch;
    (void)snprintf(over.layer, sizeof over.layer, "%.1000s/over", sv.scratch.dir);
    (void)snprintf(over.upper, sizeof over.upper, "%s/fs%s", over.layer, over.host);
    REQUIRE(layer_open(&sv.over[0], over.layer, LAYER_RUN, command, &error) == 0);
    layer_close(&sv.over[0]);
    scratch_mirror(&over);
    REQUIRE(layer_open(&sv.over[0], over.layer, LAYER_READ, command, &error) == 0);
    sv.over_count = 1;
    REQUIRE(view_begin(&sv) == 0);
    const char *const places[TREES] = {sv.scratch.upper, over.upper, sv.scratch.host};
    for (int i = 0; i < TREES; i++)
        REQUIRE((tree_fd[i] = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
    __lsan_enable();
    (void)atexit(end);
    return 0;
}

static void make(int dir, const char *name, enum kind kind)
{
    int fd;
    switch (kind) {
    case PLAIN_FILE:
    case MARKED_WHITEOUT:
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        REQUIRE(fd >= 0);
        if (kind == MARKED_WHITEOUT)
            REQUIRE(fsetxattr(fd, "user.overlay.whiteout", "", 0, 0) == 0);
        (void)close(fd);
        break;
    case DIRECTORY:
        REQUIRE(mkdirat(dir, name, 0755) == 0);
        break;
    case WHITEOUT:
        REQUIRE(mknodat(dir, name, S_IFCHR, 0) == 0);
        break;
    case LINK:
        REQUIRE(symlinkat("target", dir, name) == 0);
        break;
    case NOTHING:
    case KINDS:
        break;
    }
}

static void name_of(size_t i, char name[32])
{
    (void)snprintf(name, 32, i % 3 == 0 ? "n%zu" : "a-longer-name-%zu", i);
}

struct source {
    const uint8_t *data;
    size_t size;
};

static uint8_t next(struct source *source)
{
    if (source->size == 0)
        return 0;
    source->size--;
    return *source->data++;
}

/* Builds the directory in those trees that shall have it; 'x' says that xattr whiteouts count there, 'y' opaque. */
static bool build(struct source *source, const char *dir, struct model *models)
{
    uint8_t trees = next(source), marks = next(source);
    bool hidden[NAMES] = {false}, any = false, below = true;
    for (int t = 0; t < TREES && below; t++) {
        if ((trees >> t & 1) == 0)
            continue;
        char mark = (char)("-xy-"[marks >> (2 * t) & 3]);
        REQUIRE(mkdirat(tree_fd[t], dir, 0755) == 0);
        any = true;
        int fd = openat(tree_fd[t], dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        REQUIRE(fd >= 0);
        if (t < TREES - 1 && mark != '-')
            REQUIRE(fsetxattr(fd, "user.overlay.opaque", &mark, 1, 0) == 0);
        for (size_t i = 0; i < NAMES; i++) {
            enum kind kind = next(source) % KINDS;
            char name[32];
            /* The host has no whiteouts; and without the mark a name of the second kind is none that can be listed. */
            if ((t == TREES - 1 && kind == WHITEOUT) || (kind == MARKED_WHITEOUT && (t == TREES - 1 || mark != 'x')))
                kind = PLAIN_FILE;
            name_of(i, name);
            make(fd, name, kind);
            bool whiteout = kind == WHITEOUT || kind == MARKED_WHITEOUT;
            if (kind != NOTHING && !hidden[i]) {
                hidden[i] = true;
                models[i].shows = models[i].stays = !whiteout;
            }
        }
        (void)close(fd);
        below = t == TREES - 1 || mark != 'y';
    }
    return any;
}

static size_t index_of(const char *name)
{
    const char *digits = name + strcspn(name, "0123456789");
    size_t i = strtoul(digits, NULL, 10);
    char wanted[32];
    REQUIRE(i < NAMES);
    name_of(i, wanted);
    REQUIRE(strcmp(wanted, name) == 0);
    return i;
}

/* One name goes, or a new one comes: what the scan may or may not show from now on. */
static void change(struct source *source, const char *dir, struct model *models)
{
    size_t i = next(source) % NAMES;
    char name[32], path[96];
    name_of(i, name);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    if (models[i].shows) {
        if (view_unlink(&sv, path) == 0 || view_rmdir(&sv, path) == 0)
            models[i].shows = models[i].stays = false;
    } else if (view_write(&sv, path, "") == 0) {
        models[i].shows = models[i].came = true;
    }
}

/*
 * In a directory that one tree has, the order and the positions are that tree's. On tmpfs a change during the scan
 * makes the kernel return names twice: so it does natively, when the oldest name is removed where the next one to be
 * read is.
 */
static void scan(struct source *source, int fd, const char *dir, struct model *models, bool changes)
{
    _Alignas(8) char buffer[1024];
    unsigned seen[NAMES] = {0}, dots = 0;
    bool loose = false;
    for (;;) {
        uint64_t room = 24 + next(source) * 4u;
        int64_t got = made(&sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), room, 0);
        if (got == -EINVAL) { /* not even one record fits */
            got = made(&sv, SYS_getdents64, (uint64_t)fd, ADDRESS(buffer), sizeof buffer, 0);
            room = sizeof buffer;
        }
        REQUIRE(got >= 0 && got <= (int64_t)room);
        if (got == 0)
            break;
        for (int64_t at = 0; at < got;) {
            const struct view_record *record = (const void *)(buffer + at);
            REQUIRE(record->size >= 24 && at + record->size <= got && record->next >= 0);
            at += record->size;
            if (strcmp(record->name, ".") == 0 || strcmp(record->name, "..") == 0) {
                dots++;
                continue;
            }
            size_t i = index_of(record->name);
            REQUIRE(seen[i]++ == 0 || models[i].came || loose);
            /* What was removed may have been read before; what never was is not invented. */
            REQUIRE(models[i].shows || models[i].gone_before);
        }
        if (changes && (next(source) & 3) == 0) {
            struct model before[NAMES];
            memcpy(before, models, sizeof before);
            change(source, dir, models);
            loose = loose || (fcntl(fd, F_GETSIG) != MERGED);
            for (size_t i = 0; i < NAMES; i++)
                models[i].gone_before = models[i].gone_before || (before[i].shows && !models[i].shows && seen[i] > 0);
        }
    }
    REQUIRE(dots == 2);
    for (size_t i = 0; i < NAMES; i++)
        REQUIRE(!models[i].stays || seen[i] == 1 || loose);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned count;
    struct source source = {data, size};
    struct model models[NAMES] = {{false, false, false, false}};
    char dir[32];
    if (size < 3)
        return 0;
    /* The view knows its directories: each gets a name of its own. */
    (void)snprintf(dir, sizeof dir, "d%u", count++);
    if (build(&source, dir, models)) {
        int64_t fd = view_open(&sv, dir, O_RDONLY | O_DIRECTORY);
        REQUIRE(fd >= 0);
        scan(&source, (int)fd, dir, models, true);
        /* Again from the beginning: now everything that shows. */
        REQUIRE(lseek((int)fd, 0, SEEK_SET) == 0);
        for (size_t i = 0; i < NAMES; i++) {
            models[i].stays = models[i].shows;
            models[i].gone_before = models[i].came = false;
        }
        scan(&source, (int)fd, dir, models, false);
        (void)close((int)fd);
    }
    for (int t = 0; t < TREES; t++)
        (void)tree_remove(tree_fd[t], dir);
    return 0;
}
