/*
 * Opens to which no path that coffer could put in the call leads: below directories that are deeper than the longest
 * path, and by `int $0x80` of a 64-bit program, whose arguments cannot point to where such a path would lie. The tree
 * is made natively, by ops_handed make.
 */
#include "ops.h"

#include "ia32.h"

/* A descriptor that was handed over has it, whoever made the call. */
#define LARGE_FILE 0100000u

enum { WHOLE = 4085 };

/* The path of the last directory has so many bytes that names in it can be said, but none with the layer's in front. */
static int make(void)
{
    char cwd[PATH_MAX], name[201];
    size_t length;
    memset(name, 'n', sizeof name);
    while (getcwd(cwd, sizeof cwd) != NULL && (length = strlen(cwd)) + 1 < WHOLE) {
        size_t left = WHOLE - length - 1;
        name[left < 200 ? left : left < 400 ? left / 2 : 200] = '\0';
        if (mkdir(name, 0755) < 0 || chdir(name) < 0)
            return 1;
        memset(name, 'n', sizeof name);
    }
    put("file", "content");
    put("emptied", "content");
    return 0;
}

static bool go_down(void)
{
    const struct dirent *entry;
    bool gone = false;
    DIR *dir = opendir(".");
    while (dir != NULL && !gone && (entry = readdir(dir)) != NULL)
        gone = entry->d_name[0] == 'n' && chdir(entry->d_name) == 0;
    if (dir != NULL)
        closedir(dir);
    return gone;
}

static void use(const char *what, int fd)
{
    char bytes[32] = "";
    say(what, fd < 0 ? -1 : 0);
    if (fd < 0)
        return;
    printf("  flags %o, %s", (unsigned)fcntl(fd, F_GETFL) & ~LARGE_FILE, fcntl(fd, F_GETFD) != 0 ? "cloexec" : "kept");
    long got = read(fd, bytes, sizeof bytes - 1);
    printf(", read %ld '%s', wrote %ld\n", got, bytes, (long)write(fd, "more", 4));
    close(fd);
}

static void far_below(void)
{
    while (go_down())
        continue;
    use("append", open("file", O_RDWR | O_APPEND | O_CLOEXEC));
    use("read", open("file", O_RDONLY));
    use("empty", open("emptied", O_RDWR | O_TRUNC));
    use("create", open("new", O_RDWR | O_CREAT | O_EXCL, 0600));
    SAY(unlink("new"));
    use("create again", open("new", O_RDWR | O_CREAT | O_EXCL, 0600));
    SAY(truncate("file", 3));
    content("file");
}

static void by_int80(void)
{
    enum { OPEN = 5, CREAT = 8, OPENAT = 295 };
    char *low = ia32_begin(4096);
    snprintf(low, 4096, "old");
    use("read", (int)IA32(OPEN, low, O_RDONLY, 0));
    use("append", (int)IA32(OPEN, low, O_RDWR | O_APPEND, 0));
    use("read the copy", (int)IA32(OPEN, low, O_RDONLY | O_CLOEXEC, 0));
    use("empty", (int)IA32(OPENAT, AT_FDCWD, low, O_RDWR | O_TRUNC));
    snprintf(low, 4096, "made");
    use("create", (int)IA32(CREAT, low, 0640));
    use("exclusive", (int)IA32(OPEN, low, O_RDWR | O_CREAT | O_EXCL, 0600));
    snprintf(low, 4096, "missing");
    use("missing", (int)IA32(OPEN, low, O_RDWR, 0));
    snprintf(low, 4096, "dir");
    SAY(mkdir("dir", 0755));
    use("directory", (int)IA32(OPEN, low, O_RDONLY | O_DIRECTORY, 0));
}

int main(int count, char **arguments)
{
    (void)arguments;
    if (count > 1)
        return make();
    pid_t child = fork();
    if (child == 0) {
        by_int80();
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("int $0x80: status %d\n", status);
    fflush(stdout);
    far_below();
    return 0;
}
