/* A tree deeper than the longest path: by the working directory and by descriptors, then moved, copied and removed. */
#include "ops.h"

#define LEVELS 40

static char name[201];

static void deeper(void)
{
    int made = 0;

    while (made < LEVELS && mkdir(name, 0755) == 0 && chdir(name) == 0) {
        char file[16];

        snprintf(file, sizeof file, "f%d", made++);
        put(file, file);
    }
    printf("made %d\n", made);
}

static void at_the_end(void)
{
    char cwd[4 * PATH_MAX];
    struct stat st;
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), up, file;

    SAY(syscall(SYS_getcwd, cwd, sizeof cwd));
    printf("getcwd: %d\n", getcwd(cwd, sizeof cwd) != NULL);
    look("f39");
    content("../f38");
    SAY(rename("f39", "../g39"));
    SAY(link("../g39", "h39"));
    SAY(symlink("../g39", "link"));
    content("link");
    SAY_FD(openat(fd, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    SAY(mkdirat(fd, "dir", 0755));
    SAY(fstatat(fd, "new", &st, 0));
    SAY(unlinkat(fd, "new", 0));
    SAY(renameat(fd, "dir", fd, "dir2"));
    SAY(fchmodat(fd, "dir2", 0700, 0));
    SAY(fstatat(fd, "dir2", &st, 0));
    print_stat("dir2", &st);
    up = openat(fd, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SAY(up < 0 ? -1 : 0);
    SAY(fchdir(up));
    content("f37");
    SAY(fchmod(fd, 0750));
    SAY(fchdir(fd));
    look(".");
    file = openat(fd, "h39", O_RDWR | O_CLOEXEC);
    SAY(fchmod(file, 0640));
    SAY(ftruncate(file, 1));
    look("h39");
    close(file);
    close(up);
    close(fd);
}

int main(void)
{
    int top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    begin();
    memset(name, 'd', sizeof name - 1);
    SAY(mkdir("tree", 0755));
    SAY(chdir("tree"));
    deeper();
    at_the_end();
    SAY(fchdir(top));
    SAY(system("find tree | wc -l; mv tree moved; chmod -R go-w moved; find moved -type f | wc -l"));
    SAY(system("rm -r moved; ls"));
    return 0;
}
