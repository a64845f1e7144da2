/* What is done to data and inodes by descriptors of files that are copied up: ranges, clones, leases, locks, limits. */
#include "ops.h"

#include <linux/fs.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>

static void sized(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0)
        printf("%s: size %lld, hole at %d\n", path, (long long)st.st_size, st.st_blocks == 0);
    else
        printf("%s: %s\n", path, strerrorname_np(errno));
}

static void ranges(void)
{
    int host = open("host", O_RDONLY | O_CLOEXEC), other = open("other", O_RDWR | O_CLOEXEC);
    int mine = open("mine", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    off_t from = 0, to = 0;

    puts("-- ranges");
    SAY(copy_file_range(host, &from, mine, &to, 4096, 0));
    SAY(copy_file_range(host, &from, other, &to, 100, 0));
    SAY(copy_file_range(mine, NULL, other, NULL, 50, 0));
    SAY(copy_file_range(mine, NULL, host, NULL, 50, 0));
    SAY(copy_file_range(mine, NULL, mine, NULL, 50, 1));
    SAY(fallocate(other, 0, 0, 20000));
    sized("other");
    SAY(fallocate(other, FALLOC_FL_KEEP_SIZE, 20000, 4096));
    SAY(fallocate(other, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
    SAY(fallocate(other, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
    SAY(fallocate(host, 0, 0, 4096));
    sized("other");
    SAY((long)lseek(other, 0, SEEK_HOLE) >= 0 ? 0 : -1);
    SAY(ioctl(mine, FICLONE, host));
    SAY(ioctl(host, FICLONE, mine));
    SAY(ioctl(mine, FICLONE, 99));
    content("host");
    close(host);
    close(other);
    close(mine);
}

struct dedupe {
    struct file_dedupe_range head;
    struct file_dedupe_range_info info[3];
};

static void dedupe(const char *text, int source, struct dedupe *range, int to, int second)
{
    range->info[0].dest_fd = to;
    range->info[1].dest_fd = second;
    printf("%s: ", text);
    say("dedupe", ioctl(source, FIDEDUPERANGE, range));
    for (unsigned i = 0; i < range->head.dest_count && i < 3; i++)
        printf("  status %d, %llu bytes\n", range->info[i].status, (unsigned long long)range->info[i].bytes_deduped);
    memset(range->info, 0, sizeof range->info);
}

/* Equal parts of files become one part on disk, where the file system can do that: nobody may be told otherwise. */
static void deduplicate(void)
{
    int host = open("large", O_RDONLY | O_CLOEXEC), same = open("large-too", O_RDONLY | O_CLOEXEC);
    int writable = open("large-too", O_RDWR | O_CLOEXEC);
    int mine = open("mine2", O_RDWR | O_CREAT | O_CLOEXEC, 0644), blind = open("mine2", O_WRONLY | O_CLOEXEC);
    int directory = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC), handle = open("large", O_PATH | O_CLOEXEC);
    int pipes[2];
    struct dedupe range = {.head = {.src_length = 4096, .dest_count = 1}};

    puts("-- duplicates");
    if (pipe2(pipes, O_CLOEXEC) != 0)
        exit(1);
    SAY(sendfile(mine, host, NULL, 8000));
    dedupe("host with host", host, &range, same, -1);
    dedupe("host with copy", host, &range, writable, -1);
    dedupe("host with mine", host, &range, mine, -1);
    dedupe("mine with host", mine, &range, same, -1);
    dedupe("to write only", host, &range, blind, -1);
    dedupe("from write only", blind, &range, mine, -1);
    dedupe("a directory", host, &range, directory, -1);
    dedupe("from a directory", directory, &range, mine, -1);
    dedupe("a pipe", host, &range, pipes[1], -1);
    dedupe("nothing", host, &range, 99, -1);
    dedupe("from nothing", 99, &range, mine, -1);
    dedupe("a path", host, &range, handle, -1);
    dedupe("from a path", handle, &range, mine, -1);
    range.head.dest_count = 2;
    dedupe("two", host, &range, same, mine);
    range.info[1].reserved = 1;
    dedupe("reserved", host, &range, same, mine);
    range.head.dest_count = 0;
    dedupe("none", host, &range, same, mine);
    range.head.dest_count = 1;
    range.head.reserved1 = 1;
    dedupe("reserved too", host, &range, same, mine);
    range.head.reserved1 = 0;
    range.head.dest_count = 65535;
    SAY(ioctl(host, FIDEDUPERANGE, &range));
    SAY(ioctl(host, FIDEDUPERANGE, NULL));
    range.head.dest_count = 1;
    range.head.src_offset = 100;
    dedupe("not aligned", host, &range, mine, -1);
    range.head.src_offset = 1 << 20;
    dedupe("behind the end", host, &range, mine, -1);
    content("mine2");
    for (int i = 0; i < 2; i++)
        close(pipes[i]);
    close(host);
    close(same);
    close(writable);
    close(mine);
    close(blind);
    close(directory);
    close(handle);
}

static void inode_flags(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC), value = 0;
    struct fsxattr attributes;

    printf("-- inode flags of %s\n", path);
    SAY(ioctl(fd, FS_IOC_GETFLAGS, &value));
    SAY(ioctl(fd, FS_IOC_FSGETXATTR, &attributes));
    close(fd);
}

static void *nothing;

static void leases_and_locks(void)
{
    int reader = open("locked", O_RDONLY | O_CLOEXEC), writer;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int status;

    puts("-- leases and locks");
    writer = open("locked", O_RDWR | O_CLOEXEC);
    SAY(flock(writer, LOCK_EX | LOCK_NB));
    for (int way = 0; way < 2; way++) {
        pid_t child = fork();

        if (child == 0) {
            int fd = open("locked", O_RDWR | O_CLOEXEC);
            struct flock seen = lock;

            printf("child, %s:", way == 0 ? "flock" : "records");
            if (way == 0) {
                printf(" %s", flock(fd, LOCK_SH | LOCK_NB) == 0 ? "free" : strerrorname_np(errno));
            } else {
                printf(" %s", fcntl(fd, F_SETLK, &seen) == 0 ? "free" : strerrorname_np(errno));
                seen = lock;
                printf(" %s", fcntl(fd, F_OFD_SETLK, &seen) == 0 ? "free" : strerrorname_np(errno));
                seen = lock;
                fcntl(fd, F_GETLK, &seen);
                printf(" type %d of the parent %d\n", seen.l_type, seen.l_pid == getppid());
            }
            printf("\n");
            fflush(stdout);
            _exit(0);
        }
        waitpid(child, &status, 0);
        if (way == 0)
            SAY(fcntl(writer, F_SETLK, &lock));
    }
    SAY(fcntl(writer, F_GETLEASE));
    close(writer);
    SAY(fcntl(reader, F_SETLEASE, F_UNLCK));
    close(reader);
    writer = open("leased", O_RDWR | O_CLOEXEC);
    SAY(fcntl(writer, F_SETLEASE, F_WRLCK));
    SAY(fcntl(writer, F_GETLEASE));
    SAY(fcntl(writer, F_SETLEASE, F_UNLCK));
    close(writer);
    (void)nothing;
}

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

/* RLIMIT_FSIZE is the program's: it stops neither a copy-up nor what it does not concern. */
static void limits(void)
{
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY}, kept;
    int fd;

    puts("-- limits");
    getrlimit(RLIMIT_FSIZE, &kept);
    limit.rlim_max = kept.rlim_max;
    signal(SIGXFSZ, count);
    SAY(setrlimit(RLIMIT_FSIZE, &limit));
    fd = open("large", O_RDWR | O_CLOEXEC); /* longer than the limit */
    SAY(fd < 0 ? -1 : 0);
    sized("large");
    SAY(pwrite(fd, "x", 1, 500));
    SAY(pwrite(fd, "x", 1, 5000));
    SAY(ftruncate(fd, 9000));
    SAY(ftruncate(fd, 7000));
    printf("signals %d\n", (int)signals);
    SAY(truncate("large", 100000));
    SAY(truncate("large", 6000));
    SAY(truncate("large2", 100000));
    SAY(truncate("large2", 5000));
    SAY(truncate("large2", 900));
    printf("signals %d\n", (int)signals);
    SAY(chmod("large3", 0600));
    SAY(rename("large3", "large4"));
    sized("large4");
    SAY(fallocate(fd, 0, 0, 10000));
    printf("signals %d\n", (int)signals);
    close(fd);
    setrlimit(RLIMIT_FSIZE, &kept);
    sized("large");
    sized("large2");
}

static void attributes(const char *path)
{
    struct statx sx, here;
    static const uint64_t shown = STATX_ATTR_COMPRESSED | STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP |
                                  STATX_ATTR_ENCRYPTED | STATX_ATTR_MOUNT_ROOT | STATX_ATTR_DAX;

    memset(&sx, 0, sizeof sx);
    SAY(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_ALL | STATX_MNT_ID, &sx));
    printf("%s: attributes %llx, mode %o, mount %d, birth %d\n", path, (unsigned long long)(sx.stx_attributes & shown),
           sx.stx_mode, (sx.stx_mask & STATX_MNT_ID) != 0, (sx.stx_mask & STATX_BTIME) != 0);
    if (statx(AT_FDCWD, ".", 0, STATX_MNT_ID, &here) == 0)
        printf("the mount of the directory: %d\n", here.stx_mnt_id == sx.stx_mnt_id);
    SAY(statx(AT_FDCWD, path, 0, 0, &sx));
    SAY(statx(AT_FDCWD, path, 0, 0x80000000u, &sx));
    SAY(statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, &sx));
}

/* Written by a descriptor, read by a mapping that was made of the copy, and the other way round. */
static void mappings(void)
{
    int fd = open("mapped", O_RDWR | O_APPEND | O_CLOEXEC), late = open("mapped", O_RDONLY | O_CLOEXEC);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *reader = mmap(NULL, 4096, PROT_READ, MAP_SHARED, late, 0);

    puts("-- mappings");
    if (shared == MAP_FAILED || reader == MAP_FAILED) {
        puts("not mapped");
        return;
    }
    SAY(pwrite(fd, "X", 1, 0)); /* appends all the same: pwrite(2) */
    shared[1] = 'Y';
    printf("%.9s %.9s\n", shared, reader);
    SAY(msync(shared, 4096, MS_SYNC));
    content("mapped");
    SAY(fcntl(fd, F_GETFL) & O_APPEND);
    SAY(write(fd, "end", 3));
    sized("mapped");
    munmap(shared, 4096);
    munmap(reader, 4096);
    close(fd);
    close(late);
}

int main(void)
{
    begin();
    ranges();
    deduplicate();
    inode_flags("host", O_RDONLY);
    inode_flags("mine", O_RDONLY);
    inode_flags(".", O_RDONLY);
    leases_and_locks();
    limits();
    attributes("host");
    attributes("mine");
    attributes("dir");
    attributes("link");
    attributes("/");
    mappings();
    return 0;
}
