/*
 * Chains of symbolic links: forty are followed in one path and forty-one are not, however many directories lie between,
 * whether the host has the links or the view, and what the last one leads to. hNN are the host's, vNN are made here:
 * the number says how many links are followed to the end.
 */
#include "ops.h"

#include <sys/inotify.h>

static char *name_of(const char *prefix, int number)
{
    static char names[8][64];
    static unsigned next;
    char *name = names[next++ % 8];

    snprintf(name, sizeof names[0], "%s%d", prefix, number);
    return name;
}

/* PREFIX(first) leads to `end`, each that follows to the one before. */
static void chain(const char *prefix, const char *end, int first, int last)
{
    for (int i = first; i <= last; i++)
        if (symlink(i == first ? end : name_of(prefix, i - 1), name_of(prefix, i)) != 0)
            say("symlink", -1);
}

static void try_file(const char *path)
{
    struct stat st;
    struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_BENEATH};
    char text[PATH_MAX];

    printf("-- %s\n", path);
    SAY(stat(path, &st));
    SAY(lstat(path, &st));
    SAY(access(path, R_OK));
    SAY_FD(open(path, O_RDONLY));
    SAY_FD(open(path, O_RDONLY | O_NOFOLLOW));
    SAY_FD(open(path, O_PATH | O_NOFOLLOW));
    SAY_FD(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    SAY_FD(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
    SAY(readlink(path, text, sizeof text) > 0);
    SAY(chmod(path, 0640));
    SAY(truncate(path, 3));
    SAY_FD(open(path, O_RDWR | O_CREAT, 0644));
    SAY(link(path, "linked"));
    SAY(unlink("linked"));
    SAY(linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    SAY(unlink("linked"));
    SAY(execl(path, path, (char *)NULL));
    content(path);
}

static void try_directory(const char *path)
{
    struct stat st;
    struct statfs fs;
    char below[128];
    int top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    printf("-- %s/\n", path);
    snprintf(below, sizeof below, "%s/in", path);
    SAY(stat(path, &st));
    SAY(stat(below, &st));
    SAY(lstat(below, &st));
    SAY(statfs(below, &fs));
    snprintf(below, sizeof below, "%s/", path);
    SAY(lstat(below, &st));
    SAY(mkdir(below, 0755));
    SAY_FD(open(below, O_RDONLY | O_NOFOLLOW));
    snprintf(below, sizeof below, "%s/new", path);
    SAY(mkdir(below, 0755));
    SAY(rename(below, "moved"));
    SAY(rename("moved", below));
    SAY(rmdir(below));
    snprintf(below, sizeof below, "%s/..", path);
    SAY(stat(below, &st));
    SAY(chdir(path));
    if (fchdir(top) != 0)
        exit(1);
    close(top);
}

/* A path through several links counts them all. */
static void try_sum(const char *first, const char *second)
{
    struct stat st;
    char path[128];

    snprintf(path, sizeof path, "%s/../%s", first, second);
    printf("%s: ", path);
    SAY(stat(path, &st));
    printf("%s: ", path);
    SAY(lstat(path, &st));
}

/* What no longer chain leads to is made; of one that is too long it is not. */
static void try_dangling(const char *path)
{
    printf("-- %s\n", path);
    SAY_FD(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    SAY(mkdir(path, 0700));
    SAY(mknod(path, S_IFREG | 0600, 0));
    SAY_FD(open(path, O_WRONLY | O_CREAT, 0600));
    look("made");
    SAY(unlink("made"));
}

struct handle {
    unsigned size;
    int type;
    unsigned char bytes[128];
};

static long handle_of(int dir, const char *path, int flags)
{
    struct handle handle = {.size = sizeof handle.bytes};
    int mount;

    return syscall(SYS_name_to_handle_at, dir, path, &handle, &mount, flags);
}

/* Where the path or the flags are wrong, that is told before whether there is a handle. */
static void handles(void)
{
    char longest[PATH_MAX + 1];
    int file = open("file", O_RDONLY | O_CLOEXEC);

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    puts("-- handles");
    SAY(handle_of(AT_FDCWD, "nothing", 0));
    SAY(handle_of(AT_FDCWD, "file/below", 0));
    SAY(handle_of(AT_FDCWD, "file/", 0));
    SAY(handle_of(AT_FDCWD, "", 0));
    SAY(handle_of(AT_FDCWD, "gone", 0));
    SAY(handle_of(AT_FDCWD, "mine/nothing", 0));
    SAY(handle_of(AT_FDCWD, "h41", AT_SYMLINK_FOLLOW));
    SAY(handle_of(AT_FDCWD, "v41", AT_SYMLINK_FOLLOW));
    SAY(handle_of(AT_FDCWD, "file", AT_SYMLINK_NOFOLLOW));
    SAY(handle_of(AT_FDCWD, "nothing", 0x10000));
    SAY(handle_of(AT_FDCWD, longest, 0));
    SAY(handle_of(AT_FDCWD, (const char *)8, 0));
    SAY(handle_of(99, "file", 0));
    SAY(handle_of(99, "", AT_EMPTY_PATH));
    SAY(handle_of(file, "below", 0));
    SAY(handle_of(file, "", 0));
    close(file);
}

int main(void)
{
    static const int lengths[] = {1, 39, 40, 41};

    begin();
    SAY(unlink("gone"));
    SAY(mkdir("mine", 0755));
    chain("v", "file", 1, 42);
    chain("vd", "dir", 1, 42);
    chain("vn", "made", 1, 42);
    /* From the view's links into the host's. */
    chain("mixed", "h20", 21, 42);
    chain("mixedd", "hd20", 21, 42);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int length = lengths[i];
        try_file(name_of("h", length));
        try_file(name_of("v", length));
        try_directory(name_of("hd", length));
        try_directory(name_of("vd", length));
        try_dangling(name_of("hn", length));
        try_dangling(name_of("vn", length));
        if (length >= 21) {
            try_file(name_of("mixed", length));
            try_directory(name_of("mixedd", length));
            try_sum(name_of("hd", length - 20), "h20");
            try_sum(name_of("vd", length - 20), "h20");
            try_sum(name_of("hd", length - 20), "v20");
            try_sum(name_of("mixedd", 30), name_of("v", length - 30));
            try_sum("/proc/self/cwd/dir", name_of("v", length - 1));
        }
    }
    handles();
    return 0;
}
