/*
 * What only 32-bit programs have: their old calls and structs, socketcall(), offsets of 32 bits. As a 64-bit program it
 * makes them with `int $0x80`.
 */
#include "ops.h"

#include "ia32.h"

#include <sched.h>

/* By their numbers: a 64-bit program has no other names for them. */
enum {
    FORK_ = 2,
    OPEN = 5,
    WAITPID = 7,
    CREAT = 8,
    EXECVE = 11,
    CHMOD = 15,
    LCHOWN16 = 16,
    OLDSTAT = 18,
    UTIME = 30,
    MKDIR = 39,
    OLDLSTAT = 84,
    READDIR = 89,
    TRUNCATE = 92,
    FCHOWN16 = 95,
    STATFS = 99,
    SOCKETCALL = 102,
    STAT = 106,
    LSTAT = 107,
    OLDUNAME = 109,
    VM86 = 166,
    CHOWN16 = 182,
    TRUNCATE64 = 193,
    STAT64 = 195,
    LSTAT64 = 196,
    LCHOWN32 = 198,
    CHOWN32 = 212,
    LLSEEK = 140,
    GETDENTS = 141,
    GETDENTS64 = 220,
    AFFINITY = 242,
    STATFS64 = 268,
    UTIMES = 271,
    FUTIMESAT = 299,
    FSTATAT64 = 300,
    UTIMENSAT = 320,
    CONNECT = 362,
    SENDTO = 369,
    STATX = 383,
    UTIMENSAT_TIME64 = 412,
};

/* All that calls point to. */
static struct low {
    char path[4096], text[4096];
    uint8_t bytes[32768];
    uint32_t words[64];
    struct sockaddr_un address;
} * low;

static char *path(const char *name)
{
    snprintf(low->path, sizeof low->path, "%s", name);
    return low->path;
}

static uint32_t word(const void *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

static unsigned half(const void *at)
{
    uint16_t value;
    memcpy(&value, at, 2);
    return value;
}

/* ---- stat ---- */

static void poison(void)
{
    memset(low->bytes, 0xa5, 128);
}

static void old_stat(long number, const char *name)
{
    const uint8_t *b = low->bytes;
    poison();
    long result = IA32(number, path(name), low->bytes);
    int error = errno;
    printf("%s %s: %ld", number == OLDSTAT ? "oldstat" : "oldlstat", name, result);
    if (result == 0)
        printf(" mode %o links %u ids %u %u size %u modified %u end %x", half(b + 4), half(b + 6), half(b + 8),
               half(b + 10), word(b + 16), word(b + 24), b[32]);
    printf(" %s\n", result < 0 ? strerrorname_np(error) : "");
}

static void print_small(const uint8_t *b)
{
    printf(" mode %o links %u ids %u %u size %u modified %u.%u unused %x %x end %x", half(b + 8), half(b + 10),
           half(b + 12), half(b + 14), word(b + 20), word(b + 40), word(b + 44), word(b + 56), word(b + 60), b[64]);
}

static void print_large(const uint8_t *b)
{
    printf(" mode %o links %u ids %u %u size %u/%u modified %u.%u padding %x %x inodes %s end %x", word(b + 16),
           word(b + 20), word(b + 24), word(b + 28), word(b + 44), word(b + 48), word(b + 72), word(b + 76),
           word(b + 8), word(b + 40), word(b + 12) == word(b + 88) ? "agree" : "differ", b[96]);
}

static void new_stat(const char *title, bool large, long result)
{
    int error = errno;
    printf("%s: %ld", title, result);
    if (result == 0 && large)
        print_large(low->bytes);
    else if (result == 0)
        print_small(low->bytes);
    printf(" %s\n", result < 0 ? strerrorname_np(error) : "");
    poison();
}

static void stats(const char *name)
{
    printf("-- %s\n", name);
    old_stat(OLDSTAT, name);
    old_stat(OLDLSTAT, name);
    poison();
    new_stat("stat", false, IA32(STAT, path(name), low->bytes));
    new_stat("lstat", false, IA32(LSTAT, path(name), low->bytes));
    new_stat("stat64", true, IA32(STAT64, path(name), low->bytes));
    new_stat("lstat64", true, IA32(LSTAT64, path(name), low->bytes));
    new_stat("fstatat64", true, IA32(FSTATAT64, AT_FDCWD, path(name), low->bytes, AT_SYMLINK_NOFOLLOW));
    SAY(IA32(STAT64, path(name), 8));
    SAY(IA32(STATX, AT_FDCWD, path(name), AT_NO_AUTOMOUNT, STATX_BASIC_STATS, low->bytes));
#ifndef __x86_64__
    SAY(IA32(STATFS, path(name), low->bytes));
    SAY(IA32(STATFS64, path(name), 84, low->bytes));
#endif
    SAY(IA32(STATFS64, path(name), 80, low->bytes));
}

static void all_stats(void)
{
    static const struct timespec then[2] = {{1234567890, 1}, {1234567890, 123456789}};
    utimensat(AT_FDCWD, "file", then, 0);
    int fd = open("large", O_RDWR);
    put("made", "some text\n");
    if (fd < 0 || ftruncate64(fd, 3ll << 30) < 0)
        exit(1);
    close(fd);
    utimensat(AT_FDCWD, "made", then, 0);
    utimensat(AT_FDCWD, "large", then, 0);
    fd = open("huge", O_RDWR | O_CREAT, 0644);
    if (ftruncate64(fd, 3ll << 30) < 0)
        exit(1);
    close(fd);
    symlink("made", "madelink");
    mkdir("madedir", 0750);
    utimensat(AT_FDCWD, "madelink", then, AT_SYMLINK_NOFOLLOW);
    utimensat(AT_FDCWD, "madedir", then, 0);
    stats("file");
    stats("made");
    stats("madelink");
    stats("madedir");
    stats("large");
    stats("made/");
    stats("missing");
    if (getuid() == 0) {
        SAY(chown("made", 70000, 80000));
        stats("made");
        SAY(chown("made", 0, 0));
    }
}

/* ---- changes ---- */

static void changes(void)
{
    puts("-- changes");
    SAY(IA32(CHMOD, path("a1"), 0640));
    look("a1");
    SAY(IA32(CHOWN16, path("a1"), 0xffff, 0xffff));
    SAY(IA32(CHOWN16, path("a1"), 0xffff, getgid()));
    SAY(IA32(LCHOWN16, path("link"), 0xffff, getgid()));
    SAY(IA32(CHOWN32, path("a1"), -1, getgid()));
    SAY(IA32(LCHOWN32, path("a1"), -1, -1));
    if (getuid() == 0) {
        SAY(IA32(CHOWN16, path("a1"), 0x10005, 0x20006)); /* the upper halves do not count */
        look("a1");
        SAY(IA32(CHOWN32, path("a1"), 65535, 65536));
        look("a1");
    }
    int fd = open("a2", O_RDONLY);
    SAY(IA32(FCHOWN16, fd, 0xffff, getgid()));
    close(fd);
    SAY(IA32(TRUNCATE, path("a2"), 3));
    SAY(IA32(TRUNCATE, path("a2"), 0xffffffff));
    SAY(IA32(TRUNCATE64, path("a3"), 4, 0));
    look("a3");
    SAY(IA32(TRUNCATE64, path("a3"), 5, 1));
    look("a3");
    SAY(IA32(TRUNCATE64, path("a3"), 0, 0x80000000));
    SAY(IA32(TRUNCATE64, path("dir"), 0, 0));
    SAY(IA32(TRUNCATE, path("a3"), 6));
    look("a3");
    SAY(IA32(MKDIR, path("newdir"), 0700));
    look("newdir");
}

static void modified(const char *name)
{
    struct stat st;
    if (stat(name, &st) < 0) /* a 32-bit program: the time is too large for it */
        printf("%s: %s\n", name, strerror(errno));
    else
        printf("%s: %lld.%09ld\n", name, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void times(void)
{
    uint32_t *w = low->words;
    static const uint32_t two[4] = {1000000000, 500000, 1100000000, 600000};
    puts("-- times");
    memcpy(w, two, sizeof two);
    SAY(IA32(UTIME, path("t1"), w)); /* two words */
    modified("t1");
    SAY(IA32(UTIMES, path("t1"), w));
    modified("t1");
    SAY(IA32(FUTIMESAT, AT_FDCWD, path("t2"), w));
    modified("t2");
    SAY(IA32(UTIMENSAT, AT_FDCWD, path("t3"), w, 0));
    modified("t3");
    w[0] = 0xfffffff0;
    w[2] = 0xffffff00;
    SAY(IA32(UTIMENSAT, AT_FDCWD, path("t3"), w, AT_SYMLINK_NOFOLLOW)); /* before 1970 */
    modified("t3");
    w[1] = 1000000;
    SAY(IA32(UTIMES, path("t1"), w));
    w[1] = 0xffffffff;
    SAY(IA32(UTIMES, path("t1"), w));
    SAY(IA32(UTIMENSAT, AT_FDCWD, path("t3"), w, 0));
    w[1] = w[3] = UTIME_OMIT;
    SAY(IA32(UTIMENSAT, AT_FDCWD, path("missing"), w, 0));
    /* Times of 64 bits; the upper half of the nanoseconds is padding. */
    const uint32_t large[8] = {5, 1, 7, 0xdead, 9, 2, 8, 0xbeef};
    memcpy(w, large, sizeof large);
    SAY(IA32(UTIMENSAT_TIME64, AT_FDCWD, path("t3"), w, 0));
    modified("t3");
    SAY(IA32(UTIMENSAT_TIME64, AT_FDCWD, path("t3"), 8, 0));
    SAY(IA32(UTIMES, path("t3"), 8));
    SAY(IA32(UTIME, path("t3"), 8));
}

/* ---- listings ---- */

enum { NAMES_MAX = 2048 };

struct seen {
    char *names[NAMES_MAX];
    uint32_t positions[NAMES_MAX];
    size_t count;
    bool wide; /* a position had more than 31 bits */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(struct seen *seen, const char *name, uint64_t position)
{
    seen->wide |= position > 0x7fffffff;
    seen->positions[seen->count] = (uint32_t)position;
    seen->names[seen->count++] = strdup(name);
}

static void show(const char *title, struct seen *seen)
{
    uint32_t hash = 5381;
    qsort(seen->names, seen->count, sizeof seen->names[0], by_name);
    for (size_t i = 0; i < seen->count; i++)
        for (const char *c = seen->names[i]; *c; c++)
            hash = hash * 33 + (unsigned char)*c;
    printf("%s: %zu names, hash %x, positions %s", title, seen->count, hash, seen->wide ? "wide" : "fit");
    for (size_t i = 0; i < seen->count && seen->count < 8; i++)
        printf(" %s", seen->names[i]);
    puts("");
}

static void forget(struct seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        free(seen->names[i]);
    *seen = (struct seen){0};
}

/* Reads from where the descriptor stands, at most `most` names or so. */
static long read_names(long number, int fd, size_t size, size_t most, struct seen *seen)
{
    long length = 1;
    while (seen->count < most) {
        length = IA32(number, fd, low->bytes, size);
        if (length <= 0)
            break;
        if (number == READDIR) {
            low->bytes[10 + half(low->bytes + 8)] = '\0';
            add(seen, (char *)low->bytes + 10, 0);
            continue;
        }
        for (long at_byte = 0; at_byte < length;) {
            const uint8_t *record = low->bytes + at_byte;
            uint64_t position = 0;
            memcpy(&position, record + (number == GETDENTS ? 4 : 8), number == GETDENTS ? 4 : 8);
            add(seen, (const char *)record + (number == GETDENTS ? 10 : 19), position);
            at_byte += half(record + (number == GETDENTS ? 8 : 16));
        }
    }
    return length;
}

static void list(const char *name)
{
    static struct seen all, rest;
    int fd = open(name, O_RDONLY | O_DIRECTORY);
    printf("-- %s\n", name);
    for (int turn = 0; turn < 4; turn++) {
        static const long numbers[] = {GETDENTS, GETDENTS64, READDIR, GETDENTS64};
        SAY(read_names(numbers[turn], fd, turn == 3 ? 200 : 32768, NAMES_MAX, &all));
        show("names", &all);
        SAY((long)lseek(fd, 0, SEEK_SET));
        /* From a position in the middle on, the same names come again. */
        if (turn == 3 && all.count > 4) {
            forget(&all);
            read_names(GETDENTS64, fd, 200, NAMES_MAX, &all);
            size_t middle = all.count / 2;
            IA32(19, fd, all.positions[middle - 1], SEEK_SET); /* lseek */
            read_names(GETDENTS64, fd, 4096, NAMES_MAX, &rest);
            bool same = rest.count == all.count - middle;
            for (size_t i = 0; same && i < rest.count; i++)
                same = strcmp(rest.names[i], all.names[middle + i]) == 0;
            printf("from the middle: %s\n", same ? "the same" : "others");
            forget(&rest);
            lseek(fd, 0, SEEK_SET);
        }
        forget(&all);
    }
    SAY(IA32(GETDENTS, fd, low->bytes, 4));
    SAY(IA32(GETDENTS, fd, low->bytes, 0));
    SAY(IA32(GETDENTS, fd, 8, 4096));
    SAY(IA32(READDIR, fd, 8, 1));
    SAY(IA32(READDIR, 999, low->bytes, 1));
    /* What is removed after the reading began does not come, and nothing comes twice. */
    read_names(GETDENTS, fd, 200, 3, &all);
    char gone[256];
    snprintf(gone, sizeof gone, "%s/gone", name);
    unlink(gone);
    read_names(GETDENTS, fd, 32768, NAMES_MAX, &all);
    size_t twice = 0;
    qsort(all.names, all.count, sizeof all.names[0], by_name);
    for (size_t i = 1; i < all.count; i++)
        twice += strcmp(all.names[i], all.names[i - 1]) == 0;
    printf("%zu twice, %s\n", twice, all.count > 4 ? "many" : "few");
    forget(&all);
    close(fd);
}

static void lists(void)
{
    mkdir("own", 0755);
    put("own/x", "");
    put("own/gone", "");
    list("own");
    list("many"); /* as the host has it, until something is removed */
    put("mixed/of-the-layer", "");
    unlink("mixed/f7");
    list("mixed");
    mkdir("large-own", 0755);
    for (int i = 0; i < 1000; i++) {
        char name[64];
        snprintf(name, sizeof name, "large-own/name%d", i);
        put(name, "");
    }
    list("large-own");
}

/* ---- the rest ---- */

static void unknown(void)
{
    puts("-- unknown and refused");
    SAY(IA32(VM86, 0, 0));
    SAY(IA32(999));
    SAY(IA32(AFFINITY, 0, 3, low->bytes));
    SAY(IA32(AFFINITY, 0, 4, low->bytes));
    SAY(IA32(AFFINITY, 0, 6, low->bytes));
    printf("CPUs %d\n", word(low->bytes) != 0);
    SAY(IA32(AFFINITY, 0, 64, low->bytes) > 0);
    SAY(IA32(LLSEEK, open("file", O_RDONLY), 0, 3, low->bytes, SEEK_SET));
    printf("position %u %u\n", word(low->bytes), word(low->bytes + 4));
    SAY(IA32(OLDUNAME, low->bytes));
    SAY(IA32(OPEN, path("many/f1"), O_RDONLY) >= 0);
    SAY(IA32(OPEN, path("missing"), O_RDONLY));
    SAY(IA32(OPEN, 8, O_RDONLY));
}

static int child(void *context)
{
    (void)context;
    _exit(IA32(CHMOD, path("a1"), 0604) == 0 ? 5 : 6);
}

static void children(void)
{
    static _Alignas(16) char stack[65536];
    int status;
    fflush(stdout);
    long pid = IA32(FORK_);
    if (pid == 0) {
        chdir("dir");
        _exit(IA32(CHMOD, path("../a1"), 0600) == 0 ? 3 : 4);
    }
    waitpid((pid_t)pid, &status, 0);
    printf("fork: status %d\n", WEXITSTATUS(status));
    look("a1");
    /* The working directory of a child is its own, but for CLONE_FS; that is told by the flags. */
    pid = clone(child, stack + sizeof stack, CLONE_FS | SIGCHLD, NULL);
    waitpid((pid_t)pid, &status, 0);
    printf("clone: status %d\n", WEXITSTATUS(status));
    look("a1");
}

#ifndef __x86_64__
/* What needs memory that the program cannot change: the scratch of a 64-bit program is out of reach. */

static void writes(void)
{
    puts("-- opened");
    SAY(IA32(OPEN, path("huge"), O_RDONLY));
    SAY(IA32(OPEN, path("huge"), O_RDONLY | 0100000) >= 0);
    SAY(IA32(OPEN, path("huge"), O_WRONLY));
    SAY(IA32(OPEN, path("huge"), O_WRONLY | O_TRUNC));
    SAY(IA32(OPEN, path("huge"), O_RDWR | O_CREAT, 0644));
    look("huge");
    long fd = IA32(OPEN, path("huge"), O_WRONLY | 0100000);
    SAY(fd < 0 ? fd : 0);
    close((int)fd);
    fd = IA32(CREAT, path("created"), 0600);
    SAY((long)write((int)fd, "x", 1));
    close((int)fd);
    look("created");
    fd = IA32(OPEN, path("w1"), O_WRONLY | O_APPEND);
    SAY((long)write((int)fd, "more", 4));
    close((int)fd);
    content("w1");
}

static void put_address(const char *name)
{
    memset(&low->address, 0, sizeof low->address);
    low->address.sun_family = AF_UNIX;
    snprintf(low->address.sun_path, sizeof low->address.sun_path, "%s", name);
}

/* socketcall() with its arguments in memory. */
#define SOCKET_CALL(operation, ...) socket_call(operation, (const uint32_t[6]){__VA_ARGS__})

static long socket_call(int operation, const uint32_t arguments[6])
{
    memcpy(low->words, arguments, 6 * sizeof *arguments);
    return IA32(SOCKETCALL, operation, low->words);
}

#define LOW(member) ((uint32_t)(uintptr_t)&low->member)

static void print_address(const char *title)
{
    printf("%s: family %d, '%s', length %u\n", title, low->address.sun_family, low->address.sun_path, low->words[32]);
    memset(&low->address, 0, sizeof low->address);
    low->words[32] = sizeof low->address;
}

/* struct msghdr with one piece of text. */
static void put_message(uint32_t name_length)
{
    const uint32_t header[8] = {LOW(address), name_length, LOW(words[20]), 1, 0, 0, 0, 0};
    low->words[20] = LOW(text);
    low->words[21] = 4;
    memcpy(low->words + 10, header, sizeof header);
}

static void sockets(void)
{
    enum { SOCKET = 1, BIND, CONNECT_, LISTEN, ACCEPT, OWN_NAME, PEER_NAME, PAIR, SEND, RECV, SEND_TO, RECV_FROM };
    enum { SEND_MESSAGE = 16, RECV_MESSAGE, ACCEPT4 };
    puts("-- sockets");
    SAY(SOCKET_CALL(0, 0));
    SAY(SOCKET_CALL(21, 0));
    SAY(IA32(SOCKETCALL, SOCKET, 8));
    SAY(IA32(SOCKETCALL, BIND, 8));
    uint32_t server = (uint32_t)SOCKET_CALL(SOCKET, AF_UNIX, SOCK_STREAM, 0);
    uint32_t client = (uint32_t)SOCKET_CALL(SOCKET, AF_UNIX, SOCK_STREAM, 0);
    put_address("dir/server");
    SAY(SOCKET_CALL(BIND, server, LOW(address), sizeof low->address));
    SAY(SOCKET_CALL(BIND, server, 8, sizeof low->address));
    SAY(SOCKET_CALL(LISTEN, server, 5));
    SAY(SOCKET_CALL(CONNECT_, client, LOW(address), sizeof low->address));
    printf("the arguments are as they were: %d\n", low->words[0] == client && low->words[1] == LOW(address));
    low->words[32] = sizeof low->address;
    uint32_t served = (uint32_t)SOCKET_CALL(ACCEPT, server, LOW(address), LOW(words[32]));
    print_address("accepted");
    SAY(SOCKET_CALL(OWN_NAME, server, LOW(address), LOW(words[32])));
    print_address("own");
    SAY(SOCKET_CALL(PEER_NAME, client, LOW(address), LOW(words[32])));
    print_address("peer");
    SAY(SOCKET_CALL(SEND, client, LOW(path), 2, 0));
    SAY(SOCKET_CALL(RECV, served, LOW(text), 2, 0));
    put_address("missing");
    SAY(SOCKET_CALL(CONNECT_, (uint32_t)socket(AF_UNIX, SOCK_STREAM, 0), LOW(address), sizeof low->address));
    look("dir/server");

    uint32_t from = (uint32_t)socket(AF_UNIX, SOCK_DGRAM, 0), to = (uint32_t)socket(AF_UNIX, SOCK_DGRAM, 0);
    put_address("dir/from");
    SAY(SOCKET_CALL(BIND, from, LOW(address), sizeof low->address));
    put_address("dir/to");
    SAY(SOCKET_CALL(BIND, to, LOW(address), sizeof low->address));
    SAY(SOCKET_CALL(SEND_TO, from, LOW(text), 4, 0, LOW(address), sizeof low->address));
    SAY(SOCKET_CALL(RECV_FROM, to, LOW(text), 4, 0, LOW(address), LOW(words[32])));
    print_address("sender");
    put_address("dir/to");
    SAY(IA32(SENDTO, from, low->text, 4, 0, &low->address, sizeof low->address));
    put_message(sizeof low->address);
    SAY(SOCKET_CALL(RECV_MESSAGE, to, LOW(words[10]), 0));
    printf("length in the header %u\n", low->words[11]);
    print_address("sender of a message");
    put_address("dir/to");
    put_message(sizeof low->address);
    SAY(SOCKET_CALL(SEND_MESSAGE, from, LOW(words[10]), 0));
    put_message(sizeof low->address);
    low->words[17] = 0;
    SAY(IA32(337, to, &low->words[10], 1, 0x40, 0)); /* recvmmsg, MSG_DONTWAIT */
    printf("length in the header %u, of the message %u\n", low->words[11], low->words[17]);
    print_address("sender of one of many");
    put_address("dir/server");
    SAY(IA32(CONNECT, socket(AF_UNIX, SOCK_STREAM, 0), &low->address, sizeof low->address));
}

/* execve() of a script of the layer: the arguments are pointers of 32 bits. */
static void programs(void)
{
    int status;
    puts("-- programs");
    put("made-script", "#!./dir/other-script -x\n");
    put("dir/other-script", "#!/bin/sh\necho \"$0\" \"$@\" \"$VARIABLE\"\n");
    chmod("made-script", 0755);
    chmod("dir/other-script", 0755);
    fflush(stdout);
    pid_t pid = vfork();
    if (pid == 0) {
        char *const arguments[] = {"zero", "one", "", "three", NULL}, *const environment[] = {"VARIABLE=set", NULL};
        IA32(EXECVE, path("made-script"), arguments, environment);
        _exit(9);
    }
    IA32(WAITPID, pid, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
    fflush(stdout);
    /* The copy of a 64-bit program, and its way back to a 32-bit one. */
    SAY(system("cp /bin/sh ./shell && ./shell -c 'cp /proc/self/exe other; ./shell -c \"echo from $0\"'"));
}
#endif

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (argc > 1) {
        printf("%s\n", argv[1]);
        return 0;
    }
    low = (struct low *)(void *)ia32_begin(sizeof *low);
    all_stats();
    changes();
    times();
    lists();
    unknown();
    children();
#ifndef __x86_64__
    writes();
    sockets();
    programs();
#endif
    /* Nobody should have to read all of that. */
    unlink("large");
    unlink("huge");
    return 0;
}
