/* The calls that change names and files: create, write, link, rename, remove, mode, owner, times, xattrs. */
#include <linux/fs.h>

#include "ops.h"

static void create(void)
{
    struct open_how how = {.flags = O_CREAT | O_EXCL | O_WRONLY, .mode = 0640};
    int flags = O_CREAT | O_WRONLY | O_CLOEXEC;

    puts("-- create");
    SAY_FD(syscall(SYS_open, old("new-open"), flags, 0666));
    SAY_FD(syscall(SYS_openat, at_fd, at("new-openat"), flags, 0600));
    SAY_FD(syscall(SYS_openat2, at_fd, at("new-openat2"), &how, sizeof how));
    SAY_FD(syscall(SYS_openat2, at_fd, at("new-openat2"), &how, sizeof how));
    SAY_FD(syscall(SYS_creat, old("new-creat"), 0755));
    SAY_FD(syscall(SYS_creat, old("file"), 0755));
    SAY_FD(openat(at_fd, at("script"), flags | O_EXCL, 0666));
    SAY_FD(openat(at_fd, at("dir"), flags, 0666));
    SAY_FD(openat(at_fd, at("dir"), O_RDONLY | O_CREAT, 0666));
    SAY_FD(openat(at_fd, at("dir"), O_WRONLY));
    SAY_FD(openat(at_fd, at("dir"), O_RDWR | O_DIRECTORY));
    SAY_FD(openat(at_fd, at("missing/x"), flags, 0666));
    SAY_FD(openat(at_fd, at("script/x"), flags, 0666));
    SAY_FD(openat(at_fd, at("new-slash/"), flags, 0666));
    SAY_FD(openat(at_fd, at("dangling"), flags | O_EXCL, 0666));
    SAY_FD(openat(at_fd, at("dangling"), flags | O_NOFOLLOW, 0666));
    SAY_FD(openat(at_fd, at("dangling"), flags, 0666));
    look(old("nowhere"));
    SAY_FD(openat(at_fd, at("loop"), flags, 0666));
    SAY_FD(openat(at_fd, at("link"), flags | O_EXCL, 0666));
    SAY_FD(openat(at_fd, at("secretdir/x"), flags, 0666));
    SAY_FD(openat(at_fd, at("readonly"), O_WRONLY));
    SAY_FD(openat(at_fd, at(""), flags, 0666));
    SAY_FD(openat(at_fd, at("setid"), flags, 06755));
    SAY_FD(openat(at_fd, at("dir"), O_TMPFILE | O_RDWR, 0600));
    look(old("new-open"));
    look(old("new-openat"));
    look(old("new-openat2"));
    look(old("new-creat"));
    look(old("file"));
    look(old("setid"));
}

static void write_to(const char *name, int flags)
{
    int fd = openat(at_fd, at(name), flags | O_CLOEXEC, 0644);

    printf("write to %s, flags %x: ", name, (unsigned)flags);
    SAY(write(fd, "##", 2));
    if (fd >= 0)
        close(fd);
    content(old(name));
    look(old(name));
}

static void write_all(void)
{
    char text[8] = "";
    int reader, writer;
    char *map;

    puts("-- write");
    write_to("w1", O_WRONLY);
    write_to("w2", O_WRONLY | O_APPEND);
    write_to("w3", O_RDWR);
    write_to("w4", O_WRONLY | O_TRUNC);
    write_to("w5", O_WRONLY | O_CREAT | O_APPEND);
    write_to("wlink", O_WRONLY | O_APPEND);
    write_to("dirlink/a", O_WRONLY | O_APPEND);
    write_to("dir/sub/deep", O_RDWR | O_APPEND);
    SAY(syscall(SYS_truncate, old("w1"), 1));
    SAY(syscall(SYS_truncate, old("w2"), 20));
    SAY(syscall(SYS_truncate, old("dir"), 0));
    SAY(syscall(SYS_truncate, old("missing"), 0));
    SAY(syscall(SYS_truncate, old("w3"), -1L));
    SAY(syscall(SYS_truncate, old("wlink"), 2));
    look(old("w1"));
    look(old("w2"));
    content(old("w6"));
    /* Two descriptors that were opened after the first change see each other. */
    writer = openat(at_fd, at("w7"), O_RDWR | O_CLOEXEC);
    reader = openat(at_fd, at("w7"), O_RDONLY | O_CLOEXEC);
    SAY(pwrite(writer, "seen", 4, 0));
    SAY(pread(reader, text, 4, 0));
    puts(text);
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0);
    if (map != MAP_FAILED) {
        memcpy(map, "MAP", 3);
        SAY(pread(reader, text, 4, 0));
        puts(text);
        munmap(map, 4096);
    }
    SAY(ftruncate(writer, 2));
    SAY(ftruncate(reader, 2));
    SAY(fallocate(writer, 0, 0, 10));
    close(writer);
    close(reader);
    content(old("w7"));
}

static void make_nodes(void)
{
    puts("-- make");
    SAY(syscall(SYS_mkdir, old("md1"), 0777));
    SAY(syscall(SYS_mkdirat, at_fd, at("md2/"), 0700));
    SAY(mkdirat(at_fd, at("md1"), 0777));
    SAY(mkdirat(at_fd, at("file"), 0777));
    SAY(mkdirat(at_fd, at("dangling2"), 0777));
    SAY(mkdirat(at_fd, at("missing/md"), 0777));
    SAY(mkdirat(at_fd, at("script/md"), 0777));
    SAY(mkdirat(at_fd, at("."), 0777));
    SAY(mkdirat(at_fd, at(".."), 0777));
    SAY(mkdirat(at_fd, at(""), 0777));
    SAY(mkdirat(at_fd, at("dir/sub/md"), 02750));
    SAY(mkdirat(at_fd, at("dirlink/md"), 0755));
    SAY(syscall(SYS_mknod, old("mn1"), S_IFIFO | 0644, 0));
    SAY(syscall(SYS_mknodat, at_fd, at("mn2"), S_IFREG | 0604, 0));
    SAY(mknodat(at_fd, at("mn3"), S_IFSOCK | 0600, 0));
    SAY(mknodat(at_fd, at("mn4"), 0, 0));
    SAY(mknodat(at_fd, at("mn1"), S_IFIFO | 0644, 0));
    SAY(mknodat(at_fd, at("mn5"), S_IFDIR | 0644, 0));
    SAY(syscall(SYS_symlink, "file", old("sl1")));
    SAY(syscall(SYS_symlinkat, "/absolute/target", at_fd, at("sl2")));
    SAY(symlinkat("", at_fd, at("sl3")));
    SAY(symlinkat("x", at_fd, at("sl1")));
    SAY(symlinkat("x", at_fd, at("dangling")));
    SAY(symlinkat("x", at_fd, at("missing/sl")));
    SAY(symlinkat("dir", at_fd, at("sl4")));
    SAY(symlinkat("dir", at_fd, at("sl5/")));
    content(old("sl1"));
    content(old("sl4/a"));
    look(old("md1"));
    look(old("md2"));
    look(old("dir/sub/md"));
    look(old("mn1"));
    look(old("mn2"));
    look(old("mn3"));
    look(old("mn4"));
    look(old("sl2"));
}

static void make_links(void)
{
    char proc[64];
    int fd;

    puts("-- link");
    SAY(syscall(SYS_link, old("l1"), old("ln1")));
    SAY(syscall(SYS_linkat, at_fd, at("new-open"), at_fd, at("ln2"), 0));
    SAY(linkat(at_fd, at("new-open"), at_fd, at("ln2"), 0));
    SAY(linkat(at_fd, at("dir"), at_fd, at("ln3"), 0));
    SAY(linkat(at_fd, at("missing"), at_fd, at("ln3"), 0));
    SAY(linkat(at_fd, at("wlink"), at_fd, at("ln4"), 0));
    SAY(linkat(at_fd, at("wlink"), at_fd, at("ln5"), AT_SYMLINK_FOLLOW));
    SAY(linkat(at_fd, at("w6"), at_fd, at("missing/ln"), 0));
    SAY(linkat(at_fd, at("w6"), at_fd, at("dangling2"), 0));
    SAY(linkat(at_fd, at("w6"), at_fd, at("ln6/"), 0));
    SAY(linkat(at_fd, at("w6"), at_fd, at("ln7"), 0x40000000));
    look(old("l1"));
    look(old("ln1"));
    look(old("ln2"));
    look(old("ln4"));
    look(old("ln5"));
    put(old("ln1"), "through the link");
    content(old("l1"));
    SAY(unlinkat(at_fd, at("l1"), 0));
    look(old("ln1"));
    fd = openat(at_fd, at("dir"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
    if (SAY(write(fd, "unnamed", 7)) == 7) {
        snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
        SAY(linkat(AT_FDCWD, proc, at_fd, at("named"), AT_SYMLINK_FOLLOW));
        SAY(linkat(AT_FDCWD, proc, at_fd, at("named"), AT_SYMLINK_FOLLOW));
        SAY(write(fd, "+", 1));
    }
    close(fd);
    content(old("named"));
    look(old("named"));
}

static void rename_files(void)
{
    puts("-- rename");
    SAY(syscall(SYS_rename, old("r1"), old("rn1")));
    SAY(syscall(SYS_renameat, at_fd, at("r2"), at_fd, at("dir/rn2")));
    SAY(syscall(SYS_renameat2, at_fd, at("r3"), at_fd, at("rn1"), 0));
    SAY(syscall(SYS_renameat2, at_fd, at("r4"), at_fd, at("rn1"), RENAME_NOREPLACE));
    SAY(syscall(SYS_renameat2, at_fd, at("r4"), at_fd, at("rn4"), RENAME_NOREPLACE));
    SAY(syscall(SYS_renameat2, at_fd, at("r5"), at_fd, at("rn1"), RENAME_EXCHANGE));
    SAY(syscall(SYS_renameat2, at_fd, at("r5"), at_fd, at("missing"), RENAME_EXCHANGE));
    SAY(syscall(SYS_renameat2, at_fd, at("r5"), at_fd, at("rn5"), RENAME_EXCHANGE | RENAME_NOREPLACE));
    SAY(syscall(SYS_renameat2, at_fd, at("r5"), at_fd, at("rn5"), 0x40));
    SAY(renameat(at_fd, at("missing"), at_fd, at("rn6")));
    SAY(renameat(at_fd, at("r5"), at_fd, at("missing/rn")));
    SAY(renameat(at_fd, at("r5"), at_fd, at("dir")));
    SAY(renameat(at_fd, at("dir"), at_fd, at("r5")));
    SAY(renameat(at_fd, at("r5"), at_fd, at("r5")));
    SAY(renameat(at_fd, at("ln1"), at_fd, at("ln2")));
    SAY(renameat(at_fd, at("r5"), at_fd, at("rn7/")));
    SAY(renameat(at_fd, at("."), at_fd, at("rn8")));
    SAY(renameat(at_fd, at("wlink"), at_fd, at("rnlink")));
    content(old("rn1"));
    content(old("rn4"));
    content(old("r5"));
    content(old("dir/rn2"));
    content(old("rnlink"));
    look(old("r1"));
}

static void rename_directories(void)
{
    puts("-- rename directories");
    SAY(renameat(at_fd, at("d1"), at_fd, at("dn1")));
    content(old("dn1/inside"));
    content(old("dn1/sub/deeper"));
    look(old("d1"));
    SAY(renameat(at_fd, at("d2"), at_fd, at("d3")));
    SAY(renameat(at_fd, at("d2"), at_fd, at("d2/sub/x")));
    SAY(renameat(at_fd, at("d2/sub"), at_fd, at("d2")));
    SAY(renameat(at_fd, at("d2"), at_fd, at("demp")));
    content(old("demp/sub/deeper"));
    SAY(syscall(SYS_renameat2, at_fd, at("demp"), at_fd, at("d3"), RENAME_EXCHANGE));
    content(old("d3/inside"));
    SAY(syscall(SYS_renameat2, at_fd, at("d3"), at_fd, at("r5"), RENAME_EXCHANGE));
    content(old("d3"));
    content(old("r5/inside"));
    SAY(renameat(at_fd, at("dn1/sub"), at_fd, at("dsub")));
    content(old("dsub/deeper"));
    SAY(renameat(at_fd, at("dsub/"), at_fd, at("dsub2/")));
    SAY(renameat(at_fd, at("dn1"), at_fd, at("dsub2/dn1")));
    content(old("dsub2/dn1/inside"));
    put(old("dsub2/dn1/inside"), "changed after the move");
    content(old("dsub2/dn1/inside"));
    SAY(mkdirat(at_fd, at("d1"), 0755));
    look(old("d1/inside"));
    SAY(renameat(at_fd, at("d1"), at_fd, at("d4")));
    SAY(unlinkat(at_fd, at("d4/inside"), 0));
}

static void remove_names(void)
{
    puts("-- remove");
    SAY(syscall(SYS_unlink, old("u1")));
    SAY(syscall(SYS_unlink, old("u1")));
    SAY(syscall(SYS_unlinkat, at_fd, at("u2"), 0));
    SAY(unlinkat(at_fd, at("dir"), 0));
    SAY(unlinkat(at_fd, at("u3/"), 0));
    SAY(unlinkat(at_fd, at("u3"), AT_REMOVEDIR));
    SAY(unlinkat(at_fd, at("u3"), 0x40000000));
    SAY(unlinkat(at_fd, at("dangling2"), 0));
    SAY(unlinkat(at_fd, at("dirlink/"), 0));
    SAY(unlinkat(at_fd, at("dirlink"), AT_REMOVEDIR));
    SAY(unlinkat(at_fd, at("missing"), 0));
    SAY(unlinkat(at_fd, at("missing/x"), 0));
    SAY(unlinkat(at_fd, at(""), 0));
    SAY(unlinkat(at_fd, at("."), 0));
    SAY(syscall(SYS_rmdir, old("x1")));
    SAY(unlinkat(at_fd, at("x1/inside"), 0));
    SAY(syscall(SYS_rmdir, old("x1")));
    SAY(unlinkat(at_fd, at("x2"), AT_REMOVEDIR));
    SAY(unlinkat(at_fd, at("x2/inside"), 0));
    SAY(unlinkat(at_fd, at("x2/"), AT_REMOVEDIR));
    SAY(unlinkat(at_fd, at("."), AT_REMOVEDIR));
    SAY(unlinkat(at_fd, at("dir/.."), AT_REMOVEDIR));
    SAY(mkdirat(at_fd, at("x2"), 0711));
    look(old("x2/inside"));
    put(old("u1"), "made again");
    content(old("u1"));
    SAY(mkdirat(at_fd, at("u2"), 0755));
    put(old("u2/below"), "a directory where a file was");
    put(old("x1"), "a file where a directory was");
    content(old("u2/below"));
    content(old("x1"));
    SAY_FD(openat(at_fd, at("x1/inside"), O_RDONLY));
    SAY(unlinkat(at_fd, at("x2"), AT_REMOVEDIR));
    SAY(symlinkat("u2", at_fd, at("x2")));
    content(old("x2/below"));
}

static void change_modes(void)
{
    int fd = openat(at_fd, at("m4"), O_RDONLY | O_CLOEXEC);
    int path_fd = openat(at_fd, at("m5"), O_PATH | O_CLOEXEC);

    puts("-- modes and owners");
    SAY(syscall(SYS_chmod, old("m1"), 0600));
    SAY(syscall(SYS_fchmodat, at_fd, at("m2"), 0751));
    SAY(syscall(SYS_fchmodat2, at_fd, at("m3"), 0444, 0));
    SAY(syscall(SYS_fchmodat2, at_fd, at("m3"), 0440, AT_SYMLINK_NOFOLLOW));
    SAY(syscall(SYS_fchmodat2, at_fd, at("mlink"), 0444, AT_SYMLINK_NOFOLLOW));
    SAY(syscall(SYS_fchmodat2, at_fd, at("m3"), 0444, 0x40000000));
    SAY(syscall(SYS_fchmodat2, path_fd, "", 0404, AT_EMPTY_PATH));
    SAY(fchmod(fd, 0640));
    SAY(fchmod(path_fd, 0640));
    SAY(fchmod(999, 0640));
    SAY(chmod(old("mlink"), 0606));
    SAY(chmod(old("missing"), 0600));
    SAY(chmod(old("dangling3"), 0600));
    SAY(chmod(old("dir"), 01777));
    SAY(chmod(old("m6"), 06755));
    SAY(syscall(SYS_chown, old("m1"), getuid(), getgid()));
    SAY(syscall(SYS_lchown, old("mlink"), getuid(), getgid()));
    SAY(syscall(SYS_fchownat, at_fd, at("m6"), getuid(), -1, 0));
    SAY(syscall(SYS_fchownat, path_fd, "", getuid(), getgid(), AT_EMPTY_PATH));
    SAY(fchownat(at_fd, at("m6"), 12345, (gid_t)-1, 0));
    SAY(fchownat(at_fd, at("mlink"), 12345, 12345, AT_SYMLINK_NOFOLLOW));
    SAY(fchownat(at_fd, at("missing"), getuid(), getgid(), 0));
    SAY(fchown(fd, getuid(), getgid()));
    look(old("m1"));
    look(old("m2"));
    look(old("m3"));
    look(old("m4"));
    look(old("m5"));
    look(old("m6"));
    look(old("mlink"));
    look(old("dir"));
    close(fd);
    close(path_fd);
}

static void print_times(const char *name)
{
    struct stat st;

    if (fstatat(at_fd, at(name), &st, AT_SYMLINK_NOFOLLOW) == 0)
        printf("%s: modified %lld.%09ld, accessed %lld\n", name, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
               st.st_atim.tv_sec < 100000 ? (long long)st.st_atim.tv_sec : -1LL);
}

static void change_times(void)
{
    struct timespec both[2] = {{11, 22}, {33, 44}}, omit[2] = {{0, UTIME_OMIT}, {55, 66}};
    struct timespec none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}}, bad[2] = {{0, 1000000000}, {0, 0}};
    struct timeval micro[2] = {{77, 88}, {99, 111}};
    struct utimbuf seconds = {123, 456};
    int fd = openat(at_fd, at("t5"), O_RDONLY | O_CLOEXEC);

    puts("-- times");
    SAY(syscall(SYS_utime, old("t1"), &seconds));
    SAY(syscall(SYS_utimes, old("t2"), micro));
    SAY(syscall(SYS_futimesat, at_fd, at("t3"), micro));
    SAY(syscall(SYS_utimensat, at_fd, at("t4"), both, 0));
    SAY(syscall(SYS_utimensat, fd, NULL, both, 0));
    SAY(utimensat(at_fd, at("t6"), omit, 0));
    SAY(utimensat(at_fd, at("tlink"), both, AT_SYMLINK_NOFOLLOW));
    SAY(utimensat(at_fd, at("t6"), none, 0));
    SAY(utimensat(at_fd, at("t6"), bad, 0));
    SAY(utimensat(at_fd, at("missing"), both, 0));
    SAY(utimensat(at_fd, at("missing"), none, 0));
    SAY(utimensat(at_fd, at("t6"), both, 0x40000000));
    SAY(utimensat(at_fd, at("d3"), both, 0));
    SAY(utimensat(at_fd, at("dirlink/sub"), both, 0));
    SAY(syscall(SYS_utimensat, fd, "", omit, AT_EMPTY_PATH));
    SAY(utime(old("t7"), NULL));
    print_times("t1");
    print_times("t2");
    print_times("t3");
    print_times("t4");
    print_times("t5");
    print_times("t6");
    print_times("tlink");
    print_times("d3");
    print_times("dir/sub");
    close(fd);
}

static void print_names(const char *list, long length)
{
    for (const char *name = list; name < list + length; name += strlen(name) + 1)
        if (strncmp(name, "user.", 5) == 0)
            printf(" %s\n", name);
}

static void change_xattrs(void)
{
    char buffer[1024];
    int fd = openat(at_fd, at("a3"), O_RDONLY | O_CLOEXEC);

    puts("-- xattrs");
    SAY(syscall(SYS_setxattr, old("a1"), "user.set", "value", 5, 0));
    SAY(syscall(SYS_setxattr, old("a1"), "user.set", "value", 5, XATTR_CREATE));
    SAY(syscall(SYS_setxattr, old("a1"), "user.other", "value", 5, XATTR_REPLACE));
    SAY(syscall(SYS_setxattr, old("alink"), "user.bylink", "v", 1, 0));
    SAY(syscall(SYS_lsetxattr, old("a2"), "user.bylset", "", 0, 0));
    SAY(syscall(SYS_lsetxattr, old("alink"), "user.onlink", "v", 1, 0));
    SAY(syscall(SYS_fsetxattr, fd, "user.byfd", "fd", 2, 0));
    SAY(setxattr(old("dir"), "user.ondir", "dir", 3, 0));
    SAY(setxattr(old("missing"), "user.x", "v", 1, 0));
    SAY(setxattr(old("a1"), "nonsense", "v", 1, 0));
    SAY(setxattr(old("a1"), "user.x", "v", 1, 0x40));
    SAY(getxattr(old("a1"), "user.set", buffer, sizeof buffer));
    SAY(getxattr(old("a1"), "user.one", buffer, sizeof buffer));
    SAY(fgetxattr(fd, "user.byfd", buffer, sizeof buffer));
    SAY(syscall(SYS_removexattr, old("a1"), "user.one"));
    SAY(syscall(SYS_removexattr, old("a1"), "user.one"));
    SAY(syscall(SYS_lremovexattr, old("a2"), "user.bylset"));
    SAY(syscall(SYS_fremovexattr, fd, "user.byfd"));
    print_names(buffer, SAY(listxattr(old("a1"), buffer, sizeof buffer)));
    print_names(buffer, SAY(llistxattr(old("a2"), buffer, sizeof buffer)));
    print_names(buffer, SAY(flistxattr(fd, buffer, sizeof buffer)));
    print_names(buffer, SAY(listxattr(old("dir"), buffer, sizeof buffer)));
    close(fd);
}

/* What remains usable after its name is gone. */
static void deleted(void)
{
    char text[16] = "", link[PATH_MAX];
    int fd = openat(at_fd, at("g1"), O_RDWR | O_CLOEXEC);
    int dir = openat(at_fd, at("g2"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;

    puts("-- deleted");
    SAY(unlinkat(at_fd, at("g1"), 0));
    SAY(read(fd, text, 3));
    SAY(write(fd, "+", 1));
    if (SAY(fstat(fd, &st)) == 0)
        printf("links %lu\n", (unsigned long)st.st_nlink);
    SAY(fchmod(fd, 0600));
    SAY(unlinkat(dir, "inside", 0));
    SAY(unlinkat(at_fd, at("g2"), AT_REMOVEDIR));
    SAY_FD(openat(dir, "x", O_CREAT | O_WRONLY, 0644));
    SAY(mkdirat(dir, "x", 0755));
    SAY(fstatat(dir, "inside", &st, 0));
    SAY(fstatat(dir, ".", &st, 0));
    if (SAY(fchdir(dir)) == 0) {
        SAY(syscall(SYS_getcwd, link, sizeof link) < 0 ? -1 : 0);
        SAY_FD(open("x", O_CREAT | O_WRONLY, 0644));
        SAY(chdir("."));
    }
    close(fd);
    close(dir);
}

static void back_and_delete(void)
{
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    deleted();
    if (fchdir(here) != 0)
        exit(1);
    close(here);
}

static void body(void)
{
    create();
    write_all();
    make_nodes();
    make_links();
    rename_files();
    rename_directories();
    remove_names();
    change_modes();
    change_times();
    change_xattrs();
    back_and_delete();
}

int main(void)
{
    begin();
    each_form(body);
    /* Between two directories that lie on one file system, EXDEV never comes. */
    SAY(rename("relative/e1", "absolute/from-relative"));
    SAY(rename("absolute/ed", "dirfd/from-absolute"));
    SAY(link("relative/e2", "procfd/linked"));
    content("absolute/from-relative");
    content("dirfd/from-absolute/inside");
    content("procfd/linked");
    return 0;
}
