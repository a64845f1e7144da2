/*
 * Directory listings. Their order is the file system's own affair, and is not compared; what POSIX promises is: every
 * name once, whatever comes and goes meanwhile.
 */
#include "row.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAMES = 1024 };

struct record {
    char name[NAME_MAX + 1];
    char type;
    ino_t inode;
    long position; /* where the next one is */
};

struct names {
    size_t count;
    struct record record[NAMES];
};

static struct names *new_names(size_t count)
{
    struct names *names = calloc(count, sizeof *names);

    if (names == NULL)
        err(2, "names");
    return names;
}

static char type_letter(unsigned char type)
{
    static const char letters[] = {[DT_FIFO] = 'p', [DT_CHR] = 'c', [DT_DIR] = 'd', [DT_BLK] = 'b',
                                   [DT_REG] = 'f',  [DT_LNK] = 'l', [DT_SOCK] = 's'};

    return type < sizeof letters && letters[type] != '\0' ? letters[type] : '?';
}

static void add_record(struct names *names, const char *name, unsigned char type, ino_t inode, long position)
{
    struct record *record = &names->record[names->count];

    if (names->count == NAMES)
        return;
    (void)snprintf(record->name, sizeof record->name, "%s", name);
    record->type = type_letter(type);
    record->inode = inode;
    record->position = position;
    names->count++;
}

/* One call; how many records it gave, or -1. */
static long read_some(int fd, struct names *names, size_t size)
{
    _Alignas(struct dirent64) char buffer[32768];
    size_t before = names->count;
    long length = syscall(SYS_getdents64, fd, buffer, size < sizeof buffer ? size : sizeof buffer);

    for (long at = 0; at < length;) {
        struct dirent64 *entry = (struct dirent64 *)(void *)(buffer + at);

        add_record(names, entry->d_name, entry->d_type, entry->d_ino, entry->d_off);
        at += entry->d_reclen;
    }
    return length < 0 ? -1 : (long)(names->count - before);
}

struct old_dirent {
    unsigned long inode;
    unsigned long position;
    unsigned short length;
    char name[];
};

/* The same with the old call: the type is the last byte of a record. */
static long read_some_old(int fd, struct names *names, size_t size)
{
    _Alignas(struct old_dirent) char buffer[32768];
    size_t before = names->count;
    long length = syscall(SYS_getdents, fd, buffer, size < sizeof buffer ? size : sizeof buffer);

    for (long at = 0; at < length;) {
        struct old_dirent *entry = (struct old_dirent *)(void *)(buffer + at);

        add_record(names, entry->name, (unsigned char)buffer[at + entry->length - 1], entry->inode,
                   (long)entry->position);
        at += entry->length;
    }
    return length < 0 ? -1 : (long)(names->count - before);
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const struct record *)one)->name, ((const struct record *)other)->name);
}

static void say_names(struct names *names)
{
    qsort(names->record, names->count, sizeof names->record[0], by_name);
    for (size_t i = 0; i < names->count; i++) {
        say(" %c:", names->record[i].type);
        say_bytes(names->record[i].name, strlen(names->record[i].name));
        if (i > 0 && strcmp(names->record[i].name, names->record[i - 1].name) == 0)
            say("(TWICE)");
    }
}

/* Inode numbers in the listing and of the objects themselves. */
static void check_inodes(int fd, const struct names *names)
{
    struct stat st;

    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->record[i].name, "..") != 0 &&
            fstatat(fd, names->record[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino != names->record[i].inode)
            say(" OTHER-INODE:%s", names->record[i].name);
}

static long finish(struct names *names, long result)
{
    int error = errno;

    say_names(names);
    free(names);
    errno = error;
    return result;
}

/* From where the descriptor stands to the end. */
static long list_descriptor(int fd, size_t size, bool old)
{
    struct names *names = new_names(1);
    long result = -1;

    while ((result = old ? read_some_old(fd, names, size) : read_some(fd, names, size)) > 0)
        ;
    return finish(names, result);
}

static long list_path(const char *path, size_t size, bool inodes)
{
    int fd = (int)syscall(SYS_open, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct names *names = new_names(1);
    long result = -1;

    while (fd >= 0 && (result = read_some(fd, names, size)) > 0)
        ;
    if (fd >= 0 && inodes)
        check_inodes(fd, names);
    result = finish(names, result);
    if (fd >= 0)
        close(fd);
    return result;
}

OP(getdents, list_descriptor(F(0), 32768, true))
OP(getdents64, list_descriptor(F(0), 32768, false))
OP(getdents_small, list_descriptor(F(0), 300, false))
OP(list, list_path(P(0), 32768, false))
OP(list_small, list_path(P(0), 320, false))
OP(list_inodes, list_path(P(0), 1024, true))
OP(rewinddir, lseek(F(0), 0, SEEK_SET))

/* What a position leads to is what followed it when it was given. */
static long seek_in(int fd)
{
    struct names *all = new_names(2), *one = all + 1;
    size_t wrong = 0;

    while (read_some(fd, all, 400) > 0)
        ;
    for (size_t i = all->count; i-- > 1;) {
        one->count = 0;
        if (lseek(fd, all->record[i - 1].position, SEEK_SET) < 0 || read_some(fd, one, 300) <= 0 ||
            strcmp(one->record[0].name, all->record[i].name) != 0)
            wrong++;
    }
    say(" %zu names, %zu wrong", all->count, wrong);
    free(all);
    return 0;
}

static long seek_path(const char *path)
{
    int fd = (int)syscall(SYS_open, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long result = fd < 0 ? -1 : seek_in(fd);

    if (fd >= 0)
        close(fd);
    return result;
}

OP(seekdir, seek_path(P(0)))

/* What a sweep does with a name that it has read: by the name, so that the order makes no difference. */
static int sweep_name(int fd, struct record *record, unsigned what)
{
    unsigned hash = text_hash(record->name, strlen(record->name), what) % 8;
    char made[NAME_MAX + 1];

    if (record->name[0] == '.' || record->name[0] == '+')
        return 0;
    (void)snprintf(made, sizeof made, "+%.200s", record->name);
    if (what % 4 == 0 || hash < 3)
        return unlinkat(fd, record->name, record->type == 'd' ? AT_REMOVEDIR : 0);
    if (hash == 3)
        return renameat(fd, record->name, fd, made);
    if (hash == 4)
        return mkdirat(fd, made, 0755);
    /* A link may lead to another of the names. */
    return hash == 5 && record->type != 'l' ? fchmodat(fd, record->name, 0755, 0) : 0;
}

/* Names that the sweep itself makes may be seen or not. */
static void drop_made(struct names *names)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->count; i++)
        if (names->record[i].name[0] != '+')
            names->record[kept++] = names->record[i];
    names->count = kept;
}

/*
 * Reads a directory piece by piece and changes what it has read meanwhile. Bit 2 of `what`: through two descriptors.
 * EACCES if any of the changes was refused so, since then the tree is another one.
 */
static long sweep(const char *path, unsigned what)
{
    int fd = (int)syscall(SYS_open, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int second = fd < 0 || (what & 4) == 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct names *names = new_names(1);
    long result = -1;
    bool refused = false;

    for (size_t done = 0; fd >= 0; done = names->count) {
        result = read_some(done % 2 == 0 ? fd : second, names, 300);
        if (result <= 0)
            break;
        for (size_t i = done; i < names->count; i++)
            if (sweep_name(fd, &names->record[i], what) != 0)
                refused = refused || errno == EACCES;
    }
    drop_made(names);
    result = finish(names, result);
    if (second != fd)
        close(second);
    if (fd >= 0)
        close(fd);
    if (refused) {
        errno = EACCES;
        return -1;
    }
    return result;
}

OP(sweep, sweep(P(0), (unsigned)N(1)))

/* clang-format off */
const struct row rows_list[] = {
    ROW(getdents, "F", 3, NULL),
    ROW(getdents64, "F", 6, NULL),
    ROW(getdents_small, "F", 4, NULL),
    ROW(rewinddir, "F", 4, NULL),
    ROW(list, "P", 10, NULL),
    ROW(list_small, "P", 4, NULL),
    ROW(list_inodes, "P", 4, NULL),
    ROW(seekdir, "P", 3, NULL),
    ROW(sweep, "PZ", 5, NULL),
    ROW_END,
};
/* clang-format on */
