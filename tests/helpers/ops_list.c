/* Directory listings: both getdents calls, small buffers, positions, changes while reading, shared descriptions. */
#include "ops.h"

enum { MANY = 500 };

static int compare(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

struct names {
    char *list[4096];
    size_t count;
};

static void add_name(struct names *names, const char *name, char type)
{
    char text[NAME_MAX + 8];

    snprintf(text, sizeof text, "%s %c", name, type);
    if (names->count < sizeof names->list / sizeof *names->list)
        names->list[names->count++] = strdup(text);
}

static void print_names(const char *title, struct names *names)
{
    printf("%s: %zu entries", title, names->count);
    qsort(names->list, names->count, sizeof *names->list, compare);
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0 && strcmp(names->list[i], names->list[i - 1]) == 0)
            printf(" TWICE:");
        if (names->count < 60)
            printf(" [%s]", names->list[i]);
    }
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    printf("\n");
    names->count = 0;
}

static char dirent_type(unsigned char type)
{
    return type_of((mode_t)DTTOIF(type));
}

struct old_dirent {
    unsigned long d_ino;
    unsigned long d_off;
    unsigned short d_reclen;
    char d_name[];
};

/* The old call: the type is the last byte of the record. */
static void with_getdents(int fd, size_t size)
{
    struct names names = {.count = 0};
    char buffer[32768];
    long length;

    while ((length = syscall(SYS_getdents, fd, buffer, size)) > 0) {
        for (long at_byte = 0; at_byte < length;) {
            struct old_dirent *entry = (struct old_dirent *)(buffer + at_byte);

            add_name(&names, entry->d_name, dirent_type((unsigned char)buffer[at_byte + entry->d_reclen - 1]));
            at_byte += entry->d_reclen;
        }
    }
    SAY(length);
    print_names("getdents", &names);
}

static void with_getdents64(int fd, size_t size)
{
    struct names names = {.count = 0};
    char buffer[32768];
    long length;

    while ((length = syscall(SYS_getdents64, fd, buffer, size)) > 0) {
        for (long at_byte = 0; at_byte < length;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + at_byte);

            add_name(&names, entry->d_name, dirent_type(entry->d_type));
            at_byte += entry->d_reclen;
        }
    }
    SAY(length);
    print_names("getdents64", &names);
}

static void list_all(const char *path)
{
    static const size_t sizes[] = {32768, 1024, 300};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char small[24];

    printf("-- %s\n", path);
    if (SAY(fd < 0 ? -1 : 0) < 0)
        return;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        with_getdents64(fd, sizes[i]);
        SAY(lseek(fd, 0, SEEK_SET));
        with_getdents(fd, sizes[i]);
        SAY(lseek(fd, 0, SEEK_SET));
    }
    SAY(syscall(SYS_getdents64, fd, small, 8));
    SAY(syscall(SYS_getdents64, fd, small, 0));
    SAY(syscall(SYS_getdents64, fd, (void *)8, 4096));
    SAY(read(fd, small, 1));
    close(fd);
}

/* Every entry can be reached again from where telldir said it is. */
static void seek_everywhere(const char *path)
{
    static long positions[4096];
    static char names[4096][NAME_MAX + 1];
    DIR *directory = opendir(path);
    size_t count = 0, wrong = 0;

    if (!directory)
        return;
    for (;;) {
        struct dirent *entry;

        positions[count] = telldir(directory);
        entry = readdir(directory);
        if (!entry)
            break;
        snprintf(names[count++], sizeof names[0], "%s", entry->d_name);
    }
    for (size_t i = count; i-- > 0;) {
        struct dirent *entry;

        seekdir(directory, positions[i]);
        entry = readdir(directory);
        if (!entry || strcmp(entry->d_name, names[i]) != 0)
            wrong++;
    }
    seekdir(directory, positions[count]);
    printf("seekdir over %zu entries of %s: %zu wrong, then %s\n", count, path, wrong,
           readdir(directory) ? "more" : "the end");
    rewinddir(directory);
    for (wrong = 0; readdir(directory); wrong++)
        ;
    printf("rewinddir: %zu entries\n", wrong);
    closedir(directory);
}

static void inodes_agree(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    size_t wrong = 0, count = 0;

    while (directory && (entry = readdir(directory))) {
        struct stat st;

        if (strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_ino != entry->d_ino)
            wrong++;
    }
    printf("inode numbers of %zu entries of %s: %zu differ from stat\n", count, path, wrong);
    if (directory)
        closedir(directory);
}

static void remove_while_reading(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    size_t removed = 0, failed = 0;

    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] == '.')
            continue;
        if (unlinkat(dirfd(directory), entry->d_name, 0) == 0)
            removed++;
        else
            failed++;
    }
    printf("removed while reading %s: %zu, failed %zu\n", path, removed, failed);
    if (directory)
        closedir(directory);
    SAY(rmdir(path));
}

/* Entries that are there from start to end are seen once, whatever comes and goes meanwhile. */
static void change_while_reading(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t kept = 0, round = 0;
    char buffer[512], name[64];
    long length;

    while ((length = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
        for (long at_byte = 0; at_byte < length;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + at_byte);

            kept += strncmp(entry->d_name, "keep", 4) == 0;
            at_byte += entry->d_reclen;
        }
        if (round < 50) {
            snprintf(name, sizeof name, "%s/extra%zu", path, round);
            put(name, "x");
            snprintf(name, sizeof name, "%s/go%zu", path, round);
            unlink(name);
            round++;
        }
    }
    printf("%s while it changes: %zu that stay were seen\n", path, kept);
    close(fd);
}

/* One open file description in two processes has one position. */
static void shared_position(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), copy = dup(fd);
    size_t count = 0;
    pid_t child;
    char buffer[1024];
    long length;

    while ((length = syscall(SYS_getdents64, count % 2 ? copy : fd, buffer, sizeof buffer)) > 0) {
        count++;
        child = fork();
        if (child == 0)
            _exit(syscall(SYS_getdents64, fd, buffer, sizeof buffer) < 0);
        waitpid(child, NULL, 0);
    }
    printf("%s in turns: %s\n", path, count > 1 && length == 0 ? "each a part" : "wrong");
    SAY(lseek(copy, 0, SEEK_SET));
    with_getdents64(fd, 32768);
    close(fd);
    close(copy);
}

static void fill(const char *directory, const char *prefix, int count)
{
    char name[64];

    mkdir(directory, 0755);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s/%s%d", directory, prefix, i);
        put(name, "");
    }
}

static void errors(void)
{
    char buffer[1024];
    int fd = open("many/keep1", O_RDONLY | O_CLOEXEC);
    int path_fd = open("many", O_PATH | O_CLOEXEC);

    SAY(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
    SAY(syscall(SYS_getdents64, path_fd, buffer, sizeof buffer));
    SAY(syscall(SYS_getdents64, 999, buffer, sizeof buffer));
    close(fd);
    fd = open("emptied", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SAY(rmdir("emptied"));
    SAY(syscall(SYS_getdents64, fd, buffer, sizeof buffer));
    close(fd);
}

int main(void)
{
    begin();
    list_all("small"); /* as the host has it */
    list_all("empty");
    inodes_agree("small");
    seek_everywhere("many");
    put("small/added", "x");
    unlink("small/file");
    mkdir("small/newdir", 0755);
    if (symlink("x", "small/newlink") != 0 || mkfifo("small/newfifo", 0644) != 0)
        return 1;
    unlink("small/tofile/x");
    rmdir("small/tofile");
    put("small/tofile", "x");
    unlink("small/todir");
    mkdir("small/todir", 0755);
    list_all("small");
    list_all("small/todir");
    inodes_agree("small");
    fill("many", "keep", MANY);
    fill("many", "go", MANY);
    seek_everywhere("many");
    shared_position("many");
    change_while_reading("many");
    remove_while_reading("many2");
    fill("fresh", "f", 300);
    seek_everywhere("fresh");
    remove_while_reading("fresh");
    rename("moved", "moved2");
    list_all("moved2");
    rename("moved2/sub", "moved2/other");
    list_all("moved2");
    list_all("moved2/other");
    errors();
    list_all(".");
    return 0;
}
