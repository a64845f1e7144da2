/*
 * Which file is which: device and inode numbers, counts of links, and what a descriptor tells of its file, before and
 * after files are changed, renamed, linked and removed. Prints relations ("as before"), never numbers.
 */
#include "ops.h"

#include <sys/sysmacros.h>

enum { KNOWN_MAX = 64 };

/* What was seen of a name first. */
static struct known {
    char label[64];
    dev_t dev;
    ino_t ino;
} known[KNOWN_MAX];
static int known_count;

static const char *which(dev_t dev, ino_t ino)
{
    for (int i = 0; i < known_count; i++)
        if (known[i].dev == dev && known[i].ino == ino)
            return known[i].label;
    return "a new one";
}

/* From now on the object is called so. It is held open, so that its number is not given to another. */
static void name_it(const char *path)
{
    struct stat st;
    if (known_count == KNOWN_MAX || lstat(path, &st) < 0 || open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC) < 0)
        return;
    snprintf(known[known_count].label, sizeof known[0].label, "%s", path);
    known[known_count].dev = st.st_dev;
    known[known_count++].ino = st.st_ino;
}

static ino_t listed_ino(const char *dir, const char *name)
{
    ino_t ino = 0;
    DIR *stream = opendir(dir);
    struct dirent *entry;
    while (stream != NULL && (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, name) == 0)
            ino = entry->d_ino;
    if (stream != NULL)
        closedir(stream);
    return ino;
}

/* stat, statx, an O_PATH descriptor and the listing of the directory must all tell of one object. */
static void look_at(const char *path)
{
    struct stat st, by_fd, empty;
    struct statx sx;
    char dir[PATH_MAX];
    if (lstat(path, &st) < 0) {
        printf("%s: %s\n", path, strerrorname_np(errno));
        return;
    }
    int fd = open(path, O_PATH | O_NOFOLLOW);
    bool same_fd = fstat(fd, &by_fd) == 0 && by_fd.st_dev == st.st_dev && by_fd.st_ino == st.st_ino &&
                   by_fd.st_nlink == st.st_nlink && by_fd.st_mode == st.st_mode && by_fd.st_size == st.st_size &&
                   by_fd.st_uid == st.st_uid && by_fd.st_mtime == st.st_mtime;
    bool same_empty = syscall(SYS_newfstatat, fd, "", &empty, AT_EMPTY_PATH) == 0 && empty.st_ino == st.st_ino &&
                      empty.st_mode == st.st_mode;
    bool same_x = statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) == 0 && sx.stx_ino == st.st_ino &&
                  makedev(sx.stx_dev_major, sx.stx_dev_minor) == st.st_dev && sx.stx_nlink == st.st_nlink;
    close(fd);
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (slash != NULL)
        *slash = '\0';
    bool listed = listed_ino(slash == NULL ? "." : dir, name) == st.st_ino;
    printf("%s: %s, %s%s%s%s", path, which(st.st_dev, st.st_ino), same_fd ? "" : "fstat differs, ",
           same_empty ? "" : "newfstatat differs, ", same_x ? "" : "statx differs, ",
           listed ? "" : "listing differs, ");
    if (!S_ISDIR(st.st_mode))
        printf("links %lu, size %lld, ", (unsigned long)st.st_nlink, (long long)st.st_size);
    printf("mode %04o\n", st.st_mode & 07777);
}

static void append(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND);
    struct stat by_fd, by_name;
    SAY(fd < 0 ? -1 : 0);
    SAY(write(fd, "more", 4));
    fstat(fd, &by_fd);
    stat(path, &by_name);
    printf("%s: its descriptor is of %s file\n", path,
           by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino ? "the same" : "another");
    close(fd);
}

/* /proc/self/fdinfo/N tells the number that fstat() tells. */
static void look_at_fdinfo(const char *path)
{
    char name[64], line[256];
    unsigned long number = 0;
    struct stat st;
    int fd = open(path, O_RDONLY);
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    FILE *info = fopen(name, "r");
    while (info != NULL && fgets(line, sizeof line, info) != NULL)
        sscanf(line, "ino: %lu", &number);
    if (info != NULL)
        fclose(info);
    printf("fdinfo of %s: %s\n", path, fstat(fd, &st) == 0 && st.st_ino == number ? "the same" : "another");
    close(fd);
}

static void show(const char *path)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);
    ssize_t got = read(fd, text, sizeof text - 1);
    printf("%s holds %zd: %s\n", path, got, text);
    close(fd);
}

/* ---- one name each ---- */

static void copies(void)
{
    static const char *const names[] = {"append",     "chmod",     "times",        "trunc", "renamed",
                                        "linked",     "truncopen", "symlink",      "fifo",  "dir",
                                        "dir/inside", "dir/sub",   "dir/sub/deep", "."};
    const struct timespec times[2] = {{1000000000, 0}, {1000000001, 0}};
    printf("== copies\n");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        name_it(names[i]);
    append("append");
    SAY(chmod("chmod", 0640));
    SAY(utimensat(AT_FDCWD, "times", times, 0));
    SAY(truncate("trunc", 3));
    SAY_FD(open("truncopen", O_WRONLY | O_TRUNC));
    SAY(rename("renamed", "renamed2"));
    SAY(link("linked", "linked2"));
    SAY(utimensat(AT_FDCWD, "symlink", times, AT_SYMLINK_NOFOLLOW));
    SAY(rename("fifo", "fifo2"));
    SAY(chmod("dir/sub/deep", 0600));
    SAY_FD(open("created", O_WRONLY | O_CREAT, 0644));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        look_at(names[i]);
    look_at("renamed2");
    look_at("linked2");
    look_at("fifo2");
    look_at("created");
    look_at_fdinfo("append");
    look_at_fdinfo("dir/inside");
    look_at_fdinfo("created");
    SAY(rename("dir", "moved"));
    look_at("moved");
    look_at("moved/inside");
    look_at("moved/sub");
    look_at("moved/sub/deep");
    printf("the listing of moved has itself and its parent: %d %d\n",
           listed_ino("moved", ".") == listed_ino(".", "moved"), listed_ino("moved", "..") == listed_ino(".", "."));
}

/* ---- several names ---- */

static void hard_links(void)
{
    printf("== hard links\n");
    name_it("many/1");
    name_it("pair1");
    append("many/1");
    look_at("many/2");
    look_at("many/sub/3");
    show("many/2");
    append("many/sub/3");
    show("many/1");
    SAY(chmod("many/2", 0600));
    look_at("many/1");
    SAY(unlink("many/2"));
    look_at("many/1");
    look_at("many/sub/3");
    SAY(rename("many/1", "many/sub/3"));
    look_at("many/1");
    SAY(link("many/1", "many/5"));
    look_at("many/5");
    SAY(unlink("many/1"));
    SAY(unlink("many/sub/3"));
    show("many/5");
    look_at("many/5");
    SAY(unlink("many/5"));
    SAY_FD(open("many/5", O_WRONLY | O_CREAT | O_EXCL, 0644));
    look_at("many/5");
    /* Of a file that is not copied. */
    int three = open("three1", O_RDONLY);
    SAY(unlink("three2"));
    look_at("three1");
    look_at("three3");
    SAY(rename("fifo2", "three3"));
    look_at("three1");
    struct stat open_one;
    SAY(fstat(three, &open_one));
    printf("links %lu\n", (unsigned long)open_one.st_nlink);
    append("three1");
    look_at("three1");
    SAY(unlink("three1"));
    SAY(fstat(three, &open_one));
    printf("links %lu\n", (unsigned long)open_one.st_nlink);
    close(three);
    /* Both names in a directory that is renamed. */
    name_it("links/x");
    SAY(rename("links", "links2"));
    look_at("links2/x");
    look_at("links2/y");
    append("links2/y");
    show("links2/x");
    /* Through a descriptor, and by the working directory. */
    int fd = open("pair2", O_RDONLY);
    SAY(fchmod(fd, 0604));
    look_at("pair1");
    close(fd);
    struct stat st;
    SAY(chdir("many"));
    SAY(stat("../pair2", &st));
    SAY(chdir(".."));
    SAY_FD(open("pair1", O_WRONLY | O_TRUNC));
    show("pair2");
}

/* ---- descriptors that were opened before ---- */

static void tell(const char *text, int fd)
{
    struct stat st;
    if (SAY(fstat(fd, &st)) == 0) {
        printf("%s is %s, ", text, which(st.st_dev, st.st_ino));
        print_stat("with", &st);
    }
}

static void descriptors(void)
{
    printf("== descriptors\n");
    name_it("d");
    name_it("d/file");
    name_it("d/gone");
    name_it("d/other");
    int dir = open("d", O_RDONLY | O_DIRECTORY);
    int file = open("d/file", O_RDONLY);
    int gone = open("d/gone", O_RDONLY);
    int path = open("d/other", O_PATH);
    SAY(chmod("d", 0711));
    SAY(chmod("d/file", 0601));
    SAY(unlink("d/gone"));
    SAY(chmod("d/other", 0622));
    tell("the directory", dir);
    tell("the file", file);
    tell("the removed file", gone);
    tell("the O_PATH descriptor", path);
    SAY(fchmod(file, 0611));
    tell("the file", file);
    SAY(fchmod(dir, 0755));
    tell("the directory", dir);
    SAY(rename("d", "d2"));
    tell("the directory", dir);
    tell("the file", file);
    struct stat st;
    SAY(fstatat(dir, "", &st, AT_EMPTY_PATH));
    print_stat("by an empty path", &st);
    SAY(fstatat(dir, "other", &st, AT_EMPTY_PATH));
    print_stat("by a name", &st);
    SAY(fstatat(dir, "gone", &st, AT_EMPTY_PATH));
    SAY(fstat(-1, &st));
    SAY(fstat(1000, &st));
    SAY(syscall(SYS_fstat, file, 8));
    SAY(syscall(SYS_newfstatat, file, NULL, &st, AT_EMPTY_PATH));
    SAY(syscall(SYS_newfstatat, AT_FDCWD, NULL, &st, AT_EMPTY_PATH));
    SAY(syscall(SYS_newfstatat, file, NULL, &st, 0));
    SAY(syscall(SYS_statx, file, "", AT_EMPTY_PATH, STATX__RESERVED, NULL));
    SAY(syscall(SYS_statx, file, "none", 0x6000, STATX_BASIC_STATS, NULL));
    close(dir);
    close(file);
    close(gone);
    close(path);
}

static void exchanges(void)
{
    printf("== exchanges\n");
    SAY(mkdir("e/new", 0755));
    name_it("e/old");
    name_it("e/new");
    name_it("e/f");
    name_it("e/g");
    SAY(syscall(SYS_renameat2, AT_FDCWD, "e/old", AT_FDCWD, "e/new", RENAME_EXCHANGE));
    look_at("e/old");
    look_at("e/new");
    SAY(syscall(SYS_renameat2, AT_FDCWD, "e/f", AT_FDCWD, "e/g", RENAME_EXCHANGE));
    look_at("e/f");
    look_at("e/g");
    SAY(rename("e/f", "e/g"));
    look_at("e/g");
}

int main(void)
{
    copies();
    hard_links();
    descriptors();
    exchanges();
    return 0;
}
